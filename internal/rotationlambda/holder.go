package rotationlambda

import (
	"context"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

// holder: whoever put the pair into AWSCURRENT holds the user's key. A key's ID
// is no secret: whoever may write and tag a secret could otherwise have a key
// made for any user whose key ID he knows.
func (v *visit) holder(ctx context.Context) error {
	held, err := v.f.held(ctx, v.arn)
	if err == nil {
		err = v.f.holds(ctx, held, v.user)
	}
	if err != nil {
		return v.wrong("%w", err)
	}
	return nil
}

// held is the pair in a secret's AWSCURRENT.
func (f *Function) held(ctx context.Context, arn string) (rotation.Credential, error) {
	text, _, err := f.Store.Value(ctx, arn)
	if err != nil {
		return rotation.Credential{}, err
	}
	pair, err := document.Read(text.Reveal())
	if err != nil {
		err = fmt.Errorf("its value is not understood: %w. Wanted is a JSON object with accessKeyId and secretAccessKey, or with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", err)
	}
	return pair, err
}

// A new key takes some seconds until it works everywhere.
const (
	newFor  = 5 * time.Minute
	newWait = 10 * time.Second
	newNaps = 6
)

// settled waits until a pair works whose key was made just now. It may then not
// work all the same.
func (f *Function) settled(ctx context.Context, held rotation.Credential, k accesskey.Key) error {
	made, known := k.Created.Get()
	for range newNaps {
		if !known || f.Rotator.Clock.Now().Sub(made) > newFor {
			return nil
		}
		if _, err := f.Rotator.Prover.Prove(ctx, held, []string{f.Region}); err == nil {
			return nil
		}
		if err := f.Sleep(ctx, newWait); err != nil {
			return err
		}
	}
	return nil
}

// holds proves that a pair is of the user.
func (f *Function) holds(ctx context.Context, held rotation.Credential, user accesskey.User) error {
	all, _ := user.Keys.Get()
	for _, k := range all {
		if is(k, held.ID) {
			if err := f.settled(ctx, held, k); err != nil {
				return err
			}
		}
	}
	who, err := f.Rotator.Prover.Prove(ctx, held, []string{f.Region})
	if err == nil && who != user.ID {
		err = fmt.Errorf("it is %s's, not %s's", who, user.ID)
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
