package rotation

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// turnedBack is a person's rollback some seconds after the journal shows what
// is waited for.
func (w *world) turnedBack(p *process, after time.Duration, shows func(accesskey.Record) bool) {
	ordered := false
	p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
		if !ordered && shows(next) {
			ordered = true
			w.later(after, func() { w.order(p.journal, turnBack) })
		}
	}
}

func (w *world) fineAt(t *testing.T, p *process, want accesskey.Phase) {
	t.Helper()
	r, _ := w.untilEnd(p, 60*24*time.Hour)
	w.advance(w.now.Add(24 * time.Hour))
	w.atEnd()
	if r.Phase != want || len(w.broken) > 0 {
		t.Fatalf("ended %s, want %s; broken: %s\n%s", r.Phase, want, strings.Join(w.broken, "\n"), tail(w.trace))
	}
}

// TestRollbackWhileSwitchingOff: a person goes back while it is not known yet
// whether the old key was switched off. What is found out then doesn't undo
// that.
func TestRollbackWhileSwitchingOff(t *testing.T) {
	for _, m := range []mode{notDone, lose, late, die, dieAfter, dieLate} {
		t.Run(fmt.Sprint(m), func(t *testing.T) {
			w, p := ordinaryWork(nil, nil)()
			w.tracing = true
			w.failOnce("iam:UpdateAccessKey Inactive", m)
			w.turnedBack(p, 3*time.Second, func(r accesskey.Record) bool { return r.Intent.Action == accesskey.Deactivate })
			w.fineAt(t, p, accesskey.RolledBack)
			if old := p.journal.latest().Old; w.places["a"].key != old {
				t.Errorf("a holds %s, want %s back", w.places["a"].key, old)
			}
		})
	}
}

// TestRollbackBeforeLateRequests: a call that was lost, and settled as not done,
// is carried out after a person went back.
func TestRollbackBeforeLateRequests(t *testing.T) {
	lost := func(r accesskey.Record) bool { return len(r.Late) > 0 }
	works := map[string]struct {
		call  string
		begin func() (*world, *process)
	}{
		"the old key is deleted": {"iam:DeleteAccessKey", ordinaryWork(nil, nil)},
		"a leaked key is switched off": {"iam:UpdateAccessKey Inactive", ordinaryWork(nil, func(r *accesskey.Record) {
			r.Work, r.Deliveries = accesskey.Revocation, nil
		})},
		"an unused key is switched off": {"iam:UpdateAccessKey Inactive", ordinaryWork(nothingUsesIt, func(r *accesskey.Record) {
			r.Work, r.Phase, r.Deliveries = accesskey.Retirement, accesskey.Noticed, nil
		})},
	}
	for name, x := range works {
		t.Run(name, func(t *testing.T) {
			w, p := x.begin()
			w.tracing = true
			w.failOnce(x.call, late)
			w.turnedBack(p, time.Second, lost)
			r, _ := w.untilEnd(p, 60*24*time.Hour)
			w.advance(w.now.Add(24 * time.Hour))
			if strings.HasPrefix(x.call, "iam:Delete") { // the key had rested, and is gone: nobody was handed it
				for _, at := range w.places {
					if at.key == r.Old {
						t.Errorf("%s holds %s, which is deleted\n%s", at.name, r.Old, tail(w.trace))
					}
				}
				return
			}
			if k, _ := w.user.find(r.Old); r.Phase != accesskey.RolledBack || k.status != accesskey.Active {
				t.Errorf("ended %s, the key %s\n%s", r.Phase, k.status, tail(w.trace))
			}
		})
	}
}

// TestUsedAfterAllBeforeLateRequest: a retirement is given up as the key was
// used; then our lost request to switch it off arrives.
func TestUsedAfterAllBeforeLateRequest(t *testing.T) {
	w, p := ordinaryWork(nothingUsesIt, func(r *accesskey.Record) {
		r.Work, r.Phase, r.Deliveries = accesskey.Retirement, accesskey.Noticed, nil
	})()
	w.tracing = true
	old := p.journal.mustLive().Old
	w.failOnce("iam:UpdateAccessKey Inactive", late)
	used := false
	p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
		if len(next.Late) > 0 && !used {
			used = true
			w.made[old].uses = append(w.made[old].uses, use{w.now.Add(-w.lag), "once a quarter"})
		}
	}
	r, _ := w.untilEnd(p, 60*24*time.Hour)
	w.advance(w.now.Add(24 * time.Hour))
	if k, _ := w.user.find(old); r.Phase != accesskey.RolledBack || k.status != accesskey.Active {
		t.Errorf("ended %s, the key %s\n%s", r.Phase, k.status, tail(w.trace))
	}
}

// TestLostKeyIsNotTakenForTheUsers: CreateAccessKey is carried out long after it
// was settled as not done, while the claim is made anew, and CloudTrail can't be
// had: a person is asked about the key.
func TestLostKeyIsNotTakenForTheUsers(t *testing.T) {
	w := lived(nil, func(w *world, p *process) {
		w.quota, w.trailDenied = 3, true
		w.failOnce("iam:CreateAccessKey", late)
		held := false
		p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
			if next.LostCreate && !held {
				held = true
				w.later(0, func() { w.give(t, p, HoldIt("ana", "lunch", time.Time{})) })
				w.later(20*time.Minute, func() { w.give(t, p, Release()) })
			}
		}
	})
	if len(w.broken) > 0 {
		t.Errorf("%s\n%s", strings.Join(w.broken, "\n"), tail(w.trace))
	}
	blockedFor(t, w.processes[0], policy.WhyUnknownKey)
}

// putBack lives on until rest, and then puts the journal back as it was when the
// overlap began. From then on nothing may be changed.
func putBack(t *testing.T) (*world, *process) {
	w, p := ordinaryWork(nil, nil)()
	w.tracing = true
	until := func(phase accesskey.Phase) {
		for p.journal.mustLive().Phase != phase {
			w.advance(p.next)
			_, _ = w.runOne(p)
		}
	}
	until(accesskey.Overlap)
	copied, head := p.journal.mustLive(), p.journal.head
	until(accesskey.Resting)
	w.advance(w.now.Add(2 * time.Hour))
	p.journal.records, p.journal.head, p.next = map[string]accesskey.Record{copied.ID: copied}, head, w.now
	w.fault = func(_ int, name string, mutates bool) mode {
		if mutates && !strings.HasPrefix(name, "journal") {
			t.Errorf("%s", name)
		}
		return proceed
	}
	return w, p
}

func (w *world) passes(p *process, n int) {
	for range n {
		w.advance(p.next)
		_, _ = w.runOne(p)
	}
}

// TestOldJournalOnlyLooks: a journal put back from a copy changes nothing, for as
// long as nobody recovers, whatever it writes about that, and whatever a person
// asks of it before the first look.
func TestOldJournalOnlyLooks(t *testing.T) {
	for name, before := range map[string]func(*world, *process){
		"at once": func(*world, *process) {},
		"held and released": func(w *world, p *process) {
			w.give(t, p, HoldIt("ana", "lunch", time.Time{}))
			w.give(t, p, Release())
		},
		"after a pass to which CloudTrail did not answer": func(w *world, p *process) {
			p.rotator.Trail = deaf{p.rotator.Trail}
			w.passes(p, 3)
			p.rotator.Trail = p.rotator.Trail.(deaf).Trail
		},
		"without the record, asked anew": func(w *world, p *process) {
			old := p.journal.mustLive().Old
			p.journal.records = map[string]accesskey.Record{}
			w.rotate(p, old, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := putBack(t)
			before(w, p)
			w.passes(p, 20)
			blockedFor(t, p, policy.WhyJournalBehind)
		})
	}
}

// deaf is a CloudTrail that answers nothing about our acts.
type deaf struct{ Trail }

func (deaf) LatestAct(context.Context, accesskey.Subject) accesskey.Fact[time.Time] {
	return accesskey.Unread[time.Time]("throttled")
}

// TestTrailFailsWhenItMatters: a place that calls every 45 hours is known from
// CloudTrail, which is throttled in just the pass that would switch off.
func TestTrailFailsWhenItMatters(t *testing.T) {
	w := lived(nil, func(w *world, p *process) {
		old := p.journal.mustLive().Old
		w.eaters = append(w.eaters, &consumer{name: "seldom", held: old, cache: 1 << 60, period: 45 * time.Hour, next: w.now})
		w.advance(w.now.Add(46 * time.Hour))
		looks := 0
		w.fault = func(_ int, name string, _ bool) mode {
			if r, live := p.journal.live(); live && name == "cloudtrail uses" && r.Stage() == accesskey.Overlap {
				if looks++; looks > 4 && looks < 200 {
					return refuse
				}
			}
			return proceed
		}
	})
	if len(w.broken) > 0 {
		t.Errorf("%s\n%s", strings.Join(w.broken, "\n"), tail(w.trace))
	}
}

// TestClockJumpsWhileACallIsOpen: a process's clock is put forward, which it
// learns only from the first answer of its look: a call whose answer was lost just
// now is not settled by what an endpoint that is behind says.
func TestClockJumpsWhileACallIsOpen(t *testing.T) {
	w := lived(nil, func(w *world, p *process) {
		w.propagation = 0
		w.failOnce("iam:DeleteAccessKey", lose)
		old := p.journal.mustLive().Old
		p.journal.onWrite = func(_, next accesskey.Record, e accesskey.Event) {
			if e.What == "delete unknown" {
				w.propagation, w.staleFor = time.Minute, 10*time.Second
				p.host = 19 * time.Minute
				w.say("the clock jumps; %s is %v", old, next.Intent.Outcome)
				w.later(2*time.Hour, func() { p.host = 0 })
			}
		}
	})
	if len(w.broken) > 0 {
		t.Errorf("%s\n%s", strings.Join(w.broken, "\n"), tail(w.trace))
	}
}
