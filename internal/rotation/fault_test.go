package rotation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// work is a piece of work to be lived through.
type work struct {
	name  string
	begin func() (*world, *process)
	phase accesskey.Phase // where it ends when nothing fails
}

// works are the ways through the protocol whose every call fails in turn.
var works = []work{
	{"rotation", ordinaryWork(nil, nil), accesskey.Done},
	{"rotation, nothing waited for", ordinaryWork(nil, func(r *accesskey.Record) { r.Flags.Now = true }), accesskey.Done},
	{"rotation, tagging denied", ordinaryWork(func(w *world) { w.tagsDenied = true }, nil), accesskey.Done},
	{"rotation, CloudTrail denied", ordinaryWork(func(w *world) { w.trailDenied = true }, nil), accesskey.Done},
	{"a place that can't be read", ordinaryWork(func(w *world) { w.places["b"].readable = false }, nil), accesskey.Done},
	{"the new key vanishes", withEvent(accesskey.Overlap, func(w *world, r accesskey.Record) {
		w.handsOff, w.touched = w.now, w.now
		w.deleteKey(r.New, "human")
	}), accesskey.RolledBack},
	{"rollback from the overlap", withOrder(accesskey.Overlap, turnBack), accesskey.RolledBack},
	{"rollback from rest", withOrder(accesskey.Resting, turnBack), accesskey.RolledBack},
	{"rollback before delivery", withOrder(accesskey.Proven, turnBack), accesskey.RolledBack},
	{"no room", ordinaryWork(func(w *world) {
		other := w.addKey("", false)
		w.setStatus(other, accesskey.Inactive, "human")
	}, nil), accesskey.Done},
	{"retirement", ordinaryWork(nothingUsesIt, func(r *accesskey.Record) {
		r.Work, r.Phase, r.Deliveries = accesskey.Retirement, accesskey.Noticed, nil
	}), accesskey.Done},
	{"revocation", ordinaryWork(nothingUsesIt, func(r *accesskey.Record) { r.Work, r.Deliveries = accesskey.Revocation, nil }), accesskey.Done},
	{"revocation, then a new key", ordinaryWork(consumersMayFail, func(r *accesskey.Record) {
		r.Work, r.Flags.Replace = accesskey.Revocation, true
	}), accesskey.Done},
	{"a new key, then revocation", ordinaryWork(nil, func(r *accesskey.Record) {
		r.Work, r.Flags.Replace, r.Flags.ReplaceFirst = accesskey.Revocation, true, true
	}), accesskey.Done},
}

func nothingUsesIt(w *world) {
	w.eaters = nil
	for _, p := range w.places {
		p.key = ""
	}
}

func consumersMayFail(w *world) {
	for _, c := range w.eaters {
		c.spared = true
	}
}

func ordinaryWork(prepare func(*world), alter func(*accesskey.Record)) func() (*world, *process) {
	return func() (*world, *process) {
		w, old := ordinary(1)
		if prepare != nil {
			prepare(w)
		}
		j := newMemory("j")
		p := w.newProcess("keytend", j)
		w.rotate(p, old, alter)
		return w, p
	}
}

// withEvent lets something happen once the record has been in a phase for some
// hours.
func withEvent(phase accesskey.Phase, happens func(*world, accesskey.Record)) func() (*world, *process) {
	return func() (*world, *process) {
		w, p := ordinaryWork(nil, nil)()
		happened := false
		p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
			if next.Phase == phase && !happened {
				happened = true
				w.later(3*time.Hour, func() { happens(w, next) })
			}
		}
		return w, p
	}
}

// withOrder lets a person give an order as soon as the record enters a phase.
func withOrder(phase accesskey.Phase, order func(*world, *accesskey.Record)) func() (*world, *process) {
	return func() (*world, *process) {
		w, p := ordinaryWork(nil, nil)()
		ordered := false
		p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
			if next.Phase == phase && !ordered {
				ordered = true
				w.later(5*time.Second, func() { w.order(p.journal, order) })
			}
		}
		return w, p
	}
}

// order is a person's command: it replaces the record as it stands.
func (w *world) order(j *memory, do func(*world, *accesskey.Record)) {
	r, live := j.live()
	if !live {
		return
	}
	next := r.Clone()
	do(w, &next)
	if _, err := j.write(r, next, accesskey.Event{What: "order", At: w.now}); err != nil {
		panic(err)
	}
}

func turnBack(w *world, r *accesskey.Record) {
	w.say("a person rolls back")
	if r.Phase == accesskey.Blocked {
		r.Phase, r.Block = r.Block.Resume, nil
	}
	TurnAround(r, policy.WhyPersonRolledBack, w.now)
}

func TestOrdinary(t *testing.T) {
	for _, x := range works {
		t.Run(x.name, func(t *testing.T) {
			w, p := x.begin()
			w.tracing = true
			r, _ := w.untilEnd(p, 60*24*time.Hour)
			w.atEnd()
			if r.Phase != x.phase || len(w.broken) > 0 {
				t.Errorf("ended %s, want %s; broken %v\n%s", r.Phase, x.phase, w.broken, strings.Join(w.trace, "\n"))
			}
			t.Logf("%d calls, %s", w.calls, w.now.Sub(start))
		})
	}
}

// TestFaults fails every call of every way through the protocol, in every way,
// with the process going on or dying of it: the invariants hold and the record
// ends, or is a person's turn.
func TestFaults(t *testing.T) {
	for _, x := range works {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			runs, step := 0, 1
			if testing.Short() {
				step = 5
			}
			for n := 1; ; n += step {
				reached := false
				for _, f := range []mode{refuse, notDone, lose, late, die, dieAfter, dieLate} {
					for _, provable := range []bool{true, false} {
						if !provable && f < die {
							continue
						}
						hit := faultAt(t, x, n, f, provable)
						reached = reached || hit != ""
						runs++
					}
				}
				if !reached {
					t.Logf("%d runs", runs)
					return
				}
			}
		})
	}
}

// faultAt lives through a piece of work whose n-th call fails. It returns the
// name of that call; empty: there is none, or it can't fail so.
func faultAt(t *testing.T, x work, n int, f mode, provable bool) (hit string) {
	t.Helper()
	run := func(trace bool) (*world, accesskey.Record) {
		w, p := x.begin()
		w.tracing, p.provable = trace, provable
		from := w.calls
		w.fault = func(k int, name string, mutates bool) mode {
			if k < 0 || k-from != n || !mutates && !slices.Contains([]mode{refuse, die}, f) {
				if k-from == n {
					hit = name
				}
				return proceed
			}
			hit = name
			return f
		}
		r, _ := w.untilEnd(p, 90*24*time.Hour)
		w.advance(w.now.Add(time.Hour))
		w.atEnd()
		if !ended(r) {
			w.violate("6: neither over nor a person's turn: %s", r.Phase)
		}
		return w, r
	}
	if w, _ := run(false); len(w.broken) > 0 {
		w, r := run(true)
		t.Fatalf("call %d (%s) mode %d, death provable %v: ended %s\n%s\n%s", n, hit, f, provable, r.Phase, strings.Join(w.broken, "\n"), tail(w.trace))
	}
	return hit
}

func tail(trace []string) string {
	return strings.Join(trace[max(0, len(trace)-*lines):], "\n")
}
