package fakeaws_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/keytend/keytend/internal/fakeaws"
)

func TestSignatures(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	admin := adminOf(cloud)
	tests := []struct {
		name    string
		as      login
		status  int
		code    string
		message string
	}{
		{"unknown key", login{"AKIAIOSFODNN7EXAMPLE", "x", ""}, 403, "InvalidClientTokenId", "The security token included in the request is invalid."},
		{"wrong secret", login{admin.id, "wrong", ""}, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."},
		{"token with a long-lived key", login{admin.id, admin.secret, "token"}, 403, "InvalidClientTokenId", "The security token included in the request is invalid."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := iamFor(cloud, tt.as).ListUsers(ctx, nil)
			wantMessage(t, err, tt.status, tt.code, tt.message)
			_, err = stsFor(cloud, tt.as).GetCallerIdentity(ctx, nil)
			wantMessage(t, err, tt.status, tt.code, tt.message)
		})
	}
}

func TestUnsignedRequest(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	r, _ := http.NewRequest(http.MethodGet, "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", nil)
	reply, err := cloud.RoundTripper().RoundTrip(r)
	if err != nil || reply.StatusCode != http.StatusForbidden {
		t.Fatalf("reply is %v, %v", reply, err)
	}
	if reply.Header.Get("X-Amzn-Requestid") == "" || reply.Header.Get("Date") != "Sun, 01 Mar 2026 12:00:00 GMT" {
		t.Errorf("headers are %v", reply.Header)
	}
}

func TestInactiveAndDeletedKeys(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec(fakeaws.UserSpec{Name: "bob", ManagedPolicies: []string{adminPolicy}}))
	admin := iamFor(cloud, adminOf(cloud))
	bob := aws.String("bob")
	key := ok[*iam.CreateAccessKeyOutput](t)(admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: bob})).AccessKey
	as := login{*key.AccessKeyId, *key.SecretAccessKey, ""}
	ok[*sts.GetCallerIdentityOutput](t)(stsFor(cloud, as).GetCallerIdentity(ctx, nil))
	ok[*iam.CreateAccessKeyOutput](t)(admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: bob}))
	_, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: bob})
	wantMessage(t, err, 409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")

	for _, change := range []func() error{
		func() error {
			_, err := admin.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: bob, AccessKeyId: key.AccessKeyId, Status: types.StatusTypeInactive})
			return err
		},
		func() error {
			_, err := admin.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: bob, AccessKeyId: key.AccessKeyId})
			return err
		},
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		_, err := iamFor(cloud, as).ListUsers(ctx, nil)
		wantError(t, err, 403, "InvalidClientTokenId")
	}
	_, err = admin.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: bob, AccessKeyId: key.AccessKeyId})
	wantMessage(t, err, 404, "NoSuchEntity", "The Access Key with id "+*key.AccessKeyId+" cannot be found.")
}

func TestPermissions(t *testing.T) {
	listOnly := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"},
		{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"arn:aws:iam::*:user/${aws:username}"}]}`
	spec := adminSpec(
		fakeaws.UserSpec{Name: "none", Keys: []fakeaws.KeySpec{{Secret: "s"}}},
		fakeaws.UserSpec{Name: "lister", InlinePolicies: map[string]string{"list": listOnly}, Keys: []fakeaws.KeySpec{{Secret: "s"}}},
	)
	cloud := newAWS(t, fakeaws.Config{}, spec)
	as := func(name string) login {
		for _, u := range cloud.Snapshot(account).Users {
			if u.Name == name {
				return login{u.Keys[0].ID, u.Keys[0].Secret, ""}
			}
		}
		t.Fatal(name)
		return login{}
	}
	ok[*sts.GetCallerIdentityOutput](t)(stsFor(cloud, as("none")).GetCallerIdentity(ctx, nil))
	_, err := iamFor(cloud, as("none")).ListUsers(ctx, nil)
	wantMessage(t, err, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/none is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::123456789012:user/ because no identity-based policy allows the iam:ListUsers action")
	lister := iamFor(cloud, as("lister"))
	ok[*iam.ListUsersOutput](t)(lister.ListUsers(ctx, nil))
	ok[*iam.ListAccessKeysOutput](t)(lister.ListAccessKeys(ctx, nil))
	_, err = lister.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("none")})
	wantMessage(t, err, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/lister is not authorized to perform: iam:ListAccessKeys on resource: user none because no identity-based policy allows the iam:ListAccessKeys action")

	denied := adminSpec()
	denied.ID = "111122223333"
	denied.ServiceControlPolicies = []string{fakeaws.FullAWSAccess, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateAccessKey","Resource":"*"}]}`}
	cloud.AddAccount(denied)
	id, secret := cloud.AdminKey("111122223333")
	_, err = iamFor(cloud, login{id, secret, ""}).CreateAccessKey(ctx, nil)
	wantMessage(t, err, 403, "AccessDenied", "User: arn:aws:iam::111122223333:user/tester is not authorized to perform: iam:CreateAccessKey on resource: user tester with an explicit deny in a service control policy")
}

func TestAssumeRole(t *testing.T) {
	const far = "111122223333"
	near := adminSpec(fakeaws.UserSpec{Name: "none", Keys: []fakeaws.KeySpec{{Secret: "s"}}})
	cloud := newAWS(t, fakeaws.Config{}, near)
	cloud.AddLazyAccount(far, func() fakeaws.AccountSpec {
		return fakeaws.AccountSpec{ID: far, Roles: []fakeaws.RoleSpec{{
			Name: "keytend", Path: "/tools/", InlinePolicies: map[string]string{"all": fakeaws.FullAWSAccess},
			TrustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},
				"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"e-1"}}}]}`,
		}}}
	})
	arn := "arn:aws:iam::" + far + ":role/tools/keytend"
	assume := func(as login, external string, seconds int32) (*sts.AssumeRoleOutput, error) {
		in := &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("scan-1"), DurationSeconds: &seconds}
		if external != "" {
			in.ExternalId = &external
		}
		return stsFor(cloud, as).AssumeRole(ctx, in)
	}
	admin := adminOf(cloud)
	_, err := assume(admin, "", 3600)
	wantMessage(t, err, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/tester is not authorized to perform: sts:AssumeRole on resource: "+arn)
	_, err = assume(admin, "e-1", 7200)
	wantMessage(t, err, 400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	for _, u := range cloud.Snapshot(account).Users {
		if u.Name == "none" {
			_, err = assume(login{u.Keys[0].ID, "s", ""}, "e-1", 900)
			wantError(t, err, 403, "AccessDenied")
		}
	}
	out := ok[*sts.AssumeRoleOutput](t)(assume(admin, "e-1", 900))
	session := login{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken}
	who := ok[*sts.GetCallerIdentityOutput](t)(stsFor(cloud, session).GetCallerIdentity(ctx, nil))
	if got, want := *who.Arn, "arn:aws:sts::111122223333:assumed-role/keytend/scan-1"; got != want {
		t.Errorf("caller is %s, want %s", got, want)
	}
	ok[*iam.ListUsersOutput](t)(iamFor(cloud, session).ListUsers(ctx, nil))
	_, err = iamFor(cloud, login{session.id, session.secret, session.token + "x"}).ListUsers(ctx, nil)
	wantError(t, err, 403, "InvalidClientTokenId")
	cloud.Advance(15 * time.Minute)
	_, err = iamFor(cloud, session).ListUsers(ctx, nil)
	wantError(t, err, 403, "ExpiredToken")
	_, err = stsFor(cloud, admin).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: &arn, RoleSessionName: aws.String("s1"), ExternalId: aws.String("e-1"), Tags: []ststypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
	})
	if err == nil || !strings.Contains(err.Error(), "sts:TagSession") {
		t.Errorf("session tags without sts:TagSession in the trust policy: %v", err)
	}
}

func TestFaults(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec(fakeaws.UserSpec{Name: "bob"}))
	client := iamFor(cloud, adminOf(cloud))
	create := func() error {
		_, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("bob")})
		return err
	}
	keys := func() int {
		for _, u := range cloud.Snapshot(account).Users {
			if u.Name == "bob" {
				return len(u.Keys)
			}
		}
		return -1
	}
	var next fakeaws.Fault
	cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		if c.Action == "CreateAccessKey" && c.Params.Get("UserName") == "bob" && !cloud.Now().IsZero() {
			return next
		}
		return fakeaws.Proceed()
	})
	next = fakeaws.Refuse(500, "ServiceFailure", "boom")
	wantError(t, create(), 500, "ServiceFailure")
	if n := keys(); n != 0 {
		t.Errorf("a refused call made %d keys", n)
	}
	next = fakeaws.LoseAnswer()
	if err := create(); err == nil || !strings.Contains(err.Error(), "reset") {
		t.Errorf("lost answer gives %v", err)
	}
	if n := keys(); n != 1 {
		t.Errorf("a lost answer left %d keys, want 1", n)
	}
	next = fakeaws.Delay(time.Hour)
	if err := create(); err == nil {
		t.Error("delayed call was answered")
	}
	if n := keys(); n != 1 {
		t.Errorf("a delayed call made %d keys before its time, want 1", n)
	}
	cloud.Advance(time.Hour + time.Second)
	if n := keys(); n != 2 {
		t.Errorf("a delayed call left %d keys, want 2", n)
	}
}
