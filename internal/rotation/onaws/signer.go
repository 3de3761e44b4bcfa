package onaws

import (
	"context"
	"errors"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/rotation"
)

// BaseKey implements rotation.Signer.
func (a *Account) BaseKey(ctx context.Context) accesskey.Fact[accesskey.ID] {
	id, err := a.session.BaseKey(ctx)
	if a.options.Keyless && errors.Is(err, awsapi.ErrUntold) {
		return accesskey.Observed(accesskey.ID(""), a.Now(), "as we were told")
	}
	if err != nil {
		return unread[accesskey.ID](err)
	}
	return accesskey.Observed(id, a.Now(), "our own credentials")
}

// Use implements rotation.Signer. It changes this process only: files and
// environment are destinations.
func (a *Account) Use(_ context.Context, c rotation.Credential) error {
	if err := a.session.UseKey(c.ID, c.Secret); err != nil {
		return err
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	clear(a.named) // their role sessions were made with the key before
	return nil
}
