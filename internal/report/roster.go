package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Roster is every key with what is to take its place, the greatest risk first.
type Roster struct {
	Schema   string        `json:"schema"`
	At       time.Time     `json:"generated_at"` // UTC
	Account  string        `json:"account"`
	Keys     []RosterKey   `json:"keys"`
	Groups   []RosterGroup `json:"groups"`
	Retired  int           `json:"retired"`            // keys that went through a role so far
	Progress *Progress     `json:"progress,omitempty"` // nil: nothing to compare with
	Remarks  []string      `json:"remarks"`            // what could not be looked at, a sentence each
}

// RosterKey is one key.
type RosterKey struct {
	User        string       `json:"user"`
	Key         accesskey.ID `json:"key"`
	Owner       string       `json:"owner,omitempty"`
	Workload    string       `json:"workload"`
	Confidence  float64      `json:"confidence"`
	Replacement string       `json:"replacement"`
	Effort      string       `json:"effort"`
	Risk        string       `json:"risk"` // the severity of its worst finding; "none"
	Why         string       `json:"why"`  // that finding's sentence
	LastUsed    string       `json:"last_used"`
	Calls       int          `json:"calls"`
}

// RosterGroup is how many keys one replacement is for.
type RosterGroup struct {
	Replacement string `json:"replacement"`
	Effort      string `json:"effort"`
	Keys        int    `json:"keys"`
}

// Progress is what has changed since an earlier roster.
type Progress struct {
	Since  time.Time      `json:"since"`
	Before int            `json:"keys_before"`
	Now    int            `json:"keys_now"`
	Gone   []accesskey.ID `json:"gone"`
	New    []accesskey.ID `json:"new"`
}

// RosterSchema names the JSON format.
const RosterSchema = "keytend.migrate-all/v1"

// ReadRoster reads a roster that was written as JSON.
func ReadRoster(in io.Reader) (Roster, error) {
	var r Roster
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return r, fmt.Errorf("read roster: %w", err)
	}
	if r.Schema != RosterSchema {
		return r, fmt.Errorf("read roster: schema %q, want %s", r.Schema, RosterSchema)
	}
	return r, nil
}

// Since compares with an earlier roster of the same account.
func (r Roster) Since(before Roster) *Progress {
	p := &Progress{Since: before.At, Before: len(before.Keys), Now: len(r.Keys), Gone: []accesskey.ID{}, New: []accesskey.ID{}}
	had := map[accesskey.ID]bool{}
	for _, k := range before.Keys {
		had[k.Key] = true
	}
	for _, k := range r.Keys {
		if !had[k.Key] {
			p.New = append(p.New, k.Key)
		}
		delete(had, k.Key)
	}
	for _, k := range before.Keys {
		if had[k.Key] {
			p.Gone = append(p.Gone, k.Key)
		}
	}
	return p
}

// String is the progress in a sentence.
func (p *Progress) String() string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("Since %s: %d keys were left, %d are now; %d gone, %d new.", p.Since.UTC().Format(time.DateOnly), p.Before, p.Now, len(p.Gone), len(p.New))
}

// Headline says how many keys are left.
func (r Roster) Headline() string {
	text := fmt.Sprintf("%d Active keys left in account %s", len(r.Keys), r.Account)
	if len(r.Keys) == 1 {
		text = "1 Active key left in account " + r.Account
	}
	if r.Retired > 0 {
		text += fmt.Sprintf("; %d went by way of a role so far", r.Retired)
	}
	return text + "."
}

// WriteRoster writes the roster as json, html or table.
func WriteRoster(w io.Writer, format string, r Roster) error {
	switch format {
	case "json":
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(r)
	case "html":
		return writePage(w, "roster.html", r)
	}
	return writeRosterTable(w, r)
}

func writeRosterTable(w io.Writer, r Roster) error {
	lines := []string{r.Headline()}
	if r.Progress != nil {
		lines = append(lines, r.Progress.String())
	}
	for _, g := range r.Groups {
		lines = append(lines, fmt.Sprintf("  %3d  %s (%s)", g.Keys, g.Replacement, g.Effort))
	}
	if _, err := fmt.Fprintf(w, "%s\n\n", strings.Join(lines, "\n")); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "RISK\tUSER\tKEY\tUSED BY\tSURE\tINSTEAD\tEFFORT\tLAST USED") // Flush tells of errors
	for _, k := range r.Keys {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.0f %%\t%s\t%s\t%s\n", k.Risk, clean(k.User), k.Key, k.Workload, 100*k.Confidence, k.Replacement, k.Effort, clean(k.LastUsed))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, remark := range r.Remarks {
		if _, err := fmt.Fprintln(w, "! "+clean(remark)); err != nil {
			return err
		}
	}
	return nil
}
