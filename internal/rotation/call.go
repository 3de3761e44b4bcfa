package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// call is one mutating call: written down, sent, its outcome written down.
type call struct {
	intent  accesskey.Intent
	prepare func(*accesskey.Record)             // goes into the record with the intent
	send    func(context.Context, Permit) error // errors without ErrNotDone leave the outcome unknown
	done    func(*accesskey.Record)             // besides the effect of the action itself
	notDone func(*accesskey.Record, error)      // instead of blocking where AWS denied it
	alarms  bool                                // people are told where AWS denied it
}

// mutate is the only way in which anything is changed.
func (p *pass) mutate(c call) error {
	if err := p.intend(&c); err != nil {
		return err
	}
	err := p.send(c)
	return p.conclude(c, err)
}

// intend writes the call down, and draws on budgets in the same transaction.
func (p *pass) intend(c *call) error {
	c.intent.At, c.intent.Holder, c.intent.Why = p.now, p.Holder, p.step.Reason
	c.intent.Until = p.in.ObservedAt.Add(p.record.Terms.Lease)
	next := p.next()
	next.Intent = c.intent
	for _, r := range p.reserve {
		next.Reserved = append(next.Reserved, accesskey.Reserved{Budget: r.Budget, At: p.now})
	}
	if c.prepare != nil {
		c.prepare(&next)
	}
	event := accesskey.Event{What: accesskey.Intended(c.intent.Action), Key: c.intent.Key, Destination: c.intent.Destination, Note: p.allowed.By}
	return p.putReserving(next, event, p.reserve)
}

// send checks the lease and sends at once.
func (p *pass) send(c call) error {
	if !p.Clock.Now().Before(c.intent.Until) {
		return fmt.Errorf("%w (%w)", ErrLeaseOver, ErrNotDone)
	}
	return c.send(p.ctx, p.permit())
}

func (p *pass) permit() Permit {
	return Permit{Token: p.record.Claim.Token, Until: p.record.Intent.Until}
}

// conclude writes down what became of the call.
func (p *pass) conclude(c call, sent error) error {
	now := p.Clock.Now()
	return p.amend(func(next *accesskey.Record) (accesskey.Event, error) {
		next.Intent.Outcome = outcomeOf(sent)
		failing(next, next.Intent)
		event := accesskey.Event{Key: c.intent.Key, Destination: c.intent.Destination, Outcome: next.Intent.Outcome}
		event.What = fmt.Sprintf("%s %s", c.intent.Action, next.Intent.Outcome)
		switch next.Intent.Outcome {
		case accesskey.OutcomeDone:
			effect(next, next.Intent, now)
			if c.done != nil {
				c.done(next)
			}
		case accesskey.OutcomeUnknown:
			next.Intent.Settle = now.Add(next.Terms.Window)
			event.Note = sent.Error()
			if d := next.Delivery(c.intent.Destination); d != nil {
				d.Error = event.Note // what is known, until looking tells more
			}
		default:
			event.Note = sent.Error()
			p.refused(c, next, &event, sent)
		}
		return event, nil
	})
}

// amendments is how often an outcome is written down anew because somebody else
// replaced the record in between.
const amendments = 5

// amend writes down what became of the call, on the record as it stands: people
// may have given orders while the call was under way. Where somebody else has
// settled the call meanwhile, that stands: ErrConflict. Nothing is written down
// where change fails.
func (p *pass) amend(change func(*accesskey.Record) (accesskey.Event, error)) error {
	var conflict error
	for range amendments {
		next := p.record.Clone()
		event, err := change(&next)
		if err != nil {
			return err
		}
		if conflict = p.put(next, event); !errors.Is(conflict, ErrConflict) {
			return conflict
		}
		now, err := p.Journal.Fetch(context.WithoutCancel(p.ctx), p.record.Subject)
		if err != nil {
			return errors.Join(conflict, err)
		}
		if now.ID != p.record.ID || !sameCall(now.Intent, p.record.Intent) {
			return conflict
		}
		p.record = now
	}
	return conflict
}

// sameCall reports that it is still the same call, and nobody has written down
// what became of it.
func sameCall(a, b accesskey.Intent) bool {
	return a.Action == b.Action && a.Key == b.Key && a.Destination == b.Destination && a.Holder == b.Holder &&
		a.At.Equal(b.At) && a.Outcome == b.Outcome
}

func (p *pass) refused(c call, next *accesskey.Record, event *accesskey.Event, sent error) {
	switch {
	case c.notDone != nil:
		c.notDone(next, sent)
		event.Alert = c.alarms && errors.Is(sent, ErrDenied)
	case errors.Is(sent, ErrDenied) && next.Phase == p.in.Record.Stage(): // else it is about something else by now
		p.setBlock(next, policy.WhyRefused, sent.Error())
		event.Alert = true
	}
}

func outcomeOf(err error) accesskey.Outcome {
	switch {
	case err == nil:
		return accesskey.OutcomeDone
	case errors.Is(err, ErrNotDone):
		return accesskey.OutcomeNotDone
	}
	return accesskey.OutcomeUnknown
}

// failing keeps since when such a call was not carried out, however often it was
// sent.
func failing(r *accesskey.Record, i accesskey.Intent) {
	switch {
	case i.Outcome == accesskey.OutcomeDone:
		if delete(r.Failing, i.Action); len(r.Failing) == 0 {
			r.Failing = nil
		}
	case i.Outcome == accesskey.OutcomeNotDone && r.Failing[i.Action].IsZero():
		if r.Failing == nil {
			r.Failing = map[accesskey.Action]time.Time{}
		}
		r.Failing[i.Action] = i.At
	}
}

// effect is what a call that was carried out means for the record, whether we
// were told so or found it by looking.
func effect(r *accesskey.Record, i accesskey.Intent, now time.Time) {
	switch i.Action {
	case accesskey.TagClaim:
		r.Claim.Tagged = now
	case accesskey.UntagClaim:
		r.Claim.Tagged = time.Time{}
	case accesskey.CreateKey:
		if i.Key != r.New {
			r.Orphans = append(r.Orphans, i.Key) // its secret is lost
		}
	case accesskey.DiscardKey, accesskey.DeleteKey:
		keyDeleted(r, i.Key, now)
	case accesskey.Deliver:
		d := r.Delivery(i.Destination)
		d.Done, d.Error = now, ""
	case accesskey.Restore:
		d := r.Delivery(i.Destination)
		d.Restored, d.Error = now, ""
	case accesskey.Deactivate:
		keyDeactivated(r, i, now)
	case accesskey.Reactivate:
		keyReactivated(r, i.Key, now)
	case accesskey.DenySessions:
		r.Denied = i.At
	}
}

func keyDeleted(r *accesskey.Record, id accesskey.ID, now time.Time) {
	switch id {
	case r.Old:
		r.OldExit.Deleted = now
	case r.New:
		r.NewExit.Deleted = now
	default:
		r.Claim.Keys = without(r.Claim.Keys, id)
		r.Orphans = without(r.Orphans, id)
	}
}

func without(ids []accesskey.ID, id accesskey.ID) []accesskey.ID {
	var out []accesskey.ID
	for _, x := range ids {
		if x != id {
			out = append(out, x)
		}
	}
	return out
}

func keyDeactivated(r *accesskey.Record, i accesskey.Intent, now time.Time) {
	exit := accesskey.Exit{Deactivated: now, KnownUse: i.KnownUse, Ordered: i.Why == policy.WhyOrdered || i.Why == policy.WhyLeaked}
	if i.Key == r.New {
		r.NewExit, r.Watch.NewInactive = exit, time.Time{}
		return
	}
	r.OldExit, r.Watch.OldActive = exit, time.Time{}
	switch r.Stage() {
	case accesskey.RollingBack: // ordered meanwhile: the key is to come back
	case accesskey.Requested:
		enter(r, accesskey.Deactivated, now)
	default:
		enter(r, accesskey.Resting, now)
	}
}

// keyReactivated: whoever was sure that the key was silent begins to count
// anew.
func keyReactivated(r *accesskey.Record, id accesskey.ID, now time.Time) {
	exit := accesskey.Exit{Reactivated: now}
	if id == r.New {
		r.NewExit, r.Watch.NewInactive = exit, time.Time{}
		return
	}
	r.OldExit, r.Watch.OldInactive = exit, time.Time{}
	if r.Stage() != accesskey.RollingBack {
		offAnew(r, now) // a leaked one: ordered meanwhile
	}
}

// settle finds out by looking what became of the last call.
func (p *pass) settle() error {
	settled, told := policy.Settle(p.in)
	if !told {
		return errors.New("what became of the last call can't be told")
	}
	sealed, err := p.kept(settled)
	if err != nil {
		return err
	}
	next := p.next()
	next.Intent = settled
	failing(&next, settled)
	switch {
	case sealed != "":
		hold(&next, settled.Key, sealed, p.now)
	case settled.Outcome == accesskey.OutcomeDone:
		effect(&next, settled, p.now)
	default:
		next.Late = append(next.Late, p.record.Intent)
		next.LostCreate = next.LostCreate || settled.Action == accesskey.CreateKey
	}
	return p.put(next, accesskey.Event{
		What: fmt.Sprintf("%s settled: %s", settled.Action, settled.Outcome),
		Key:  settled.Key, Destination: settled.Destination, Outcome: settled.Outcome,
	})
}

// kept looks whether the secret of a key that a lost call of ours made is in escrow
// all the same, and the work can go on with it.
func (p *pass) kept(settled accesskey.Intent) (sealed string, err error) {
	keeper, able := p.Escrow.(Keeper)
	if !able || settled.Action != accesskey.CreateKey || settled.Outcome != accesskey.OutcomeDone || p.record.Phase != accesskey.Claimed || p.record.New != "" {
		return "", nil
	}
	if sealed, err = keeper.Kept(p.ctx, settled.Key); err != nil {
		return "", fmt.Errorf("look whether the secret of %s was stored: %w", settled.Key, err)
	}
	return sealed, nil
}
