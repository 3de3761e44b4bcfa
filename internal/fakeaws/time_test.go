package fakeaws_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/fakeaws"
)

// Time stands still in these tests unless they sleep.

func TestNewKeysTakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newAWS(t, fakeaws.Config{Propagation: 8 * time.Second}, adminSpec(fakeaws.UserSpec{Name: "bob", ManagedPolicies: []string{adminPolicy}}))
		admin := iamFor(cloud, adminOf(cloud))
		bob := aws.String("bob")
		key := ok[*iam.CreateAccessKeyOutput](t)(admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: bob})).AccessKey
		as := login{*key.AccessKeyId, *key.SecretAccessKey, ""}
		works := func() (iamWorks, stsWorks bool) {
			_, iamErr := iamFor(cloud, as).GetUser(ctx, nil)
			_, stsErr := stsFor(cloud, as).GetCallerIdentity(ctx, nil)
			return iamErr == nil, stsErr == nil
		}
		want := func(at string, wantIAM, wantSTS bool) {
			t.Helper()
			if i, s := works(); i != wantIAM || s != wantSTS {
				t.Errorf("%s: IAM %v, STS %v; want %v, %v", at, i, s, wantIAM, wantSTS)
			}
		}
		want("at once", false, false)
		time.Sleep(4 * time.Second)
		want("after half the delay", false, true)
		time.Sleep(4 * time.Second)
		want("after the delay", true, true)
		ok[*iam.UpdateAccessKeyOutput](t)(admin.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: bob, AccessKeyId: key.AccessKeyId, Status: types.StatusTypeInactive}))
		want("just deactivated", true, true)
		time.Sleep(4 * time.Second)
		want("half the delay after deactivation", true, false)
		time.Sleep(4 * time.Second)
		want("deactivated", false, false)
		ok[*iam.UpdateAccessKeyOutput](t)(admin.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: bob, AccessKeyId: key.AccessKeyId, Status: types.StatusTypeActive}))
		time.Sleep(8 * time.Second)
		ok[*iam.DeleteAccessKeyOutput](t)(admin.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: bob, AccessKeyId: key.AccessKeyId}))
		want("just deleted", true, true)
		time.Sleep(8 * time.Second)
		want("deleted", false, false)
	})
}

func TestListsAreStaleForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newAWS(t, fakeaws.Config{Propagation: 8 * time.Second, Seed: 3}, adminSpec(fakeaws.UserSpec{Name: "bob"}))
		admin := iamFor(cloud, adminOf(cloud))
		bob := aws.String("bob")
		seen := func() map[int]int {
			counts := map[int]int{}
			for range 30 {
				out := ok[*iam.ListAccessKeysOutput](t)(admin.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: bob}))
				counts[len(out.AccessKeyMetadata)]++
			}
			return counts
		}
		key := ok[*iam.CreateAccessKeyOutput](t)(admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: bob})).AccessKey
		if got := seen(); got[0] == 0 || got[1] == 0 {
			t.Errorf("just created: lists with 0 and 1 keys %v, want both", got)
		}
		time.Sleep(8 * time.Second)
		if got := seen(); got[0] != 0 {
			t.Errorf("after the delay: %v", got)
		}
		ok[*iam.DeleteAccessKeyOutput](t)(admin.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: bob, AccessKeyId: key.AccessKeyId}))
		if got := seen(); got[0] == 0 || got[1] == 0 {
			t.Errorf("just deleted: lists with 0 and 1 keys %v, want both", got)
		}
		time.Sleep(8 * time.Second)
		if got := seen(); got[1] != 0 {
			t.Errorf("after the delay: %v", got)
		}
	})
}

func TestLastUsedLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newAWS(t, fakeaws.Config{LastUsedLag: time.Hour}, adminSpec(fakeaws.UserSpec{
			Name: "bob", Keys: []fakeaws.KeySpec{{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "s"}, {
				ID: "AKIAI44QH8DHBEXAMPLE", LastUsed: &fakeaws.KeyUse{At: start.Add(-time.Minute), Service: "s3", Region: "eu-west-1"},
			}},
		}))
		admin := iamFor(cloud, adminOf(cloud))
		lastUsed := func(id string) types.AccessKeyLastUsed {
			out := ok[*iam.GetAccessKeyLastUsedOutput](t)(admin.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id}))
			if *out.UserName != "bob" {
				t.Errorf("key of %s", *out.UserName)
			}
			return *out.AccessKeyLastUsed
		}
		if got := lastUsed("AKIAI44QH8DHBEXAMPLE"); !got.LastUsedDate.Equal(start.Add(-time.Minute)) || *got.ServiceName != "s3" {
			t.Errorf("seeded use is %v", got)
		}
		ok[*sts.GetCallerIdentityOutput](t)(stsFor(cloud, login{"AKIAIOSFODNN7EXAMPLE", "s", ""}).GetCallerIdentity(ctx, nil))
		if got := lastUsed("AKIAIOSFODNN7EXAMPLE"); got.LastUsedDate != nil || *got.ServiceName != "N/A" || *got.Region != "N/A" {
			t.Errorf("before the lag: %v", got)
		}
		time.Sleep(time.Hour)
		if got := lastUsed("AKIAIOSFODNN7EXAMPLE"); got.LastUsedDate == nil || !got.LastUsedDate.Equal(start) || *got.ServiceName != "sts" || *got.Region != "eu-west-1" {
			t.Errorf("after the lag: %+v", got)
		}
		_, err := admin.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String("AKIAIOSFODNN7UNKNOWN")})
		wantError(t, err, 404, "NoSuchEntity")
	})
}

func TestThrottleIsPerAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newAWS(t, fakeaws.Config{Throttle: 5}, adminSpec())
		client := iamFor(cloud, adminOf(cloud))
		for range 10 {
			ok[*iam.ListUsersOutput](t)(client.ListUsers(ctx, nil))
		}
		_, err := client.ListUsers(ctx, nil)
		wantMessage(t, err, 400, "Throttling", "Rate exceeded")
		ok[*iam.ListRolesOutput](t)(client.ListRoles(ctx, nil))
		time.Sleep(200 * time.Millisecond)
		ok[*iam.ListUsersOutput](t)(client.ListUsers(ctx, nil))
		_, err = client.ListUsers(ctx, nil)
		wantError(t, err, 400, "Throttling")
		if got := cloud.Calls()["iam:ListUsers"]; got != 13 {
			t.Errorf("%d calls counted, want 13", got)
		}
	})
}

// The SDK's standard mode: its adaptive mode can wait for a token that is a
// rounding error away, again and again for no time at all, and then virtual
// time never moves.
func TestRetriesGetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newAWS(t, fakeaws.Config{Throttle: 5, Latency: 50 * time.Millisecond}, adminSpec())
		c := config(cloud, adminOf(cloud))
		c.Retryer = func() aws.Retryer { return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 20 }) }
		client := iam.NewFromConfig(c)
		began := time.Now()
		for range 40 {
			ok[*iam.ListUsersOutput](t)(client.ListUsers(ctx, nil))
		}
		if took := time.Since(began); took < 5*time.Second {
			t.Errorf("40 calls took %v: the limit of 5 a second did not hold", took)
		}
	})
}

func TestLatencyAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newAWS(t, fakeaws.Config{Latency: 50 * time.Millisecond}, adminSpec())
		client := iamFor(cloud, adminOf(cloud))
		began := time.Now()
		ok[*iam.ListUsersOutput](t)(client.ListUsers(ctx, nil))
		if took := time.Since(began); took != 50*time.Millisecond {
			t.Errorf("call took %v", took)
		}
		hurried, cancel := contextWithTimeout(10 * time.Millisecond)
		defer cancel()
		if _, err := client.ListUsers(hurried, nil); err == nil {
			t.Error("a cancelled call was answered")
		}
	})
}

func TestSkewedClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := fakeaws.New(fakeaws.Config{})
		cloud.AddAccount(adminSpec())
		signedAt := time.Now().Add(-16 * time.Minute)
		reply := presigned(t, cloud, adminOf(cloud), signedAt, false)
		want := "Signature expired: 19991231T234400Z is now earlier than 19991231T234500Z (20000101T000000Z - 15 min.)"
		if reply.status != 403 || reply.code != "SignatureDoesNotMatch" || reply.message != want {
			t.Errorf("old signature: %+v", reply)
		}
		reply = presigned(t, cloud, adminOf(cloud), time.Now().Add(16*time.Minute), false)
		want = "Signature not yet current: 20000101T001600Z is still later than 20000101T001500Z (20000101T000000Z + 15 min.)"
		if reply.status != 403 || reply.message != want {
			t.Errorf("future signature: %+v", reply)
		}
		if reply = presigned(t, cloud, adminOf(cloud), signedAt, true); reply.code != "RequestExpired" {
			t.Errorf("old presigned address: %+v", reply)
		}
		if reply = presigned(t, cloud, adminOf(cloud), time.Now(), true); reply.status != 200 {
			t.Errorf("presigned address: %+v", reply)
		}
	})
}
