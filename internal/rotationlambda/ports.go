package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// keys reads the user and remembers it, and says where another secret rotates
// the user's key.
type keys struct {
	rotation.Keys
	v *visit
}

// User implements rotation.Keys.
func (k keys) User(ctx context.Context, subject accesskey.Subject) accesskey.Fact[accesskey.User] {
	fact := k.Keys.User(ctx, subject)
	if user, known := fact.Get(); known {
		k.v.user = user
	}
	return fact
}

// Managed implements rotation.Keys.
func (k keys) Managed(ctx context.Context, subject accesskey.Subject, key accesskey.ID) accesskey.Fact[string] {
	marks, known := k.v.user.Tags.Get()
	if other := marks[policy.SecretTag]; known && other != "" && other != k.v.arn {
		return accesskey.Observed("the rotation of secret "+other+" (the user's tag "+policy.SecretTag+": take it off if that secret is gone)", k.v.user.Tags.At(), "iam:GetUser")
	}
	return k.Keys.Managed(ctx, subject, key)
}

// tags marks the user as rotated through this secret, before it is claimed.
type tags struct {
	rotation.Tags
	v *visit
}

// Tag implements rotation.Tags.
func (t tags) Tag(ctx context.Context, subject accesskey.Subject, p rotation.Permit) error {
	marks, _ := t.v.user.Tags.Get()
	if marks[policy.SecretTag] != t.v.arn {
		if err := t.v.f.MarkUser(ctx, subject, t.v.arn, p); err != nil {
			if errors.Is(err, rotation.ErrDenied) {
				return t.Tags.Tag(ctx, subject, p) // exclusion by the claim alone, as the claim finds
			}
			return fmt.Errorf("%w (%w)", err, rotation.ErrNotDone)
		}
	}
	return t.Tags.Tag(ctx, subject, p)
}

// mutations looks at the secret once more right before a call that takes a key
// from somebody, and remembers what was made.
type mutations struct {
	rotation.Mutations
	v *visit
}

// CreateAccessKey implements rotation.Mutations. Where the version that the
// rotation is about can't take the key any more, or the secret holds none that
// works, none is made: the record stands in tags, which others may write.
func (m mutations) CreateAccessKey(ctx context.Context, subject accesskey.Subject, p rotation.Permit) (rotation.Credential, error) {
	if err := m.v.takesKey(ctx); err != nil {
		return rotation.Credential{}, fmt.Errorf("%w (%w)", err, rotation.ErrNotDone)
	}
	made, err := m.Mutations.CreateAccessKey(ctx, subject, p)
	if err == nil {
		m.v.made = made
	}
	return made, err
}

// takesKey: a version takes one value and no other.
func (v *visit) takesKey(ctx context.Context) error {
	_, next, err := v.labels(ctx)
	if err != nil {
		return err
	}
	held, err := v.pair(ctx, v.token, "")
	switch {
	case err != nil:
		return err
	case next != v.token:
		v.over = fmt.Errorf("version %s does not carry %s any more: start the rotation anew", v.token, pending)
	case held.ID != "":
		v.over = fmt.Errorf("version %s holds key %s already, and takes no other", v.token, held.ID)
	}
	if v.over != nil {
		return v.over
	}
	return v.holder(ctx)
}

// SetStatus implements rotation.Mutations.
func (m mutations) SetStatus(ctx context.Context, subject accesskey.Subject, key accesskey.ID, status accesskey.Status, p rotation.Permit) error {
	if status == accesskey.Inactive {
		if r := m.v.journal.latest(); r.Phase == accesskey.RollingBack && key == r.New {
			if err := m.v.unoffer(ctx, key); err != nil {
				return err
			}
		}
		if err := m.v.unnamed(ctx, key); err != nil {
			return err
		}
	}
	return m.Mutations.SetStatus(ctx, subject, key, status, p)
}

// DeleteAccessKey implements rotation.Mutations. A key that couldn't be kept is
// deleted at once: it is in nobody's hands, whatever AWSPENDING says.
func (m mutations) DeleteAccessKey(ctx context.Context, subject accesskey.Subject, key accesskey.ID, p rotation.Permit) error {
	intent := m.v.journal.latest().Intent
	if intent.Action == accesskey.DiscardKey {
		if err := m.v.unoffer(ctx, key); err != nil {
			return err
		}
	}
	if intent.Action != accesskey.CreateKey {
		if err := m.v.unnamed(ctx, key); err != nil {
			return err
		}
	}
	return m.Mutations.DeleteAccessKey(ctx, subject, key, p)
}

// unnamed refuses what would make AWSCURRENT or AWSPENDING name a dead key.
func (v *visit) unnamed(ctx context.Context, key accesskey.ID) error {
	now, next, err := v.labels(ctx)
	if err != nil {
		return stored.NotDone(err)
	}
	for _, label := range []struct{ name, version string }{{current, now}, {pending, next}} {
		if label.version == "" {
			continue
		}
		held, err := v.pair(ctx, label.version, label.name)
		if err != nil {
			return stored.NotDone(fmt.Errorf("read %s: %w", label.name, err))
		}
		if held.ID != key {
			continue
		}
		if label.name == current { // nothing but a person's hand ends that
			v.alarm(ctx, "a key that is to go stays, for AWSCURRENT names it: put the label on the version with the user's other key", "key", string(key))
		}
		return stored.NotDone(fmt.Errorf("%s names key %s", label.name, key))
	}
	return nil
}

// unoffer takes AWSPENDING off the key that is taken back. It is looked at again
// before that is done.
func (v *visit) unoffer(ctx context.Context, key accesskey.ID) error {
	now, next, err := v.labels(ctx)
	if err != nil || next == "" || next == now {
		return stored.NotDone(err)
	}
	held, err := v.pair(ctx, next, pending)
	if err != nil || held.ID != key {
		return stored.NotDone(err)
	}
	if err := v.unlabel(ctx, next); err != nil {
		return stored.NotDone(err)
	}
	return stored.NotDone(fmt.Errorf("%s was taken off key %s; it is taken back after another look", pending, key))
}

// sealed says where the new secret lies: in the version that the rotation is
// about, which was made from what AWSCURRENT was.
type sealed struct{ version, base string }

const sealedForm = "pending"

func (s sealed) String() string { return strings.Join([]string{sealedForm, s.version, s.base}, "/") }

func parseSealed(text string) (sealed, error) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 || parts[0] != sealedForm {
		return sealed{}, errors.New("what is sealed is of another kind")
	}
	return sealed{parts[1], parts[2]}, nil
}

var _ rotation.Keeper = escrow{}

// escrow keeps the new secret as the secret's version AWSPENDING, encrypted by
// Secrets Manager. Of what stood elsewhere before, only a reference is kept.
type escrow struct{ v *visit }

// Check implements rotation.Escrow.
func (e escrow) Check(context.Context) error { return nil }

// Seal implements rotation.Escrow.
func (e escrow) Seal(ctx context.Context, purpose string, plain []byte) (string, error) {
	switch {
	case purpose == rotation.ForPrevious:
		return string(plain), nil
	case purpose != rotation.ForNewSecret || string(plain) != e.v.made.Secret.Reveal():
		return "", errors.New("there is no place for it in the secret")
	}
	return e.v.propose(ctx)
}

// propose stores the key that was just made as AWSPENDING, in the place of the
// old one in what AWSCURRENT is.
func (v *visit) propose(ctx context.Context) (string, error) {
	text, base, err := v.f.Store.Value(ctx, v.arn)
	if err != nil {
		return "", err
	}
	held, err := document.Read(text.Reveal())
	if err != nil {
		return "", err
	}
	if old := v.journal.latest().Old; held.ID != old {
		return "", fmt.Errorf("%s holds %s by now, not %s", current, held.ID, old)
	}
	next, err := document.Write(text.Reveal(), v.made)
	if err != nil {
		return "", err
	}
	until := v.f.Rotator.Clock.Now().Add(writeLife)
	err = v.f.Store.PutPending(ctx, v.arn, v.token, v.rotationToken, accesskey.NewSecret(next), until)
	if err != nil && !stored.Certain(err) {
		err = v.confirmPut(ctx, err)
	}
	if err != nil {
		return "", fmt.Errorf("store it as %s: %w", pending, err)
	}
	return sealed{v.token, base}.String(), nil
}

// confirmPut looks whether a version was stored though the answer was lost.
func (v *visit) confirmPut(ctx context.Context, lost error) error {
	for range readBacks {
		held, err := v.pair(ctx, v.token, pending)
		if err == nil && held.ID == v.made.ID && held.Secret.Reveal() == v.made.Secret.Reveal() {
			return nil
		}
		if v.f.Sleep(ctx, readBackGap) != nil {
			break
		}
	}
	return lost
}

// Kept implements rotation.Keeper: the process died after a key was stored as
// AWSPENDING, and this is a retry of the same rotation.
func (e escrow) Kept(ctx context.Context, key accesskey.ID) (string, error) {
	v := e.v
	if v.step != create {
		return "", nil
	}
	held, err := v.pair(ctx, v.token, pending)
	if err != nil || held.ID != key {
		return "", err
	}
	stored, err := v.f.Store.ValueOf(ctx, v.arn, v.token, pending)
	if err != nil {
		return "", err
	}
	text, base, err := v.f.Store.Value(ctx, v.arn)
	if err != nil {
		return "", err
	}
	now, err := document.Read(text.Reveal())
	if err != nil || now.ID != v.journal.latest().Old {
		return "", nil //nolint:nilerr // what it was made from is gone
	}
	if want, err := document.Write(text.Reveal(), held); err != nil || want != stored.Reveal() {
		return "", nil //nolint:nilerr // somebody changed AWSCURRENT since
	}
	return sealed{v.token, base}.String(), nil
}

// Open implements rotation.Escrow.
func (e escrow) Open(ctx context.Context, purpose, text string) ([]byte, error) {
	if purpose == rotation.ForPrevious {
		return []byte(text), nil
	}
	where, err := parseSealed(text)
	if err != nil {
		return nil, err
	}
	held, err := e.v.pair(ctx, where.version, "")
	if err != nil {
		return nil, err
	}
	if want := e.v.journal.latest().New; held.ID != want {
		return nil, fmt.Errorf("version %s holds %q, not key %s", where.version, held.ID, want)
	}
	return []byte(held.Secret.Reveal()), nil
}
