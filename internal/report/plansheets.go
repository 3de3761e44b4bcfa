package report

import (
	"io"
	"time"

	"github.com/keytend/keytend/internal/policy"
)

func planMarkdown(w io.Writer, plan Plan) error {
	m := newSheet(w)
	m.linef("# %s", md(planHead(plan)))
	m.linef("\n**%s**", md(Sum(plan.Schedule.Totals())))
	if err := m.items(plan); err != nil {
		return err
	}
	if weeks := plan.Schedule.Weeks(); len(weeks) > 0 {
		m.linef("\n## Calendar")
		m.table("Week of", "What comes")
		for _, week := range weeks {
			m.row(week.From.Format(time.DateOnly), md(weekText(week)))
		}
	}
	if left := plan.Schedule.LeftAlone(); len(left) > 0 {
		m.linef("\n## Left alone")
		m.table("Keys", "Why")
		for _, l := range left {
			m.row(thousands(l.Count), md(leftText(l)))
		}
	}
	m.failures(gistOfFailures(plan.Failures))
	return m.flush()
}

func (m *sheet) items(plan Plan) error {
	return plan.tell(telling{
		most: markdownFindings,
		part: func(part part, n int) {
			m.linef("\n## %s: %s", md(part.title), thousands(n))
			m.table("What", "Account", "User", "Key", "When", "Why", "To do", "Owner")
		},
		item: func(i *policy.Item) {
			m.row(md(deed(i)), md(i.Account), code(i.User), code(string(i.Key)), md(itemWhen(i, plan.Schedule.Now)),
				md(list(": ", string(i.Reason), i.Saw)), md(i.Todo), md(ownerCell(i)))
		},
		more: func(n int) { m.linef("\nAnd %s more; --output json has them all.", thousands(n)) },
	})
}

// ownerCell names the owner in a column of owners.
func ownerCell(i *policy.Item) string {
	if i.OwnerLeft {
		return "owner-left: " + i.Owner
	}
	return i.Owner
}

type (
	planView struct {
		Head, Sum, At string
		Parts         []planPartView
		Weeks         []weekView
		Left          []weekView
		Failures      []failureView
	}
	planPartView struct {
		Title, More string
		Items       []itemView
	}
	itemView struct {
		What, Account, User, Key, When, Why, Todo, Where, Owner string
		Evidence                                                []string
	}
	weekView struct{ Name, Text string }
)

func planHTML(w io.Writer, plan Plan) error {
	now := plan.Schedule.Now
	view := planView{Head: clean(planHead(plan)), Sum: Sum(plan.Schedule.Totals()), At: moment(now), Failures: failuresOf(plan.Failures)}
	if err := plan.tell(view.telling(now)); err != nil {
		return err
	}
	for _, week := range plan.Schedule.Weeks() {
		view.Weeks = append(view.Weeks, weekView{week.From.Format(time.DateOnly), weekText(week)})
	}
	for _, l := range plan.Schedule.LeftAlone() {
		view.Left = append(view.Left, weekView{thousands(l.Count), leftText(l)})
	}
	return writePage(w, "plan.html", view)
}

// telling puts a plan's items into the view.
func (v *planView) telling(now time.Time) telling {
	last := func() *planPartView { return &v.Parts[len(v.Parts)-1] }
	return telling{
		most: htmlFindings,
		part: func(part part, n int) {
			v.Parts = append(v.Parts, planPartView{Title: part.title + ": " + thousands(n)})
		},
		item: func(i *policy.Item) { last().Items = append(last().Items, viewItem(i, now)) },
		more: func(n int) { last().More = "And " + thousands(n) + " more; --output json has them all." },
	}
}

func viewItem(i *policy.Item, now time.Time) itemView {
	item := itemView{
		What: clean(deed(i)), Account: clean(i.Account), User: clean(i.User), Key: clean(string(i.Key)), When: itemWhen(i, now),
		Why: clean(list(": ", string(i.Reason), i.Saw)), Todo: clean(i.Todo), Where: itemWhere(i), Owner: clean(ownerCell(i)),
	}
	for _, e := range i.Evidence {
		item.Evidence = append(item.Evidence, clean(e.Fact)+": "+factValue(e, now))
	}
	return item
}
