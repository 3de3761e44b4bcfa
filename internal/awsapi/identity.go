package awsapi

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/accesskey"
)

// Identity is who the session's credentials belong to.
type Identity struct {
	Account   string // twelve digits
	ARN       string
	UserID    string
	Partition string // aws, aws-us-gov, aws-cn
}

// Identity asks STS who the caller is (sts:GetCallerIdentity, which needs no
// permission). A session asks once and remembers.
func (s *Session) Identity(ctx context.Context) (Identity, error) {
	s.identityLock.Lock()
	defer s.identityLock.Unlock()
	if s.identity != (Identity{}) {
		return s.identity, nil
	}
	id, err := s.callerIdentity(ctx)
	if err == nil {
		s.identity = id
	}
	return id, err
}

// KeyID returns the ID of the access key that the session signs with, which
// may belong to a role's session (ASIA…). It resolves credentials, and calls AWS
// only where that takes a call.
func (s *Session) KeyID(ctx context.Context) (accesskey.ID, error) {
	key, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return "", s.fail("get credentials", err)
	}
	return accesskey.ID(key.AccessKeyID), nil
}

// IdentityOf asks STS whose a key is by signing with that key instead of the
// session's (sts:GetCallerIdentity). A temporary key needs its session token.
// What AWS refuses (inactive, deleted, wrong secret) is an error of class
// CredentialsInvalid or CredentialsExpired.
func (s *Session) IdentityOf(ctx context.Context, id accesskey.ID, secret, token accesskey.Secret) (Identity, error) {
	key := credentials.NewStaticCredentialsProvider(string(id), secret.Reveal(), token.Reveal())
	return s.identityFrom(ctx, sts.New(s.sts.Options(), func(o *sts.Options) {
		o.Credentials, o.HTTPSignerV4, o.AuthSchemes = key, freshSigner{v4.NewSigner(), s.clock}, nil
	}))
}

func (s *Session) callerIdentity(ctx context.Context) (Identity, error) {
	return s.identityFrom(ctx, s.sts)
}

func (s *Session) identityFrom(ctx context.Context, client *sts.Client, options ...func(*sts.Options)) (Identity, error) {
	out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, options...)
	if err != nil {
		return Identity{}, s.fail("sts:GetCallerIdentity", err)
	}
	id, err := identityOf(aws.ToString(out.Arn), aws.ToString(out.UserId))
	return id, s.fail("sts:GetCallerIdentity", err)
}

// KeyAccount returns the account a key belongs to, whoever's it is
// (sts:GetAccessKeyInfo). AWS also answers for keys that were deleted.
func (s *Session) KeyAccount(ctx context.Context, id accesskey.ID) (string, error) {
	out, err := s.sts.GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String(string(id))})
	if err != nil {
		return "", s.fail("sts:GetAccessKeyInfo", err)
	}
	if aws.ToString(out.Account) == "" {
		return "", s.fail("sts:GetAccessKeyInfo", errors.New("answer names no account"))
	}
	return *out.Account, nil
}
