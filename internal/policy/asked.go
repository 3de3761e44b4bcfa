package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Answer is what change management says about a step.
type Answer struct {
	Allowed bool
	Ticket  string // the change's number there; may be empty
	Reason  string // for people; may be empty
}

// String is the answer in a few words, for the audit and for whoever waits.
func (a Answer) String() string {
	text := "not allowed"
	if a.Allowed {
		text = "allowed"
	}
	if a.Ticket != "" {
		text += " by " + a.Ticket
	}
	if a.Reason != "" {
		text += ": " + a.Reason
	}
	return text
}

// Asked returns what change management is asked about before a step: a key is to
// be made, switched off or deleted; false: nothing. It is asked about a new key
// twice, before the claim too, since a claim does not last while people think.
// Never where something is put back, or a leaked key cut off.
func Asked(step Step, r accesskey.Record) (Step, bool) {
	switch step.Kind {
	case Create, Deactivate, Delete:
		return step, gated(step, r)
	case Claim:
		create := Step{Kind: Create, Reason: WhyReplacement}
		return create, step.Reason == WhyFirstReading && gated(create, r)
	}
	return Step{}, false
}

// NotAllowed is the wait of a record about whose step change management has not
// said yes. It is asked again and again; people are told after Terms.Patience.
func NotAllowed(r accesskey.Record, step Step, a Answer, now time.Time) Step {
	wait, _ := notAdmitted(r, now, now.Add(5*r.Terms.Window), WhyNotAllowed, "asked before "+string(step.Kind)+": "+a.String())
	wait.Key = step.Key
	return wait
}

// HeldUp reports whether a record that waits for this reason has a step to take
// that is only not admitted yet.
func HeldUp(why accesskey.Reason) bool {
	switch why {
	case WhyObserveOnly, WhyUnapproved, WhyFrozen, WhyOutsideWindow, WhyBudget, WhyNotAllowed:
		return true
	}
	return false
}
