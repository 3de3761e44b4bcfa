package rotation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// offRule is Decide without the checks of one rule.
func offRule(n int) func(policy.Input, time.Time) policy.Step {
	p := policy.Whole()
	for stage, clauses := range p {
		p[stage] = slices.DeleteFunc(slices.Clone(clauses), func(c policy.Clause) bool { return c.Rule == n })
	}
	return p.Decide
}

func off(n int) func(*process) { return func(p *process) { p.rotator.Decide = offRule(n) } }

// offCheck switches off a single check.
func offCheck(name string) func(*process) {
	return func(p *process) {
		all := policy.Whole()
		for stage, clauses := range all {
			all[stage] = slices.DeleteFunc(slices.Clone(clauses), func(c policy.Clause) bool { return c.Name == name })
		}
		p.rotator.Decide = all.Decide
	}
}

// guesser takes every new key for ours.
type guesser struct{ Trail }

func (g guesser) Author(context.Context, accesskey.Subject, accesskey.ID) accesskey.Fact[Authorship] {
	p := g.Trail.(trail).p
	r, _ := p.journal.live()
	return accesskey.Observed(Authorship{Found: true, Token: r.Claim.Token}, p.w.now, "a guess")
}

// optimist takes a look-up that failed for "never used".
type optimist struct{ Keys }

func (o optimist) User(ctx context.Context, s accesskey.Subject) accesskey.Fact[accesskey.User] {
	u, known := o.Keys.User(ctx, s).Get()
	if !known {
		return accesskey.Unread[accesskey.User]("throttled")
	}
	keys, _ := u.Keys.Get()
	for i := range keys {
		if !keys[i].LastUsed.Known() {
			keys[i].LastUsed = accesskey.Observed(accesskey.LastUse{}, u.Keys.At(), "a bare except")
		}
	}
	return accesskey.Observed(u, u.Keys.At(), "iam")
}

// scenarios are, rule by rule, a history that goes well with the rule and not
// without it.
var scenarios = []struct {
	rule  int
	name  string
	spoil func(*process)
	live  func(spoil func(*process)) *world
}{
	{1, "a reply is lost", off(1), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, _ *process) { w.failOnce("iam:CreateAccessKey", late) })
	}},
	{2, "a colleague makes a key while our reply is lost", func(p *process) { p.rotator.Trail = guesser{p.rotator.Trail} },
		func(spoil func(*process)) *world {
			return lived(spoil, func(w *world, p *process) {
				w.failOnce("iam:CreateAccessKey", notDone)
				w.when(p, accesskey.Claimed, 5*time.Second, func(accesskey.Record) {
					w.made[w.addKey("", false)].offered = true
				})
			})
		}},
	{3, "two journals", off(3), func(spoil func(*process)) *world {
		w, old := ordinary(3)
		w.quota = 3
		ps := []*process{w.newProcess("k1", newMemory("j1")), w.newProcess("k2", newMemory("j2"))}
		for _, p := range ps {
			w.rotate(p, old, nil)
			spoilt(p, spoil)
		}
		for range 600 {
			for _, p := range ps {
				w.advance(p.next)
				_, _ = w.runOne(p)
			}
		}
		return w
	}},
	{4, "a destination that can't be written", off(4), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, _ *process) { w.places["b"].readOnly = true })
	}},
	{5, "one success is taken as proof", func(p *process) {
		off(5)(p)
		p.journal.alter(func(r *accesskey.Record) { r.Terms.ProveCount, r.Terms.ProveSpan = 1, 0 })
	}, func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, _ *process) { w.propagation, w.strict = 9*time.Second, true })
	}},
	{6, "a person puts the old key back", off(6), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, p *process) {
			w.places["c"] = &place{name: "c", readable: true, key: p.journal.mustLive().Old}
			p.journal.alter(func(r *accesskey.Record) { r.Deliveries = append(r.Deliveries, accesskey.Delivery{Destination: "c"}) })
			w.when(p, accesskey.Overlap, 20*time.Hour, func(r accesskey.Record) { w.put(w.places["c"], r.Old, true) })
		})
	}},
	{7, "somebody still uses it", off(7), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, p *process) {
			w.eaters = append(w.eaters, &consumer{name: "undeclared", held: p.journal.mustLive().Old, cache: 1 << 60, period: 9 * time.Hour, next: w.now})
		})
	}},
	{8, "a use shows late", off(8), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, p *process) {
			old := p.journal.mustLive().Old
			w.trailDenied = true
			w.when(p, accesskey.Overlap, 28*time.Hour, func(accesskey.Record) {
				w.made[old].uses = append(w.made[old].uses, use{w.now, "once a quarter"})
			})
		})
	}},
	{9, "rest", off(9), func(spoil func(*process)) *world { return lived(spoil, nil) }},
	{10, "rollback from rest", offCheck("the old key was switched on"), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, p *process) {
			w.when(p, accesskey.Resting, time.Hour, func(accesskey.Record) { w.order(p.journal, turnBack) })
		})
	}},
	{11, "two used keys", off(11), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, _ *process) {
			w.eaters = append(w.eaters, &consumer{name: "other", held: w.addKey("", false), cache: 1 << 60, period: time.Hour, next: w.now})
			w.advance(w.now.Add(time.Hour))
		})
	}},
	{12, "Terraform's key", off(12), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, _ *process) { w.manager = "Terraform" })
	}},
	{12, "Terraform adopts the key after the claim", off(12), func(spoil func(*process)) *world { return adoptedIn(accesskey.Claimed, 0, spoil) }},
	{12, "Terraform adopts the key in the overlap", off(12), func(spoil func(*process)) *world {
		return adoptedIn(accesskey.Overlap, 3*time.Hour, spoil)
	}},
	{12, "Terraform adopts the key while it rests", off(12), func(spoil func(*process)) *world {
		return adoptedIn(accesskey.Resting, 3*time.Hour, spoil)
	}},
	{13, "look-ups are throttled", func(p *process) { p.rotator.Keys = optimist{p.rotator.Keys} }, func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, p *process) {
			w.trailDenied = true
			w.eaters = append(w.eaters, &consumer{name: "undeclared", held: p.journal.mustLive().Old, cache: 1 << 60, period: 3 * time.Hour, next: w.now})
			w.fault = func(n int, _ string, _ bool) mode {
				if n == -1 && w.chance(3) {
					return refuse
				}
				return proceed
			}
		})
	}},
	{14, "a clock that is days ahead", off(14), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, p *process) {
			w.when(p, accesskey.Resting, time.Hour, func(accesskey.Record) { p.skew = 3 * 24 * time.Hour })
		})
	}},
	{15, "not yet", off(15), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, p *process) {
			p.journal.alter(func(r *accesskey.Record) { r.Start = w.now.Add(48 * time.Hour) })
		})
	}},
	{16, "we sit on the key", off(16), func(spoil func(*process)) *world {
		return lived(spoil, func(_ *world, p *process) { p.base, p.stuck = p.journal.mustLive().Old, true })
	}},
	{17, "a freeze", func(p *process) { p.rotator.Gate.Freezes = nil }, func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, p *process) {
			w.frozen = policy.Span{From: w.now, Until: w.now.Add(72 * time.Hour)}
			p.rotator.Gate.Freezes = []policy.Span{w.frozen}
		})
	}},
	{18, "the journal is put back from a copy", off(18), func(spoil func(*process)) *world {
		return lived(spoil, func(w *world, p *process) {
			old := p.journal.mustLive().Old
			w.when(p, accesskey.Resting, 0, func(accesskey.Record) {
				w.maxNap = 30 * time.Hour // this is the copy; meanwhile the true journal lives on
				w.later(time.Hour, func() { w.meanwhile(old, accesskey.Active) })
				w.later(21*time.Hour, func() { w.meanwhile(old, accesskey.Inactive) })
			})
		})
	}},
}

// adoptedIn: Terraform takes the user's keys over some time after the record
// entered a phase, and a state file shows it at once.
func adoptedIn(phase accesskey.Phase, after time.Duration, spoil func(*process)) *world {
	return lived(spoil, func(w *world, p *process) {
		w.when(p, phase, after, func(accesskey.Record) { w.manager, w.managedSince = "Terraform", w.now.Add(-time.Hour) })
	})
}

// meanwhile is an act of a journal that was lost.
func (w *world) meanwhile(id accesskey.ID, s accesskey.Status) {
	w.setStatus(id, s, "keytend")
	w.acts["j"] = append(w.acts["j"], w.now)
}

// lived lives an ordinary rotation in which something is arranged.
func lived(spoil func(*process), arrange func(*world, *process)) *world {
	w, old := ordinary(3)
	p := w.newProcess("keytend", newMemory("j"))
	w.rotate(p, old, nil)
	if arrange != nil {
		arrange(w, p)
	}
	spoilt(p, spoil)
	w.tracing = true
	w.untilEnd(p, 40*24*time.Hour)
	w.advance(w.now.Add(time.Hour))
	w.atEnd()
	return w
}

func spoilt(p *process, spoil func(*process)) {
	if spoil != nil {
		spoil(p)
	}
}

// failOnce makes the first call of a name fail.
func (w *world) failOnce(name string, m mode) {
	failed := false
	w.fault = func(n int, call string, _ bool) mode {
		if failed || n < 0 || !strings.HasPrefix(call, name) {
			return proceed
		}
		failed = true
		return m
	}
}

// when lets something happen once, some time after the record enters a phase.
func (w *world) when(p *process, phase accesskey.Phase, after time.Duration, happens func(accesskey.Record)) {
	happened := false
	p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
		if next.Phase == phase && !happened {
			happened = true
			w.later(after, func() { happens(next) })
		}
	}
}

func (m *memory) mustLive() accesskey.Record {
	r, live := m.live()
	if !live {
		panic("no live record")
	}
	return r
}

func (m *memory) alter(do func(*accesskey.Record)) {
	r := m.mustLive()
	do(&r)
	m.records[r.ID] = r
}

// TestEachRuleIsNeeded switches each rule off: the invariants must break, and
// must not with the rule.
func TestEachRuleIsNeeded(t *testing.T) {
	seen := map[int]bool{}
	for _, s := range scenarios {
		seen[s.rule] = true
		t.Run(fmt.Sprintf("%d %s", s.rule, s.name), func(t *testing.T) {
			if w := s.live(nil); len(w.broken) > 0 {
				t.Fatalf("with the rule:\n%s\n%s", strings.Join(w.broken, "\n"), tail(w.trace))
			}
			w := s.live(s.spoil)
			if len(w.broken) == 0 {
				t.Fatalf("nobody noticed that it is off:\n%s", tail(w.trace))
			}
			t.Log(w.broken[0])
		})
	}
	for n := 1; n <= 18; n++ {
		if !seen[n] {
			t.Errorf("rule %d has no scenario", n)
		}
	}
}

// TestHistoriesFindBugs: for these rules no scenario is needed; drawn histories
// find out soon.
func TestHistoriesFindBugs(t *testing.T) {
	for _, rule := range []int{1, 3, 6, 7, 9, 14} {
		t.Run(fmt.Sprint(rule), func(t *testing.T) {
			for s := uint64(1); s <= 600; s++ {
				h := newHistory(s, false, off(rule))
				h.live()
				if len(h.broken) > 0 {
					t.Logf("seed %d: %s", s, h.broken[0])
					return
				}
			}
			t.Errorf("600 histories without rule %d and nothing broken", rule)
		})
	}
}
