package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// jsonEmitter writes a Document, indented, without ever holding it.
type jsonEmitter struct {
	w                  io.Writer
	accounts, findings int
}

func (e *jsonEmitter) begin(now time.Time, rules policy.Rules) error {
	if _, err := io.WriteString(e.w, "{\n"); err != nil {
		return err
	}
	if err := e.field("schema", ScanSchema); err != nil {
		return err
	}
	if err := e.field("generated_at", now.UTC()); err != nil {
		return err
	}
	if err := e.field("rules", recordRules(rules)); err != nil {
		return err
	}
	_, err := io.WriteString(e.w, `  "accounts": [`)
	return err
}

func (e *jsonEmitter) account(inv accesskey.Inventory, _ []policy.Finding, rules policy.Rules, now time.Time) error {
	e.accounts++
	rec := recordAccount(inv, rules, now)
	keys := rec.Keys
	rec.Keys = []KeyRecord{}
	if err := e.element(e.accounts == 1, rec, "[]\n    }"); err != nil {
		return err
	}
	return e.keys(keys)
}

// keys writes the list that ends an account, one key a line: there are many,
// and indented they would take a screen each.
func (e *jsonEmitter) keys(keys []KeyRecord) error {
	lead := "["
	for _, key := range keys {
		data, err := marshal(key)
		if err != nil {
			return fmt.Errorf("encode key: %w", err)
		}
		if _, err := fmt.Fprintf(e.w, "%s\n        %s", lead, data); err != nil {
			return err
		}
		lead = ","
	}
	end := "[]\n    }"
	if len(keys) > 0 {
		end = "\n      ]\n    }"
	}
	_, err := io.WriteString(e.w, end)
	return err
}

func (e *jsonEmitter) finding(f policy.Finding) error {
	if e.findings == 0 {
		if err := e.openFindings(); err != nil {
			return err
		}
	}
	e.findings++
	return e.element(e.findings == 1, recordFinding(f), "")
}

// openFindings ends the list of accounts.
func (e *jsonEmitter) openFindings() error {
	if err := e.closeList(e.accounts > 0, ",\n"); err != nil {
		return err
	}
	_, err := io.WriteString(e.w, `  "findings": [`)
	return err
}

func (e *jsonEmitter) end(r rest) error {
	if e.findings == 0 {
		if err := e.openFindings(); err != nil {
			return err
		}
	}
	if err := e.closeList(e.findings > 0, ",\n"); err != nil {
		return err
	}
	if err := writeList(e, "known", r.known, ",\n", func(id string) string { return id }); err != nil {
		return err
	}
	if err := writeList(e, "left_out", r.leftOut, ",\n", recordLeftOut); err != nil {
		return err
	}
	if err := writeList(e, "errors", r.errors, "\n", recordError); err != nil {
		return err
	}
	_, err := io.WriteString(e.w, "}\n")
	return err
}

// field writes a member of the document that others follow.
func (e *jsonEmitter) field(name string, v any) error {
	data, err := indented(v, "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	_, err = fmt.Fprintf(e.w, "  %q: %s,\n", name, data)
	return err
}

// writeList writes a list of the document element by element.
func writeList[T, R any](e *jsonEmitter, name string, items []T, after string, record func(T) R) error {
	if _, err := fmt.Fprintf(e.w, "  %q: [", name); err != nil {
		return err
	}
	for i, item := range items {
		if err := e.element(i == 0, record(item), ""); err != nil {
			return err
		}
	}
	return e.closeList(len(items) > 0, after)
}

// element writes one element of a list, without the end that it is known to
// have.
func (e *jsonEmitter) element(first bool, v any, without string) error {
	data, err := indented(v, "    ")
	if err != nil {
		return fmt.Errorf("encode element: %w", err)
	}
	lead := ",\n    "
	if first {
		lead = "\n    "
	}
	_, err = fmt.Fprintf(e.w, "%s%s", lead, bytes.TrimSuffix(data, []byte(without)))
	return err
}

func (e *jsonEmitter) closeList(filled bool, after string) error {
	end := "]"
	if filled {
		end = "\n  ]"
	}
	_, err := io.WriteString(e.w, end+after)
	return err
}

func indented(v any, prefix string) ([]byte, error) {
	data, err := marshal(v)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	err = json.Indent(&buf, data, prefix, "  ")
	return buf.Bytes(), err
}
