package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// lost discards what an earlier attempt made and nobody holds.
func (m *making) lost(ctx context.Context) error {
	u, err := m.user(ctx)
	if err != nil {
		return err
	}
	if m.begun.IsZero() {
		return nil
	}
	settled := m.begun.Add(m.terms.Lease + policy.SignatureLife + m.terms.Window)
	if now := m.f.Rotator.Clock.Now(); now.Before(settled) {
		return m.wrong("an earlier attempt to make the key, of %s, may still be carried out until %s: run this again then", m.begun.UTC().Format(time.RFC3339), settled.UTC().Format(time.RFC3339))
	}
	all, _ := u.Keys.Get()
	for _, k := range all {
		id, _ := k.ID.Get()
		author, known := m.f.Rotator.Trail.Author(ctx, m.subject, id).Get()
		switch {
		case !known || !author.Found:
			return m.wrong("key %s appeared since an earlier attempt, and CloudTrail does not show yet who made it: run this again in half an hour", id)
		case author.Token != m.token:
			return m.hasKeys(all)
		}
		m.say("discarding key " + string(id) + " of an earlier attempt, whose secret was lost")
		if err := m.f.Rotator.Mutations.DeleteAccessKey(ctx, m.subject, id, m.permit()); err != nil && !errors.Is(err, rotation.ErrNoKey) {
			return m.wrong("discard key %s: %w", id, err)
		}
	}
	return nil
}

func (m *making) permit() rotation.Permit {
	return rotation.Permit{Token: m.token, Until: m.f.Rotator.Clock.Now().Add(m.terms.Lease)}
}

// claim: two readings agree that there is no key, and the user's tag is ours and
// has settled.
func (m *making) claim(ctx context.Context) error {
	if err := m.unclaimed(ctx, ""); err != nil {
		return err
	}
	if err := m.f.Rotator.Rights.MayRotate(ctx, m.subject); err != nil {
		return m.wrong("%w", err)
	}
	m.say(fmt.Sprintf("claiming the user: %s until the tag has settled", 3*m.terms.Window))
	if err := m.f.Sleep(ctx, m.terms.Window); err != nil {
		return err
	}
	if err := m.unclaimed(ctx, ""); err != nil {
		return err
	}
	err := m.f.Rotator.Tags.Tag(ctx, m.subject, m.permit())
	switch denied := errors.Is(err, rotation.ErrDenied); {
	case denied:
		m.say("the user could not be tagged, so that another keytend is not kept out: " + err.Error())
		return m.unclaimed(ctx, "")
	case err != nil:
		return m.wrong("claim the user: %w", err)
	}
	if err := m.f.Sleep(ctx, 2*m.terms.Window); err != nil {
		return err
	}
	return m.unclaimed(ctx, m.token)
}

// unclaimed: the user has no key, and carries no claim but the one wanted or ours.
func (m *making) unclaimed(ctx context.Context, want string) error {
	u, err := m.user(ctx)
	if err != nil {
		return err
	}
	all, _ := u.Keys.Get()
	marks, _ := u.Tags.Get()
	claim := marks[rotation.ClaimTag]
	switch {
	case len(all) > 0:
		return m.hasKeys(all)
	case want != "" && claim != want, want == "" && claim != "" && claim != m.token:
		return m.wrong("another keytend is at work on the user (the tag %s is %q): let that end first", rotation.ClaimTag, claim)
	case marks[policy.SecretTag] != "" && marks[policy.SecretTag] != m.arn:
		return m.wrong("the user is rotated through secret %s already (the user's tag %s: take it off if that secret is gone)", marks[policy.SecretTag], policy.SecretTag)
	}
	return nil
}
