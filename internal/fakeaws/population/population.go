// Package population makes the accounts that the simulated AWS is filled with:
// any number of lifelike ones from a seed, one of hand-made edge cases, one
// that tells the demo's story. And it writes down the truth about them, for
// whoever checks a scan.
//
// The same seed gives the same bytes on every platform. Nothing here reads a
// clock, does I/O or knows Keytend's rules: what is made here is AWS's side.
package population

import (
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// Admin is the name of the administrator that every account with users has, and
// whose key `keytend sim` prints.
const Admin = "keytend-admin"

// fewestForEdgeCases is how many users account 0 must have before it gets the
// hand-made edge cases, as many as fit.
const fewestForEdgeCases = 10

// Account returns one account with that many users, its administrator among
// them; one without users is entered by Identity Center's role. All moments are UTC, in whole seconds and
// not after now. Account 0 also holds the hand-made edge cases; the others
// have the role by which account 0's administrators may enter.
//
// A user is the same however many others there are, as long as it isn't
// displaced by an edge case.
func Account(seed uint64, index, users int, now time.Time) fakeaws.AccountSpec {
	account := AccountID(index)
	spec := frame(seed, index, now)
	if users < 1 {
		spec.Roles = append(spec.Roles, identityCenterRole(account))
		return spec
	}
	spec.Users = append(spec.Users, administrator(newDraw(seed, account, index, 0, now)))
	var special []edge
	if index == 0 && users >= fewestForEdgeCases {
		special = edges
		addEdges(&spec, newDraw(seed, account, index, numberOfRoot, now))
	}
	for number := 1; number < users; number++ {
		d := newDraw(seed, account, index, number, now)
		if number <= len(special) {
			spec.Users = append(spec.Users, special[number-1](d))
		} else {
			spec.Users = append(spec.Users, d.ordinary())
		}
	}
	return spec
}

// Card is Account without its users: what a list of accounts tells.
func Card(seed uint64, index int, now time.Time) fakeaws.AccountSpec {
	card := frame(seed, index, now)
	card.Groups, card.Policies, card.Roles, card.Root = nil, nil, nil, fakeaws.RootSpec{}
	return card
}

// frame is an account without users.
func frame(seed uint64, index int, now time.Time) fakeaws.AccountSpec {
	d := newDraw(seed, AccountID(index), index, numberOfRoot, now)
	team := teams[index%len(teams)]
	stage := []string{"prod", "staging", "dev"}[index/len(teams)%3]
	spec := fakeaws.AccountSpec{
		ID:       AccountID(index),
		Alias:    fmt.Sprintf("example-%s-%s-%d", team, stage, index),
		Name:     fmt.Sprintf("Example %s %s %d", team, stage, index),
		Email:    fmt.Sprintf("aws+%d@example.com", index),
		OU:       "Workloads/" + stage,
		Created:  born(d),
		Admin:    Admin,
		Groups:   groups(),
		Policies: policies(),
		Root:     fakeaws.RootSpec{MFA: d.percent(85)},
		// Both spellings are AWS's own; nobody knows who gets which.
		ReportDateOffset: d.percent(50),
		ConfigRecorder:   d.percent(70),
	}
	if index == 0 {
		spec.Alias, spec.Name, spec.Email, spec.OU = "example-corp", "Example Corp", "aws@example.com", ""
	} else {
		join(&spec, index)
	}
	if d.percent(60) {
		spec.Root.PasswordLastUsed = d.ago(d.between(day, 3*365*day))
	}
	if d.percent(8) {
		spec.Root.Keys = []fakeaws.KeySpec{d.active(d.between(365*day, 9*365*day), d.between(0, 300*day))}
	}
	if spec.ConfigRecorder && d.percent(60) {
		spec.ConfigRules = []string{"ACCESS_KEYS_ROTATED", "IAM_ROOT_ACCESS_KEY_CHECK"}
	}
	return spec
}

// born is before every user: the oldest are of 2014, or eleven years old.
func born(d *draw) time.Time {
	if early := time.Date(2012, 5, 8, 14, 3, 21, 0, time.UTC); early.Before(d.ago(12 * 365 * day)) {
		return early
	}
	return d.ago(12 * 365 * day)
}

// join makes the account one of account 0's organization: with the role by
// which that enters, some under service control policies, now and then one that
// is closed.
func join(spec *fakeaws.AccountSpec, index int) {
	spec.Roles = []fakeaws.RoleSpec{organizationRole(AccountID(0))}
	switch {
	case index%25 == 24:
		spec.State = "SUSPENDED"
	case index%7 == 6:
		spec.ServiceControlPolicies = []string{fakeaws.FullAWSAccess, noNewKeys}
	case index%5 == 3:
		spec.ServiceControlPolicies = []string{fakeaws.FullAWSAccess, stayInOrganization}
	}
}

// numberOfRoot is the number under which the root user's dice and identifiers
// stand: beyond any IAM user's.
const numberOfRoot = 1<<20 - 1

// administrator is the user whose key starts every session: young, in use,
// nothing wrong with it but its rights.
func administrator(d *draw) fakeaws.UserSpec {
	u := d.user(Admin, "/", 400*day)
	u.Tags = map[string]string{"owner": "platform@example.com", "team": "platform", "env": "prod"}
	u.ManagedPolicies = []string{administratorAccess}
	key := d.key("Active", 20*day)
	key.LastUsed = &fakeaws.KeyUse{At: d.ago(7 * time.Minute), Service: "iam", Region: "us-east-1"}
	u.Keys = []fakeaws.KeySpec{key}
	return u
}
