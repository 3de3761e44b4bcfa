package policy

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
)

func TestAdmit(t *testing.T) {
	freeze := []Span{{From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)}}
	closed := []Weekly{{Days: []time.Weekday{time.Tuesday}, From: 9 * time.Hour, Until: 10 * time.Hour}} // noon is a Monday
	approved := func(at, amended int64) func(*accesskey.Record) {
		return func(r *accesskey.Record) {
			r.Approval, r.Amended = &accesskey.Approval{By: "ana", Version: at}, amended
		}
	}
	tests := []struct {
		name  string
		kind  Kind
		gate  Gate
		alter func(*accesskey.Record)
		why   accesskey.Reason // empty: admitted
	}{
		{"enforced", Deactivate, Gate{Mode: Enforce}, nil, ""},
		{"no mode is observe", Deactivate, Gate{}, nil, WhyObserveOnly},
		{"observe", Create, Gate{Mode: ObserveOnly}, nil, WhyObserveOnly},
		{"observe may look", Check, Gate{Mode: ObserveOnly}, nil, ""},
		{"unapproved", Deactivate, Gate{Mode: Approve}, nil, WhyUnapproved},
		{"approved", Deactivate, Gate{Mode: Approve}, approved(4, 4), ""},
		{"approved, then changed", Deactivate, Gate{Mode: Approve}, approved(4, 5), WhyUnapproved},
		{"frozen", Delete, Gate{Mode: Enforce, Freezes: freeze}, nil, WhyFrozen},
		{"the freeze is over to the second", Delete, Gate{Mode: Enforce, Freezes: []Span{{From: noon.Add(-time.Hour), Until: noon}}}, nil, ""},
		{"window closed", Deliver, Gate{Mode: Enforce, Windows: closed}, nil, WhyOutsideWindow},
		{"putting back never waits", Reactivate, Gate{Freezes: freeze, Windows: closed}, nil, ""},
		{"nor does a destination", Restore, Gate{Freezes: freeze}, nil, ""},
		{"nor what a rollback takes", Deactivate, Gate{Freezes: freeze}, func(r *accesskey.Record) { r.Phase = accesskey.RollingBack }, ""},
		{"nor a leaked key", Deactivate, Gate{Freezes: freeze}, func(r *accesskey.Record) { r.Work = accesskey.Revocation }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := silent().Record
			if test.alter != nil {
				test.alter(&r)
			}
			got := Admit(Step{Kind: test.kind, Reason: WhySilent}, r, test.gate, noon)
			if got.Step.Reason != test.why || got.Admitted != (test.why == "") {
				t.Errorf("admitted %v, waits for %q, want %q", got.Admitted, got.Step.Reason, test.why)
			}
			if !got.Admitted && (got.Step.NotBefore.IsZero() || !got.Step.Deadline.After(got.Step.NotBefore)) {
				t.Errorf("waits from %s to %s", got.Step.NotBefore, got.Step.Deadline)
			}
		})
	}
}

// What stands in the way once notice is over is told while it runs.
func TestForeseen(t *testing.T) {
	over := noon.Add(14 * Day)
	notice, frozen := Step{Kind: Wait, Reason: WhyNotice, NotBefore: over}, func(until time.Time) []Span { return []Span{{From: noon, Until: until, By: "ana", Why: "year end"}} }
	for name, c := range map[string]struct {
		step Step
		gate Gate
		why  accesskey.Reason
	}{
		"nothing":                  {notice, Gate{Mode: Enforce}, ""},
		"a freeze over by then":    {notice, Gate{Mode: Enforce, Freezes: frozen(over)}, ""},
		"a freeze that outlasts":   {notice, Gate{Mode: Enforce, Freezes: frozen(over.Add(time.Second))}, WhyFrozen},
		"a freeze for good":        {notice, Gate{Mode: Enforce, Freezes: frozen(time.Time{})}, WhyFrozen},
		"nobody's yes":             {notice, Gate{Mode: Approve}, WhyUnapproved},
		"another wait is its own":  {Step{Kind: Wait, Reason: WhyHeld, NotBefore: over}, Gate{}, ""},
		"no wait is asked already": {Step{Kind: Deactivate}, Gate{}, ""},
	} {
		step, held := Foreseen(c.step, silent().Record, c.gate)
		if held != (c.why != "") || step.Reason != c.why {
			t.Errorf("%s: %v, %+v", name, held, step)
		}
	}
	if step, _ := Foreseen(notice, silent().Record, Gate{Mode: Enforce, Freezes: frozen(time.Time{})}); step.Saw != "until somebody lifts it, by ana: year end" {
		t.Errorf("said %q", step.Saw)
	}
}

func TestAdmitReservesOnce(t *testing.T) {
	gate := Gate{Mode: Enforce, Budgets: []accesskey.Reservation{{Budget: "account", Limit: 2}, {Budget: "day", Limit: 9}}}
	r := silent().Record
	r.Reserved = []accesskey.Reserved{{Budget: "account"}}
	got := Admit(Step{Kind: Create}, r, gate, noon)
	if len(got.Reserve) != 1 || got.Reserve[0].Budget != "day" {
		t.Errorf("reserves %v", got.Reserve)
	}
}

func TestWeekly(t *testing.T) {
	night := Weekly{Days: []time.Weekday{time.Friday}, From: 22 * time.Hour, Until: 2 * time.Hour}
	day := func(d, h, m int) time.Time { return time.Date(2026, 6, d, h, m, 0, 0, time.UTC) } // the 5th is a Friday
	tests := []struct {
		at   time.Time
		want bool
	}{
		{day(5, 21, 59), false}, {day(5, 22, 0), true}, {day(6, 1, 59), true}, {day(6, 2, 0), false},
		{day(5, 1, 0), false}, {day(6, 22, 0), false},
	}
	for _, test := range tests {
		if got := night.Contains(test.at); got != test.want {
			t.Errorf("%s: %v, want %v", test.at, got, test.want)
		}
	}
	if got := nextOpening([]Weekly{night}, noon); !got.Equal(day(5, 22, 0)) {
		t.Errorf("opens at %s", got)
	}
}

func TestStartTimes(t *testing.T) {
	terms := accesskey.DefaultTerms()
	due := noon.AddDate(0, 0, 60)
	latest, start := StartTimes(due, terms, 2*Day, 5*Day, "AIDACKCEVSQ6C2EXAMPLE")
	if want := due.Add(-(lead(terms) + 21*Day + 2*Day)); !latest.Equal(want) {
		t.Errorf("latest %s, want %s", latest, want)
	}
	if start.After(latest) || latest.Sub(start) >= 5*Day {
		t.Errorf("start %s, latest %s", start, latest)
	}
	if _, again := StartTimes(due, terms, 2*Day, 5*Day, "AIDACKCEVSQ6C2EXAMPLE"); !again.Equal(start) {
		t.Error("another start for the same user")
	}
}

// TestSpreadMovesEarlierOnly: whoever the user is and however wide the spread.
func TestSpreadMovesEarlierOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spread := time.Duration(rapid.Int64Range(-int64(Day), int64(365*Day)).Draw(t, "spread"))
		latest, start := StartTimes(noon, accesskey.DefaultTerms(), 2*Day, spread, rapid.String().Draw(t, "user"))
		if start.After(latest) || latest.Sub(start) > max(0, spread) {
			t.Fatalf("start %s, latest %s, spread %s", start, latest, spread)
		}
	})
}

func TestFeasible(t *testing.T) {
	tests := []struct {
		name   string
		alter  func(*accesskey.Terms)
		maxAge time.Duration
		fine   bool
	}{
		{"the defaults in 90 days", nil, 90 * Day, true},
		{"the defaults in 20 days", nil, 20 * Day, false},
		{"overlap_max shorter than the silence", func(t *accesskey.Terms) { t.OverlapMax = 8*Day - 1 }, 90 * Day, false},
		{"overlap_max as long as the silence", func(t *accesskey.Terms) { t.OverlapMax = 8 * Day }, 90 * Day, true},
		{"rest shorter than the lag", func(t *accesskey.Terms) { t.Rest = Day - 1 }, 90 * Day, false},
		{"no window", func(t *accesskey.Terms) { t.Window = 0 }, 90 * Day, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			terms := accesskey.DefaultTerms()
			if test.alter != nil {
				test.alter(&terms)
			}
			if err := Feasible(terms, test.maxAge, 2*Day); (err == nil) != test.fine {
				t.Errorf("error %v, want fine %v", err, test.fine)
			}
		})
	}
}
