package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
)

func TestExplainSaysWhoOwnsAndWhy(t *testing.T) {
	for _, tc := range []struct {
		tags                 accesskey.Fact[map[string]string]
		owner, why, tagsFact string
	}{
		{fact(map[string]string{"Owner": "alice@example.com", "env": "prod"}), "alice@example.com", `from the user's tag "Owner"`, "Owner=alice@example.com, env=prod"},
		{fact(map[string]string{}), "", "the user carries none of the tags owner, team", "none"},
		{accesskey.Unread[map[string]string]("denied"), "", "unknown: denied", "unknown: denied"},
	} {
		r := DefaultRules()
		r.OwnerTags = []string{"owner", "team"}
		u := altered(holder("alice"), func(u *accesskey.User) { u.Tags = tc.tags })
		e := Explain(inventory(u), u, r, now)
		if e.Owner != tc.owner || e.OwnerWhy != tc.why {
			t.Errorf("owner %q, %q", e.Owner, e.OwnerWhy)
		}
		if got := e.Facts[1]; got.Fact != "tags" || got.Value != tc.tagsFact {
			t.Errorf("tags fact %+v", got)
		}
		if OwnerOf(u, r) != tc.owner {
			t.Errorf("OwnerOf = %q", OwnerOf(u, r))
		}
	}
}

func TestExplainSaysWhyPrivileged(t *testing.T) {
	for _, tc := range []struct {
		privilege  accesskey.Fact[accesskey.Privilege]
		privileged bool
		sentence   string
	}{
		{fact(accesskey.Privilege{Admin: true, Why: "AdministratorAccess is attached"}), true, "AdministratorAccess is attached"},
		{fact(accesskey.Privilege{}), false, "not admin-like: no policy read lets it do everything or give itself that right"},
		{accesskey.Unread[accesskey.Privilege]("policies not read"), false, "unknown: policies not read"},
	} {
		u := altered(holder("alice"), func(u *accesskey.User) { u.Privilege = tc.privilege })
		e := Explain(inventory(u), u, DefaultRules(), now)
		if e.Privileged != tc.privileged || e.Privilege != tc.sentence {
			t.Errorf("%v, %q", e.Privileged, e.Privilege)
		}
	}
}

func TestExplainRoot(t *testing.T) {
	inv := troubled()
	e := Explain(inv, Root(inv), DefaultRules(), now)
	if e.User != RootUser || e.UserARN != "arn:aws:iam::123456789012:root" || !e.Privileged {
		t.Errorf("%s %s %v", e.User, e.UserARN, e.Privileged)
	}
	if diff := cmp.Diff([]Rule{RootAccessKey, InactiveKey}, rulesOf(e.Findings())); diff != "" {
		t.Error(diff)
	}
	if e.Keys[0].ID != "" || e.Keys[0].Name != "key created 2024-01-05T12:00:00Z" {
		t.Errorf("key %q, %q", e.Keys[0].ID, e.Keys[0].Name)
	}
	for _, f := range e.Facts {
		want, ok := map[string]string{
			"tags": "none", "groups": "none", "attached policies": "none", "service-specific credentials": "none", "access keys": "2 access keys",
		}[f.Fact]
		if ok && f.Value != want {
			t.Errorf("%+v, want %s", f, want)
		}
	}
	for _, j := range e.Judgements {
		if j.Rule == PasswordUnused && j.Why != "does not apply: the rule is about IAM users" {
			t.Errorf("%+v", j)
		}
	}
	for _, j := range e.Keys[0].Judgements {
		if j.Rule == KeyTooOld && j.Why != "does not apply: the rule is about IAM users' keys; root-access-key judges the root user's" {
			t.Errorf("%+v", j)
		}
	}
	blind := inventory()
	blind.Root.Keys = accesskey.Unread[[]accesskey.Key]("no credential report: denied")
	for _, j := range Explain(blind, Root(blind), DefaultRules(), now).Judgements {
		if j.Rule == RootAccessKey && (j.State != Unknown || j.Why != "whether the user has an access key could not be read: no credential report: denied") {
			t.Errorf("%+v", j)
		}
	}
}

func TestExplainOneKey(t *testing.T) {
	inv := troubled()
	u := inv.Users[6] // both
	e := Explain(inv, u, DefaultRules(), now)
	one, ok := e.Key(secondID)
	if !ok || len(one.Keys) != 1 || one.Keys[0].ID != secondID || len(e.Keys) != 2 {
		t.Fatalf("%v %+v", ok, one.Keys)
	}
	if diff := cmp.Diff([]Rule{KeyTooOld, MultipleActiveKeys}, rulesOf(one.Findings())); diff != "" {
		t.Error(diff)
	}
	facts := one.Keys[0].Facts
	want := []Evidence{
		{"key ID", string(secondID), "credential report", now},
		{"status", "Active", "credential report", now},
		{"created or last changed", "2025-08-27T12:00:00Z", "credential report", now},
		{"last used", "2026-10-01T11:00:00Z, s3, us-east-1", "credential report", now},
	}
	if diff := cmp.Diff(want, facts); diff != "" {
		t.Error(diff)
	}
	for _, id := range []accesskey.ID{"", "AKIAEXAMPLENOTTHERE1"} {
		if _, ok := e.Key(id); ok {
			t.Errorf("key %q found", id)
		}
	}
}

// TestUserCreatedIsCitedFromWhatShowsIt: never from a listing of keys, which
// says nothing of the user.
func TestUserCreatedIsCitedFromWhatShowsIt(t *testing.T) {
	u := holder("alice", aged(Day))
	u.Keys = accesskey.Observed([]accesskey.Key(nil), now, "iam:ListAccessKeys")
	u.Tags = accesskey.Observed(map[string]string(nil), ago(Day), "iam:GetAccountAuthorizationDetails")
	created := func() Evidence { return Explain(inventory(u), u, DefaultRules(), now).Facts[0] }
	if got := created(); got.Source != "iam:GetAccountAuthorizationDetails" || !got.ObservedAt.Equal(ago(Day)) {
		t.Errorf("%+v", got)
	}
	u.Tags = accesskey.Unread[map[string]string]("denied")
	if got := created(); got.Source != "credential report" {
		t.Errorf("%+v", got)
	}
	u.Password = accesskey.Unread[accesskey.Password]("denied")
	if got := created(); got.Source != "" || got.Value != "2024-10-01T12:00:00Z" {
		t.Errorf("%+v", got)
	}
}
