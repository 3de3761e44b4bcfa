package rotation

import (
	"context"
	"errors"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// setStatus switches a key off or on.
func (p *pass) setStatus() error {
	action, status := accesskey.Deactivate, accesskey.Inactive
	if p.step.Kind == policy.Reactivate {
		action, status = accesskey.Reactivate, accesskey.Active
	}
	return p.mutate(call{
		intent: accesskey.Intent{Action: action, Key: p.step.Key, KnownUse: policy.KnownUse(p.in, p.step.Key)},
		send: func(ctx context.Context, permit Permit) error {
			return p.Mutations.SetStatus(ctx, p.record.Subject, p.step.Key, status, permit)
		},
	})
}

// delete deletes a key: one that has rested, or one that nobody was offered.
func (p *pass) delete() error {
	action := accesskey.DeleteKey
	if p.step.Kind == policy.Discard {
		action = accesskey.DiscardKey
	}
	return p.mutate(call{
		intent: accesskey.Intent{Action: action, Key: p.step.Key},
		send: func(ctx context.Context, permit Permit) error {
			return p.Mutations.DeleteAccessKey(ctx, p.record.Subject, p.step.Key, permit)
		},
	})
}

func (p *pass) denySessions() error {
	return p.mutate(call{
		intent: accesskey.Intent{Action: accesskey.DenySessions, Key: p.step.Key},
		send: func(ctx context.Context, permit Permit) error {
			return p.Mutations.DenySessions(ctx, p.record.Subject, p.now, permit)
		},
	})
}

// wipe removes sealed secrets from the record: the new one when rest begins,
// all of them at the end.
func (p *pass) wipe() error {
	next := p.next()
	next.Sealed = ""
	if p.step.Reason == policy.WhyEnd {
		next.SealedOld = ""
		for i := range next.Deliveries {
			next.Deliveries[i].Previous = ""
		}
	}
	return p.put(next, accesskey.Event{What: "escrow wiped"})
}

// turnAround begins a rollback.
func (p *pass) turnAround() error {
	next := p.next()
	TurnAround(&next, p.step.Reason, p.now)
	return p.put(next, accesskey.Event{What: "rollback begins", Key: p.step.Key, Alert: true})
}

// TurnAround makes a record roll back.
func TurnAround(r *accesskey.Record, why accesskey.Reason, now time.Time) {
	enter(r, accesskey.RollingBack, now)
	r.RollbackAt, r.Outcome = now, why
	for i := range r.Deliveries {
		d := &r.Deliveries[i]
		d.Tried, d.Error = time.Time{}, ""
	}
}

// moveDescription is cosmetic: what hinders it is in the audit and nowhere else.
func (p *pass) moveDescription() error {
	return p.mutate(call{
		intent: accesskey.Intent{Action: accesskey.MoveDescription, Key: p.record.New},
		send: func(ctx context.Context, permit Permit) error {
			return p.Tags.MoveDescription(ctx, p.record.Subject, p.record.Old, p.record.New, permit)
		},
		notDone: func(*accesskey.Record, error) {},
	})
}

// finish moves the description, releases the claim, then ends the record.
func (p *pass) finish() error {
	switch p.step.Reason {
	case policy.WhyDescription:
		return p.moveDescription()
	case policy.WhyRelease:
		return p.release()
	}
	next := p.next()
	phase := accesskey.Done
	if next.Phase == accesskey.RollingBack || p.step.Reason == policy.WhyKeyUsed {
		phase = accesskey.RolledBack
	}
	enter(&next, phase, p.now)
	next.Ended = p.now
	if next.Outcome == "" {
		next.Outcome = p.step.Reason
	}
	return p.put(next, accesskey.Event{What: string(phase)})
}

// release takes the tag off, until that is done. Where it is denied, the tag stays:
// it keeps nobody of this journal out, and other journals ask a person.
func (p *pass) release() error {
	return p.mutate(call{
		intent: accesskey.Intent{Action: accesskey.UntagClaim},
		send:   func(ctx context.Context, permit Permit) error { return p.Tags.Untag(ctx, p.record.Subject, permit) },
		notDone: func(next *accesskey.Record, err error) {
			if errors.Is(err, ErrDenied) {
				next.Claim.Tagged = time.Time{}
			}
		},
		alarms: true,
	})
}
