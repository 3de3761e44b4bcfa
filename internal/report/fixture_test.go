package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

var update = flag.Bool("update", false, "write golden files and schemas anew")

// now is when the fixtures' scans are made.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func days(n int) time.Time { return now.Add(-time.Duration(n) * policy.Day) }

// hostile is text that does harm somewhere: terminals, HTML, Markdown, tables,
// spreadsheets, chats.
const hostile = "=evil\x1b[31m\x1b]0;owned\a\u202egnp.exe\u2066\x7f\u009b31m\r\n| `x` <script>alert(1)</script> @everyone [a](http://example.com)\xff"

func seen[T any](v T) accesskey.Fact[T] {
	return accesskey.Observed(v, now.Add(-3*time.Hour), "credential report")
}

func key(id string, status accesskey.Status, created time.Time, use accesskey.LastUse) accesskey.Key {
	return accesskey.Key{
		ID: accesskey.Observed(accesskey.ID(id), now, "iam:ListAccessKeys"), Status: seen(status), Created: seen(created), LastUsed: seen(use),
	}
}

func user(name string, owner string, keys ...accesskey.Key) accesskey.User {
	tags := map[string]string{}
	if owner != "" {
		tags["owner"] = owner
	}
	return accesskey.User{
		Name: name, ARN: "arn:aws:iam::123456789012:user/" + name, Path: "/", Created: days(800),
		Tags: seen(tags), Privilege: seen(accesskey.Privilege{}), Keys: seen(keys),
	}
}

// fixture is one account with a bit of everything.
func fixture() Scan {
	ci := user("ci-deploy", "platform@example.com",
		key("AKIAIOSFODNN7EXAMPLE", accesskey.Active, days(412), accesskey.LastUse{At: days(0).Add(-2 * time.Hour), Service: "s3", Region: "eu-central-1"}),
		key("AKIAI44QH8DHBEXAMPLE", accesskey.Inactive, days(700), accesskey.LastUse{}))
	ci.Privilege = seen(accesskey.Privilege{Admin: true, Why: "AdministratorAccess is attached."})
	comma := user("doe,jane+x=y@z", "",
		accesskey.Key{ID: accesskey.Unread[accesskey.ID]("not looked up"), Status: seen(accesskey.Active), Created: seen(days(100)),
			LastUsed: accesskey.Unread[accesskey.LastUse]("iam:GetAccessKeyLastUsed was throttled")})
	inv := accesskey.Inventory{
		Account:          accesskey.Account{ID: "123456789012", Partition: "aws", Alias: "example", Name: "Example Production"},
		ObservedAt:       now,
		CredentialReport: seen(now.Add(-3 * time.Hour)),
		Users:            []accesskey.User{ci, comma, user("nobody", "")},
		Failures: []accesskey.Failure{
			{Account: "123456789012", User: "doe,jane+x=y@z", Call: "iam:GetAccessKeyLastUsed", Class: "throttled", Err: "Rate exceeded", Hint: "try again with fewer users at a time"},
			{Account: "123456789012", User: "roe", Call: "iam:GetAccessKeyLastUsed", Class: "throttled", Err: "Rate exceeded", Hint: "try again with fewer users at a time"},
			{Account: "123456789012", Call: "iam:ListServiceSpecificCredentials", Class: "denied", Err: "User: arn:aws:iam::123456789012:user/auditor is not authorized", Hint: "allow iam:ListServiceSpecificCredentials"},
		},
	}
	inv.Root.Keys = seen([]accesskey.Key{{ID: accesskey.Unread[accesskey.ID]("AWS shows no IDs of root keys"), Status: seen(accesskey.Active), Created: seen(days(2000)), LastUsed: seen(accesskey.LastUse{})}})
	return Scan{GeneratedAt: now, Rules: policy.DefaultRules(), Accounts: []accesskey.Inventory{inv}, Findings: fixtureFindings()}
}

func fixtureFindings() []policy.Finding {
	created := policy.Evidence{Fact: "created", Value: stamp(days(412)), Source: "credential report", ObservedAt: now.Add(-3 * time.Hour)}
	return []policy.Finding{
		{
			Rule: policy.RootAccessKey, Severity: policy.Critical, Account: "123456789012", User: policy.RootUser,
			UserARN: "arn:aws:iam::123456789012:root", Subject: "key " + stamp(days(2000)), Created: days(2000),
			Reason:     "The root user has an active access key, 2000 days old: nothing limits what it can do.",
			Controls:   []policy.Control{{Framework: "CIS AWS Foundations 5.0", ID: "1.3"}, {Framework: "Security Hub", ID: "IAM.4"}},
			Evidence:   []policy.Evidence{{Fact: "status", Value: "Active", Source: "credential report", ObservedAt: now.Add(-3 * time.Hour)}},
			Privileged: true, Rank: 1,
		},
		{
			Rule: policy.KeyTooOld, Severity: policy.High, Account: "123456789012", User: "ci-deploy",
			UserARN: "arn:aws:iam::123456789012:user/ci-deploy", KeyID: "AKIAIOSFODNN7EXAMPLE", Subject: "key " + stamp(days(412)), Created: days(412),
			Reason: "The key is 412 days old; the limit is 90 days. It was used 2 hours ago for s3, by somebody who would notice.", Due: days(322),
			Evidence: []policy.Evidence{created, {Fact: "last used", Value: "unknown: throttled"}},
			Controls: []policy.Control{{Framework: "Security Hub", ID: "IAM.3"}}, Owner: "platform@example.com", Privileged: true, Rank: 2,
		},
		{
			Rule: policy.KeyTooOld, Severity: policy.Medium, Account: "123456789012", User: "doe,jane+x=y@z",
			UserARN: "arn:aws:iam::123456789012:user/doe,jane+x=y@z", Subject: "key " + stamp(days(100)), Created: days(100),
			Reason: "The key is 100 days old; the limit is 90 days.", Due: days(10), Rank: 3,
		},
		{
			Rule: policy.InactiveKey, Severity: policy.Low, Account: "123456789012", User: "ci-deploy",
			UserARN: "arn:aws:iam::123456789012:user/ci-deploy", KeyID: "AKIAI44QH8DHBEXAMPLE", Subject: "key " + stamp(days(700)), Created: days(700),
			Reason: "The key is inactive and lies around.", Due: now.Add(12 * policy.Day), Owner: "platform@example.com", Privileged: true, Rank: 4,
		},
	}
}

// hostileScan has harm in every string that comes from AWS.
func hostileScan(harm string) Scan {
	u := user("u"+harm, "o"+harm, key("AKIAIOSFODNN7EXAMPLE", accesskey.Status("s"+harm), days(100), accesskey.LastUse{At: days(1), Service: "v" + harm, Region: "r" + harm}))
	u.ARN = "arn:" + harm
	inv := accesskey.Inventory{
		Account:          accesskey.Account{ID: harm, Partition: harm, Alias: harm, Name: harm},
		ObservedAt:       now,
		CredentialReport: accesskey.Unread[time.Time]("why" + harm),
		Users:            []accesskey.User{u},
		Failures:         []accesskey.Failure{{Account: harm, User: harm, Call: harm, Class: harm, Err: harm, Hint: harm}},
	}
	f := policy.Finding{
		Rule: policy.Rule(harm), Severity: policy.High, Account: harm, User: harm, UserARN: harm, KeyID: accesskey.ID(harm),
		Subject: harm, Reason: harm, Owner: harm, Rank: 1,
		Evidence: []policy.Evidence{{Fact: harm, Value: harm, Source: harm}},
		Controls: []policy.Control{{Framework: harm, ID: harm}},
	}
	return Scan{GeneratedAt: now, Rules: policy.DefaultRules(), Accounts: []accesskey.Inventory{inv}, Findings: []policy.Finding{f}}
}

func written(t testing.TB, f Format, s Scan, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, f, s, o); err != nil {
		t.Fatalf("Write %s: %v", f, err)
	}
	return out.String()
}

// golden compares with testdata/name, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test -update if it is meant):\n%s", path, diff)
	}
}
