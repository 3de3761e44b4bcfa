package fakeaws_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/keytend/keytend/internal/fakeaws"
)

// The tests talk to the simulated AWS as everybody does: by the real SDK.

const account = "123456789012"

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const adminPolicy = "arn:aws:iam::aws:policy/AdministratorAccess"

// adminSpec is an account with one administrator, "root-of-tests".
func adminSpec(users ...fakeaws.UserSpec) fakeaws.AccountSpec {
	admin := fakeaws.UserSpec{
		Name: "tester", Created: start.AddDate(-1, 0, 0), ManagedPolicies: []string{adminPolicy},
		Keys: []fakeaws.KeySpec{{Created: start.AddDate(-1, 0, 0)}},
	}
	return fakeaws.AccountSpec{ID: account, Admin: "tester", Created: start.AddDate(-3, 0, 0), Users: append([]fakeaws.UserSpec{admin}, users...)}
}

func newAWS(t *testing.T, c fakeaws.Config, spec fakeaws.AccountSpec) *fakeaws.AWS {
	t.Helper()
	if c.Start.IsZero() {
		c.Start = start
	}
	cloud := fakeaws.New(c)
	cloud.AddAccount(spec)
	return cloud
}

type login struct{ id, secret, token string }

func adminOf(cloud *fakeaws.AWS) login {
	id, secret := cloud.AdminKey(account)
	return login{id, secret, ""}
}

// config is an SDK configuration that reaches cloud in-process and tries once.
func config(cloud *fakeaws.AWS, as login) aws.Config {
	return aws.Config{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider(as.id, as.secret, as.token),
		HTTPClient:  &http.Client{Transport: cloud.RoundTripper()},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func iamFor(cloud *fakeaws.AWS, as login) *iam.Client { return iam.NewFromConfig(config(cloud, as)) }

func stsFor(cloud *fakeaws.AWS, as login) *sts.Client { return sts.NewFromConfig(config(cloud, as)) }

// wantError checks code and HTTP status of a refusal, and returns its message.
func wantError(t *testing.T, err error, status int, code string) string {
	t.Helper()
	var refused smithy.APIError
	var reply interface{ HTTPStatusCode() int }
	if !errors.As(err, &refused) || !errors.As(err, &reply) {
		t.Fatalf("error is %v, want %s %d", err, code, status)
	}
	if refused.ErrorCode() != code || reply.HTTPStatusCode() != status {
		t.Fatalf("error is %s %d (%s), want %s %d", refused.ErrorCode(), reply.HTTPStatusCode(), refused.ErrorMessage(), code, status)
	}
	return refused.ErrorMessage()
}

func wantMessage(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	if got := wantError(t, err, status, code); got != message {
		t.Errorf("message is\n  %s\nwant\n  %s", got, message)
	}
}

func ok[T any](t *testing.T) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

var ctx = context.Background()

func errorCode(err error) string {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return refused.ErrorCode()
	}
	return ""
}
