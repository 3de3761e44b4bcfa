// Package report writes what was observed and decided: for people (table,
// HTML, Markdown), for machines (JSON, NDJSON, CSV, ASFF, OCSF, Prometheus), and
// as a short message (Digest). It reads back its own JSON as a baseline.
//
// It decides nothing and asks nobody: no severity, no rank, no clock. What
// comes from AWS is a stranger's text here, and is made harmless for each
// format at the one place where that format writes text.
package report

import (
	"fmt"
	"io"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Format is a way to write a report.
type Format string

// The formats. Those that SheetFormats doesn't have are for scans only.
const (
	Table    Format = "table"
	JSON     Format = "json"
	NDJSON   Format = "ndjson"
	CSV      Format = "csv"
	HTML     Format = "html"
	Markdown Format = "markdown"

	// For other programs: Security Hub, whatever takes OCSF, node_exporter.
	SecurityHub Format = "asff"
	OCSF        Format = "ocsf"
	Prometheus  Format = "prometheus"

	// For auditors: how each account stands to each control.
	Controls     Format = "controls" // CSV
	ControlsHTML Format = "controls-html"
)

// ScanFormats are the formats Write knows; SheetFormats those of WriteScorecard
// and WriteExplanation.
var (
	ScanFormats  = []Format{Table, JSON, NDJSON, CSV, HTML, Markdown, SecurityHub, OCSF, Prometheus, Controls, ControlsHTML}
	SheetFormats = []Format{Table, JSON, HTML, Markdown}
)

// Scan is what a scan observed and what was decided about it.
type Scan struct {
	GeneratedAt time.Time // UTC, by AWS's clock; ages are counted up to it
	Rules       policy.Rules
	Accounts    []accesskey.Inventory
	Findings    []policy.Finding // ranked
	Known       []policy.Finding // left out of Findings because a baseline has them
}

// Options say how a report is to look.
type Options struct {
	Width int  // columns of the terminal, for tables; 0: 100
	Color bool // ANSI colours, for tables
	All   bool // every key too, not only what was found (JSON and NDJSON always have them)
	Limit int  // findings in a table, for people; 0: all. What is left out is counted

	Region  string // of Security Hub, in its findings
	Version string // of this program, in OCSF's events

	Explain string // flags that `keytend explain` needs for these accounts; empty: none
}

func (o Options) explaining() string {
	if o.Explain == "" {
		return ""
	}
	return o.Explain + " "
}

// Write writes the scan in a format of ScanFormats.
func Write(w io.Writer, f Format, s Scan, o Options) error {
	switch f {
	case Table:
		return writeTable(w, gistOf(s), o)
	case JSON, NDJSON, CSV, SecurityHub, OCSF, Prometheus, Controls, ControlsHTML:
		return writeStream(w, f, s, o)
	case HTML:
		return writeHTML(w, gistOf(s))
	case Markdown:
		return writeMarkdown(w, gistOf(s), o)
	}
	return fmt.Errorf("write scan: unknown format %q", f)
}

// writeStream writes one account after the other, so that no second copy of a
// large account comes to be.
func writeStream(w io.Writer, f Format, s Scan, o Options) error {
	stream, err := NewStream(w, f, s.GeneratedAt, s.Rules, o)
	if err != nil {
		return err
	}
	byAccount := map[string][]policy.Finding{}
	for _, finding := range s.Findings {
		byAccount[finding.Account] = append(byAccount[finding.Account], finding)
	}
	for _, inv := range s.Accounts {
		if err := stream.Account(inv, byAccount[inv.Account.ID]); err != nil {
			return err
		}
	}
	for _, finding := range s.Findings {
		if err := stream.out.finding(finding); err != nil {
			return err
		}
	}
	return stream.end(identities(s.Known))
}
