package match

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keytend/keytend/internal/accesskey"
)

func TestText(t *testing.T) {
	account, user, key := ana()
	for text, want := range map[string]string{
		`user.tags["team"] + "@example.com"`:                                "billing@example.com",
		`"team" in user.tags ? user.tags["team"] : user.path.split("/")[1]`: "",
		`user.admin ? "security" : user.name`:                               "security",
	} {
		e, err := CompileText(text)
		if want == "" {
			if err == nil {
				t.Errorf("%s: compiled", text)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, told, err := e.Of(&Subject{Account: &account, User: &user, Key: &key, Now: noon}); got != want || !told || err != nil {
			t.Errorf("%s = %q %v %v, want %q", text, got, told, err, want)
		}
	}
	e, err := CompileText(`user.tags["team"]`)
	if err != nil {
		t.Fatal(err)
	}
	user.Tags = accesskey.Unread[map[string]string]("denied")
	if got, told, err := e.Of(&Subject{User: &user}); got != "" || told || err != nil {
		t.Errorf("unread: %q %v %v", got, told, err)
	}
	if _, err := CompileText(`user.admin`); err == nil || !strings.Contains(err.Error(), "want a text") {
		t.Errorf("%v", err)
	}
}

// TestMistakesHavePlaces: line and column, from 1.
func TestMistakesHavePlaces(t *testing.T) {
	for text, want := range map[string]Mistake{
		"team == \"x\"":                     {1, 1, "undeclared reference"},
		"user.name == \"x\" &&\n  tem == 1": {2, 3, "undeclared reference"},
		"user.name":                         {1, 1, "it gives a string, want yes or no"},
		"key.age > duration(\"90d\")":       {1, 20, "invalid duration"},
		"user.name.matches(\"[\")":          {1, 19, "invalid matches"},
	} {
		_, err := Compile(text)
		var wrong *MistakesError
		if !errors.As(err, &wrong) || len(wrong.Mistakes) != 1 {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got := wrong.Mistakes[0]
		if got.Line != want.Line || got.Column != want.Column || !strings.Contains(got.Message, want.Message) {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func TestDays(t *testing.T) {
	account, user, key := ana() // the key is 100 hours old
	for text, want := range map[string]bool{`key.age > days(4)`: true, `key.age > days(5)`: false, `days(2) == duration("48h")`: true} {
		e, err := Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, told, err := e.Matches(account, user, key, noon); got != want || !told || err != nil {
			t.Errorf("%s = %v %v %v", text, got, told, err)
		}
	}
	e, err := Compile(`key.age > days(200000)`)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := e.Matches(account, user, key, noon); err == nil || !strings.Contains(err.Error(), "290 years") {
		t.Errorf("%v", err)
	}
}

func TestUnguardedTags(t *testing.T) {
	for text, want := range map[string][]string{
		`user.name == "x"`:                                     nil,
		`user.tags["a"] == "x"`:                                {"a"},
		`user.tags.a == user.tags.b`:                           {"a", "b"},
		`"a" in user.tags && user.tags["a"] == user.tags["b"]`: {"b"},
		`user.tags.exists(t, t == "a")`:                        nil,
		`has(user.tags.a) && user.tags.a == "x"`:               nil,
	} {
		e, err := Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, e.UnguardedTags(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// TestCostlyExpressionsEnd: whatever is written, one key is judged in a bounded
// time.
func TestCostlyExpressionsEnd(t *testing.T) {
	account, user, key := ana()
	tags := map[string]string{}
	for i := range 50 {
		tags[strings.Repeat("k", i+1)] = strings.Repeat("v", 256)
	}
	user.Tags = seen(tags)
	e, err := Compile(`user.tags.all(a, user.tags.all(b, user.tags.all(c, user.tags.all(d, a.size() > 0))))`)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, _, err := e.Matches(account, user, key, noon); err == nil || !strings.Contains(err.Error(), "cost") {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

func BenchmarkMeans(b *testing.B) {
	for _, text := range []string{`user.name == "legacy"`, `"team" in user.tags && user.tags["team"] == "x"`, `key.idle > days(90)`} {
		b.Run(text, func(b *testing.B) {
			e, err := Compile(text)
			if err != nil {
				b.Fatal(err)
			}
			account, user, key := ana()
			var s Subject
			b.ReportAllocs()
			for b.Loop() {
				s = Subject{Account: &account, User: &user, Key: &key, Now: noon}
				if _, _, err := e.Means(&s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
