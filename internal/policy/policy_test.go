package policy

import (
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	if err := DefaultRules().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		change func(*Rules)
		want   string
	}{
		{func(r *Rules) { r.MaxAge = 0 }, "max-age 0 seconds: want more than 0"},
		{func(r *Rules) { r.MaxAge = -Day }, "max-age minus 1 day: want more than 0"},
		{func(r *Rules) { r.Unused = 0 }, "unused 0 seconds: want more than 0"},
		{func(r *Rules) { r.Warn = -time.Second }, "warn minus 1 second: want 0 or more"},
		{func(r *Rules) { r.SetupWindow = -1 }, "setup window minus 0 seconds: want 0 or more"},
		{func(r *Rules) { r.Warn = 100 * Day }, "warn 100 days with max-age 90 days: max-age − warn = minus 10 days"},
		{func(r *Rules) { r.MaxAge = 14 * Day }, "warn 14 days with max-age 14 days: max-age − warn = 0 seconds"},
	} {
		r := DefaultRules()
		tc.change(&r)
		if err := r.Validate(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want %s", err, tc.want)
		}
	}
}

func TestNoWarning(t *testing.T) {
	r := DefaultRules()
	r.Warn = 0
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := Findings(inventory(holder("alice", aged(90*Day))), r, now); got != nil {
		t.Errorf("a warning of 0 warns: %v", got)
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		0:                                   {"0 seconds", "0 seconds"},
		time.Second:                         {"1 second", "1 second"},
		59 * time.Minute:                    {"59 minutes", "59 minutes"},
		36 * time.Hour:                      {"1 day", "1 day 12 hours"},
		90*Day + time.Minute:                {"90 days", "90 days 1 minute"},
		2*Day + 3*time.Hour + 4*time.Second: {"2 days", "2 days 3 hours 4 seconds"},
	} {
		if got := [2]string{about(d), exactly(d)}; got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestSeverityText(t *testing.T) {
	for _, s := range Severities() {
		text, err := s.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Severity
		if err := back.UnmarshalText([]byte(strings.ToUpper(string(text)))); err != nil || back != s {
			t.Errorf("%s reads back as %s, %v", s, back, err)
		}
	}
	for _, bad := range []string{"", "none", "urgent"} {
		if s, err := ParseSeverity(bad); err == nil {
			t.Errorf("ParseSeverity(%q) = %s", bad, s)
		}
	}
	if Critical.raised() != Critical || Info.raised() != Low || Severity(0).String() != "none" {
		t.Error("raised or String")
	}
}
