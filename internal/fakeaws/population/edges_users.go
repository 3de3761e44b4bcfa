package population

import (
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// everyLegalCharacter: a name that IAM allows and CSV, shells and URLs trip
// over.
func everyLegalCharacter(d *draw) fakeaws.UserSpec {
	return d.holding("doe,jane+x=y@z", d.active(120*day, 2*time.Hour))
}

// quarantined: AWS saw the key in public, attached its policy, and left the key
// Active.
func quarantined(d *draw) fakeaws.UserSpec {
	u := d.holding("quarantined-v2", d.active(40*day, 3*time.Hour))
	u.ManagedPolicies = []string{quarantineV2}
	return u
}

// quarantinedAgain: the third version of that policy, beside the second, on a
// user with one key off.
func quarantinedAgain(d *draw) fakeaws.UserSpec {
	u := d.holding("quarantined-v3", d.active(15*day, time.Hour), d.inactive(300*day, 60*day))
	u.ManagedPolicies = []string{quarantineV2, quarantineV3}
	return u
}

// setUpTogether: a console user whose key was made with it and never needed.
func setUpTogether(d *draw) fakeaws.UserSpec {
	u := d.tagged("key-at-setup", 35*day)
	u.Password = &fakeaws.PasswordSpec{Created: u.Created, LastChanged: u.Created, LastUsed: d.ago(day), MFA: true}
	u.Keys = []fakeaws.KeySpec{d.key("Active", 35*day)}
	return u
}

// keyTagged: the console writes a key's description into a tag named by the
// key's ID, which is no owner and no team.
func keyTagged(d *draw) fakeaws.UserSpec {
	u := d.holding("described-keys", d.active(30*day, time.Hour))
	u.Tags[u.Keys[0].ID] = "laptop of Jane"
	return u
}

// formulaInTags: what a spreadsheet would calculate, as far as IAM allows the
// characters.
func formulaInTags(d *draw) fakeaws.UserSpec {
	u := d.holding("formula-in-tags", d.active(130*day, time.Hour))
	u.Tags = map[string]string{"owner": "=1+1", "team": "@SUM", "env": "-2+3", "notes": "+4"}
	return u
}

// withoutTags: nobody owns it.
func withoutTags(d *draw) fakeaws.UserSpec {
	u := d.user("without-tags", "/", 900*day)
	u.Keys = []fakeaws.KeySpec{d.active(400*day, 4*day)}
	return u
}

// emptyTag: an owner tag that names nobody, and IAM's blank that isn't empty.
func emptyTag(d *draw) fakeaws.UserSpec {
	u := d.holding("empty-tag", d.active(100*day, time.Hour))
	u.Tags = map[string]string{"owner": "", "team": " "}
	return u
}

// lettersOfTheWorld: tag values are letters of any script; names aren't.
func lettersOfTheWorld(d *draw) fakeaws.UserSpec {
	u := d.holding("letters-of-the-world", d.active(110*day, time.Hour))
	u.Tags = map[string]string{"owner": "Zoë Ångström", "team": "東京", "größe": "ß", "город": "Київ"}
	return u
}

// madeMinutesAgo: in no report yet.
func madeMinutesAgo(d *draw) fakeaws.UserSpec {
	u := d.tagged("made-minutes-ago", 4*time.Minute)
	u.Keys = []fakeaws.KeySpec{d.key("Active", 3*time.Minute)}
	return u
}

// recreated: deleted and made again under the same name; what was known of the
// first one is not true of this one.
func recreated(d *draw) fakeaws.UserSpec {
	u := d.tagged("recreated", 3*day)
	u.Keys = []fakeaws.KeySpec{d.active(3*day-time.Minute, time.Hour)}
	return u
}

// certificates: X.509 signing certificates, one of them active.
func certificates(d *draw) fakeaws.UserSpec {
	u := d.tagged("signing-certificates", 3000*day)
	u.Certificates = []fakeaws.CertificateSpec{d.certificate("Active", 2900*day), d.certificate("Inactive", 2950*day)}
	return u
}

// serviceCredentials: live as long as keys do; one has an end that has passed.
func serviceCredentials(d *draw) fakeaws.UserSpec {
	u := d.tagged("service-credentials", 800*day)
	git := d.serviceCredential(u.Name, "codecommit.amazonaws.com", "Active", 700*day)
	model := d.serviceCredential(u.Name, "bedrock.amazonaws.com", "Active", 10*day)
	model.Expires = d.now.Add(20 * day)
	ended := d.serviceCredential(u.Name, "bedrock.amazonaws.com", "Expired", 60*day)
	ended.Expires = d.ago(30 * day)
	tables := d.serviceCredential(u.Name, "cassandra.amazonaws.com", "Inactive", 400*day)
	u.ServiceCredentials = []fakeaws.ServiceCredentialSpec{git, model, ended, tables}
	return u
}

// tenGroups: as many as IAM allows; the rights come through the last of them.
func tenGroups(d *draw) fakeaws.UserSpec {
	u := d.holding("in-ten-groups", d.active(20*day, time.Hour))
	u.Groups = []string{"audit", "billing", "ci-deployers", "contractors", "developers", "key-self-service", "mfa-needed", "readers", "staff", "administrators"}
	return u
}

// breakGlass: for emergencies; unused is how it ought to be, and a finding all
// the same.
func breakGlass(d *draw) fakeaws.UserSpec {
	u := d.user("break-glass", "/emergency/", 1000*day)
	u.Tags = map[string]string{"owner": "security@example.com", "purpose": "emergency access"}
	u.Groups = []string{"break-glass"}
	u.Password = &fakeaws.PasswordSpec{Created: u.Created, LastChanged: d.ago(60 * day), MFA: true}
	u.Keys = []fakeaws.KeySpec{d.key("Active", 60*day)}
	return u
}

// adminByGroup: nothing on the user itself says that it may do everything.
func adminByGroup(d *draw) fakeaws.UserSpec {
	u := d.holding("admin-by-group", d.active(10*day, time.Hour))
	u.Groups = []string{"administrators"}
	return u
}

// adminInline: everything, in a policy that no list of managed policies shows.
func adminInline(d *draw) fakeaws.UserSpec {
	u := d.holding("admin-inline", d.active(11*day, time.Hour))
	u.InlinePolicies = map[string]string{"temporary": everything}
	return u
}

// adminByEscalation: may rewrite a policy, hence everything.
func adminByEscalation(d *draw) fakeaws.UserSpec {
	u := d.holding("admin-by-escalation", d.active(12*day, time.Hour))
	u.ManagedPolicies = []string{d.own("/policy-author")}
	return u
}

// boundedAdmin: AdministratorAccess within a boundary that leaves little of it.
func boundedAdmin(d *draw) fakeaws.UserSpec {
	u := d.holding("bounded-admin", d.active(13*day, time.Hour))
	u.ManagedPolicies = []string{administratorAccess}
	u.PermissionsBoundary = readOnlyAccess
	return u
}

// stalePassword: no key, yet the same control judges its password.
func stalePassword(d *draw) fakeaws.UserSpec {
	u := d.tagged("stale-password", 600*day)
	u.Password = &fakeaws.PasswordSpec{Created: u.Created, LastChanged: u.Created, LastUsed: d.ago(200 * day)}
	return u
}

// LyingTags returns a user that no AWS would hold: terminal escape sequences,
// spreadsheet formulas and HTML in its tags, which IAM's character set
// excludes. An endpoint that lies may still send it.
func LyingTags(account string, now time.Time) fakeaws.UserSpec {
	d := newDraw(0, account, 0, numberOfRoot-1, now)
	u := d.holding("lying-tags", d.active(140*day, time.Hour))
	u.Tags = map[string]string{
		"owner": "\x1b]0;owned\x07\x1b[31mred\x1b[0m@example.com",
		"team":  `=cmd|' /C calc'!A0`,
		"env":   "<script>alert(1)</script>",
		"notes": "one\r\ntwo\u202egnp.exe\u009b2J",
	}
	return u
}
