package policy

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
)

func TestScorecard(t *testing.T) {
	watched := map[string]Monitoring{account1: {
		Recorder: fact(true),
		Rules:    fact([]string{"ACCESS_KEYS_ROTATED", "S3_BUCKET_VERSIONING_ENABLED"}),
	}}
	card := Score([]accesskey.Inventory{troubled()}, watched, DefaultRules(), now)
	got := map[string]string{}
	worst := map[string]Offender{}
	for _, p := range card.Practices {
		got[p.Name] = fmt.Sprintf("%s %d/%d+%d %.0f%%: %s", p.Status, p.Good, p.Of, p.Unknown, p.Percent, p.Sentence)
		worst[p.Name] = p.Offenders[0]
	}
	want := map[string]string{
		"rotation":           "fail 7/9+0 78%: Active keys at most 90 days old: 7 of 9",
		"roles-preferred":    "fail 2/10+0 20%: users without an Active key: 2 of 10; with one: 8, known to be admin-like: 1, also with a console password: 1",
		"automated-rotation": "fail 5/7+0 71%: users older than 90 days with Active keys, all of them younger than that: 5 of 7",
		"monitoring":         "fail 1/3+0 33%: AWS Config rules about access keys in place: 1 of 3",
		"unused-keys-off":    "fail 7/9+0 78%: Active keys used within 45 days, or younger: 7 of 9",
		"no-root-keys":       "fail 0/1+0 0%: accounts without a root key, save such as are off: 0 of 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantWorst := map[string]Offender{
		"rotation":           {account1, "boss", exampleID, "created 412 days ago"},
		"roles-preferred":    {account1, "boss", "", "holds 1 Active key, is admin-like"},
		"automated-rotation": {account1, "boss", "", "holds an Active key 412 days old"},
		"monitoring":         {account1, "", "", "missing: IAM_USER_UNUSED_CREDENTIALS_CHECK, IAM_ROOT_ACCESS_KEY_CHECK"},
		"unused-keys-off":    {account1, "never", exampleID, "never used, created 70 days ago"},
		"no-root-keys":       {account1, RootUser, "", "the root user has 1 Active key"},
	}
	if diff := cmp.Diff(wantWorst, worst); diff != "" {
		t.Error(diff)
	}
}

// TestScoreOfNothingKnown: an account of which nothing could be read is
// unknown in every practice, never good.
func TestScoreOfNothingKnown(t *testing.T) {
	blind := accesskey.Inventory{
		Account: accesskey.Account{ID: account1, Partition: "aws"},
		Users:   []accesskey.User{{Name: "alice"}},
	}
	for _, p := range Score([]accesskey.Inventory{blind}, nil, DefaultRules(), now).Practices {
		if p.Status != StatusUnknown || p.Of != 0 || p.Unknown == 0 {
			t.Errorf("%s: %s %d/%d+%d", p.Name, p.Status, p.Good, p.Of, p.Unknown)
		}
	}
}

// TestRootKeyOfUnknownStatusIsBad: that it is there is what the controls ask.
func TestRootKeyOfUnknownStatusIsBad(t *testing.T) {
	for name, tc := range map[string]struct {
		keys []accesskey.Key
		want string
	}{
		"unread":            {[]accesskey.Key{with(aged(Day), unreadStatus)}, "fail 0/1+0 the root user has 1 key of unknown status"},
		"unread and Active": {[]accesskey.Key{with(aged(Day), unreadStatus), aged(Day)}, "fail 0/1+0 the root user has 1 Active key and 1 key of unknown status"},
		"off":               {[]accesskey.Key{with(aged(Day), status(accesskey.Inactive))}, "ok 1/1+0 "},
	} {
		inv := inventory()
		inv.Root.Keys = fact(tc.keys)
		p := Score([]accesskey.Inventory{inv}, nil, DefaultRules(), now).Practices[5]
		got := fmt.Sprintf("%s %d/%d+%d ", p.Status, p.Good, p.Of, p.Unknown)
		for _, o := range p.Offenders {
			got += o.Reason
		}
		if got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestScoreOfAnEmptyAccount(t *testing.T) {
	monitoring := map[string]Monitoring{account1: {Recorder: fact(true), Rules: fact(configRules)}}
	for _, p := range Score([]accesskey.Inventory{inventory()}, monitoring, DefaultRules(), now).Practices {
		if p.Status != StatusOK || p.Percent != 100 {
			t.Errorf("%s: %s %v", p.Name, p.Status, p.Percent)
		}
	}
}

// TestScoreOfNothing: what is not there misses no target, and that is said; but
// that nobody is old enough to tell shows no rotation.
func TestScoreOfNothing(t *testing.T) {
	young := altered(holder("young", aged(Day)), func(u *accesskey.User) { u.Created = ago(Day) })
	off := holder("off", with(aged(400*Day), status(accesskey.Inactive)))
	for _, tc := range []struct {
		name string
		inv  accesskey.Inventory
		want [3]string // rotation, automation, unused keys
	}{
		{"no users", inventory(), [3]string{"ok no user has an Active key", "ok no user has an Active key", "ok no user has an Active key"}},
		{"all keys off", inventory(off), [3]string{"ok no user has an Active key", "ok no user has an Active key", "ok no user has an Active key"}},
		{"all users young", inventory(young), [3]string{
			"ok Active keys at most 90 days old: 1 of 1",
			"unknown too early to tell: no user with an Active key is older than 90 days",
			"ok Active keys used within 45 days, or younger: 1 of 1",
		}},
	} {
		p := Score([]accesskey.Inventory{tc.inv}, nil, DefaultRules(), now).Practices
		for i, at := range []int{0, 2, 4} {
			if got := string(p[at].Status) + " " + p[at].Sentence; got != tc.want[i] {
				t.Errorf("%s: %s: %q, want %q", tc.name, p[at].Name, got, tc.want[i])
			}
		}
	}
}

// TestRulesWithoutARecorderJudgeNothing: AWS Config rules need a recorder.
func TestRulesWithoutARecorderJudgeNothing(t *testing.T) {
	for _, tc := range []struct {
		m    Monitoring
		want string
	}{
		{Monitoring{Recorder: fact(false), Rules: fact(configRules)}, "fail 0/3+0"},
		{Monitoring{Recorder: fact(false)}, "fail 0/3+0"},
		{Monitoring{Rules: fact(configRules)}, "unknown 0/0+3"},
		{Monitoring{Recorder: fact(true)}, "unknown 0/0+3"},
		{Monitoring{Recorder: fact(true), Rules: fact(configRules)}, "ok 3/3+0"},
	} {
		p := Score([]accesskey.Inventory{inventory()}, map[string]Monitoring{account1: tc.m}, DefaultRules(), now).Practices[3]
		if got := fmt.Sprintf("%s %d/%d+%d", p.Status, p.Good, p.Of, p.Unknown); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

// TestRolesPreferredRisesAsKeysGo removes keys one after another.
func TestRolesPreferredRisesAsKeysGo(t *testing.T) {
	users := []accesskey.User{holder("a", aged(Day)), holder("b", aged(Day)), holder("c", aged(Day))}
	last := -1.0
	for i := range len(users) + 1 {
		p := Score([]accesskey.Inventory{inventory(users...)}, nil, DefaultRules(), now).Practices[1]
		if p.Percent <= last {
			t.Fatalf("%v after %v", p.Percent, last)
		}
		last = p.Percent
		if i < len(users) {
			users[i].Keys = fact([]accesskey.Key(nil))
		}
	}
}

// TestAutomationIsEvidenceOnly tells what counts as replacement.
func TestAutomationIsEvidenceOnly(t *testing.T) {
	young := altered(holder("young", aged(10*Day)), func(u *accesskey.User) { u.Created = ago(90 * Day) })
	for _, tc := range []struct {
		name string
		user accesskey.User
		want string
	}{
		{"replaced in time", holder("a", aged(90*Day)), "1/1+0"},
		{"not replaced", holder("a", aged(90*Day+time.Second)), "0/1+0"},
		{"one of two not", holder("a", aged(Day), aged(100*Day)), "0/1+0"},
		{"user too young to tell", young, "0/0+0"},
		{"no Active key", holder("a", with(aged(400*Day), status(accesskey.Inactive))), "0/0+0"},
		{"age unread", holder("a", with(aged(Day), unreadCreated)), "0/0+1"},
		{"age of one unread, other old", holder("a", with(aged(Day), unreadCreated), aged(400*Day)), "0/1+0"},
		{"status of one unread", holder("a", with(aged(Day), unreadStatus), aged(Day)), "0/0+1"},
		{"user's age unread", altered(holder("a", aged(Day)), func(u *accesskey.User) { u.Created = time.Time{} }), "0/0+1"},
	} {
		p := Score([]accesskey.Inventory{inventory(tc.user)}, nil, DefaultRules(), now).Practices[2]
		if got := fmt.Sprintf("%d/%d+%d", p.Good, p.Of, p.Unknown); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestOffendersAreTheWorstFive(t *testing.T) {
	var users []accesskey.User
	for i := range 20 {
		users = append(users, holder(fmt.Sprintf("u%02d", i), aged(100*Day+time.Duration(i*7%20)*Day)))
	}
	p := Score([]accesskey.Inventory{inventory(users...)}, nil, DefaultRules(), now).Practices[0]
	var got []string
	for _, o := range p.Offenders {
		got = append(got, o.Reason)
	}
	want := []string{"created 119 days ago", "created 118 days ago", "created 117 days ago", "created 116 days ago", "created 115 days ago"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
