package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// ScorecardSchema names the shape and version of a scorecard's JSON.
const ScorecardSchema = "keytend.scorecard/v1"

// ScorecardDocument is a scorecard as JSON.
type ScorecardDocument struct {
	// Always keytend.scorecard/v1.
	Schema string `json:"schema" jsonschema:"enum=keytend.scorecard/v1"`
	// When it was made, by AWS's clock.
	GeneratedAt time.Time `json:"generated_at"`
	// How many accounts were looked at.
	Accounts int `json:"accounts"`
	// The six best practices, always in the same order.
	Practices []PracticeRecord `json:"practices"`
	// What could not be read.
	Errors []ErrorRecord `json:"errors"`
}

// PracticeRecord is one best practice, measured.
type PracticeRecord struct {
	// Stable name.
	Name  string `json:"name"`
	Title string `json:"title"`
	// ok, warn, fail or unknown.
	Status string `json:"status" jsonschema:"enum=ok,enum=warn,enum=fail,enum=unknown"`
	// So many of "of" hold it.
	Good int `json:"good"`
	Of   int `json:"of"`
	// So many could not be judged; they are not in "of".
	Unknown int `json:"unknown"`
	// Of "of"; 100 where "of" is 0: status and sentence then say what that means.
	Percent  float64 `json:"percent"`
	Target   string  `json:"target"`
	Sentence string  `json:"sentence"`
	// How it is measured, and what that can't see.
	Measured  string           `json:"measured"`
	Offenders []OffenderRecord `json:"offenders"`
}

// OffenderRecord is one of the worst offenders against a practice.
type OffenderRecord struct {
	Account string `json:"account"`
	// Empty where it is the account.
	User string `json:"user"`
	// Null where unknown or not about one key.
	KeyID  *accesskey.ID `json:"key_id" jsonschema:"nullable"`
	Reason string        `json:"reason"`
}

// WriteScorecard writes a scorecard in a format of SheetFormats. Failures are
// what could not be read for it.
func WriteScorecard(w io.Writer, f Format, card policy.Scorecard, failed []accesskey.Failure, o Options) error {
	switch f {
	case Table:
		return scorecardTable(w, card, failed, o)
	case JSON:
		return writeDocument(w, recordScorecard(card, failed))
	case HTML:
		return scorecardHTML(w, card, failed)
	case Markdown:
		return scorecardMarkdown(w, card, failed)
	}
	return fmt.Errorf("write scorecard: unknown format %q", f)
}

func recordScorecard(card policy.Scorecard, failed []accesskey.Failure) ScorecardDocument {
	doc := ScorecardDocument{
		Schema: ScorecardSchema, GeneratedAt: card.Now.UTC(), Accounts: card.Accounts,
		Practices: []PracticeRecord{}, Errors: []ErrorRecord{},
	}
	for _, p := range card.Practices {
		doc.Practices = append(doc.Practices, recordPractice(p))
	}
	for _, f := range failed {
		doc.Errors = append(doc.Errors, recordError(f))
	}
	return doc
}

func recordPractice(p policy.Practice) PracticeRecord {
	rec := PracticeRecord{
		Name: p.Name, Title: p.Title, Status: string(p.Status), Good: p.Good, Of: p.Of, Unknown: p.Unknown,
		Percent: p.Percent, Target: p.Target, Sentence: p.Sentence, Measured: p.Measured, Offenders: []OffenderRecord{},
	}
	for _, o := range p.Offenders {
		offender := OffenderRecord{Account: o.Account, User: o.User, Reason: o.Reason}
		if o.KeyID != "" {
			offender.KeyID = &o.KeyID
		}
		rec.Offenders = append(rec.Offenders, offender)
	}
	return rec
}

var statusStyles = map[policy.Status]lipgloss.Style{
	policy.StatusOK: good, policy.StatusWarn: soso, policy.StatusFail: bad, policy.StatusUnknown: faint,
}

func scorecardTable(w io.Writer, card policy.Scorecard, failed []accesskey.Failure, o Options) error {
	p := newPage(w, o)
	p.head("Access key scorecard")
	p.aside("  ", count(card.Accounts, "account")+" · "+moment(card.Now))
	for _, practice := range card.Practices {
		p.practice(practice, card.Accounts > 1)
	}
	p.failures(gistOfFailures(failed))
	return p.flush()
}

func (p *page) practice(practice policy.Practice, several bool) {
	const indent = "         "
	p.gap()
	status := p.ink.paint(statusStyles[practice.Status], pad(strings.ToUpper(string(practice.Status)), len(indent)-2))
	p.linef("%s  %s", status, p.ink.strong(clean(practice.Title)))
	p.text(indent, score(practice)+" · target: "+clean(practice.Target))
	p.text(indent, clean(practice.Sentence))
	for _, o := range practice.Offenders {
		p.text(indent+"- ", offender(o, several))
	}
	p.aside(indent, clean(practice.Measured))
}

// share is a practice's share, rounded: but 100 % are all of them, and 0 % none.
func share(p policy.Practice) string {
	percent := math.Round(p.Percent)
	if 0 < p.Good && p.Good < p.Of {
		percent = min(max(percent, 1), 99)
	}
	return fmt.Sprintf("%.0f %%", percent)
}

// score is a practice's number: "48 of 50 (96 %), 2 unknown".
func score(p policy.Practice) string {
	number := fmt.Sprintf("%s of %s (%s)", thousands(p.Good), thousands(p.Of), share(p))
	switch {
	case p.Of == 0 && p.Status == policy.StatusOK:
		return "nothing there that could miss it"
	case p.Of == 0:
		number = "nothing could be judged"
	}
	if p.Unknown > 0 {
		number += fmt.Sprintf(", %s unknown", thousands(p.Unknown))
	}
	return number
}

// offender is an offender in one line. Clean.
func offender(o policy.Offender, several bool) string {
	account := o.Account
	if !several && o.User != "" {
		account = ""
	}
	return list(": ", list(" ", clean(account), clean(o.User), clean(string(o.KeyID))), clean(o.Reason))
}

func scorecardMarkdown(w io.Writer, card policy.Scorecard, failed []accesskey.Failure) error {
	m := newSheet(w)
	m.linef("# Access key scorecard")
	m.linef("\n%s · %s", count(card.Accounts, "account"), md(moment(card.Now)))
	m.table("Practice", "Status", "Number", "Target", "Found")
	for _, p := range card.Practices {
		m.row(md(p.Title), md(string(p.Status)), md(score(p)), md(p.Target), md(p.Sentence))
	}
	for _, p := range card.Practices {
		m.linef("\n## %s\n\n%s", md(p.Title), md(p.Measured))
		if len(p.Offenders) > 0 {
			m.table("Account", "User", "Key", "Why")
		}
		for _, o := range p.Offenders {
			m.row(md(o.Account), code(o.User), code(string(o.KeyID)), md(o.Reason))
		}
	}
	m.failures(gistOfFailures(failed))
	return m.flush()
}

// writeDocument writes a whole document as indented JSON.
func writeDocument(w io.Writer, doc any) error {
	data, err := indented(doc, "")
	if err != nil {
		return fmt.Errorf("encode document: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}
