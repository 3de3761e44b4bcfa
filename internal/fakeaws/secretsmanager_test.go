package fakeaws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const storeAccount, otherAccount = "123456789012", "210987654321"

// withStores are two accounts: alice of each may do everything, bob what his
// policy says.
func withStores(t *testing.T, bobMay string, change func(*AccountSpec)) *AWS {
	t.Helper()
	a := New(Config{Start: trailStart})
	a.AddAccount(oneUser(storeAccount, func(s *AccountSpec) {
		s.Users = append(s.Users, UserSpec{Name: "bob", InlinePolicies: map[string]string{"some": bobMay}, Keys: []KeySpec{{}}})
		if change != nil {
			change(s)
		}
	}))
	a.AddAccount(oneUser(otherAccount, nil))
	return a
}

func granting(actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"}]}`
}

func bobsConfig(a *AWS) aws.Config {
	cfg := configOf(a, storeAccount, "eu-west-1")
	for _, u := range a.Snapshot(storeAccount).Users {
		if u.Name == "bob" {
			cfg.Credentials = fixedKey(u.Keys[0])
		}
	}
	return cfg
}

func fixedKey(k KeySpec) aws.CredentialsProviderFunc {
	return func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret}, nil
	}
}

func secretsOf(a *AWS, account string) *secretsmanager.Client {
	return secretsmanager.NewFromConfig(configOf(a, account, "eu-west-1"))
}

// refused checks AWS's code and, as far as given, its message.
func refused(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	switch {
	case !errors.As(err, &api):
		t.Errorf("error is %v, want %s", err, code)
	case api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message):
		t.Errorf("%s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func tokenOf(n int) *string { return aws.String(fmt.Sprintf("%08d-0000-4000-8000-000000000000", n)) }

func newSecretOf(t *testing.T, c *secretsmanager.Client, name, value string) string {
	t.Helper()
	out := must[*secretsmanager.CreateSecretOutput](t)(c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: &name, SecretString: &value, ClientRequestToken: tokenOf(1),
	}))
	return *out.ARN
}

func stagesOf(t *testing.T, c *secretsmanager.Client, id string) map[string][]string {
	t.Helper()
	return must[*secretsmanager.DescribeSecretOutput](t)(c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &id})).VersionIdsToStages
}

func put(t *testing.T, c *secretsmanager.Client, token int, value string, stages ...string) error {
	t.Helper()
	_, err := c.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("prod/billing"), SecretString: &value, ClientRequestToken: tokenOf(token), VersionStages: stages, RotationToken: aws.String("any"),
	})
	return err
}

func TestSecretVersionsAndLabels(t *testing.T) {
	a := withStores(t, granting(`"iam:Get*"`), nil)
	c := secretsOf(a, storeAccount)
	arn := newSecretOf(t, c, "prod/billing", "one")
	if !suffixed.MatchString(arn) || !strings.HasPrefix(arn, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/billing-") {
		t.Errorf("ARN %s", arn)
	}
	steps := []struct {
		do   func() error
		want map[string][]string
	}{
		{func() error { return put(t, c, 2, "two") }, map[string][]string{"1": {"AWSPREVIOUS"}, "2": {"AWSCURRENT"}}},
		{func() error { return put(t, c, 2, "two") }, map[string][]string{"1": {"AWSPREVIOUS"}, "2": {"AWSCURRENT"}}},
		{func() error { return put(t, c, 3, "three", "MINE") }, map[string][]string{"1": {"AWSPREVIOUS"}, "2": {"AWSCURRENT"}, "3": {"MINE"}}},
		{func() error { return move(t, c, "AWSCURRENT", 2, 3) }, map[string][]string{"2": {"AWSPREVIOUS"}, "3": {"MINE", "AWSCURRENT"}}},
		{func() error { return move(t, c, "MINE", 3, 0) }, map[string][]string{"2": {"AWSPREVIOUS"}, "3": {"AWSCURRENT"}}},
		{func() error { return move(t, c, "AWSCURRENT", 3, 2) }, map[string][]string{"2": {"AWSCURRENT"}, "3": {"AWSPREVIOUS"}}},
	}
	for i, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		got := map[string][]string{}
		for id, labels := range stagesOf(t, c, arn) {
			got[strings.TrimLeft(id[:8], "0")] = labels
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("step %d: %s", i, diff)
		}
	}
}

func move(t *testing.T, c *secretsmanager.Client, label string, from, to int) error {
	t.Helper()
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String("prod/billing"), VersionStage: &label}
	if from > 0 {
		in.RemoveFromVersionId = tokenOf(from)
	}
	if to > 0 {
		in.MoveToVersionId = tokenOf(to)
	}
	_, err := c.UpdateSecretVersionStage(t.Context(), in)
	return err
}

func TestSecretRefusals(t *testing.T) {
	a := withStores(t, granting(`"secretsmanager:DescribeSecret"`), nil)
	c, bob := secretsOf(a, storeAccount), secretsmanager.NewFromConfig(bobsConfig(a))
	newSecretOf(t, c, "prod/billing", "one")
	if err := errors.Join(put(t, c, 2, "two"), put(t, c, 3, "three")); err != nil {
		t.Fatal(err)
	}
	get := func(c *secretsmanager.Client, id, version, stage string) error {
		in := &secretsmanager.GetSecretValueInput{SecretId: &id}
		if version != "" {
			in.VersionId = &version
		}
		if stage != "" {
			in.VersionStage = &stage
		}
		_, err := c.GetSecretValue(t.Context(), in)
		return err
	}
	refused(t, get(c, "none", "", ""), "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	refused(t, get(c, "prod/billing", "", "NONE"), "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: NONE")
	refused(t, get(c, "prod/billing", *tokenOf(9), ""), "ResourceNotFoundException", "VersionId: "+*tokenOf(9))
	refused(t, get(c, "prod/billing", *tokenOf(1), "AWSCURRENT"), "InvalidRequestException", "not associated")
	refused(t, get(bob, "prod/billing", "", ""), "AccessDeniedException",
		"User: arn:aws:iam::123456789012:user/bob is not authorized to perform: secretsmanager:GetSecretValue on resource: prod/billing because no identity-based policy allows")
	refused(t, put(t, c, 2, "another"), "ResourceExistsException", "")
	refused(t, move(t, c, "AWSCURRENT", 2, 1), "InvalidParameterException", "it must be set to the version that currently has the staging label AWSCURRENT")
	refused(t, move(t, c, "AWSCURRENT", 0, 1), "InvalidParameterException", "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version "+*tokenOf(3))
	refused(t, move(t, c, "AWSCURRENT", 3, 0), "InvalidParameterException", "can't be completely removed")
	refused(t, move(t, c, "AWSCURRENT", 3, 7), "ResourceNotFoundException", "VersionId")
	_, err := c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("prod/billing"), SecretString: aws.String("x")})
	refused(t, err, "ResourceExistsException", "already exists")
	_, err = c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("a b")})
	refused(t, err, "ValidationException", "Invalid name")

	must[*secretsmanager.DeleteSecretOutput](t)(c.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("prod/billing"), RecoveryWindowInDays: aws.Int64(7)}))
	refused(t, get(c, "prod/billing", "", ""), "InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	must[*secretsmanager.RestoreSecretOutput](t)(c.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: aws.String("prod/billing")}))
	if err := get(c, "prod/billing", "", ""); err != nil {
		t.Error(err)
	}
	must[*secretsmanager.DeleteSecretOutput](t)(c.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("prod/billing"), RecoveryWindowInDays: aws.Int64(7)}))
	a.Advance(8 * 24 * time.Hour)
	refused(t, get(c, "prod/billing", "", ""), "ResourceNotFoundException", "can't find the specified secret.")
}

func TestSecretByPartialARN(t *testing.T) {
	a := withStores(t, granting(`"iam:Get*"`), nil)
	c := secretsOf(a, storeAccount)
	whole := newSecretOf(t, c, "prod/billing", "one")
	odd := newSecretOf(t, c, "prod/team-abcdef", "two")
	for id, found := range map[string]bool{
		whole:                           true,
		whole[:len(whole)-7]:            true,
		odd:                             true,
		odd[:len(odd)-7]:                false, // taken for a whole ARN
		whole[:len(whole)-6] + "zzzzzz": false,
		strings.Replace(whole, "eu-west-1", "us-east-1", 1): false,
	} {
		_, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
		if (err == nil) != found {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestSecretAcrossAccounts(t *testing.T) {
	a := withStores(t, granting(`"iam:Get*"`), nil)
	owner, other := secretsOf(a, storeAccount), secretsOf(a, otherAccount)
	key := must[*kms.CreateKeyOutput](t)(kms.NewFromConfig(configOf(a, storeAccount, "eu-west-1")).CreateKey(t.Context(), &kms.CreateKeyInput{
		Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:root","arn:aws:iam::210987654321:root"]},"Action":"kms:*","Resource":"*"}]}`),
	})).KeyMetadata.Arn
	newSecretOf(t, owner, "plain", "x")
	out := must[*secretsmanager.CreateSecretOutput](t)(owner.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("shared"), SecretString: aws.String("x"), KmsKeyId: key,
	}))
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"secretsmanager:*","Resource":"*"}]}`
	read := func(id string) error {
		_, err := other.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
		return err
	}
	refused(t, read(*out.ARN), "AccessDeniedException", "because no resource-based policy allows the secretsmanager:GetSecretValue action")
	for _, name := range []string{"plain", "shared"} {
		must[*secretsmanager.PutResourcePolicyOutput](t)(owner.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &name, ResourcePolicy: &policy}))
	}
	if err := read(*out.ARN); err != nil {
		t.Error(err)
	}
	plain := must[*secretsmanager.DescribeSecretOutput](t)(other.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{
		SecretId: aws.String(strings.Replace(*out.ARN, "shared"+(*out.ARN)[len(*out.ARN)-7:], "plain", 1))}))
	refused(t, read(*plain.ARN), "AccessDeniedException", "Access to KMS is not allowed") // aws/secretsmanager serves its own account only
	open := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"secretsmanager:*","Resource":"*"}]}`
	_, err := owner.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: aws.String("plain"), ResourcePolicy: &open, BlockPublicPolicy: aws.Bool(true)})
	refused(t, err, "PublicPolicyException", "")
}

func TestSecretWithoutItsKey(t *testing.T) {
	a := withStores(t, granting(`"secretsmanager:*"`), nil)
	owner, keys, bob := secretsOf(a, storeAccount), kms.NewFromConfig(configOf(a, storeAccount, "eu-west-1")), secretsmanager.NewFromConfig(bobsConfig(a))
	key := must[*kms.CreateKeyOutput](t)(keys.CreateKey(t.Context(), &kms.CreateKeyInput{})).KeyMetadata.KeyId
	must[*secretsmanager.CreateSecretOutput](t)(owner.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("prod/billing"), SecretString: aws.String("x"), KmsKeyId: key}))
	get := &secretsmanager.GetSecretValueInput{SecretId: aws.String("prod/billing")}
	_, err := bob.GetSecretValue(t.Context(), get)
	refused(t, err, "AccessDeniedException", "Access to KMS is not allowed")
	refused(t, put(t, bob, 2, "y"), "AccessDeniedException", "Access to KMS is not allowed")
	must[*kms.DisableKeyOutput](t)(keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key}))
	_, err = owner.GetSecretValue(t.Context(), get)
	refused(t, err, "DecryptionFailure", "Secrets Manager can't decrypt the protected secret text using the provided KMS key.")
	refused(t, put(t, owner, 2, "y"), "EncryptionFailure", "can't encrypt")
	must[*kms.EnableKeyOutput](t)(keys.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key}))
	if err := put(t, owner, 2, "y"); err != nil {
		t.Error(err)
	}
}

func TestListSecrets(t *testing.T) {
	a := withStores(t, granting(`"iam:Get*"`), func(s *AccountSpec) {
		for i := range 5 {
			s.Secrets = append(s.Secrets, SecretSpec{Region: "eu-west-1", Name: fmt.Sprintf("prod/%d", i), Value: "x", Created: trailStart.Add(time.Duration(i) * time.Hour)})
		}
		s.Secrets = append(s.Secrets, SecretSpec{Region: "eu-west-1", Name: "test/rds", Value: "x", OwningService: "rds", RotationEnabled: true,
			RotationLambda: "arn:aws:lambda:eu-west-1:123456789012:function:rotate", Tags: map[string]string{"keytend": "yes"}})
	})
	c := secretsOf(a, storeAccount)
	names := func(in *secretsmanager.ListSecretsInput) (names []string) {
		for p := secretsmanager.NewListSecretsPaginator(c, in); p.HasMorePages(); {
			for _, s := range must[*secretsmanager.ListSecretsOutput](t)(p.NextPage(t.Context())).SecretList {
				names = append(names, *s.Name)
			}
		}
		return names
	}
	by := func(key types.FilterNameStringType, value string) *secretsmanager.ListSecretsInput {
		return &secretsmanager.ListSecretsInput{Filters: []types.Filter{{Key: key, Values: []string{value}}}}
	}
	for name, tt := range map[string]struct {
		in   *secretsmanager.ListSecretsInput
		want []string
	}{
		"pages": {&secretsmanager.ListSecretsInput{MaxResults: aws.Int32(2)}, []string{"test/rds", "prod/0", "prod/1", "prod/2", "prod/3", "prod/4"}},
		"desc":  {&secretsmanager.ListSecretsInput{MaxResults: aws.Int32(4), SortOrder: types.SortOrderTypeDesc}, []string{"prod/4", "prod/3", "prod/2", "prod/1", "prod/0", "test/rds"}},
		"name":  {by(types.FilterNameStringTypeName, "test/"), []string{"test/rds"}},
		"not":   {by(types.FilterNameStringTypeName, "!prod/"), []string{"test/rds"}},
		"tag":   {by(types.FilterNameStringTypeTagKey, "keytend"), []string{"test/rds"}},
	} {
		if diff := cmp.Diff(tt.want, names(tt.in)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	d := must[*secretsmanager.DescribeSecretOutput](t)(c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("test/rds")}))
	if !*d.RotationEnabled || *d.OwningService != "rds" || d.RotationLambdaARN == nil || len(d.Tags) != 1 {
		t.Errorf("%+v", d)
	}
	spec := a.Snapshot(storeAccount)
	if len(spec.Secrets) != 6 || spec.Secrets[5].Value != "x" || !spec.Secrets[5].RotationEnabled {
		t.Errorf("%+v", spec.Secrets)
	}
}

func TestCloudTrailShowsNoSecretValue(t *testing.T) {
	a := withStores(t, granting(`"iam:Get*"`), nil)
	c := secretsOf(a, storeAccount)
	newSecretOf(t, c, "prod/billing", "hush-hush")
	if err := put(t, c, 2, "hush-again"); err != nil {
		t.Fatal(err)
	}
	putParameterOf(t, a, "/prod/key", "hush-parameter")
	keys := kms.NewFromConfig(configOf(a, storeAccount, "eu-west-1"))
	key := must[*kms.CreateKeyOutput](t)(keys.CreateKey(t.Context(), &kms.CreateKeyInput{})).KeyMetadata.KeyId
	must[*kms.EncryptOutput](t)(keys.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key, Plaintext: []byte("hush"), EncryptionContext: map[string]string{"purpose": "test"}}))
	out := must[*cloudtrail.LookupEventsOutput](t)(cloudtrail.NewFromConfig(configOf(a, storeAccount, "eu-west-1")).LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{}))
	if len(out.Events) < 5 {
		t.Errorf("%d events", len(out.Events))
	}
	for _, e := range out.Events {
		for _, secret := range []string{"hush", "aHVzaA=="} {
			if strings.Contains(*e.CloudTrailEvent, secret) {
				t.Errorf("%s", *e.CloudTrailEvent)
			}
		}
	}
}
