package onaws_test

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

// The SDK fetches credentials with a client of its own: roles are assumed over a
// socket, in real time.

const (
	deploy       = accesskey.ID("AKIAI44QH8DHBEXAMPL4")
	deploySecret = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPDEPLO"
)

func trusting(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"` + condition + `}]}`
}

// files is ~/.aws of these tests.
const files = `
[profile key]
aws_access_key_id = AKIAI44QH8DHBEXAMPL4
aws_secret_access_key = je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPDEPLO
[profile role]
role_arn = arn:aws:iam::123456789012:role/ops/rotator
source_profile = key
[profile twice]
role_arn = arn:aws:iam::123456789012:role/ops/rotator
source_profile = first
[profile first]
role_arn = arn:aws:iam::123456789012:role/hop
source_profile = key
[profile fixed]
role_arn = arn:aws:iam::123456789012:role/ops/rotator
role_session_name = nightly
source_profile = key
[profile strict]
role_arn = arn:aws:iam::123456789012:role/strict
source_profile = key
[profile environment]
role_arn = arn:aws:iam::123456789012:role/ops/rotator
credential_source = Environment
[profile program]
role_arn = arn:aws:iam::123456789012:role/ops/rotator
source_profile = process
[profile process]
credential_process = PROCESS
`

type roles struct {
	*world
	server *httptest.Server
}

func newRoles(t *testing.T) *roles {
	t.Helper()
	admin := []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
	cloud := fakeaws.New(fakeaws.Config{})
	cloud.AddAccount(fakeaws.AccountSpec{ID: account, Users: []fakeaws.UserSpec{
		{Name: "ana", ID: anaID, Keys: []fakeaws.KeySpec{{ID: string(oldKey), Secret: "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"}}},
		{Name: "deploy", ManagedPolicies: admin, Keys: []fakeaws.KeySpec{{ID: string(deploy), Secret: deploySecret}}},
	}, Roles: []fakeaws.RoleSpec{
		{Name: "rotator", Path: "/ops/", ManagedPolicies: admin, TrustPolicy: trusting("")},
		{Name: "hop", ManagedPolicies: admin, TrustPolicy: trusting("")},
		{Name: "strict", ManagedPolicies: admin, TrustPolicy: trusting(`,"Condition":{"StringLike":{"sts:RoleSessionName":"aws-go-sdk-*"}}`)},
	}})
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	for _, name := range []string{"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	dir := t.TempDir()
	process := filepath.Join(dir, "process")
	answer := `#!/bin/sh
echo '{"Version":1,"AccessKeyId":"AKIAI44QH8DHBEXAMPL4","SecretAccessKey":"` + deploySecret + `"}'
`
	config := filepath.Join(dir, "config")
	for name, text := range map[string]string{process: answer, config: strings.ReplaceAll(files, "PROCESS", process)} {
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", config)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	return &roles{&world{t: t, cloud: cloud, log: &lockedBuffer{}}, server}
}

func (r *roles) open(profile string) *onaws.Account {
	r.t.Helper()
	s, err := awsapi.Open(r.ctx(), awsapi.Options{
		Profile: profile, Region: "us-east-1",
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.a = onaws.New(s, onaws.Options{Journal: "j1"})
	return r.a
}

func TestBaseKeyUnderRoles(t *testing.T) {
	r := newRoles(t)
	for profile, want := range map[string]accesskey.ID{
		"key": deploy, "role": deploy, "twice": deploy, "fixed": deploy, "strict": deploy, "process": deploy, "program": deploy,
	} {
		if strings.HasPrefix(profile, "pro") && runtime.GOOS == "windows" {
			continue // the program is a shell script
		}
		if got := known(t, r.open(profile).BaseKey(r.ctx())); got != want {
			t.Errorf("%s: %s", profile, got)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", string(deploy))
	t.Setenv("AWS_SECRET_ACCESS_KEY", deploySecret)
	for _, profile := range []string{"environment", ""} {
		if got := known(t, r.open(profile).BaseKey(r.ctx())); got != deploy {
			t.Errorf("%s: %s", profile, got)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "ASIAI44QH8DHBEXAMPL4")
	t.Setenv("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLETOKEN")
	for _, profile := range []string{"environment", ""} {
		f := r.open(profile).BaseKey(r.ctx())
		if f.Known() || !strings.Contains(f.Why(), "does not tell which key it was made from") {
			t.Errorf("%s: %s", profile, f.Why())
		}
		s, err := awsapi.Open(r.ctx(), awsapi.Options{Profile: profile, Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		if got := known(t, onaws.New(s, onaws.Options{Keyless: true}).BaseKey(r.ctx())); got != "" {
			t.Errorf("%s, vouched for: %s", profile, got)
		}
	}
	r.nothingSecretSaid()
}

// TestTokenInTheSessionName: CloudTrail shows the token in the session's name
// where the role may be assumed under it, and in the user agent in any case.
func TestTokenInTheSessionName(t *testing.T) {
	r := newRoles(t)
	for profile, session := range map[string]string{"role": "keytend+" + token, "twice": "keytend+" + token, "fixed": "nightly", "strict": "aws-go-sdk-", "key": "user/deploy"} {
		r.open(profile)
		if err := r.a.SetStatus(r.ctx(), ana, oldKey, accesskey.Active, r.permit()); err != nil {
			t.Fatalf("%s: %v", profile, err)
		}
		c, err := r.a.CreateAccessKey(r.ctx(), ana, r.permit())
		if err != nil {
			t.Fatalf("%s: %v", profile, err)
		}
		author := known(t, r.a.Author(r.ctx(), ana, c.ID))
		if !author.Found || author.Token != token || !strings.Contains(author.By, session) {
			t.Errorf("%s: %+v, want %s", profile, author, session)
		}
		if err := r.a.DeleteAccessKey(r.ctx(), ana, c.ID, r.permit()); err != nil {
			t.Errorf("%s: %v", profile, err)
		}
		if err := r.a.MayRotate(r.ctx(), ana); err != nil { // as the role, whose path only GetRole tells
			t.Errorf("%s: %v", profile, err)
		}
	}
	if n := r.cloud.Calls()["sts:AssumeRole"]; n > 12 {
		t.Errorf("%d roles assumed", n)
	}
	r.nothingSecretSaid()
}

// TestSwitchUnderARole: the key at the bottom is exchanged; what was signed with
// the old one works on, and new sessions come from the new one.
func TestSwitchUnderARole(t *testing.T) {
	for _, profile := range []string{"role", "twice", "key"} {
		t.Run(profile, func(t *testing.T) {
			r := newRoles(t)
			self := accesskey.Subject{Account: account, User: "deploy"}
			r.open(profile)
			c, err := r.a.CreateAccessKey(r.ctx(), self, r.permit())
			if err != nil {
				t.Fatal(err)
			}
			if err := r.a.Use(r.ctx(), c); err != nil {
				t.Fatal(err)
			}
			if got := known(t, r.a.BaseKey(r.ctx())); got != c.ID {
				t.Errorf("still on %s", got)
			}
			if err := r.a.SetStatus(r.ctx(), self, deploy, accesskey.Inactive, r.permit()); err != nil {
				t.Fatal(err)
			}
			other := rotation.Permit{Token: "j1.other", Until: r.a.Now().Add(time.Minute)}
			if err := r.a.Tag(r.ctx(), ana, other); err != nil { // assumes the role anew
				t.Errorf("after the old key is off: %v", err)
			}
			if f := r.a.User(r.ctx(), self); !f.Known() {
				t.Error(f.Why())
			}
			r.nothingSecretSaid()
		})
	}
}
