package awsapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// Role is a role in another account.
type Role struct {
	ARN        string
	ExternalID string // empty: none
	Session    string // RoleSessionName, which CloudTrail shows; 2 to 64 of [\w+=,.@-]
}

// Assume opens a session with a role's temporary credentials (sts:AssumeRole, at
// the regional endpoint), which renew themselves. It has the account's own
// retryers and so its own rate and budget; clock, network and the bound of
// calls in flight are shared. Errors have the call sts:AssumeRole.
func (s *Session) Assume(ctx context.Context, role Role) (*Session, error) {
	provider := &assumed{session: s, role: role}
	cache := aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = 5 * time.Minute
	})
	if _, err := cache.Retrieve(ctx); err != nil {
		return nil, s.fail("sts:AssumeRole", err)
	}
	cfg := s.config.Copy()
	cfg.Credentials = cache
	other := s.sibling(cfg)
	other.chain = &chain{bottom: s.chain.bottom, cache: cache}
	other.identity = provider.who // AWS has just said it
	return other, nil
}

// assumed is a role's temporary credentials.
type assumed struct {
	session *Session
	role    Role
	who     Identity // of the first answer
}

// Retrieve implements aws.CredentialsProvider.
func (a *assumed) Retrieve(ctx context.Context) (aws.Credentials, error) {
	in := &sts.AssumeRoleInput{RoleArn: aws.String(a.role.ARN), RoleSessionName: aws.String(a.role.Session)}
	if a.role.ExternalID != "" {
		in.ExternalId = aws.String(a.role.ExternalID)
	}
	retryer := a.session.retryers.of("sts:AssumeRole")
	out, err := a.session.sts.AssumeRole(ctx, in, func(o *sts.Options) { o.Retryer = retryer })
	if err != nil {
		return aws.Credentials{}, err
	}
	if a.who == (Identity{}) && out.AssumedRoleUser != nil {
		who, err := identityOf(aws.ToString(out.AssumedRoleUser.Arn), aws.ToString(out.AssumedRoleUser.AssumedRoleId))
		if err != nil {
			return aws.Credentials{}, err
		}
		a.who = who
	}
	key, err := credentialsOf(out.Credentials)
	offset, _ := a.session.clock.skew()
	key.Expires = key.Expires.Add(-offset) // the cache goes by the host's clock: on one far ahead they would be too old when they come
	return key, err
}

// identityOf reads arn:aws:sts::123456789012:assumed-role/Audit/keytend.
func identityOf(arn, userID string) (Identity, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[4] == "" {
		return Identity{}, fmt.Errorf("answer names no account: ARN %q", arn)
	}
	return Identity{Account: parts[4], ARN: arn, UserID: userID, Partition: parts[1]}, nil
}

func credentialsOf(key *types.Credentials) (aws.Credentials, error) {
	if key == nil || key.Expiration == nil {
		return aws.Credentials{}, errors.New("answer has no credentials")
	}
	return aws.Credentials{
		AccessKeyID: aws.ToString(key.AccessKeyId), SecretAccessKey: aws.ToString(key.SecretAccessKey),
		SessionToken: aws.ToString(key.SessionToken), Source: "sts:AssumeRole", CanExpire: true, Expires: *key.Expiration,
	}, nil
}
