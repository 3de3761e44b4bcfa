package report

import (
	"io"
	"strconv"
	"strings"

	"github.com/keytend/keytend/internal/policy"
)

// accountsShown is how many accounts a table introduces one by one.
const accountsShown = 8

// writeTable writes the scan for people at a terminal: where things stand,
// what was found, what could not be read, what to do next.
func writeTable(w io.Writer, s *gist, o Options) error {
	p := newPage(w, o)
	p.summary(s)
	p.findings(s)
	if o.All {
		p.keys(s)
	}
	p.failures(s)
	p.next(s, o)
	return p.flush()
}

func (p *page) summary(s *gist) {
	if len(s.accounts) > accountsShown {
		p.head(thousands(len(s.accounts)) + " accounts")
		p.text("  ", holdings(s.sum))
	} else {
		for _, a := range s.accounts {
			p.head("Account " + naming(a.account))
			p.text("  ", holdings(a.counts))
			p.aside("  ", a.asOf(s.at))
		}
	}
	if note := s.leftOutNote(); note != "" {
		p.aside("  ", note)
	}
	p.aside("  ", limits(s.rules)+" · "+moment(s.at))
	if missing := s.unread(); missing != "" {
		p.text("  ", missing+": this is not the whole picture (see below)")
	}
	p.gap()
}

func (p *page) findings(s *gist) {
	p.head(s.headline())
	if note := s.knownNote(); note != "" {
		p.aside("", "("+note+")")
	}
	shown := s.findings
	if p.limit > 0 && len(shown) > p.limit {
		shown = shown[:p.limit]
	}
	if len(shown) > 0 {
		p.gap()
		p.findingList(s, shown)
	}
	if left := s.untold(len(shown)); left != "" {
		where := "--all or --output html has them all"
		if s.whole == nil {
			where = "--output json or csv has them all"
		}
		p.aside("", left+"; "+where)
	}
}

// findingList writes findings as richly as the width allows: with rule and
// reason beside each other, without the rule, with the reason on a line of its
// own, or each finding as a block.
func (p *page) findingList(s *gist, shown []policy.Finding) {
	if ruleGrid(s, shown).write(p) || reasonGrid(whoGrid(s, shown), shown, 50).write(p) || twoLineGrid(s, shown).write(p) {
		return
	}
	p.stack(s, shown)
}

// ruleGrid names the rule and the reason of each finding.
func ruleGrid(s *gist, shown []policy.Finding) *grid {
	g := whoGrid(s, shown)
	g.columns = append(g.columns, column{title: "RULE"})
	for i, f := range shown {
		g.rows[i] = append(g.rows[i], cell{clean(string(f.Rule)), plain})
	}
	return reasonGrid(g, shown, 70)
}

// reasonGrid adds the reason to a grid; least is the width below which it
// would take too many lines.
func reasonGrid(g *grid, shown []policy.Finding, least int) *grid {
	g.columns = append(g.columns, column{title: "WHY", fit: wrapped, least: least})
	for i, f := range shown {
		g.rows[i] = append(g.rows[i], cell{clean(f.Reason), plain})
	}
	return g
}

// twoLineGrid gives the reason a line of its own.
func twoLineGrid(s *gist, shown []policy.Finding) *grid {
	g := whoGrid(s, shown)
	for _, f := range shown {
		g.notes = append(g.notes, clean(string(f.Rule))+": "+clean(f.Reason))
	}
	return g
}

// whoGrid says how bad, whose, which key and by when.
func whoGrid(s *gist, shown []policy.Finding) *grid {
	g := &grid{columns: []column{{title: "#"}, {title: "SEVERITY"}}}
	if s.several() {
		g.columns = append(g.columns, column{title: "ACCOUNT"})
	}
	g.columns = append(g.columns, column{title: "USER", fit: shorter, least: 14}, column{title: "KEY"}, column{title: "DUE"})
	for _, f := range shown {
		row := []cell{{strconv.Itoa(f.Rank), faint}, {strings.ToUpper(f.Severity.String()), severityStyles[f.Severity]}}
		if s.several() {
			row = append(row, cell{clean(f.Account), plain})
		}
		g.rows = append(g.rows, append(row,
			cell{clean(f.User), strong}, cell{keyOf(f), plain}, cell{due(f.Due, s.at), plain}))
	}
	return g
}

// keyOf is the key a finding names, or a dash. Clean.
func keyOf(f policy.Finding) string {
	if f.KeyID == "" {
		return "–"
	}
	return clean(string(f.KeyID))
}

// stack writes findings one below the other, for narrow terminals.
func (p *page) stack(s *gist, shown []policy.Finding) {
	for _, f := range shown {
		rank := strconv.Itoa(f.Rank) + "  "
		account := ""
		if s.several() {
			account = clean(f.Account)
		}
		severity := p.ink.paint(severityStyles[f.Severity], strings.ToUpper(f.Severity.String()))
		p.linef("%s%s  %s", p.ink.paint(faint, rank), severity, p.ink.strong(clean(string(f.Rule))))
		indent := strings.Repeat(" ", len(rank))
		p.text(indent, list("  ", account, shorten(clean(f.User), p.width-len(indent)), clean(string(f.KeyID))))
		p.text(indent, clean(f.Reason))
		p.aside(indent, "due "+due(f.Due, s.at))
	}
}

func (p *page) keys(s *gist) {
	if s.whole == nil || s.sum.Keys == 0 {
		return
	}
	p.gap()
	p.head("Every key")
	p.gap()
	g := keyGrid(s)
	if !g.write(p) && !g.without("FOR").write(p) && !g.without("OWNER").write(p) {
		keyGrid(s).stack(p)
	}
	p.aside("", listNote(s))
}

func keyGrid(s *gist) *grid {
	g := &grid{columns: []column{
		{title: "USER", fit: shorter, least: 16}, {title: "KEY"}, {title: "STATUS"}, {title: "AGE"}, {title: "LAST USED"},
		{title: "FOR", fit: shorter, least: 14}, {title: "ADMIN"}, {title: "OWNER", fit: shorter, least: 16},
	}}
	if s.several() {
		g.columns = append([]column{{title: "ACCOUNT"}}, g.columns...)
	}
	for _, inv := range s.whole {
		for h := range held(inv, s.rules) {
			row := []cell{
				{clean(h.user), strong}, {h.id(), plain}, {h.status(), plain}, {h.age(s.at), plain},
				{h.marked(s.at), plain}, {h.usedFor(), plain}, {h.admin(), plain}, {clean(h.owner), plain},
			}
			if s.several() {
				row = append([]cell{{clean(inv.Account.ID), plain}}, row...)
			}
			g.rows = append(g.rows, row)
		}
	}
	return g
}

// stack writes each row as lines of "title value", for narrow terminals.
func (g *grid) stack(p *page) {
	for _, row := range g.rows {
		for i, c := range row {
			if c.text != "" {
				p.text(pad(strings.ToLower(g.columns[i].title), 10)+" ", c.text)
			}
		}
		p.gap()
	}
}

func (p *page) failures(s *gist) {
	if len(s.failing) == 0 {
		return
	}
	p.gap()
	p.head("Could not be read (what depends on it is unknown, not assumed)")
	for _, t := range s.troubles() {
		p.text("  ", t.Text)
		if t.Hint != "" {
			p.aside("    → ", t.Hint)
		}
	}
}

func (p *page) next(s *gist, o Options) {
	texts := steps(s)
	if len(texts) == 0 {
		return
	}
	p.gap()
	p.head("What to do next")
	for _, text := range texts {
		p.text("  - ", text)
	}
	if command := explainCommand(s.findings, o); command != "" {
		p.aside("  - ", "All about one of them: "+command)
	}
	if commands := whereabouts(s.findings, o); commands != "" {
		p.aside("  - ", commands)
	}
}
