package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
)

// troubled is an account in which every rule is broken at least once.
func troubled() accesskey.Inventory {
	inv := inventory(
		holder("fine", aged(10*Day)),
		altered(holder("boss", aged(412*Day)), func(u *accesskey.User) {
			admin(u)
			u.Tags = fact(map[string]string{"Owner": "alice@example.com"})
		}),
		altered(holder("leaked", aged(20*Day)), attached("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3")),
		holder("soon", with(aged(80*Day), sharedBy("it is used by two"))),
		holder("resting", with(aged(89*Day), rested(46*Day))),
		holder("never", with(aged(70*Day), neverUsed)),
		holder("both", aged(Day), with(aged(400*Day), func(k *accesskey.Key) { k.ID = fact(secondID) })),
		altered(holder("clicked", aged(30*Day)), func(u *accesskey.User) {
			u.Created = ago(30*Day + time.Minute)
			u.Password = fact(accesskey.Password{Enabled: true, LastUsed: ago(50 * Day), MFA: true})
		}),
		holder("off", with(aged(500*Day), status(accesskey.Inactive))),
		altered(holder("others"), func(u *accesskey.User) {
			u.SigningCertificates = fact([]accesskey.SigningCertificate{{Active: true, Changed: ago(900 * Day)}})
			u.ServiceCredentials = fact([]accesskey.ServiceCredential{{
				ID: "ACCAEXAMPLE123EXAMPLE", Service: "bedrock.amazonaws.com", Status: accesskey.Active, Created: ago(3 * Day),
			}})
		}),
	)
	rootKey := with(aged(1000*Day), func(k *accesskey.Key) { k.ID = accesskey.Unread[accesskey.ID]("AWS shows no IDs of root keys") })
	inv.Root.Keys = fact([]accesskey.Key{rootKey, with(rootKey, status(accesskey.Inactive))})
	return inv
}

func TestChain(t *testing.T) {
	type row struct {
		Rank     int
		Severity string
		Rule     Rule
		User     string
	}
	var got []row
	for _, f := range Findings(troubled(), DefaultRules(), now) {
		got = append(got, row{f.Rank, f.Severity.String(), f.Rule, f.User})
	}
	want := []row{
		{1, "critical", RootAccessKey, RootUser},
		{2, "critical", KeyQuarantined, "leaked"},
		{3, "high", KeyTooOld, "boss"},
		{4, "medium", KeyTooOld, "both"},
		{5, "medium", KeyShared, "soon"},
		{6, "medium", KeyNeverUsed, "never"},
		{7, "medium", PasswordUnused, "clicked"},
		{8, "medium", KeyUnused, "resting"},
		{9, "low", InactiveKey, RootUser},
		{10, "low", KeyDueSoon, "soon"},
		{11, "low", ConsoleKeyAtSetup, "clicked"},
		{12, "low", KeyDueSoon, "resting"},
		{13, "low", MultipleActiveKeys, "both"},
		{14, "low", SigningCertificate, "others"},
		{15, "low", ServiceCredential, "others"},
		{16, "info", InactiveKey, "off"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, rule := range AllRules() {
		if !slices.ContainsFunc(got, func(r row) bool { return r.Rule == rule }) {
			t.Errorf("%s is never broken", rule)
		}
		if rule.Summary() == "" {
			t.Errorf("%s has no summary", rule)
		}
	}
}

func TestFindingInFull(t *testing.T) {
	inv := inventory(altered(holder("doe,jane+x=y@z", aged(412*Day+5*time.Hour)), func(u *accesskey.User) {
		admin(u)
		u.Tags = fact(map[string]string{"TEAM": "platform", "owner": "  "})
	}))
	got := Findings(inv, DefaultRules(), now)
	want := []Finding{{
		Rule:     KeyTooOld,
		Severity: High,
		Account:  account1,
		User:     "doe,jane+x=y@z",
		UserARN:  "arn:aws:iam::123456789012:user/doe,jane+x=y@z",
		KeyID:    exampleID,
		Subject:  "key 2025-08-15T07:00:00Z",
		Created:  time.Date(2025, 8, 15, 7, 0, 0, 0, time.UTC),
		Reason:   "created 412 days ago, 322 days past the limit of 90 days",
		Evidence: []Evidence{
			{"status", "Active", "credential report", now},
			{"created or last changed", "2025-08-15T07:00:00Z", "credential report", now},
			{"last used", "2026-10-01T11:00:00Z, s3, us-east-1", "credential report", now},
			{"privilege", "admin-like: AdministratorAccess is attached", "credential report", now},
		},
		Due: time.Date(2025, 11, 13, 7, 0, 0, 0, time.UTC),
		Controls: []Control{
			{"CIS AWS 1.4-4.0", "1.14"}, {"CIS AWS 5.0", "1.13"}, {"CIS AWS 6.0", "2.13"}, {"CIS AWS 7.0", "2.12"},
			{"Security Hub", "IAM.3"}, {"AWS Config", "ACCESS_KEYS_ROTATED"},
		},
		Owner:      "platform",
		Privileged: true,
		Exposure:   InUse,
		Rank:       1,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if id := got[0].Identity(); id != "key-too-old/123456789012/doe,jane+x=y@z/key 2025-08-15T07:00:00Z" {
		t.Errorf("identity %s", id)
	}
}

func TestDueDates(t *testing.T) {
	due := map[Rule]time.Time{}
	for _, f := range Findings(troubled(), DefaultRules(), now) {
		if f.User != "both" {
			due[f.Rule] = f.Due
		}
	}
	want := map[Rule]time.Time{
		KeyQuarantined: {}, RootAccessKey: {}, MultipleActiveKeys: {}, ConsoleKeyAtSetup: {}, InactiveKey: {},
		SigningCertificate: {}, ServiceCredential: {}, KeyShared: {},
		KeyTooOld:      ago(322 * Day),
		KeyDueSoon:     ago(-1 * Day), // resting's: the later of two
		KeyUnused:      ago(Day),
		KeyNeverUsed:   ago(25 * Day),
		PasswordUnused: ago(5 * Day),
	}
	delete(want, MultipleActiveKeys)
	if diff := cmp.Diff(want, due); diff != "" {
		t.Error(diff)
	}
}

// TestRootKeysOfAllStates: the controls ask for no root key, so only one that is
// known to be off is not root-access-key.
func TestRootKeysOfAllStates(t *testing.T) {
	const born = "created 400 days ago and never used"
	for name, tc := range map[string]struct {
		status accesskey.Fact[accesskey.Status]
		rule   Rule
		reason string
	}{
		"Active":   {fact(accesskey.Active), RootAccessKey, "the root user has an Active access key, " + born + "; no policy can limit it"},
		"Inactive": {fact(accesskey.Inactive), InactiveKey, "Inactive and not deleted, created 400 days ago: whoever may update keys can switch it on again"},
		"Expired":  {fact(accesskey.Expired), InactiveKey, "Expired and not deleted, created 400 days ago"},
		"new":      {fact(accesskey.Status("Suspended")), RootAccessKey, "the root user has an access key, " + born + `; the key's status "Suspended" is not one this program knows; no policy can limit it`},
		"unread": {accesskey.Unread[accesskey.Status]("AWS's summary tells only that it exists"), RootAccessKey,
			"the root user has an access key, " + born + "; its status could not be read: AWS's summary tells only that it exists; no policy can limit it"},
	} {
		inv := inventory()
		inv.Root.Keys = fact([]accesskey.Key{{Status: tc.status, Created: fact(ago(400 * Day)), LastUsed: fact(accesskey.LastUse{})}})
		found := Findings(inv, DefaultRules(), now)
		if diff := cmp.Diff([]Rule{tc.rule}, rulesOf(found)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		} else if found[0].Reason != tc.reason {
			t.Errorf("%s: %s", name, found[0].Reason)
		}
	}
}

func TestWantedNamesUsersOfKeyFindings(t *testing.T) {
	want := []string{"boss", "leaked", "soon", "resting", "never", "both", "clicked", "off"}
	if diff := cmp.Diff(want, Wanted(troubled(), DefaultRules(), now)); diff != "" {
		t.Error(diff)
	}
}

func TestControlsAreClaimedOnlyPastTheirOwnLimit(t *testing.T) {
	strict := DefaultRules()
	strict.MaxAge, strict.Warn, strict.Unused = 30*Day, Day, 10*Day
	controlsOf := func(k accesskey.Key, rule Rule) []Control {
		for _, f := range Findings(inventory(holder("alice", k)), strict, now) {
			if f.Rule == rule {
				return f.Controls
			}
		}
		t.Fatalf("no %s", rule)
		return nil
	}
	for _, tc := range []struct {
		key  accesskey.Key
		rule Rule
		want int
	}{
		{aged(90 * Day), KeyTooOld, 0},
		{aged(90*Day + time.Second), KeyTooOld, 6},
		{with(aged(100*Day), rested(45*Day)), KeyUnused, 0},
		{with(aged(100*Day), rested(46*Day)), KeyUnused, 5},
		{with(aged(100*Day), rested(91*Day)), KeyUnused, 7},
		{with(aged(46*Day), neverUsed), KeyNeverUsed, 5},
	} {
		if got := controlsOf(tc.key, tc.rule); len(got) != tc.want {
			t.Errorf("%s: %d controls %v, want %d", tc.rule, len(got), got, tc.want)
		}
	}
}

// TestControlNumbers holds the table to the numbers as published.
func TestControlNumbers(t *testing.T) {
	numbers := func(r Rule) string {
		var s string
		for _, c := range r.Controls() {
			s += c.Framework + " " + c.ID + "; "
		}
		return s
	}
	for rule, want := range map[Rule]string{
		RootAccessKey:      "CIS AWS 1.4-4.0 1.4; CIS AWS 5.0 1.3; CIS AWS 6.0 2.3; CIS AWS 7.0 2.4; Security Hub IAM.4; AWS Config IAM_ROOT_ACCESS_KEY_CHECK; ",
		KeyUnused:          "CIS AWS 1.4-4.0 1.12; CIS AWS 5.0 1.11; CIS AWS 6.0 2.11; CIS AWS 7.0 2.11; Security Hub IAM.22; Security Hub IAM.8; AWS Config IAM_USER_UNUSED_CREDENTIALS_CHECK; ",
		MultipleActiveKeys: "CIS AWS 1.4-4.0 1.13; CIS AWS 5.0 1.12; CIS AWS 6.0 2.12; ",
		KeyTooOld:          "CIS AWS 1.4-4.0 1.14; CIS AWS 5.0 1.13; CIS AWS 6.0 2.13; CIS AWS 7.0 2.12; Security Hub IAM.3; AWS Config ACCESS_KEYS_ROTATED; ",
		ConsoleKeyAtSetup:  "CIS AWS 1.4-4.0 1.11; CIS AWS 5.0 1.10; CIS AWS 6.0 2.10; ",
		KeyQuarantined:     "",
	} {
		if got := numbers(rule); got != want {
			t.Errorf("%s\n got %s\nwant %s", rule, got, want)
		}
	}
	for rule, rows := range controls {
		if !slices.IsSortedFunc(rows, func(a, b controlRow) int { return int(a.limit - b.limit) }) {
			t.Errorf("%s: controls are not in order of their limits", rule)
		}
	}
}

func TestRankOrder(t *testing.T) {
	at := func(change func(*Finding)) Finding {
		f := Finding{Severity: Medium, Account: account1, User: "m", Subject: "key", Rule: KeyTooOld, Due: now}
		change(&f)
		return f
	}
	want := []Finding{
		at(func(f *Finding) { f.Severity = Critical }),
		at(func(f *Finding) { f.Severity, f.Privileged = High, true }),
		at(func(f *Finding) { f.Severity, f.Exposure = High, Leaked }),
		at(func(f *Finding) { f.Severity, f.Exposure = High, InUse }),
		at(func(f *Finding) { f.Due = ago(Day) }),
		at(func(f *Finding) { f.Account = "111122223333" }),
		at(func(f *Finding) { f.User = "a" }),
		at(func(f *Finding) { f.Subject = "certificate" }),
		at(func(f *Finding) { f.KeyID = exampleID; f.Subject = "k" }),
		at(func(f *Finding) { f.Rule = KeyDueSoon }),
		at(func(*Finding) {}),
		at(func(f *Finding) { f.Due = ago(-Day) }),
		at(func(f *Finding) { f.Due = time.Time{} }),
		at(func(f *Finding) { f.Severity = Low }),
	}
	for i := range want {
		want[i].Rank = i + 1
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	Rank(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	Rank(nil)
}

// TestIdentityWithoutIDs scans the same account with and without key IDs: what
// was known before must not look new.
func TestIdentityWithoutIDs(t *testing.T) {
	identities := func(inv accesskey.Inventory) []string {
		var ids []string
		for _, f := range Findings(inv, DefaultRules(), now) {
			ids = append(ids, f.Identity())
		}
		slices.Sort(ids)
		return ids
	}
	full, bare := troubled(), troubled()
	twins := holder("twins", aged(200*Day), with(aged(200*Day), func(k *accesskey.Key) { k.ID = fact(secondID) }))
	full.Users, bare.Users = append(full.Users, twins), append(bare.Users, twins)
	for i, u := range bare.Users {
		keys, _ := u.Keys.Get()
		keys = slices.Clone(keys)
		for j := range keys {
			keys[j].ID = accesskey.Unread[accesskey.ID]("not asked for (--ids none)")
		}
		slices.Reverse(keys)
		bare.Users[i].Keys = fact(keys)
	}
	withIDs, without := identities(full), identities(bare)
	if diff := cmp.Diff(withIDs, without); diff != "" {
		t.Error(diff)
	}
	if n := len(slices.Compact(slices.Clone(withIDs))); n != len(withIDs) {
		t.Errorf("%d identities for %d findings", n, len(withIDs))
	}
	later := DefaultRules()
	later.MaxAge = 80 * Day
	if diff := cmp.Diff(Findings(full, DefaultRules(), now)[0].Identity(), Findings(full, later, now.Add(Day))[0].Identity()); diff != "" {
		t.Errorf("identity depends on time or limits: %s", diff)
	}
}

func TestOwnerTag(t *testing.T) {
	wanted := []string{"owner", "team", "contact"}
	for _, tc := range []struct {
		tags       map[string]string
		tag, owner string
	}{
		{nil, "", ""},
		{map[string]string{"cost-center": "7"}, "", ""},
		{map[string]string{"contact": "c", "Team": "t"}, "Team", "t"},
		{map[string]string{"OWNER": "o", "team": "t"}, "OWNER", "o"},
		{map[string]string{"owner": " \t", "team": " t "}, "team", "t"},
		{map[string]string{"Owner": "1", "owner": "2"}, "Owner", "1"},
		{map[string]string{"ownership": "x"}, "", ""},
	} {
		for range 20 { // map order
			if tag, owner := ownerTag(tc.tags, wanted); tag != tc.tag || owner != tc.owner {
				t.Fatalf("ownerTag(%v) = %q, %q, want %q, %q", tc.tags, tag, owner, tc.tag, tc.owner)
			}
		}
	}
}

// TestStaleUseIsWantedNotFound: a key that may have been used since its last use
// was read is no finding, and worth reading again.
func TestStaleUseIsWantedNotFound(t *testing.T) {
	inv := inventory(
		holder("unused", with(aged(60*Day), seenAgo(4*time.Hour, 45*Day+time.Hour))),
		holder("never-used", with(aged(45*Day+time.Hour), neverSeenAgo(4*time.Hour))),
		holder("used", with(aged(60*Day), seenAgo(4*time.Hour, 44*Day))),
	)
	if found := Findings(inv, DefaultRules(), now); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	if diff := cmp.Diff([]string{"unused", "never-used"}, Wanted(inv, DefaultRules(), now)); diff != "" {
		t.Error(diff)
	}
	for _, p := range Score([]accesskey.Inventory{inv}, nil, DefaultRules(), now).Practices {
		if p.Name == "unused-keys-off" && (p.Good != 1 || p.Of != 1 || p.Unknown != 2) {
			t.Errorf("%+v", p)
		}
	}
	rules := DefaultRules()
	rules.Unused = 44 * Day
	for _, control := range Findings(inventory(holder("near", with(aged(60*Day), seenAgo(4*time.Hour, 45*Day+time.Hour)))), rules, now)[0].Controls {
		if control.ID == "1.12" {
			t.Errorf("45 days are claimed that weren't seen: %+v", control)
		}
	}
}

func TestSeverityOfAQuarantinedKeyByStatus(t *testing.T) {
	for want, key := range map[Severity]accesskey.Key{
		Critical: with(aged(Day), unreadStatus),
		Medium:   with(aged(Day), status(accesskey.Inactive)),
	} {
		u := altered(holder("leaked", key), attached("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"))
		if got := Findings(inventory(u), DefaultRules(), now)[0]; got.Rule != KeyQuarantined || got.Severity != want || got.Exposure != Leaked {
			t.Errorf("%s is %s, want %s", got.Rule, got.Severity, want)
		}
	}
}
