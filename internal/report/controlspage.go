package report

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// controlsPage gathers a page for auditors: all controls, the accounts that
// don't pass, and the first of htmlFindings pieces of evidence. What is the same for
// several controls stands there once: frameworks ask the same of one key.
type controlsPage struct {
	w        io.Writer
	now      time.Time
	seen     map[string]bool
	sum      map[policy.Control]controlCount
	missed   []missedControl
	evidence []controlEvidence
	more     int // pieces of evidence beyond htmlFindings
	accounts int
	first    accesskey.Account
}

// missedControl is a control that an account doesn't pass.
type missedControl struct {
	account accesskey.Account
	control policy.Control
	count   controlCount
}

type controlEvidence struct {
	account string
	policy.ControlVerdict
	controls []policy.Control
}

// said is what a verdict says, whatever the control.
func said(v policy.ControlVerdict) string {
	return strings.Join(append(evidenceTexts(v.Evidence), v.User, string(v.KeyID), string(v.State), v.Why), "\x00")
}

// The views hold clean text for the template.
type (
	controlsView struct {
		Accounts, At, Headline, More string
		Several                      bool // accounts
		Controls                     []controlView
		Missed                       []controlView
		Evidence                     []controlEvidenceView
		Failures                     []failureView
	}
	controlView struct {
		Framework, ID, Title, Account, Status string
		Passed, Failed, Unknown               string
	}
	controlEvidenceView struct {
		Account, User, Key, Status, Why string
		Controls, Evidence              []string
	}
)

func newControlsPage(w io.Writer) *controlsPage {
	return &controlsPage{w: w, seen: map[string]bool{}, sum: map[policy.Control]controlCount{}}
}

func (p *controlsPage) begin(now time.Time, _ policy.Rules) error {
	p.now = now
	return nil
}

func (p *controlsPage) account(inv accesskey.Inventory, _ []policy.Finding, _ policy.Rules, now time.Time) error {
	p.seen[inv.Account.ID] = true
	p.add(sheetFor(inv, false, now))
	return nil
}

func (p *controlsPage) add(s accountSheet) {
	if p.accounts++; p.accounts == 1 {
		p.first = s.account
	}
	for _, c := range policy.Controls() {
		n, sum := s.counts[c.Control], p.sum[c.Control]
		sum.plus(n)
		p.sum[c.Control] = sum
		if n.status() != "pass" {
			p.missed = append(p.missed, missedControl{s.account, c.Control, n})
		}
	}
	p.tell(s)
}

// tell adds the evidence of one account.
func (p *controlsPage) tell(s accountSheet) {
	told := map[string]int{} // the place in evidence; beyond its end: it has none
	for _, v := range s.verdicts {
		text := said(v)
		at, known := told[text]
		switch {
		case known && at < len(p.evidence) && !slices.Contains(p.evidence[at].controls, v.Control): // of two keys without an ID each has its own
			p.evidence[at].controls = append(p.evidence[at].controls, v.Control)
		case known && at >= len(p.evidence):
		case len(p.evidence) >= htmlFindings:
			told[text] = htmlFindings
			p.more++
		default:
			told[text] = len(p.evidence)
			p.evidence = append(p.evidence, controlEvidence{s.account.ID, v, []policy.Control{v.Control}})
		}
	}
}

func (p *controlsPage) finding(policy.Finding) error { return nil }

func (p *controlsPage) end(r rest) error {
	for _, f := range unreadAccounts(r.errors, p.seen) {
		p.add(unreadSheet(f))
	}
	view := controlsView{Accounts: count(p.accounts, "account"), Several: p.accounts > 1, At: moment(p.now), Failures: failureViews(r.gist)}
	if p.accounts == 1 {
		view.Accounts = "account " + naming(p.first)
	}
	tally := map[string]int{}
	titles := map[policy.Control]string{}
	for _, c := range policy.Controls() {
		n := p.sum[c.Control]
		tally[n.status()]++
		titles[c.Control] = c.Title
		view.Controls = append(view.Controls, controlRow(c.Control, c.Title, "", n))
	}
	view.Headline = thousands(tally["fail"]) + " failed, " + thousands(tally[unknown]) + " unknown, " + thousands(tally["pass"]) + " passed"
	for _, m := range p.missed { // of one account it would be said twice
		if !view.Several {
			break
		}
		view.Missed = append(view.Missed, controlRow(m.control, titles[m.control], naming(m.account), m.count))
	}
	for _, e := range p.evidence {
		view.Evidence = append(view.Evidence, p.evidenceView(e))
	}
	if p.more > 0 {
		view.More = "… and " + thousands(p.more) + " more; --output controls has them all."
	}
	return writePage(p.w, "controls.html", view)
}

func controlRow(c policy.Control, title, account string, n controlCount) controlView {
	return controlView{
		Framework: clean(c.Framework), ID: clean(c.ID), Title: clean(title), Account: account, Status: n.status(),
		Passed: thousands(n.passed), Failed: thousands(n.failed), Unknown: thousands(n.unknown),
	}
}

func (p *controlsPage) evidenceView(e controlEvidence) controlEvidenceView {
	view := controlEvidenceView{
		Account: clean(e.account), User: clean(e.User), Key: clean(string(e.KeyID)), Status: controlWords[e.State], Why: clean(e.Why),
	}
	for _, c := range e.controls {
		view.Controls = append(view.Controls, clean(c.Framework)+" "+clean(c.ID))
	}
	for _, text := range evidenceTexts(e.Evidence) {
		view.Evidence = append(view.Evidence, clean(text))
	}
	return view
}
