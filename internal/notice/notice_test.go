package notice

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const account, key = "123456789012", "AKIAIOSFODNN7EXAMPLE"

func dueIn(d time.Duration) Matter {
	return Matter{Account: account, User: "ana", Thing: key, Owner: "ana@example.com", Due: noon.Add(d), Reasons: []string{"too old"}}
}

func with(r accesskey.Record) Matter {
	r.ID, r.Old, r.Subject = "r1", key, accesskey.Subject{Account: account, User: "ana"}
	return Matter{Account: account, User: "ana", Thing: key, Owner: "ana@example.com", Record: &r}
}

func blockedFor(why accesskey.Reason) Matter {
	return with(accesskey.Record{Work: accesskey.Rotation, Phase: accesskey.Blocked, Block: &accesskey.Block{
		Reason: why, Saw: "last used yesterday", Command: "keytend resolve ana force|retry", Resume: accesskey.Overlap, Since: noon}})
}

func TestRungs(t *testing.T) {
	for name, c := range map[string]struct {
		matter Matter
		want   string // "kind step", one each
	}{
		"fifteen days before":        {dueIn(15 * day), ""},
		"fourteen days before":       {dueIn(14 * day), "due soon -14"},
		"eight days before":          {dueIn(8 * day), "due soon -14"},
		"seven days before":          {dueIn(7 * day), "due soon -7"},
		"a second before":            {dueIn(time.Second), "due soon -7"},
		"due":                        {dueIn(0), "due 0"},
		"six days after":             {dueIn(-6 * day), "due 0"},
		"a week after":               {dueIn(-7 * day), "overdue 7"},
		"thirteen days after":        {dueIn(-13 * day), "overdue 7"},
		"three years after":          {dueIn(-1100 * day), "overdue 1099"},
		"no due date":                {Matter{Account: account, User: "ana"}, ""},
		"can't wait":                 {Matter{Account: account, User: "ana", AtOnce: true}, "due 0"},
		"blocked":                    {blockedFor(policy.WhyUnknownKey), "blocked 0"},
		"still used at the end":      {blockedFor(policy.WhyStillUsed), "still used 0"},
		"switched off":               {with(accesskey.Record{Phase: accesskey.Resting, OldExit: accesskey.Exit{Deactivated: noon}}), "deactivated 0"},
		"switched off by others":     {with(accesskey.Record{Phase: accesskey.Resting, OldExit: accesskey.Exit{Theirs: noon}}), ""},
		"retirement noticed":         {with(accesskey.Record{Work: accesskey.Retirement, Phase: accesskey.Noticed}), "notice 0"},
		"rotation under way":         {with(accesskey.Record{Work: accesskey.Rotation, Phase: accesskey.Overlap}), ""},
		"waits within its deadline":  {with(accesskey.Record{Phase: accesskey.Overlap, Watch: accesskey.Watch{Waiting: policy.WhyPlaces}}), ""},
		"waits past its deadline":    {with(accesskey.Record{Phase: accesskey.Overlap, Watch: accesskey.Watch{Waiting: policy.WhyPlaces}, Alerted: []accesskey.Reason{policy.WhyPlaces}}), "waiting 0"},
		"being replaced, due soon":   {under(dueIn(7 * day)), ""},
		"being replaced, due":        {under(dueIn(0)), "due 0"},
		"being replaced, a week ago": {under(dueIn(-7 * day)), "overdue 7"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, r := range c.matter.rungs(DefaultLadder(), func(string) time.Time { return time.Time{} }, noon) {
				got = append(got, fmt.Sprintf("%s %d", r.Kind, r.Step/86400))
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("rungs %q, want %q", s, c.want)
			}
		})
	}
}

func under(m Matter) Matter {
	m.Record = &accesskey.Record{ID: "r1", Work: accesskey.Rotation, Phase: accesskey.Overlap}
	return m
}

// A digest as it goes out, so that the words are read once by a person.
func TestDigest(t *testing.T) {
	bob := dueIn(-20 * day)
	bob.User, bob.Thing, bob.Owner = "bob", "AKIAI44QH8DHBEXAMPLE", ""
	got := Digests(Input{Matters: []Matter{dueIn(7 * day), blockedFor(policy.WhyStillUsed), bob}, Fallback: "security@example.com", Now: noon})
	want := []Digest{{
		ID: ID("digest", "", "ana@example.com", "2026-11-23"), To: "ana@example.com", Day: "2026-11-23", At: noon,
		Entries: []Entry{{
			Kind: StillUsed, Account: account, User: "ana", Key: key, Owner: "ana@example.com", At: noon,
			Says: "key " + key + " is to go and is still used", Reasons: []string{"last used yesterday"},
			Do: "move what still uses it to the new key; it is not switched off meanwhile", Command: "keytend resolve ana force|retry",
			Occasion: "r1 still used still used at overlap_max 2026-11-23T12:00:00Z",
		}, {
			Kind: DueSoon, Account: account, User: "ana", Key: key, Owner: "ana@example.com", At: noon.Add(7 * day),
			Says: "is due on 2026-11-30, in 7 days", Reasons: []string{"too old"}, Do: "replace it, or end it where nobody needs it",
			Command: "keytend explain ana", Occasion: "due 2026-11-30", Step: -7 * 86400,
		}},
	}, {
		ID: ID("digest", "", "security@example.com", "2026-11-23"), To: "security@example.com", Day: "2026-11-23", At: noon,
		Entries: []Entry{{
			Kind: Overdue, Account: account, User: "bob", Key: "AKIAI44QH8DHBEXAMPLE", Why: OwnerUnknown, At: noon.Add(-20 * day),
			Says: "was due on 2026-11-03, 20 days ago", Reasons: []string{"too old"}, Do: "replace it, or end it where nobody needs it",
			Command: "keytend explain bob", Occasion: "due 2026-11-03", Step: 14 * 86400,
		}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Receivers take an ID once: the digests of two state files must differ in it.
func TestTwoJournalsTellTwoThings(t *testing.T) {
	in := Input{Matters: []Matter{dueIn(7 * day)}, Now: noon, Journal: "j1"}
	one := Digests(in)
	in.Journal = "j2"
	if two := Digests(in); one[0].ID == two[0].ID {
		t.Errorf("both are %s", one[0].ID)
	}
}

func TestNobodyIsToldTwice(t *testing.T) {
	in := Input{Matters: []Matter{dueIn(7 * day)}, Now: noon, Sent: map[string]time.Time{}}
	first := Digests(in)
	if len(first) != 1 {
		t.Fatalf("%d digests, want 1", len(first))
	}
	for name, c := range map[string]struct {
		change func(*Input)
		want   int
	}{
		"the same again":           {func(*Input) {}, 0},
		"a day later":              {func(in *Input) { in.Now = noon.Add(day) }, 0},
		"due, a digest today":      {func(in *Input) { in.Now = noon.Add(7 * day); in.Sent["ana@example.com"] = in.Now.Add(-time.Hour) }, 0},
		"due, a digest yesterday":  {func(in *Input) { in.Now = noon.Add(7 * day); in.Sent["ana@example.com"] = in.Now.Add(-13 * time.Hour) }, 1},
		"another owner":            {func(in *Input) { in.Matters[0].Owner = "bob@example.com" }, 1},
		"another due date":         {func(in *Input) { in.Matters[0].Due = noon.Add(5 * day) }, 1},
		"a ladder with more rungs": {func(in *Input) { in.Ladder = Ladder{30 * day, 14 * day, 7 * day} }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			again := Input{Matters: []Matter{dueIn(7 * day)}, Told: first[0].Told(), Now: noon, Sent: map[string]time.Time{}}
			c.change(&again)
			if got := len(Digests(again)); got != c.want {
				t.Errorf("%d digests, want %d", got, c.want)
			}
		})
	}
}

func TestWhatCannotWaitIsToldEveryWeek(t *testing.T) {
	m := Matter{Account: account, User: "ana", Thing: key, Owner: "ana@example.com", AtOnce: true}
	var told []Told
	var days []int
	for i := range 30 {
		for _, d := range Digests(Input{Matters: []Matter{m}, Told: told, Now: noon.Add(time.Duration(i) * day)}) {
			told = append(told, d.Told()...)
			days = append(days, i)
		}
	}
	if d := cmp.Diff([]int{0, 7, 14, 21, 28}, days); d != "" {
		t.Error(d)
	}
}

func TestAcknowledgements(t *testing.T) {
	week := Ack{Account: account, User: "ana", At: noon, Until: noon.Add(week)}
	long := Ack{Account: account, User: "ana", At: noon, Until: noon.Add(365 * day)}
	of := func(a Ack, thing string) Ack { a.Thing = thing; return a }
	for name, c := range map[string]struct {
		ack    Ack
		matter Matter
		now    time.Time
		want   bool // told
	}{
		"silenced":                     {week, dueIn(0), noon.Add(day), false},
		"its date has come":            {week, dueIn(0), noon.Add(7 * day), true},
		"by key":                       {of(week, key), dueIn(0), noon, false},
		"another key":                  {of(week, "AKIAI44QH8DHBEXAMPLE"), dueIn(0), noon, true},
		"up to 30 days past due":       {long, dueIn(-29 * day), noon, false},
		"not longer":                   {long, dueIn(-30 * day), noon, true},
		"without a due date, 30 days":  {long, blockedFor(policy.WhyStillUsed), noon.Add(29 * day), false},
		"and not longer":               {long, blockedFor(policy.WhyStillUsed), noon.Add(30 * day), true},
		"never what is blocked":        {long, blockedFor(policy.WhyUnknownKey), noon, true},
		"never what is deactivated":    {long, with(accesskey.Record{Phase: accesskey.Resting, OldExit: accesskey.Exit{Deactivated: noon}}), noon, true},
		"a retirement's notice may be": {long, with(accesskey.Record{Work: accesskey.Retirement, Phase: accesskey.Noticed}), noon, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := len(Digests(Input{Matters: []Matter{c.matter}, Acks: []Ack{c.ack}, Now: c.now})) == 1
			if got != c.want {
				t.Errorf("told %v, want %v", got, c.want)
			}
		})
	}
}

func TestAckCheck(t *testing.T) {
	for name, c := range map[string]struct {
		until time.Time
		dues  []time.Time
		want  string
	}{
		"past":               {noon, nil, "that is past"},
		"no due date":        {noon.Add(30 * day), nil, ""},
		"none, too far":      {noon.Add(31 * day), nil, "at most 2026-12-23"},
		"due":                {noon.Add(40 * day), []time.Time{noon.Add(10 * day)}, ""},
		"the later counts":   {noon.Add(40 * day), []time.Time{noon.Add(10 * day), noon}, ""},
		"too far":            {noon.Add(41 * day), []time.Time{noon.Add(10 * day)}, "at most 2027-01-02, 30 days after it is due (2026-12-03)"},
		"overdue for months": {noon.Add(day), []time.Time{noon.Add(-100 * day)}, "at most 2026-09-14"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Ack{At: noon, Until: c.until}.Check(c.dues)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestRecipients(t *testing.T) {
	known := func(owner string) (bool, bool) { return owner == "ana@example.com", strings.Contains(owner, "@") }
	for owner, want := range map[string]Recipient{
		"":                  {"security@example.com", OwnerUnknown},
		"  ":                {"security@example.com", OwnerUnknown},
		"ana@example.com":   {To: "ana@example.com"},
		"ghost@example.com": {"security@example.com", OwnerLeft},
		"team-a":            {To: "team-a"}, // who they are can't be told
	} {
		if got := RecipientOf(owner, "security@example.com", known); got != want {
			t.Errorf("%q: %+v, want %+v", owner, got, want)
		}
	}
	if got := RecipientOf("ghost@example.com", "security@example.com", nil); got.Why != "" {
		t.Errorf("nobody keeps a list, yet %+v", got)
	}
}

func TestGathering(t *testing.T) {
	created := noon.Add(-100 * day)
	enforce := policy.Ruling{Mode: policy.Enforce, Owner: "ana@example.com", OwnerFrom: `tag "owner"`, Rules: policy.Rules{MaxAge: 90 * day}}
	observe, nobody := enforce, enforce
	observe.Mode = policy.ObserveOnly
	nobody.Owner, nobody.OwnerFrom = "security@example.com", "fallback, for its tags could not be read"
	item := func(change func(*policy.Item)) policy.Item {
		i := policy.Item{Account: account, User: "ana", Key: key, Created: created, Due: noon, Work: accesskey.Rotation, Action: policy.Begin, At: noon}
		change(&i)
		return i
	}
	matter := func(change func(*Matter)) []Matter {
		m := Matter{Account: account, User: "ana", Thing: key, Owner: "ana@example.com", Due: noon}
		change(&m)
		return []Matter{m}
	}
	for name, c := range map[string]struct {
		item   policy.Item
		active bool
		ruling policy.Ruling
		want   []Matter
	}{
		"begins":      {item(func(*policy.Item) {}), true, enforce, matter(func(m *Matter) { m.Plan = "keytend replaces it by itself, from 2026-11-23" })},
		"only looked": {item(func(*policy.Item) {}), true, observe, matter(func(*Matter) {})},
		"retired": {item(func(i *policy.Item) { i.Work, i.Saw = accesskey.Retirement, "never used" }), true, enforce, matter(func(m *Matter) {
			m.Plan, m.Reasons = "keytend switches it off, unless it is used before, from 2026-11-23", []string{"never used"}
		})},
		"no destination": {item(func(i *policy.Item) { i.Action, i.Todo = policy.Cannot, "name a destination" }), true, enforce, matter(func(m *Matter) { m.Plan = "name a destination" })},
		"left out grows old": {item(func(i *policy.Item) { i.Action, i.Due, i.Saw = policy.Leave, time.Time{}, "admin-like, and not named" }), true, enforce, matter(func(m *Matter) {
			m.Due, m.Reasons = noon.Add(-10*day), []string{"keytend leaves it alone: admin-like, and not named"}
		})},
		"exempt":           {item(func(i *policy.Item) { i.Action, i.Reason = policy.Leave, policy.WhyExempt }), true, enforce, nil},
		"off":              {item(func(*policy.Item) {}), false, enforce, nil},
		"could not judge":  {item(func(i *policy.Item) { i.Action = policy.Unjudged }), true, enforce, nil},
		"no owner":         {item(func(*policy.Item) {}), true, nobody, matter(func(m *Matter) { m.Owner, m.Plan = "", "keytend replaces it by itself, from 2026-11-23" })},
		"not due for long": {item(func(i *policy.Item) { i.Due = noon.Add(15 * day) }), true, enforce, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var g Gathering
			g.Planned(c.item, c.active, c.ruling)
			if d := cmp.Diff(c.want, g.Pressing(DefaultLadder(), noon)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestGatheringOfOneKey(t *testing.T) {
	var g Gathering
	leaked := policy.Finding{Rule: policy.KeyQuarantined, Severity: policy.Critical, Account: account, User: "ana", KeyID: key, Reason: "leaked"}
	g.Finding(leaked, "ana@example.com")
	for _, f := range []policy.Finding{
		{Rule: policy.KeyTooOld, Severity: policy.Critical, Account: account, User: "eve", Due: noon},
		{Rule: policy.InactiveKey, Severity: policy.Info, Account: account, User: "eve"},
		{Rule: policy.PasswordUnused, Severity: policy.High, Account: account, User: "eve"},
	} {
		g.Finding(f, "eve@example.com")
	}
	live := accesskey.Record{ID: "r2", Subject: accesskey.Subject{Account: account, User: "ana"}, Old: key, Phase: accesskey.Overlap}
	ended, old := live, live
	ended.ID, ended.Phase, ended.Ended = "r1", accesskey.RolledBack, noon.Add(-day)
	old.ID, old.Old, old.Phase, old.Ended = "r0", "AKIAI44QH8DHBEXAMPLE", accesskey.Done, noon.Add(-31*day)
	for _, r := range []accesskey.Record{live, ended, old} {
		g.Record(r, "ana@example.com", noon)
	}
	want := []Matter{{Account: account, User: "ana", Thing: key, Owner: "ana@example.com", AtOnce: true, Reasons: []string{"leaked"}, Record: &live}}
	if d := cmp.Diff(want, g.matters); d != "" {
		t.Error(d)
	}
}

// A key that nobody uses and that nothing is done about yet (the policy observes, a
// budget is used up): notice would be over on another day every day, and its owner
// hears once a week all the same.
func TestNoticeNotYetBegun(t *testing.T) {
	var told []Told
	digests := 0
	for d := range 15 {
		now := noon.Add(time.Duration(d) * day)
		var g Gathering
		g.Planned(policy.Item{
			Account: account, User: "ana", Key: key, Action: policy.Begin, Work: accesskey.Retirement, Created: noon.Add(-300 * day),
			Due: now.Add(14 * day), Limit: noon.Add(-209 * day),
		}, true, policy.Ruling{Owner: "ana@example.com", OwnerFrom: "tag"})
		for _, digest := range Digests(Input{Matters: g.Pressing(DefaultLadder(), now), Told: told, Now: now}) {
			digests++
			told = append(told, digest.Told()...)
		}
	}
	if digests != 3 {
		t.Errorf("%d digests in 15 days, want one a week: %v", digests, told)
	}
}

// Whoever hears that a key will be switched off hears where it is used, and how
// it comes back.
func TestNoticesSayWhereAKeyIsUsed(t *testing.T) {
	m := with(accesskey.Record{Work: accesskey.Retirement, Phase: accesskey.Noticed, Since: noon, Terms: accesskey.Terms{Notice: day}})
	m.Reasons, m.Uses = []string{"unused for 90 days"}, []string{"Terraform uses it from CircleCI."}
	e := m.entry(Rung{Kind: Noticed, At: noon.Add(day)}, noon)
	if diff := cmp.Diff([]string{"unused for 90 days", "Terraform uses it from CircleCI."}, e.Reasons); diff != "" || !strings.Contains(e.Do, "keytend rollback ana") {
		t.Error(diff, e.Do)
	}
	soon := dueIn(day)
	soon.Uses = m.Uses
	if e := soon.entry(Rung{Kind: DueSoon, At: noon}, noon); !strings.Contains(strings.Join(e.Reasons, " "), "CircleCI") {
		t.Error(e.Reasons)
	}
}
