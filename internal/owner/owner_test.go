package owner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const account = "123456789012"

func TestSuggest(t *testing.T) {
	all := []Subject{
		{Account: account, User: "svc-billing-prod", Path: "/pay/", Owner: "pay@example.com", Tag: "team"},
		{Account: account, User: "svc-billing-dev", Path: "/pay/", Owner: "pay@example.com", Tag: "team"},
		{Account: account, User: "svc-billing-test", Path: "/"},
		{Account: account, User: "nightly", Path: "/pay/"},
		{Account: account, User: "ana@example.com", Path: "/"},
		{Account: account, User: "Elena.Kaya", Path: "/"},
		{Account: account, User: "ci.2", Path: "/"},
		{Account: account, User: "deploy", Path: "/", Creator: "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/bo@example.com"},
		{Account: account, User: "old", Path: "/", Creator: "arn:aws:iam::123456789012:user/terraform"},
		{Account: account, User: "two-teams-a", Path: "/mixed/", Owner: "x@example.com", Tag: "owner"},
		{Account: account, User: "two-teams-b", Path: "/mixed/", Owner: "y@example.com", Tag: "owner"},
		{Account: account, User: "orphan", Path: "/mixed/"},
		{Account: account, User: "two-teams-c", Path: "/"},
	}
	want := map[string]Suggestion{
		"svc-billing-prod": {Owner: "pay@example.com", Sure: Sure, Why: `tag "team"`},
		"svc-billing-dev":  {Owner: "pay@example.com", Sure: Sure, Why: `tag "team"`},
		"svc-billing-test": {Owner: "pay@example.com", Sure: Guess, Why: "owns every user named svc-billing-… with an owner (2)"},
		"nightly":          {Owner: "pay@example.com", Sure: Guess, Why: "owns every user with an owner below /pay/ (2)"},
		"ana@example.com":  {Owner: "ana@example.com", Sure: Likely, Why: "the user is named after a mail address"},
		"Elena.Kaya":       {Owner: "elena.kaya@example.com", Sure: Likely, Why: "the user is named like a person; addresses here end in @example.com"},
		"deploy":           {Owner: "bo@example.com", Sure: Likely, Why: "made by bo@example.com"},
		"two-teams-a":      {Owner: "x@example.com", Sure: Sure, Why: `tag "owner"`},
		"two-teams-b":      {Owner: "y@example.com", Sure: Sure, Why: `tag "owner"`},
	}
	for _, got := range Suggest(all, "") {
		expected, named := want[got.User]
		if !named {
			expected.Why = "no tag, and neither its name, its maker nor its neighbours tell"
		}
		expected.Account, expected.User = account, got.User
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", got.User, diff)
		}
	}
}

func TestDomain(t *testing.T) {
	for name, c := range map[string]struct {
		all  []Subject
		want string
	}{
		"none":     {[]Subject{{User: "deploy", Owner: "platform"}}, ""},
		"one":      {[]Subject{{User: "x", Owner: "a@Example.com"}}, "example.com"},
		"commoner": {[]Subject{{Owner: "a@example.net"}, {Owner: "b@example.com"}, {User: "c@example.com"}}, "example.com"},
		"a tie":    {[]Subject{{Owner: "a@example.net"}, {Owner: "b@example.com"}}, "example.com"},
		"no dot":   {[]Subject{{Owner: "root@localhost"}}, ""},
	} {
		if got := Domain(c.all); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
