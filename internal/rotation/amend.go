package rotation

import (
	"fmt"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Declare adds destinations to a record whose new key is not delivered yet, and
// says, with now, that with them every consumer is declared.
func Declare(destinations []string, now bool) Order {
	return Order{"declare", func(r *accesskey.Record, _ time.Time) error {
		for _, name := range destinations {
			if r.Delivery(name) != nil {
				continue
			}
			if !slices.Contains(undelivered, r.Stage()) {
				return fmt.Errorf("the new key is delivered, %s comes too late: %w", name, ErrUnfit)
			}
			r.Deliveries = append(r.Deliveries, accesskey.Delivery{Destination: name})
		}
		r.Flags.Now = r.Flags.Now || now
		r.Checked, r.Amended = time.Time{}, r.Version+1
		return nil
	}}
}

// ProbeWith puts another probe on a record whose new key is not proved yet; empty:
// none.
func ProbeWith(command string) Order {
	return Order{"probe", func(r *accesskey.Record, _ time.Time) error {
		if !r.Proof.Passed.IsZero() || !slices.Contains(undelivered, r.Stage()) {
			return fmt.Errorf("the new key is proved already, a probe comes too late: %w", ErrUnfit)
		}
		r.Probe, r.Amended = command, r.Version+1
		return nil
	}}
}

// undelivered are the phases in which nobody has the new key for certain.
var undelivered = []accesskey.Phase{accesskey.Requested, accesskey.Claimed, accesskey.Created, accesskey.Proven}

// Revoke makes a record under way one of a leaked key: off at the next pass,
// once more where it was off before, since somebody may have switched it on.
// Where its replacement is made already and not yet delivered, or where first
// is set, that comes before: a key in nobody's hands helps nobody. A leaked key
// that was itself a replacement is off at once, and the old one comes back.
func Revoke(key accesskey.ID, replace, first bool) Order {
	return Order{"revoke", func(r *accesskey.Record, now time.Time) error {
		switch {
		case key == r.Old && leftOver(*r):
			return fmt.Errorf("the %s under way goes back to %s, and %s is still on: it must be revoked first: %w", r.Work, r.Old, r.New, ErrUnfit)
		case key == r.Old:
			revokeOld(r, replace, first, now)
		case key == r.New && r.Work == accesskey.Rotation:
			revokeNew(r, now)
		default:
			return fmt.Errorf("the %s under way is about %s: %w", r.Work, r.Old, ErrUnfit)
		}
		return nil
	}}
}

// leftOver reports that the new key of a rollback would be left over, Active and
// perhaps in nobody's hands, if the rollback ended here.
func leftOver(r accesskey.Record) bool {
	return r.Stage() == accesskey.RollingBack && r.New != "" && r.NewExit.Inactive().IsZero() && r.NewExit.Deleted.IsZero()
}

func revokeOld(r *accesskey.Record, replace, first bool, now time.Time) {
	unblock(r)
	stage := r.Stage()
	if stage == accesskey.RollingBack {
		r.RollbackAt, r.Outcome, r.OldProof, first = time.Time{}, "", accesskey.Proof{}, false
		if !r.NewExit.Deleted.IsZero() {
			r.New, r.NewExit, r.Sealed = "", accesskey.Exit{}, ""
		}
	}
	off := stage == accesskey.Resting || !r.OldExit.Inactive().IsZero()
	r.Work, r.Hold, r.Start, r.Amended = accesskey.Revocation, nil, time.Time{}, r.Version+1
	r.Flags.Replace = r.Flags.Replace || replace || r.New != ""
	r.Flags.ReplaceFirst = first && !off || stage == accesskey.Created || stage == accesskey.Proven
	if !r.Flags.ReplaceFirst || r.New == "" {
		r.OldExit, r.Watch.OldRevived = accesskey.Exit{}, time.Time{}
		enter(r, accesskey.Requested, now)
	}
}

func revokeNew(r *accesskey.Record, now time.Time) {
	unblock(r)
	if r.Stage() != accesskey.RollingBack {
		TurnAround(r, policy.WhyLeaked, now)
	}
	r.Hold, r.Amended = nil, r.Version+1
	r.Flags.NewLeaked, r.NewExit, r.Watch.NewRevived = true, accesskey.Exit{}, time.Time{}
}

// RevokeInstead gives up what is under way for another key of the user, as long
// as no key was made for it, for a leaked one's sake. The claim is kept, and the
// other key stays as it is.
func RevokeInstead(q Request) Order {
	return Order{"revoke " + string(q.Key) + " instead", func(r *accesskey.Record, now time.Time) error {
		switch {
		case q.Key == r.Old || r.New != "":
			return fmt.Errorf("the %s under way is about %s and %s: %w", r.Work, r.Old, r.New, ErrUnfit)
		case !r.Intent.Settled():
			return fmt.Errorf("what became of the last call (%s) is not known yet: %w", r.Intent.Action, ErrUnfit)
		}
		unblock(r)
		r.Work, r.Old, r.Terms, r.Flags, r.Probe = accesskey.Revocation, q.Key, q.Terms, q.Flags, q.Probe
		r.Hold, r.Start, r.Due, r.Planned, r.Outcome = nil, time.Time{}, time.Time{}, false, ""
		r.SealedOld, r.OldProof, r.OldExit, r.Deliveries, r.RollbackAt = "", accesskey.Proof{}, accesskey.Exit{}, nil, time.Time{}
		r.Watch, r.Amended = accesskey.Watch{}, r.Version+1
		for _, name := range q.Destinations {
			r.Deliveries = append(r.Deliveries, accesskey.Delivery{Destination: name})
		}
		enter(r, accesskey.Requested, now)
		return nil
	}}
}
