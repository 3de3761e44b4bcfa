package policy

import (
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// lead is how long a rotation takes from its start to the overlap at the most:
// two readings, the tag, proof and deliveries.
func lead(t accesskey.Terms) time.Duration {
	return 4*t.Window + t.ProveMax + t.DeliverMax
}

// StartTimes returns the latest moment at which a rotation must begin so that
// the old key is Inactive when due, whatever it takes short of a person's
// answer (and of an Inactive key that must rest first, where there is no room),
// and the moment at which this user's begins: up to spread earlier, by
// the hash of the user, never later.
func StartTimes(due time.Time, t accesskey.Terms, margin, spread time.Duration, userID string) (latest, start time.Time) {
	latest = due.Add(-(lead(t) + t.OverlapMax + margin))
	if spread <= 0 {
		return latest, latest
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(userID))
	return latest, latest.Add(-time.Duration(h.Sum64() % uint64(spread)))
}

// Feasible returns an error, with the arithmetic, where keys of at most maxAge
// can't be replaced within these terms, or where the terms contradict each
// other.
func Feasible(t accesskey.Terms, maxAge, margin time.Duration) error {
	var errs []error
	whole := lead(t) + t.OverlapMax + margin
	if maxAge > 0 && whole >= maxAge {
		errs = append(errs, fmt.Errorf("max-age %s: lead %s + overlap-max %s + margin %s = %s; a key would have to be replaced before it is made",
			exactly(maxAge), exactly(lead(t)), exactly(t.OverlapMax), exactly(margin), exactly(whole)))
	}
	if least := max(t.Overlap, t.Idle+t.LagMargin); t.OverlapMax < least {
		errs = append(errs, fmt.Errorf("overlap-max %s: the silence wanted takes idle %s + lag-margin %s, the overlap %s; want overlap-max of %s or more",
			exactly(t.OverlapMax), exactly(t.Idle), exactly(t.LagMargin), exactly(t.Overlap), exactly(least)))
	}
	if t.Rest < t.LagMargin {
		errs = append(errs, fmt.Errorf("rest %s with lag-margin %s: a use just before the key was switched off would show after it is deleted; want rest of %s or more",
			exactly(t.Rest), exactly(t.LagMargin), exactly(t.LagMargin)))
	}
	if t.Window <= 0 || t.Lease <= 0 || t.ProveCount <= 0 || t.Patience <= 0 {
		errs = append(errs, errors.New("window, lease, prove-count and patience: want more than 0"))
	}
	return errors.Join(errs...)
}
