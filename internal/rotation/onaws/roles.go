package onaws

import (
	"context"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// RoleUsed implements rotation.Roles (iam:GetRole).
func (a *Account) RoleUsed(ctx context.Context, subject accesskey.Subject, role string) accesskey.Fact[time.Time] {
	if _, err := a.own(ctx, subject); err != nil {
		return unread[time.Time](err)
	}
	asked := time.Now()
	use, err := a.session.RoleLastUsed(ctx, role)
	if err != nil {
		return unread[time.Time](err)
	}
	source := "iam:GetRole"
	if !use.Exists {
		source = "iam:GetRole: there is no role " + role
	}
	return accesskey.Observed(use.At, a.session.At(asked), source)
}
