package onaws_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

const (
	account = "123456789012"
	oldKey  = accesskey.ID("AKIAIOSFODNN7EXAMPLE")
	anaID   = "AIDACKCEVSQ6C2EXAMPLE"
	token   = "j1.abcdef0123456789"
	adminID = accesskey.ID("AKIAI44QH8DHBEXAMPLE")
)

var (
	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ana   = accesskey.Subject{Account: account, User: "ana", UserID: anaID}
)

// world is the real SDK before the simulated AWS, everything in virtual time.
type world struct {
	t     *testing.T
	cloud *fakeaws.AWS
	s     *awsapi.Session
	a     *onaws.Account
	log   *lockedBuffer
	said  []string // by errors and facts
}

type lockedBuffer struct {
	lock sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.Buffer.Write(p)
}

// in tests a world; afterwards no secret of it must have been said.
func in(t *testing.T, c fakeaws.Config, change func(*fakeaws.AccountSpec), test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, c, change)
		test(w)
		w.nothingSecretSaid()
	})
}

func newWorld(t *testing.T, c fakeaws.Config, change func(*fakeaws.AccountSpec)) *world {
	t.Helper()
	if c.Start.IsZero() {
		c.Start = start
	}
	spec := fakeaws.AccountSpec{ID: account, Admin: "admin", Created: start.AddDate(-2, 0, 0), Users: []fakeaws.UserSpec{
		{
			Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"},
			Keys: []fakeaws.KeySpec{{ID: string(adminID), Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Created: start.AddDate(0, -1, 0)}},
		},
		{
			Name: "ana", ID: anaID, Path: "/team/", Created: start.AddDate(-1, 0, 0), Tags: map[string]string{"team": "billing"},
			Keys: []fakeaws.KeySpec{{
				ID: string(oldKey), Secret: "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY", Created: start.AddDate(0, 0, -80),
				LastUsed: &fakeaws.KeyUse{At: start.Add(-time.Hour), Service: "s3", Region: "eu-west-1"},
			}},
		},
	}}
	if change != nil {
		change(&spec)
	}
	cloud := fakeaws.New(c)
	cloud.AddAccount(spec)
	id, secret := cloud.AdminKey(account)
	log := &lockedBuffer{}
	s := awsapi.OpenWithKey(t.Context(), accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
		Region: "eu-west-1", AppID: "keytend/1.2.3", HTTPClient: &http.Client{Transport: cloud.RoundTripper()},
		Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err := s.AskTime(t.Context()); err != nil { // else the host's clock counts: 2000-01-01
		t.Fatal(err)
	}
	cloud.ResetCalls()
	return &world{t: t, cloud: cloud, s: s, a: onaws.New(s, onaws.Options{Journal: "j1"}), log: log}
}

func (w *world) ctx() context.Context { return w.t.Context() }

func (w *world) permit() rotation.Permit {
	return rotation.Permit{Token: token, Until: w.a.Now().Add(2 * time.Minute)}
}

// heard keeps what an error says for the search for secrets.
func (w *world) heard(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		w.said = append(w.said, e.Error())
		var ours *awsapi.Error
		if errors.As(e, &ours) {
			break // what is below is the SDK's and never shown
		}
	}
	return err
}

func (w *world) nothingSecretSaid() {
	w.t.Helper()
	text := w.log.String() + strings.Join(w.said, "\n")
	for _, u := range w.cloud.Snapshot(account).Users {
		for _, k := range u.Keys {
			if k.Secret == "" {
				w.t.Fatal("the snapshot has no secrets")
			}
			if strings.Contains(text, k.Secret) {
				w.t.Errorf("the secret of %s was said", k.ID)
			}
		}
	}
	for _, word := range []string{"Signature=", "aws4_request", "SecretAccessKey>"} {
		if strings.Contains(text, word) {
			w.t.Errorf("%q was said", word)
		}
	}
}

// fault befalls the first n calls of an action.
func (w *world) fault(action string, n int, f fakeaws.Fault) {
	w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		if c.Action != action || n == 0 {
			return fakeaws.Proceed()
		}
		n--
		return f
	})
}

func (w *world) user(name string) fakeaws.UserSpec {
	w.t.Helper()
	for _, u := range w.cloud.Snapshot(account).Users {
		if u.Name == name {
			return u
		}
	}
	w.t.Fatalf("no user %s", name)
	return fakeaws.UserSpec{}
}

// as is the raw SDK with another key: a consumer, a colleague.
func (w *world) as(id, secret, region, app string) aws.Config {
	return aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""), AppID: app,
		HTTPClient: &http.Client{Transport: w.cloud.RoundTripper()}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func (w *world) asAna(region, app string) aws.Config {
	k := w.user("ana").Keys[0]
	return w.as(k.ID, k.Secret, region, app)
}

func (w *world) colleague() *iam.Client {
	id, secret := w.cloud.AdminKey(account)
	return iam.NewFromConfig(w.as(id, secret, "us-east-1", "colleague"))
}

func (w *world) callSTS(c aws.Config) {
	w.t.Helper()
	if _, err := sts.NewFromConfig(c).GetCallerIdentity(w.ctx(), nil); err != nil {
		w.t.Fatal(err)
	}
}

func known[T any](t *testing.T, f accesskey.Fact[T]) T {
	t.Helper()
	v, ok := f.Get()
	if !ok {
		t.Fatalf("not known: %s", f.Why())
	}
	return v
}

func (w *world) client() *http.Client { return &http.Client{Transport: w.cloud.RoundTripper()} }
