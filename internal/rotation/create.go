package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// create makes the key: one attempt. If its ID can't be recorded, the key is
// deleted right here, whoever cancels.
func (p *pass) create() error {
	c := call{intent: accesskey.Intent{Action: accesskey.CreateKey}}
	if err := p.intend(&c); err != nil {
		return err
	}
	var made Credential
	c.send = func(ctx context.Context, permit Permit) (err error) {
		made, err = p.Mutations.CreateAccessKey(ctx, p.record.Subject, permit)
		return err
	}
	if err := p.send(c); err != nil {
		return p.conclude(c, err)
	}
	return p.keep(made)
}

// keep seals and records a new key, or deletes it.
func (p *pass) keep(made Credential) error {
	ctx := context.WithoutCancel(p.ctx)
	sealed, err := p.Escrow.Seal(ctx, ForNewSecret, []byte(made.Secret.Reveal()))
	if err != nil {
		return p.drop(made, fmt.Errorf("seal the new secret: %w", err))
	}
	err = p.amend(func(next *accesskey.Record) (accesskey.Event, error) {
		if next.Phase != accesskey.Claimed {
			return accesskey.Event{}, errOvertaken
		}
		next.Intent.Key, next.Intent.Outcome = made.ID, accesskey.OutcomeDone
		hold(next, made.ID, sealed, p.Clock.Now())
		return accesskey.Event{What: "create done", Key: made.ID, Outcome: accesskey.OutcomeDone}, nil
	})
	switch {
	case err == nil, p.recorded(made.ID):
		return nil
	case errors.Is(err, errOvertaken):
		return p.drop(made, err)
	}
	return errors.Join(err, p.destroy(made.ID))
}

// hold makes a key, whose secret is sealed, the record's new one.
func hold(r *accesskey.Record, id accesskey.ID, sealed string, now time.Time) {
	r.New, r.Sealed, r.Proof, r.NewExit = id, sealed, accesskey.Proof{}, accesskey.Exit{}
	r.Watch.NewOurs, r.Watch.NewTaken = time.Time{}, time.Time{}
	enter(r, accesskey.Created, now)
}

// errOvertaken: somebody had the work go another way while the key was being
// made.
var errOvertaken = errors.New("an order came while the key was being made")

// recorded looks whether the record holds the key although the journal's
// answer was lost.
func (p *pass) recorded(id accesskey.ID) bool {
	r, err := p.Journal.Fetch(context.WithoutCancel(p.ctx), p.record.Subject)
	if err != nil || r.ID != p.record.ID || r.New != id {
		return false
	}
	p.record = r
	return true
}

// drop deletes a key that can't be kept, and records that. Work that was to go on
// with it is blocked.
func (p *pass) drop(made Credential, why error) error {
	failed := p.destroy(made.ID)
	why = errors.Join(why, failed)
	return p.amend(func(next *accesskey.Record) (accesskey.Event, error) {
		next.Intent.Key, next.Intent.Outcome = made.ID, accesskey.OutcomeNotDone
		if failed != nil {
			next.Orphans = append(next.Orphans, made.ID)
			next.Intent.Outcome = accesskey.OutcomeDone
		}
		event := accesskey.Event{What: "create " + string(next.Intent.Outcome), Key: made.ID, Outcome: next.Intent.Outcome, Note: why.Error(), Alert: failed != nil}
		if next.Phase == accesskey.Claimed {
			p.setBlock(next, policy.WhyCheckFailed, why.Error())
			next.Checked, event.Alert = time.Time{}, true
		}
		return event, nil
	})
}

// destroy deletes a key that nobody has got but us, in a context that can't be
// cancelled.
func (p *pass) destroy(id accesskey.ID) error {
	permit := Permit{Token: p.record.Claim.Token, Until: p.Clock.Now().Add(p.record.Terms.Lease)}
	err := p.Mutations.DeleteAccessKey(context.WithoutCancel(p.ctx), p.record.Subject, id, permit)
	if err != nil && !errors.Is(err, ErrNoKey) {
		return fmt.Errorf("delete %s, whose secret is lost: %w", id, err)
	}
	return nil
}
