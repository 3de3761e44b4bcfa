package rotationlambda

import (
	"context"
	"strings"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// minds: the secret is the function's, or was. Whoever takes tags away that he does
// not know takes both, or one of them, in the midst of a rotation. A replica is the
// affair of the function in the region of the secret.
func (f *Function) minds(d awsapi.SecretDescription) bool {
	if d.PrimaryRegion != "" && d.PrimaryRegion != f.Region {
		return false
	}
	if d.Tags[UserTag] != "" || f.rotates(d) {
		return true
	}
	latest, err := unpack(d.Tags)
	return err != nil || latest.live()
}

// rotates: Secrets Manager has this function rotate the secret.
func (f *Function) rotates(d awsapi.SecretDescription) bool {
	return d.RotationEnabled && f.ARN != "" && d.RotationLambda == f.ARN
}

// recordless: nothing was done to the secret yet, but for the label of a rotation
// that was called off at once; or its record was lost with its tags. Then two keys
// may be Active, and nobody is at work on them.
func (f *Function) recordless(ctx context.Context, d awsapi.SecretDescription) error {
	if !d.Deleted.IsZero() {
		return nil
	}
	v, err := f.open(ctx, d, Event{})
	switch {
	case err != nil && !f.rotates(d):
		return nil // the secret isn't rotated, whatever it is tagged with
	case err != nil:
		return err
	case v.lost():
		return v.gone()
	case d.RotationLambda != f.ARN && f.ARN != "":
		return nil // another function's, if anybody's
	}
	return v.sweep(ctx, d)
}

// gone is what people are told of a lost record.
func (v *visit) gone() error {
	return v.wrong("a rotation is under way (the user's tag %s), and its record is gone from the secret's tags: `%s` rebuilds it. Who has removed the tags must leave those below %s alone",
		rotation.ClaimTag, v.command("", Rebuild), OwnTags)
}

// lost: the user carries the claim of a rotation of this secret, whose tags know of
// none.
func (v *visit) lost() bool {
	marks, _ := v.user.Tags.Get()
	return marks[policy.SecretTag] == v.arn && strings.HasPrefix(marks[rotation.ClaimTag], v.f.Rotator.JournalName+".")
}
