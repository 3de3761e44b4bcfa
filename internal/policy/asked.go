package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
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
// be made, switched off or deleted; false: nothing. About a new key it is asked
// before the claim, since a claim does not last while people think; the key is
// made by the same answer, as long as that counts. Never where something is put
// back, or a leaked key cut off.
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

// QuestionID names the question about a step: the same however often it is asked,
// so that one ticket is opened for it, and an answer is known to be its.
func QuestionID(r accesskey.Record, step Step) string {
	words := []string{r.ID, string(step.Kind), string(cmp.Or(step.Key, r.Old))}
	if step.Kind != Create { // a key may be switched off twice, and each is a question of its own
		words = append(words, r.Since.UTC().Format(time.RFC3339Nano))
	}
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// StillAllowed reports whether the record's Allowed is a yes to this step. It
// counts for Terms.ClaimMax: whoever thinks better of it is asked again then.
func StillAllowed(r accesskey.Record, step Step, now time.Time) bool {
	a := r.Allowed
	return a != nil && a.Question == QuestionID(r, step) && !now.Before(a.At) && now.Sub(a.At) <= r.Terms.ClaimMax
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
