package population

import (
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// demoSeed makes the demo's identifiers; any number would do.
const demoSeed = 2015_04_22

// Demo returns Example Corp's account: about forty users after some years of
// growth, with one of everything that goes wrong, and much that is fine. It is
// always the same but for the moments, which go by now.
func Demo(now time.Time) fakeaws.AccountSpec {
	spec := frame(demoSeed, 0, now)
	root := newDraw(demoSeed, spec.ID, 0, numberOfRoot, now)
	spec.ReportDateOffset = false
	spec.ConfigRecorder, spec.ConfigRules = true, []string{"ACCESS_KEYS_ROTATED"}
	spec.Root = fakeaws.RootSpec{
		MFA:              true,
		PasswordLastUsed: root.ago(41 * day),
		Keys:             []fakeaws.KeySpec{root.make(on(2230, 118*day, "s3", "us-east-1"))},
	}
	spec.Users = append(spec.Users, administrator(newDraw(demoSeed, spec.ID, 0, 0, now)))
	for i, u := range demoUsers() {
		spec.Users = append(spec.Users, u.make(newDraw(demoSeed, spec.ID, 0, i+1, now)))
	}
	return spec
}

// demoUser is one line of the story. Ages are days.
type demoUser struct {
	name, path  string
	age         int
	owner, team string
	groups      []string
	attached    []string          // managed policies' ARNs
	inline      map[string]string // policies
	password    *demoPassword
	keys        []demoKey
	atSetup     bool // the first key is exactly as old as the user
	extra       func(*draw, *fakeaws.UserSpec)
}

type demoPassword struct {
	changed int // days
	used    time.Duration
	mfa     bool
}

type demoKey struct {
	status          string
	age             int
	used            time.Duration // ago; below zero: never
	service, region string
}

func on(age int, used time.Duration, service, region string) demoKey {
	return demoKey{"Active", age, used, service, region}
}

func off(age int, used time.Duration, service string) demoKey {
	return demoKey{"Inactive", age, used, service, "eu-central-1"}
}

func neverOn(age int) demoKey { return demoKey{"Active", age, -1, "", ""} }

func console(changed int, used time.Duration, mfa bool) *demoPassword {
	return &demoPassword{changed, used, mfa}
}

// make returns the user. Moments within the day differ from user to user.
func (u demoUser) make(d *draw) fakeaws.UserSpec {
	age := time.Duration(u.age)*day + d.between(0, 20*time.Hour)
	spec := d.user(u.name, u.path, age)
	if u.owner != "" {
		spec.Tags = map[string]string{"owner": u.owner, "team": u.team}
	}
	spec.Groups, spec.ManagedPolicies, spec.InlinePolicies = u.groups, u.attached, u.inline
	if p := u.password; p != nil {
		spec.Password = &fakeaws.PasswordSpec{
			Created:     spec.Created.Add(5 * time.Minute),
			LastChanged: d.ago(time.Duration(p.changed) * day),
			LastUsed:    d.ago(p.used),
			MFA:         p.mfa,
		}
	}
	for _, k := range u.keys {
		spec.Keys = append(spec.Keys, d.make(k))
	}
	if u.atSetup {
		spec.Keys[0].Created = spec.Created
		spec.Password.Created = spec.Created
	}
	if u.extra != nil {
		u.extra(d, &spec)
	}
	return spec
}

// make returns the key, some hours younger than its days say.
func (d *draw) make(k demoKey) fakeaws.KeySpec {
	key := d.key(k.status, time.Duration(k.age)*day-d.between(0, 7*time.Hour))
	if k.used >= 0 {
		key.LastUsed = &fakeaws.KeyUse{At: d.ago(k.used), Service: k.service, Region: k.region}
	}
	return key
}
