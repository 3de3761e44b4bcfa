package fakeaws

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// seed makes an account's state from its description.
func (a *AWS) seed(s AccountSpec) {
	now := a.clock.now()
	acct := &account{
		id: s.ID, partition: cmp.Or(s.Partition, "aws"), alias: s.Alias, created: s.Created,
		users: newCatalogue[*user](), groups: newCatalogue[*group](), roles: newCatalogue[*role](), policies: newCatalogue[*policy](), profiles: newCatalogue[*instanceProfile](),
	}
	if acct.created.IsZero() {
		acct.created = second(now.AddDate(-4, 0, 0))
	}
	a.accounts[s.ID] = acct
	for _, p := range s.Policies {
		acct.policies.put(p.Name, acct.seededPolicy(p))
	}
	for _, g := range s.Groups {
		acct.groups.put(g.Name, acct.seededGroup(g))
	}
	for _, r := range s.Roles {
		acct.roles.put(r.Name, acct.seededRole(r))
	}
	acct.seedOIDC(s.OIDCProviders)
	a.seedRoot(acct, s.Root)
	for _, u := range s.Users {
		acct.users.put(u.Name, a.seededUser(acct, u))
	}
	if s.Management {
		a.manager = acct
	}
	acct.seedStores(s)
	a.planSeeded(acct, now)
	acct.spec = s
	acct.spec.Users, acct.spec.Groups, acct.spec.Policies, acct.spec.Roles, acct.spec.Root = nil, nil, nil, nil, RootSpec{}
	acct.spec.Secrets, acct.spec.Parameters, acct.spec.Events, acct.spec.OIDCProviders = nil, nil, nil, nil
	a.seedEvents(acct, s.Events)
	if s.ReportAge > 0 {
		acct.storeReport(second(now.Add(-s.ReportAge)), a.config.LastUsedLag)
	}
}

func (acct *account) seededPolicy(s PolicySpec) *policy {
	created := acct.since(s.Created)
	p := &policy{
		name: s.Name, path: cmp.Or(s.Path, "/"), id: uniqueID("ANPA", derived(acct, s.Name, 0, "policy")),
		created: created, updated: created, serial: 1,
		versions: []policyVersion{{id: "v1", document: s.Document, standard: true, created: created}},
	}
	p.arn = acct.arn("iam", "policy"+p.path+p.name)
	return p
}

func (acct *account) seededGroup(s GroupSpec) *group {
	return &group{
		grants: seededGrants("group", s.ManagedPolicies, s.InlinePolicies, ""),
		name:   s.Name, path: cmp.Or(s.Path, "/"), id: uniqueID("AGPA", derived(acct, s.Name, 0, "group")), created: acct.since(s.Created),
	}
}

func (acct *account) seededRole(s RoleSpec) *role {
	if s.LastUsed != nil {
		used := *s.LastUsed
		s.LastUsed = &used
	}
	return &role{
		grants: seededGrants("role", s.ManagedPolicies, s.InlinePolicies, s.PermissionsBoundary),
		name:   s.Name, path: cmp.Or(s.Path, "/"), id: uniqueID("AROA", derived(acct, s.Name, 0, "role")), created: acct.since(s.Created),
		trust: s.TrustPolicy, maxSession: cmp.Or(s.MaxSession, time.Hour), tags: copied(s.Tags), lastUsed: s.LastUsed,
	}
}

func seededGrants(kind string, managed []string, inline map[string]string, boundary string) grants {
	return grants{kind: kind, managed: slices.Clone(managed), inline: copied(inline), boundary: boundary}
}

func copied(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}

// since is a time of creation; what was not said is as old as the account.
func (acct *account) since(t time.Time) time.Time {
	if t.IsZero() {
		return acct.created
	}
	return second(t)
}

func (a *AWS) seedRoot(acct *account, s RootSpec) {
	acct.root = rootUser{passwordUsed: s.PasswordLastUsed, mfa: s.MFA, noPassword: s.NoPassword, certificates: slices.Clone(s.Certificates)}
	for i, k := range s.Keys {
		acct.root.keys = append(acct.root.keys, a.seededKey(acct, nil, k, i))
	}
}

func (a *AWS) seededUser(acct *account, s UserSpec) *user {
	u := &user{
		grants: seededGrants("user", s.ManagedPolicies, s.InlinePolicies, s.PermissionsBoundary),
		name:   s.Name, path: cmp.Or(s.Path, "/"), id: cmp.Or(s.ID, uniqueID("AIDA", derived(acct, s.Name, 0, "user"))),
		created: acct.since(s.Created), tags: copied(s.Tags),
		certificates: slices.Clone(s.Certificates), credentials: slices.Clone(s.ServiceCredentials),
	}
	for _, name := range s.Groups {
		if g, ok := acct.groups.get(name); ok {
			u.groups = append(u.groups, g)
		}
	}
	for _, serial := range s.MFA {
		u.devices = append(u.devices, device{serial, u.created})
	}
	if s.Password != nil {
		u.password = &password{PasswordSpec: *s.Password}
		u.password.Created = second(s.Password.Created)
		if s.Password.MFA && len(u.devices) == 0 {
			u.devices = []device{{acct.arn("iam", "mfa/"+u.name), u.password.Created}}
		}
	}
	for i, k := range s.Keys {
		u.keys = append(u.keys, a.seededKey(acct, u, k, i))
	}
	return u
}

func (a *AWS) seededKey(acct *account, owner *user, s KeySpec, n int) *accessKey {
	name := "<root_account>"
	if owner != nil {
		name = strings.ToLower(owner.name)
	}
	k := &accessKey{
		id:      cmp.Or(s.ID, KeyID(acct.id, derived(acct, name, n, "key"))),
		secret:  cmp.Or(s.Secret, secretOf(derived(acct, name, n, "secret"))),
		account: acct, owner: owner, created: acct.since(s.Created),
		changes: []keyChange{{status: cmp.Or(s.Status, active)}},
	}
	if s.LastUsed != nil {
		k.uses = []use{{*s.LastUsed, true}}
	}
	a.keys[k.id] = k
	return k
}
