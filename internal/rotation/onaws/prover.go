package onaws

import (
	"context"
	"fmt"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/rotation"
)

// Prove implements rotation.Prover: each call once, and every call must
// succeed. The answers must agree on whose key it is.
func (a *Account) Prove(ctx context.Context, c rotation.Credential, regions []string) (string, error) {
	if len(regions) == 0 {
		own, _ := a.session.Region()
		regions = []string{own}
	}
	key := a.session.AsKey(c.ID, c.Secret, ProofMark)
	var who awsapi.Identity
	for _, region := range regions {
		id, err := key.Identity(ctx, region)
		if err != nil {
			return "", fmt.Errorf("as %s in %s: %w", c.ID, region, err)
		}
		if who.UserID != "" && id != who {
			return "", fmt.Errorf("as %s: STS says %s in %s and %s before", c.ID, id.ARN, region, who.ARN)
		}
		who = id
	}
	userID, err := key.IAM(ctx)
	if err != nil {
		return "", fmt.Errorf("as %s: %w", c.ID, err)
	}
	if userID != "" && userID != who.UserID {
		return "", fmt.Errorf("as %s: STS says user %s, IAM %s", c.ID, who.UserID, userID)
	}
	return who.UserID, nil
}
