package rotation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// A safeguard is a line of this package, not of policy's list, without which an
// invariant breaks. without takes it away through the port beside it.
type safeguard struct {
	name    string
	without func(*process)
	live    func(spoil func(*process)) *world
}

var safeguards = []safeguard{
	{"the lease is checked right before a write is sent", inAHurry, sleepsBeforeWriting},
	{"a lease counts from the look", func(p *process) { p.rotator.Journal = postdating{p} }, slowLook},
	{"a round of the proof is made right after the look", func(p *process) { p.rotator.Clock = dozing{p} }, sleepsBeforeProving},
	{"a write is for what was looked at", func(p *process) {
		p.rotator.Destination = func(_ accesskey.Subject, name string) (Destination, error) {
			return rereading{&port{p, p.w.places[name]}}, nil
		}
	}, editedMeanwhile},
	{"the proof says whose key it is", func(p *process) { p.rotator.Prover = credulous{p.rotator.Prover, p.w.subject().UserID} }, userMadeAnew},
	{"a key that can't be recorded is deleted where it was made", func(p *process) { p.rotator.Mutations = forgetful{mutator{p}} }, recordingFails},
	{"what is kept is sealed", func(p *process) { p.rotator.Escrow = open{sealer{p}} }, ordinaryLife},
	{"a call is written down before", func(p *process) { p.rotator.Journal = unwritten{p} }, ordinaryLife},
	{"what became of a call is looked at", func(p *process) { p.rotator.Journal = hopeful{p} }, answerLost},
	{"a key is asked for once", func(p *process) { p.rotator.Mutations = retrying{mutator{p}} }, answerLost},
	{"people are told of a wait that lasts", func(p *process) { p.rotator.Journal = silent{p} }, neverWorks},
}

// TestEachSafeguardIsNeeded takes each away: an invariant must break, and must
// not with it.
func TestEachSafeguardIsNeeded(t *testing.T) {
	for _, s := range safeguards {
		t.Run(s.name, func(t *testing.T) {
			if w := s.live(nil); len(w.broken) > 0 {
				t.Fatalf("with it:\n%s\n%s", strings.Join(w.broken, "\n"), tail(w.trace))
			}
			w := s.live(s.without)
			if len(w.broken) == 0 {
				t.Fatalf("nobody noticed that it is missing:\n%s", tail(w.trace))
			}
			t.Log(w.broken[0])
		})
	}
}

func ordinaryLife(spoil func(*process)) *world { return lived(spoil, nil) }

func answerLost(spoil func(*process)) *world {
	return lived(spoil, func(w *world, _ *process) { w.failOnce("iam:CreateAccessKey", notDone) })
}

// onEvent lets something happen in the very moment in which an event is first
// written.
func (m *memory) onEvent(what string, happens func(next accesskey.Record)) {
	happened := false
	m.onWrite = func(_, next accesskey.Record, e accesskey.Event) {
		if e.What == what && !happened {
			happened = true
			happens(next)
		}
	}
}

// sleepsBeforeWriting: a process is stopped for days between its intent to hand
// out the new key and the write; meanwhile a person goes back, the other process
// takes the new key away again, and the place is as it was looked at.
func sleepsBeforeWriting(spoil func(*process)) *world {
	w, old := ordinary(3)
	w.tracing = true
	j := newMemory("j")
	p, q := w.newProcess("k1", j), w.newProcess("k2", j)
	p.other, q.other, p.provable = q, p, false
	q.next = w.now.Add(90 * 24 * time.Hour)
	w.rotate(p, old, nil)
	spoilt(p, spoil)
	p.next = w.now
	j.onEvent("intent deliver", func(accesskey.Record) {
		q.next = w.now.Add(time.Minute)
		w.later(2*time.Minute, func() { w.order(j, turnBack) })
		p.sleep(5 * 24 * time.Hour)
	})
	w.untilEnd(p, 40*24*time.Hour)
	w.atEnd()
	return w
}

// slowLook: looking takes a while, and then signing does.
func slowLook(spoil func(*process)) *world {
	return lived(spoil, func(w *world, p *process) {
		w.fault = func(n int, name string, _ bool) mode {
			r, live := p.journal.live()
			switch {
			case !live || r.Stage() != accesskey.Claimed || r.Checked.IsZero() || w.made[r.Old].byHand > 1:
			case n > 0 && name == "iam:GetUser":
				p.sleep(100 * time.Second)
			case n == -2 && name == "sign iam:CreateAccessKey":
				w.made[r.Old].byHand = 2 // once is enough
				p.sleep(time.Minute)
			}
			return proceed
		}
	})
}

// sleepsBeforeProving: a use as the new key hours after the look could not be
// told from somebody else's.
func sleepsBeforeProving(spoil func(*process)) *world {
	return lived(spoil, func(w *world, p *process) {
		slept := false
		w.fault = func(n int, name string, _ bool) mode {
			if r, live := p.journal.live(); live && !slept && n > 0 && name == "escrow open" && r.Stage() == accesskey.Created {
				slept = true
				p.sleep(3 * time.Minute)
			}
			return proceed
		}
	})
}

// dozing doesn't notice how time passes while it proves a key.
type dozing struct{ *process }

func (d dozing) Now() time.Time {
	if r, live := d.journal.live(); live && r.Stage() == accesskey.Created {
		return d.lookedAt
	}
	return d.process.Now()
}

// editedMeanwhile: a colleague puts a key of theirs into a place between the
// look and the write.
func editedMeanwhile(spoil func(*process)) *world {
	return lived(spoil, func(w *world, p *process) {
		w.quota = 3
		theirs := w.addKey("", false)
		w.made[theirs].offered = true
		p.journal.onEvent("intent deliver", func(r accesskey.Record) { w.put(w.places[r.Intent.Destination], theirs, true) })
	})
}

// userMadeAnew: the user is deleted and made anew under its name right before a
// key is made for it, and one of IAM's endpoints hasn't heard of that.
func userMadeAnew(spoil func(*process)) *world {
	return lived(spoil, func(w *world, p *process) {
		w.propagation = 0
		p.journal.onEvent("intent create", func(accesskey.Record) {
			w.handsOff, w.touched, w.namesAt, w.namesUntil = w.now, w.now, w.now.Add(-time.Second), w.now.Add(50*time.Second)
			w.change(func(u *user) { u.id, u.keys, u.tags = "AIDAI44QH8DHBEXAMPLE", nil, map[string]string{} })
		})
	})
}

// recordingFails: the journal fails right after CreateAccessKey, and CloudTrail
// can't be had.
func recordingFails(spoil func(*process)) *world {
	return lived(spoil, func(w *world, _ *process) {
		w.trailDenied = true
		w.failOnce("journal create done", notDone)
	})
}

// neverWorks: a place can't be read for days.
func neverWorks(spoil func(*process)) *world {
	return lived(spoil, func(w *world, p *process) {
		w.fault = func(_ int, name string, _ bool) mode {
			if r, live := p.journal.live(); live && name == "read b" && r.Stage() == accesskey.Overlap && w.now.Sub(r.Since) < 2*24*time.Hour {
				return refuse
			}
			return proceed
		}
	})
}

// heedless doesn't look at the clock between writing down and sending.
type heedless struct {
	*process
	written *time.Time
}

func inAHurry(p *process) {
	h := heedless{p, &time.Time{}}
	p.rotator.Clock, p.rotator.Journal = h, h
}

func (h heedless) Now() time.Time {
	if !h.written.IsZero() {
		return *h.written
	}
	return h.process.Now()
}

func (h heedless) Replace(ctx context.Context, old, next accesskey.Record, e accesskey.Event, reserve ...accesskey.Reservation) (accesskey.Record, error) {
	*h.written = time.Time{}
	if strings.HasPrefix(e.What, "intent ") {
		*h.written = next.Intent.At
	}
	return h.process.Replace(ctx, old, next, e, reserve...)
}

// postdating counts the lease from when the call is written down.
type postdating struct{ *process }

func (j postdating) Replace(ctx context.Context, old, next accesskey.Record, e accesskey.Event, reserve ...accesskey.Reservation) (accesskey.Record, error) {
	if strings.HasPrefix(e.What, "intent ") {
		next.Intent.Until = next.Intent.At.Add(next.Terms.Lease)
	}
	return j.process.Replace(ctx, old, next, e, reserve...)
}

// rereading writes over whatever stands there by now.
type rereading struct{ *port }

func (d rereading) Deliver(ctx context.Context, _ Version, next Credential) (Version, error) {
	h, err := d.Current(ctx)
	if err != nil {
		return "", err
	}
	return d.port.Deliver(ctx, h.Version, next)
}

// credulous doesn't ask whose key it is.
type credulous struct {
	Prover
	userID string
}

func (c credulous) Prove(ctx context.Context, cred Credential, regions []string) (string, error) {
	_, err := c.Prover.Prove(ctx, cred, regions)
	return c.userID, err
}

// forgetful leaves keys alone that are not on record.
type forgetful struct{ mutator }

func (f forgetful) DeleteAccessKey(ctx context.Context, s accesskey.Subject, id accesskey.ID, permit Permit) error {
	if !f.p.knows(id) {
		return nil
	}
	return f.mutator.DeleteAccessKey(ctx, s, id, permit)
}

// open seals nothing.
type open struct{ sealer }

func (open) Seal(_ context.Context, _ string, plain []byte) (string, error) {
	return string(plain), nil
}
func (open) Open(_ context.Context, _, sealed string) ([]byte, error) { return []byte(sealed), nil }

// unwritten says that an intent is written down, and doesn't.
type unwritten struct{ *process }

func (j unwritten) Replace(ctx context.Context, old, next accesskey.Record, e accesskey.Event, reserve ...accesskey.Reservation) (accesskey.Record, error) {
	if strings.HasPrefix(e.What, "intent ") {
		return next, nil
	}
	return j.process.Replace(ctx, old, next, e, reserve...)
}

// hopeful takes an answer that was lost for a yes.
type hopeful struct{ *process }

func (j hopeful) Replace(ctx context.Context, old, next accesskey.Record, e accesskey.Event, reserve ...accesskey.Reservation) (accesskey.Record, error) {
	if next.Intent.Outcome == accesskey.OutcomeUnknown {
		next.Intent.Outcome, e.Outcome = accesskey.OutcomeDone, accesskey.OutcomeDone
	}
	return j.process.Replace(ctx, old, next, e, reserve...)
}

// retrying asks again where no answer came, as an SDK does by itself.
type retrying struct{ mutator }

func (m retrying) CreateAccessKey(ctx context.Context, s accesskey.Subject, permit Permit) (Credential, error) {
	c, err := m.mutator.CreateAccessKey(ctx, s, permit)
	if err == nil || errors.Is(err, ErrNotDone) {
		return c, err
	}
	return m.mutator.CreateAccessKey(ctx, s, permit)
}

// silent raises no alert.
type silent struct{ *process }

func (j silent) Replace(ctx context.Context, old, next accesskey.Record, e accesskey.Event, reserve ...accesskey.Reservation) (accesskey.Record, error) {
	if e.What == "waits past its deadline" {
		next.Alerted, e.What, e.Alert = nil, "waits", false
	}
	return j.process.Replace(ctx, old, next, e, reserve...)
}

// TestErrorsAreSearched: an error that a place returns with a secret in it is
// found wherever it goes.
func TestErrorsAreSearched(t *testing.T) {
	w := lived(func(p *process) {
		p.rotator.Destination = func(_ accesskey.Subject, name string) (Destination, error) {
			return talking{&port{p, p.w.places[name]}}, nil
		}
	}, nil)
	if len(w.broken) == 0 || !strings.HasPrefix(strings.SplitN(w.broken[0], " ", 3)[2], "5:") {
		t.Errorf("nobody noticed: %v", w.broken)
	}
}

// talking says too much when it fails.
type talking struct{ *port }

func (d talking) Deliver(_ context.Context, _ Version, next Credential) (Version, error) {
	return "", fmt.Errorf("write %q: disk full: %w", next.Secret.Reveal(), ErrNotDone)
}
