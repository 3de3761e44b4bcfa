package rotationlambda

import (
	"context"
	"fmt"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

// holder: whoever put the pair into AWSCURRENT holds the user's key. A key's ID
// is no secret: whoever may write and tag a secret could otherwise have a key
// made for any user whose key ID he knows.
func (v *visit) holder(ctx context.Context) error {
	text, _, err := v.f.Store.Value(ctx, v.arn)
	if err != nil {
		return v.wrong("%w", err)
	}
	held, err := document.Read(text.Reveal())
	if err != nil {
		return v.wrong("the secret's value is not understood: %w", err)
	}
	if err := v.f.holds(ctx, held, v.subject.UserID); err != nil {
		return v.wrong("%w", err)
	}
	return nil
}

// holds proves that a pair is of the user.
func (f *Function) holds(ctx context.Context, held rotation.Credential, user string) error {
	who, err := f.Rotator.Prover.Prove(ctx, held, []string{f.Region})
	if err == nil && who != user {
		err = fmt.Errorf("it is %s's, not %s's", who, user)
	}
	if err != nil {
		return fmt.Errorf("%s names key %s, and the secret access key beside it does not work with it: %w. Only who holds a user's key gets the next: put the pair right", current, held.ID, err)
	}
	return nil
}

// active reports that a key is Active.
func active(k accesskey.Key) bool {
	status, _ := k.Status.Get()
	return status == accesskey.Active
}
