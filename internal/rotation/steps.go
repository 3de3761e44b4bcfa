package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// claim writes a reading down, marks the user, or makes the claim.
func (p *pass) claim() error {
	switch p.step.Reason {
	case policy.WhyFirstReading:
		return p.firstReading()
	case policy.WhyTag:
		return p.tag()
	}
	next := p.next()
	next.Claim.At = p.now
	enter(&next, accesskey.Claimed, p.now)
	return p.put(next, accesskey.Event{What: "claimed", Note: fmt.Sprintf("keys %v", next.Claim.Keys)})
}

func (p *pass) firstReading() error {
	next := p.next()
	c := accesskey.Claim{Token: p.JournalName + "." + p.Random(), Former: next.Claim.Former, Read: p.in.ObservedAt, Keys: policy.KeyIDs(p.in)}
	if next.Claim.Token != "" {
		c.Former = append(c.Former, next.Claim.Token)
	}
	next.Claim = c
	if next.Phase == accesskey.Claimed {
		enter(&next, accesskey.Requested, p.now)
	}
	return p.put(next, accesskey.Event{What: "keys read", Note: fmt.Sprintf("keys %v", c.Keys)})
}

// tag marks the user as ours. Where that is denied, exclusion between journals
// is not guaranteed, and the audit says so.
func (p *pass) tag() error {
	return p.mutate(call{
		intent: accesskey.Intent{Action: accesskey.TagClaim},
		send:   func(ctx context.Context, permit Permit) error { return p.Tags.Tag(ctx, p.record.Subject, permit) },
		notDone: func(next *accesskey.Record, err error) {
			next.Claim.Untaggable = errors.Is(err, ErrDenied)
		},
	})
}

// check looks without changing anything but the record.
func (p *pass) check() error {
	switch p.step.Reason {
	case policy.WhySettle:
		return p.settle()
	case policy.WhyRights:
		return p.preflight()
	}
	next := p.next()
	what := p.noted(&next)
	return p.put(next, accesskey.Event{What: what, Key: p.step.Key, Destination: p.step.Destination})
}

// noted writes down what was seen.
func (p *pass) noted(next *accesskey.Record) string {
	switch p.step.Reason {
	case policy.WhyFoundDelivered:
		d := next.Delivery(p.step.Destination)
		d.Done, d.ReadBack = p.now, p.in.ObservedAt
		next.Flags.Offered = true
		return "found delivered"
	case policy.WhyAllDelivered:
		enter(next, accesskey.Delivered, p.now)
		return "delivered"
	case policy.WhyReadBack:
		p.readBack(next)
		enter(next, accesskey.Overlap, p.now)
		return "read back"
	case policy.WhyOffElsewhere:
		p.offElsewhere(next)
		return "found switched off"
	case policy.WhyReplacement:
		enter(next, accesskey.Requested, p.now)
		return "to be replaced"
	}
	enter(next, accesskey.Resting, p.now)
	return "rests"
}

func (p *pass) readBack(next *accesskey.Record) {
	for i := range next.Deliveries {
		d := &next.Deliveries[i]
		if h, known := p.in.Destinations[d.Destination].Get(); known && h.Readable && h.Key == next.New {
			d.ReadBack, d.Version = p.in.ObservedAt, h.Version
		}
	}
}

// offElsewhere notes a key that went off: by a request of ours that came late,
// and then it left as that request meant it to, or by somebody else.
func (p *pass) offElsewhere(next *accesskey.Record) {
	exit := accesskey.Exit{Theirs: next.Watch.OldInactive, Ordered: true}
	if p.step.Key == next.New {
		exit.Theirs = next.Watch.NewInactive
	}
	for _, i := range next.Late {
		if i.Action == accesskey.Deactivate && i.Key == p.step.Key {
			exit = accesskey.Exit{Deactivated: p.now, KnownUse: i.KnownUse, Ordered: i.Why == policy.WhyOrdered}
		}
	}
	if p.step.Key == next.New {
		next.NewExit = exit
		return
	}
	next.OldExit, next.Watch.OldActive = exit, time.Time{}
	enter(next, accesskey.Resting, p.now)
}

// preflight proves rights, destinations and escrow before a key is made.
func (p *pass) preflight() error {
	if err := p.preflightErr(); err != nil {
		return p.block(policy.WhyCheckFailed, err.Error())
	}
	next := p.next()
	next.Checked = p.now
	return p.put(next, accesskey.Event{What: "rights, destinations and escrow in order"})
}

// preflightErr says of everything that is not in order, not of the first only.
func (p *pass) preflightErr() error {
	errs := []error{p.Escrow.Check(p.ctx), p.Rights.MayRotate(p.ctx, p.record.Subject)}
	for _, d := range p.record.Deliveries {
		if d.Dropped {
			continue
		}
		place, err := p.Destination(p.record.Subject, d.Destination)
		if err == nil {
			err = place.Check(p.ctx)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("check %s: %w", d.Destination, err))
		}
	}
	return errors.Join(errs...)
}

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
	now := p.Clock.Now()
	next := p.record.Clone()
	next.New, next.Sealed, next.Proof, next.NewExit = made.ID, sealed, accesskey.Proof{}, accesskey.Exit{}
	next.Intent.Key, next.Intent.Outcome = made.ID, accesskey.OutcomeDone
	enter(&next, accesskey.Created, now)
	err = p.put(next, accesskey.Event{What: "create done", Key: made.ID, Outcome: accesskey.OutcomeDone})
	if err == nil || p.recorded(made.ID) {
		return nil
	}
	return errors.Join(err, p.destroy(made.ID))
}

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

// drop deletes a key that can't be kept, and records that.
func (p *pass) drop(made Credential, why error) error {
	next := p.record.Clone()
	next.Intent.Key, next.Intent.Outcome = made.ID, accesskey.OutcomeNotDone
	if err := p.destroy(made.ID); err != nil {
		next.Orphans = append(next.Orphans, made.ID)
		next.Intent.Outcome, why = accesskey.OutcomeDone, errors.Join(why, err)
	}
	p.setBlock(&next, policy.WhyCheckFailed, why.Error())
	next.Checked = time.Time{}
	return p.put(next, accesskey.Event{What: "create " + string(next.Intent.Outcome), Key: made.ID, Outcome: next.Intent.Outcome, Note: why.Error(), Alert: true})
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

// prove makes one round of calls as a key.
func (p *pass) prove() error {
	old := p.step.Key == p.record.Old
	failure := p.round(old)
	next := p.next()
	proof := &next.Proof
	if old {
		proof = &next.OldProof
	}
	*proof = policy.Proved(*proof, next.Terms, failure == nil, p.Clock.Now())
	event := accesskey.Event{What: "prove", Key: p.step.Key}
	switch {
	case failure != nil:
		event.What, event.Note = "prove failed", failure.Error()
		proof.Error = event.Note
	case !old && !proof.Passed.IsZero():
		event.What = "proven"
		enter(&next, accesskey.Proven, p.Clock.Now())
	}
	return p.put(next, event)
}

func (p *pass) round(old bool) error {
	cred, err := p.secret()
	if old {
		cred, err = p.open(p.record.Old, ForOldSecret, p.record.SealedOld)
	}
	if err != nil {
		return err
	}
	if !p.Clock.Now().Before(p.in.ObservedAt.Add(p.record.Terms.Lease)) {
		return ErrLeaseOver // too late to be told from somebody else's use
	}
	userID, err := p.Prover.Prove(p.ctx, cred, p.regions())
	if err != nil {
		return err
	}
	if userID != p.record.Subject.UserID {
		return fmt.Errorf("key %s belongs to %s, not to %s", cred.ID, userID, p.record.Subject.UserID)
	}
	last := policy.Proved(p.record.Proof, p.record.Terms, true, p.Clock.Now())
	if p.record.Probe == "" || old || last.Passed.IsZero() {
		return nil
	}
	if p.Probe == nil {
		return fmt.Errorf("probe %q: not run here", p.record.Probe)
	}
	return p.Probe(p.ctx, p.record.Probe, cred)
}

// regions are where the new key is proved: STS has an endpoint in each, and a
// key may work in one and not yet in another.
func (p *pass) regions() []string {
	regions := slices.Clone(p.Regions)
	for _, d := range p.record.Deliveries {
		place, err := p.Destination(p.record.Subject, d.Destination)
		if err != nil || d.Dropped {
			continue // what can't be opened is told when it is read
		}
		if r, ok := place.(Regional); ok && !slices.Contains(regions, r.Region()) {
			regions = append(regions, r.Region())
		}
	}
	return regions
}

// deliver hands the new key to one destination, over what was just read there
// and only over that; what stood there first is sealed with the intent.
func (p *pass) deliver() error {
	name := p.step.Destination
	place, err := p.Destination(p.record.Subject, name)
	if err != nil {
		return p.stuck(err)
	}
	cred, err := p.secret()
	if err != nil {
		return p.stuck(err)
	}
	seen, _ := p.in.Destinations[name].Get()
	previous, fresh, err := p.previous(place, name, seen)
	if err != nil {
		return p.stuck(err)
	}
	if !fresh {
		return nil
	}
	var version Version
	return p.mutate(call{
		intent: accesskey.Intent{Action: accesskey.Deliver, Key: p.record.New, Destination: name},
		prepare: func(next *accesskey.Record) {
			d := next.Delivery(name)
			d.Previous, d.Expect, d.Tried, d.Tries = previous, seen.Version, p.now, d.Tries+1
			next.Flags.Offered = true
		},
		send: func(ctx context.Context, _ Permit) (err error) {
			version, err = place.Deliver(ctx, Version(seen.Version), cred)
			return err
		},
		done:    func(next *accesskey.Record) { next.Delivery(name).Version = string(version) },
		notDone: func(next *accesskey.Record, err error) { next.Delivery(name).Error = err.Error() },
	})
}

// previous seals what stands in a destination before our first write there.
// fresh is false where somebody wrote since it was read: look again.
func (p *pass) previous(place Destination, name string, seen policy.Reading) (sealed string, fresh bool, err error) {
	if d := p.record.Delivery(name); d.Previous != "" {
		return d.Previous, true, nil
	}
	restorer, can := place.(Restorer)
	if !can {
		return "", true, nil
	}
	plain, version, err := restorer.Previous(p.ctx)
	if err != nil {
		return "", false, fmt.Errorf("read %s before the first write: %w", name, err)
	}
	if string(version) != seen.Version {
		return "", false, nil
	}
	sealed, err = p.Escrow.Seal(p.ctx, ForPrevious, plain)
	if err != nil {
		return "", false, fmt.Errorf("seal what %s holds: %w", name, err)
	}
	return sealed, true, nil
}

// restore puts back what stood in a destination before us.
func (p *pass) restore() error {
	name := p.step.Destination
	place, err := p.Destination(p.record.Subject, name)
	if err != nil {
		return p.stuck(err)
	}
	restorer, can := place.(Restorer)
	if !can {
		return p.stuck(fmt.Errorf("%s can't be put back", name))
	}
	plain, err := p.Escrow.Open(p.ctx, ForPrevious, p.record.Delivery(name).Previous)
	if err != nil {
		return p.stuck(fmt.Errorf("open what %s held: %w", name, err))
	}
	seen, _ := p.in.Destinations[name].Get()
	return p.mutate(call{
		intent: accesskey.Intent{Action: accesskey.Restore, Key: p.record.Old, Destination: name},
		prepare: func(next *accesskey.Record) {
			d := next.Delivery(name)
			d.Expect, d.Tried, d.Tries = seen.Version, p.now, d.Tries+1
		},
		send: func(ctx context.Context, _ Permit) error {
			_, err := restorer.Restore(ctx, Version(seen.Version), plain)
			return err
		},
		notDone: func(next *accesskey.Record, err error) { next.Delivery(name).Error = err.Error() },
	})
}

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
		return p.mutate(call{
			intent:  accesskey.Intent{Action: accesskey.UntagClaim},
			send:    func(ctx context.Context, permit Permit) error { return p.Tags.Untag(ctx, p.record.Subject, permit) },
			notDone: func(*accesskey.Record, error) {}, // a tag of ours that stays keeps nobody of ours out
		})
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
