package rotationlambda

import (
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// WhyItsStep is why one step of a rotation stops: what comes next is another's.
const WhyItsStep accesskey.Reason = "another step of the rotation does this"

// WhyGivenUp is why the reaper takes a new key back that was not delivered.
const WhyGivenUp accesskey.Reason = "the rotation was called off, or given up by Secrets Manager"

// turnPause is how soon it is looked at again.
const turnPause = 10 * time.Second

// bounded lets a step go only as far as Secrets Manager asks for. The reaper makes
// no key and moves AWSCURRENT to none: that is what nobody asked it for.
func (v *visit) bounded(next policy.Step, r accesskey.Record, now time.Time) policy.Step {
	allowed := true
	switch next.Kind {
	case policy.Block:
		return v.byHand(next)
	case policy.Create:
		allowed = v.step == create
	case policy.Prove:
		allowed = v.step == set || v.step == test || next.Reason == policy.WhyRollback
	case policy.Deliver:
		first := r.Stage() == accesskey.Proven
		allowed = !first || v.step == finish || v.step == set && next.Destination != v.self.Name()
	}
	if allowed {
		return next
	}
	return policy.Step{
		Kind: policy.Wait, Reason: WhyItsStep, NotBefore: now.Add(turnPause), Deadline: r.Since.Add(r.Terms.DeliverMax),
		Saw: fmt.Sprintf("%s is not for %s to do", next.Kind, v.whose()),
	}
}

// byHand says how people end another key of the user: `keytend retire` leaves the users of
// functions alone.
func (v *visit) byHand(next policy.Step) policy.Step {
	if next.Reason == policy.WhyOtherUnused || next.Reason == policy.WhyBothUsed {
		next.Saw += fmt.Sprintf(" (here by `aws iam update-access-key --user-name %s --status Inactive --access-key-id` and its ID, for `keytend retire` leaves the users of functions alone; once it has rested it is deleted to make room)", v.subject.User)
	}
	return next
}

func (v *visit) whose() string {
	if v.step == "" {
		return "the reaper"
	}
	return string(v.step)
}
