package rotation

import (
	"fmt"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
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
// is set, that comes before: a key in nobody's hands helps nobody.
func Revoke(key accesskey.ID, replace, first bool) Order {
	return Order{"revoke", func(r *accesskey.Record, now time.Time) error {
		stage := r.Stage()
		if r.Old != key || stage == accesskey.RollingBack {
			return fmt.Errorf("the %s under way is about %s: %w", r.Work, r.Old, ErrUnfit)
		}
		unblock(r)
		off := stage == accesskey.Resting || !r.OldExit.Inactive().IsZero()
		r.Work, r.Hold, r.Start, r.Amended = accesskey.Revocation, nil, time.Time{}, r.Version+1
		r.Flags.Replace = r.Flags.Replace || replace || r.New != ""
		r.Flags.ReplaceFirst = first && !off || stage == accesskey.Created || stage == accesskey.Proven
		if !r.Flags.ReplaceFirst || r.New == "" {
			r.OldExit, r.Watch.OldRevived = accesskey.Exit{}, time.Time{}
			enter(r, accesskey.Requested, now)
		}
		return nil
	}}
}
