package rotation

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// fickle says yes once, and then no.
type fickle struct{ asked int }

func (b *fickle) Ask(context.Context, accesskey.Record, policy.Step) (policy.Answer, error) {
	b.asked++
	return policy.Answer{Allowed: b.asked == 1, Reason: "freeze at the bank"}, nil
}

func noKeyIsMade(w *world) {
	w.fault = func(_ int, call string, _ bool) mode {
		if strings.HasPrefix(call, "iam:CreateAccessKey") {
			return notDone
		}
		return proceed
	}
}

// TestRenewedClaimKeepsItsAlarm: what keeps a new key from being made for days is
// one wait with one deadline, and people are told of it once, though a claim lasts
// an hour and is made anew each time.
func TestRenewedClaimKeepsItsAlarm(t *testing.T) {
	for name, x := range map[string]struct {
		hinder func(*world, *process)
		why    accesskey.Reason
		alert  string
	}{
		"change management thinks better of it": {func(w *world, p *process) {
			p.rotator.Asker = &fickle{}
			noKeyIsMade(w)
		}, policy.WhyNotAllowed, "waits past its deadline"},
		"a freeze that somebody ordered, where no tag holds a claim": {func(w *world, p *process) {
			w.tagsDenied = true
			p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
				if next.Phase == accesskey.Claimed && len(p.rotator.Gate.Freezes) == 0 {
					p.rotator.Gate.Freezes = []policy.Span{{From: w.now.Add(-6 * policy.Day)}}
				}
			}
		}, policy.WhyFrozen, "waits past its deadline"},
		"a budget that is used up": {func(_ *world, p *process) {
			p.rotator.Gate.Budgets = []accesskey.Reservation{{Budget: "account 123456789012", Limit: 0}}
		}, policy.WhyBudget, "waits past its deadline"},
		"what a destination holds can't be read": {func(w *world, p *process) {
			w.fault = func(_ int, call string, _ bool) mode {
				if call == "read a" && p.journal.mustLive().Phase == accesskey.Claimed {
					return notDone
				}
				return proceed
			}
		}, policy.WhyUnknownFact, "waits past its deadline"},
		"AWS makes no key": {func(w *world, _ *process) { noKeyIsMade(w) }, policy.WhyIntentOpen, "waits past its deadline"},
		"a destination holds another key": {func(w *world, p *process) {
			p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
				if next.Phase == accesskey.Claimed && next.Block == nil {
					w.places["a"].key = "AKIAI44QH8DHBEXAMPLE"
				}
			}
		}, policy.WhyHoldsOther, "blocked"},
	} {
		t.Run(name, func(t *testing.T) {
			w, old := ordinary(5)
			p := w.newProcess("keytend", newMemory("j"))
			j := &watched{Journal: p}
			p.rotator.Journal = j
			w.rotate(p, old, nil)
			x.hinder(w, p)
			for until := w.now.Add(60 * time.Hour); w.now.Before(until); w.advance(p.next) {
				if _, err := w.runOne(p); err != nil {
					t.Fatal(err)
				}
			}
			alerts := 0
			for _, e := range j.events {
				if e.Alert && e.Why == x.why && e.What == x.alert {
					alerts++
				}
			}
			if r := p.journal.mustLive(); alerts != 1 || len(w.user.keys) != 1 {
				t.Errorf("%d alerts, want one; %d keys; %s, waits for %q since %s, %+v", alerts, len(w.user.keys), r.Phase, r.Watch.Waiting, r.Watch.WaitingFrom, r.Block)
			}
		})
	}
}

// TestProofIsFinishedByTheNext: a process that dies between the new key and its
// proof leaves a good key, which whoever comes the next day proves.
func TestProofIsFinishedByTheNext(t *testing.T) {
	for name, rounds := range map[string]int{"not tried yet": 0, "in the midst of it": 1} {
		t.Run(name, func(t *testing.T) {
			w, old := ordinary(5)
			p := w.newProcess("keytend", newMemory("j"))
			w.rotate(p, old, nil)
			for r := p.journal.mustLive(); r.Phase != accesskey.Created || r.Proof.Count < rounds; r = p.journal.mustLive() {
				w.advance(p.next)
				if _, err := w.runOne(p); err != nil {
					t.Fatal(err)
				}
			}
			made := p.journal.mustLive().New
			w.advance(w.now.Add(24 * time.Hour))
			p = w.reborn(p)
			w.mustEnd(t, p, accesskey.Done)
			if r := p.journal.latest(); r.New != made {
				t.Errorf("the key in use is %s, and %s was made first", r.New, made)
			}
		})
	}
}
