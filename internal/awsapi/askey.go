package awsapi

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/accesskey"
)

// AsKey makes calls as another key than the session's: each one attempt, never
// repeated. Its application ID is told in the user agent, see Once.Mark.
type AsKey struct {
	session *Session
	key     aws.CredentialsProvider
	mark    string
}

// AsKey returns what calls AWS as a long-lived key.
func (s *Session) AsKey(id accesskey.ID, secret accesskey.Secret, mark string) AsKey {
	return AsKey{s, credentials.NewStaticCredentialsProvider(string(id), secret.Reveal(), ""), mark}
}

// Identity asks STS in one region who the key belongs to
// (sts:GetCallerIdentity, which needs no permission).
func (k AsKey) Identity(ctx context.Context, region string) (Identity, error) {
	// The session's client has learned how far the clocks are apart; a client
	// of the region's own would fail at first where they are.
	return k.session.callerIdentity(ctx, func(o *sts.Options) {
		o.Region, o.Credentials, o.Retryer, o.AppID = region, k.key, aws.NopRetryer{}, k.mark
	})
}

// IAM reports that IAM accepts the key, by having it ask for its own user
// (iam:GetUser). userID is empty where the key lacks the right to know, which
// AWS says only after it has accepted the key.
func (k AsKey) IAM(ctx context.Context) (userID string, err error) {
	const call = "iam:GetUser"
	out, err := k.session.iam.GetUser(ctx, &iam.GetUserInput{}, func(o *iam.Options) {
		o.Credentials, o.Retryer, o.AppID = k.key, aws.NopRetryer{}, k.mark
	})
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
