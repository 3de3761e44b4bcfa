package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/monitor"
)

// watchStatus is one run of `keytend monitor status`.
type watchStatus struct {
	watching
	state  state
	output choice
	all    bool

	steps   []monitor.Step
	seen    []monitor.Seen
	rows    []monitor.Row
	failed  []accesskey.Failure
	members []monitorMember
}

func monitorStatusCommand(a *app) *cobra.Command {
	w := &watchStatus{watching: watching{app: a}, output: choice{allowed: []string{"table", "json"}, value: "table"}}
	command := &cobra.Command{
		Use:   "status",
		Short: "Show the watch, and AWS Config's verdicts beside Keytend's own",
		Long: `Status shows what of the watch is there, missing or changed, how the alarms stand,
and every user on whom AWS Config's rules and Keytend differ, with the reason:
whole days instead of seconds, another limit, an evaluation or a credential report
from before, passwords. A reason is named only where Keytend, judging that way,
comes to AWS Config's verdict; else it says unexplained.

What was installed says itself with which limits and topic; flags hold it to
others.

Keytend's own records (--state) tell when it switched a key off; AWS does not.

Exit code 3 says that something is missing or changed, or a difference is
unexplained; 4 that something could not be read.`,
		Example: `  keytend monitor status --region eu-central-1
  keytend monitor status --all --output json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return w.run(c.Context()) },
	}
	w.addLimitsTo(command)
	w.state.addTo(command)
	w.output.addTo(command, "output", "o", "output format")
	command.Flags().BoolVar(&w.all, "all", false, "show every user, also those on whom both agree")
	return command
}

func (w *watchStatus) run(ctx context.Context) error {
	if err := w.limits(); err != nil {
		return err
	}
	if err := w.recall(ctx); err != nil {
		return err
	}
	if err := w.survey(ctx); err != nil {
		return err
	}
	w.steps = monitor.Install(w.site.Things)
	if err := w.compare(ctx); err != nil {
		return err
	}
	if err := w.spread(ctx); err != nil {
		return err
	}
	if err := w.app.writeOutput("", w.write); err != nil {
		return err
	}
	return w.verdict()
}

// compare holds every user against every rule on keys that there is.
func (w *watchStatus) compare(ctx context.Context) error {
	for _, rule := range w.site.Rules {
		if !rule.Active || !slices.Contains([]string{monitor.Rotated, monitor.Unused, monitor.RootKey}, rule.Identifier) {
			continue
		}
		s := monitor.Seen{Rule: rule}
		var err error
		if s.Verdicts, err = w.session.ConfigVerdicts(ctx, rule.Name); err != nil {
			return err
		}
		if s.Evaluated, err = w.session.ConfigEvaluated(ctx, rule.Name); err != nil {
			return err
		}
		w.seen = append(w.seen, s)
	}
	if len(w.seen) == 0 {
		return nil
	}
	records, err := w.records(ctx)
	if err != nil {
		return err
	}
	inv, err := w.app.collect(ctx, w.session, inventory.Options{
		IDs: inventory.IDsForFindings,
		Wanted: func(inv accesskey.Inventory) []string {
			var users []string
			for _, r := range w.judged(inv, records) {
				if !r.Same || r.Ours == monitor.Bad {
					users = append(users, r.User)
				}
			}
			return users
		},
	})
	w.rows, w.failed = w.judged(inv, records), inv.Failures
	return err
}

func (w *watchStatus) judged(inv accesskey.Inventory, records []accesskey.Record) []monitor.Row {
	var rows []monitor.Row
	for _, s := range w.seen {
		rows = append(rows, monitor.Compare(inv, s, w.options, records, now(w.session))...)
	}
	return rows
}

// records are what Keytend has on record about the account; none where there is
// no state file.
func (w *watchStatus) records(ctx context.Context) ([]accesskey.Record, error) {
	if _, err := os.Stat(w.state.file(w.app)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	w.state.reading = true
	d, err := w.app.openDesk(ctx, &w.state)
	if err != nil {
		return nil, err
	}
	defer d.close()
	return d.List(ctx, w.site.Account, true)
}

// monitorMember is an account that could not take a rule of the organization.
type monitorMember struct {
	awsapi.MemberRule
	rule string
}

// spread asks how the organization's accounts took the rules.
func (w *watchStatus) spread(ctx context.Context) error {
	for _, s := range w.steps {
		if !w.options.Organization || !strings.HasSuffix(s.Kind, "organization") || !s.There {
			continue
		}
		members, err := w.session.OrganizationRuleMembers(ctx, s.Name)
		if err != nil {
			return err
		}
		for _, m := range members {
			if !strings.HasSuffix(m.Status, "_SUCCESSFUL") {
				w.members = append(w.members, monitorMember{m, s.Name})
			}
		}
	}
	return nil
}

// standing says how one thing stands.
func standing(s monitor.Step) string {
	switch s.Act {
	case monitor.Make:
		return "missing"
	case monitor.Repair:
		return "changed"
	case monitor.Leave:
		return "not ours"
	case monitor.Reuse:
		return "somebody else's"
	}
	return "there"
}

func (w *watchStatus) write(out io.Writer) error {
	if w.output.value == "json" {
		return w.writeJSON(out)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: AWS Config's recorder is %s\n\n", "A"+w.place()[1:], w.site.Recorder)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, s := range w.steps {
		about := s.Note
		if s.Act != monitor.Keep && s.Act != monitor.Make {
			about = s.Why
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", standing(s), s.Kind, s.Name, about) // a strings.Builder takes everything
	}
	for _, m := range w.members {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s %s\n", strings.ToLower(m.Status), "account", m.Account, m.rule, m.Code)
	}
	_ = t.Flush()
	if len(w.seen) > 0 {
		w.writeVerdicts(&b)
	}
	_, err := io.WriteString(out, printable(trimmed(b.String()))+"\n")
	return err
}

func (w *watchStatus) writeVerdicts(b *strings.Builder) {
	for _, s := range w.seen {
		when := "has not judged yet"
		if !s.Evaluated.IsZero() {
			when = "judged at " + stamp(s.Evaluated)
		}
		same := 0
		var rows []monitor.Row
		for _, r := range w.rows {
			if r.Rule != s.Rule.Name {
				continue
			}
			if r.Same {
				same++
			}
			if !r.Same || w.all {
				rows = append(rows, r)
			}
		}
		fmt.Fprintf(b, "\n%s (%s) %s; both say the same of %d\n", s.Rule.Name, s.Rule.Identifier, when, same)
		if len(rows) == 0 {
			continue
		}
		t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(t, "  USER\tKEYTEND\tAWS CONFIG\tWHY") // a strings.Builder takes everything
		for _, r := range rows {
			why := r.Why
			if r.Same {
				why = r.Saw
			}
			_, _ = fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", r.User, r.Ours, r.Config, why)
		}
		_ = t.Flush()
	}
}

func (w *watchStatus) verdict() error {
	if err := partial(w.failed); err != nil {
		return err
	}
	broken, unexplained := 0, 0
	for _, s := range w.steps {
		if s.Act == monitor.Make || s.Act == monitor.Repair || s.Act == monitor.Leave {
			broken++
		}
	}
	for _, r := range w.rows {
		if !r.Same && !r.Explained {
			unexplained++
		}
	}
	var parts []string
	if broken > 0 {
		parts = append(parts, fmt.Sprintf("%d missing or not as wanted", broken))
	}
	if len(w.members) > 0 {
		parts = append(parts, fmt.Sprintf("%d not taken by an account", len(w.members)))
	}
	if unexplained > 0 {
		parts = append(parts, count(unexplained, "difference")+" unexplained")
	}
	if w.site.Recorder != awsapi.RecorderOn && !w.options.WithoutConfig && !w.options.Organization {
		parts = append(parts, "no configuration recorder runs, so AWS Config judges nothing")
	}
	if len(parts) == 0 {
		return nil
	}
	v := verdict{code: exitFindings, text: strings.Join(parts, ", ")}
	switch {
	case broken > 0:
		v.hint = "`" + w.again() + "` makes and repairs"
	case len(w.members) > 0:
		v.hint = "a rule of the organization needs a configuration recorder in each account and this region: set AWS Config up there"
	}
	return v
}
