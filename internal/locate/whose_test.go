package locate

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
)

const (
	ourAccount   = "123456789012"
	theirAccount = "111122223333"
	inactiveID   = "AKIAIOSFODNN7INACTIV"
	theirID      = "AKIAIOSFODNN7THEIRSS"
)

// created is when every key was made. AWS's clock is the host's here: with
// another, the SDK tries refused signatures twice.
var created = time.Now().UTC().Truncate(time.Second).Add(-100 * 24 * time.Hour)

// world is two accounts: ours with an administrator, alice (an unused key and
// an inactive one) and nobody (who may do nothing), theirs with bob.
func world(t *testing.T) *fakeaws.AWS {
	t.Helper()
	aws := fakeaws.New(fakeaws.Config{Seed: 1})
	aws.AddAccount(fakeaws.AccountSpec{ID: ourAccount, Admin: "admin", Created: created, Users: []fakeaws.UserSpec{
		{Name: "admin", Created: created, ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{Created: created}}},
		{Name: "alice", Path: "/staff/", Created: created, Keys: []fakeaws.KeySpec{
			{ID: exampleID, Secret: exampleSecret, Created: created},
			{ID: inactiveID, Secret: otherSecret, Created: created, Status: "Inactive"},
		}},
		{Name: "nobody", Created: created, Keys: []fakeaws.KeySpec{{ID: otherID, Secret: otherSecret, Created: created}}},
	}})
	aws.AddAccount(fakeaws.AccountSpec{ID: theirAccount, Admin: "bob", Created: created, Users: []fakeaws.UserSpec{
		{Name: "bob", Created: created, Keys: []fakeaws.KeySpec{{ID: theirID, Secret: exampleSecret, Created: created}}},
	}})
	return aws
}

func sessionOf(t *testing.T, transport http.RoundTripper, id, secret string) *awsapi.Session {
	t.Helper()
	return awsapi.OpenWithKey(t.Context(), accesskey.ID(id), accesskey.NewSecret(secret),
		awsapi.Options{Region: "us-east-1", HTTPClient: &http.Client{Transport: transport}})
}

func asAdmin(t *testing.T, aws *fakeaws.AWS) *awsapi.Session {
	t.Helper()
	id, secret := aws.AdminKey(ourAccount)
	return sessionOf(t, aws.RoundTripper(), id, secret)
}

func found(id, secret string) LocalKey {
	return LocalKey{ID: accesskey.ID(id), Secret: accesskey.NewSecret(secret), Places: []Place{{Name: "X"}}}
}

// told is a Holder in words.
type told struct{ Account, User, Works, Status, Created, LastUsed string }

func inWords(h Holder) told {
	w := told{
		Account: word(h.Account, func(s string) string { return s }),
		User:    word(h.User, func(s string) string { return s }),
		Works:   word(h.Works, func(b bool) string { return map[bool]string{true: "yes", false: "no: " + h.Refusal}[b] }),
		Status:  word(h.Status, func(s accesskey.Status) string { return string(s) }),
		Created: word(h.Created, func(at time.Time) string { return at.Format(time.DateOnly) }),
		LastUsed: word(h.LastUsed, func(use accesskey.LastUse) string {
			if use.Never() {
				return "never"
			}
			return use.Service
		}),
	}
	return w
}

func word[T any](f accesskey.Fact[T], spell func(T) string) string {
	value, ok := f.Get()
	if !ok {
		return "? " + f.Why()
	}
	return spell(value)
}

func identify(t *testing.T, session *awsapi.Session, key LocalKey, try bool) (told, []accesskey.Failure) {
	t.Helper()
	holders, failures := Identify(t.Context(), session, []LocalKey{key}, try)
	return inWords(holders[0]), failures
}

func TestIdentify(t *testing.T) {
	const unasked = "? not checked"
	made := created.Format(time.DateOnly)
	other := "? the credentials in use are of account " + ourAccount
	for _, test := range []struct {
		name string
		key  LocalKey
		try  bool
		want told
	}{
		{"ours, by its ID", found(exampleID, exampleSecret), false,
			told{ourAccount, "alice", unasked, "Active", made, "never"}},
		{"ours, by itself, which is a use", found(exampleID, exampleSecret), true,
			told{ourAccount, "alice", "yes", "Active", made, "sts"}},
		{"ours, with another's secret beside it", found(exampleID, otherSecret), true,
			told{ourAccount, "alice", "no: the secret beside it is wrong", "Active", made, "never"}},
		{"inactive", found(inactiveID, otherSecret), true,
			told{ourAccount, "alice", "no: deleted or inactive", "Inactive", made, "never"}},
		{"without a secret", found(exampleID, ""), true,
			told{ourAccount, "alice", unasked, "Active", made, "never"}},
		{"theirs", found(theirID, ""), false, told{theirAccount, unasked, unasked, other, other, other}},
		{"theirs, by itself", found(theirID, exampleSecret), true, told{theirAccount, "bob", "yes", other, other, other}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, failures := identify(t, asAdmin(t, world(t)), test.key, test.try)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if len(failures) > 0 {
				t.Errorf("failures: %v", failures)
			}
		})
	}
}

// TestIdentifyUsesNoKeyUnasked: the key must be as never used as before.
func TestIdentifyUsesNoKeyUnasked(t *testing.T) {
	aws := world(t)
	if _, failures := identify(t, asAdmin(t, aws), found(exampleID, exampleSecret), false); len(failures) > 0 {
		t.Fatal(failures)
	}
	for _, user := range aws.Snapshot(ourAccount).Users {
		for _, key := range user.Keys {
			if key.ID == exampleID && key.LastUsed != nil {
				t.Errorf("looking used the key: %+v", key.LastUsed)
			}
		}
	}
}

func TestIdentifySaysWhatIsDenied(t *testing.T) {
	aws := world(t)
	session := sessionOf(t, aws.RoundTripper(), otherID, otherSecret)
	got, failures := identify(t, session, found(exampleID, exampleSecret), true)
	if got.Account != ourAccount || got.User != "alice" || got.Status != "? not checked: iam:ListAccessKeys: Denied" {
		t.Errorf("%+v", got)
	}
	if len(failures) == 0 || failures[0].Class != string(awsapi.Denied) || failures[0].Hint == "" || failures[0].User != "alice" {
		t.Errorf("failures: %+v", failures)
	}

	// One's own key is known without any permission.
	if got, _ := identify(t, session, found(otherID, ""), false); got.Account != ourAccount || got.User != "nobody" {
		t.Errorf("own key: %+v", got)
	}
}

func TestIdentifyWithRefusedCredentials(t *testing.T) {
	session := sessionOf(t, world(t).RoundTripper(), exampleID, otherSecret)
	got, failures := identify(t, session, found(theirID, ""), false)
	if got.Account != "? not checked: AWS refuses the credentials to look with" || len(failures) > 0 {
		t.Errorf("%+v, failures %v", got, failures)
	}
}

type silence struct{}

func (silence) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no network")
}

func TestIdentifyWithoutNetwork(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond) // so as not to wait for the retries
	defer cancel()
	session := sessionOf(t, silence{}, exampleID, exampleSecret)
	holders, failures := Identify(ctx, session, []LocalKey{found(theirID, exampleSecret)}, true)
	if got := inWords(holders[0]).Works; got != "? not checked: AWS did not answer" {
		t.Error(got)
	}
	if len(failures) == 0 {
		t.Error("no failure")
	}
}

func TestUserIn(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::123456789012:user/alice":             "alice",
		"arn:aws-cn:iam::123456789012:user/a/b/c,d=e@f":    "c,d=e@f",
		"arn:aws:iam::123456789012:root":                   "",
		"arn:aws:sts::123456789012:assumed-role/r/session": "",
	} {
		if got := userIn(arn); got != want {
			t.Errorf("%s: %q", arn, got)
		}
	}
}
