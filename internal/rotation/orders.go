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

// ErrUnfit is wrapped where an order doesn't fit the record as it stands.
var ErrUnfit = errors.New("nothing was done")

// Request is what a person asks for.
type Request struct {
	Work         accesskey.Work
	Subject      accesskey.Subject
	Key          accesskey.ID
	Destinations []string
	Terms        accesskey.Terms
	Flags        accesskey.Flags
	Probe        string    // a command line; empty: none
	Start, Due   time.Time // zero: at once; never
	Planned      bool      // by a policy
	Successors   []string  // roles that take the key's place: Record.Successors
	Elsewhere    accesskey.Elsewhere
	SealedOld    string // the old secret, sealed for ForOldSecret, where it is known
	Who          string
}

// Begin puts a request on record; ErrExists where the user has a live record.
// Nothing else happens until the first pass.
func (r *Rotator) Begin(ctx context.Context, q Request) (accesskey.Record, error) {
	now := r.Clock.Now()
	record := accesskey.Record{
		ID: r.Random(), Work: q.Work, Subject: q.Subject, Phase: accesskey.Requested, Since: now, Started: now,
		Old: q.Key, Start: q.Start, Due: q.Due, Planned: q.Planned, Terms: q.Terms, Flags: q.Flags, Probe: q.Probe, Elsewhere: q.Elsewhere, SealedOld: q.SealedOld,
		Successors: q.Successors,
		Claim:      accesskey.Claim{Token: r.JournalName + "." + r.Random()},
	}
	if q.Work == accesskey.Retirement {
		record.Phase = accesskey.Noticed
	}
	for _, name := range q.Destinations {
		record.Deliveries = append(record.Deliveries, accesskey.Delivery{Destination: name})
	}
	stored, err := r.Journal.Create(ctx, record, accesskey.Event{
		At: now, Who: q.Who, What: "asked for " + string(q.Work), Record: record.ID,
		Account: q.Subject.Account, User: q.Subject.User, Key: q.Key,
	})
	if err != nil {
		return accesskey.Record{}, fmt.Errorf("begin %s of %s: %w", q.Work, q.Subject.User, err)
	}
	return stored, nil
}

// Order changes a record as a person asks: one of the functions below.
type Order struct {
	What string // for the audit: "hold", "resolve retry"
	do   func(*accesskey.Record, time.Time) error
}

// About binds an order to the record that was shown: another of the same user is
// left alone.
func (o Order) About(record string) Order {
	return Order{o.What, func(r *accesskey.Record, now time.Time) error {
		if r.ID != record {
			return fmt.Errorf("the record that was shown has ended, another is under way: %w", ErrUnfit)
		}
		return o.do(r, now)
	}}
}

// On is a record as the order leaves it, and nothing is written down.
func (o Order) On(r accesskey.Record, now time.Time) (accesskey.Record, error) {
	next := r.Clone()
	if err := o.do(&next, now); err != nil {
		return r, fmt.Errorf("%s of %s: %w", o.What, r.Subject.User, err)
	}
	return next, nil
}

// Give carries an order out on the user's live record. It changes the record
// alone; the next pass acts.
func (r *Rotator) Give(ctx context.Context, subject accesskey.Subject, who string, o Order) (accesskey.Record, error) {
	old, err := r.Journal.Fetch(ctx, subject)
	if err != nil {
		return accesskey.Record{}, fmt.Errorf("%s of %s: %w", o.What, subject.User, err)
	}
	now := r.Clock.Now()
	next, err := o.On(old, now)
	if err != nil {
		return old, err
	}
	stored, err := r.Journal.Replace(ctx, old, next, accesskey.Event{
		At: now, Who: who, What: o.What, Record: old.ID, Account: old.Subject.Account, User: old.Subject.User, Key: old.Old,
	})
	if err != nil {
		return old, fmt.Errorf("%s of %s: %w", o.What, subject.User, err)
	}
	return stored, nil
}

// HoldIt stops everything but what puts things back.
func HoldIt(by, why string, until time.Time) Order {
	return Order{"hold", func(r *accesskey.Record, now time.Time) error {
		r.Hold = &accesskey.Hold{By: by, Why: why, At: now, Until: until}
		return nil
	}}
}

// Release ends a hold.
func Release() Order {
	return Order{"release", func(r *accesskey.Record, _ time.Time) error {
		if r.Hold == nil {
			return fmt.Errorf("nobody holds it: %w", ErrUnfit)
		}
		r.Hold = nil
		return nil
	}}
}

// ApproveIt approves the version that was shown.
func ApproveIt(by string, shown int64) Order {
	return Order{"approve", func(r *accesskey.Record, now time.Time) error {
		if shown < r.Amended || shown > r.Version {
			return fmt.Errorf("version %d was shown, the record was changed in %d: %w", shown, r.Amended, ErrUnfit)
		}
		r.Approval = &accesskey.Approval{By: by, At: now, Version: shown}
		return nil
	}}
}

// RejectIt ends a record that nothing was done for yet. Until then the same is
// not planned again.
func RejectIt(by, why string, until time.Time) Order {
	return Order{"reject", func(r *accesskey.Record, now time.Time) error {
		if !policy.Undone(*r) {
			return fmt.Errorf("work has begun: roll it back instead: %w", ErrUnfit)
		}
		r.Rejection = &accesskey.Rejection{By: by, Why: why, At: now, Until: until}
		r.Outcome, r.Ended, r.Block, r.SealedOld = policy.WhyRejected, now, nil, ""
		enter(r, accesskey.RolledBack, now)
		return nil
	}}
}

// Rollback goes back to the old key, because a person asked for it.
func Rollback() Order { return GoBack(policy.WhyPersonRolledBack) }

// GoBack goes back to the old key.
func GoBack(why accesskey.Reason) Order {
	return Order{"rollback", func(r *accesskey.Record, now time.Time) error {
		if r.Stage() == accesskey.RollingBack {
			return fmt.Errorf("it is being rolled back already: %w", ErrUnfit)
		}
		unblock(r)
		TurnAround(r, why, now)
		return nil
	}}
}

// Reveal notes that the new secret is about to be shown to a person, before it
// is: from then on the key counts as offered.
func Reveal() Order {
	return Order{"reveal", func(r *accesskey.Record, _ time.Time) error {
		if r.Stage() != accesskey.Proven || r.Sealed == "" {
			return fmt.Errorf("there is no proved key to show: %w", ErrUnfit)
		}
		r.Flags.Revealed, r.Flags.Offered = true, true
		return nil
	}}
}

// NewSecret opens the new secret of the record, to be shown once after Reveal.
func (r *Rotator) NewSecret(ctx context.Context, record accesskey.Record) (Credential, error) {
	if !record.Flags.Revealed {
		return Credential{}, fmt.Errorf("show the new secret: %w", ErrUnfit)
	}
	return r.unseal(ctx, record.New, ForNewSecret, record.Sealed)
}

// Resolve answers a block with one of policy.Answers.
func Resolve(answer string) Order {
	return Order{"resolve " + answer, func(r *accesskey.Record, now time.Time) error {
		if r.Phase != accesskey.Blocked || r.Block == nil {
			return fmt.Errorf("it is not blocked: %w", ErrUnfit)
		}
		b := *r.Block
		if !slices.Contains(policy.Answers(b.Reason), answer) || answers[answer] == nil {
			return fmt.Errorf("%q is no answer to %q; these are: %s: %w", answer, b.Reason, b.Command, ErrUnfit)
		}
		unblock(r)
		r.Amended = r.Version + 1
		return answers[answer](r, b, now)
	}}
}

func unblock(r *accesskey.Record) {
	if r.Phase == accesskey.Blocked && r.Block != nil {
		r.Phase, r.Block = r.Block.Resume, nil
	}
	r.Watch.Waiting, r.Watch.WaitingFrom, r.Alerted = "", time.Time{}, nil
}

// answers are what each word does.
var answers = map[string]func(*accesskey.Record, accesskey.Block, time.Time) error{
	"retry":   retry,
	"drop":    dropIt,
	"force":   force,
	"keep":    keepKey,
	"discard": discardKey,
}

// retry begins the phase's times anew.
func retry(r *accesskey.Record, _ accesskey.Block, now time.Time) error {
	r.Since, r.Retried, r.Checked = now, now, time.Time{}
	if r.Stage() == accesskey.RollingBack {
		r.RollbackAt = now
	}
	if r.Stage() == accesskey.Overlap || len(r.Successors) > 0 {
		r.WatchedFrom = now
	}
	for i := range r.Deliveries {
		r.Deliveries[i].Tries = min(r.Deliveries[i].Tries, 1)
		r.Deliveries[i].Tried = time.Time{}
	}
	return nil
}

// dropIt goes on without the destination that blocks; where none does, it gives
// the work up: nothing is put back, and nothing more is done.
func dropIt(r *accesskey.Record, b accesskey.Block, now time.Time) error {
	if d := r.Delivery(b.Destination); d != nil && b.Destination != "" {
		d.Dropped, r.Retried = true, now
		return nil
	}
	for _, i := range r.Late {
		if until := policy.LateUntil(i, r.Terms); now.Before(until) {
			return fmt.Errorf("a request of ours (%s) was lost and may still be carried out until %s: give it up then: %w", i.Action, until.UTC().Format(time.RFC3339), ErrUnfit)
		}
	}
	asked := r.Clone()
	asked.Block = &b
	if policy.InNobodysHands(asked) {
		return fmt.Errorf("the new key %s is in nobody's hands: roll back instead: %w", r.New, ErrUnfit)
	}
	r.Sealed, r.SealedOld = "", ""
	for i := range r.Deliveries {
		r.Deliveries[i].Previous = ""
	}
	r.Outcome, r.Ended = b.Reason, now
	enter(r, accesskey.RolledBack, now)
	return nil
}

// before is the phase in which a key is switched off.
var before = map[accesskey.Work]accesskey.Phase{
	accesskey.Rotation: accesskey.Overlap, accesskey.Retirement: accesskey.Noticed, accesskey.Revocation: accesskey.Requested,
}

// offAnew goes back to where a key is switched off. A leaked key that was replaced
// before is not replaced again.
func offAnew(r *accesskey.Record, now time.Time) {
	r.Flags.ReplaceFirst = r.Flags.ReplaceFirst && r.New == ""
	enter(r, before[r.Work], now)
}

// force goes on against what was seen.
func force(r *accesskey.Record, b accesskey.Block, now time.Time) error {
	switch b.Reason {
	case policy.WhyStillUsed:
		r.Flags.Force = true
	case policy.WhyVeto:
		if b.Key == r.Old { // switched off again, under every check
			r.OldExit, r.Watch.OldRevived = accesskey.Exit{}, time.Time{}
			offAnew(r, now)
		} else {
			r.NewExit, r.Watch.NewRevived = accesskey.Exit{}, time.Time{}
		}
	default: // the claim: tag over the other's
		r.Claim.Tagged, r.Claim.Untaggable = time.Time{}, true
	}
	return nil
}

// keepKey leaves the key in question alone from now on.
func keepKey(r *accesskey.Record, b accesskey.Block, now time.Time) error {
	if b.Reason == policy.WhyUnknownKey {
		r.Spared = append(r.Spared, b.Key)
		return nil
	}
	r.Outcome = b.Reason // a veto is respected: both keys stay as they are
	return dropIt(r, accesskey.Block{Reason: b.Reason}, now)
}

// discardKey is a person's word that an unknown key is ours and nobody's.
func discardKey(r *accesskey.Record, b accesskey.Block, _ time.Time) error {
	r.Orphans = append(r.Orphans, b.Key)
	return nil
}
