package rotation

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// story is an ordinary rotation that blocks, or goes as far as a phase.
func story(t *testing.T, arrange func(*world, *process)) (*world, *process) {
	t.Helper()
	w, old := ordinary(5)
	p := w.newProcess("keytend", newMemory("j"))
	w.rotate(p, old, nil)
	arrange(w, p)
	w.untilEnd(p, 30*24*time.Hour)
	return w, p
}

func (w *world) give(t *testing.T, p *process, o Order) accesskey.Record {
	t.Helper()
	r, err := p.rotator.Give(context.Background(), w.subject(), "ana", o)
	if err != nil {
		t.Fatal(err)
	}
	p.next = w.now
	return r
}

func (w *world) mustEnd(t *testing.T, p *process, want accesskey.Phase) {
	t.Helper()
	r, _ := w.untilEnd(p, 60*24*time.Hour)
	w.atEnd()
	if r.Phase != want || len(w.broken) > 0 {
		t.Fatalf("ended %s (%+v), want %s; broken: %s", r.Phase, r.Block, want, strings.Join(w.broken, "\n"))
	}
}

func blockedFor(t *testing.T, p *process, why accesskey.Reason) {
	t.Helper()
	if r := p.journal.mustLive(); r.Block == nil || r.Block.Reason != why {
		t.Fatalf("phase %s, %+v, want blocked: %s", r.Phase, r.Block, why)
	}
}

func TestResolveUndelivered(t *testing.T) {
	broken := func(w *world, _ *process) { w.places["b"].broken = true }
	t.Run("retry", func(t *testing.T) {
		w, p := story(t, broken)
		blockedFor(t, p, policy.WhyUndelivered)
		w.places["b"].broken = false
		w.give(t, p, Resolve("retry"))
		w.mustEnd(t, p, accesskey.Done)
	})
	t.Run("rollback", func(t *testing.T) {
		w, p := story(t, broken)
		w.give(t, p, Rollback())
		w.mustEnd(t, p, accesskey.RolledBack)
		if w.places["a"].key != p.journal.latest().Old {
			t.Errorf("a holds %s", w.places["a"].key)
		}
	})
	t.Run("an answer that doesn't fit", func(t *testing.T) {
		w, p := story(t, broken)
		if _, err := p.rotator.Give(context.Background(), w.subject(), "ana", Resolve("keep")); !errors.Is(err, ErrUnfit) {
			t.Errorf("error %v", err)
		}
	})
}

func TestResolveStillUsed(t *testing.T) {
	w, p := story(t, func(w *world, p *process) {
		w.eaters = append(w.eaters, &consumer{name: "undeclared", held: p.journal.mustLive().Old, cache: 1 << 60, period: time.Hour, next: w.now, spared: true})
	})
	blockedFor(t, p, policy.WhyStillUsed)
	w.give(t, p, Resolve("force"))
	w.mustEnd(t, p, accesskey.Done)
}

func TestResolveVeto(t *testing.T) {
	w, p := story(t, func(w *world, p *process) {
		w.when(p, accesskey.Resting, 2*time.Hour, func(r accesskey.Record) { w.setStatus(r.Old, accesskey.Active, "human") })
	})
	blockedFor(t, p, policy.WhyVeto)
	w.give(t, p, Resolve("keep"))
	r := p.journal.latest()
	if r.Phase != accesskey.RolledBack || len(w.user.keys) != 2 {
		t.Errorf("phase %s, keys %v", r.Phase, w.user.keys)
	}
}

func TestResolveUnknownKey(t *testing.T) {
	arrange := func(w *world, _ *process) {
		w.trailDenied, w.quota = true, 3
		w.failOnce("iam:CreateAccessKey", lose)
	}
	t.Run("discard", func(t *testing.T) {
		w, p := story(t, arrange)
		blockedFor(t, p, policy.WhyUnknownKey)
		w.give(t, p, Resolve("discard"))
		w.mustEnd(t, p, accesskey.Done)
	})
	t.Run("keep", func(t *testing.T) {
		w, p := story(t, arrange)
		blockedFor(t, p, policy.WhyUnknownKey)
		w.made[w.user.keys[1].id].offered = true // the person has it
		w.give(t, p, Resolve("keep"))
		w.mustEnd(t, p, accesskey.Done)
		if len(w.user.keys) != 2 {
			t.Errorf("keys %v", w.user.keys)
		}
	})
}

func TestHoldStopsAllButTheWayBack(t *testing.T) {
	w, p := story(t, func(w *world, p *process) {
		w.when(p, accesskey.Overlap, 0, func(accesskey.Record) { w.give(t, p, HoldIt("ana", "audit", time.Time{})) })
	})
	if r := p.journal.mustLive(); r.Phase != accesskey.Overlap || len(r.Alerted) != 1 || r.Alerted[0] != policy.WhyHeld {
		t.Fatalf("phase %s, alerted %v", r.Phase, r.Alerted)
	}
	w.give(t, p, Rollback())
	w.advance(w.now.Add(time.Minute))
	for range 40 {
		w.advance(p.next)
		_, _ = w.runOne(p)
	}
	if old := p.journal.mustLive().Old; w.places["a"].key != old {
		t.Errorf("a holds %s while held, want the old key back", w.places["a"].key)
	}
	w.give(t, p, Release())
	w.mustEnd(t, p, accesskey.RolledBack)
}

func TestRevealCountsAsOffered(t *testing.T) {
	w, old := ordinary(5)
	p := w.newProcess("keytend", newMemory("j"))
	w.rotate(p, old, func(r *accesskey.Record) { r.Deliveries, r.Flags.Now = nil, true })
	for p.journal.mustLive().Phase != accesskey.Proven {
		w.advance(p.next)
		_, _ = w.runOne(p)
	}
	if _, err := p.rotator.NewSecret(context.Background(), p.journal.mustLive()); !errors.Is(err, ErrUnfit) {
		t.Errorf("shown before it was written down: %v", err)
	}
	r := w.give(t, p, Reveal())
	c, err := p.rotator.NewSecret(context.Background(), r)
	if err != nil || c.Secret.Reveal() != secretOf(r.New) {
		t.Fatalf("secret: %v", err)
	}
	w.made[r.New].offered = true
	for _, at := range w.places {
		w.put(at, r.New, true)
	}
	w.mustEnd(t, p, accesskey.Done)
}

func TestBegin(t *testing.T) {
	w, old := ordinary(5)
	p := w.newProcess("keytend", newMemory("j"))
	q := Request{Work: accesskey.Rotation, Subject: w.subject(), Key: old, Destinations: []string{"a", "b"}, Terms: quickTerms(), Who: "ana"}
	if _, err := p.rotator.Begin(context.Background(), q); err != nil {
		t.Fatal(err)
	}
	if _, err := p.rotator.Begin(context.Background(), q); !errors.Is(err, ErrExists) {
		t.Errorf("a second one: %v", err)
	}
	w.mustEnd(t, p, accesskey.Done)
}

func TestApprovalBindsToWhatWasShown(t *testing.T) {
	w, old := ordinary(5)
	p := w.newProcess("keytend", newMemory("j"))
	p.rotator.Gate.Mode = policy.Approve
	shown := w.rotate(p, old, nil)
	w.untilEnd(p, 24*time.Hour)
	if r := p.journal.mustLive(); r.Phase != accesskey.Requested || r.Watch.Waiting != policy.WhyUnapproved {
		t.Fatalf("phase %s, waits for %q", r.Phase, r.Watch.Waiting)
	}
	w.give(t, p, ApproveIt("ben", shown.Version))
	w.mustEnd(t, p, accesskey.Done)
	if _, err := p.rotator.Give(context.Background(), w.subject(), "ben", ApproveIt("ben", 1)); !errors.Is(err, ErrNoRecord) {
		t.Errorf("approving what has ended: %v", err)
	}
}

func TestBudgetIsDrawnWithTheIntent(t *testing.T) {
	w, old := ordinary(5)
	p := w.newProcess("keytend", newMemory("j"))
	p.rotator.Gate.Budgets = []accesskey.Reservation{{Budget: "account 123456789012", Limit: 0}}
	w.rotate(p, old, nil)
	w.untilEnd(p, 24*time.Hour)
	if r := p.journal.mustLive(); len(w.user.keys) != 1 || r.Watch.Waiting != policy.WhyBudget {
		t.Fatalf("keys %v, waits for %q", w.user.keys, r.Watch.Waiting)
	}
	p.rotator.Gate.Budgets[0].Limit = 1
	w.mustEnd(t, p, accesskey.Done)
}

// TestLostEscrow: a proved key whose secret can't be had any more doesn't stay.
func TestLostEscrow(t *testing.T) {
	w, p := story(t, func(w *world, p *process) {
		w.fault = func(_ int, name string, _ bool) mode {
			if r, live := p.journal.live(); live && name == "escrow open" && r.Stage() == accesskey.Proven {
				return refuse
			}
			return proceed
		}
	})
	r := p.journal.latest()
	if r.Phase != accesskey.RolledBack || r.Outcome != policy.WhyUndelivered || len(w.user.keys) != 1 {
		t.Errorf("phase %s (%s), keys %v", r.Phase, r.Outcome, w.user.keys)
	}
}

// TestGiveUpWhatNobodyCanGoOnWith: the user is deleted while a key of ours is in
// nobody's hands; the record can be ended.
func TestGiveUpWhatNobodyCanGoOnWith(t *testing.T) {
	w, p := story(t, func(w *world, p *process) {
		w.propagation = 0
		w.when(p, accesskey.Created, 0, func(accesskey.Record) { w.change(func(u *user) { u.id, u.keys = "", nil }) })
	})
	blockedFor(t, p, policy.WhyUserGone)
	if r := w.give(t, p, Resolve("drop")); r.Live() || r.Sealed != "" {
		t.Errorf("phase %s", r.Phase)
	}
}

// TestGiveUpNotWhileARequestMayArrive: an ended record looks after nobody.
func TestGiveUpNotWhileARequestMayArrive(t *testing.T) {
	r := accesskey.Record{
		Phase: accesskey.Blocked, Block: &accesskey.Block{Reason: policy.WhyRefused, Resume: accesskey.Overlap}, Terms: quickTerms(),
		Flags: accesskey.Flags{Offered: true}, Late: []accesskey.Intent{{Action: accesskey.Deactivate, Until: start}},
	}
	early, late := r.Clone(), r.Clone()
	if err := Resolve("drop").do(&early, start.Add(15*time.Minute)); !errors.Is(err, ErrUnfit) {
		t.Errorf("error %v", err)
	}
	if err := Resolve("drop").do(&late, start.Add(16*time.Minute)); err != nil || late.Live() {
		t.Errorf("error %v, phase %s", err, late.Phase)
	}
}

// TestEachRetryWatchesAsLong: each retry watches the key for overlap_max once more, and
// no longer.
func TestEachRetryWatchesAsLong(t *testing.T) {
	w, p := story(t, func(w *world, p *process) {
		w.eaters = append(w.eaters, &consumer{name: "undeclared", held: p.journal.mustLive().Old, cache: 1 << 60, period: 9 * time.Hour, next: w.now})
	})
	for range 3 {
		blockedFor(t, p, policy.WhyStillUsed)
		r := w.give(t, p, Resolve("retry"))
		from := w.now
		w.untilEnd(p, 30*24*time.Hour)
		blockedFor(t, p, policy.WhyStillUsed)
		if watched := p.journal.mustLive().Block.Since.Sub(from); watched < r.Terms.OverlapMax || watched > r.Terms.OverlapMax+w.maxNap {
			t.Fatalf("watched for %s, want %s", watched, quickTerms().OverlapMax)
		}
	}
	if len(w.broken) > 0 {
		t.Error(w.broken)
	}
}
