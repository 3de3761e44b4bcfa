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

// board is change management as a test has it: it remembers what it was asked.
type board struct {
	answer policy.Answer
	err    error
	asked  []policy.Kind

	questions []string // their IDs
}

func (b *board) Ask(_ context.Context, r accesskey.Record, step policy.Step) (policy.Answer, error) {
	b.asked, b.questions = append(b.asked, step.Kind), append(b.questions, policy.QuestionID(r, step))
	return b.answer, b.err
}

// watched keeps the events that go by.
type watched struct {
	Journal
	events []accesskey.Event
}

func (j *watched) Replace(ctx context.Context, old, next accesskey.Record, e accesskey.Event, reserve ...accesskey.Reservation) (accesskey.Record, error) {
	j.events = append(j.events, e)
	return j.Journal.Replace(ctx, old, next, e, reserve...)
}

func TestNothingIsDoneUntilItIsAllowed(t *testing.T) {
	for name, b := range map[string]*board{
		"denied":                       {answer: policy.Answer{Reason: "freeze at the bank", Ticket: "CHG0030001"}},
		"no answer":                    {err: errors.New("timeout")},
		"an error, though it says yes": {answer: policy.Answer{Allowed: true}, err: errors.New("half an answer")},
	} {
		t.Run(name, func(t *testing.T) {
			w, old := ordinary(5)
			p := w.newProcess("keytend", newMemory("j"))
			p.rotator.Asker = b
			w.rotate(p, old, nil)
			w.untilEnd(p, 24*time.Hour)
			r := p.journal.mustLive()
			if len(w.user.keys) != 1 || r.Watch.Waiting != policy.WhyNotAllowed || len(r.Alerted) != 1 {
				t.Fatalf("%d keys, waits for %q, alerted %v", len(w.user.keys), r.Watch.Waiting, r.Alerted)
			}
			for _, kind := range b.asked {
				if kind != policy.Create {
					t.Errorf("asked before %s", kind)
				}
			}
			*b = board{answer: policy.Answer{Allowed: true}}
			w.mustEnd(t, p, accesskey.Done)
		})
	}
}

func TestTheTicketIsInTheAudit(t *testing.T) {
	w, old := ordinary(5)
	p := w.newProcess("keytend", newMemory("j"))
	b, j := &board{answer: policy.Answer{Allowed: true, Ticket: "CHG0030002"}}, &watched{Journal: p}
	p.rotator.Asker, p.rotator.Journal = b, j
	w.rotate(p, old, nil)
	w.mustEnd(t, p, accesskey.Done)
	var noted []string
	for _, e := range j.events {
		if strings.HasPrefix(e.What, "intent ") && e.Note == "allowed by CHG0030002" {
			noted = append(noted, strings.TrimPrefix(e.What, "intent "))
		}
	}
	if got := strings.Join(noted, " "); got != "create deactivate delete" {
		t.Errorf("tickets at %q, want create, deactivate and delete", got)
	}
	if len(b.asked) != 3 {
		t.Errorf("asked before %v", b.asked)
	}
}

// TestAYesIsKept: it counts for as long as a claim, whatever else is waited for
// meanwhile, and by whichever process; then the same question is asked again.
func TestAYesIsKept(t *testing.T) {
	for name, x := range map[string]struct {
		hinder      func(*world, *process)
		least, most int // times it is asked in five hours
	}{
		"a call that is not carried out": {func(w *world, _ *process) { noKeyIsMade(w) }, 4, 6},
		"a budget that is used up": {func(_ *world, p *process) {
			p.rotator.Gate.Budgets = []accesskey.Reservation{{Budget: "account 123456789012", Limit: 0}}
		}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w, old := ordinary(5)
			p := w.newProcess("keytend", newMemory("j"))
			b := &board{answer: policy.Answer{Allowed: true, Ticket: "CHG0030002"}}
			p.rotator.Asker = b
			w.rotate(p, old, nil)
			x.hinder(w, p)
			for until := w.now.Add(5 * time.Hour); w.now.Before(until); w.advance(p.next) {
				if _, err := w.runOne(p); err != nil {
					t.Fatal(err)
				}
			}
			ids := map[string]bool{}
			for _, id := range b.questions {
				ids[id] = true
			}
			if len(ids) != 1 || len(b.asked) < x.least || len(b.asked) > x.most {
				t.Errorf("asked %d times in five hours, %d questions", len(b.asked), len(ids))
			}
		})
	}
}

// Whatever change management says, a key comes back.
func TestNobodyIsAskedBeforeARollback(t *testing.T) {
	w, old := ordinary(5)
	p := w.newProcess("keytend", newMemory("j"))
	w.rotate(p, old, nil)
	for p.journal.mustLive().Phase != accesskey.Resting {
		w.advance(p.next)
		_, _ = w.runOne(p)
	}
	b := &board{answer: policy.Answer{Reason: "never"}}
	p.rotator.Asker = b
	w.give(t, p, Rollback())
	w.mustEnd(t, p, accesskey.RolledBack)
	if len(b.asked) > 0 {
		t.Errorf("asked before %v", b.asked)
	}
}

func TestNobodyIsAskedBeforeALeakedKeyIsCutOff(t *testing.T) {
	w, p := ordinaryWork(nothingUsesIt, func(r *accesskey.Record) { r.Work, r.Deliveries = accesskey.Revocation, nil })()
	b := &board{}
	p.rotator.Asker = b
	w.mustEnd(t, p, accesskey.Done)
	if len(b.asked) > 0 {
		t.Errorf("asked before %v", b.asked)
	}
}
