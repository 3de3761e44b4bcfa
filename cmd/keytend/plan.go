package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// plan is one run of `keytend plan`.
type plan struct {
	planning
	output   choice
	out      string
	calendar bool
	all      bool
	detailed bool
}

func planCommand(a *app) *cobra.Command {
	p := &plan{planning: planning{app: a}, output: choice{allowed: formatNames(report.SheetFormats), value: string(report.Table)}}
	command := &cobra.Command{
		Use:   "plan",
		Short: "What is due now, what comes when, and what is left alone",
		Long: `Plan reads the accounts and the policy file and says what is to be done about
each key: what begins now, what goes on, what a person must do, what is put off
and until when, what comes (a calendar by week), and what is left alone and why.
It changes nothing, neither on AWS nor in the state file.

Keys that nobody uses are switched off after notice, keys that grow old are
replaced in time where the policy names a destination, budgets and the ramp say
how many begin today: what is unused first, then what can do little harm, then
the rest. Nothing is done about what could not be read.

A plan written with --out plan.json can be carried out later by
` + "`keytend apply plan.json`" + `, which checks it against the world once more.`,
		Example: `  keytend plan
  keytend plan --config keytend.yaml --organization --out plan.json
  keytend plan --only unused --user ci-deploy --output markdown
  keytend plan --detailed-exitcode > /dev/null; test $? -eq 3 && echo "something is due"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.check(c); err != nil {
				return usageError{c, err}
			}
			return p.run(c.Context())
		},
	}
	p.addTo(command)
	p.output.addTo(command, "output", "o", "output format")
	flags := command.Flags()
	flags.StringVar(&p.out, "out", "", "write the plan as JSON to this `file` too, for `keytend apply`")
	flags.BoolVar(&p.calendar, "calendar", false, "show the whole calendar")
	flags.BoolVar(&p.all, "all", false, "on a terminal, show every item")
	flags.BoolVar(&p.detailed, "detailed-exitcode", false, "exit 3 where anything is due")
	return command
}

func (p *plan) run(ctx context.Context) error {
	p.state.reading = true
	if err := p.open(ctx); err != nil {
		return err
	}
	defer p.close()
	if err := p.openPlaces(ctx); err != nil {
		return err
	}
	schedule, failed, err := p.survey(ctx)
	if err == nil {
		err = p.allot(ctx, schedule)
	}
	if err != nil {
		return err
	}
	if err := p.write(schedule, failed); err != nil {
		return err
	}
	return p.verdict(ctx, schedule.Totals(), failed)
}

func (p *plan) write(schedule *policy.Schedule, failed []accesskey.Failure) error {
	doc := p.document(schedule, failed)
	doc.Calendar = p.calendar
	if p.out != "" {
		err := p.app.writeOutput(p.out, func(w io.Writer) error { return report.WritePlan(w, report.JSON, doc, report.Options{}) })
		if err != nil {
			return err
		}
	}
	if p.out == "-" {
		return nil
	}
	look := p.app.look("")
	look.All = p.all
	return p.app.writeOutput("", func(w io.Writer) error { return report.WritePlan(w, report.Format(p.output.value), doc, look) })
}

// document is the plan as a report.
func (p *planning) document(schedule *policy.Schedule, failed []accesskey.Failure) report.Plan {
	return report.Plan{
		Policy: p.record(), Only: p.filters(), Horizon: schedule.Horizon, Schedule: schedule, Failures: failed, LeftOut: p.crew.leftOut(),
	}
}

func (p *plan) verdict(ctx context.Context, t policy.Totals, failed []accesskey.Failure) error {
	if err := p.crew.outcome(ctx, t.Accounts, failed, report.Troubles(failed)); err != nil {
		return err
	}
	if p.detailed && t.Pressing() {
		return verdict{code: exitFindings, text: "something is due"}
	}
	return nil
}
