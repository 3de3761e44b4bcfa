package fakeaws_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/fakeaws"
)

const exampleKey = "AKIAIOSFODNN7EXAMPLE"

// holder is a user with the example key and one inline policy.
func holder(policy string) fakeaws.UserSpec {
	return fakeaws.UserSpec{
		Name: "holder", Tags: map[string]string{"team": "blue"}, InlinePolicies: map[string]string{"p": policy},
		Keys: []fakeaws.KeySpec{{ID: exampleKey, Secret: "s"}},
	}
}

func allowWhen(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":` + condition + `}]}`
}

func TestConditionKeys(t *testing.T) {
	tests := []struct {
		condition string
		allowed   bool
	}{
		{`{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, false},
		{`{"StringEquals":{"aws:username":"holder","aws:PrincipalTag/team":"blue","aws:PrincipalAccount":"123456789012"}}`, true},
		{`{"StringEquals":{"aws:PrincipalTag/team":"red"}}`, false},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/h*"}}`, true},
		{`{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}`, true}, // IAM is global, whatever the client's region
		{`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`, false},
		{`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`, true}, // long-lived keys don't have it at all
		{`{"DateLessThan":{"aws:CurrentTime":"2026-03-02T00:00:00Z"}}`, true},
		{`{"DateLessThan":{"aws:CurrentTime":"2026-03-01T00:00:00Z"}}`, false},
		{`{"StringLike":{"aws:UserAgent":"*aws-sdk-go*"}}`, true},
		{`{"Null":{"aws:TokenIssueTime":"true"}}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			cloud := newAWS(t, fakeaws.Config{}, adminSpec(holder(allowWhen(tt.condition))))
			_, err := iamFor(cloud, login{exampleKey, "s", ""}).ListUsers(ctx, nil)
			if (err == nil) != tt.allowed {
				t.Errorf("error is %v, want allowed: %v", err, tt.allowed)
			}
		})
	}
}

func TestMFASession(t *testing.T) {
	user := holder(allowWhen(`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`))
	user.MFA = []string{"arn:aws:iam::123456789012:mfa/holder"}
	cloud := newAWS(t, fakeaws.Config{}, adminSpec(user))
	client := stsFor(cloud, login{exampleKey, "s", ""})
	_, err := client.GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: aws.String("arn:aws:iam::123456789012:mfa/other"), TokenCode: aws.String("123456")})
	wantError(t, err, 403, "AccessDenied")
	out := ok[*sts.GetSessionTokenOutput](t)(client.GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: &user.MFA[0], TokenCode: aws.String("123456")})).Credentials
	ok[*iam.ListUsersOutput](t)(iamFor(cloud, login{*out.AccessKeyId, *out.SecretAccessKey, *out.SessionToken}).ListUsers(ctx, nil))
}

func TestFederatedUsers(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	out := ok[*sts.GetFederationTokenOutput](t)(stsFor(cloud, adminOf(cloud)).GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("guest")}))
	session := login{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken}
	who := ok[*sts.GetCallerIdentityOutput](t)(stsFor(cloud, session).GetCallerIdentity(ctx, nil))
	if got, want := *who.Arn, "arn:aws:sts::123456789012:federated-user/guest"; got != want {
		t.Errorf("caller is %s, want %s", got, want)
	}
	_, err := iamFor(cloud, session).ListUsers(ctx, nil)
	wantError(t, err, 403, "InvalidClientTokenId")
}

func TestSessionPoliciesLimitRoles(t *testing.T) {
	spec := adminSpec()
	spec.Roles = []fakeaws.RoleSpec{{
		Name: "wide", ManagedPolicies: []string{adminPolicy},
		TrustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}`,
	}}
	cloud := newAWS(t, fakeaws.Config{}, spec)
	out := ok[*sts.AssumeRoleOutput](t)(stsFor(cloud, adminOf(cloud)).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::123456789012:role/wide"), RoleSessionName: aws.String("s1"),
		Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}]}`),
	}))
	client := iamFor(cloud, login{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken})
	ok[*iam.ListUsersOutput](t)(client.ListUsers(ctx, nil))
	_, err := client.ListRoles(ctx, nil)
	wantMessage(t, err, 403, "AccessDenied", "User: arn:aws:sts::123456789012:assumed-role/wide/s1 is not authorized to perform: iam:ListRoles on resource: arn:aws:iam::123456789012:role/ because no session policy allows the iam:ListRoles action")
	_, err = client.ListAccessKeys(ctx, nil)
	wantError(t, err, 403, "AccessDenied")
}

func TestRootAndPartitions(t *testing.T) {
	spec := fakeaws.AccountSpec{ID: account, Partition: "aws-us-gov", Root: fakeaws.RootSpec{Keys: []fakeaws.KeySpec{{ID: exampleKey, Secret: "s"}}}}
	cloud := newAWS(t, fakeaws.Config{}, spec)
	root := login{exampleKey, "s", ""}
	who := ok[*sts.GetCallerIdentityOutput](t)(stsFor(cloud, root).GetCallerIdentity(ctx, nil))
	if *who.Arn != "arn:aws-us-gov:iam::123456789012:root" || *who.UserId != account {
		t.Errorf("caller is %s, %s", *who.Arn, *who.UserId)
	}
	client := iamFor(cloud, root)
	keys := ok[*iam.ListAccessKeysOutput](t)(client.ListAccessKeys(ctx, nil)).AccessKeyMetadata
	if len(keys) != 1 || *keys[0].AccessKeyId != exampleKey {
		t.Errorf("root's own keys: %v", keys)
	}
	last := ok[*iam.GetAccessKeyLastUsedOutput](t)(client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String(exampleKey)}))
	if got, want := *last.AccessKeyLastUsed.Region, "us-gov-west-1"; got != want {
		t.Errorf("IAM was used in %s, want %s", got, want)
	}
	_, err := stsFor(cloud, root).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws-us-gov:iam::123456789012:role/any"), RoleSessionName: aws.String("s1")})
	wantMessage(t, err, 403, "AccessDenied", "Roles may not be assumed by root accounts.")
}

// Run with -race: answers are encoded while other calls change what they tell.
func TestConcurrentCalls(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	client := iamFor(cloud, adminOf(cloud))
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 10 {
				name := aws.String(fmt.Sprintf("u-%d-%d", worker, i))
				for _, call := range []func() error{
					func() error { _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: name}); return err },
					func() error {
						_, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})
						return err
					},
					func() error { _, err := client.GetAccountAuthorizationDetails(ctx, nil); return err },
					func() error { _, err := client.GenerateCredentialReport(ctx, nil); return ignore(err) },
				} {
					if err := call(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	if got := len(cloud.Snapshot(account).Users); got != 81 {
		t.Errorf("%d users, want 81", got)
	}
}

// ignore forgives the limit on generating reports.
func ignore(err error) error {
	if err != nil && errorCode(err) == "LimitExceeded" {
		return nil
	}
	return err
}
