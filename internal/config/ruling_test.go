package config

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// TestLaterOverridesWin: field by field, in the file's order.
func TestLaterOverridesWin(t *testing.T) {
	p := load(t, `
rules: {warn: 10d}
destinations: ["ssm:/base/{user}"]
overrides:
  - when: user.path.startsWith("/ci/")
    mode: enforce
    rules: {max_age: 60d, report_unused: 30d}
    destinations: ["ssm:/ci/{user}"]
  - when: user.name == "deploy"
    rules: {max_age: 80d}
    times: {keep: true}
    destinations: []
`)
	u, k := holder("deploy", "/ci/", nil)
	r := ruled(t, p, u, k)
	want := policy.DefaultRules()
	want.MaxAge, want.Unused, want.Warn = 80*policy.Day, 30*policy.Day, 10*policy.Day
	if diff := cmp.Diff(want, r.Rules); diff != "" {
		t.Error(diff)
	}
	if r.Mode != policy.Enforce || !r.Terms.Keep || r.Deliver != nil {
		t.Errorf("%+v", r)
	}
	u, k = holder("other", "/ci/", nil)
	if r := ruled(t, p, u, k); r.Rules.MaxAge != 60*policy.Day || r.Terms.Keep || r.Deliver[0] != "ssm:/ci/other" {
		t.Errorf("%+v", r)
	}
	u, k = holder("ana", "/", nil)
	if r := ruled(t, p, u, k); r.Rules.MaxAge != 90*policy.Day || r.Mode != policy.ObserveOnly || r.Deliver[0] != "ssm:/base/ana" {
		t.Errorf("%+v", r)
	}
}

// TestOverridesThatContradict: each fits alone, both together don't: whom both
// mean can't be judged, others can.
func TestOverridesThatContradict(t *testing.T) {
	p := load(t, `
overrides:
  - when: user.path == "/ci/"
    rules: {max_age: 40d}
  - when: user.name == "slow"
    times: {overlap_max: 40d}
`)
	u, k := holder("slow", "/ci/", nil)
	_, err := p.Ruling(&example, &u, &k, noon)
	if err == nil || !strings.Contains(err.Error(), "keytend.yaml:3 and keytend.yaml:5") || !strings.Contains(err.Error(), "max_age 40 days") {
		t.Errorf("%v", err)
	}
	for _, other := range []string{"fast", "slow"} {
		u, k = holder(other, map[string]string{"fast": "/ci/", "slow": "/"}[other], nil)
		if _, err := p.Ruling(&example, &u, &k, noon); err != nil {
			t.Errorf("%s: %v", other, err)
		}
	}
}

func TestExemptions(t *testing.T) {
	p := load(t, `
exemptions:
  - {when: user.name == "ana", until: 2026-11-01, reason: over, approver: ciso}
  - {when: user.name == "ana", until: 2026-11-10, reason: over later, approver: ciso}
  - {when: user.name == "bo", until: 2026-11-23, reason: today still, approver: ciso}
  - {when: user.name == "bo", until: 2027-11-23, reason: not the first, approver: ciso}
  - {when: user.name == "cy", until: "2026-11-23T11:59:59Z", reason: to the second, approver: ciso}
`)
	for name, want := range map[string]policy.Exemption{
		"ana": {Until: time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC), Reason: "over later", Approver: "ciso", Where: "keytend.yaml:4"},
		"bo":  {Until: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Reason: "today still", Approver: "ciso", Where: "keytend.yaml:5"},
		"cy":  {Until: time.Date(2026, 11, 23, 11, 59, 59, 0, time.UTC), Reason: "to the second", Approver: "ciso", Where: "keytend.yaml:7"},
	} {
		u, k := holder(name, "/", nil)
		r := ruled(t, p, u, k)
		if diff := cmp.Diff(&want, r.Exempt); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if r.Exempt.InForce(noon) != (name == "bo") {
			t.Errorf("%s: in force %v", name, r.Exempt.InForce(noon))
		}
	}
	if past := p.Past(noon); len(past) != 3 || past[0].Line != 3 {
		t.Errorf("%v", past)
	}
}

func TestLeftOut(t *testing.T) {
	p := load(t, `
admins: [ana, "arn:aws:iam::123456789012:user/bo", {when: user.path == "/pipeline/"}]
`)
	admin, unknown := seen(accesskey.Privilege{Admin: true}), accesskey.Unread[accesskey.Privilege]("denied")
	for _, test := range []struct {
		name, path string
		tags       accesskey.Fact[map[string]string]
		privilege  accesskey.Fact[accesskey.Privilege]
		want       string
	}{
		{"cy", "/", seen(map[string]string{}), seen(accesskey.Privilege{}), ""},
		{"cy", "/", seen(map[string]string{}), admin, "admin-like, and not named under admins"},
		{"cy", "/", seen(map[string]string{}), unknown, "whether it is admin-like could not be read: denied"},
		{"Ana", "/", seen(map[string]string{}), admin, ""},
		{"ana", "/", seen(map[string]string{}), unknown, ""},
		{"bo", "/", seen(map[string]string{}), admin, ""},
		{"bo", "/x/", seen(map[string]string{}), admin, "admin-like, and not named under admins"},
		{"cy", "/pipeline/", seen(map[string]string{}), admin, ""},
		{"Break-Glass", "/", seen(map[string]string{}), seen(accesskey.Privilege{}), "its name is break-glass"},
		{"cy", "/", seen(map[string]string{"Break-Glass": "TRUE"}), seen(accesskey.Privilege{}), "tag break-glass"},
		{"ana", "/", seen(map[string]string{"keytend:keep": "true"}), admin, "tag keytend:keep=true"},
		{"cy", "/", seen(map[string]string{"keytend:keep": "false"}), seen(accesskey.Privilege{}), ""},
		{"cy", "/", accesskey.Unread[map[string]string]("throttled"), seen(accesskey.Privilege{}), "its tags could not be read: throttled"},
	} {
		u, k := holder(test.name, test.path, nil)
		u.Tags, u.Privilege = test.tags, test.privilege
		if got := ruled(t, p, u, k).LeftOut; got != test.want {
			t.Errorf("%s%s: %q, want %q", test.path, test.name, got, test.want)
		}
	}
}

// TestUnreadIsNoAnswer: what hangs on an unread fact can't be judged; what
// doesn't, can.
func TestUnreadIsNoAnswer(t *testing.T) {
	p := load(t, `
overrides:
  - when: user.name == "ana" && user.groups.exists(g, g == "ci")
    mode: enforce
exemptions:
  - {when: user.name == "bo" && key.idle > days(3), until: 2027-01-01, reason: r, approver: a}
admins: [{when: 'user.name == "cy" && user.groups.exists(g, g == "ci")'}]
`)
	for name, want := range map[string]string{
		"ana": "could not be judged: the expression of keytend.yaml:3 needs user.groups of user ana, which could not be read",
		"bo":  "could not be judged: the expression of keytend.yaml:6 needs key.idle of user bo, which could not be read",
		"cy":  "could not be judged: the expression of keytend.yaml:7 needs user.groups of user cy, which could not be read",
		"do":  "",
	} {
		u, k := holder(name, "/", nil)
		u.Groups, u.Privilege = accesskey.Unread[[]string]("denied"), seen(accesskey.Privilege{Admin: true})
		k.LastUsed = accesskey.Unread[accesskey.LastUse]("throttled")
		r, err := p.Ruling(&example, &u, &k, noon)
		if got := fmt.Sprint(err); want != "" && got != want || want == "" && err != nil {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
		if err != nil && (r.Mode != "" || r.Deliver != nil) {
			t.Errorf("%s: a ruling beside an error: %+v", name, r)
		}
	}
}

// TestMissingTag: an expression over a tag that not everybody has is warned of
// at load, and says nothing about those without it.
func TestMissingTag(t *testing.T) {
	p := load(t, "overrides: [{when: 'user.tags[\"env\"] == \"prod\"', mode: enforce}]")
	if w := p.Warnings(); len(w) != 1 || !strings.Contains(w[0].Message, `write "env" in user.tags && … before it`) {
		t.Errorf("%v", w)
	}
	u, k := holder("ana", "/", map[string]string{})
	if _, err := p.Ruling(&example, &u, &k, noon); err == nil || !strings.Contains(err.Error(), `ask first: "env" in user.tags && …`) {
		t.Errorf("%v", err)
	}
	p = load(t, "overrides: [{when: '\"env\" in user.tags && user.tags[\"env\"] == \"prod\"', mode: enforce}]")
	if w := p.Warnings(); len(w) != 0 {
		t.Errorf("%v", w)
	}
	if r := ruled(t, p, u, k); r.Mode != policy.ObserveOnly {
		t.Errorf("%+v", r)
	}
}

func TestOwners(t *testing.T) {
	const table = "\ufeffaccount,user,owner\n# a remark\n123456789012,ana,ana@example.com\n,BO,bo@example.com\n210987654321,cy,other@example.com\n123456789012,do,\n"
	text := `
owners:
  file: teams/owners.csv
  tags: [team]
  paths: {/a/: a@example.com, /a/b/: ab@example.com}
  expression: 'user.name.startsWith("x") ? user.tags["mail"] : ""'
  fallback: rest@example.com
`
	p, err := Load("policies/keytend.yaml", files{"policies/keytend.yaml": text, "policies/teams/owners.csv": table}.read)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path  string
		tags        map[string]string
		owner, from string
	}{
		{"ana", "/a/", map[string]string{"team": "t"}, "ana@example.com", "teams/owners.csv line 3"},
		{"Bo", "/", nil, "bo@example.com", "teams/owners.csv line 4"},
		{"cy", "/", nil, "rest@example.com", "fallback"},
		{"do", "/", map[string]string{"Team": " t "}, "t", `tag "Team"`},
		{"do", "/a/b/c/", nil, "ab@example.com", "path /a/b/"},
		{"do", "/a/", nil, "a@example.com", "path /a/"},
		{"xa", "/", map[string]string{"mail": "xa@example.com"}, "xa@example.com", "expression of policies/keytend.yaml:6"},
		{"xa", "/", nil, "rest@example.com", "fallback"},
	} {
		u, k := holder(test.name, test.path, test.tags)
		r := ruled(t, p, u, k)
		if r.Owner != test.owner || r.OwnerFrom != test.from {
			t.Errorf("%s: %q from %q, want %q from %q", test.name, r.Owner, r.OwnerFrom, test.owner, test.from)
		}
	}
	u, k := holder("do", "/", nil)
	u.Tags = accesskey.Unread[map[string]string]("denied")
	if r := ruled(t, p, u, k); r.OwnerFrom != "fallback, for its tags could not be read" {
		t.Errorf("%q", r.OwnerFrom)
	}
	u, k = holder("do", "/", map[string]string{"contact": "c"})
	if r := ruled(t, Default(), u, k); r.Owner != "c" || r.OwnerFrom != `tag "contact"` {
		t.Errorf("%+v", r)
	}
}

func TestWrongOwnersFile(t *testing.T) {
	for table, want := range map[string]string{
		"":                                   "",
		"user,owner\n":                       "owners.csv:1:1: want the columns account,user,owner",
		"account,user,owner\n1234,ana,a\n":   "owners.csv:2:1: account \"1234\": want twelve digits (a spreadsheet drops the first zeros)",
		"account,user,owner\n,ana\n":         "owners.csv:2:1: want 3 columns (account,user,owner), not 2",
		"account,user,owner\n,,a\n":          "owners.csv:2:1: no user",
		"account,user,owner\n,a,x\n,A,y\n":   "owners.csv:3:1: user A is on line 2 already",
		"account,user,owner\n,\"a,x\n":       "owners.csv:2:",
		"account;user;owner\n;a;x\n":         "want the columns account,user,owner",
		"account,user,owner\n,a,x\n,b,y,z\n": "owners.csv:3:1: want 3 columns",
	} {
		_, err := Load("keytend.yaml", files{"keytend.yaml": "owners: {file: owners.csv}", "owners.csv": table}.read)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %s", table, err, want)
		}
	}
}

func TestRamp(t *testing.T) {
	p := load(t, "ramp: {start: 2026-12-01, per_week: 25}")
	r, start := p.Ramp, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for at, want := range map[time.Duration]int{-1: 0, 0: 25, week - 1: 25, week: 50, 10 * week: 275} {
		if got := r.Allowed(start.Add(at)); got != want {
			t.Errorf("after %s: %d, want %d", at, got, want)
		}
	}
	for n, want := range map[int]time.Time{0: start, 24: start, 25: start.Add(week), 275: start.Add(11 * week)} {
		if got := r.Turn(n); !got.Equal(want) || r.Allowed(got) <= n || n >= 25 && r.Allowed(got.Add(-1)) > n {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	used, key := holder("ana", "/", nil)
	idle := key
	idle.LastUsed = seen(accesskey.LastUse{At: noon.Add(-46 * policy.Day)})
	never, young := key, key
	never.LastUsed = seen(accesskey.LastUse{})
	young.LastUsed, young.Created = never.LastUsed, seen(noon.Add(-policy.Day))
	unread := key
	unread.LastUsed = accesskey.Unread[accesskey.LastUse]("throttled")
	admin := used
	admin.Privilege = seen(accesskey.Privilege{Admin: true})
	for _, test := range []struct {
		user accesskey.User
		key  accesskey.Key
		want Wave
	}{
		{used, key, WaveLowPrivilege}, {used, idle, WaveUnused}, {used, never, WaveUnused}, {used, young, WaveLowPrivilege},
		{used, unread, WaveRest}, {admin, key, WaveRest}, {admin, idle, WaveUnused},
	} {
		if got := WaveOf(test.user, test.key, 45*policy.Day, noon); got != test.want {
			t.Errorf("%v: %s, want %s", test.key.LastUsed, got, test.want)
		}
	}
	if r := ruled(t, load(t, "ramp: {start: 2026-12-01, per_week: 1, order: [low_privilege]}"), used, idle); r.Wave != 1 {
		t.Errorf("what isn't listed comes last: %d", r.Wave)
	}
}

// TestManyAskAtOnce: a policy is asked by every account under way.
func TestManyAskAtOnce(t *testing.T) {
	p := full(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				path := []string{"/", "/ci/", "/team-a/"}[(i+j)%3]
				u, k := holder(fmt.Sprintf("u%d", i), path, map[string]string{"team": "billing"})
				r, err := p.Ruling(&example, &u, &k, noon)
				want := map[string]time.Duration{"/": 90, "/ci/": 60, "/team-a/": 90}[path] * policy.Day
				if err != nil || r.Rules.MaxAge != want {
					t.Errorf("%s: %s %v", path, r.Rules.MaxAge, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestTextsAsWritten(t *testing.T) {
	for text, want := range map[string]string{"90d": "90d", "2w": "14d", "36h": "1d12h", "1d12h": "1d12h", "0s": "0s", "0d": "0s", "1y": "365d"} {
		var d Duration
		if err := d.set(text); err != nil || d.String() != want {
			t.Errorf("%s: %s %v, want %s", text, d, err, want)
		}
	}
	for text, want := range map[string]bool{"00:00": true, "24:00": true, "24:01": false, "09:60": false, "9:00": false, "": false} {
		var c Clock
		if err := c.set(text); (err == nil) != want || err == nil && c.String() != text {
			t.Errorf("%q: %s %v", text, c, err)
		}
	}
}

func TestReferences(t *testing.T) {
	lookup := func(name string) (string, bool) {
		return map[string]string{"A": " s3cr3t\n", "EMPTY": " "}[name], true
	}
	read := files{"/run/x": "s3cr3t\n", "/run/empty": ""}.read
	for text, want := range map[string]string{"env:A": "s3cr3t", "file:/run/x": "s3cr3t", "smtp://mail.example.com": "smtp://mail.example.com"} {
		if got, err := Reference(text).Resolve(lookup, read); err != nil || got != want {
			t.Errorf("%s: %q %v", text, got, err)
		}
	}
	for _, text := range []string{"env:EMPTY", "env:NONE", "file:/run/empty", "file:/run/none"} {
		if got, err := Reference(text).Resolve(lookup, read); err == nil || !strings.Contains(err.Error(), text[4:]) {
			t.Errorf("%s: %q %v", text, got, err)
		}
	}
}

// TestWarnings: what is allowed and yet looks like a mistake.
func TestWarnings(t *testing.T) {
	for text, want := range map[string]string{
		"approvers: ['*']": "keytend.yaml:1:12: approvers are asked in mode approve only, and the mode is observe",
		"rules: {never_used: disable, disable_unused: 0s}": "keytend.yaml:1:21: never_used: disable with disable_unused 0s",
		"mode: enforce": "keytend.yaml:1:7: mode enforce, and no destinations",
		"notices: {channels: [{eventbridge: default}]}":                                "nobody is told about keys without an owner",
		"mode: approve\nrules: {rotate: false}":                                        "nobody may say yes, so nothing is changed; name them under approvers",
		"budgets: {per_account: 5, total: 3}":                                          "per_account 5 is more than total 3",
		"budgets: {total: 0}":                                                          "total 0 means no bound",
		"overrides: [{when: 'true'}]":                                                  "it changes nothing",
		"admins: [ana, Ana]":                                                           "Ana is listed twice",
		"ramp: {start: 2026-12-01, per_week: 1, order: [unused]}":                      "what isn't listed comes last",
		"gate: {url: https://example.com/x, before: []}":                               "asked before nothing",
		"windows: [{days: [mon], from: '09:00', until: '10:00'}]\ntimes: {margin: 6d}": "windows: no change can be made for up to 6d23h, and margin is 6d: keys may be switched off up to 23h late",
		"freezes: [{from: 2026-12-20, until: 2027-01-03}]":                             "freeze: it lasts 15d, and margin is 7d: keys due within are switched off up to 8d late; want margin of 15d or more",
		"destinations: [ssm:/shared]":                                                  "every user's key would be delivered to the same place",
	} {
		w := load(t, text).Warnings()
		if len(w) != 1 || !strings.Contains(w[0].String(), want) {
			t.Errorf("%s: %v, want %s", text, w, want)
		}
	}
	for _, text := range []string{
		"mode: approve\napprovers: ['*']\ndestinations_tag: deliver", "windows: [{from: '22:00', until: '04:00'}]", "destinations: ['ssm:/{user}']", "overrides: [{when: 'true', mode: approve}]\napprovers: ['*']",
		"mode: enforce\noverrides: [{when: 'true', destinations: ['ssm:/x']}]", "mode: enforce\nrules: {rotate: false}",
		"rules: {rotate: false}\nfreezes: [{from: 2026-12-20, until: 2027-01-03}]",
	} {
		if w := load(t, text).Warnings(); len(w) != 0 {
			t.Errorf("%s: %v", text, w)
		}
	}
}

// TestExplain: each setting with its line, and what follows from them.
func TestExplain(t *testing.T) {
	p := load(t, `mode: enforce
except: [ana]
destinations_tag: keytend:deliver
budgets: {total: 3}
overrides:
  - when: user.name == "ana"
    rules:
      max_age: 60d
    windows:
      - {days: [mon, fri], from: "22:00", until: "04:00", time_zone: Europe/Berlin}
freezes: [{from: 2026-12-20, until: 2026-12-24T18:00, reason: year end}]
`)
	u, k := holder("ana", "/", map[string]string{"keytend:deliver": "ssm:/x"})
	got, err := p.Explain(example, u, k, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Effective{
		{"mode", "enforce", "keytend.yaml:1"},
		{"rules.max_age", "60d", "keytend.yaml:8"},
		{"rules.warn", "14d", "default"},
		{"windows", "mon, fri 22:00-04:00 (of the day after) Europe/Berlin", "keytend.yaml:9"},
		{"freezes", "2026-12-20 to 2026-12-24T18:00 UTC (year end)", "keytend.yaml:11"},
		{"deliver to", "ssm:/x", `tag "keytend:deliver"`},
		{"owner", "nobody is known", "no tag, path, file or fallback names one"},
		{"budget", "all: 3", "keytend.yaml:4"},
		{"left out", "its name is ana", "keytend.yaml:2"},
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%v is missing in\n%v", want, got)
		}
	}
	if len(p.Written()) != len(Default().Written()) || p.Written()[0].Where != "keytend.yaml:1" {
		t.Errorf("%v", p.Written())
	}
}

// TestBudgetsAreOfTheAccount: they are kept from key to key, and not taken for
// another account's or another day's.
func TestBudgetsAreOfTheAccount(t *testing.T) {
	p := load(t, "budgets: {per_account: 3, new_per_day: 5}")
	u, k := holder("ana", "/", nil)
	for _, account := range []string{"123456789012", "123456789012", "210987654321", "123456789012"} {
		for _, now := range []time.Time{noon, noon.Add(policy.Day)} {
			r, err := p.Ruling(&accesskey.Account{ID: account}, &u, &k, now)
			if err != nil {
				t.Fatal(err)
			}
			want := []accesskey.Reservation{{Budget: "account " + account, Limit: 3}, {Budget: "new per day", Limit: 5, Since: now.Add(-policy.Day)}}
			if diff := cmp.Diff(want, r.Budgets); diff != "" {
				t.Error(diff)
			}
			_ = append(r.Budgets, accesskey.Reservation{Budget: "theirs"})
		}
	}
}
