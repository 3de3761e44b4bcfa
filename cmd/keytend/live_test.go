package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

// liveTimes are those of every record of this suite: on real AWS they are
// waited for.
var liveTimes = []string{"--settle", "20s", "--prove-span", "10s"}

// TestLive lives through the protocol with keytend's own processes, each of
// which ends at its first wait. With KEYTEND_LIVE=1 it does so on the AWS
// account of the environment; without, on a simulated AWS that is as slow to
// agree with itself, and whose time is advanced instead of waited for.
func TestLive(t *testing.T) {
	cloud := openLive(t)
	for _, s := range []struct {
		name string
		live func(*liveUser)
	}{
		{"rotate", liveRotate}, {"hold", liveHold}, {"rollback", liveRollback}, {"retire", liveRetire}, {"revoke", liveRevoke},
	} {
		t.Run(s.name, func(t *testing.T) {
			u := cloud.newUser(t)
			s.live(u)
			u.finish()
		})
	}
}

func liveRotate(u *liveUser) {
	u.describe("the first key")
	u.consume()
	u.keytend("rotate", u.name, "--yes", "--deliver", u.place(), "--now", "--lag-margin", "0s", "--rest", "1m")
	u.until("done")
	u.keys("Active")
	u.holds(u.key.id, false)
	u.described("the first key")
}

func liveHold(u *liveUser) {
	u.consume()
	u.keytend("rotate", u.name, "--yes", "--deliver", u.place(), "--now", "--cache", "2m", "--lag-margin", "0s", "--rest", "1m")
	u.until("overlap")
	u.keytend("hold", u.name, "--why", "the live suite", "--for", "1h")
	u.pass(3 * time.Minute)
	u.keytend("resume", u.name)
	u.keys("Active", "Active")
	u.keytend("release", u.name)
	u.until("done")
	u.keys("Active")
}

func liveRollback(u *liveUser) {
	u.consume()
	u.keytend("rotate", u.name, "--yes", "--deliver", u.place(), "--overlap", "1m", "--idle", "1m", "--lag-margin", "0s", "--rest", "1m")
	u.until("overlap")
	u.holds(u.key.id, false)
	u.keytend("rollback", u.name, "--yes")
	u.until("rolled back")
	u.keys("Active")
	u.holds(u.key.id, true)
}

func liveRetire(u *liveUser) {
	u.keytend("retire", u.key.id, "--yes", "--notice", "1m", "--idle", "1m", "--lag-margin", "0s", "--delete-after", "1m")
	u.until("resting")
	u.keys("Inactive")
	u.until("done")
	u.keys()
}

func liveRevoke(u *liveUser) {
	u.allow("ssm:DescribeParameters")
	session := u.session()
	u.eventually("a session of the key works", func() error { return describeParameters(session) })
	u.keytend("revoke", u.key.id, "--yes") // its rest is of a day at least, and not lived through
	u.until("resting")
	u.keys("Inactive")
	u.eventually("the session is denied", func() error {
		if err := describeParameters(session); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			return fmt.Errorf("got %w", err)
		}
		return nil
	})
}

func describeParameters(c aws.Config) error {
	_, err := ssm.NewFromConfig(c).DescribeParameters(context.Background(), &ssm.DescribeParametersInput{MaxResults: aws.Int32(1)})
	return err
}

// allow lets the user make one kind of call: by itself it may nothing.
func (u *liveUser) allow(action string) {
	u.t.Helper()
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%q,"Resource":"*"}]}`, action)
	_, err := u.cloud.iam.PutUserPolicy(u.t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String(u.name), PolicyName: aws.String("live"), PolicyDocument: aws.String(policy),
	})
	u.check(err)
}

// session is made from the user's key and outlives it.
func (u *liveUser) session() aws.Config {
	u.t.Helper()
	out, err := sts.NewFromConfig(u.as(u.key)).GetSessionToken(u.t.Context(), nil)
	u.check(err)
	c := out.Credentials
	return u.with(aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken})
}

// TestLiveSweeps: what a run that crashed left behind goes, and nothing else.
func TestLiveSweeps(t *testing.T) {
	now := time.Now().UTC()
	key := []fakeaws.KeySpec{{Created: now.Add(-90 * time.Minute)}}
	cloud := simulatedLive(t, []fakeaws.UserSpec{
		{Name: livePrefix + "crashed", Created: now.Add(-2 * time.Hour), Keys: key, InlinePolicies: map[string]string{
			onaws.DenyPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`,
		}},
		{Name: livePrefix + "running", Created: now.Add(-59 * time.Minute), Keys: key},
		{Name: "old-" + livePrefix + "not", Created: now.Add(-2 * time.Hour), Keys: key},
	})
	if err := cloud.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(cloud.names(t), " "), "admin keytend-live-running old-keytend-live-not"; got != want {
		t.Errorf("left: %s, want %s", got, want)
	}
}

// TestLiveRefuses: only an account that was named, and is small, is played with.
func TestLiveRefuses(t *testing.T) {
	fine := liveAccount{named: "123456789012", id: "123456789012", alias: "sandbox", users: liveUsersAtMost}
	for _, c := range []struct {
		name  string
		alter func(*liveAccount)
		says  string
	}{
		{"a sandbox", func(*liveAccount) {}, ""},
		{"none named", func(a *liveAccount) { a.named = "" }, "KEYTEND_LIVE_ACCOUNT"},
		{"another", func(a *liveAccount) { a.id = "210987654321" }, "210987654321"},
		{"many users", func(a *liveAccount) { a.users++ }, "51 users"},
		{"production by its name", func(a *liveAccount) { a.alias = "acme-Production" }, "acme-Production"},
	} {
		a := fine
		c.alter(&a)
		err := a.refused()
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// simulatedLive is an account as AWS gives it: what is changed takes seconds to
// be so everywhere, and last-used data and CloudTrail come late.
func simulatedLive(t *testing.T, users []fakeaws.UserSpec) *liveCloud {
	t.Helper()
	sim := fakeaws.New(fakeaws.Config{Seed: 1, Hurried: true, Propagation: 4 * time.Second, LastUsedLag: 3 * time.Minute, TrailDelay: 5 * time.Minute})
	sim.AddAccount(fakeaws.AccountSpec{ID: "123456789012", Admin: "admin", Users: append([]fakeaws.UserSpec{{
		Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"},
		Created: time.Now().AddDate(-1, 0, 0), Keys: []fakeaws.KeySpec{{Created: time.Now().AddDate(0, -1, 0)}},
	}}, users...)})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".LookupEvents") {
			sim.Advance(time.Second) // CloudTrail takes two a second
		}
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	id, secret := sim.AdminKey("123456789012")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret,
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true", "KEYTEND_SIM_PID": fmt.Sprint(os.Getpid()),
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	cloud := &liveCloud{tick: 20 * time.Millisecond, wait: func(d time.Duration) error {
		answer, err := http.Post(server.URL+"/_sim/advance?by="+d.String(), "", nil)
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	}}
	cloud.connect(t)
	return cloud
}

// openLive is the AWS that the suite runs on.
func openLive(t *testing.T) *liveCloud {
	t.Helper()
	switch on := os.Getenv("KEYTEND_LIVE"); on {
	case "1":
	case "":
		t.Log("on a simulated AWS; real AWS wants KEYTEND_LIVE=1, KEYTEND_LIVE_ACCOUNT and credentials of a sandbox account: see docs/live-suite.md")
		return simulatedLive(t, nil)
	default:
		t.Fatalf("KEYTEND_LIVE=%s: want 1, or nothing", on)
	}
	cloud := &liveCloud{tick: 2 * time.Second, wait: func(d time.Duration) error { time.Sleep(d); return nil }}
	cloud.connect(t)
	if err := cloud.account(t).refused(); err != nil {
		t.Fatal(err)
	}
	if err := cloud.sweep(t.Context()); err != nil {
		t.Errorf("left over from an earlier run: %v", err)
	}
	return cloud
}

// finish fails where the consumer did, or where a secret was told to anybody.
func (u *liveUser) finish() {
	u.t.Helper()
	u.stop()
	u.lock.Lock()
	defer u.lock.Unlock()
	if u.failed > 0 {
		u.t.Errorf("the consumer failed %d times of %d: %s", u.failed, u.made, u.complaint)
	}
	if u.consuming && u.made < 20 {
		u.t.Errorf("the consumer called %d times only: nothing is proved", u.made)
	}
	for _, pattern := range []string{"transcript*", "state.db", "state.db-*"} {
		files, _ := filepath.Glob(filepath.Join(u.folder, pattern))
		if len(files) == 0 && !strings.HasSuffix(pattern, "-*") {
			u.t.Errorf("no %s to be searched", pattern)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			u.check(err)
			for secret := range u.secrets {
				if strings.Contains(string(text), secret) {
					u.t.Errorf("%s tells a secret", filepath.Base(file))
				}
			}
		}
	}
	u.t.Logf("%d calls of the consumer, %d failed; %s waited", u.made, u.failed, u.waited.Round(time.Second))
}
