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
	At       time.Time     `json:"generated_at"`      // UTC
	Account  string        `json:"account,omitempty"` // empty: of several
	Accounts int           `json:"accounts"`          // that were read
	Keys     []RosterKey   `json:"keys"`
	Groups   []RosterGroup `json:"groups"`
	Retired  int           `json:"retired"`            // keys that went through a role so far
	History  []RosterRun   `json:"history"`            // of the same accounts: the latest runs, the oldest first, this one last
	Progress *Progress     `json:"progress,omitempty"` // nil: nothing to compare with
	Remarks  []string      `json:"remarks"`            // what could not be looked at, a sentence each
}

// RosterRun is how many keys were left when they were all looked at.
type RosterRun struct {
	At       time.Time `json:"at"` // UTC
	Accounts int       `json:"accounts"`
	Keys     int       `json:"keys"`
	Retired  int       `json:"retired"`
	Partial  bool      `json:"partial,omitempty"` // not everything could be read
}

// RosterKey is one key.
type RosterKey struct {
	Account     string       `json:"account"`
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
	keys, where := "Active keys", "account "+r.Account
	if len(r.Keys) == 1 {
		keys = "Active key"
	}
	if r.Account == "" {
		where = fmt.Sprintf("%d accounts", r.Accounts)
	}
	text := fmt.Sprintf("%d %s left in %s", len(r.Keys), keys, where)
	if r.Retired > 0 {
		text += fmt.Sprintf("; %d went by way of a role so far", r.Retired)
	}
	return text + "."
}

// Course is how many keys were left at each run; empty: this is the first.
func (r Roster) Course() string {
	if len(r.History) < 2 {
		return ""
	}
	var runs []string
	for _, run := range r.History {
		text := fmt.Sprintf("%s %d", run.At.UTC().Format(time.DateOnly), run.Keys)
		if run.Partial {
			text += " (not everything was read)"
		}
		runs = append(runs, text)
	}
	return "Keys left: " + strings.Join(runs, ", ") + "."
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
	for _, line := range []string{r.Course(), r.Progress.String()} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	for _, g := range r.Groups {
		lines = append(lines, fmt.Sprintf("  %3d  %s (%s)", g.Keys, g.Replacement, g.Effort))
	}
	if _, err := fmt.Fprintf(w, "%s\n", strings.Join(lines, "\n")); err != nil {
		return err
	}
	if err := writeRosterKeys(w, r.Keys); err != nil {
		return err
	}
	for _, remark := range r.Remarks {
		if _, err := fmt.Fprintln(w, "! "+clean(remark)); err != nil {
			return err
		}
	}
	return nil
}

func writeRosterKeys(w io.Writer, keys []RosterKey) error {
	if len(keys) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "\nRISK\tACCOUNT\tUSER\tKEY\tUSED BY\tSURE\tINSTEAD\tEFFORT\tLAST USED") // Flush tells of errors
	for _, k := range keys {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.0f %%\t%s\t%s\t%s\n", k.Risk, k.Account, clean(k.User), k.Key, k.Workload, 100*k.Confidence, k.Replacement, k.Effort, clean(k.LastUsed))
	}
	return t.Flush()
}
