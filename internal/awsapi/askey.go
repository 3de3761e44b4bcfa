package awsapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/accesskey"
)

// AsKey makes calls as another key than the session's: each one attempt, never
// repeated.
type AsKey struct {
	session *Session
	iam     *iam.Client
	sts     *sts.Client
}

// AsKey returns what calls AWS as a long-lived key. mark is told in the user
// agent, see Once.Mark.
func (s *Session) AsKey(id accesskey.ID, secret accesskey.Secret, mark string) AsKey {
	key := credentials.NewStaticCredentialsProvider(string(id), secret.Reveal(), "")
	signer := freshSigner{v4.NewSigner(), s.clock}
	return AsKey{
		session: s,
		iam: iam.New(s.iam.Options(), func(o *iam.Options) {
			o.Credentials, o.Retryer, o.AppID, o.HTTPSignerV4, o.AuthSchemes = key, aws.NopRetryer{}, mark, signer, nil
		}),
		sts: sts.New(s.sts.Options(), func(o *sts.Options) {
			o.Credentials, o.Retryer, o.AppID, o.HTTPSignerV4, o.AuthSchemes = key, aws.NopRetryer{}, mark, signer, nil
		}),
	}
}

// freshSigner signs by AWS's clock, since a client learns how far off the host's
// is only by a call that failed; and by nobody else's memory: the SDK's signers
// remember what they derived from a secret by the key's ID alone, so that a wrong
// secret would pass for the right one used before.
type freshSigner struct {
	signer *v4.Signer
	clock  *clock
}

// SignHTTP implements the SDK's HTTPSignerV4.
func (f freshSigner) SignHTTP(ctx context.Context, key aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, options ...func(*v4.SignerOptions)) error {
	return f.signer.SignHTTP(ctx, key, r, hash, service, region, f.clock.now(), options...)
}

// Identity asks STS in one region who the key belongs to
// (sts:GetCallerIdentity, which needs no permission).
func (k AsKey) Identity(ctx context.Context, region string) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return k.session.identityFrom(ctx, k.sts, func(o *sts.Options) { o.Region = region })
}

// IAM reports that IAM accepts the key, by having it ask for its own user
// (iam:GetUser). userID is empty where the key lacks the right to know, which
// AWS says only after it has accepted the key.
func (k AsKey) IAM(ctx context.Context) (userID string, err error) {
	const call = "iam:GetUser"
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := k.iam.GetUser(ctx, &iam.GetUserInput{})
	if err = k.session.fail(call, err); err != nil {
		var e *Error
		if errors.As(err, &e) && (e.Code == "AccessDenied" || e.Code == "AccessDeniedException") {
			return "", nil
		}
		return "", err
	}
	if out.User == nil || aws.ToString(out.User.UserId) == "" {
		return "", k.session.fail(call, errors.New("answer has no user"))
	}
	return *out.User.UserId, nil
}
