package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func seen[T any](v T) accesskey.Fact[T] { return accesskey.Observed(v, noon, "test") }

var example = accesskey.Account{ID: "123456789012", Partition: "aws", Alias: "example-corp"}

// holder is a user with one Active key, 100 days old and used a day ago.
func holder(name, path string, tags map[string]string) (accesskey.User, accesskey.Key) {
	key := accesskey.Key{
		ID: seen(accesskey.ID("AKIAIOSFODNN7EXAMPLE")), Status: seen(accesskey.Active), Created: seen(noon.Add(-100 * policy.Day)),
		LastUsed: seen(accesskey.LastUse{At: noon.Add(-policy.Day), Service: "s3", Region: "eu-central-1"}),
	}
	return accesskey.User{
		Name: name, ID: "AIDA" + strings.ToUpper(name), ARN: "arn:aws:iam::123456789012:user" + path + name, Path: path,
		Created: noon.Add(-1000 * policy.Day), Tags: seen(tags), Groups: seen([]string(nil)),
		Privilege: seen(accesskey.Privilege{}), Keys: seen([]accesskey.Key{key}),
	}, key
}

// files are what Load may read.
type files map[string]string

func (f files) read(path string) ([]byte, error) {
	text, found := f[filepath.ToSlash(path)]
	if !found {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

func load(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := Load("keytend.yaml", files{"keytend.yaml": text}.read)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ruled(t *testing.T, p *Policy, u accesskey.User, k accesskey.Key) policy.Ruling {
	t.Helper()
	r, err := p.Ruling(&example, &u, &k, noon)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func full(t testing.TB) *Policy {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Load("keytend.yaml", files{"keytend.yaml": string(text), "owners.csv": "account,user,owner\n123456789012,bo,bo@example.com\n"}.read)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEmptyFileObserves(t *testing.T) {
	u, k := holder("ana", "/", nil)
	r := ruled(t, Default(), u, k)
	if r.Mode != policy.ObserveOnly || r.Rules.MaxAge != 90*policy.Day || r.Rules.Unused != 45*policy.Day || r.Disable != 90*policy.Day || !r.NeverUsed {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff(accesskey.DefaultTerms(), r.Terms); diff != "" {
		t.Error(diff)
	}
	if r.Deliver != nil || r.Budgets != nil || r.Exempt != nil || r.LeftOut != "" || !r.Retire.Keep {
		t.Errorf("%+v", r)
	}
	for _, text := range []string{"", "\n", "# nothing yet\n", "---\n", "{}"} {
		if diff := cmp.Diff(ruled(t, Default(), u, k), ruled(t, load(t, text), u, k)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestFullFile(t *testing.T) {
	p := full(t)
	if len(p.Warnings()) > 0 {
		t.Log(p.Warnings())
	}
	u, k := holder("bo", "/ci/", map[string]string{"team": "billing"})
	r := ruled(t, p, u, k)
	if r.Mode != policy.Enforce || r.Rules.MaxAge != 60*policy.Day || r.Owner != "bo@example.com" || r.OwnerFrom != "owners.csv line 2" {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]string{"ssm:/ci/bo"}, r.Deliver); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]accesskey.Reservation{{Budget: "account 123456789012", Limit: 3}, {Budget: "all", Limit: 20}, {Budget: "new per day", Limit: 5, Since: noon.Add(-policy.Day)}}, r.Budgets); diff != "" {
		t.Error(diff)
	}
	if !r.Freezes[0].Contains(time.Date(2027, 1, 3, 22, 59, 0, 0, time.UTC)) || r.Freezes[0].Contains(time.Date(2027, 1, 3, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("the last day of a freeze counts whole, in its zone: %v", r.Freezes)
	}
	other, k := holder("cy", "/team-a/x/", map[string]string{"keytend:deliver": "ssm:/a+dotenv:/srv/{user}"})
	r = ruled(t, p, other, k)
	if r.Rules.MaxAge != 90*policy.Day || r.Owner != "team-a@example.com" || r.OwnerFrom != "path /team-a/" {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]string{"ssm:/a", "dotenv:/srv/cy"}, r.Deliver); diff != "" {
		t.Error(diff)
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"rulse: {}":                     `keytend.yaml:1:1: unknown field "rulse"; did you mean rules?`,
		"rules: {max_agee: 90d}":        `keytend.yaml:1:9: rules: unknown field "max_agee"; did you mean max_age?`,
		"rules: {max-age: 90d}":         `did you mean max_age?`,
		"max_age: 90d":                  `unknown field "max_age"; max_age belongs under rules`,
		"rules:\n  max_age: 90":         `keytend.yaml:2:12: max_age: 90 of what? Write the unit: 90d for days, 90h for hours`,
		"rules: {max_age: 3 months}":    `months differ in length`,
		"rules: {max_age: 90 days}":     `write 90d`,
		"rules: {max_age: 20d}":         `keytend.yaml:1:18: max_age 20 days: lead 1 day 9 minutes + overlap_max 21 days + margin 7 days = 29 days 9 minutes; a key would have to be replaced before it is made`,
		"mode: enforced":                `want observe, approve or enforce; did you mean enforce?`,
		"mode: no":                      `want observe, approve or enforce`,
		"mode:":                         `keytend.yaml:1:7: no value`,
		"mode: observe\nmode: enforce":  `keytend.yaml:2:1: mode is written twice; it was on line 1`,
		"rules: {rotate: yes}":          `rotate: write true, without quotes`,
		"budgets: {total: 0x10}":        `want a whole number`,
		"budgets: {total: 010}":         `want a whole number`,
		"budgets: {total: -1}":          `want a whole number`,
		"rules:\n\tmax_age: 90d":        `keytend.yaml:2:1: a tab; write spaces`,
		"a: &x b":                       `unknown field`,
		"mode: &x observe":              `write it out`,
		"except: [no]":                  `no could be taken for true or false: write "no", in quotes`,
		"- a":                           `want fields`,
		"mode: observe\n---\nmode: x":   `keytend.yaml:3:1: a second document`,
		"destinations: ssm:/x":          `want a list`,
		"destinations: [\"ssm:{usr}\"]": `unknown placeholder {usr}; want {user}, {account} or {path}`,
		"accounts: {organization: {include: [123456789012]}}":                     `123456789012 could be taken for a number: write "123456789012", in quotes`,
		"accounts: {organization: {include: [012345678901]}}":                     `lose its zero: write "012345678901", in quotes`,
		"accounts: {organization: }":                                              `no value`,
		"accounts: {organization: {roles: {delete: keytend-delete}}}":             `keytend.yaml:1:34: roles: want one to read as (read)`,
		"accounts: {organization: {role: a, roles: {create: 'arn:aws:iam::1'}}}":  `role "arn:aws:iam::1": want the name of the role`,
		"overrides: [{when: 'user.nme == \"a\"', mode: observe}]":                 `keytend.yaml:1:21: expression: unknown word "user.nme"; did you mean user.name?`,
		"overrides:\n- when: |\n    user.name == 1\n  mode: observe":              `keytend.yaml:3:`,
		"overrides: [{mode: observe}]":                                            `when is missing`,
		"exemptions: [{when: 'true', until: 2027-02-30, reason: a, approver: b}]": `there is no such day`,
		"exemptions: [{when: 'true', until: soon, reason: a, approver: b}]":       `want a day`,
		"windows: [{from: '09:00', until: '09:00'}]":                              `no time at all`,
		"windows: [{from: '9', until: '10:00'}]":                                  `want a time of day`,
		"windows: [{days: [monday], from: '09:00', until: '10:00'}]":              `write mon`,
		"windows: [{from: '09:00', until: '10:00', time_zone: Berlin}]":           `did you mean Europe/Berlin?`,
		"windows: [{from: '09:00', until: '10:00', time_zone: america/new_york}]": `did you mean America/New_York?`,
		"freezes: [{from: 2027-01-03, until: 2026-12-20}]":                        `it ends before it begins`,
		"notices: {channels: [{slack: https://hooks.slack.example.com/s3cr3t}]}":  `slack: it is a secret; write env:NAME or file:PATH`,
		"notices: {channels: [{to: 'smtp://u:s3cr3t@mail.example.com/'}]}":        `write env:NAME`,
		"notices: {channels: [{to: 'env:A', slack: 'env:B'}]}":                    `want one of`,
		"approvers: [ana]":                                               `want an ARN`,
		"rules: {disable_unused: 30d}":                                   `keytend.yaml:1:25: disable_unused 30d with report_unused 45d: a key would be switched off 15d before it is reported; want disable_unused of 45d or more`,
		"times: {overlap_max: 2d}":                                       `want overlap_max of 8 days or more`,
		"times: {spread: 70d}":                                           `spread 70d: a rotation takes up to 29d9m, and max_age 90d leaves 60d23h51m`,
		"owners: {paths: {team-a: x}}":                                   `IAM's paths begin and end with a slash`,
		"owners: {file: none.csv}":                                       `keytend.yaml:1:16: owners file`,
		"rules: {max_age: 999999999d}":                                   `"999999999d": more than 290 years; want less`,
		"rules: {max_age: 99999999999 days}":                             `"99999999999 days": more than 290 years; want less`,
		"rules: {max_age: 999999999999999999999d}":                       `more than 290 years; want less`,
		"rules: {max_age: -5d}":                                          `"-5d": want 0s or more`,
		"notices: {ladder: [-5d, 7d]}":                                   `"-5d": want 0s or more`,
		"ramp: {start: 2026-12-01, per_week: 0}":                         `want 1 or more`,
		"overrides: [{when: 'user.name == \"a\"', times: {idle: 30d}}]":  `want overlap_max of 31 days or more`,
		"overrides: [{when: 'user.name', mode: observe}]":                `it gives a string, want yes or no`,
		"overrides: [{when: 'user.name == \"a\" &&', mode: observe}]":    `expression: Syntax error`,
		"overrides: [{when: 'user.name.matches(\"[\")', mode: observe}]": `expression: invalid matches argument`,
		"a: b: c": `keytend.yaml:1:`,
		"admins: [{when: user.groups.exists(g, g == \"ci\")}]": `between { and } a comma ends the text: put the expression in quotes`,
		"except: [a, 'b\n  c']":                                `a text over more than one line: begin it with |`,
		"owners:\n  fallback: a\n    b":                        `a text over more than one line`,
		"owners: {fallback: a}b}":                              `keytend.yaml:1:`,
		"owners: {fallback: a? b}":                             `between brackets, a text with any of [ ] { } , ? : # in it wants quotes: write 'a? b'`,
		"owners: {expression: user.tags?}":                     `write 'user.tags?'`,
		"owners: {fallback: a\u0085b}":                         `keytend.yaml:1:21: a character that can't be seen (U+0085); remove it`,
		"mode: observe\u00a0":                                  `U+00A0`,
		"mode: obs\rerve":                                      `U+000D`,
		"mode: observe # a\ttab":                               `a tab`,
		"admins: [{when:user.admin}]":                          `a space is missing after the colon`,
		"owners: {fallback: ,a}":                               `keytend.yaml:1:`,
		"owners:\n  fallback: '%a'\n  templates: x":            `unknown field "templates"`,
		"owners:\n  fallback: %a":                              `a text that begins with % wants quotes: write '%a'`,
		"rules: {delete_inactive: 3d}":                         `keytend.yaml:1:26: delete_inactive 3d with rest 7d: a key would be deleted 4d before its rest is over; want delete_inactive of 7d or more`,
		"rules: {rotate:true}":                                 `a space is missing after the colon`,
	} {
		_, err := Load("keytend.yaml", files{"keytend.yaml": text}.read)
		var problems Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n  %v\n  want %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: the error tells the secret: %v", text, err)
		}
	}
}

// TestEveryProblemAtOnce: nobody likes to be told one at a time.
func TestEveryProblemAtOnce(t *testing.T) {
	text := "rules: {max_age: 20d}\nwindows: [{from: '09:00', until: '09:00'}]\napprovers: [ana]\nnotices: {channels: [{}]}\nowners: {paths: {a: b}, tag: x}\n"
	_, all := Load("keytend.yaml", files{"keytend.yaml": text}.read)
	if n := strings.Count(all.Error(), "\n") + 1; n != 6 {
		t.Errorf("%d problems:\n%v", n, all)
	}
	_, err := Load("keytend.yaml", files{"keytend.yaml": "mode: enforced\nrules:\n  max_agee: 90d\n  warn: 14\nbudget: {}\n"}.read)
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != 4 {
		t.Fatalf("%v", err)
	}
}
