package module

import (
	"context"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/fakeaws"
)

const (
	management = "123456789012"
	keytend    = "arn:aws:iam::" + management + ":role/keytend"
)

// members are the organization's other accounts.
var members = []string{"111122223333", "444455556666"}

// simulation is a simulated AWS: the management account of an organization, with the
// role that Keytend runs as, secrets and a configuration recorder, and
// two members. Its functions do nothing.
type simulation struct {
	*fakeaws.AWS
	env    []string // of an administrator of the management account
	config aws.Config
}

func simulated(t *testing.T) *simulation {
	t.Helper()
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	c := &simulation{AWS: fakeaws.New(fakeaws.Config{Start: start, Seed: 1, Hurried: true})}
	account := func(id, unit string) fakeaws.AccountSpec {
		return fakeaws.AccountSpec{
			ID: id, OU: unit, Admin: "admin", ConfigRecorder: true,
			Users: []fakeaws.UserSpec{{
				Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"},
				Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, -1, 0)}},
			}},
		}
	}
	first := account(management, "")
	first.Management, first.StackSetsAccess = true, true
	first.Secrets = []fakeaws.SecretSpec{{Name: "prod/billing", Value: "{}"}, {Name: "prod/orders", Value: "{}"}, {Name: "prod/billing", Region: "eu-central-1", Value: "{}"}}
	first.Roles = []fakeaws.RoleSpec{{
		Name:           "keytend",
		TrustPolicy:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + management + `:root"},"Action":"sts:AssumeRole"}]}`,
		InlinePolicies: map[string]string{"enter": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/keytend-member"}]}`},
	}}
	first.Directories = []fakeaws.DirectorySpec{{ID: "d-1234567890"}}
	first.Users = append(first.Users, fakeaws.UserSpec{Name: "billing"})
	first.Policies = []fakeaws.PolicySpec{{Name: "limits", Path: "/team/", Document: fakeaws.FullAWSAccess}}
	c.AddAccount(first)
	stranger := account("210987654321", "")
	stranger.Partition, stranger.Roles = "", []fakeaws.RoleSpec{{Name: "worker", TrustPolicy: first.Roles[0].TrustPolicy}}
	c.AddAccount(stranger)
	c.AddAccount(account(members[0], "Workloads/Production"))
	c.AddAccount(account(members[1], "Security"))
	c.RunFunctions(func(context.Context, fakeaws.FunctionSpec, []byte) ([]byte, error) { return []byte("{}"), nil })
	server := httptest.NewServer(c.AWS)
	t.Cleanup(server.Close)
	key, secret := c.AdminKey(management)
	c.config = aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider(key, secret, "")}
	c.env = []string{
		"ENDPOINT=" + server.URL, "AWS_ENDPOINT_URL=" + server.URL, "AWS_ACCESS_KEY_ID=" + key, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_REGION=us-east-1",
		"AWS_SESSION_TOKEN=", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
	return c
}

// hasten lets ten seconds pass in each tenth of one, until the test ends.
func (c *simulation) hasten(t *testing.T) {
	t.Helper()
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-time.After(100 * time.Millisecond):
				c.Advance(10 * time.Second)
			}
		}
	}()
	t.Cleanup(func() { close(end); <-ended })
}

// root is the ID of the organization's root.
func (c *simulation) root(t *testing.T) string {
	t.Helper()
	got, err := organizations.NewFromConfig(c.config).ListRoots(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return *got.Roots[0].Id
}

// secretARN is the ARN of a secret, with the suffix that Secrets Manager chose.
func (c *simulation) secretARN(t *testing.T, region, name string) string {
	t.Helper()
	there := c.config.Copy()
	there.Region = region
	got, err := secretsmanager.NewFromConfig(there).DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *got.ARN
}

// enter assumes a role of another account's, as Keytend does.
func (c *simulation) enter(t *testing.T, account, externalID string) error {
	t.Helper()
	session := aws.String("keytend")
	own, err := sts.NewFromConfig(c.config).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(keytend), RoleSessionName: session})
	if err != nil {
		t.Fatal(err)
	}
	as := c.config.Copy()
	as.Credentials = credentials.NewStaticCredentialsProvider(*own.Credentials.AccessKeyId, *own.Credentials.SecretAccessKey, *own.Credentials.SessionToken)
	ask := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + account + ":role/keytend-member"), RoleSessionName: session}
	if externalID != "" {
		ask.ExternalId = &externalID
	}
	_, err = sts.NewFromConfig(as).AssumeRole(t.Context(), ask)
	return err
}
