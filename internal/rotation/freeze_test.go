package rotation

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// ordered is what a person has ordered to stop.
type ordered struct {
	freezes []Freeze
	err     error
}

func (o *ordered) Freezes(context.Context, time.Time) ([]Freeze, error) { return o.freezes, o.err }

// A freeze that is ordered meanwhile holds from the next pass on, and where it
// can't be read nothing is changed.
func TestFreezeOrdered(t *testing.T) {
	for name, stop := range map[string]ordered{
		"until it is lifted": {freezes: []Freeze{{From: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), Why: "incident"}}},
		"unreadable":         {err: errors.New("disk I/O error")},
	} {
		t.Run(name, func(t *testing.T) {
			w, old := ordinary(5)
			p := w.newProcess("keytend", newMemory("j"))
			p.rotator.Freezer = &stop
			w.rotate(p, old, nil)
			w.untilEnd(p, 24*time.Hour)
			if r := p.journal.mustLive(); len(w.user.keys) != 1 || r.Watch.Waiting != policy.WhyFrozen {
				t.Fatalf("keys %v, waits for %q", w.user.keys, r.Watch.Waiting)
			}
			stop = ordered{}
			w.mustEnd(t, p, accesskey.Done)
		})
	}
}

// What puts things back never waits for a freeze.
func TestFreezeDoesNotHoldUpRollback(t *testing.T) {
	w, p := story(t, func(w *world, _ *process) { w.places["b"].broken = true })
	p.rotator.Freezer = &ordered{freezes: []Freeze{{From: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}}}
	w.give(t, p, Rollback())
	w.untilEnd(p, 24*time.Hour)
	if at := w.places["a"].key; at != p.journal.latest().Old {
		t.Errorf("a still holds %s", at)
	}
}

func TestReject(t *testing.T) {
	w, old := ordinary(5)
	p := w.newProcess("keytend", newMemory("j"))
	p.rotator.Gate.Mode = policy.Approve
	shown := w.rotate(p, old, nil)
	w.untilEnd(p, 24*time.Hour)
	if _, err := p.rotator.Give(context.Background(), w.subject(), "ben", RejectIt("ben", "no", w.now).About("another")); !errors.Is(err, ErrUnfit) {
		t.Errorf("the record that was shown has gone: %v", err)
	}
	until := w.now.Add(30 * 24 * time.Hour)
	r := w.give(t, p, RejectIt("ben", "moves to a role", until).About(shown.ID))
	if r.Live() || r.Outcome != policy.WhyRejected || r.Rejection == nil || !r.Rejection.Until.Equal(until) || r.Rejection.Why != "moves to a role" {
		t.Errorf("%+v", r)
	}
	if len(w.user.keys) != 1 {
		t.Errorf("keys %v", w.user.keys)
	}
}

// Once work has begun, a no would leave it half done.
func TestRejectComesTooLate(t *testing.T) {
	w, p := story(t, func(w *world, _ *process) { w.places["b"].broken = true })
	if _, err := p.rotator.Give(context.Background(), w.subject(), "ben", RejectIt("ben", "no", w.now)); !errors.Is(err, ErrUnfit) {
		t.Errorf("%v", err)
	}
}
