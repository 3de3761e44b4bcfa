package report

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

func TestSpellings(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 min", time.Minute: "1 min", 59 * time.Minute: "59 min", time.Hour: "1 h", 47 * time.Hour: "47 h",
		48 * time.Hour: "2 d", 412*policy.Day + time.Hour: "412 d", -3 * time.Hour: "-3 h",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{3 * time.Hour: "3 h ago", 10 * time.Second: "just now", -policy.Day * 12: "in 12 d"} {
		if got := Ago(now.Add(-d), now); got != want {
			t.Errorf("Ago(%v) = %q, want %q", d, got, want)
		}
	}
	if got := []string{due(time.Time{}, now), due(now.Add(-time.Hour), now), due(now.Add(50*time.Hour), now)}; !cmp.Equal(got, []string{"now", "1 h over", "in 2 d"}) {
		t.Errorf("due = %q", got)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q", n, got)
		}
	}
	for d, want := range map[time.Duration]string{90 * policy.Day: "90d", 14 * policy.Day: "14d", 36 * time.Hour: "1d12h", 0: "0s", 90*policy.Day + time.Minute: "90d1m"} {
		if got := limit(d); got != want {
			t.Errorf("limit(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := clean(rapid.String().Draw(t, "text"))
		width := rapid.IntRange(1, 40).Draw(t, "width")
		got := shorten(text, width)
		if lipgloss.Width(got) > width {
			t.Fatalf("shorten(%q, %d) = %q, %d wide", text, width, got, lipgloss.Width(got))
		}
		if lipgloss.Width(text) <= width && got != text {
			t.Fatal("shortened needlessly")
		}
	})
}

// TestTablesFit: whatever the width and the names, no line is wider than the
// terminal but for what can't be broken, and no key ID is cut.
func TestTablesFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fixture()
		name := rapid.StringOfN(rapid.RuneFrom([]rune("abc,+=@._-")), 1, 64, -1).Draw(t, "name")
		for i := range s.Findings {
			s.Findings[i].User, s.Findings[i].KeyID = name, "AKIAIOSFODNN7EXAMPLE"
		}
		s.Accounts[0].Users[0].Name = name
		if rapid.Bool().Draw(t, "two") {
			s.Accounts = append(s.Accounts, s.Accounts[0])
		}
		width := rapid.IntRange(40, 220).Draw(t, "width")
		table := writtenIn(t, Table, s, Options{Width: width, All: true})
		for _, line := range strings.Split(table, "\n") {
			if lipgloss.Width(line) > width {
				t.Fatalf("%d wide instead of %d: %q", lipgloss.Width(line), width, line)
			}
		}
		if n := strings.Count(table, "AKIAIOSFODNN7EXAMPLE"); n < len(s.Findings) {
			t.Fatalf("%d findings, but only %d whole key IDs:\n%s", len(s.Findings), n, table)
		}
	})
}

func TestHeadlineIsHonest(t *testing.T) {
	quiet := fixture()
	quiet.Findings, quiet.Accounts[0].Failures = nil, nil
	partial := fixture()
	partial.Findings = nil
	unread := fixture()
	unread.Findings, unread.Accounts[0].Failures = nil, nil
	unread.Accounts[0].Users[0].Keys = accesskey.Unread[[]accesskey.Key]("denied")
	odd := fixture()
	odd.Findings, odd.Accounts[0].Failures = nil, nil
	odd.Accounts[0].Users[0].Keys = seen([]accesskey.Key{key("AKIAIOSFODNN7EXAMPLE", "Suspended", days(1), accesskey.LastUse{})})
	known := fixture()
	known.Findings, known.Known = nil, known.Findings
	for want, s := range map[string][]Scan{
		"Nothing found: every key keeps every rule.": {quiet},
		"Nothing found in what could be read.":       {partial, unread, odd},
		"Nothing new since the baseline.":            {known},
	} {
		for _, scan := range s {
			if got := gistOf(scan).headline(); got != want {
				t.Errorf("headline = %q, want %q", got, want)
			}
		}
	}
}

// full fails every write, as a full disk does.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsAreTold(t *testing.T) {
	for _, f := range ScanFormats {
		if err := Write(full{}, f, fixture(), Options{All: true}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", f, err)
		}
	}
	for _, f := range SheetFormats {
		if err := WriteScorecard(full{}, f, hostileScorecard(), nil, Options{}); !errors.Is(err, errFull) {
			t.Errorf("scorecard %s: %v", f, err)
		}
		if err := WriteExplanation(full{}, f, hostileExplanation(), nil, Options{}); !errors.Is(err, errFull) {
			t.Errorf("explanation %s: %v", f, err)
		}
	}
}

func TestWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := clean(rapid.StringOf(rapid.RuneFrom([]rune("ab- 日é"))).Draw(t, "text"))
		width := rapid.IntRange(8, 40).Draw(t, "width")
		lines := wrap(text, width)
		for _, line := range lines {
			if lipgloss.Width(line) > width {
				t.Fatalf("%q is wider than %d", line, width)
			}
		}
		bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if bare(strings.Join(lines, "")) != bare(text) {
			t.Fatalf("%q became %q", text, lines)
		}
	})
}

// TestAlikeFailuresAreOne: a denied permission is not told once for each user.
func TestAlikeFailuresAreOne(t *testing.T) {
	s := fixture()
	s.Accounts[0].Failures = nil
	for i := range 500 {
		name := fmt.Sprintf("user-%d", i)
		s.Accounts[0].Failures = append(s.Accounts[0].Failures, accesskey.Failure{
			Account: "123456789012", User: name, Call: "iam:ListAccessKeys", Class: "Denied",
			Err: "not authorized on resource user " + name, Hint: "Allow it",
		})
	}
	table := written(t, Table, s, Options{Width: 200})
	want := "iam:ListAccessKeys of 123456789012, 500 users (user-0, user-1, user-2, …): Denied: not authorized on resource user user-0 (the first of 500)"
	if !strings.Contains(table, want) || strings.Count(table, "iam:ListAccessKeys") != 1 || !strings.Contains(table, "500 things could not be read") {
		t.Errorf("the table says\n%s", table)
	}
	if n := strings.Count(written(t, NDJSON, s, Options{}), `"type":"error"`); n != 500 {
		t.Errorf("NDJSON has %d errors", n)
	}
}
