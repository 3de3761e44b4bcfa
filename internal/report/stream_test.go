package report

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

func each(findings []policy.Finding, last error) iter.Seq2[policy.Finding, error] {
	return func(yield func(policy.Finding, error) bool) {
		for _, f := range findings {
			if !yield(f, nil) {
				return
			}
		}
		if last != nil {
			yield(policy.Finding{}, last)
		}
	}
}

func nothingKnown(policy.Finding) bool { return false }

// TestStreamAsWrite: for machines it makes no difference whether a scan was
// held as a whole.
func TestStreamAsWrite(t *testing.T) {
	for _, f := range []Format{JSON, NDJSON, CSV} {
		for _, all := range []bool{false, true} {
			s := fixture()
			want := written(t, f, s, Options{All: all})
			var got bytes.Buffer
			stream, err := NewStream(&got, f, s.GeneratedAt, s.Rules, Options{All: all})
			if err != nil {
				t.Fatal(err)
			}
			if err := stream.Account(s.Accounts[0], s.Findings); err != nil {
				t.Fatal(err)
			}
			if err := stream.Finish(each(s.Findings, nil), nothingKnown); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("%s: %s", f, diff)
			}
		}
	}
}

// organization is a stream of three accounts of which two could not be
// entered, with more findings than a table shows.
func organization(t *testing.T, f Format, o Options) string {
	t.Helper()
	s := fixture()
	for i := range tableFindings {
		finding := s.Findings[1]
		finding.User, finding.Rank = fmt.Sprintf("user-%d", i), len(s.Findings)+1
		s.Findings = append(s.Findings, finding)
	}
	var out bytes.Buffer
	stream, err := NewStream(&out, f, s.GeneratedAt, s.Rules, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Account(s.Accounts[0], s.Findings); err != nil {
		t.Fatal(err)
	}
	for _, account := range []string{"333333333333", "222222222222"} {
		stream.Missing([]accesskey.Failure{{
			Account: account, Call: "sts:AssumeRole", Class: "Denied", Err: "AccessDenied: not on " + account, Hint: "See that the account has a role.",
		}})
	}
	stream.LeftOut([]LeftOut{{"444444444444", "Old", "SUSPENDED"}, {"555555555555", "Older", "CLOSED"}})
	if err := stream.Finish(each(s.Findings, nil), func(f policy.Finding) bool { return f.Rank == 2 }); err != nil {
		t.Fatal(err)
	}
	if title, _ := stream.Digest(); !strings.Contains(title, "103 findings") {
		t.Errorf("digest %q", title)
	}
	if stream.Failed() != 5 || len(stream.Troubles()) != 3 {
		t.Errorf("%d failed, in %d lines", stream.Failed(), len(stream.Troubles()))
	}
	return out.String()
}

func TestOrganizationGolden(t *testing.T) {
	for name, f := range map[string]Format{
		"organization.table": Table, "organization.json": JSON, "organization.ndjson": NDJSON, "organization.md": Markdown, "organization.html": HTML,
	} {
		golden(t, filepath.Join("testdata", name), organization(t, f, Options{Width: 120, Explain: "--organization"}))
	}
	keepsSchema(t, "scan-v1.json", Document{}, organization(t, JSON, Options{}))
}

// TestStreamErrors: what fails while findings are read is told, and no more
// errors are kept than there is room for.
func TestStreamErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, f := range ScanFormats {
		stream, err := NewStream(&bytes.Buffer{}, f, now, policy.DefaultRules(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Finish(each(nil, broken), nothingKnown); !errors.Is(err, broken) {
			t.Errorf("%s: %v", f, err)
		}
	}
	var out bytes.Buffer
	stream, err := NewStream(&out, NDJSON, now, policy.DefaultRules(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	stream.Missing(make([]accesskey.Failure, mostErrors+7))
	if err := stream.Finish(each(nil, nil), nothingKnown); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), `"type":"error"`); n != mostErrors+1 || !strings.Contains(out.String(), "7 more errors are not listed") {
		t.Errorf("%d errors listed", n)
	}
}
