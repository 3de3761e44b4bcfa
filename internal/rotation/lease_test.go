package rotation

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// sleepy is a destination at which the process is stopped just before the last
// step, once.
type sleepy struct {
	Destination
	w     *world
	slept *int
	late  *error
}

func (s sleepy) Deliver(ctx context.Context, expect Version, next Credential) (Version, error) {
	if *s.slept == 0 {
		*s.slept++
		s.w.advance(s.w.now.Add(20 * time.Minute))
		*s.late = InTime(ctx)
		return "", *s.late
	}
	if err := InTime(ctx); err != nil {
		return "", err
	}
	return s.Destination.Deliver(ctx, expect, next)
}

// TestStoppedBeforeWriting: a process that was stopped between looking and the
// last step of a delivery doesn't take that step when it wakes up: it looks
// again.
func TestStoppedBeforeWriting(t *testing.T) {
	slept, late := 0, error(nil)
	w, p := story(t, func(w *world, p *process) {
		open := p.rotator.Destination
		p.rotator.Destination = func(s accesskey.Subject, name string) (Destination, error) {
			d, err := open(s, name)
			return sleepy{d, w, &slept, &late}, err
		}
	})
	if !errors.Is(late, ErrLeaseOver) || !errors.Is(late, ErrNotDone) {
		t.Errorf("the process wakes up and is told: %v", late)
	}
	if r := p.journal.latest(); r.Phase != accesskey.Done || len(w.broken) > 0 {
		t.Errorf("ended %s; broken %v", r.Phase, w.broken)
	}
}
