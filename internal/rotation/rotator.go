package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Rotator takes steps in one account on behalf of one process. Passes of
// different users may run at the same time; those of one user must not.
type Rotator struct {
	Journal   Journal
	Escrow    Escrow
	Keys      Keys
	Mutations Mutations
	Tags      Tags
	Rights    Rights
	Prover    Prover
	Trail     Trail
	Roles     Roles // nil: of records without Successors nobody asks
	Signer    Signer
	Clock     Clock
	Holders   Holders
	Freezer   Freezer // nil: nobody can order a stop

	// Destination opens a place by the name in a record's deliveries. subject is
	// whose key it is to hold.
	Destination func(subject accesskey.Subject, name string) (Destination, error)
	// Probe runs a record's probe as the new key; what fails is not proved. Nil:
	// this process runs none, and a record that has one is not proved here.
	Probe func(ctx context.Context, command string, c Credential) error
	// Asker, where set, must allow a key to be made, switched off or deleted.
	Asker Asker
	// Decide is policy.Decide.
	Decide func(policy.Input, time.Time) policy.Step
	// Command is what a person types to answer a block; nil: the function of that
	// name.
	Command func(user, answer string) string
	// Random returns an unguessable word of letters and digits.
	Random func() string

	Gate        policy.Gate
	Regions     []string // where every new key is proved, besides its destinations' regions
	JournalName string   // what every token of this journal begins with; letters and digits
	Holder      string   // this process
}

// Result is what one pass saw and did.
type Result struct {
	Record accesskey.Record // as it stands now
	Step   policy.Step      // what was decided
	Input  policy.Input     // on what grounds
	Idle   bool             // of a Look: a pass would change nothing, and write nothing down
}

// Waiting reports that nothing is left to do before Step.NotBefore, or, where
// that is zero, for some time.
func (r Result) Waiting() bool {
	return r.Step.Kind == policy.Wait || r.Record.Phase == accesskey.Blocked || !r.Record.Live()
}

// Pass looks at one user's live record and the world and takes one step. An
// error means that the step may or may not have happened: the next pass finds
// out. ErrNoRecord: there is nothing to do for the user.
func (r *Rotator) Pass(ctx context.Context, subject accesskey.Subject) (Result, error) {
	p, err := r.decide(ctx, subject)
	if err != nil {
		return Result{Record: p.record}, err
	}
	err = p.take()
	if err != nil {
		err = fmt.Errorf("%s for %s: %w", p.step.Kind, subject.User, err)
	}
	return Result{Record: p.record, Step: p.step, Input: p.in}, err
}

// decide looks, and returns a pass that knows its step. It is never nil.
func (r *Rotator) decide(ctx context.Context, subject accesskey.Subject) (p *pass, err error) {
	p = &pass{Rotator: r, ctx: ctx}
	if p.record, err = r.Journal.Fetch(ctx, subject); err != nil {
		return &pass{}, fmt.Errorf("fetch record of %s: %w", subject.User, err)
	}
	if p.in, err = r.observe(ctx, p.record); err != nil {
		return p, fmt.Errorf("observe %s: %w", subject.User, err)
	}
	p.now = r.Clock.Now()
	p.step = r.Decide(p.in, p.now)
	return p, nil
}

// pass is one pass after looking.
type pass struct {
	*Rotator
	ctx     context.Context
	in      policy.Input
	record  accesskey.Record
	step    policy.Step
	now     time.Time
	reserve []accesskey.Reservation
	allowed accesskey.Allowance // zero: nobody was asked
}

// act takes the step.
func (p *pass) act() error {
	switch p.step.Kind {
	case policy.Wait:
		return p.wait()
	case policy.Block:
		return p.block(p.step.Reason, p.step.Saw)
	case policy.Check:
		return p.check()
	case policy.Claim:
		return p.claim()
	case policy.Create:
		return p.create()
	case policy.Prove:
		return p.prove()
	case policy.Deliver:
		return p.deliver()
	case policy.Restore:
		return p.restore()
	case policy.Deactivate, policy.Reactivate:
		return p.setStatus()
	case policy.Delete, policy.Discard:
		return p.delete()
	case policy.DenySessions:
		return p.denySessions()
	case policy.WipeEscrow:
		return p.wipe()
	case policy.RollBack:
		return p.turnAround()
	case policy.Finish:
		return p.finish()
	}
	return fmt.Errorf("unknown step %q", p.step.Kind)
}

// next returns the record as it is to be after this step: what was noticed is
// in it, and it is no longer blocked.
func (p *pass) next() accesskey.Record {
	r := p.record.Clone()
	r.Watch = policy.Notice(p.in)
	r.Watch.Waiting, r.Watch.WaitingFrom = p.record.Watch.Waiting, p.record.Watch.WaitingFrom
	if r.Phase == accesskey.Blocked && r.Block != nil {
		r.Phase, r.Block = r.Block.Resume, nil
	}
	r.Late = p.stillLate(r)
	if allowed := p.allowed; allowed.Question != "" {
		r.Allowed = &allowed
	}
	return r
}

// stillLate are the requests that were lost and may still arrive, or may have
// arrived since the last look.
func (p *pass) stillLate(r accesskey.Record) []accesskey.Intent {
	var out []accesskey.Intent
	for _, i := range r.Late {
		if p.now.Before(policy.LateUntil(i, r.Terms)) || p.mayHaveCome(r, i) {
			out = append(out, i)
		}
	}
	return out
}

// mayHaveCome: a key that isn't seen Active went off by this request, as far as
// the record knows.
func (p *pass) mayHaveCome(r accesskey.Record, i accesskey.Intent) bool {
	exit := r.OldExit
	if i.Key == r.New {
		exit = r.NewExit
	}
	seen, _ := p.in.User.Get()
	return i.Action == accesskey.Deactivate && exit.Inactive().IsZero() && stands(seen, i.Key) != accesskey.Active
}

// enter moves a record to another phase. A claim that is made anew is no other:
// what people were told stands, and what it waited for, and what fails.
func enter(r *accesskey.Record, phase accesskey.Phase, now time.Time) {
	if r.Phase == phase {
		return
	}
	switch anew := len(r.Claim.Former) > 0; {
	case anew && r.Phase == accesskey.Claimed && phase == accesskey.Requested:
		r.Claim.Waited, r.Claim.WaitedFrom = r.Watch.Waiting, r.Watch.WaitingFrom
	case anew && r.Phase == accesskey.Requested && phase == accesskey.Claimed:
	default:
		r.Alerted, r.Failing, r.Claim.Waited, r.Claim.WaitedFrom = nil, nil, "", time.Time{}
	}
	if phase != accesskey.Requested && phase != accesskey.Claimed {
		r.Allowed = nil // what was allowed is done
	}
	r.Phase, r.Since = phase, now
	r.Watch.Waiting, r.Watch.WaitingFrom = "", time.Time{}
}

// put replaces the record, with an event. It must not be cut short once a call
// was sent, so it doesn't heed cancellation.
func (p *pass) put(next accesskey.Record, event accesskey.Event) error {
	return p.putReserving(next, event, nil)
}

func (p *pass) putReserving(next accesskey.Record, event accesskey.Event, reserve []accesskey.Reservation) error {
	event.At, event.Who, event.Record = p.Clock.Now(), p.Holder, next.ID
	event.Account, event.User = next.Subject.Account, next.Subject.User
	if event.Why == "" {
		event.Why = p.step.Reason
	}
	stored, err := p.Journal.Replace(context.WithoutCancel(p.ctx), p.record, next, event, reserve...)
	if err != nil {
		return fmt.Errorf("record %q: %w", event.What, err)
	}
	p.record = stored
	return nil
}

// secret opens the sealed new secret.
func (p *pass) secret() (Credential, error) {
	return p.open(p.record.New, ForNewSecret, p.record.Sealed)
}

func (r *Rotator) unseal(ctx context.Context, id accesskey.ID, purpose, sealed string) (Credential, error) {
	if sealed == "" {
		return Credential{}, errors.New("its secret is not in escrow")
	}
	plain, err := r.Escrow.Open(ctx, purpose, sealed)
	if err != nil {
		return Credential{}, fmt.Errorf("open the %s of %s: %w", purpose, id, err)
	}
	return Credential{ID: id, Secret: accesskey.NewSecret(string(plain))}, nil
}

func (p *pass) open(id accesskey.ID, purpose, sealed string) (Credential, error) {
	return p.unseal(p.ctx, id, purpose, sealed)
}
