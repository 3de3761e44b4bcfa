package awsapi

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
)

const rootMember = "210987654321"

// manager is a session of an organization's management account, which has one
// member with a root key.
func manager(t *testing.T) (*fakeaws.AWS, *Session) {
	t.Helper()
	cloud, session := cloudWith(t, func(s *fakeaws.AccountSpec) {
		s.Management, s.RootAccess = true, []string{"RootSessions"}
	})
	cloud.AddAccount(fakeaws.AccountSpec{ID: rootMember, Admin: "admin", Root: fakeaws.RootSpec{
		MFA: true, Keys: []fakeaws.KeySpec{{ID: "AKIAIOSFODNN7EXAMPLE"}}, Certificates: []fakeaws.CertificateSpec{{ID: "CERTIFICATEEXAMPLE0000001"}},
	}, Users: []fakeaws.UserSpec{{
		Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{}},
	}}})
	return cloud, session
}

func onceFor(s *Session) Once { return Once{Mark: "keytend-test", Until: s.Now().Add(time.Minute)} }

// TestRootSessionsAreScoped: auditing can't delete, deleting can't reach users.
func TestRootSessionsAreScoped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, session := manager(t)
		audit, err := session.AssumeRoot(t.Context(), rootMember, AuditRoot)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := audit.RootKeys(t.Context())
		if err != nil || len(keys) != 1 {
			t.Fatalf("%v %v", keys, err)
		}
		const id accesskey.ID = "AKIAIOSFODNN7EXAMPLE"
		if err := audit.DeleteRootKey(t.Context(), id, onceFor(audit)); ClassOf(err) != Denied || !NotDone(err) {
			t.Errorf("auditing deleted a key: %v", err)
		}
		if _, err := audit.Keys(t.Context(), "admin"); ClassOf(err) != Denied {
			t.Errorf("auditing read a user's keys: %v", err)
		}
		deleting, err := session.AssumeRoot(t.Context(), rootMember, DeleteRoot)
		if err != nil {
			t.Fatal(err)
		}
		if err := deleting.DeleteKey(t.Context(), "admin", id, onceFor(deleting)); ClassOf(err) != Denied {
			t.Errorf("deleting reached a user: %v", err)
		}
		if err := deleting.SetKeyStatus(t.Context(), "admin", id, accesskey.Inactive, onceFor(deleting)); ClassOf(err) != Denied {
			t.Errorf("a key was switched off: %v", err)
		}
		if err := deleting.DeleteRootKey(t.Context(), id, onceFor(deleting)); err != nil {
			t.Error(err)
		}
		if left := cloud.Snapshot(rootMember).Root.Keys; len(left) != 0 {
			t.Errorf("%v", left)
		}
		cloud.Advance(16 * time.Minute)
		if _, err := deleting.RootKeys(t.Context()); ClassOf(err) != CredentialsExpired {
			t.Errorf("after 16 minutes: %v", err)
		}
	})
}

func TestRootCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, session := manager(t)
		root, err := session.AssumeRoot(t.Context(), rootMember, DeleteRoot)
		if err != nil {
			t.Fatal(err)
		}
		password, devices, err := root.RootPassword(t.Context())
		if err != nil || !password.Enabled || !password.MFA || len(devices) != 1 {
			t.Fatalf("%+v %v %v", password, devices, err)
		}
		if ids, err := root.RootCertificates(t.Context()); err != nil || len(ids) != 1 {
			t.Errorf("%v %v", ids, err)
		}
		if err := root.DeleteRootPassword(t.Context(), onceFor(root)); err != nil {
			t.Error(err)
		}
		if err := root.DeactivateRootMFA(t.Context(), devices[0], onceFor(root)); err != nil {
			t.Error(err)
		}
		password, devices, err = root.RootPassword(t.Context())
		if err != nil || password.Enabled || len(devices) != 0 {
			t.Errorf("%+v %v %v", password, devices, err)
		}
	})
}

func TestWhoMayAssumeRoot(t *testing.T) {
	cloud, session := manager(t)
	if _, err := session.AssumeRoot(t.Context(), testAccount, AuditRoot); ClassOf(err) != Denied {
		t.Errorf("the management account's own: %v", err)
	}
	if _, err := session.AssumeRoot(t.Context(), "999999999999", AuditRoot); ClassOf(err) != Denied {
		t.Errorf("a stranger's: %v", err)
	}
	id, secret := cloud.AdminKey(rootMember)
	member := OpenWithKey(t.Context(), accesskey.ID(id), accesskey.NewSecret(secret), Options{
		Region: "eu-west-1", HTTPClient: &http.Client{Transport: cloud.RoundTripper()},
	})
	if _, err := member.AssumeRoot(t.Context(), rootMember, AuditRoot); ClassOf(err) != Denied || Hint(err) == "" {
		t.Errorf("by a member: %v", err)
	}
}
