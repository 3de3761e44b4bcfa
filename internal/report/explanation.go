package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// ExplanationSchema names the shape and version of an explanation's JSON.
const ExplanationSchema = "keytend.explain/v1"

// ExplanationDocument is everything known about one user as JSON.
type ExplanationDocument struct {
	// Always keytend.explain/v1.
	Schema string `json:"schema" jsonschema:"enum=keytend.explain/v1"`
	// When it was judged, by AWS's clock.
	GeneratedAt time.Time `json:"generated_at"`
	// When the account was read.
	ObservedAt time.Time `json:"observed_at"`
	Account    string    `json:"account"`
	// The user's name; <root_account> for the root user.
	User    string `json:"user"`
	UserARN string `json:"user_arn"`
	// Empty where there is none or it is unknown; owner_why tells.
	Owner      string `json:"owner"`
	OwnerWhy   string `json:"owner_why"`
	Privileged bool   `json:"privileged"`
	// One sentence on the user's privilege.
	Privilege string `json:"privilege"`
	// What is known of the user.
	Facts []EvidenceRecord `json:"facts"`
	// The user's access keys.
	Keys []ExplainedKeyRecord `json:"keys"`
	// The rules about the user as a whole.
	Judgements []JudgementRecord `json:"judgements"`
	// What could not be read.
	Errors []ErrorRecord `json:"errors"`
}

// ExplainedKeyRecord is one key of an explanation.
type ExplainedKeyRecord struct {
	// Null where it was not looked up.
	ID *accesskey.ID `json:"id" jsonschema:"nullable"`
	// The ID, or when it was created.
	Name  string           `json:"name"`
	Facts []EvidenceRecord `json:"facts"`
	// Every rule about keys.
	Judgements []JudgementRecord `json:"judgements"`
}

// JudgementRecord is one rule applied.
type JudgementRecord struct {
	Rule  string `json:"rule"`
	State string `json:"state" jsonschema:"enum=broken,enum=kept,enum=unknown"`
	// One sentence.
	Why string `json:"why"`
	// Null unless broken.
	Finding *FindingRecord `json:"finding" jsonschema:"nullable"`
}

// WriteExplanation writes an explanation in a format of SheetFormats. Failures
// are what could not be read for it.
func WriteExplanation(w io.Writer, f Format, e policy.Explanation, failed []accesskey.Failure, o Options) error {
	switch f {
	case Table:
		return explanationTable(w, e, failed, o)
	case JSON:
		return writeDocument(w, recordExplanation(e, failed))
	case HTML:
		return explanationHTML(w, e, failed)
	case Markdown:
		return explanationMarkdown(w, e, failed)
	}
	return fmt.Errorf("write explanation: unknown format %q", f)
}

func recordExplanation(e policy.Explanation, failed []accesskey.Failure) ExplanationDocument {
	doc := ExplanationDocument{
		Schema: ExplanationSchema, GeneratedAt: e.Now.UTC(), ObservedAt: e.ObservedAt.UTC(),
		Account: e.Account.ID, User: e.User, UserARN: e.UserARN, Owner: e.Owner, OwnerWhy: e.OwnerWhy,
		Privileged: e.Privileged, Privilege: e.Privilege, Facts: recordEvidence(e.Facts),
		Keys: []ExplainedKeyRecord{}, Judgements: recordJudgements(e.Judgements), Errors: []ErrorRecord{},
	}
	for _, k := range e.Keys {
		rec := ExplainedKeyRecord{Name: k.Name, Facts: recordEvidence(k.Facts), Judgements: recordJudgements(k.Judgements)}
		if k.ID != "" {
			rec.ID = &k.ID
		}
		doc.Keys = append(doc.Keys, rec)
	}
	for _, f := range failed {
		doc.Errors = append(doc.Errors, recordError(f))
	}
	return doc
}

func recordJudgements(judgements []policy.Judgement) []JudgementRecord {
	recs := []JudgementRecord{}
	for _, j := range judgements {
		rec := JudgementRecord{Rule: string(j.Rule), State: string(j.State), Why: j.Why}
		if j.Finding != nil {
			finding := recordFinding(*j.Finding)
			rec.Finding = &finding
		}
		recs = append(recs, rec)
	}
	return recs
}

func explanationTable(w io.Writer, e policy.Explanation, failed []accesskey.Failure, o Options) error {
	p := newPage(w, o)
	p.head(clean(e.User))
	p.text("  ", list(" · ", "account "+naming(e.Account), clean(e.UserARN)))
	p.text("  ", "owner: "+ownership(e))
	p.text("  ", "privilege: "+clean(e.Privilege))
	p.aside("  ", "observed "+moment(e.ObservedAt))
	p.facts(e.Facts, e.Now)
	p.judgements(e.Judgements, e.Now)
	for _, k := range e.Keys {
		p.gap()
		p.head("Key " + strings.TrimPrefix(clean(k.Name), "key "))
		p.facts(k.Facts, e.Now)
		p.judgements(k.Judgements, e.Now)
		if k.ID != "" && slices.ContainsFunc(k.Judgements, func(j policy.Judgement) bool { return j.Finding != nil && replaced(j.Rule) }) {
			p.aside("  ", lookFor(k.ID, o))
		}
	}
	p.failures(gistOfFailures(failed))
	return p.flush()
}

// ownership is the owner and how it was found. Clean.
func ownership(e policy.Explanation) string {
	if e.Owner == "" {
		return clean(e.OwnerWhy)
	}
	return clean(e.Owner) + " (" + clean(e.OwnerWhy) + ")"
}

func (p *page) facts(facts []policy.Evidence, now time.Time) {
	if len(facts) == 0 {
		return
	}
	p.gap()
	g := &grid{columns: []column{
		{title: "FACT"}, {title: "VALUE", fit: wrapped, least: 54}, {title: "FROM"}, {title: "AS OF"},
	}}
	narrow := &grid{columns: []column{{title: "FACT"}, {title: "VALUE", fit: wrapped, least: 30}}}
	for _, f := range facts {
		fact, value := cell{clean(f.Fact), plain}, factValue(f, now)
		g.rows = append(g.rows, []cell{fact, {value, strong}, {clean(f.Source), faint}, {asSeen(f, now), faint}})
		narrow.rows = append(narrow.rows, []cell{fact, {list(" · ", value, clean(f.Source), asSeen(f, now)), plain}})
	}
	if !g.write(p) && !narrow.write(p) {
		g.stack(p)
	}
}

// factValue is a fact's value; a time also as people count. Clean.
func factValue(f policy.Evidence, now time.Time) string {
	first, _, _ := strings.Cut(f.Value, ",")
	if t, err := time.Parse(time.RFC3339, first); err == nil {
		return clean(f.Value) + " (" + Ago(t, now) + ")"
	}
	return clean(f.Value)
}

func asSeen(f policy.Evidence, now time.Time) string {
	if f.ObservedAt.IsZero() {
		return ""
	}
	return Ago(f.ObservedAt, now)
}

// states are the words and styles of how a user stands to a rule.
var states = map[policy.State]struct {
	word  string
	style lipgloss.Style
}{
	policy.Broken:  {"BROKEN", bad.Bold(true)},
	policy.Kept:    {"ok", good},
	policy.Unknown: {"unknown", soso},
}

func (p *page) judgements(judgements []policy.Judgement, now time.Time) {
	if len(judgements) == 0 {
		return
	}
	p.gap()
	g := &grid{columns: []column{{title: "RULE"}, {title: "STATE"}, {title: "WHY", fit: wrapped, least: 30}}}
	for _, j := range judgements {
		state := states[j.State]
		g.rows = append(g.rows, []cell{{clean(string(j.Rule)), plain}, {state.word, state.style}, {verdict(j, now), plain}})
	}
	if !g.write(p) {
		g.stack(p)
	}
}

// verdict is a judgement's sentence, with severity and due date where it is a
// finding. Clean.
func verdict(j policy.Judgement, now time.Time) string {
	if j.Finding == nil {
		return clean(j.Why)
	}
	return clean(j.Why) + " [" + j.Finding.Severity.String() + ", due " + due(j.Finding.Due, now) + "]"
}

func explanationMarkdown(w io.Writer, e policy.Explanation, failed []accesskey.Failure) error {
	m := newSheet(w)
	m.linef("# %s\n", md(e.User))
	m.linef("- Account: %s", md(naming(e.Account)))
	m.linef("- ARN: %s", code(e.UserARN))
	m.linef("- Owner: %s", md(ownership(e)))
	m.linef("- Privilege: %s", md(e.Privilege))
	m.linef("- Observed: %s", md(moment(e.ObservedAt)))
	m.facts(e.Facts, e.Now)
	m.judgements(e.Judgements, e.Now)
	for _, k := range e.Keys {
		m.linef("\n## Key %s", md(strings.TrimPrefix(k.Name, "key ")))
		m.facts(k.Facts, e.Now)
		m.judgements(k.Judgements, e.Now)
	}
	m.failures(gistOfFailures(failed))
	return m.flush()
}

func (m *sheet) facts(facts []policy.Evidence, now time.Time) {
	if len(facts) == 0 {
		return
	}
	m.table("Fact", "Value", "From", "As of")
	for _, f := range facts {
		m.row(md(f.Fact), md(factValue(f, now)), md(f.Source), asSeen(f, now))
	}
}

func (m *sheet) judgements(judgements []policy.Judgement, now time.Time) {
	if len(judgements) == 0 {
		return
	}
	m.table("Rule", "State", "Why")
	for _, j := range judgements {
		m.row(code(string(j.Rule)), states[j.State].word, md(verdict(j, now)))
	}
}
