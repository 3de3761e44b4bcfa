package awsapi

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/keytend/keytend/internal/accesskey"
)

// SecretDescription is a secret without its values, as DescribeSecret and
// ListSecrets show it.
type SecretDescription struct {
	ARN, Name   string
	Description string
	Tags        map[string]string
	// Versions are the staging labels of each version that has any.
	Versions map[string][]string

	RotationEnabled bool
	RotationLambda  string    // ARN; empty: none, or AWS's own
	RotateAfterDays int64     // 0: never, or by Schedule
	Schedule        string    // rate(60 days), cron(…); empty: none
	LastRotated     time.Time // UTC; zero: never
	NextRotation    time.Time // UTC; zero: none
	Deleted         time.Time // UTC; zero: it isn't marked for deletion
	OwningService   string    // of a managed secret: rds, …
	PrimaryRegion   string    // of a replica, and of what is replicated
}

// Labelled returns the version that carries a staging label; empty: none.
func (d SecretDescription) Labelled(label string) string {
	for id, labels := range d.Versions {
		if slices.Contains(labels, label) {
			return id
		}
	}
	return ""
}

// Describe reads a secret's tags, labels and rotation
// (secretsmanager:DescribeSecret).
func (s *Secrets) Describe(ctx context.Context, id string) (SecretDescription, error) {
	out, err := s.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(id)}, s.api("DescribeSecret", false))
	if err != nil {
		return SecretDescription{}, s.session.fail("secretsmanager:DescribeSecret", err)
	}
	d := secretOf(out.ARN, out.Name, out.Description, out.Tags, out.VersionIdsToStages)
	d.rotates(out.RotationEnabled, out.RotationLambdaARN, out.RotationRules)
	d.LastRotated, d.NextRotation, d.Deleted = utc(out.LastRotatedDate), utc(out.NextRotationDate), utc(out.DeletedDate)
	d.OwningService, d.PrimaryRegion = aws.ToString(out.OwningService), aws.ToString(out.PrimaryRegion)
	return d, nil
}

func secretOf(arn, name, text *string, tags []types.Tag, versions map[string][]string) SecretDescription {
	d := SecretDescription{ARN: aws.ToString(arn), Name: aws.ToString(name), Description: aws.ToString(text), Tags: map[string]string{}, Versions: versions}
	for _, t := range tags {
		d.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return d
}

func (d *SecretDescription) rotates(on *bool, by *string, rules *types.RotationRulesType) {
	d.RotationEnabled, d.RotationLambda = aws.ToBool(on), aws.ToString(by)
	if rules != nil {
		d.RotateAfterDays, d.Schedule = aws.ToInt64(rules.AutomaticallyAfterDays), aws.ToString(rules.ScheduleExpression)
	}
}

func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// Tagged yields the region's secrets that carry a tag of the given key, page by
// page (secretsmanager:ListSecrets); empty: all secrets. Those that are marked
// for deletion are among them. Labels of a listed secret may be some minutes old.
func (s *Secrets) Tagged(ctx context.Context, key string) iter.Seq2[SecretDescription, error] {
	return func(yield func(SecretDescription, error) bool) {
		in := &secretsmanager.ListSecretsInput{MaxResults: aws.Int32(100), IncludePlannedDeletion: aws.Bool(true)}
		if key != "" {
			in.Filters = []types.Filter{{Key: types.FilterNameStringTypeTagKey, Values: []string{key}}}
		}
		for {
			out, err := s.client.ListSecrets(ctx, in, s.api("ListSecrets", false))
			if err != nil {
				yield(SecretDescription{}, s.session.fail("secretsmanager:ListSecrets", err))
				return
			}
			for _, e := range out.SecretList {
				d := secretOf(e.ARN, e.Name, e.Description, e.Tags, e.SecretVersionsToStages)
				d.rotates(e.RotationEnabled, e.RotationLambdaARN, e.RotationRules)
				d.LastRotated, d.NextRotation, d.Deleted = utc(e.LastRotatedDate), utc(e.NextRotationDate), utc(e.DeletedDate)
				d.OwningService, d.PrimaryRegion = aws.ToString(e.OwningService), aws.ToString(e.PrimaryRegion)
				if !yield(d, nil) {
					return
				}
			}
			if aws.ToString(out.NextToken) == "" {
				return
			}
			in.NextToken = out.NextToken
		}
	}
}

// ValueOf reads one version of a secret, which must carry the label where one
// is given (secretsmanager:GetSecretValue). A version without a value is an
// error of class NotFound.
func (s *Secrets) ValueOf(ctx context.Context, id, version, label string) (accesskey.Secret, error) {
	const call = "secretsmanager:GetSecretValue"
	in := &secretsmanager.GetSecretValueInput{SecretId: aws.String(id), VersionId: aws.String(version)}
	if label != "" {
		in.VersionStage = aws.String(label)
	}
	out, err := s.client.GetSecretValue(ctx, in, s.api("GetSecretValue", false))
	if err == nil && out.SecretString == nil {
		err = errors.New("the secret is binary, not text")
	}
	if err != nil {
		return accesskey.Secret{}, s.session.fail(call, err)
	}
	return accesskey.NewSecret(*out.SecretString), nil
}

// PutPending stores text as the version that a rotation is about, under
// AWSPENDING (secretsmanager:PutSecretValue), with the rotation's token where
// there is one. The same text under the same version is done once, however often
// it is sent; another text is refused.
func (s *Secrets) PutPending(ctx context.Context, id, version, rotationToken string, text accesskey.Secret, until time.Time) error {
	in := &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(id), ClientRequestToken: aws.String(version), SecretString: aws.String(text.Reveal()), VersionStages: []string{"AWSPENDING"},
	}
	if rotationToken != "" {
		in.RotationToken = aws.String(rotationToken)
	}
	_, err := s.client.PutSecretValue(ctx, in, s.api("PutSecretValue", true), s.before(until))
	return s.session.fail("secretsmanager:PutSecretValue", err)
}

// Tag sets tags of a secret (secretsmanager:TagResource), over those of the same
// keys. Keys: up to 128, values: up to 256 letters, digits, spaces and _.:/=+-@.
// It is repeated only after a throttle, and not signed from until on.
func (s *Secrets) Tag(ctx context.Context, id string, tags map[string]string, until time.Time) error {
	in := &secretsmanager.TagResourceInput{SecretId: aws.String(id)}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	_, err := s.client.TagResource(ctx, in, s.api("TagResource", true), s.before(until))
	return s.session.fail("secretsmanager:TagResource", err)
}

// Untag removes tags of a secret (secretsmanager:UntagResource).
func (s *Secrets) Untag(ctx context.Context, id string, keys []string) error {
	_, err := s.client.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: aws.String(id), TagKeys: keys}, s.api("UntagResource", false))
	return s.session.fail("secretsmanager:UntagResource", err)
}

// CreateSecret makes a secret with a first value (secretsmanager:CreateSecret and,
// for its tags, secretsmanager:TagResource). token names the version: the same
// call with the same token is done once. kms is the key that it is encrypted
// with; empty: aws/secretsmanager.
func (s *Secrets) CreateSecret(ctx context.Context, name, about, kms, token string, text accesskey.Secret, tags map[string]string) (arn string, err error) {
	in := &secretsmanager.CreateSecretInput{
		Name: aws.String(name), Description: aws.String(about), ClientRequestToken: aws.String(token), SecretString: aws.String(text.Reveal()),
	}
	if kms != "" {
		in.KmsKeyId = aws.String(kms)
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	out, err := s.client.CreateSecret(ctx, in, s.api("CreateSecret", false))
	if err != nil {
		return "", s.session.fail("secretsmanager:CreateSecret", err)
	}
	return aws.ToString(out.ARN), nil
}

// Rotate switches a secret's rotation on (secretsmanager:RotateSecret, and
// lambda:InvokeFunction on the function), by a schedule such as rate(60 days), and
// begins a rotation where now says so; else AWS has the function run testSecret
// alone. token is the ID of the version to be rotated to.
func (s *Secrets) Rotate(ctx context.Context, id, function, schedule, token string, now bool) error {
	in := &secretsmanager.RotateSecretInput{
		SecretId: aws.String(id), RotationLambdaARN: aws.String(function), ClientRequestToken: aws.String(token), RotateImmediately: aws.Bool(now),
	}
	if schedule != "" {
		in.RotationRules = &types.RotationRulesType{ScheduleExpression: aws.String(schedule)}
	}
	_, err := s.client.RotateSecret(ctx, in, s.api("RotateSecret", true))
	return s.session.fail("secretsmanager:RotateSecret", err)
}
