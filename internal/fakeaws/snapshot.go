package fakeaws

import (
	"slices"
	"time"
)

// Snapshot is the present truth about an account, without any lag: seeds,
// changed by every call since. The zero AccountSpec: there is no such account.
func (a *AWS) Snapshot(id string) AccountSpec {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.now()
	a.settle(now)
	acct := a.accountByID(id)
	if acct == nil {
		return AccountSpec{}
	}
	s := acct.spec
	s.Partition, s.Alias, s.Created = acct.partition, acct.alias, acct.created
	s.Root = acct.snapshotRoot(now)
	for _, u := range acct.users.all() {
		s.Users = append(s.Users, u.snapshot(now))
	}
	for _, g := range acct.groups.all() {
		s.Groups = append(s.Groups, GroupSpec{Name: g.name, Path: g.path, Created: g.created, ManagedPolicies: slices.Clone(g.managed), InlinePolicies: copied(g.inline)})
	}
	for _, p := range acct.policies.all() {
		s.Policies = append(s.Policies, PolicySpec{Name: p.name, Path: p.path, Document: p.document(), Created: p.created})
	}
	for _, r := range acct.roles.all() {
		s.Roles = append(s.Roles, r.snapshot())
	}
	for _, p := range acct.oidc {
		s.OIDCProviders = append(s.OIDCProviders, OIDCProviderSpec{URL: p.url, ClientIDs: slices.Clone(p.clients), Thumbprints: slices.Clone(p.thumbprints), Created: p.created, Tags: copied(p.tags)})
	}
	acct.snapshotStores(&s)
	return s
}

func (acct *account) snapshotRoot(now time.Time) RootSpec {
	return RootSpec{
		Keys: snapshotKeys(acct.root.keys, now), PasswordLastUsed: acct.root.passwordUsed,
		MFA: acct.root.mfa, NoPassword: acct.root.noPassword, Certificates: slices.Clone(acct.root.certificates),
	}
}

func (u *user) snapshot(now time.Time) UserSpec {
	s := UserSpec{
		Name: u.name, Path: u.path, ID: u.id, Created: u.created, Tags: copied(u.tags),
		ManagedPolicies: slices.Clone(u.managed), InlinePolicies: copied(u.inline), PermissionsBoundary: u.boundary,
		Keys: snapshotKeys(u.keys, now), Certificates: slices.Clone(u.certificates), ServiceCredentials: slices.Clone(u.credentials),
	}
	for _, g := range u.groups {
		s.Groups = append(s.Groups, g.name)
	}
	for _, d := range u.devices {
		s.MFA = append(s.MFA, d.serial)
	}
	if u.password != nil {
		p := u.password.PasswordSpec
		p.MFA = len(u.devices) > 0
		s.Password = &p
	}
	return s
}

func snapshotKeys(keys []*accessKey, now time.Time) []KeySpec {
	var specs []KeySpec
	for _, k := range keys {
		s := KeySpec{ID: k.id, Secret: k.secret, Status: k.status(), Created: k.created}
		if use := k.lastUsed(now, 0); use != nil {
			last := *use
			s.LastUsed = &last
		}
		specs = append(specs, s)
	}
	return specs
}

func (r *role) snapshot() RoleSpec {
	return RoleSpec{
		Name: r.name, Path: r.path, Created: r.created, TrustPolicy: r.trust, ManagedPolicies: slices.Clone(r.managed),
		InlinePolicies: copied(r.inline), PermissionsBoundary: r.boundary, MaxSession: r.maxSession, Tags: copied(r.tags),
	}
}
