package ranking

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func finding(t *rapid.T) policy.Finding {
	f := policy.Finding{
		Rule:     rapid.SampledFrom(policy.AllRules()).Draw(t, "rule"),
		Severity: rapid.SampledFrom(policy.Severities()).Draw(t, "severity"),
		Account:  fmt.Sprintf("%012d", rapid.IntRange(1, 5).Draw(t, "account")),
		User:     rapid.StringMatching(`[a-c]`).Draw(t, "user"), Subject: rapid.StringMatching(`[a-z0-9]{6}`).Draw(t, "subject"),
		KeyID:      accesskey.ID(rapid.StringMatching(`(AKIA[A-Z]{3})?`).Draw(t, "key")),
		Privileged: rapid.Bool().Draw(t, "privileged"), Exposure: policy.Exposure(rapid.IntRange(0, 2).Draw(t, "exposure")),
		Reason: rapid.String().Draw(t, "reason"),
	}
	if rapid.Bool().Draw(t, "due") {
		f.Due = now.Add(time.Duration(rapid.IntRange(-3, 3).Draw(t, "days")) * policy.Day)
		f.Created = f.Due.Add(-90 * policy.Day)
		f.Evidence = []policy.Evidence{{Fact: "created", Value: "then", Source: "credential report", ObservedAt: now}}
		f.Controls = f.Rule.Controls()
	}
	return f
}

// TestSameAsRank: whatever the pieces, the order is policy's, and each finding
// comes back as it was.
func TestSameAsRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := New(rapid.IntRange(1, 9).Draw(t, "held"))
		defer func() { _ = r.Close() }()
		var want []policy.Finding
		for range rapid.IntRange(0, 6).Draw(t, "accounts") {
			found := rapid.SliceOfN(rapid.Custom(finding), 0, 7).Draw(t, "found")
			want = append(want, found...)
			if err := r.Add(found); err != nil {
				t.Fatal(err)
			}
		}
		policy.Rank(want)
		for range 2 { // it can be read again
			var got []policy.Finding
			for f, err := range r.All() {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, f)
			}
			if diff := cmp.Diff(identities(want), identities(got)); diff != "" {
				t.Fatal(diff)
			}
		}
		if r.Len() != len(want) {
			t.Fatalf("length %d, want %d", r.Len(), len(want))
		}
	})
}

// identities spells everything that tells findings apart; equal ones may change
// places.
func identities(all []policy.Finding) []string {
	var lines []string
	for _, f := range all {
		lines = append(lines, fmt.Sprintf("%d %s %v %s %v %v %s %d %d", f.Rank, f.Identity(), f.Severity, f.KeyID, f.Privileged, f.Exposure,
			f.Due.UTC(), len(f.Controls), len(f.Evidence)))
	}
	return lines
}

// TestNothingIsLeftBehind: the file is its owner's alone, and gone at the end;
// where the system lets go of its name, with the process.
func TestNothingIsLeftBehind(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("TMP", folder)
	r := New(2)
	if err := r.Add(make([]policy.Finding, 5)); err != nil {
		t.Fatal(err)
	}
	info, err := r.all.file.Stat()
	if err != nil || info.Size() == 0 {
		t.Fatalf("nothing was put into the file: %v", err)
	}
	if readers := info.Mode().Perm() &^ 0o600; readers != 0 && runtime.GOOS != "windows" {
		t.Errorf("others may read it: %v", info.Mode())
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("a process that is killed leaves behind: %v %v", left, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Fatalf("left behind: %v %v", left, err)
	}
}

func TestFileErrorsAreTold(t *testing.T) {
	r := New(1)
	if err := r.Add(make([]policy.Finding, 2)); err != nil {
		t.Fatal(err)
	}
	if err := r.all.file.Truncate(10); err != nil {
		t.Fatal(err)
	}
	var failed error
	for _, err := range r.All() {
		failed = err
	}
	if failed == nil {
		t.Fatal("a file that is cut off passes for whole")
	}
	_ = r.Close()
}
