package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/secretsmanager"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/rotation"
)

// document finds the pair in a secret's text by the names of its fields.
var document stored.Document

// place is the secret itself, the last destination: delivering is moving
// AWSCURRENT from the version in the claim to the rotation's.
type place struct {
	*secretsmanager.Secret
	v *visit
}

var (
	_ rotation.Destination = (*place)(nil)
	_ rotation.Restorer    = (*place)(nil)
)

func newPlace(v *visit) *place {
	secret, err := secretsmanager.Open(v.arn, secretsmanager.Surroundings{
		User: v.subject.User, Region: v.f.Region, Store: func(string) secretsmanager.Store { return v.f.Store },
	})
	if err != nil {
		panic(err) // AWS gave us the ARN
	}
	return &place{secret, v}
}

// nowhere is a version that no secret has.
const nowhere = "00000000-0000-0000-0000-000000000000"

// Check implements rotation.Destination: that AWSCURRENT may be moved shows by a
// move that can't be made.
func (p *place) Check(ctx context.Context) error {
	err := p.v.f.Store.MoveLabel(ctx, p.v.arn, "KEYTEND", nowhere, "", time.Time{})
	if stored.Denied(err) || err != nil && !stored.Certain(err) {
		return fmt.Errorf("check %s: %w", p.Name(), err)
	}
	return nil
}

// Deliver implements rotation.Destination. What a person wrote since the claim,
// or put back since the delivery, stays.
func (p *place) Deliver(ctx context.Context, expect rotation.Version, next rotation.Credential) (rotation.Version, error) {
	version, err := p.deliver(ctx, expect, next)
	if err != nil {
		return "", fmt.Errorf("deliver to %s: %w", p.Name(), err)
	}
	return version, nil
}

func (p *place) deliver(ctx context.Context, expect rotation.Version, next rotation.Credential) (rotation.Version, error) {
	r := p.v.journal.latest()
	where, err := parseSealed(r.Sealed)
	switch {
	case err != nil:
		return "", stored.NotDone(err)
	case r.Stage() != accesskey.Proven:
		return "", stored.Changed("somebody put another version back, by hand")
	case where.base != string(expect):
		return "", stored.Changed(fmt.Sprintf("version %s stands there, written by hand since the claim, which was on %s", expect, where.base))
	}
	held, err := p.v.pair(ctx, where.version, pending)
	if err != nil {
		return "", stored.NotDone(err)
	}
	if held.ID != next.ID || held.Secret.Reveal() != next.Secret.Reveal() {
		return "", stored.Changed(fmt.Sprintf("%s holds another key than %s", pending, next.ID))
	}
	err = p.v.f.Store.MoveLabel(ctx, p.v.arn, current, where.base, where.version, rotation.Until(ctx))
	return rotation.Version(where.version), stored.Outcome(err)
}

// Previous implements rotation.Restorer: a reference, for the version stays as
// AWSPREVIOUS.
func (p *place) Previous(ctx context.Context) ([]byte, rotation.Version, error) {
	held, err := p.Current(ctx)
	return []byte(held.Version), held.Version, err
}

// Restore implements rotation.Restorer. Only the pair comes back, as a new
// version: what people changed beside it stays.
func (p *place) Restore(ctx context.Context, expect rotation.Version, previous []byte) (rotation.Version, error) {
	text, err := p.v.f.Store.ValueOf(ctx, p.v.arn, string(previous), "")
	if err != nil {
		return "", fmt.Errorf("restore %s: %w", p.Name(), stored.NotDone(err))
	}
	return p.Secret.Restore(ctx, expect, []byte(text.Reveal()))
}

// further is another destination. What it held before is the pair that this
// secret held: nothing of it is kept but which version that was.
type further struct {
	rotation.Destination
	v *visit
}

var _ rotation.Restorer = further{}

// elsewhere wraps a destination; one in a region of AWS stays one.
func elsewhere(d rotation.Destination, v *visit) rotation.Destination {
	if r, ok := d.(rotation.Regional); ok {
		return regional{further{d, v}, r}
	}
	return further{d, v}
}

type regional struct {
	further
	rotation.Regional
}

// Previous implements rotation.Restorer.
func (d further) Previous(ctx context.Context) ([]byte, rotation.Version, error) {
	held, err := d.Current(ctx)
	if err != nil {
		return nil, "", err
	}
	where, err := parseSealed(d.v.journal.latest().Sealed)
	return []byte(where.base), held.Version, err
}

// Restore implements rotation.Restorer.
func (d further) Restore(ctx context.Context, expect rotation.Version, previous []byte) (rotation.Version, error) {
	old, err := d.v.pair(ctx, string(previous), "")
	if err == nil && old.ID != d.v.journal.latest().Old {
		err = errors.New("the version that held the old key is gone")
	}
	if err != nil {
		return "", fmt.Errorf("restore %s: %w", d.Name(), stored.NotDone(err))
	}
	return d.Deliver(ctx, expect, old)
}
