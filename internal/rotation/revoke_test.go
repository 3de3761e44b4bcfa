package rotation

import (
	"errors"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// isOff lets some passes go by: a leaked key doesn't wait.
func (w *world) isOff(t *testing.T, p *process, id accesskey.ID) {
	t.Helper()
	for range 120 {
		w.advance(p.next)
		_, _ = w.runOne(p)
	}
	if k, there := w.user.find(id); there && k.status == accesskey.Active {
		r, _ := p.journal.live()
		t.Fatalf("the leaked key is Active; phase %s, %+v, waits for %q\n%s", r.Phase, r.Block, r.Watch.Waiting, tail(w.trace))
	}
}

func TestRevokeWhatSomebodySwitchedOn(t *testing.T) {
	w, p := story(t, func(w *world, p *process) {
		w.when(p, accesskey.Resting, 2*time.Hour, func(r accesskey.Record) { w.setStatus(r.Old, accesskey.Active, "human") })
	})
	blockedFor(t, p, policy.WhyVeto)
	r := w.give(t, p, Revoke(p.journal.mustLive().Old, false, false))
	w.isOff(t, p, r.Old)
	w.mustEnd(t, p, accesskey.Done)
}

func TestRevokeWhatWasToBeginLater(t *testing.T) {
	w, old := ordinary(5)
	p := w.newProcess("keytend", newMemory("j"))
	w.rotate(p, old, func(r *accesskey.Record) { r.Start = w.now.Add(20 * 24 * time.Hour) })
	w.give(t, p, Revoke(old, true, true))
	for w.now.Sub(start) < 10*24*time.Hour {
		w.advance(p.next)
		if _, err := w.runOne(p); err != nil {
			break
		}
	}
	if k, there := w.user.find(old); there && k.status == accesskey.Active {
		t.Errorf("Active for days; it waits for %q", p.journal.mustLive().Watch.Waiting)
	}
}

// TestRevokeTwice: a second order makes no key that nobody asked for.
func TestRevokeTwice(t *testing.T) {
	w, p := ordinaryWork(nothingUsesIt, func(r *accesskey.Record) { r.Work, r.Deliveries = accesskey.Revocation, nil })()
	for p.journal.mustLive().Phase != accesskey.Deactivated {
		w.advance(p.next)
		_, _ = w.runOne(p)
	}
	r := w.give(t, p, Revoke(p.journal.mustLive().Old, false, false))
	w.isOff(t, p, r.Old)
	if len(w.user.keys) > 1 {
		t.Errorf("keys %v", w.user.keys)
	}
	w.mustEnd(t, p, accesskey.Done)
}

// TestRevokeWhileSwitchingOn: the key was just being switched on again, as late
// data showed a use.
func TestRevokeWhileSwitchingOn(t *testing.T) {
	w, p := ordinaryWork(nothingUsesIt, func(r *accesskey.Record) {
		r.Work, r.Phase, r.Deliveries = accesskey.Retirement, accesskey.Noticed, nil
	})()
	w.tracing = true
	old := p.journal.mustLive().Old
	w.failOnce("iam:UpdateAccessKey Active", lose)
	rests, ordered := false, false
	p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
		if i := next.Intent; next.Phase == accesskey.Resting && !rests {
			rests = true
			w.later(time.Hour, func() { w.made[old].uses = append(w.made[old].uses, use{w.now, "late"}) })
		} else if i.Action == accesskey.Reactivate && i.Outcome == accesskey.OutcomeUnknown && !ordered {
			ordered = true
			w.later(time.Second, func() { w.give(t, p, Revoke(old, false, false)) })
		}
	}
	for !ordered && w.now.Sub(start) < 30*24*time.Hour {
		w.advance(p.next)
		_, _ = w.runOne(p)
	}
	w.isOff(t, p, old)
	w.mustEnd(t, p, accesskey.Done)
}

// TestRevokeOnceMore: the key was switched on again by somebody before its
// replacement was made; another order switches it off, and the replacement that
// was asked for first is still made.
func TestRevokeOnceMore(t *testing.T) {
	w, p := ordinaryWork(consumersMayFail, func(r *accesskey.Record) { r.Work, r.Flags.Replace = accesskey.Revocation, true })()
	for p.journal.mustLive().Phase != accesskey.Deactivated {
		w.passes(p, 1)
	}
	r := p.journal.mustLive()
	w.advance(w.now.Add(5 * time.Minute))
	w.setStatus(r.Old, accesskey.Active, "human")
	p.next = w.now.Add(w.propagation)
	w.passes(p, 10)
	blockedFor(t, p, policy.WhyVeto)
	w.give(t, p, Revoke(r.Old, false, false))
	w.isOff(t, p, r.Old)
	w.mustEnd(t, p, accesskey.Done)
	if got := p.journal.latest().New; got == "" || w.places["a"].key != got {
		t.Errorf("replaced by %q, a holds %s", got, w.places["a"].key)
	}
}

// TestRevokeTheReplacement: the key that leaks is the one that was just delivered.
func TestRevokeTheReplacement(t *testing.T) {
	for _, phase := range []accesskey.Phase{accesskey.Overlap, accesskey.Resting, accesskey.RollingBack} {
		t.Run(string(phase), func(t *testing.T) {
			w, p := ordinaryWork(consumersMayFail, nil)()
			for p.journal.mustLive().Phase != phase {
				if phase == accesskey.RollingBack && p.journal.mustLive().Phase == accesskey.Overlap {
					w.give(t, p, Rollback())
				}
				w.passes(p, 1)
			}
			r := p.journal.mustLive()
			w.give(t, p, Revoke(r.New, false, false))
			w.isOff(t, p, r.New)
			w.mustEnd(t, p, accesskey.RolledBack)
			if k, there := w.user.find(r.Old); !there || k.status != accesskey.Active || w.places["a"].key != r.Old {
				t.Errorf("the old key is %v, a holds %s", k, w.places["a"].key)
			}
			if p.journal.latest().Denied.IsZero() {
				t.Error("its sessions live on")
			}
		})
	}
}

// TestRevokeWhatIsGoneBackTo: a leaked key doesn't wait until a rollback is over.
func TestRevokeWhatIsGoneBackTo(t *testing.T) {
	w, p := ordinaryWork(consumersMayFail, nil)()
	for p.journal.mustLive().Phase != accesskey.Overlap {
		w.passes(p, 1)
	}
	r := w.give(t, p, Rollback())
	w.passes(p, 5)
	if _, err := p.rotator.Give(t.Context(), w.subject(), "ana", Revoke(r.Old, false, false)); !errors.Is(err, ErrUnfit) {
		t.Fatalf("%v, and %s may be left over", err, r.New)
	}
	w.give(t, p, Revoke(r.New, false, false))
	w.passes(p, 10)
	w.give(t, p, Revoke(r.Old, false, false))
	w.isOff(t, p, r.Old)
	w.isOff(t, p, r.New)
}

// TestRevokeInstead: another key of the user leaks while notice of a retirement is
// given.
func TestRevokeInstead(t *testing.T) {
	w, p := ordinaryWork(nothingUsesIt, func(r *accesskey.Record) {
		r.Work, r.Phase, r.Deliveries = accesskey.Retirement, accesskey.Noticed, nil
	})()
	w.passes(p, 3)
	r := p.journal.mustLive()
	leaked := w.addKey("", false)
	if _, err := p.rotator.Give(t.Context(), w.subject(), "ana", Revoke(leaked, false, false)); !errors.Is(err, ErrUnfit) {
		t.Fatalf("%v", err)
	}
	w.give(t, p, RevokeInstead(Request{Work: accesskey.Revocation, Subject: r.Subject, Key: leaked, Terms: r.Terms}))
	w.isOff(t, p, leaked)
	w.mustEnd(t, p, accesskey.Done)
	if k, there := w.user.find(r.Old); !there || k.status != accesskey.Active {
		t.Errorf("the other key is %v", k)
	}
}
