package report

import (
	"io"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// The lines of NDJSON say in "type" what they are: scan (first), account, key,
// finding, left_out, error, and end (last; a file without it is cut off). Their members
// are those of a Document.
type (
	scanLine struct {
		Type        string      `json:"type"`
		Schema      string      `json:"schema"`
		GeneratedAt time.Time   `json:"generated_at"`
		Rules       RulesRecord `json:"rules"`
	}
	accountLine struct {
		Type string `json:"type"`
		AccountRecord
		Keys *struct{} `json:"keys,omitempty"` // each has a line of its own
	}
	keyLine struct {
		Type    string `json:"type"`
		Account string `json:"account"`
		KeyRecord
	}
	findingLine struct {
		Type string `json:"type"`
		FindingRecord
	}
	errorLine struct {
		Type string `json:"type"`
		ErrorRecord
	}
	leftOutLine struct {
		Type string `json:"type"`
		LeftOutRecord
	}
	endLine struct {
		Type     string   `json:"type"`
		Accounts int      `json:"accounts"`
		Keys     int      `json:"keys"`
		Findings int      `json:"findings"`
		LeftOut  int      `json:"left_out"`
		Errors   int      `json:"errors"`
		Known    []string `json:"known"`
	}
)

// ndjsonEmitter writes one JSON object a line.
type ndjsonEmitter struct {
	w   io.Writer
	sum endLine
}

func (e *ndjsonEmitter) begin(now time.Time, rules policy.Rules) error {
	return e.line(scanLine{Type: "scan", Schema: ScanSchema, GeneratedAt: now.UTC(), Rules: recordRules(rules)})
}

func (e *ndjsonEmitter) account(inv accesskey.Inventory, _ []policy.Finding, rules policy.Rules, now time.Time) error {
	e.sum.Accounts++
	rec := recordAccount(inv, rules, now)
	if err := e.line(accountLine{Type: "account", AccountRecord: rec}); err != nil {
		return err
	}
	for _, key := range rec.Keys {
		e.sum.Keys++
		if err := e.line(keyLine{Type: "key", Account: rec.ID, KeyRecord: key}); err != nil {
			return err
		}
	}
	return nil
}

func (e *ndjsonEmitter) finding(f policy.Finding) error {
	e.sum.Findings++
	return e.line(findingLine{Type: "finding", FindingRecord: recordFinding(f)})
}

func (e *ndjsonEmitter) end(r rest) error {
	for _, l := range r.leftOut {
		if err := e.line(leftOutLine{Type: "left_out", LeftOutRecord: recordLeftOut(l)}); err != nil {
			return err
		}
	}
	for _, f := range r.errors {
		if err := e.line(errorLine{Type: "error", ErrorRecord: recordError(f)}); err != nil {
			return err
		}
	}
	e.sum.Type, e.sum.LeftOut, e.sum.Errors, e.sum.Known = "end", len(r.leftOut), len(r.errors), append([]string{}, r.known...)
	return e.line(e.sum)
}

func (e *ndjsonEmitter) line(v any) error {
	data, err := marshal(v)
	if err != nil {
		return err
	}
	_, err = e.w.Write(append(data, '\n'))
	return err
}

func identities(findings []policy.Finding) []string {
	ids := make([]string, len(findings))
	for i, f := range findings {
		ids[i] = f.Identity()
	}
	return ids
}
