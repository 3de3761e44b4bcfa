package notice

import (
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// recordRungs are what a record has reached of which people hear.
func recordRungs(r accesskey.Record, now time.Time) []Rung {
	var all []Rung
	for _, rung := range []func(accesskey.Record, time.Time) (Rung, bool){blocked, switchedOff, noticed, late} {
		if reached, ok := rung(r, now); ok {
			all = append(all, reached)
		}
	}
	return all
}

// blocked: a person must choose. A key that is still used when the overlap ends
// is a matter of its own.
func blocked(r accesskey.Record, _ time.Time) (Rung, bool) {
	b := r.Block
	if r.Phase != accesskey.Blocked || b == nil {
		return Rung{}, false
	}
	kind := Blocked
	if b.Reason == policy.WhyStillUsed {
		kind = StillUsed
	}
	return Rung{Kind: kind, Occasion: occasion(r, kind, string(b.Reason), b.Since), At: b.Since}, true
}

// switchedOff: by us, and not taken back since.
func switchedOff(r accesskey.Record, _ time.Time) (Rung, bool) {
	off := r.OldExit.Deactivated
	if off.IsZero() {
		return Rung{}, false
	}
	return Rung{Kind: Deactivated, Occasion: occasion(r, Deactivated, "", off), At: off}, true
}

// noticed: an unused key will be switched off.
func noticed(r accesskey.Record, _ time.Time) (Rung, bool) {
	if r.Work != accesskey.Retirement || r.Stage() != accesskey.Noticed {
		return Rung{}, false
	}
	return Rung{Kind: Noticed, Occasion: occasion(r, Noticed, "", r.Since), At: r.Since.Add(r.Terms.Notice)}, true
}

// late: a wait that has passed its deadline.
func late(r accesskey.Record, _ time.Time) (Rung, bool) {
	why := r.Watch.Waiting
	if !r.Live() || r.Phase == accesskey.Blocked || why == "" {
		return Rung{}, false
	}
	for _, a := range r.Alerted {
		if a == why {
			// Without its moment: who comes back to the same wait is told once.
			return Rung{Kind: Waiting, Occasion: fmt.Sprintf("%s waiting in %s: %s", r.ID, r.Stage(), why), At: r.Watch.WaitingFrom}, true
		}
	}
	return Rung{}, false
}

func occasion(r accesskey.Record, kind Kind, what string, at time.Time) string {
	return fmt.Sprintf("%s %s %s %s", r.ID, kind, what, stamp(at))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
