package fakeaws

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestWhatIsDueIsDoneOldestFirst(t *testing.T) {
	a := New(Config{Start: trailStart})
	var done []string
	var at []time.Duration
	set := func(by time.Duration, name string, then func()) *duty {
		return a.due(trailStart.Add(by), func(context.Context) {
			done, at = append(done, name), append(at, a.Now().Sub(trailStart).Truncate(time.Minute))
			if then != nil {
				then()
			}
		})
	}
	set(2*time.Hour, "second", nil)
	set(time.Hour, "first", func() { set(90*time.Minute, "follows", nil) })
	set(2*time.Hour, "third", nil)
	void := set(time.Hour, "called off", nil)
	set(9*time.Hour, "not yet", nil)
	a.callOff(void)
	if n := a.Elapse(t.Context(), 3*time.Hour); n != 4 {
		t.Errorf("%d things", n)
	}
	if want := []string{"first", "follows", "second", "third"}; !slices.Equal(done, want) {
		t.Errorf("done %v, want %v", done, want)
	}
	if want := []time.Duration{time.Hour, 90 * time.Minute, 2 * time.Hour, 2 * time.Hour}; !slices.Equal(at, want) {
		t.Errorf("at %v, want %v", at, want)
	}
	if next, any := a.NextDue(); !any || next.Sub(trailStart) != 9*time.Hour {
		t.Errorf("next due %v, %v", next, any)
	}
	a.Advance(24 * time.Hour)
	ended, end := context.WithCancel(t.Context())
	end()
	if n := a.RunDue(ended); n != 0 {
		t.Errorf("%d things after the end", n)
	}
	if n := a.RunDue(t.Context()); n != 1 {
		t.Errorf("%d things", n)
	}
}

const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

const trustsItself = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"123456789012"}}]}`

func TestRoleSessionIsForWhomTheRoleTrusts(t *testing.T) {
	a := New(Config{Start: trailStart})
	a.AddAccount(AccountSpec{ID: storeAccount, Roles: []RoleSpec{
		{Name: "rotation", TrustPolicy: lambdaTrust}, {Name: "other", TrustPolicy: trustsItself},
	}})
	id, secret, token, err := a.RoleSession("arn:aws:iam::123456789012:role/rotation", "keytend-rotation")
	if err != nil {
		t.Fatal(err)
	}
	cfg := configOf(a, storeAccount, "us-east-1")
	cfg.Credentials = credentials.NewStaticCredentialsProvider(id, secret, token)
	who := must[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil))
	if *who.Arn != "arn:aws:sts::123456789012:assumed-role/rotation/keytend-rotation" {
		t.Errorf("the session is %s", *who.Arn)
	}
	for _, role := range []string{"other", "missing"} {
		if _, _, _, err := a.RoleSession("arn:aws:iam::123456789012:role/"+role, "x"); err == nil {
			t.Errorf("role %s was assumed", role)
		}
	}
}
