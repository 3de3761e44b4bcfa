package policy

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
)

// planRuling replaces keys of 90 days, retires what is unused for 90 and
// deletes what is off for 30.
func planRuling() Ruling {
	retire := accesskey.DefaultTerms()
	retire.Keep = true
	return Ruling{
		Mode: Enforce, Rules: DefaultRules(), Rotate: true, Terms: accesskey.DefaultTerms(), Margin: 7 * Day,
		Deliver: []string{"ssm:/ana"}, Disable: 90 * Day, NeverUsed: true, Retire: retire, Inactive: 30 * Day, Owner: "team-a",
	}
}

func ruled(r Ruling) Rulings {
	return func(*accesskey.Account, *accesskey.User, *accesskey.Key, time.Time) (Ruling, error) { return r, nil }
}

func planOf(r Ruling, users ...accesskey.User) []Item {
	return Plan(Survey{Inventory: inventory(users...), Quota: fact(2)}, ruled(r), now)
}

func ruling(change func(*Ruling)) Ruling {
	r := planRuling()
	change(&r)
	return r
}

func asItIs(*Ruling) {}

func TestPlanOneKey(t *testing.T) {
	noID := func(k *accesskey.Key) { k.ID = accesskey.Unread[accesskey.ID]("denied") }
	for name, c := range map[string]struct {
		key    accesskey.Key
		ruling func(*Ruling)
		want   Action
		work   accesskey.Work
		why    accesskey.Reason
		says   string
	}{
		"young":                          {aged(10 * Day), asItIs, Comes, accesskey.Rotation, WhyMaxAge, ""},
		"its time has come":              {aged(62 * Day), asItIs, Begin, accesskey.Rotation, WhyMaxAge, "must be off by"},
		"a second too early":             {aged(60*Day - time.Second - 9*time.Minute), asItIs, Comes, accesskey.Rotation, WhyMaxAge, ""},
		"overdue":                        {aged(400 * Day), asItIs, Begin, accesskey.Rotation, WhyMaxAge, "310 days past the limit"},
		"no destination":                 {aged(400 * Day), func(r *Ruling) { r.Deliver = nil }, Cannot, accesskey.Rotation, WhyNoDestination, "nobody would get"},
		"not asked":                      {aged(400 * Day), func(r *Ruling) { r.Rotate = false }, Leave, "", WhyNotAsked, ""},
		"exempt":                         {aged(400 * Day), exemptUntil(now.Add(time.Second)), Leave, "", WhyExempt, "vendor"},
		"exempt no more":                 {aged(400 * Day), exemptUntil(now), Begin, accesskey.Rotation, WhyMaxAge, ""},
		"left out":                       {aged(400 * Day), func(r *Ruling) { r.LeftOut = "admin-like" }, Leave, "", WhyLeftOut, "admin-like"},
		"ID unread":                      {with(aged(400*Day), noID), asItIs, Unjudged, accesskey.Rotation, WhyUnknownFact, "denied"},
		"status unread":                  {with(aged(400*Day), unreadStatus), asItIs, Unjudged, "", WhyUnknownFact, "throttled"},
		"status unheard of":              {with(aged(400*Day), status("Sleeping")), asItIs, Unjudged, "", WhyUnknownFact, "Sleeping"},
		"creation unread":                {with(aged(400*Day), unreadCreated), asItIs, Unjudged, "", WhyUnknownFact, "denied"},
		"use unread":                     {with(aged(400*Day), unreadUse), asItIs, Unjudged, "", WhyUnknownFact, "throttled"},
		"unused, notice begins":          {with(aged(400*Day), rested(76*Day)), asItIs, Begin, accesskey.Retirement, WhyUnused, "last used 76 days ago"},
		"unused, notice comes":           {with(aged(400*Day), rested(75*Day)), asItIs, Comes, accesskey.Retirement, WhyUnused, ""},
		"unused, and never switched off": {with(aged(400*Day), rested(200*Day)), func(r *Ruling) { r.Disable = 0 }, Begin, accesskey.Rotation, WhyMaxAge, ""},
		"unused as of long ago":          {with(aged(400*Day), seenAgo(30*Day, 80*Day)), asItIs, Unjudged, accesskey.Retirement, WhyUnknownFact, "whether it was used since"},
		"never used":                     {with(aged(80*Day), neverUsed), asItIs, Begin, accesskey.Retirement, WhyNeverUsed, "never used since it was created 80 days ago"},
		"never used, only reported":      {with(aged(80*Day), neverUsed), func(r *Ruling) { r.NeverUsed = false }, Leave, "", WhyNeverUsed, ""},
		"never used, and young":          {with(aged(20*Day), neverUsed), asItIs, Comes, accesskey.Rotation, WhyMaxAge, ""},
		"off":                            {with(aged(400*Day), status(accesskey.Inactive)), asItIs, Begin, accesskey.Retirement, WhyInactive, "30 days"},
		"off, and kept":                  {with(aged(400*Day), status(accesskey.Inactive)), func(r *Ruling) { r.Inactive = 0 }, Leave, "", WhyInactive, ""},
		"expired":                        {with(aged(400*Day), status(accesskey.Expired)), asItIs, Leave, "", WhyInactive, "Expired"},
	} {
		t.Run(name, func(t *testing.T) {
			got := planOf(ruling(c.ruling), holder("ana", c.key))
			if len(got) != 1 {
				t.Fatalf("%d items", len(got))
			}
			i := got[0]
			if i.Action != c.want || i.Work != c.work || i.Reason != c.why || !strings.Contains(i.Saw, c.says) {
				t.Errorf("%s %s (%s: %s)", i.Action, i.Work, i.Reason, i.Saw)
			}
		})
	}
}

func exemptUntil(t time.Time) func(*Ruling) {
	return func(r *Ruling) {
		r.Exempt = &Exemption{Until: t, Reason: "vendor", Approver: "ciso@example.com", Where: "keytend.yaml:4"}
	}
}

func TestPlanTerms(t *testing.T) {
	i := planOf(planRuling(), holder("ana", with(aged(400*Day), rested(100*Day))))[0]
	if i.Terms().Idle != 90*Day || !i.Terms().Keep || i.Delete || !i.Due.Equal(now.Add(14*Day)) {
		t.Errorf("a retirement: idle %s, keep %v, delete %v, due %s", i.Terms().Idle, i.Terms().Keep, i.Delete, i.Due)
	}
	i = planOf(planRuling(), holder("ana", with(aged(400*Day), status(accesskey.Inactive))))[0]
	if i.Terms().Rest != 30*Day || i.Terms().Keep || !i.Delete || !i.Inactive {
		t.Errorf("a deletion: rest %s, keep %v", i.Terms().Rest, i.Terms().Keep)
	}
	i = planOf(planRuling(), holder("ana", aged(70*Day)))[0]
	if !i.Late || !strings.Contains(i.Saw, "not sure to be met") {
		t.Errorf("late: %v: %s", i.Late, i.Saw)
	}
}

func TestPlanUnreadUser(t *testing.T) {
	u := altered(holder("ana"), func(u *accesskey.User) { u.Keys = accesskey.Unread[[]accesskey.Key]("throttled") })
	got := planOf(planRuling(), u)
	if len(got) != 1 || got[0].Action != Unjudged || !strings.Contains(got[0].Saw, "throttled") {
		t.Errorf("%+v", got)
	}
	none := func(*accesskey.Account, *accesskey.User, *accesskey.Key, time.Time) (Ruling, error) {
		return Ruling{}, errors.New("tags of ana were not read")
	}
	got = Plan(Survey{Inventory: inventory(holder("ana", aged(400*Day)))}, none, now)
	if len(got) != 1 || got[0].Action != Unjudged || !strings.Contains(got[0].Saw, "tags of ana") {
		t.Errorf("%+v", got)
	}
}

// second is another key than aged.
func second(k accesskey.Key) accesskey.Key {
	k.ID = fact(secondID)
	return k
}

func TestPlanTwoKeys(t *testing.T) {
	old := aged(400 * Day)
	for name, c := range map[string]struct {
		other accesskey.Key
		quota accesskey.Fact[int]
		want  [2]Action
		says  string
	}{
		"both used":                {aged(10 * Day), fact(2), [2]Action{Cannot, Comes}, "no room for a new one"},
		"both used, room for more": {aged(10 * Day), fact(3), [2]Action{Begin, Comes}, "past the limit"},
		"quota unread":             {aged(10 * Day), accesskey.Unread[int]("denied"), [2]Action{Unjudged, Comes}, "denied"},
		"the other unused":         {with(aged(300*Day), rested(200*Day)), fact(2), [2]Action{PutOff, Begin}, "after " + string(secondID)},
		"the other unused soon":    {with(aged(300*Day), rested(60*Day)), fact(2), [2]Action{PutOff, Comes}, "retired first"},
		"the other off":            {with(aged(300*Day), status(accesskey.Inactive)), fact(2), [2]Action{Begin, PutOff}, "past the limit"},
		"both due, room for more":  {aged(300 * Day), fact(3), [2]Action{Begin, PutOff}, "past the limit"},
		"the other unread":         {with(aged(300*Day), unreadUse), fact(2), [2]Action{PutOff, Unjudged}, "throttled"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Plan(Survey{Inventory: inventory(holder("ana", old, second(c.other))), Quota: c.quota}, ruled(planRuling()), now)
			if got[0].Action != c.want[0] || got[1].Action != c.want[1] || !strings.Contains(got[0].Saw, c.says) {
				t.Errorf("%s, %s: %s; %s", got[0].Action, got[1].Action, got[0].Saw, got[1].Saw)
			}
		})
	}
}

func underwayOf(work accesskey.Work, phase accesskey.Phase) accesskey.Record {
	return accesskey.Record{
		ID: "r1", Version: 3, Planned: true, Work: work, Phase: phase, Old: exampleID, Started: ago(Day), Terms: accesskey.DefaultTerms(),
		Subject: accesskey.Subject{Account: account1, User: "ana", UserID: "AIDACKCEVSQ6C2EXAMPLE"},
	}
}

func TestPlanUnderway(t *testing.T) {
	waiting := Step{Kind: Wait, Reason: WhySilence, NotBefore: now.Add(Day), Deadline: now.Add(3 * Day)}
	blocked := underwayOf(accesskey.Rotation, accesskey.Blocked)
	blocked.Block = &accesskey.Block{Reason: WhyStillUsed, Saw: "used by s3", Command: "keytend resolve ana force", Resume: accesskey.Overlap}
	for name, c := range map[string]struct {
		under  Underway
		ruling func(*Ruling)
		want   Action
		why    accesskey.Reason
	}{
		"waits":                     {Underway{Record: underwayOf(accesskey.Rotation, accesskey.Overlap), Step: waiting}, asItIs, Waits, WhySilence},
		"goes on":                   {Underway{Record: underwayOf(accesskey.Rotation, accesskey.Overlap), Step: Step{Kind: Deactivate, Reason: WhySilent}}, asItIs, GoOn, WhySilent},
		"in a freeze":               {Underway{Record: underwayOf(accesskey.Rotation, accesskey.Overlap), Step: Step{Kind: Deactivate, Reason: WhySilent}}, frozenFor(Day), Waits, WhyFrozen},
		"back in a freeze":          {Underway{Record: underwayOf(accesskey.Rotation, accesskey.Resting), Step: Step{Kind: Reactivate, Reason: WhyLateUse}}, frozenFor(Day), GoOn, WhyLateUse},
		"not approved":              {Underway{Record: underwayOf(accesskey.Rotation, accesskey.Requested), Step: Step{Kind: Claim, Reason: WhyTag}}, func(r *Ruling) { r.Mode = Approve }, Approval, WhyUnapproved},
		"exempt meanwhile":          {Underway{Record: underwayOf(accesskey.Rotation, accesskey.Overlap), Step: Step{Kind: Deactivate}}, exemptUntil(now.Add(Day)), Waits, WhyExempt},
		"blocked":                   {Underway{Record: blocked, Step: Step{Kind: Block, Reason: WhyStillUsed, Saw: "used by s3"}}, asItIs, Blocked, WhyStillUsed},
		"blocked, what was is over": {Underway{Record: blocked, Step: Step{Kind: Deactivate, Reason: WhySilent}}, asItIs, GoOn, WhySilent},
		"nobody could look":         {Underway{Record: underwayOf(accesskey.Rotation, accesskey.Overlap), Why: "denied"}, asItIs, Waits, WhyUnknownFact},
	} {
		t.Run(name, func(t *testing.T) {
			s := Survey{Inventory: inventory(holder("ana", aged(400*Day))), Quota: fact(2), Records: []Underway{c.under}}
			got := Plan(s, ruled(ruling(c.ruling)), now)
			if len(got) != 1 || got[0].Action != c.want || got[0].Reason != c.why || got[0].Record != "r1" || got[0].Version != 3 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func frozenFor(d time.Duration) func(*Ruling) {
	return func(r *Ruling) { r.Freezes = []Span{{From: ago(time.Hour), Until: now.Add(d)}} }
}

// A record's other keys wait; a record whose key is gone is still told of.
func TestPlanBesidesRecord(t *testing.T) {
	record := Underway{Record: underwayOf(accesskey.Rotation, accesskey.Overlap), Step: Step{Kind: Wait, Reason: WhySilence}}
	record.Record.New = "AKIAI55QH8DHBEXAMPLE"
	fresh := with(aged(2*Day), func(k *accesskey.Key) { k.ID = fact(record.Record.New) })
	s := Survey{Inventory: inventory(holder("ana", aged(400*Day), second(aged(400*Day)), fresh)), Quota: fact(4), Records: []Underway{record}}
	got := Plan(s, ruled(planRuling()), now)
	want := []Action{Waits, PutOff, Leave}
	for n, i := range got {
		if i.Action != want[n] {
			t.Errorf("item %d: %s: %s", n, i.Action, i.Saw)
		}
	}
	s.Inventory = inventory(holder("ana", second(aged(400*Day))))
	got = Plan(s, ruled(planRuling()), now)
	if len(got) != 2 || got[0].Action != PutOff || got[1].Record != "r1" {
		t.Errorf("%+v", got)
	}
	s.Inventory = inventory()
	if got = Plan(s, ruled(planRuling()), now); len(got) != 1 || got[0].Record != "r1" {
		t.Errorf("%+v", got)
	}
}

// Where a key is not used, and the policy leaves it, that is not "all in use".
func TestPlanNoRoom(t *testing.T) {
	never := func(k *accesskey.Key) { k.LastUsed = fact(accesskey.LastUse{}) }
	for name, c := range map[string]struct {
		other  accesskey.Key
		ruling func(*Ruling)
		want   string
	}{
		"both used":            {aged(400 * Day), asItIs, "2 keys, all in use:"},
		"never used, and kept": {with(aged(400*Day), never), func(r *Ruling) { r.NeverUsed = false }, "2 keys, none of which the policy ends by itself:"},
		"unused, and kept":     {with(aged(400*Day), func(k *accesskey.Key) { k.LastUsed = fact(accesskey.LastUse{At: ago(200 * Day)}) }), func(r *Ruling) { r.Disable = 0 }, "2 keys, none of which the policy ends by itself:"},
	} {
		s := Survey{Inventory: inventory(holder("ana", aged(400*Day), second(c.other))), Quota: fact(2)}
		got := Plan(s, ruled(ruling(c.ruling)), now)[0]
		if got.Reason != WhyBothUsed || !strings.Contains(got.Saw, c.want) {
			t.Errorf("%s: %s: %s", name, got.Action, got.Saw)
		}
	}
}

func TestPlanManaged(t *testing.T) {
	for by, want := range map[accesskey.Fact[string]]Action{
		fact("Terraform state s3://x/y"): Cannot, fact(""): Begin, accesskey.Unread[string]("denied"): Unjudged,
	} {
		s := Survey{Inventory: inventory(holder("ana", aged(400*Day))), Managed: map[accesskey.ID]accesskey.Fact[string]{exampleID: by}}
		if got := Plan(s, ruled(planRuling()), now)[0]; got.Action != want {
			t.Errorf("%s: %s", got.Action, got.Saw)
		}
	}
}

func TestPlanLeaked(t *testing.T) {
	u := altered(holder("ana", aged(2*Day)), attached("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"))
	got := planOf(ruling(exemptUntil(now.Add(Day))), u)[0]
	if got.Action != Cannot || got.Reason != WhyLeaked || !strings.Contains(got.Todo, "keytend revoke "+string(exampleID)+" --account 123456789012`") {
		t.Errorf("%s: %s", got.Action, got.Saw)
	}
}

// Whatever else is under way: a key in other people's hands is said.
func TestPlanLeakedMeanwhile(t *testing.T) {
	u := altered(holder("ana", aged(200*Day), second(aged(100*Day))),
		attached("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"))
	for _, work := range []accesskey.Work{accesskey.Rotation, accesskey.Retirement, accesskey.Revocation} {
		under := Underway{Record: underwayOf(work, accesskey.Overlap), Step: Step{Kind: Wait, Reason: WhySilence}}
		got := Plan(Survey{Inventory: inventory(u), Records: []Underway{under}}, ruled(planRuling()), now)
		if len(got) != 2 || got[1].Action != Cannot || got[1].Reason != WhyLeaked {
			t.Errorf("%s, the other key: %s %s", work, got[1].Action, got[1].Saw)
		}
		if leaked := strings.Contains(got[0].Todo, "keytend revoke "+string(exampleID)); leaked == (work == accesskey.Revocation) {
			t.Errorf("%s, its own key: %s, to do: %s", work, got[0].Saw, got[0].Todo)
		}
	}
}

// What a person began is not held up by the policy's mode, only by freezes.
func TestGateOfTyped(t *testing.T) {
	r := ruling(func(r *Ruling) { r.Mode, r.LeftOut = Approve, "admin-like"; frozenFor(Day)(r) })
	typed := underwayOf(accesskey.Rotation, accesskey.Overlap)
	typed.Planned = false
	if g := r.Gate(typed, now); g.Mode != Enforce || len(g.Freezes) != 1 || g.Budgets != nil {
		t.Errorf("%+v", g)
	}
	if g := r.Gate(underwayOf(accesskey.Rotation, accesskey.Overlap), now); g.Mode != ObserveOnly {
		t.Errorf("%+v", g)
	}
}

func TestPlanRejected(t *testing.T) {
	r := underwayOf(accesskey.Rotation, accesskey.RolledBack)
	r.Rejection = &accesskey.Rejection{By: "ana", Why: "not now", Until: now.Add(time.Second)}
	s := Survey{Inventory: inventory(holder("ana", aged(400*Day))), Quota: fact(2), Records: []Underway{{Record: r}}}
	if got := Plan(s, ruled(planRuling()), now); got[0].Action != Leave || got[0].Reason != WhyRejected {
		t.Errorf("%+v", got[0])
	}
	if got := Plan(s, ruled(planRuling()), now.Add(time.Second)); got[0].Action != Begin {
		t.Errorf("%+v", got[0])
	}
}

func candidates(r Ruling, names ...string) []*Item {
	var out []*Item
	for n, name := range names {
		i := planOf(r, holder(name, aged(time.Duration(400-n)*Day)))[0]
		out = append(out, &i)
	}
	return out
}

func begun(items []*Item) []string {
	var out []string
	for _, i := range items {
		if i.Action == Begin {
			out = append(out, i.User)
		}
	}
	slices.Sort(out)
	return out
}

// allot has a schedule decide, and notes in items what it says.
func allot(t rapid.TB, items []*Item, drawn map[string]int, at time.Time) {
	t.Helper()
	s := NewSchedule(at, at, nil)
	byName := map[string]*Item{}
	for _, i := range items {
		byName[i.User+string(i.Key)] = i
		if err := s.Add([]Item{*i}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Allot(drawn); err != nil {
		t.Fatal(err)
	}
	for i, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		*byName[i.User+string(i.Key)] = *i
	}
}

func TestAllot(t *testing.T) {
	two := func(r *Ruling) { r.Budgets = []accesskey.Reservation{{Budget: "all", Limit: 2}} }
	items := candidates(ruling(two), "cy", "ana", "bo")
	allot(t, items, nil, now)
	if got := begun(items); !slices.Equal(got, []string{"ana", "cy"}) { // those due first
		t.Errorf("%v", got)
	}
	if i := items[2]; i.Action != PutOff || i.Reason != WhyBudget || !strings.Contains(i.Saw, "2 of 2 are under way") {
		t.Errorf("%s: %s", i.Reason, i.Saw)
	}
	items = candidates(ruling(two), "ana", "bo")
	allot(t, items, map[string]int{"all": 1}, now)
	if got := begun(items); !slices.Equal(got, []string{"ana"}) {
		t.Errorf("with one under way: %v", got)
	}
	daily := func(r *Ruling) {
		r.Budgets = []accesskey.Reservation{{Budget: "new", Limit: 1, Since: ago(Day), Until: now.Add(time.Hour)}}
	}
	items = candidates(ruling(daily), "ana", "bo")
	allot(t, items, nil, now)
	if items[1].Action != PutOff || !items[1].At.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v", items[1])
	}
	coming := func(r *Ruling) {
		r.Budgets = []accesskey.Reservation{{Budget: "ramp", Since: now.Add(Day), Until: now.Add(Day)}}
	}
	items = candidates(ruling(coming), "ana")
	allot(t, items, nil, now)
	if i := items[0]; i.Action != PutOff || i.Saw != "budget ramp: it begins at "+stamp(now.Add(Day)) {
		t.Errorf("before it begins: %s", i.Saw)
	}
	items = candidates(ruling(frozenFor(Day)), "ana")
	allot(t, items, nil, now)
	if items[0].Action != PutOff || items[0].Reason != WhyFrozen {
		t.Errorf("%+v", items[0])
	}
}

// A record that was begun and has not drawn on its budgets yet counts.
func TestAllotCountsUndrawn(t *testing.T) {
	one := ruling(func(r *Ruling) { r.Budgets = []accesskey.Reservation{{Budget: "all", Limit: 1}} })
	record := Underway{Record: underwayOf(accesskey.Rotation, accesskey.Requested), Step: Step{Kind: Wait, Reason: WhyNotYet}}
	s := Survey{Inventory: inventory(holder("ana", aged(400*Day)), holder("bo", second(aged(400*Day)))), Quota: fact(2), Records: []Underway{record}}
	items := Plan(s, ruled(one), now)
	allot(t, []*Item{&items[1], &items[0]}, nil, now)
	if items[1].Action != PutOff {
		t.Errorf("%+v", items[1])
	}
}

// A notice runs for weeks: whoever has to approve what follows is told meanwhile.
func TestPlanNamesWhatWillNeedAYes(t *testing.T) {
	for name, c := range map[string]struct {
		mode   Mode
		change func(*accesskey.Record)
		want   bool
	}{
		"approve":           {Approve, func(*accesskey.Record) {}, true},
		"approved":          {Approve, func(r *accesskey.Record) { r.Approval = &accesskey.Approval{Version: 1} }, false},
		"amended since":     {Approve, func(r *accesskey.Record) { r.Approval, r.Amended = &accesskey.Approval{Version: 1}, 2 }, true},
		"a person began it": {Approve, func(r *accesskey.Record) { r.Planned = false }, false},
		"enforce":           {Enforce, func(*accesskey.Record) {}, false},
	} {
		record := Underway{Record: underwayOf(accesskey.Retirement, accesskey.Noticed), Step: Step{Kind: Wait, Reason: WhyNotice, Saw: "switched off later"}}
		record.Record.Planned = true
		c.change(&record.Record)
		s := Survey{Inventory: inventory(holder("ana", aged(400*Day))), Quota: fact(2), Records: []Underway{record}}
		i := Plan(s, ruled(ruling(func(r *Ruling) { r.Mode = c.mode })), now)[0]
		said := strings.Contains(i.Saw, "nobody has approved it yet") && strings.Contains(i.Todo, "keytend approve ana")
		if i.Unapproved != c.want || said != c.want || i.Action != Waits {
			t.Errorf("%s: %+v", name, i)
		}
	}
}

// Retirements in their notice change nothing yet: as many are told of as can be
// switched off when it is over.
func TestAllotNotice(t *testing.T) {
	r := ruling(func(r *Ruling) { r.Budgets = []accesskey.Reservation{{Budget: "all", Limit: 1}} }) // notice 14 d, rest 7 d
	var items []*Item
	for _, name := range []string{"ana", "bo", "cy"} {
		i := planOf(r, holder(name, with(aged(400*Day), rested(200*Day))))[0]
		items = append(items, &i)
	}
	allot(t, items, map[string]int{"all": 1}, now)
	if got := begun(items); !slices.Equal(got, []string{"ana", "bo"}) {
		t.Errorf("%v", got)
	}
}

// Order: what is unused, what can do little harm, the rest.
func TestAllotOrder(t *testing.T) {
	r := ruling(func(r *Ruling) { r.Budgets = []accesskey.Reservation{{Budget: "x", Limit: 9, Since: ago(Day)}} })
	users := []accesskey.User{
		altered(holder("admin", aged(900*Day)), admin), holder("plain", aged(100*Day)), holder("idle", with(aged(200*Day), rested(100*Day))),
		holder("off", with(aged(200*Day), status(accesskey.Inactive))),
	}
	for limit, want := range [][]string{1: {"idle"}, 2: {"idle", "plain"}, 3: {"admin", "idle", "plain"}, 4: {"admin", "idle", "off", "plain"}} {
		if limit == 0 {
			continue
		}
		r.Budgets[0].Limit = limit
		var items []*Item
		for _, i := range planOf(r, users...) {
			items = append(items, &i)
		}
		allot(t, items, nil, now)
		if got := begun(items); !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", limit, got, want)
		}
	}
}

// A plan is written over one that was added before: of that nothing shows, and
// what the schedule keeps stays as it was.
func TestPlanOverAnother(t *testing.T) {
	young := holder("young", aged(1*Day))
	unread := altered(holder("unread"), func(u *accesskey.User) { u.Keys = accesskey.Unread[[]accesskey.Key]("denied") })
	alike := cmp.AllowUnexported(Item{})
	want := slices.Clone(planOf(planRuling(), young, unread))
	s := NewSchedule(now, now.Add(30*Day), nil)
	for range 3 {
		if err := s.Add(planOf(planRuling(), holder("old", aged(400*Day)), holder("idle", with(aged(400*Day), rested(100*Day))))); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, planOf(planRuling(), young, unread), alike); diff != "" {
			t.Error(diff)
		}
	}
	for n, i := range allOf(t, s) {
		if who := []string{"idle", "old"}[n/3]; i.User != who || i.Action != Begin || len(i.Evidence) != 3 || i.Ruling == nil {
			t.Errorf("%d: %+v", n, i)
		}
	}
}

// allOf is a schedule's items, with no budget drawn on.
func allOf(t testing.TB, s *Schedule) (all []*Item) {
	t.Helper()
	if err := s.Allot(nil); err != nil {
		t.Fatal(err)
	}
	for i, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, i)
	}
	return all
}

func TestSchedule(t *testing.T) {
	s := NewSchedule(now, now.Add(30*Day), nil)
	items := planOf(planRuling(), holder("old", aged(400*Day)), holder("soon", aged(50*Day)), holder("young", second(aged(1*Day))))
	if err := s.Add(items); err != nil {
		t.Fatal(err)
	}
	items[0] = Item{} // the schedule keeps no hold on it
	all := allOf(t, s)
	totals := s.Totals()
	if totals.Rotate != 1 || totals.Left != 2 || totals.Keys != 3 || totals.Accounts != 1 || !totals.Pressing() {
		t.Errorf("%+v", totals)
	}
	if got := s.LeftAlone(); len(got) != 1 || got[0].Count != 1 || got[0].Reason != WhyMaxAge {
		t.Errorf("%+v", got)
	}
	var weeks []string
	for _, w := range s.Weeks() {
		if w.From.Weekday() != time.Monday || w.Rotate != 1 {
			t.Errorf("%+v", w)
		}
		weeks = append(weeks, w.From.Format(time.DateOnly))
	}
	if diff := cmp.Diff([]string{"2026-10-12", "2026-11-30"}, weeks); diff != "" {
		t.Error(diff)
	}
	if len(all) != 2 || all[0].User != "old" || all[1].User != "soon" || s.Of(Begin) != 1 || s.Of(Comes) != 1 || s.Of(PutOff) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestUndone(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*accesskey.Record)
		want   bool
	}{
		"just begun":   {func(*accesskey.Record) {}, true},
		"blocked":      {func(r *accesskey.Record) { r.Block, r.Phase = &accesskey.Block{Resume: r.Phase}, accesskey.Blocked }, true},
		"tagged":       {func(r *accesskey.Record) { r.Claim.Tagged = now }, false},
		"asked":        {func(r *accesskey.Record) { r.Intent.Action = accesskey.TagClaim }, false},
		"created":      {func(r *accesskey.Record) { r.New = secondID }, false},
		"resting":      {func(r *accesskey.Record) { r.Phase = accesskey.Resting }, false},
		"switched off": {func(r *accesskey.Record) { r.OldExit.Deactivated = now }, false},
	} {
		r := underwayOf(accesskey.Rotation, accesskey.Requested)
		if c.change(&r); Undone(r) != c.want {
			t.Errorf("%s: %v", name, !c.want)
		}
	}
}

// drawPlanKey draws any key, known or not.
func drawPlanKey(t *rapid.T, id accesskey.ID) accesskey.Key {
	k := aged(time.Duration(rapid.IntRange(0, 500).Draw(t, "age")) * Day)
	k.ID = fact(id)
	changes := []func(*accesskey.Key){
		func(*accesskey.Key) {}, unreadStatus, unreadCreated, unreadUse, neverUsed, status(accesskey.Inactive), status("Sleeping"),
		func(k *accesskey.Key) { k.ID = accesskey.Unread[accesskey.ID]("denied") },
		rested(time.Duration(rapid.IntRange(0, 300).Draw(t, "rested")) * Day),
	}
	return with(k, rapid.SampledFrom(changes).Draw(t, "change"))
}

func drawSurvey(t *rapid.T) Survey {
	var users []accesskey.User
	for n := range rapid.IntRange(0, 6).Draw(t, "users") {
		var keys []accesskey.Key
		for k := range rapid.IntRange(0, 3).Draw(t, "keys") {
			keys = append(keys, drawPlanKey(t, accesskey.ID("AKIAEXAMPLE"+strings.Repeat("A", n)+strings.Repeat("B", k))))
		}
		users = append(users, holder(strings.Repeat("u", n+1), keys...))
	}
	quota := rapid.SampledFrom([]accesskey.Fact[int]{fact(2), fact(3), {}}).Draw(t, "quota")
	return Survey{Inventory: inventory(users...), Quota: quota}
}

// Total and pure; nothing is done on a fact that is not known; never more than
// the budgets; never two records of one user.
func TestPlanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSurvey(t)
		limit := rapid.IntRange(0, 5).Draw(t, "limit")
		r := ruling(func(r *Ruling) {
			r.Budgets = []accesskey.Reservation{{Budget: "new", Limit: limit, Since: ago(Day)}}
			r.NeverUsed, r.Inactive = rapid.Bool().Draw(t, "never"), time.Duration(rapid.IntRange(0, 40).Draw(t, "inactive"))*Day
		})
		got := Plan(s, ruled(r), now)
		if diff := cmp.Diff(got, Plan(s, ruled(r), now), cmp.AllowUnexported(Item{})); diff != "" {
			t.Fatal(diff)
		}
		keys := map[accesskey.ID]accesskey.Key{}
		n := 0
		for _, u := range s.Inventory.Users {
			list, _ := u.Keys.Get()
			for _, k := range list {
				n++
				id, _ := k.ID.Get()
				keys[id] = k
			}
		}
		if len(got) != n {
			t.Fatalf("%d items of %d keys", len(got), n)
		}
		var items []*Item
		users := map[string]int{}
		for _, i := range got {
			if i.Action == "" || i.Reason == "" {
				t.Fatalf("says nothing: %+v", i)
			}
			if k := keys[i.Key]; i.Action == Begin {
				if st, ok := k.Status.Get(); i.Key == "" || !ok || !st.Known() || st == accesskey.Active && (!k.Created.Known() || !k.LastUsed.Known()) {
					t.Fatalf("begins on what is not known: %+v", i)
				}
				if users[i.User]++; users[i.User] > 1 {
					t.Fatalf("two records of %s", i.User)
				}
			}
			items = append(items, &i)
		}
		allot(t, items, nil, now)
		if b := begun(items); len(b) > limit {
			t.Fatalf("%d begin, the budget is %d", len(b), limit)
		}
	})
}

func TestOverdueAt(t *testing.T) {
	for name, c := range map[string]struct {
		key  accesskey.Key
		at   time.Time
		want bool
	}{
		"too old":           {aged(91 * Day), now, true},
		"to the second":     {aged(90 * Day), now, false},
		"then":              {aged(80 * Day), now.Add(11 * Day), true},
		"unused":            {with(aged(91*Day), rested(91*Day)), now, true},
		"creation unread":   {with(aged(400*Day), unreadCreated), now, false},
		"use unread, young": {with(aged(9*Day), unreadUse), now, false},
	} {
		r := planRuling()
		if got := OverdueAt(&c.key, &r, c.at); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A shelf that is full ends the schedule: half of a plan is none.
func TestScheduleOnAFullShelf(t *testing.T) {
	s := NewSchedule(now, now.Add(30*Day), func() Shelf { return &full{} })
	waiting := Item{User: "ana", Action: Waits}
	if err := s.Add([]Item{waiting}); !errors.Is(err, errFull) {
		t.Errorf("what is decided: %v", err)
	}
	if err := s.Add(planOf(planRuling(), holder("old", aged(400*Day)))); !errors.Is(err, errFull) {
		t.Errorf("what may begin: %v", err)
	}
	s = NewSchedule(now, now.Add(30*Day), func() Shelf { return &full{room: 1} })
	if err := s.Add([]Item{waiting}); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(planOf(planRuling(), holder("old", aged(400*Day)))); err != nil {
		t.Fatal(err)
	}
	if err := s.Allot(nil); !errors.Is(err, errFull) {
		t.Errorf("what budgets decide: %v", err)
	}
}

var errFull = errors.New("no space left on device")

// full is a shelf with little room.
type full struct {
	inMemory
	room int
}

func (f *full) Add(k *Shelved) error {
	if len(f.inMemory) == f.room {
		return errFull
	}
	return f.inMemory.Add(k)
}

// Rulings that say the same are kept once, and each item comes back with its own.
func TestScheduleKeepsRulings(t *testing.T) {
	s := NewSchedule(now, now.Add(30*Day), nil)
	for n := range 40 {
		r := ruling(func(r *Ruling) {
			r.Wave, r.Budgets = n%20, []accesskey.Reservation{{Budget: "account " + strconv.Itoa(n%20), Limit: 9}}
		})
		name := "user-" + strconv.Itoa(n%20)
		if err := s.Add(planOf(r, holder(name, aged(400*Day)))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.Budgets()); n != 20 {
		t.Errorf("%d budgets", n)
	}
	for _, i := range allOf(t, s) {
		if want := "user-" + strconv.Itoa(i.Ruling.Wave); i.User != want {
			t.Errorf("%s has the ruling of %s", i.User, want)
		}
	}
}
