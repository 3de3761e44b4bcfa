package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Order is what a person decides about a record. It changes the record alone;
// what follows from it in the world is for the next pass.
type Order struct {
	what   string // for the audit
	note   string
	change func(r *accesskey.Record, now time.Time) error
}

// Refusal is an order that makes no sense for the record as it stands. Nothing
// was changed.
type Refusal struct {
	Text string
	What string // to do instead; may be empty
}

// Error implements error.
func (r *Refusal) Error() string { return r.Text }

// Hint says what to do instead.
func (r *Refusal) Hint() string { return r.What }

func refusal(hint, text string, args ...any) error {
	return &Refusal{Text: fmt.Sprintf(text, args...), What: hint}
}

// orderTries is how often an order is given anew where a pass replaced the
// record meanwhile.
const orderTries = 20

// Give carries an order out on a user's live record and returns the record as
// it stands then. now is AWS's time, by the person's name. ErrNoRecord where
// there is none; a *Refusal where it makes no sense.
func Give(ctx context.Context, j Journal, subject accesskey.Subject, by string, now time.Time, o Order) (accesskey.Record, error) {
	var err error
	for range orderTries {
		var r accesskey.Record
		if r, err = j.Fetch(ctx, subject); err != nil {
			return r, fmt.Errorf("%s of %s: %w", o.what, subject.User, err)
		}
		next := r.Clone()
		if err := o.change(&next, now); err != nil {
			return r, err
		}
		event := accesskey.Event{At: now, Who: by, What: o.what, Record: r.ID, Account: r.Subject.Account, User: r.Subject.User,
			Key: r.Old, Why: policy.WhyOrdered, Note: o.note}
		if r, err = j.Replace(ctx, r, next, event); err == nil {
			return r, nil
		}
		if !errors.Is(err, ErrConflict) {
			break
		}
	}
	return accesskey.Record{}, fmt.Errorf("%s of %s: %w", o.what, subject.User, err)
}

// Hold keeps Keytend's hands off, except to put things back.
func Hold(by, why string, until time.Time) Order {
	return Order{what: "hold", note: why, change: func(r *accesskey.Record, now time.Time) error {
		if !until.IsZero() && !until.After(now) {
			return refusal("", "hold until %s: that is past", until.Format(time.RFC3339))
		}
		r.Hold = &accesskey.Hold{By: by, Why: why, At: now, Until: until}
		return nil
	}}
}

// Release ends a hold.
func Release() Order {
	return Order{what: "release", change: func(r *accesskey.Record, _ time.Time) error {
		if r.Hold == nil {
			return refusal("", "the %s of %s is not held", r.Work, r.Subject.User)
		}
		r.Hold = nil
		return nil
	}}
}

// RollBack puts everything back: old key on, destinations as they were, and
// then the new key leaves as any other.
func RollBack() Order {
	return Order{what: "rollback", change: func(r *accesskey.Record, now time.Time) error {
		switch {
		case r.Stage() == accesskey.RollingBack:
			return refusal("", "the %s of %s is rolled back already", r.Work, r.Subject.User)
		case !r.OldExit.Deleted.IsZero():
			return refusal("", "the old key %s is deleted: there is nothing to go back to", r.Old)
		}
		unblock(r, now)
		TurnAround(r, policy.WhyPersonRolledBack, now)
		return nil
	}}
}

// Revealed notes, before it is done, that the new secret is shown to a person.
func Revealed() Order {
	return Order{what: "reveal", change: func(r *accesskey.Record, _ time.Time) error {
		if r.Sealed == "" || r.New == "" {
			return refusal("", "there is no new secret of %s to show", r.Subject.User)
		}
		r.Flags.Revealed, r.Flags.Offered = true, true
		return nil
	}}
}

// Amend changes what a record under way is to do. An approval given before
// counts no more.
func Amend(change func(*accesskey.Record)) Order {
	return Order{what: "amend", change: func(r *accesskey.Record, _ time.Time) error {
		change(r)
		r.Amended = r.Version + 1
		return nil
	}}
}

// Revoke makes a record of another kind one of a leaked key. The key goes off
// at the next pass, or, where its replacement is half made or its consumer must
// live (first), as soon as the new key is delivered.
func Revoke(key accesskey.ID, replace, first bool) Order {
	return Order{what: "revoke", change: func(r *accesskey.Record, now time.Time) error {
		if r.Old != key {
			return refusal(fmt.Sprintf("`keytend rollback %s` first, then revoke it", r.Subject.User),
				"the %s of %s that is under way is about key %s", r.Work, r.Subject.User, r.Old)
		}
		stage := r.Stage()
		unblock(r, now)
		r.Work, r.Hold, r.Amended = accesskey.Revocation, nil, r.Version+1
		r.Flags.Replace = replace || r.New != ""
		switch stage {
		case accesskey.Claimed, accesskey.Created, accesskey.Proven, accesskey.Delivered, accesskey.Overlap:
			r.Flags.ReplaceFirst = first || r.New != "" && stage != accesskey.Delivered && stage != accesskey.Overlap
			if !r.Flags.ReplaceFirst {
				enter(r, accesskey.Requested, now)
			}
		case accesskey.Resting:
			r.OldExit.Ordered = true
		default:
			r.Flags.ReplaceFirst = first
			enter(r, accesskey.Requested, now)
		}
		return nil
	}}
}

// Resolve answers a block with one of policy.Answers.
func Resolve(answer string) Order {
	return Order{what: "resolve " + answer, change: func(r *accesskey.Record, now time.Time) error {
		if r.Phase != accesskey.Blocked || r.Block == nil {
			return refusal("`keytend status "+r.Subject.User+"` says what it waits for",
				"the %s of %s is not blocked: it is %s", r.Work, r.Subject.User, r.Phase)
		}
		block := *r.Block
		if !slices.Contains(policy.Answers(block.Reason), answer) {
			return refusal(block.Command, "%q is no answer to %q", answer, block.Reason)
		}
		if r.Intent.Action != "" && !r.Intent.Settled() && block.Reason != policy.WhyUnknownKey {
			return refusal("look again after that", "%s was sent and may be carried out until %s",
				r.Intent.Action, policy.LateUntil(r.Intent, r.Terms).Format(time.RFC3339))
		}
		unblock(r, now)
		return answers[answer](r, block, now)
	}}
}

// unblock goes on with the phase that was blocked, and begins to count anew how
// long it waits.
func unblock(r *accesskey.Record, now time.Time) {
	if r.Phase != accesskey.Blocked || r.Block == nil {
		return
	}
	r.Phase, r.Since, r.Block, r.Alerted = r.Block.Resume, now, nil, nil
	r.Watch.Waiting, r.Watch.WaitingFrom = "", time.Time{}
}

// answers carry out a word that was found to fit.
var answers = map[string]func(*accesskey.Record, accesskey.Block, time.Time) error{
	"retry":   retry,
	"drop":    drop,
	"discard": discardStranger,
	"keep":    keepKey,
	"force":   force,
}

// retry tries what failed as if for the first time, with the whole of its time
// before it.
func retry(r *accesskey.Record, b accesskey.Block, now time.Time) error {
	r.Checked = time.Time{}
	for i := range r.Deliveries {
		r.Deliveries[i].Tries, r.Deliveries[i].Tried = 0, time.Time{}
	}
	switch b.Reason {
	case policy.WhyCannotRestore:
		r.RollbackAt = now
	case policy.WhyStillUsed:
		r.Terms.OverlapMax += r.Terms.Idle + r.Terms.LagMargin + r.Terms.Overlap
	case policy.WhyClaimTaken:
		r.Claim.Tagged = time.Time{}
	}
	return nil
}

// drop gives up what can't be had: one destination, or the work.
func drop(r *accesskey.Record, b accesskey.Block, now time.Time) error {
	switch b.Reason {
	case policy.WhyUndelivered, policy.WhyHoldsOther, policy.WhyCannotRestore:
		return dropDestination(r, b)
	case policy.WhyUserGone, policy.WhyUserReplaced, policy.WhyRolledBackEmpty, policy.WhyUsedThoughOff:
		end(r, b.Reason, now)
		return nil
	case policy.WhyOldGone:
		if r.New != "" {
			enter(r, accesskey.Resting, now) // where a key that is gone ends it in order
			return nil
		}
	}
	switch {
	case r.Work == accesskey.Revocation:
		end(r, b.Reason, now) // a leaked key is never brought back to give up
	case r.Phase == accesskey.Resting:
		r.Terms.Keep = true // it stays off
	case r.Phase == accesskey.RollingBack:
		end(r, b.Reason, now)
	default:
		TurnAround(r, b.Reason, now)
	}
	return nil
}

func dropDestination(r *accesskey.Record, b accesskey.Block) error {
	d := r.Delivery(b.Destination)
	if d == nil {
		return refusal("", "there is no destination %s", b.Destination)
	}
	d.Dropped = true
	return nil
}

// end ends a record that nothing more can be done for.
func end(r *accesskey.Record, why accesskey.Reason, now time.Time) {
	phase := accesskey.Done
	if r.Phase == accesskey.RollingBack {
		phase = accesskey.RolledBack
	}
	enter(r, phase, now)
	r.Ended, r.Outcome, r.Sealed, r.SealedOld = now, why, "", ""
	for i := range r.Deliveries {
		r.Deliveries[i].Previous = ""
	}
}

// discardStranger: a person says that the key is ours and that nobody has it.
func discardStranger(r *accesskey.Record, b accesskey.Block, _ time.Time) error {
	if !slices.Contains(r.Orphans, b.Key) {
		r.Orphans = append(r.Orphans, b.Key)
	}
	return nil
}

// keepKey: a key that came is somebody else's; a key that was switched on again
// is needed.
func keepKey(r *accesskey.Record, b accesskey.Block, now time.Time) error {
	switch {
	case b.Reason == policy.WhyUnknownKey:
		r.Spared = append(r.Spared, b.Key)
	case r.Work == accesskey.Rotation && r.Phase == accesskey.Resting && r.New != "":
		r.OldExit, r.Watch.OldInactive = accesskey.Exit{Reactivated: now}, time.Time{}
		enter(r, accesskey.Overlap, now) // silence is counted anew
	default:
		end(r, b.Reason, now)
	}
	return nil
}

// force does what was held back.
func force(r *accesskey.Record, b accesskey.Block, now time.Time) error {
	switch b.Reason {
	case policy.WhyStillUsed:
		r.Flags.Force = true
	case policy.WhyClaimElsewhere, policy.WhyClaimTaken:
		r.Claim.Untaggable = true
	case policy.WhyVeto:
		forceOff(r, b, now)
	}
	r.Amended = r.Version + 1
	return nil
}

// forceOff switches a key off once more that somebody switched on.
func forceOff(r *accesskey.Record, b accesskey.Block, now time.Time) {
	r.Flags.Now = true
	switch {
	case b.Key == r.New:
		r.NewExit, r.Watch.NewRevived = accesskey.Exit{}, time.Time{}
	case r.Work == accesskey.Rotation:
		r.OldExit, r.Watch.OldRevived = accesskey.Exit{}, time.Time{}
		enter(r, accesskey.Overlap, now)
	case r.Work == accesskey.Revocation:
		r.OldExit, r.Watch.OldRevived = accesskey.Exit{}, time.Time{}
		r.Flags.ReplaceFirst = false
		enter(r, accesskey.Requested, now)
	default:
		r.OldExit, r.Watch.OldRevived = accesskey.Exit{}, time.Time{}
		enter(r, accesskey.Noticed, now)
	}
}
