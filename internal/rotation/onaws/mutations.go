package onaws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/rotation"
)

// CreateAccessKey implements rotation.Mutations.
func (a *Account) CreateAccessKey(ctx context.Context, subject accesskey.Subject, p rotation.Permit) (rotation.Credential, error) {
	s, how, err := a.permitted(ctx, awsapi.Create, subject, p)
	if err != nil {
		return rotation.Credential{}, undone(err)
	}
	id, secret, err := s.CreateKey(ctx, subject.User, how)
	if err != nil {
		return rotation.Credential{}, outcome(err, nil)
	}
	return rotation.Credential{ID: id, Secret: secret}, nil
}

// SetStatus implements rotation.Mutations.
func (a *Account) SetStatus(ctx context.Context, subject accesskey.Subject, key accesskey.ID, status accesskey.Status, p rotation.Permit) error {
	if status != accesskey.Active && status != accesskey.Inactive {
		return undone(fmt.Errorf("no key can be made %q", status))
	}
	s, how, err := a.permitted(ctx, awsapi.Deactivate, subject, p)
	if err != nil {
		return undone(err)
	}
	return outcome(s.SetKeyStatus(ctx, subject.User, key, status, how), rotation.ErrNoKey)
}

// DeleteAccessKey implements rotation.Mutations.
func (a *Account) DeleteAccessKey(ctx context.Context, subject accesskey.Subject, key accesskey.ID, p rotation.Permit) error {
	s, how, err := a.permitted(ctx, awsapi.Delete, subject, p)
	if err != nil {
		return undone(err)
	}
	return outcome(s.DeleteKey(ctx, subject.User, key, how), rotation.ErrNoKey)
}

// permitted returns what a mutating call is made with, by whoever does acts of
// that duty. All calls that it takes are made here: what follows is signed and
// sent at once.
func (a *Account) permitted(ctx context.Context, d awsapi.Duty, subject accesskey.Subject, p rotation.Permit) (*awsapi.Session, awsapi.Once, error) {
	if !tokenForm.MatchString(p.Token) {
		return nil, awsapi.Once{}, fmt.Errorf("token %q can't travel in a user agent: want letters, digits and ._+-, at most 56", p.Token)
	}
	if _, err := a.own(ctx, subject); err != nil {
		return nil, awsapi.Once{}, err
	}
	s, err := a.by(ctx, d)
	if err == nil {
		s, err = a.sessionNamed(ctx, s, p.Token)
	}
	return s, awsapi.Once{Mark: mark + p.Token, Until: p.Until}, err
}

// by is who does acts of a duty. An account that lets nobody in for it is a
// refusal.
func (a *Account) by(ctx context.Context, d awsapi.Duty) (*awsapi.Session, error) {
	s, err := a.session.For(ctx, d)
	if class := awsapi.ClassOf(err); err != nil && (class == awsapi.Denied || class == awsapi.DeniedByOrganization || errors.Is(err, awsapi.ErrNobody)) {
		return nil, refusal{err, []error{rotation.ErrNotDone, rotation.ErrDenied}}
	}
	return s, err
}

// naming is a session that is to be named after a token.
type naming struct {
	of    *awsapi.Session
	token string
}

// sessionNamed is the session whose role session is named after the token,
// where a role is assumed and may be assumed under that name. The user agent
// carries the token in any case.
func (a *Account) sessionNamed(ctx context.Context, of *awsapi.Session, token string) (*awsapi.Session, error) {
	n := naming{of, token}
	a.lock.Lock()
	s, known := a.named[n]
	a.lock.Unlock()
	if known {
		return s, nil
	}
	s, renamed := of.Named(mark + token)
	if renamed {
		_, err := s.KeyID(ctx)
		switch class := awsapi.ClassOf(err); {
		case class == awsapi.Denied, class == awsapi.DeniedByOrganization:
			s = of // the role's trust policy wants another name
		case err != nil:
			return nil, err
		}
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	if len(a.named) >= 256 {
		clear(a.named) // claims that have ended; the others are named again
	}
	a.named[n] = s
	return s, nil
}

// Tag implements rotation.Tags.
func (a *Account) Tag(ctx context.Context, subject accesskey.Subject, p rotation.Permit) error {
	s, how, err := a.permitted(ctx, awsapi.Create, subject, p)
	if err != nil {
		return undone(err)
	}
	return outcome(s.TagUser(ctx, subject.User, rotation.ClaimTag, p.Token, how), nil)
}

// MarkSecret writes the user tag that names the secret through which a rotation
// function replaces the user's key.
func (a *Account) MarkSecret(ctx context.Context, subject accesskey.Subject, arn string, p rotation.Permit) error {
	s, how, err := a.permitted(ctx, awsapi.Create, subject, p)
	if err != nil {
		return undone(err)
	}
	return outcome(s.TagUser(ctx, subject.User, rotation.SecretTag, arn, how), nil)
}

// Untag implements rotation.Tags. IAM can't remove a tag by its value: it is
// read right before.
func (a *Account) Untag(ctx context.Context, subject accesskey.Subject, p rotation.Permit) error {
	s, how, err := a.permitted(ctx, awsapi.Create, subject, p)
	if err != nil {
		return undone(err)
	}
	user, err := a.session.User(ctx, subject.User)
	switch {
	case awsapi.ClassOf(err) == awsapi.NotFound:
		return nil
	case err != nil:
		return undone(err)
	case user.Tags[rotation.ClaimTag] != p.Token:
		return nil
	}
	return outcome(s.UntagUser(ctx, subject.User, rotation.ClaimTag, how), nil)
}

// MoveDescription moves the description that IAM's console shows with a key, a
// user tag named after its ID, from one key to another. A description that the
// other has already stays, and the first is removed. Without one, nothing is
// done. It may be called again after any failure.
func (a *Account) MoveDescription(ctx context.Context, subject accesskey.Subject, from, to accesskey.ID, p rotation.Permit) error {
	s, how, err := a.permitted(ctx, awsapi.Create, subject, p)
	if err != nil {
		return undone(err)
	}
	user, err := a.session.User(ctx, subject.User)
	if err != nil {
		return undone(err)
	}
	tags := maps.Clone(user.Tags)
	text, described := tags[string(from)]
	if !described {
		return nil
	}
	if _, taken := tags[string(to)]; !taken {
		if err := s.TagUser(ctx, subject.User, string(to), text, how); err != nil {
			return outcome(err, nil)
		}
	}
	return outcome(s.UntagUser(ctx, subject.User, string(from), how), nil)
}

// Now implements rotation.Clock.
func (a *Account) Now() time.Time { return a.session.Now() }

// skewLife is how long what an answer told about the clocks counts.
const skewLife = 5 * time.Minute

// Skew implements rotation.Clock: by the Date header of the latest answer, and
// where that is old or there was none, by asking STS.
func (a *Account) Skew(ctx context.Context) accesskey.Fact[time.Duration] {
	skew, at := a.session.SkewAt()
	if at.IsZero() || a.Now().Sub(at).Abs() > skewLife {
		if err := a.session.AskTime(ctx); err != nil {
			return unread[time.Duration](err)
		}
		skew, at = a.session.SkewAt()
	}
	return accesskey.Observed(-skew, at, "Date header")
}
