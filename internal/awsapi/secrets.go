package awsapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keytend/keytend/internal/accesskey"
)

// Secrets is AWS Secrets Manager in one region. A secret is named by its name
// or, also in another account, by its ARN.
type Secrets struct {
	session *Session
	client  *secretsmanager.Client
	region  string
}

// Secrets returns Secrets Manager in a region; empty: the session's.
func (s *Session) Secrets(region string) *Secrets {
	cfg := s.regional(region)
	return &Secrets{session: s, client: secretsmanager.NewFromConfig(cfg), region: cfg.Region}
}

func (s *Secrets) api(name string, careful bool) func(*secretsmanager.Options) {
	retryer := s.session.retrying(s.region, "secretsmanager:"+name, careful)
	return func(o *secretsmanager.Options) { o.Retryer = retryer }
}

// before bounds when a call may be signed.
func (s *Secrets) before(until time.Time) func(*secretsmanager.Options) {
	return func(o *secretsmanager.Options) { o.APIOptions = append(o.APIOptions, s.session.signedBefore(until)...) }
}

// Value reads the version that AWSCURRENT is attached to
// (secretsmanager:GetSecretValue, and kms:Decrypt for a key of one's own). A
// binary secret is an error.
func (s *Secrets) Value(ctx context.Context, id string) (text accesskey.Secret, version string, err error) {
	const call = "secretsmanager:GetSecretValue"
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: aws.String(id), VersionStage: aws.String("AWSCURRENT"),
	}, s.api("GetSecretValue", false))
	if err != nil {
		return accesskey.Secret{}, "", s.session.fail(call, err)
	}
	if out.SecretString == nil {
		return accesskey.Secret{}, "", s.session.fail(call, errors.New("the secret is binary, not text"))
	}
	return accesskey.NewSecret(*out.SecretString), aws.ToString(out.VersionId), nil
}

// Keeper says what else writes the secret, or stands in the way of writing it:
// "rotation by arn:aws:lambda:…", "service rds", "deletion, due 2026-12-01",
// "primary secret in us-east-1" of a replica; empty: nothing
// (secretsmanager:DescribeSecret).
func (s *Secrets) Keeper(ctx context.Context, id string) (string, error) {
	out, err := s.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(id)}, s.api("DescribeSecret", false))
	if err != nil {
		return "", s.session.fail("secretsmanager:DescribeSecret", err)
	}
	switch {
	case out.DeletedDate != nil:
		return "deletion, due " + out.DeletedDate.UTC().Format(time.DateOnly), nil
	case aws.ToString(out.OwningService) != "":
		return "service " + *out.OwningService, nil
	case aws.ToBool(out.RotationEnabled) && out.RotationLambdaARN != nil:
		return "rotation by " + *out.RotationLambdaARN, nil
	case aws.ToBool(out.RotationEnabled):
		return "rotation by Secrets Manager", nil
	case aws.ToString(out.PrimaryRegion) != "" && *out.PrimaryRegion != s.region:
		return "primary secret in " + *out.PrimaryRegion, nil
	}
	return "", nil
}

// Put stores text as a version with a label (secretsmanager:PutSecretValue, and
// kms:GenerateDataKey for a key of one's own). AWSCURRENT stays where it is,
// unless the label is AWSCURRENT or there is no version yet. version must have
// 32 to 64 characters. The same text under the same version is done once,
// however often it is sent: the SDK repeats it as it likes, but signs nothing
// from until on (AWS's time; zero: no bound).
func (s *Secrets) Put(ctx context.Context, id, version, label string, text accesskey.Secret, until time.Time) error {
	_, err := s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(id), ClientRequestToken: aws.String(version), SecretString: aws.String(text.Reveal()), VersionStages: []string{label},
	}, s.api("PutSecretValue", false), s.before(until))
	return s.session.fail("secretsmanager:PutSecretValue", err)
}

// MoveLabel takes a staging label from one version and attaches it to another;
// to empty: to none (secretsmanager:UpdateSecretVersionStage). AWS refuses it
// where the label isn't on the version from, which makes it a compare-and-set.
// It is repeated only after a throttle, and not signed from until on.
func (s *Secrets) MoveLabel(ctx context.Context, id, label, from, to string, until time.Time) error {
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String(id), VersionStage: aws.String(label), RemoveFromVersionId: aws.String(from)}
	if to != "" {
		in.MoveToVersionId = aws.String(to)
	}
	_, err := s.client.UpdateSecretVersionStage(ctx, in, s.api("UpdateSecretVersionStage", true), s.before(until))
	return s.session.fail("secretsmanager:UpdateSecretVersionStage", err)
}

// String names the store without any credential.
func (s *Secrets) String() string { return fmt.Sprintf("Secrets Manager in %s", s.region) }
