package population

import (
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// ordinary draws a user as companies have them.
func (d *draw) ordinary() fakeaws.UserSpec {
	k := kind(d.weighted(50, 24, 11, 9, 6))
	name, path := nameOf(d.dice, k, d.number)
	u := d.user(name, path, d.userAge(k))
	u.Tags = d.tags(k, name)
	u.Groups = d.groupsOf(k)
	d.policiesOf(k, &u)
	d.keysOf(k, &u)
	d.passwordOf(k, &u)
	d.otherCredentials(&u)
	d.describeKeys(&u)
	return u
}

// userAge is days to eleven years: some users are older than last-used data,
// which begins in April 2015.
func (d *draw) userAge(k kind) time.Duration {
	if k == contractor {
		return d.between(20*day, 900*day)
	}
	switch d.weighted(8, 16, 36, 26, 14) {
	case 0:
		return d.between(time.Hour, 30*day)
	case 1:
		return d.between(30*day, 365*day)
	case 2:
		return d.between(365*day, 4*365*day)
	case 3:
		return d.between(4*365*day, 8*365*day)
	}
	return d.between(8*365*day, 11*365*day)
}

// tags are mostly there, and spelled by many hands.
func (d *draw) tags(k kind, name string) map[string]string {
	if d.percent(12) {
		return nil
	}
	team := pick(d.dice, teams)
	tags := map[string]string{}
	if d.percent(80) {
		key := pick(d.dice, []string{"owner", "owner", "owner", "owner", "Owner", "contact"})
		tags[key] = d.owner(k, team)
	}
	if d.percent(75) {
		tags["team"] = team
	}
	if d.percent(60) {
		tags["env"] = pick(d.dice, []string{"prod", "prod", "staging", "dev", "Production"})
	}
	if d.percent(15) {
		tags["cost-center"] = "cc-" + d.text(4, "0123456789")
	}
	if d.percent(5) {
		tags["Name"] = name
	}
	if d.percent(4) {
		tags[pick(d.dice, []string{"ticket", "delete after", "notes", "aws:cloudformation:stack-name"})] = pick(d.dice, []string{"OPS-1432", "2023-12-31", "ask Hana before touching", ""})
	}
	return tags
}

func (d *draw) owner(k kind, team string) string {
	switch {
	case k == human && d.percent(70):
		return person(d.number) + "@example.com"
	case d.percent(30):
		return person(d.below(400)) + "@example.com"
	}
	return team + "@example.com"
}

func (d *draw) groupsOf(k kind) []string {
	switch k {
	case human:
		groups := []string{"staff"}
		if d.percent(5) {
			groups = append(groups, "administrators")
		}
		if d.percent(60) {
			groups = append(groups, "developers")
		} else {
			groups = append(groups, "readers")
		}
		if d.percent(50) {
			groups = append(groups, "mfa-needed")
		}
		if d.percent(25) {
			groups = append(groups, "key-self-service")
		}
		if d.percent(4) {
			groups = append(groups, "on-call")
		}
		return groups
	case pipeline:
		return []string{"ci-deployers"}
	case contractor:
		return []string{"contractors"}
	case vendor:
		return []string{pick(d.dice, []string{"readers", "audit"})}
	}
	return nil
}

// policiesOf gives rights directly to the user, which people ought not to do
// and do. Some make an administrator of it without saying so.
func (d *draw) policiesOf(k kind, u *fakeaws.UserSpec) {
	switch {
	case k == service:
		u.ManagedPolicies = []string{d.own(pick(d.dice, []string{"/service/queue-worker", "/backup-writer"}))}
		if d.percent(20) {
			u.InlinePolicies = map[string]string{"mail": sendMail}
		}
	case k == pipeline && d.percent(30):
		u.ManagedPolicies = []string{d.own("/ci/lambda-deployer")}
	}
	if !d.percent(5) {
		return
	}
	switch d.weighted(3, 2, 2, 2) {
	case 0:
		u.ManagedPolicies = append(u.ManagedPolicies, administratorAccess)
	case 1:
		u.ManagedPolicies = append(u.ManagedPolicies, iamFullAccess)
	case 2:
		u.ManagedPolicies = append(u.ManagedPolicies, d.own("/policy-author"))
	case 3:
		u.InlinePolicies = map[string]string{"temporary": everything}
	}
}

func (d *draw) own(pathAndName string) string { return ownPolicy(d.account, pathAndName) }

func (d *draw) keysOf(k kind, u *fakeaws.UserSpec) {
	shares := [][]int{human: {48, 42, 10}, service: {8, 68, 24}, pipeline: {5, 75, 20}, contractor: {35, 60, 5}, vendor: {0, 90, 10}}
	lifetime := d.now.Sub(u.Created)
	for range d.weighted(shares[k]...) {
		u.Keys = append(u.Keys, d.ordinaryKey(k, lifetime))
	}
}

// ordinaryKey draws a key no older than its user.
func (d *draw) ordinaryKey(k kind, lifetime time.Duration) fakeaws.KeySpec {
	age := d.keyAge()
	if age > lifetime {
		age = d.since(lifetime)
	}
	if d.percent(20) {
		return d.perhapsUsed(d.key("Inactive", age), age, 30, min(age, 5*day))
	}
	if k == service || k == pipeline {
		return d.perhapsUsed(d.key("Active", age), age, 5, 0)
	}
	return d.perhapsUsed(d.key("Active", age), age, 18, 0)
}

// since is an age within a lifetime, now and then all of it: made together with
// the user.
func (d *draw) since(lifetime time.Duration) time.Duration {
	if d.percent(15) {
		return lifetime
	}
	return d.between(0, lifetime)
}

// keyAge is minutes to nine years.
func (d *draw) keyAge() time.Duration {
	switch d.weighted(2, 10, 23, 9, 22, 20, 14) {
	case 0:
		return d.between(2*time.Minute, day)
	case 1:
		return d.between(day, 14*day)
	case 2:
		return d.between(14*day, 76*day)
	case 3:
		return d.between(76*day, 90*day)
	case 4:
		return d.between(90*day, 365*day)
	case 5:
		return d.between(365*day, 3*365*day)
	}
	return d.between(3*365*day, 9*365*day)
}

// perhapsUsed leaves the key never used in some cases of a hundred; else it was
// used between its creation and the given time ago, mostly lately.
func (d *draw) perhapsUsed(k fakeaws.KeySpec, age time.Duration, never int, ago time.Duration) fakeaws.KeySpec {
	if d.percent(never) {
		return k
	}
	reach := []time.Duration{time.Hour, 2 * day, 30 * day, 120 * day, age}[d.weighted(25, 35, 15, 10, 15)]
	return d.lastUsed(k, d.between(ago, min(age, ago+reach)))
}

func (d *draw) passwordOf(k kind, u *fakeaws.UserSpec) {
	chance := []int{human: 80, service: 2, pipeline: 1, contractor: 60, vendor: 5}[k]
	if !d.percent(chance) {
		return
	}
	lifetime := d.now.Sub(u.Created)
	p := &fakeaws.PasswordSpec{Created: u.Created.Add(min(lifetime, d.between(2*time.Minute, 3*day))), MFA: d.percent(72)}
	since := d.now.Sub(p.Created)
	p.LastChanged = d.ago(d.between(0, since+time.Second))
	if d.percent(88) {
		p.LastUsed = d.ago(d.between(0, min(since, []time.Duration{3 * day, 30 * day, 400 * day}[d.weighted(60, 25, 15)])))
	}
	u.Password = p
}

// otherCredentials gives a few users what the same controls judge.
func (d *draw) otherCredentials(u *fakeaws.UserSpec) {
	lifetime := d.now.Sub(u.Created)
	if d.percent(1) {
		u.Certificates = append(u.Certificates, d.certificate(pick(d.dice, []string{"Active", "Inactive"}), d.between(0, lifetime)))
	}
	if d.percent(2) {
		u.ServiceCredentials = append(u.ServiceCredentials, d.serviceCredential(u.Name, "codecommit.amazonaws.com", "Active", d.between(0, lifetime)))
	}
}

func (d *draw) certificate(status string, age time.Duration) fakeaws.CertificateSpec {
	return fakeaws.CertificateSpec{ID: d.text(24, capitals), Status: status, Uploaded: d.ago(age)}
}

func (d *draw) serviceCredential(user, service, status string, age time.Duration) fakeaws.ServiceCredentialSpec {
	return fakeaws.ServiceCredentialSpec{
		ID:       d.id("ACCA") + d.text(1, capitals),
		Service:  service,
		UserName: user + "-at-" + d.account,
		Status:   status,
		Created:  d.ago(age),
	}
}

// describeKeys writes, as the console does, a key's description into a user
// tag whose key is the key's ID.
func (d *draw) describeKeys(u *fakeaws.UserSpec) {
	for _, k := range u.Keys {
		if !d.percent(12) {
			continue
		}
		if u.Tags == nil {
			u.Tags = map[string]string{}
		}
		u.Tags[k.ID] = pick(d.dice, []string{"laptop", "backup script", "old build server", "made by setup wizard"})
	}
}
