package policy

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestKeyChecks applies each check about keys to one key, at its borders and
// with each fact it needs missing.
func TestKeyChecks(t *testing.T) {
	const second, minute = time.Second, time.Minute
	quarantine := attached("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2")
	console := func(u *accesskey.User) {
		u.Password = fact(accesskey.Password{Enabled: true, LastUsed: ago(Day)})
	}
	noPassword := func(u *accesskey.User) { u.Password = accesskey.Unread[accesskey.Password]("denied") }
	atSetup := aged(730*Day - 5*minute)
	for _, tc := range []struct {
		name string
		rule Rule
		key  accesskey.Key
		user func(*accesskey.User)
		want State
		why  string
	}{
		{"limit to the second", KeyTooOld, aged(90 * Day), nil, Kept,
			"created 90 days ago, within the limit of 90 days"},
		{"a second over", KeyTooOld, aged(90*Day + second), nil, Broken,
			"created 90 days ago, 1 second past the limit of 90 days"},
		{"a minute over", KeyTooOld, aged(90*Day + minute), nil, Broken,
			"created 90 days ago, 1 minute past the limit of 90 days"},
		{"long over", KeyTooOld, aged(412*Day + 5*time.Hour), nil, Broken,
			"created 412 days ago, 322 days past the limit of 90 days"},
		{"old but off", KeyTooOld, with(aged(400*Day), status(accesskey.Inactive)), nil, Kept, "the key is Inactive"},
		{"old but expired", KeyTooOld, with(aged(400*Day), status(accesskey.Expired)), nil, Kept, "the key is Expired"},
		{"old, status new to us", KeyTooOld, with(aged(400*Day), status("Suspended")), nil, Unknown,
			`the key's status "Suspended" is not one this program knows`},
		{"old, status unread", KeyTooOld, with(aged(400*Day), unreadStatus), nil, Unknown,
			"the key's status is not known: throttled"},
		{"young, status unread", KeyTooOld, with(aged(4*Day), unreadStatus), nil, Kept,
			"created 4 days ago, within the limit of 90 days"},
		{"age unread", KeyTooOld, with(aged(400*Day), unreadCreated), nil, Unknown,
			"when the key was created is not known: denied"},
		{"made after now", KeyTooOld, aged(-minute), nil, Kept, "created just now, within the limit of 90 days"},

		{"before the warning", KeyDueSoon, aged(76 * Day), nil, Kept,
			"created 76 days ago, 14 days before the limit of 90 days; the warning comes 14 days before it"},
		{"warning begins", KeyDueSoon, aged(76*Day + second), nil, Broken,
			"created 76 days ago, 13 days before the limit of 90 days"},
		{"last moment", KeyDueSoon, aged(90 * Day), nil, Broken,
			"created 90 days ago, 0 seconds before the limit of 90 days"},
		{"already over", KeyDueSoon, aged(90*Day + second), nil, Kept,
			"created 90 days ago, already past the limit of 90 days"},
		{"soon but off", KeyDueSoon, with(aged(80*Day), status(accesskey.Inactive)), nil, Kept, "the key is Inactive"},
		{"soon, status unread", KeyDueSoon, with(aged(80*Day), unreadStatus), nil, Unknown,
			"the key's status is not known: throttled"},
		{"soon, age unread", KeyDueSoon, with(aged(80*Day), unreadCreated), nil, Unknown,
			"when the key was created is not known: denied"},

		{"rests to the second", KeyUnused, with(aged(60*Day), rested(45*Day)), nil, Kept,
			"last used 45 days ago, within the limit of 45 days"},
		{"rests a second more", KeyUnused, with(aged(60*Day), rested(45*Day+second)), nil, Broken,
			"last used 45 days ago, 1 second past the limit of 45 days"},
		{"never used is not unused", KeyUnused, with(aged(60*Day), neverUsed), nil, Kept,
			"never used, which key-never-used judges"},
		{"rests but off", KeyUnused, with(with(aged(60*Day), rested(50*Day)), status(accesskey.Inactive)), nil, Kept,
			"the key is Inactive"},
		{"use unread", KeyUnused, with(aged(900*Day), unreadUse), nil, Unknown,
			"when the key was last used is not known: throttled"},
		{"rests, status new to us", KeyUnused, with(with(aged(60*Day), rested(50*Day)), status("Suspended")), nil, Unknown,
			`the key's status "Suspended" is not one this program knows`},
		{"rests, age unread", KeyUnused, with(with(aged(60*Day), rested(50*Day)), unreadCreated), nil, Broken,
			"last used 50 days ago, 5 days past the limit of 45 days"},

		{"rested when last seen", KeyUnused, with(aged(60*Day), seenAgo(3*time.Hour, 45*Day+3*time.Hour+second)), nil, Broken,
			"last used 45 days ago, 3 hours past the limit of 45 days, as of the credential report 3 hours ago"},
		{"may have been used since", KeyUnused, with(aged(60*Day), seenAgo(3*time.Hour, 45*Day+3*time.Hour)), nil, Unknown,
			"last used 45 days ago, as of the credential report 3 hours ago; whether it was used since is not known"},
		{"used of late when last seen", KeyUnused, with(aged(60*Day), seenAgo(3*time.Hour, 45*Day)), nil, Kept,
			"last used 45 days ago, within the limit of 45 days"},
		{"seen just now", KeyUnused, with(aged(60*Day), seenAgo(15*minute, 45*Day+second)), nil, Broken,
			"last used 45 days ago, 1 second past the limit of 45 days"},
		{"never used when last seen", KeyNeverUsed, with(aged(45*Day+4*time.Hour), neverSeenAgo(3*time.Hour)), nil, Broken,
			"never used since it was created 45 days ago, 4 hours past the limit of 45 days, as of the credential report 3 hours ago"},
		{"may have been used since it was made", KeyNeverUsed, with(aged(45*Day+3*time.Hour), neverSeenAgo(3*time.Hour)), nil, Unknown,
			"never used, as of the credential report 3 hours ago; whether it was used since is not known"},

		{"never used, young", KeyNeverUsed, with(aged(45*Day), neverUsed), nil, Kept,
			"created 45 days ago, too young to be called unused (limit 45 days)"},
		{"never used, a second over", KeyNeverUsed, with(aged(45*Day+second), neverUsed), nil, Broken,
			"never used since it was created 45 days ago, 1 second past the limit of 45 days"},
		{"used once", KeyNeverUsed, with(aged(400*Day), rested(399*Day)), nil, Kept, "last used 399 days ago"},
		{"never used, off", KeyNeverUsed, with(with(aged(400*Day), neverUsed), status(accesskey.Inactive)), nil, Kept,
			"the key is Inactive"},
		{"use unread is not never", KeyNeverUsed, with(aged(400*Day), unreadUse), nil, Unknown,
			"when the key was last used is not known: throttled"},
		{"young, use unread", KeyNeverUsed, with(aged(4*Day), unreadUse), nil, Kept,
			"created 4 days ago, too young to be called unused (limit 45 days)"},
		{"never used, age unread", KeyNeverUsed, with(with(aged(400*Day), neverUsed), unreadCreated), nil, Unknown,
			"when the key was created is not known: denied"},
		{"never used, status unread", KeyNeverUsed, with(with(aged(400*Day), neverUsed), unreadStatus), nil, Unknown,
			"the key's status is not known: throttled"},

		{"off", InactiveKey, with(aged(400*Day), status(accesskey.Inactive)), nil, Broken,
			"Inactive and not deleted, created 400 days ago: whoever may update keys can switch it on again"},
		{"expired", InactiveKey, with(aged(400*Day), status(accesskey.Expired)), nil, Broken,
			"Expired and not deleted, created 400 days ago"},
		{"off, age unread", InactiveKey, with(with(aged(Day), status(accesskey.Inactive)), unreadCreated), nil, Broken,
			"Inactive and not deleted, created at an unknown time: whoever may update keys can switch it on again"},
		{"on", InactiveKey, aged(Day), nil, Kept, "the key is Active"},
		{"off or on unread", InactiveKey, with(aged(Day), unreadStatus), nil, Unknown,
			"the key's status is not known: throttled"},
		{"status new to us is not off", InactiveKey, with(aged(Day), status("Suspended")), nil, Unknown,
			`the key's status "Suspended" is not one this program knows`},

		{"two use it", KeyShared, with(aged(10*Day), sharedBy("it is used by two")), nil, Broken, "it is used by two"},
		{"nothing shows two", KeyShared, with(aged(10*Day), sharedBy("")), nil, Kept, "nothing on record shows that two consumers use it"},
		{"nobody looked", KeyShared, aged(10 * Day), nil, Kept, "nothing is on record of where it is used: `keytend usage` looks"},
		{"two used it", KeyShared, with(with(aged(10*Day), sharedBy("it is used by two")), status(accesskey.Inactive)), nil, Kept, "the key is Inactive"},
		{"two use it, status unread", KeyShared, with(with(aged(10*Day), sharedBy("it is used by two")), unreadStatus), nil, Unknown,
			"the key's status is not known: throttled"},

		{"in quarantine", KeyQuarantined, aged(10 * Day), quarantine, Broken,
			"AWS found a key of this user in public and attached AWSCompromisedKeyQuarantineV2, which does not switch the key off; this one is Active, created 10 days ago"},
		{"in quarantine twice", KeyQuarantined, aged(10 * Day), func(u *accesskey.User) {
			u.ManagedPolicies = fact([]string{"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2", "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"})
		}, Broken,
			"AWS found a key of this user in public and attached AWSCompromisedKeyQuarantineV2 and AWSCompromisedKeyQuarantineV3, which does not switch the key off; this one is Active, created 10 days ago"},
		{"in quarantine, off", KeyQuarantined, with(aged(10*Day), status(accesskey.Inactive)), quarantine, Broken,
			"AWS found a key of this user in public and attached AWSCompromisedKeyQuarantineV2, which does not switch the key off; this one is Inactive, created 10 days ago"},
		{"in quarantine, all unread", KeyQuarantined, accesskey.Key{}, quarantine, Broken,
			"AWS found a key of this user in public and attached AWSCompromisedKeyQuarantineV2, which does not switch the key off; this one is of unknown status, created at an unknown time"},
		{"policy of the customer", KeyQuarantined, aged(Day), attached("arn:aws:iam::123456789012:policy/AWSCompromisedKeyQuarantineV2"), Kept,
			"no AWSCompromisedKeyQuarantine policy is attached to the user or a group of it"},
		{"policies unread", KeyQuarantined, aged(Day), func(u *accesskey.User) { u.ManagedPolicies = accesskey.Unread[[]string]("denied") }, Unknown,
			"the user's attached policies could not be read: denied"},

		{"made with the user", ConsoleKeyAtSetup, atSetup, console, Broken,
			"made 5 minutes after its user, who has a console password: a key made at setup is seldom one that was asked for; last used 1 hour ago"},
		{"made a second before the user", ConsoleKeyAtSetup, aged(730*Day + second), console, Broken,
			"made 0 seconds after its user, who has a console password: a key made at setup is seldom one that was asked for; last used 1 hour ago"},
		{"made a second later than that", ConsoleKeyAtSetup, aged(730*Day - 5*minute - second), console, Kept,
			"made 5 minutes after its user, more than 5 minutes"},
		{"no console", ConsoleKeyAtSetup, atSetup, nil, Kept, "the user has no console password"},
		{"console unread", ConsoleKeyAtSetup, atSetup, noPassword, Unknown,
			"whether the user has a console password could not be read: denied"},
		{"console unread, made later", ConsoleKeyAtSetup, aged(Day), noPassword, Kept,
			"made 729 days after its user, more than 5 minutes"},
		{"made with the user, off", ConsoleKeyAtSetup, with(atSetup, status(accesskey.Inactive)), console, Kept, "the key is Inactive"},
		{"made with the user, status unread", ConsoleKeyAtSetup, with(atSetup, unreadStatus), console, Unknown,
			"the key's status is not known: throttled"},
		{"made unread", ConsoleKeyAtSetup, with(atSetup, unreadCreated), console, Unknown,
			"when the key was created is not known: denied"},
		{"user's age unread", ConsoleKeyAtSetup, atSetup, func(u *accesskey.User) { console(u); u.Created = time.Time{} }, Unknown,
			"when the user was created is not known"},

		{"a user's key is not the root user's", RootAccessKey, aged(Day), nil, Kept,
			"does not apply: the rule is about the root user"},
	} {
		t.Run(string(tc.rule)+"/"+tc.name, func(t *testing.T) {
			u := holder("alice", tc.key)
			if tc.user != nil {
				tc.user(&u)
			}
			got := judged(u, tc.rule)
			if got.State != tc.want || got.Why != tc.why {
				t.Errorf("%s: %s\nwant %s: %s", got.State, got.Why, tc.want, tc.why)
			}
			if (got.Finding != nil) != (tc.want == Broken) {
				t.Errorf("finding %v for a rule %s", got.Finding, got.State)
			}
		})
	}
}

func TestQuarantinePolicyOfEveryPartition(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantine":          "AWSCompromisedKeyQuarantine",
		"arn:aws-us-gov:iam::aws:policy/AWSCompromisedKeyQuarantineV3": "AWSCompromisedKeyQuarantineV3",
		"arn:aws-cn:iam::aws:policy/AWSCompromisedKeyQuarantineV2":     "AWSCompromisedKeyQuarantineV2",
		"arn:aws:iam::aws:policy/ReadOnlyAccess":                       "",
		"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess":          "",
		"AWSCompromisedKeyQuarantineV2":                                "",
	} {
		if got := quarantinePolicy([]string{"arn:aws:iam::aws:policy/IAMReadOnlyAccess", arn}); got != want {
			t.Errorf("quarantinePolicy(%s) = %q, want %q", arn, got, want)
		}
	}
}

func TestQuarantineByGroup(t *testing.T) {
	fenced := []accesskey.Group{
		{Name: "staff", ManagedPolicies: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}},
		{Name: "leaked", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}},
	}
	for _, tc := range []struct {
		name   string
		member accesskey.Fact[[]string]
		groups accesskey.Fact[[]accesskey.Group]
		want   State
		why    string
	}{
		{"in the group", fact([]string{"staff", "leaked"}), fact(fenced), Broken,
			"the user's group leaked carries AWSCompromisedKeyQuarantineV3, AWS's fence around leaked keys, which does not switch the key off; this one is Active, created 1 day ago"},
		{"not in it", fact([]string{"staff"}), fact(fenced), Kept,
			"no AWSCompromisedKeyQuarantine policy is attached to the user or a group of it"},
		{"membership unread", accesskey.Unread[[]string]("denied"), fact(fenced), Unknown, "the user's groups could not be read: denied"},
		{"groups unread", fact([]string{"staff"}), accesskey.Unread[[]accesskey.Group]("throttled"), Unknown,
			"the policies of the user's groups could not be read: throttled"},
		{"group made since", fact([]string{"new"}), fact(fenced), Unknown, "the user's group new was not among the groups listed"},
		{"in no group, groups unread", fact([]string(nil)), accesskey.Unread[[]accesskey.Group]("throttled"), Kept,
			"no AWSCompromisedKeyQuarantine policy is attached to the user or a group of it"},
	} {
		u := altered(holder("alice", aged(Day)), func(u *accesskey.User) { u.Groups = tc.member })
		inv := inventory(u)
		inv.Groups = tc.groups
		got := Explain(inv, u, DefaultRules(), now).Keys[0].Judgements[0]
		if got.Rule != KeyQuarantined || got.State != tc.want || got.Why != tc.why {
			t.Errorf("%s: %s: %s", tc.name, got.State, got.Why)
		}
		if tc.want == Broken && got.Finding.Evidence[0].Value != "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3" {
			t.Errorf("%s: evidence %+v", tc.name, got.Finding.Evidence[0])
		}
	}
}
