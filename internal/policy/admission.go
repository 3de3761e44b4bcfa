package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Mode binds what runs unattended.
type Mode string

// The modes. A command typed by a person is Enforce.
const (
	ObserveOnly Mode = "observe" // report, change nothing
	Approve     Mode = "approve" // change what a person approved
	Enforce     Mode = "enforce"
)

// Gate is what stands, besides the protocol, between a step and the world.
type Gate struct {
	Mode    Mode
	Freezes []Span                  // nothing is changed within
	Windows []Weekly                // changes happen within one of these; none: always
	Budgets []accesskey.Reservation // all are drawn on when a record makes its first change
}

// Span is a stretch of time: From ≤ t < Until; with a From and no Until, for
// good from then on. The zero Span is none.
type Span struct {
	From, Until time.Time
	By, Why     string // who ordered it, and the reason; for people, may be empty
}

// Contains reports whether t lies within.
func (s Span) Contains(t time.Time) bool {
	if s.Until.IsZero() {
		return !s.From.IsZero() && !t.Before(s.From)
	}
	return !t.Before(s.From) && t.Before(s.Until)
}

// text says of a freeze how long it lasts, by whose order, and why. That there is
// one is the reason it stands beside.
func (s Span) text() string {
	text := "until " + stamp(s.Until)
	if s.Until.IsZero() {
		text = "until somebody lifts it"
	}
	if s.By != "" {
		text += ", by " + s.By
	}
	if s.Why != "" {
		text += ": " + s.Why
	}
	return text
}

// Admission is the answer of the gate. Where the step must wait, Step says for
// what; where it may go on, Reserve is drawn in the intent's transaction.
type Admission struct {
	Admitted bool
	Step     Step
	Reserve  []accesskey.Reservation
}

// Admit asks the gate about a step that Decide has proposed. Looking, putting
// things back and cutting off a leaked key are always admitted.
func Admit(step Step, r accesskey.Record, g Gate, now time.Time) Admission {
	if !gated(step, r) {
		return Admission{Admitted: true}
	}
	for _, check := range admission {
		if wait, stopped := check.ask(step, r, g, now); stopped {
			return Admission{Step: wait}
		}
	}
	return Admission{Admitted: true, Reserve: missingReserve(r, g)}
}

// admission is rule 17: what must hold, in this order.
var admission = []struct {
	Name string
	ask  func(Step, accesskey.Record, Gate, time.Time) (Step, bool)
}{
	{"unattended work may change things", observing},
	{"a person approved the record as it is", unapproved},
	{"no freeze is in force", frozen},
	{"a change window is open", windowClosed},
}

// gated: only what changes the world, and only forwards.
func gated(step Step, r accesskey.Record) bool {
	switch step.Kind {
	case Create, Deliver, Deactivate, Delete:
	case Claim:
		if step.Reason != WhyTag {
			return false
		}
	default:
		return false
	}
	return r.Work != accesskey.Revocation && r.Stage() != accesskey.RollingBack
}

func observing(_ Step, r accesskey.Record, g Gate, now time.Time) (Step, bool) {
	if g.Mode == Approve || g.Mode == Enforce {
		return Step{}, false
	}
	return notAdmitted(r, now, now.Add(r.Terms.Window), WhyObserveOnly, "mode is observe")
}

// unapproved: an approval is of the record that was shown, up to its end. It
// lapses where a person changes what the record is to do.
func unapproved(_ Step, r accesskey.Record, g Gate, now time.Time) (Step, bool) {
	if g.Mode != Approve || r.Approval != nil && r.Approval.Version >= r.Amended {
		return Step{}, false
	}
	return notAdmitted(r, now, now.Add(r.Terms.Window), WhyUnapproved, "nobody has approved it as it is now")
}

func frozen(_ Step, r accesskey.Record, g Gate, now time.Time) (Step, bool) {
	for _, f := range g.Freezes {
		if f.Contains(now) {
			return f.stops(r, now)
		}
	}
	return Step{}, false
}

// openFreeze is after how long people are reminded of a freeze without an end.
const openFreeze = 7 * Day

// stops waits for the end of a freeze; one without an end may be lifted at any
// time.
func (s Span) stops(r accesskey.Record, now time.Time) (Step, bool) {
	if !s.Until.IsZero() {
		return notAdmitted(r, now, s.Until, WhyFrozen, s.text())
	}
	step, stopped := notAdmitted(r, now, now.Add(r.Terms.Window), WhyFrozen, s.text())
	step.Deadline = s.From.Add(openFreeze)
	return step, stopped
}

func windowClosed(_ Step, r accesskey.Record, g Gate, now time.Time) (Step, bool) {
	if len(g.Windows) == 0 {
		return Step{}, false
	}
	for _, w := range g.Windows {
		if w.Contains(now) {
			return Step{}, false
		}
	}
	opens := nextOpening(g.Windows, now)
	return notAdmitted(r, now, opens, WhyOutsideWindow, "the next change window opens at "+stamp(opens))
}

func notAdmitted(r accesskey.Record, now, notBefore time.Time, why accesskey.Reason, saw string) (Step, bool) {
	since := WaitingSince(r, why, now)
	deadline := since.Add(r.Terms.Patience)
	if why == WhyFrozen || why == WhyOutsideWindow {
		deadline = later(notBefore, since).Add(r.Terms.Patience)
	}
	return Step{Kind: Wait, Reason: why, NotBefore: notBefore, Deadline: deadline, Saw: saw}, true
}

// missingReserve are the budgets the record has not drawn on yet.
func missingReserve(r accesskey.Record, g Gate) []accesskey.Reservation {
	var out []accesskey.Reservation
	for _, b := range g.Budgets {
		drawn := false
		for _, have := range r.Reserved {
			drawn = drawn || have.Budget == b.Budget
		}
		if !drawn {
			out = append(out, b)
		}
	}
	return out
}

// OverBudget is the wait of a record whose journal said that a budget is used
// up.
func OverBudget(r accesskey.Record, now time.Time) Step {
	step, _ := notAdmitted(r, now, now.Add(r.Terms.Window), WhyBudget, "others of its kind are under way")
	return step
}

// CannotAct is the wait of a record whose step could not even be begun: the
// escrow doesn't open, a destination's kind is unknown.
func CannotAct(r accesskey.Record, step Step, saw string, now time.Time) Step {
	wait, _ := notAdmitted(r, now, now.Add(r.Terms.Window), WhyCannotAct, saw)
	wait.Key, wait.Destination = step.Key, step.Destination
	return wait
}

// Foreseen is what the gate, as it is now, will say when the notice of a retirement
// is over; false: nothing will be in the way.
func Foreseen(wait Step, r accesskey.Record, g Gate) (Step, bool) {
	if wait.Kind != Wait || wait.Reason != WhyNotice {
		return Step{}, false
	}
	a := Admit(Step{Kind: Deactivate, Key: r.Old}, r, g, wait.NotBefore)
	return a.Step, !a.Admitted
}

// Withheld returns why the gate held a record of a policy up at its last pass,
// where it would ask about this step too.
func Withheld(step Step, r accesskey.Record) (why accesskey.Reason, held bool) {
	if !r.Planned || !gated(step, r) {
		return "", false
	}
	switch why = r.Watch.Waiting; why {
	case WhyUnapproved:
		return why, r.Approval == nil || r.Approval.Version < r.Amended
	case WhyObserveOnly, WhyOutsideWindow, WhyBudget:
		return why, true
	}
	return "", false
}
