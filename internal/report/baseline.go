package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/keytend/keytend/internal/policy"
)

// Baseline is what an older scan found, to be told no more.
type Baseline struct {
	GeneratedAt time.Time // UTC, of the older scan
	known       map[string]bool
}

// Len returns how many findings the baseline has.
func (b Baseline) Len() int { return len(b.known) }

// Has reports whether the baseline has the finding.
func (b Baseline) Has(f policy.Finding) bool { return b.known[f.Identity()] }

// baselineDocument is the part of a Document that a baseline needs. Newer
// programs may have added fields; they are passed over.
type baselineDocument struct {
	Schema      string    `json:"schema"`
	GeneratedAt time.Time `json:"generated_at"`
	Findings    *[]struct {
		ID string `json:"id"`
	} `json:"findings"`
	Known []string `json:"known"`
}

// ReadBaseline reads what Write wrote as JSON: its findings, and those it left
// out because a baseline of its own had them. Anything else is refused, with
// what it lacks.
func ReadBaseline(r io.Reader) (Baseline, error) {
	var doc baselineDocument
	dec := json.NewDecoder(r)
	if err := dec.Decode(&doc); err != nil {
		return Baseline{}, fmt.Errorf("not the JSON of a scan: %w", explainJSON(err))
	}
	if doc.Schema != ScanSchema {
		return Baseline{}, fmt.Errorf("schema %q: want %q, as written by keytend scan --output json", doc.Schema, ScanSchema)
	}
	if doc.Findings == nil {
		return Baseline{}, errors.New("no findings in it: want a file written by keytend scan --output json (not ndjson)")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Baseline{}, errors.New("something follows after the end of the document: want one scan only")
	}
	b := Baseline{GeneratedAt: doc.GeneratedAt.UTC(), known: map[string]bool{}}
	for i, f := range *doc.Findings {
		if f.ID == "" {
			return Baseline{}, fmt.Errorf("finding %d has no id", i+1)
		}
		b.known[f.ID] = true
	}
	for _, id := range doc.Known {
		b.known[id] = true
	}
	return b, nil
}

// explainJSON says where a JSON text went wrong, in bytes.
func explainJSON(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is cut off")
	case errors.As(err, &syntax):
		return fmt.Errorf("at byte %d: %w", syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Errorf("at byte %d, field %q: want another type than %s", kind.Offset, kind.Field, kind.Value)
	}
	return err
}

// New returns the findings that the baseline doesn't have, in their order and
// with their ranks.
func New(findings []policy.Finding, b Baseline) []policy.Finding {
	return having(findings, func(f policy.Finding) bool { return !b.Has(f) })
}

// Known returns the findings that the baseline has, for Scan.Known.
func Known(findings []policy.Finding, b Baseline) []policy.Finding {
	return having(findings, b.Has)
}

func having(findings []policy.Finding, wanted func(policy.Finding) bool) []policy.Finding {
	kept := []policy.Finding{}
	for _, f := range findings {
		if wanted(f) {
			kept = append(kept, f)
		}
	}
	return kept
}
