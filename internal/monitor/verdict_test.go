package monitor

import (
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func seen[T any](v T) accesskey.Fact[T] { return accesskey.Observed(v, now, "test") }

func ago(days int, more time.Duration) time.Time {
	return now.Add(-time.Duration(days)*policy.Day - more)
}

const (
	oneKey   = accesskey.ID("AKIAIOSFODNN7EXAMPLE")
	otherKey = accesskey.ID("AKIAI44QH8DHBEXAMPLE")
)

func aKey(id accesskey.ID, status accesskey.Status, created, used time.Time) accesskey.Key {
	return accesskey.Key{ID: seen(id), Status: seen(status), Created: seen(created), LastUsed: seen(accesskey.LastUse{At: used})}
}

// TestDifferences: each reason for which AWS Config says otherwise is named
// where it holds, and none is made up where none does.
func TestDifferences(t *testing.T) {
	active := func(created, used time.Time) []accesskey.Key {
		return []accesskey.Key{aKey(oneKey, accesskey.Active, created, used)}
	}
	off := []accesskey.Key{aKey(oneKey, accesskey.Inactive, ago(100, 0), ago(99, 0)), aKey(otherKey, accesskey.Active, ago(1, 0), now)}
	retired := func(at time.Time) []accesskey.Record {
		return []accesskey.Record{{Old: oneKey, New: otherKey, OldExit: accesskey.Exit{Deactivated: at}}}
	}
	for _, c := range []struct {
		name      string
		rule      string
		days      string
		keys      []accesskey.Key
		password  accesskey.Password
		records   []accesskey.Record
		config    string
		at        time.Duration // how long ago AWS Config judged
		never     bool
		want      string // empty: the same
		explained bool
	}{
		{name: "the same", rule: Rotated, keys: active(ago(91, time.Hour), now), config: "NON_COMPLIANT", at: time.Minute},
		{name: "both content", rule: Rotated, keys: active(ago(89, 0), now), config: "COMPLIANT", at: time.Hour},
		{name: "nothing to judge", rule: Rotated, keys: []accesskey.Key{aKey(oneKey, accesskey.Inactive, ago(400, 0), now)}, at: time.Hour},
		{name: "whole days", rule: Rotated, keys: active(ago(90, 12*time.Minute), now), config: "COMPLIANT", at: time.Minute,
			want: "AWS Config counts whole days, Keytend counts to the second: AKIAIOSFODNN7EXAMPLE is 90 days 12 minutes old", explained: true},
		{name: "judged before", rule: Rotated, keys: active(ago(90, time.Hour), now), config: "COMPLIANT", at: 2 * time.Hour,
			want: "AWS Config counts whole days", explained: true},
		{name: "judged before, and days", rule: Rotated, keys: active(ago(91, time.Hour), now), config: "COMPLIANT", at: 20 * time.Hour,
			want: "AWS Config counts whole days, Keytend counts to the second; AWS Config judged at 2026-11-22 16:00 UTC, 20 hours ago", explained: true},
		{name: "its limit", rule: Rotated, days: "60", keys: active(ago(70, 0), now), config: "NON_COMPLIANT", at: time.Hour,
			want: "the rule's limit is 60 days, Keytend's 90 days", explained: true},
		{name: "switched off since", rule: Rotated, keys: off, records: retired(now.Add(-2 * time.Hour)), config: "NON_COMPLIANT", at: 5 * time.Hour,
			want: "AWS Config judged at 2026-11-23 07:00 UTC, 5 hours ago: AKIAIOSFODNN7EXAMPLE is 99 days 19 hours old", explained: true},
		{name: "switched off while its report was kept", rule: Rotated, keys: off, records: retired(now.Add(-6 * time.Hour)), config: "NON_COMPLIANT", at: 5 * time.Hour,
			want: "by a credential report that may have been 4 hours older", explained: true},
		{name: "switched off long before", rule: Rotated, keys: off, records: retired(now.Add(-40 * time.Hour)), config: "NON_COMPLIANT", at: 5 * time.Hour,
			want: "unexplained: AKIAIOSFODNN7EXAMPLE is Inactive, and AWS does not tell since when"},
		{name: "switched off by nobody we know", rule: Rotated, keys: off, config: "NON_COMPLIANT", at: 5 * time.Hour,
			want: "unexplained: AKIAIOSFODNN7EXAMPLE is Inactive"},
		{name: "deleted, perhaps", rule: Rotated, keys: active(ago(3, 0), now), config: "NON_COMPLIANT", at: time.Hour,
			want: "unexplained: a key that has been deleted since would be a reason"},
		{name: "no reason at all", rule: Rotated, keys: active(ago(300, 0), now), config: "COMPLIANT", at: time.Hour, want: "unexplained"},
		{name: "never judged", rule: Rotated, keys: active(ago(300, 0), now), never: true, want: "AWS Config has not judged by this rule yet", explained: true},
		{name: "a user made since", rule: Rotated, keys: active(now.Add(-time.Hour), now), at: 5 * time.Hour,
			want: "AWS Config judged at 2026-11-23 07:00 UTC, 5 hours ago", explained: true},
		{name: "unused by both", rule: Unused, days: "45", keys: active(ago(80, 0), ago(50, 0)), config: "NON_COMPLIANT", at: time.Hour},
		{name: "used since", rule: Unused, days: "45", keys: active(ago(80, 0), now.Add(-time.Hour)), config: "NON_COMPLIANT", at: 3 * time.Hour,
			want: "AKIAIOSFODNN7EXAMPLE was used at 2026-11-23 11:00 UTC, after AWS Config looked", explained: true},
		{name: "its default limit", rule: Unused, keys: active(ago(80, 0), ago(50, 0)), config: "COMPLIANT", at: time.Hour,
			want: "the rule's limit is 90 days, Keytend's 45 days", explained: true},
		{name: "a password", rule: Unused, days: "45", keys: active(ago(20, 0), ago(1, 0)), password: accesskey.Password{Enabled: true, LastUsed: ago(200, 0)}, config: "NON_COMPLIANT", at: time.Hour,
			want: "the rule judges passwords too, Keytend's limit is for keys: the password was last used 200 days ago", explained: true},
		{name: "a password alone that is used", rule: Unused, days: "45", password: accesskey.Password{Enabled: true, LastUsed: ago(2, 0)}, config: "COMPLIANT", at: time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			user := accesskey.User{Name: "ana", ID: "AIDACKCEVSQ6C2EXAMPLE", Created: ago(900, 0), Keys: seen(c.keys), Password: seen(c.password)}
			s := Seen{Rule: awsapi.ConfigRule{Name: "r", Identifier: c.rule}, Evaluated: now.Add(-c.at)}
			if c.days != "" {
				s.Rule.Parameters = map[string]string{Rotated: `{"maxAccessKeyAge":"` + c.days + `"}`, Unused: `{"maxCredentialUsageAge":"` + c.days + `"}`}[c.rule]
			}
			if c.config != "" {
				s.Verdicts = []awsapi.ConfigVerdict{{Kind: "AWS::IAM::User", ID: user.ID, Compliance: c.config, At: now.Add(-c.at)}}
			}
			if c.never {
				s.Evaluated = time.Time{}
			}
			row := Compare(accesskey.Inventory{Users: []accesskey.User{user}}, s, Options{MaxAge: 90 * policy.Day, Unused: 45 * policy.Day}, c.records, now)[0]
			if row.Same != (c.want == "") || !strings.Contains(row.Why, c.want) || row.Explained != c.explained {
				t.Errorf("%+v, want %q, explained %t", row, c.want, c.explained)
			}
		})
	}
}

func TestUnreadKeysAreSaid(t *testing.T) {
	user := accesskey.User{Name: "ana", ID: "AIDACKCEVSQ6C2EXAMPLE", Keys: accesskey.Unread[[]accesskey.Key]("throttled")}
	s := Seen{Rule: awsapi.ConfigRule{Identifier: Rotated}, Evaluated: now, Verdicts: []awsapi.ConfigVerdict{{ID: user.ID, Compliance: "COMPLIANT", At: now}}}
	row := Compare(accesskey.Inventory{Users: []accesskey.User{user}}, s, Options{MaxAge: 90 * policy.Day}, nil, now)[0]
	if row.Same || row.Ours != Unread || !strings.Contains(row.Why, "could not read") {
		t.Errorf("%+v", row)
	}
}

// TestSteps: what is done about a thing, as it is wanted and as it is.
func TestSteps(t *testing.T) {
	want := []Setting{{"limit", "90 days"}, {"target", "topic"}}
	for _, c := range []struct {
		thing Thing
		act   Act
		why   string
	}{
		{Thing{Want: want}, Make, "limit 90 days, target topic"},
		{Thing{Want: want, There: true, Ours: true, Have: want}, Keep, ""},
		{Thing{Want: want, There: true, Ours: true, Have: []Setting{{"limit", "60 days"}, {"target", "topic"}}}, Repair, "limit: 60 days, want 90 days"},
		{Thing{Want: want, There: true, Ours: true, Have: []Setting{{"limit", "90 days"}, {"target", ""}}}, Repair, "target: none, want topic"},
		{Thing{Want: want, There: true, Have: want}, Leave, "keytend did not make"},
		{Thing{Want: want, Reused: "theirs"}, Reuse, "theirs does the same"},
		{Thing{Want: want, Reused: "theirs", There: true, Ours: true, Have: want}, Keep, ""},
	} {
		step := Install([]*Thing{&c.thing})[0]
		if step.Act != c.act || !strings.Contains(step.Why, c.why) {
			t.Errorf("%+v: %s %q, want %s %q", c.thing, step.Act, step.Why, c.act, c.why)
		}
	}
	there, theirs, missing := &Thing{Name: "a", There: true, Ours: true}, &Thing{Name: "b", There: true}, &Thing{Name: "c"}
	steps := Removal([]*Thing{there, theirs, missing})
	if len(steps) != 2 || steps[0].Act != Leave || steps[1].Act != Remove || steps[1].Name != "a" {
		t.Errorf("%+v", steps)
	}
}
