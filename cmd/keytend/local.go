package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/locate"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// accountFlags make no sense for the keys of a machine.
var accountFlags = []string{"securityhub", "secrets", "cloudwatch", "terraform-state", "identity-store", "cloudformation", "ids", "live", "concurrency", "fail-on", "baseline", "notify", "all", "warn", "unused", "owner-tag",
	"organization", "role-name", "external-id", "include", "exclude", "profiles", "accounts-at-once"}

func (s *scan) checkLocal(c *cobra.Command) error {
	for _, name := range accountFlags {
		if c.Flags().Changed(name) {
			return fmt.Errorf("--%s doesn't go with --local", name)
		}
	}
	if s.offline && s.try {
		return fmt.Errorf("--try asks AWS, --offline doesn't")
	}
	if !slices.Contains([]string{"table", "json"}, s.output.value) {
		return fmt.Errorf("--output %s doesn't go with --local: want table, json", s.output.value)
	}
	return s.rules.Validate()
}

// localReport is what was found on this machine and what AWS said about it.
type localReport struct {
	now      time.Time
	maxAge   time.Duration
	home     string
	found    locate.Local
	holders  []locate.Holder
	failures []accesskey.Failure
}

func (s *scan) runLocal(ctx context.Context) error {
	r := localReport{now: s.app.now().UTC(), maxAge: s.rules.MaxAge, home: s.app.home}
	r.found = locate.FindLocal(locate.Machine{Environ: s.app.environ, Home: s.app.home, Files: s.files})
	if err := s.identify(ctx, &r); err != nil {
		return err
	}
	err := s.app.writeOutput(s.out, func(w io.Writer) error {
		if s.output.value == "json" {
			return r.writeJSON(w)
		}
		return r.writeTable(w)
	})
	if err != nil {
		return err
	}
	return r.verdict()
}

// identify asks AWS about what was found.
func (s *scan) identify(ctx context.Context, r *localReport) error {
	if s.offline || len(r.found.Keys) == 0 {
		r.unchecked(locate.NotChecked)
		return nil
	}
	session, err := s.app.open(ctx)
	if err != nil {
		s.app.say(err)
		r.unchecked(locate.NotChecked + ": no session with AWS")
		return nil
	}
	r.holders, r.failures = locate.Identify(ctx, session, r.found.Keys, s.try)
	r.now = now(session)
	return ctx.Err()
}

func (r *localReport) unchecked(why string) {
	r.holders = make([]locate.Holder, len(r.found.Keys))
	for i := range r.holders {
		r.holders[i] = locate.Unchecked(why)
	}
}

// verdict is partial where keys may have been missed or AWS didn't answer.
func (r *localReport) verdict() error {
	for _, problem := range r.found.Problems {
		if problem.Unread {
			return verdict{code: exitPartial, text: "partial: " + r.problem(problem)}
		}
	}
	if len(r.failures) > 0 {
		return verdict{code: exitPartial, hint: r.failures[0].Hint, text: "partial: " + describe(r.failures[0])}
	}
	return nil
}

// writeTable writes one block of lines for each key: the first place beside
// the facts, further places below.
func (r *localReport) writeTable(w io.Writer) error {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 4, 2, ' ', 0)
	for _, row := range r.rows() {
		_, _ = fmt.Fprintln(table, strings.Join(row, "\t")) // a Builder takes all
	}
	_ = table.Flush()
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return r.writeRemarks(w)
}

func (r *localReport) rows() [][]string {
	if len(r.found.Keys) == 0 {
		return nil
	}
	rows := [][]string{{"ACCESS KEY", "WHERE", "WHOSE", "STATUS", "AGE", "LAST USED"}}
	for i, key := range r.found.Keys {
		rows = append(rows, r.cells(key, r.holders[i]))
		for _, place := range key.Places[1:] {
			rows = append(rows, []string{"", r.place(place), "", "", "", ""})
		}
	}
	return rows
}

func (r *localReport) writeRemarks(w io.Writer) error {
	lines := []string{}
	for i, key := range r.found.Keys {
		for _, note := range r.notes(key, r.holders[i]) {
			lines = append(lines, fmt.Sprintf("%s: %s", key.ID, note))
		}
	}
	for _, problem := range r.found.Problems {
		lines = append(lines, r.problem(problem))
	}
	if len(r.found.Keys) == 0 {
		lines = append([]string{"No access keys found on this machine."}, lines...)
	} else if len(lines) > 0 {
		lines = append([]string{""}, lines...)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, printable(line)); err != nil {
			return err
		}
	}
	return nil
}

func (r *localReport) cells(key locate.LocalKey, holder locate.Holder) []string {
	cells := []string{string(key.ID), r.place(key.Places[0]), whose(holder), "", "", ""}
	status, ok := holder.Status.Get()
	cells[3] = either(ok, printable(string(status)), "unknown")
	created, ok := holder.Created.Get()
	cells[4] = either(ok, days(r.now.Sub(created)), "unknown")
	use, ok := holder.LastUsed.Get()
	cells[5] = either(ok, used(use, r.now), "unknown")
	if key.ID.Temporary() {
		cells[3], cells[4], cells[5] = "temporary", "-", "-"
	}
	return cells
}

func either(ok bool, text, otherwise string) string {
	if ok {
		return text
	}
	return otherwise
}

// whose names the holder as well as it is known.
func whose(h locate.Holder) string {
	account, ok := h.Account.Get()
	if !ok {
		return printable(h.Account.Why())
	}
	if user, ok := h.User.Get(); ok && user != "" {
		return printable(user) + " in " + account
	}
	if arn, ok := h.ARN.Get(); ok {
		return printable(arn)
	}
	return "someone in " + account
}

func days(d time.Duration) string { return fmt.Sprintf("%d d", d/policy.Day) }

func used(use accesskey.LastUse, now time.Time) string {
	if use.Never() {
		return "never"
	}
	return printable(strings.TrimSpace(fmt.Sprintf("%s %s %s", report.Ago(use.At, now), use.Service, use.Region)))
}

// place names a place briefly: ~/.aws/credentials:3 (default).
func (r *localReport) place(p locate.Place) string {
	text := "environment " + p.Name
	if p.Path != "" {
		text = fmt.Sprintf("%s:%d", r.short(p.Path), p.Line)
		if p.Name != "" {
			text += " (" + p.Name + ")"
		}
	}
	return strings.ReplaceAll(printable(text), "\t", " ")
}

func (r *localReport) problem(p locate.Problem) string {
	where := r.short(p.Path)
	if p.Line > 0 {
		where += fmt.Sprintf(":%d", p.Line)
	}
	return where + ": " + p.Reason
}

// short writes paths below the home directory with ~.
func (r *localReport) short(path string) string {
	if rest, ok := strings.CutPrefix(path, r.home+string(filepath.Separator)); ok && r.home != "" {
		return "~" + string(filepath.Separator) + rest
	}
	return path
}

// notes are what to know about one key beside its facts.
func (r *localReport) notes(key locate.LocalKey, h locate.Holder) []string {
	var notes []string
	if works, ok := h.Works.Get(); ok && !works {
		notes = append(notes, "AWS refuses it: "+h.Refusal)
	}
	if created, ok := h.Created.Get(); ok && r.now.Sub(created) > r.maxAge {
		notes = append(notes, fmt.Sprintf("%s old, the limit is %s", days(r.now.Sub(created)), days(r.maxAge)))
	}
	if len(key.Places) > 1 {
		notes = append(notes, fmt.Sprintf("lies in %d places; replacing it means all of them", len(key.Places)))
	}
	if key.SecretsDiffer {
		notes = append(notes, "its places hold different secrets; at least one can't work")
	}
	if key.ID.Temporary() {
		notes = append(notes, "temporary: belongs to a session and ends by itself")
	} else if h.Account.Known() && !h.Status.Known() {
		notes = append(notes, "status and age unknown: "+h.Status.Why())
	}
	return notes
}
