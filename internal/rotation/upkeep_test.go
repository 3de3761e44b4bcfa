package rotation

import (
	"errors"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// TestOwnKeyIsLeft: a Keytend whose own requests are signed with the key goes on
// with the new one, and with the old one again in a rollback.
func TestOwnKeyIsLeft(t *testing.T) {
	own := func() (*world, *process) {
		w, p := ordinaryWork(nil, nil)()
		p.base = p.journal.mustLive().Old
		w.vault = append(w.vault, ForOldSecret+"|"+secretOf(p.base))
		p.journal.alter(func(r *accesskey.Record) { r.SealedOld = "sealed 1" })
		return w, p
	}
	t.Run("forwards", func(t *testing.T) {
		w, p := own()
		w.mustEnd(t, p, accesskey.Done)
		if r := p.journal.latest(); p.base != r.New {
			t.Errorf("signed with %s, want %s", p.base, r.New)
		}
	})
	t.Run("and back", func(t *testing.T) {
		w, p := own()
		w.when(p, accesskey.Overlap, time.Hour, func(accesskey.Record) { w.order(p.journal, turnBack) })
		w.mustEnd(t, p, accesskey.RolledBack)
		if r := p.journal.latest(); p.base != r.Old {
			t.Errorf("signed with %s, want %s", p.base, r.Old)
		}
	})
}

// TestBlockStandsWhileReadingFails: that a fact can't be read just now is no
// reason to take a question back, or to ask it twice.
func TestBlockStandsWhileReadingFails(t *testing.T) {
	w, p := story(t, func(w *world, _ *process) { w.places["b"].broken = true })
	blockedFor(t, p, policy.WhyUndelivered)
	asked := p.journal.mustLive().Block.Since
	w.fault = func(_ int, name string, _ bool) mode {
		if name == "iam:GetUser" {
			return refuse
		}
		return proceed
	}
	w.passes(p, 3)
	w.fault = func(int, string, bool) mode { return proceed }
	w.passes(p, 3)
	blockedFor(t, p, policy.WhyUndelivered)
	if since := p.journal.mustLive().Block.Since; !since.Equal(asked) {
		t.Errorf("asked at %s and again at %s", asked, since)
	}
}

// TestLateRequestIsOurs: our request to switch the old key off comes after it
// was settled as not done, and is ours to take back.
func TestLateRequestIsOurs(t *testing.T) {
	w, p := ordinaryWork(nil, nil)()
	w.failOnce("iam:UpdateAccessKey Inactive", late)
	p.journal.onEvent("deactivate settled: not done", func(accesskey.Record) {
		w.later(0, func() { w.give(t, p, HoldIt("ana", "lunch", time.Time{})) })
	})
	for range 400 {
		w.advance(p.next)
		_, _ = w.runOne(p)
	}
	r := p.journal.mustLive()
	if r.Phase != accesskey.Resting || r.OldExit.Deactivated.IsZero() || r.OldExit.Ordered || len(w.broken) > 0 {
		t.Errorf("phase %s, exit %+v, broken %v", r.Phase, r.OldExit, w.broken)
	}
}

// TestGiveUpNotWithAKeyInNobodysHands: such a key would stay for ever.
func TestGiveUpNotWithAKeyInNobodysHands(t *testing.T) {
	r := accesskey.Record{
		Phase: accesskey.Blocked, Block: &accesskey.Block{Reason: policy.WhyRefused, Resume: accesskey.Proven}, Terms: quickTerms(),
		New: "AKIAI44QH8DHBEXAMPLE", Sealed: "sealed 1",
	}
	if err := Resolve("drop").do(&r, start); !errors.Is(err, ErrUnfit) {
		t.Errorf("error %v", err)
	}
}

// TestRollbackAfterALongAbsence: nobody was there for days after a person went
// back; what was not tried yet is not given up.
func TestRollbackAfterALongAbsence(t *testing.T) {
	w, p := ordinaryWork(nil, nil)()
	for p.journal.mustLive().Phase != accesskey.Overlap {
		w.advance(p.next)
		_, _ = w.runOne(p)
	}
	w.give(t, p, Rollback())
	p.next = w.now.Add(3 * 24 * time.Hour)
	w.mustEnd(t, p, accesskey.RolledBack)
	if r := p.journal.latest(); w.places["a"].key != r.Old || w.places["b"].key != r.Old {
		t.Errorf("a holds %s, b %s", w.places["a"].key, w.places["b"].key)
	}
}

// TestVetoOfAReplacedLeak: a leaked key that was replaced and switched off comes
// back, and a person says that it has to go all the same: it is switched off, and
// not replaced a second time.
func TestVetoOfAReplacedLeak(t *testing.T) {
	w, p := ordinaryWork(func(w *world) { w.quota = 3 }, func(r *accesskey.Record) {
		r.Work, r.Flags.Replace, r.Flags.ReplaceFirst = accesskey.Revocation, true, true
	})()
	w.when(p, accesskey.Resting, 2*time.Hour, func(r accesskey.Record) { w.setStatus(r.Old, accesskey.Active, "human") })
	w.untilEnd(p, 30*24*time.Hour)
	blockedFor(t, p, policy.WhyVeto)
	r := w.give(t, p, Resolve("force"))
	w.isOff(t, p, r.Old)
	w.mustEnd(t, p, accesskey.Done)
	if len(w.user.keys) != 1 || w.user.keys[0].id != r.New {
		t.Errorf("keys %v", w.user.keys)
	}
}
