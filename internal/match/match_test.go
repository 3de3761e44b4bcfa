package match

import (
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func seen[T any](v T) accesskey.Fact[T] { return accesskey.Observed(v, noon, "test") }

func ana() (accesskey.Account, accesskey.User, accesskey.Key) {
	return accesskey.Account{ID: "123456789012", Alias: "example-corp"}, accesskey.User{
			Name: "ana", ARN: "arn:aws:iam::123456789012:user/eng/ana", Path: "/eng/", Created: noon.Add(-1000 * time.Hour),
			Tags: seen(map[string]string{"team": "billing"}), Groups: seen([]string{"devs"}), Privilege: seen(accesskey.Privilege{Admin: true}),
		}, accesskey.Key{
			ID: seen(accesskey.ID("AKIAIOSFODNN7EXAMPLE")), Status: seen(accesskey.Active), Created: seen(noon.Add(-100 * time.Hour)),
			LastUsed: seen(accesskey.LastUse{At: noon.Add(-10 * time.Hour), Service: "s3", Region: "eu-central-1"}),
		}
}

func TestMatches(t *testing.T) {
	for text, want := range map[string]bool{
		`user.name == "ana"`:                               true,
		`user.path.startsWith("/eng/") && !user.admin`:     false,
		`user.tags["team"] == "billing"`:                   true,
		`"owner" in user.tags && user.tags["owner"] == ""`: false,
		`"devs" in user.groups`:                            true,
		`key.age > duration("99h")`:                        true,
		`key.age > duration("100h")`:                       false,
		`key.idle >= duration("10h") && key.used`:          true,
		`key.status == "Active" && key.service == "s3"`:    true,
		`key.id == "AKIAIOSFODNN7EXAMPLE"`:                 true,
		`key.created < timestamp("2026-01-01T00:00:00Z")`:  false,
		`account.alias.matches("^example")`:                true,
	} {
		e, err := Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		account, user, key := ana()
		got, told, err := e.Matches(account, user, key, noon)
		if err != nil || !told || got != want {
			t.Errorf("%s = %v, told %v, %v; want %v", text, got, told, err, want)
		}
	}
}

// TestUnreadIsNoAnswer: where the answer hangs on an unread fact there is none;
// where it doesn't, there is.
func TestUnreadIsNoAnswer(t *testing.T) {
	account, user, key := ana()
	key.LastUsed = accesskey.Unread[accesskey.LastUse]("throttled")
	user.Tags = accesskey.Unread[map[string]string]("denied")
	key.Status = seen(accesskey.Status("Suspended"))
	account.Alias, account.NoAlias = "", "denied"
	for text, want := range map[string]struct{ matches, told bool }{
		`key.idle > duration("1h")`:                        {false, false},
		`!key.used`:                                        {false, false},
		`user.tags["team"] == "x"`:                         {false, false},
		`key.status != "Active"`:                           {false, false},
		`account.alias == "prod"`:                          {false, false},
		`account.alias != "prod"`:                          {false, false},
		`user.name == "bo" && key.idle > duration("1h")`:   {false, true},
		`user.name == "ana" || key.idle > duration("99h")`: {true, true},
	} {
		e, err := Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		matches, told, err := e.Matches(account, user, key, noon)
		if err != nil || matches != want.matches || told != want.told {
			t.Errorf("%s = %v, told %v, %v; want %+v", text, matches, told, err, want)
		}
	}
}

func TestNeverUsed(t *testing.T) {
	account, user, key := ana()
	key.LastUsed = seen(accesskey.LastUse{})
	e, err := Compile(`!key.used && key.idle == key.age`)
	if err != nil {
		t.Fatal(err)
	}
	if got, told, err := e.Matches(account, user, key, noon); !got || !told || err != nil {
		t.Errorf("%v %v %v", got, told, err)
	}
}

func TestWrongExpressions(t *testing.T) {
	for text, want := range map[string]string{
		``:                        "Syntax error",
		`user.nme == "ana"`:       "undeclared reference",
		`user.name`:               "want yes or no",
		`key.age > 90`:            "no matching overload",
		`key.status = "Active"`:   "Syntax error",
		`user.tags.team.x == "y"`: "does not support field selection",
	} {
		if _, err := Compile(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
	e, err := Compile(`user.tags["owner"] == "x"`)
	if err != nil {
		t.Fatal(err)
	}
	account, user, key := ana()
	if _, _, err := e.Matches(account, user, key, noon); err == nil || !strings.Contains(err.Error(), "ana") {
		t.Errorf("a tag that isn't there: %v", err)
	}
}

func TestHelpHasEveryWord(t *testing.T) {
	if n := strings.Count(Help(), "\n"); n != len(words) {
		t.Errorf("%d lines for %d words", n, len(words))
	}
}
