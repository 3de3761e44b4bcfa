package rotation

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

var (
	histories = flag.Int("histories", 3000, "how many histories the simulation lives through")
	seed      = flag.Uint64("seed", 1, "of the first history; the others follow")
)

// history is one seeded life: a user, its consumers, one or two Keytends, and
// everything that can go wrong.
type history struct {
	*world
	running []*process
	old     accesskey.ID
	humans  bool // people and Terraform act too
	alter   func(*process)
}

// newHistory draws a life. alter, where set, spoils each process that starts.
func newHistory(seed uint64, trace bool, alter func(*process)) *history {
	w := newWorld(seed)
	w.tracing = trace
	h := &history{world: w, alter: alter}
	h.quota = []int{2, 2, 2, 3}[w.rng.IntN(4)]
	h.propagation = time.Duration(w.rng.IntN(25)) * time.Second
	h.lag = time.Duration(w.rng.IntN(5*60)) * time.Minute
	h.trailDelay = time.Duration(1+w.rng.IntN(15)) * time.Minute
	h.maxNap = time.Duration(1+w.rng.IntN(12)) * time.Hour
	h.trailDenied, h.tagsDenied = w.chance(10), w.chance(10)
	h.humans = w.chance(2)
	h.drawUser()
	h.drawProcesses()
	h.drawFaults()
	return h
}

// chance is one in n.
func (w *world) chance(n int) bool { return w.rng.IntN(n) == 0 }

func (h *history) drawUser() {
	h.old = h.addKey("", false)
	h.describe(h.old)
	h.made[h.old].offered = true
	for _, name := range []string{"a", "b", "c"}[:1+h.rng.IntN(3)] {
		h.places[name] = &place{name: name, readable: !h.chance(6), broken: h.chance(25)}
		h.put(h.places[name], h.old, false)
		for n := h.rng.IntN(3); n > 0; n-- {
			h.eaters = append(h.eaters, &consumer{
				name: fmt.Sprintf("eater-%s%d", name, n), place: name, next: h.now,
				period: time.Duration(45+h.rng.IntN(20*60)) * time.Minute, cache: time.Duration(h.rng.IntN(60)) * time.Minute,
			})
		}
	}
	if h.chance(4) { // nobody declared it, and it never reads again
		h.eaters = append(h.eaters, &consumer{name: "undeclared", held: h.old, next: h.now, cache: 1 << 60, period: time.Duration(1+h.rng.IntN(20)) * time.Hour})
	}
	if h.chance(5) { // somebody's second key, used or not
		other := h.addKey("", false)
		if h.chance(2) {
			h.setStatus(other, accesskey.Inactive, "human")
		} else if h.chance(2) {
			h.eaters = append(h.eaters, &consumer{name: "other", held: other, next: h.now, cache: 1 << 60, period: 5 * time.Hour})
		}
	}
	h.advance(h.now.Add(72 * time.Hour))
}

func (h *history) drawProcesses() {
	j := newMemory("j1")
	h.start(h.newProcess("k1", j))
	if h.chance(2) { // two Keytends, with one journal or with two
		if h.chance(2) {
			j = newMemory("j2")
			h.tagsDenied = false // or nothing keeps them apart, as the audit says
		}
		h.start(h.newProcess("k2", j))
		h.running[0].other, h.running[1].other = h.running[1], h.running[0]
	}
	for _, p := range h.running {
		if _, live := p.journal.live(); !live {
			h.rotate(p, h.old, h.drawWork)
		}
	}
	for i := range h.running {
		h.drawClock(i)
	}
}

// drawClock: some computers' clocks are wrong, from the beginning or from some
// moment on, for good or until somebody sets them.
func (h *history) drawClock(i int) {
	if !h.chance(5) {
		return
	}
	set := func(d time.Duration) func() {
		return func() {
			h.running[i].host = d
			h.say("the clock of %s is %s off", h.running[i].name, d)
		}
	}
	wrong := time.Duration(h.rng.IntN(40*60)-20*60) * time.Second
	begin := time.Duration(h.rng.IntN(2)*h.rng.IntN(5*24*60)) * time.Minute
	h.later(begin, set(wrong))
	if !h.chance(3) {
		h.later(begin+time.Duration(1+h.rng.IntN(6*24*60))*time.Minute, set(0))
	}
}

func (h *history) start(p *process) {
	p.provable = h.chance(2)
	if h.alter != nil {
		h.alter(p)
	}
	h.running = append(h.running, p)
}

func (h *history) drawWork(r *accesskey.Record) {
	switch h.rng.IntN(10) {
	case 0:
		r.Work, r.Phase = accesskey.Retirement, accesskey.Noticed
		for _, p := range h.places { // a place that is known would hold it back
			if !p.readable || h.chance(2) {
				h.put(p, "", false)
			}
		}
	case 1:
		r.Flags.Force = true
		h.spare()
	case 2:
		r.Flags.Now = true
		h.spare()
	}
}

// spare: who was not declared may fail where a person says that nobody else
// uses the key.
func (h *history) spare() {
	for _, c := range h.eaters {
		c.spared = c.spared || c.place == "" || h.places[c.place].broken || !h.places[c.place].readable
	}
}

// drawFaults makes calls fail at some rate, until a day on which all is well.
func (h *history) drawFaults() {
	rate := []int{1 << 30, 1000, 200, 50, 15}[h.rng.IntN(5)]
	well := h.now.Add(time.Duration(h.rng.IntN(10*24)) * time.Hour)
	kinds := []mode{refuse, notDone, lose, late, die, dieAfter, dieLate, stall, stallSent}
	h.fault = func(n int, name string, mutates bool) mode {
		if h.now.After(well) || h.rng.IntN(rate) != 0 {
			return proceed
		}
		m := kinds[h.rng.IntN(len(kinds))]
		switch {
		case n == -1 || !mutates && m >= notDone && m < die:
			return refuse
		case n == -2 && m != stall, strings.HasPrefix(name, "journal") && m >= stall:
			return proceed
		}
		return m
	}
}

// live lives it to the end.
func (h *history) live() {
	until := h.now.Add(time.Duration(10+h.rng.IntN(30)) * 24 * time.Hour)
	for h.now.Before(until) && len(h.broken) == 0 && !h.over() {
		h.turn()
		if h.humans && h.chance(40) {
			h.meddle()
		}
	}
	h.fault = func(int, string, bool) mode { return proceed }
	h.calm()
	h.atEnd()
}

// turn gives the process whose time it is its pass.
func (h *history) turn() {
	i := 0
	for k, p := range h.running {
		if p.next.Before(h.running[i].next) {
			i = k
		}
	}
	h.advance(h.running[i].next)
	_, _ = h.runOne(h.running[i])
	for i, p := range h.running {
		if p.dead {
			h.running[i] = h.reborn(p)
			if h.alter != nil {
				h.alter(h.running[i])
			}
		}
	}
}

func (h *history) over() bool {
	for _, p := range h.running {
		if _, live := p.journal.live(); live {
			return false
		}
	}
	return true
}

// calm gives everybody time to finish once nothing fails any more.
func (h *history) calm() {
	until := h.now.Add(40 * 24 * time.Hour)
	for h.now.Before(until) && len(h.broken) == 0 && !h.settled() {
		h.turn()
	}
	if len(h.broken) > 0 {
		return
	}
	for _, p := range h.running {
		if r, live := p.journal.live(); live && r.Phase != accesskey.Blocked && len(r.Alerted) == 0 {
			h.violate("6: %s is still %s, and nobody was told", p.name, r.Phase)
		}
	}
}

func (h *history) settled() bool {
	for _, p := range h.running {
		if r, live := p.journal.live(); live && r.Phase != accesskey.Blocked {
			return false
		}
	}
	return true
}

// meddle: people and Terraform do as they like. Who edits a destination by hand
// or deletes a key takes what comes of it on themselves.
func (h *history) meddle() {
	h.handsOff = h.now
	keys := h.user.keys
	if len(keys) == 0 {
		return
	}
	switch h.rng.IntN(8) {
	case 0: // somebody makes a key
		if len(keys) < h.quota {
			h.addKey("", false)
		}
	case 1: // and deletes one
		if len(keys) > 1 {
			h.deleteKey(keys[h.rng.IntN(len(keys))].id, "human")
		}
	case 2, 3: // switches one off, or on
		k := keys[h.rng.IntN(len(keys))]
		if k.status == accesskey.Active {
			h.setStatus(k.id, accesskey.Inactive, "human")
		} else {
			h.setStatus(k.id, accesskey.Active, "human")
		}
	case 4: // puts the old key back
		if p := h.places["a"]; p != nil && p.readable {
			h.put(p, h.old, true)
		}
	case 5: // Terraform removes tags it doesn't know
		h.tagRemoved = true
		h.change(func(u *user) { delete(u.tags, ClaimTag) })
	case 6: // a person rolls back
		h.order(h.running[0].journal, turnBackWhereItCan)
	case 7: // or decides something
		h.order(h.running[0].journal, func(w *world, r *accesskey.Record) {
			if r.Hold == nil {
				r.Hold = &accesskey.Hold{By: "ana", At: w.now}
				w.later(20*time.Hour, func() { w.order(h.running[0].journal, func(_ *world, r *accesskey.Record) { r.Hold = nil }) })
			}
		})
	}
}

func turnBackWhereItCan(w *world, r *accesskey.Record) {
	if r.Work == accesskey.Rotation && r.Stage() != accesskey.RollingBack {
		turnBack(w, r)
	}
}

func TestSimulation(t *testing.T) {
	ends := map[string]int{}
	began := time.Now()
	for s := *seed; s < *seed+uint64(*histories); s++ {
		h := newHistory(s, false, nil)
		h.live()
		for _, p := range h.running {
			if r, live := p.journal.live(); live {
				why := ""
				if r.Block != nil {
					why = string(r.Block.Reason)
				}
				ends[string(r.Phase)+" "+why]++
			} else {
				ends[string(p.journal.latest().Phase)]++
			}
		}
		if len(h.broken) > 0 {
			h := newHistory(s, true, nil)
			h.live()
			t.Fatalf("replay with -seed %d -histories 1:\n%s\n%s", s, strings.Join(h.broken, "\n"), tail(h.trace))
		}
	}
	t.Logf("%d histories in %s: %v", *histories, time.Since(began).Round(time.Millisecond), ends)
}

// BenchmarkHistories lives through histories, one after another on one core,
// with every invariant checked at every event. days/s are of virtual time.
func BenchmarkHistories(b *testing.B) {
	var days float64
	s := *seed
	for b.Loop() {
		h := newHistory(s, false, nil)
		h.live()
		if len(h.broken) > 0 {
			b.Fatalf("seed %d: %s", s, h.broken[0])
		}
		days += h.now.Sub(start).Hours() / 24
		s++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "histories/s")
	b.ReportMetric(days/b.Elapsed().Seconds(), "days/s")
}
