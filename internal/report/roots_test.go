package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

func rootUsers() []RootUser {
	return []RootUser{
		{
			Account: accesskey.Account{ID: "210987654321", Name: "Payments"},
			Keys: []accesskey.Key{
				key("AKIAIOSFODNN7EXAMPLE", accesskey.Active, days(900), accesskey.LastUse{At: days(400), Service: "s3", Region: "us-east-1"}),
				key("AKIAI44QH8DHBEXAMPLE", accesskey.Inactive, days(1200), accesskey.LastUse{}),
			},
			Password: accesskey.Password{Enabled: true, LastUsed: days(325), MFA: true}, Devices: []string{"arn:aws:iam::210987654321:mfa/root-account-mfa-device"},
			Certificates: []string{"CERTIFICATEEXAMPLE0000001"},
		},
		{Account: accesskey.Account{ID: "444455556666", Name: "Clean"}},
	}
}

func writtenRoots(t *testing.T, f Format, roots []RootUser, failed []accesskey.Failure, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := WriteRoots(&out, f, roots, []LeftOut{{Account: "111122223333", State: "SUSPENDED"}}, failed, now, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRootsGolden(t *testing.T) {
	failed := []accesskey.Failure{{Account: "777788889999", Call: "sts:AssumeRoot", Class: "Denied", Err: "AccessDenied: no", Hint: "ask"}}
	golden(t, "testdata/roots.table", writtenRoots(t, Table, rootUsers(), failed, Options{Width: 140}))
	golden(t, "testdata/roots-narrow.table", writtenRoots(t, Table, rootUsers(), failed, Options{Width: 60}))
	output := writtenRoots(t, JSON, rootUsers(), failed, Options{})
	golden(t, "testdata/roots.json", output)
	keepsSchema(t, "root-v1.json", RootsDocument{}, output)
	keepsSchema(t, "root-v1.json", RootsDocument{}, writtenRoots(t, JSON, nil, nil, Options{}))
}

func TestRootsObeyNoStranger(t *testing.T) {
	harmful := []RootUser{{
		Account: accesskey.Account{ID: hostile, Name: hostile}, Devices: []string{hostile}, Certificates: []string{hostile},
		Keys: []accesskey.Key{{
			ID: seen(accesskey.ID(hostile)), Status: seen(accesskey.Status(hostile)), Created: seen(days(1)),
			LastUsed: seen(accesskey.LastUse{At: days(1), Service: hostile, Region: hostile}),
		}},
	}}
	failed := []accesskey.Failure{{Account: hostile, Call: hostile, Err: hostile, Hint: hostile}}
	for _, f := range RootFormats {
		harmless(t, string(f), writtenRoots(t, f, harmful, failed, Options{Width: 60}), false)
	}
}

// TestUnreadAccountsPassNothing: an account that could not be entered is unknown
// on every control, once, however many errors there are about it.
func TestUnreadAccountsPassNothing(t *testing.T) {
	var out bytes.Buffer
	stream, err := NewStream(&out, Controls, now, policy.DefaultRules(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	denied := accesskey.Failure{Account: "777788889999", Call: "sts:AssumeRole", Err: "denied"}
	stream.Missing([]accesskey.Failure{denied, denied})
	if err := stream.Finish(func(func(policy.Finding, error) bool) {}, func(policy.Finding) bool { return false }); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if n := bytes.Count(out.Bytes(), []byte("summary,")); n != len(policy.Controls()) {
		t.Errorf("%d summaries, want %d", n, len(policy.Controls()))
	}
	if bytes.Contains(out.Bytes(), []byte(",pass,")) || !bytes.Contains(out.Bytes(), []byte("the account could not be read: sts:AssumeRole: denied")) {
		t.Error(text)
	}
}

// TestMetricsOfNothing: an account without keys has no oldest one, rather than
// one of age zero.
func TestMetricsOfNothing(t *testing.T) {
	scan := Scan{GeneratedAt: now, Accounts: []accesskey.Inventory{{Account: accesskey.Account{ID: "123456789012"}, ObservedAt: time.Now()}}}
	text := written(t, Prometheus, scan, Options{})
	for _, absent := range []string{"oldest_age_seconds{", "root_access_keys{"} {
		if bytes.Contains([]byte(text), []byte(absent)) {
			t.Errorf("%s… of an account of which that isn't known:\n%s", absent, text)
		}
	}
}
