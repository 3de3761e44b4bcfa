package rotation

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

const defaultHistories = 3000

var (
	histories = flag.Int("histories", defaultHistories, "how many histories the simulation lives through")
	lines     = flag.Int("lines", 150, "of the trace of what is broken")
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
	backup  *backup
	deeds   map[string]int // what happened, by name
}

func (h *history) did(what string) { h.deeds[what]++ }

// newHistory draws a life. alter, where set, spoils each process that starts.
func newHistory(seed uint64, trace bool, alter func(*process)) *history {
	w := newWorld(seed)
	w.tracing = trace
	h := &history{world: w, alter: alter, deeds: map[string]int{}}
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
	h.drawBackup()
	h.drawTurnAround()
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
	if h.chance(6) { // nor this place, which does
		h.places["x"] = &place{name: "x", readable: true}
		h.put(h.places["x"], h.old, false)
		h.eaters = append(h.eaters, &consumer{name: "elsewhere", place: "x", next: h.now, period: time.Duration(1+h.rng.IntN(20)) * time.Hour})
	}
	if h.chance(6) { // it read its place once, and runs on
		h.eaters = append(h.eaters, &consumer{name: "forever", place: "a", next: h.now, cache: 1 << 60, period: time.Duration(1+h.rng.IntN(20)) * time.Hour})
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
	h.drawGate()
	for _, p := range h.running {
		if _, live := p.journal.live(); !live {
			h.rotate(p, h.old, h.drawWork)
		}
		p.rotator.Gate = h.gate
	}
	if h.chance(8) {
		h.drawSelf(h.running[0])
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
	if h.chance(6) {
		r.Start = h.now.Add(time.Duration(h.rng.IntN(5*24)) * time.Hour)
	}
	switch h.rng.IntN(14) {
	case 0, 1:
		r.Work, r.Phase = accesskey.Retirement, accesskey.Noticed
		for _, p := range h.places { // a place that is known would hold it back
			if !p.readable || h.chance(2) {
				h.put(p, "", false)
			}
		}
	case 2:
		r.Flags.Force = true
		h.spare()
	case 3:
		r.Flags.Now = true
		h.spare()
	case 4:
		r.Work, r.Start = accesskey.Revocation, time.Time{}
		r.Flags.Replace = h.chance(2)
		if !r.Flags.Replace {
			r.Deliveries = nil
		}
		h.cutOff(h.old, false)
	case 5:
		r.Work, r.Start = accesskey.Revocation, time.Time{}
		r.Flags.Replace, r.Flags.ReplaceFirst = true, true
		h.cutOff(h.old, true)
	}
	h.did("begins a " + string(r.Work))
}

// drawSelf: the key is the one that our own requests are signed with.
func (h *history) drawSelf(p *process) {
	h.did("self-rotation")
	p.base, p.stuck = h.old, h.chance(4)
	if h.chance(2) {
		h.vault = append(h.vault, ForOldSecret+"|"+secretOf(h.old))
		p.journal.alter(func(r *accesskey.Record) { r.SealedOld = fmt.Sprintf("sealed %d", len(h.vault)) })
	}
}

// drawGate: what stands between a step and the world.
func (h *history) drawGate() {
	h.gate = policy.Gate{Mode: policy.Enforce}
	if h.chance(6) {
		h.did("freeze")
		from := h.now.Add(time.Duration(h.rng.IntN(4*24)) * time.Hour)
		h.gate.Freezes = []policy.Span{{From: from, Until: from.Add(time.Duration(1+h.rng.IntN(72)) * time.Hour)}}
	}
	if h.chance(6) {
		h.did("change windows")
		h.gate.Windows = [][]policy.Weekly{
			{{Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday}, From: 9 * time.Hour, Until: 17 * time.Hour}},
			{{From: 22 * time.Hour, Until: 2 * time.Hour}, {From: 12 * time.Hour, Until: 13 * time.Hour}},
		}[h.rng.IntN(2)]
	}
	if h.chance(6) {
		h.did("a budget used up")
		h.gate.Budgets = []accesskey.Reservation{{Budget: "account 123456789012", Limit: 1}}
		h.hogUntil = h.now.Add(time.Duration(h.rng.IntN(4*24)) * time.Hour)
	}
	if h.chance(6) {
		h.did("approvals")
		h.gate.Mode = policy.Approve
		h.later(time.Duration(h.rng.IntN(3*24))*time.Hour, h.approve)
	}
}

// approve: a person does, whenever it is asked for.
func (h *history) approve() {
	for i, p := range h.running {
		r, live := p.journal.live()
		if live && (r.Approval == nil || r.Approval.Version < r.Amended) && (i == 0 || p.journal != h.running[0].journal) {
			h.command(p, "approves", ApproveIt("ben", r.Version))
		}
	}
	h.later(12*time.Hour, h.approve)
}

// drawTurnAround: a person goes back as soon as some phase is reached, or some
// time later.
func (h *history) drawTurnAround() {
	if !h.chance(6) {
		return
	}
	phase := []accesskey.Phase{
		accesskey.Requested, accesskey.Noticed, accesskey.Claimed, accesskey.Created, accesskey.Proven, accesskey.Delivered,
		accesskey.Overlap, accesskey.Deactivated, accesskey.Resting,
	}[h.rng.IntN(9)]
	after := time.Duration(h.rng.IntN(2)*h.rng.IntN(20*60*60)) * time.Second
	p := h.running[0]
	happened := false
	p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
		if next.Phase == phase && !happened {
			happened = true
			h.later(after, func() {
				h.handsOff = h.now
				h.command(h.running[0], "goes back from "+string(phase), Rollback())
			})
		}
	}
}

// spare: who was not declared may fail where a person says that nobody else
// uses the key.
func (h *history) spare() {
	for _, c := range h.eaters {
		c.spared = c.spared || c.place == "" || c.place == "x" || c.cache > quickTerms().Cache || h.places[c.place].broken || !h.places[c.place].readable
	}
}

// drawFaults makes calls fail at some rate, until a day on which all is well.
func (h *history) drawFaults() {
	rate := []int{1 << 30, 1000, 200, 50, 15}[h.rng.IntN(5)]
	well := h.now.Add(time.Duration(h.rng.IntN(10*24)) * time.Hour)
	h.well = well
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
	h.backUp()
	if r, live := h.running[i].journal.live(); live && r.Phase == accesskey.Blocked && h.chance(8) {
		h.answer(h.running[i])
	}
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
		if r, live := p.journal.live(); live && r.Phase != accesskey.Blocked && len(r.Alerted) == 0 && h.now.After(p.step.Deadline) {
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

// TestSimulation lives through as many histories as are asked for, on every core.
func TestSimulation(t *testing.T) {
	n := uint64(*histories)
	if testing.Short() && n == defaultHistories {
		n /= 10
	}
	began, workers := time.Now(), uint64(runtime.GOMAXPROCS(0))
	t.Logf("-seed %d -histories %d", *seed, n)
	tallies := make([]tally, workers)
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() { tallies[i] = liveThrough(*seed+i, *seed+n, workers) })
	}
	group.Wait()
	sum := tally{ends: map[string]int{}, deeds: map[string]int{}}
	for _, one := range tallies {
		sum.add(one)
	}
	if sum.failed {
		h := newHistory(sum.seed, true, nil)
		h.live()
		t.Fatalf("replay with -seed %d -histories 1:\n%s\n%s", sum.seed, strings.Join(h.broken, "\n"), tail(h.trace))
	}
	t.Logf("%d histories in %s\nended: %v\nhappened: %v", n, time.Since(began).Round(time.Millisecond), sum.ends, sum.deeds)
	for _, want := range deeds {
		if n >= defaultHistories && sum.deeds[want] == 0 {
			t.Errorf("in %d histories nobody ever %s", n, want)
		}
	}
}

// deeds are what must happen in a run of thousands, or it proves less than it
// says.
var deeds = []string{
	"begins a rotation", "begins a retirement", "begins a revocation", "self-rotation", "freeze", "change windows", "a budget used up", "approvals",
	"approves", "holds", "releases", "revokes", "rolls back", "vetoes", "edits a place", "a tag is removed", "Terraform adopts the key",
	"the user is deleted", "an old journal is put back", "recovers", "answers retry", "answers drop", "answers force", "answers keep",
	"answers discard", "answers rollback", "goes back from requested", "goes back from claimed", "goes back from created",
	"goes back from proven", "goes back from delivered", "goes back from overlap", "goes back from resting",
}

// tally is what came of some histories.
type tally struct {
	ends, deeds map[string]int
	failed      bool
	seed        uint64 // of the first that failed
}

func (t *tally) add(u tally) {
	for what, n := range u.ends {
		t.ends[what] += n
	}
	for what, n := range u.deeds {
		t.deeds[what] += n
	}
	if u.failed && (!t.failed || u.seed < t.seed) {
		t.failed, t.seed = true, u.seed
	}
}

// liveThrough lives every so manieth history, until one fails.
func liveThrough(from, until, every uint64) tally {
	t := tally{ends: map[string]int{}, deeds: map[string]int{}}
	for s := from; s < until; s += every {
		h := newHistory(s, false, nil)
		h.live()
		for _, p := range h.running {
			t.ends[ending(p)]++
		}
		t.add(tally{deeds: h.deeds})
		if len(h.broken) > 0 {
			t.failed, t.seed = true, s
			return t
		}
	}
	return t
}

func ending(p *process) string {
	r, live := p.journal.live()
	switch {
	case !live:
		return string(p.journal.latest().Phase)
	case r.Block != nil:
		return fmt.Sprintf("%s: %s", r.Phase, r.Block.Reason)
	}
	return string(r.Phase)
}

// BenchmarkHistories lives through histories, one after another on one core,
// with every invariant checked at every event. ×real is virtual time over ours.
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
	b.ReportMetric(days*24*60*60/b.Elapsed().Seconds(), "×real")
}
