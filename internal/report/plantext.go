package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// part is one part of a plan, for people.
type part struct {
	title, sign string
	style       lipgloss.Style
	actions     []policy.Action
}

var planParts = []part{
	{"Begins now", "+", good, []policy.Action{policy.Begin}},
	{"Goes on now", "~", good, []policy.Action{policy.GoOn}},
	{"Waits for a person", "!", bad, []policy.Action{policy.Approval, policy.Blocked, policy.Cannot}},
	{"Can't be judged, so nothing is done", "?", soso, []policy.Action{policy.Unjudged}},
	{"Put off", "-", soso, []policy.Action{policy.PutOff}},
	{"Under way, waits for its time", ".", faint, []policy.Action{policy.Waits}},
	{"Comes", ">", plain, []policy.Action{policy.Comes}},
}

// holds reports whether items that do this are in the part.
func (p part) holds(a policy.Action) bool { return slices.Contains(p.actions, a) }

// telling is what is made of a plan's items.
type telling struct {
	most int                 // of each part; 0: all
	part func(p part, n int) // a part of so many begins
	item func(*policy.Item)  // of it
	more func(n int)         // so many more are not shown
}

// tell goes through a plan's items, part by part.
func (plan Plan) tell(t telling) error {
	var now part
	n, shown := 0, 0
	for i, err := range plan.Schedule.All() {
		if err != nil {
			return err
		}
		if !now.holds(i.Action) {
			now = planParts[slices.IndexFunc(planParts, func(p part) bool { return p.holds(i.Action) })]
			n, shown = plan.many(now), 0
			t.part(now, n)
		}
		switch shown++; {
		case t.most == 0 || shown <= t.most:
			t.item(i)
		case shown == t.most+1:
			t.more(n - t.most)
		}
	}
	return nil
}

// many is how many items a part has.
func (plan Plan) many(p part) (n int) {
	for _, a := range p.actions {
		n += plan.Schedule.Of(a)
	}
	return n
}

// weeksShown is how much of the calendar is shown unless all of it is asked for.
const weeksShown = 6

func planTable(w io.Writer, plan Plan, o Options) error {
	p := newPage(w, o)
	p.head(clean(planHead(plan)))
	if err := p.items(plan); err != nil {
		return err
	}
	p.calendar(plan)
	p.leftAlone(plan)
	p.failures(gistOfFailures(plan.Failures))
	p.gap()
	p.text("", p.ink.strong(Sum(plan.Schedule.Totals())))
	return p.flush()
}

func planHead(plan Plan) string {
	t := plan.Schedule.Totals()
	head := "Plan for " + count(t.Accounts, "account") + ", " + count(t.Keys, "key") + " · " + moment(plan.Schedule.Now) + " · mode " + plan.Policy.Mode
	if plan.Policy.File != "" {
		head += " (" + plan.Policy.File + ")"
	} else {
		head += " (no policy file: AWS's recommendations)"
	}
	if len(plan.Only) > 0 {
		head += " · only " + strings.Join(plan.Only, " ")
	}
	return head
}

func (p *page) items(plan Plan) error {
	var own part
	t := telling{
		part: func(part part, n int) {
			own = part
			p.gap()
			p.linef("%s", p.ink.strong(part.title+": "+thousands(n)))
		},
		item: func(i *policy.Item) { p.item(own, i, plan.Schedule.Now) },
		more: func(n int) { p.aside("  ", fmt.Sprintf("and %s more; --output json has them all", thousands(n))) },
	}
	if !p.all {
		t.most = p.limit
	}
	return plan.tell(t)
}

func (p *page) item(part part, i *policy.Item, now time.Time) {
	p.linef("%s %s", p.ink.paint(part.style, part.sign), p.ink.strong(itemHead(i)))
	for _, line := range itemLines(i, now) {
		p.text("    ", line)
	}
	for _, line := range i.Used {
		p.text("    ", clean(line))
	}
}

// itemHead names an item in one line. Clean.
func itemHead(i *policy.Item) string {
	var key string
	switch {
	case i.Key != "":
		key = string(i.Key)
	case i.Created.IsZero():
		key = "the keys"
	default:
		key = "a key created " + moment(i.Created)
	}
	return clean(deed(i) + " " + key + " of " + i.User + " in " + i.Account)
}

// deed is what is done about a key, in a word or two.
func deed(i *policy.Item) string {
	switch {
	case i.Action == policy.GoOn:
		return string(i.Work) + ": " + string(i.Next)
	case i.Action == policy.Approval:
		return "approve the " + string(i.Work) + " of"
	case i.Record != "":
		return string(i.Work) + " of"
	case i.Work == accesskey.Rotation:
		return "replace"
	case i.Inactive:
		return "delete"
	case i.Work == accesskey.Retirement:
		return "switch off"
	}
	return "leave"
}

// itemLines say why, when, whose and what to do. Clean.
func itemLines(i *policy.Item, now time.Time) []string {
	why := list(": ", clean(string(i.Reason)), clean(i.Saw))
	if i.Saw != "" && i.Record == "" && i.Action == policy.Begin {
		why = clean(i.Saw)
	}
	lines := []string{why}
	if when := list("; ", itemWhen(i, now), itemWhere(i), itemOwner(i)); when != "" {
		lines = append(lines, when)
	}
	if i.Todo != "" {
		lines = append(lines, todoLines(i.Todo)...)
	}
	return lines
}

// todoLines are what a person does, line by line. Clean.
func todoLines(todo string) []string {
	var lines []string
	for line := range strings.Lines(todo) {
		lines = append(lines, "  "+clean(strings.TrimRight(line, "\n")))
	}
	lines[0] = "→ " + lines[0][len("  "):]
	return lines
}

func itemWhen(i *policy.Item, now time.Time) string {
	text := ""
	if i.At.After(now) {
		text = "on " + moment(i.At) + " (" + Ago(i.At, now) + ")"
	}
	if !i.Due.IsZero() && i.Work != accesskey.Retirement {
		text = list(", ", text, "due "+moment(i.Due)+" ("+due(i.Due, now)+")")
	}
	if i.Late {
		text = list(", ", text, "late")
	}
	return text
}

func itemWhere(i *policy.Item) string {
	if len(i.Destinations) == 0 {
		return ""
	}
	return "to " + clean(strings.Join(i.Destinations, ", "))
}

func itemOwner(i *policy.Item) string {
	if i.Owner == "" {
		return ""
	}
	if i.OwnerLeft {
		return "owner-left: " + clean(i.Owner)
	}
	return "owner " + clean(i.Owner)
}

func (p *page) calendar(plan Plan) {
	weeks := plan.Schedule.Weeks()
	if len(weeks) == 0 {
		return
	}
	p.gap()
	p.linef("%s", p.ink.strong("Calendar"))
	for n, w := range weeks {
		if n == weeksShown && !plan.Calendar {
			p.aside("  ", fmt.Sprintf("and %s more, until %s; --calendar shows them", count(len(weeks)-n, "week"), weeks[len(weeks)-1].From.Format(time.DateOnly)))
			break
		}
		p.linef("  week of %s  %s", w.From.Format(time.DateOnly), weekText(w))
	}
}

func weekText(w policy.Week) string {
	return list(", ", some0(w.Rotate, "to replace"), some0(w.Retire, "to switch off after notice"), some0(w.Delete, "to delete"), some0(w.GoOn, "under way to go on"))
}

// some0 is empty for none.
func some0(n int, what string) string {
	if n == 0 {
		return ""
	}
	return thousands(n) + " " + what
}

func (p *page) leftAlone(plan Plan) {
	left := plan.Schedule.LeftAlone()
	if len(left) == 0 {
		return
	}
	p.gap()
	p.linef("%s", p.ink.strong("Left alone"))
	for _, l := range left {
		p.text(fmt.Sprintf("  %7s  ", thousands(l.Count)), leftText(l))
	}
}

// leftText is a reason and the first few of whom it holds. Clean.
func leftText(l policy.LeftAlone) string {
	if l.Reason == policy.WhyMaxAge {
		return "their time has not come"
	}
	names := strings.Join(l.Examples, "; ")
	if l.Count > len(l.Examples) {
		names += "; …"
	}
	return clean(cmp.Or(l.Saw, string(l.Reason)) + " (" + names + ")")
}

// Sum is a plan in one line.
func Sum(t policy.Totals) string {
	parts := list(", ", some0(t.Rotate, "to rotate"), some0(t.SwitchOff, "to switch off after notice"), some0(t.Delete, "to delete"),
		some0(t.GoOn, "to go on"), some0(t.Approval, "waiting for approval"), some0(t.Blocked, "blocked"),
		some0(t.Cannot, "for a person, since no machine can"), some0(t.PutOff, "put off"), some0(t.Waits, "under way, waiting"),
		some0(t.Unjudged, "not judged"), some0(t.Late, "late"))
	switch {
	case parts == "" && t.Keys == 0:
		return "Plan: nothing to do: there is no access key."
	case parts == "":
		parts = "nothing to do"
	}
	return "Plan: " + parts + "; " + thousands(t.Left) + " left alone."
}
