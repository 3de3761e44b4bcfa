package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// apply is one run of `keytend apply`.
type apply struct {
	planning
	command *cobra.Command
	stay    stay
	file    string
	saved   *savedPlan // nil: what is due now

	unread   int // accounts that could not be read
	failures int // pieces of work that failed in this run
}

func applyCommand(a *app) *cobra.Command {
	p := &apply{planning: planning{app: a}}
	command := &cobra.Command{
		Use:   "apply [plan.json]",
		Short: "Carry out what is due",
		Long: `Apply makes a plan, shows it, asks, and carries it out: it begins what is to begin
and takes everything under way on as far as it goes now. Run it again, from cron
say, as often as you like: each run goes on from where things stand.

With a plan that was written by ` + "`keytend plan --out plan.json`" + `, it does what that
says and nothing else, once it has looked at the world again: what no longer
holds is not done, and said. It is refused as a whole where the policy has
changed since.

The policy's mode binds it: observe changes nothing, approve begins records that
wait for ` + "`keytend approve`" + `, enforce acts. Budgets, change windows and freezes hold.
An account that can't be entered stops no other. With --cloudwatch, keys by state,
and work that failed or is blocked, go to CloudWatch as metrics (see scan). Exit code 4 says that something
could not be read or done, 5 that something waits for a person's choice.`,
		Example: `  keytend apply
  keytend apply --only unused --yes
  keytend plan --out plan.json && keytend apply plan.json --yes`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				p.file = args[0]
			}
			if err := p.check(c); err != nil {
				return usageError{c, err}
			}
			return p.run(c.Context())
		},
	}
	p.command = command
	p.addTo(command)
	p.stay.addTo(command)
	p.measure.addTo(command)
	return command
}

func (p *apply) run(ctx context.Context) error {
	defer p.close()
	came := p.carry(ctx)
	if !p.measure.asked() || p.crew == nil {
		return came
	}
	blocked := 0
	if p.desk != nil {
		records, err := p.desk.List(ctx, "", false)
		if err != nil {
			return errors.Join(came, err)
		}
		for _, r := range records {
			if r.Phase == accesskey.Blocked {
				blocked++
			}
		}
	}
	return p.measure.send(ctx, p.app, p.base, p.crew.at, p.unread, came, report.RotationsFailed(p.failures), report.RecordsBlocked(blocked))
}

func (p *apply) carry(ctx context.Context) error {
	if err := p.readSaved(); err != nil {
		return err
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	if p.saved != nil {
		if err := p.saved.fits(p.hash); err != nil {
			return err
		}
	}
	schedule, failed, err := p.survey(ctx)
	if err != nil {
		return err
	}
	p.unread = len(failed)
	if err := p.allot(ctx, schedule); err != nil {
		return err
	}
	todo, idle, err := p.todo(schedule)
	if err != nil {
		return err
	}
	if err := p.show(schedule, failed, idle); err != nil {
		return err
	}
	if len(todo) == 0 {
		return p.nothing(ctx, schedule.Totals(), failed)
	}
	if err := p.sure(todo); err != nil {
		return err
	}
	if err := p.openState(ctx, true); err != nil {
		return err
	}
	return p.carryOut(ctx, todo, failed)
}

func (p *apply) readSaved() error {
	if p.file == "" {
		return nil
	}
	f, err := os.Open(p.file)
	if err != nil {
		return fmt.Errorf("read plan: %w", err)
	}
	doc, err := report.ReadPlan(f, does)
	if err := f.Close(); err != nil {
		return fmt.Errorf("read plan: %w", err)
	}
	if err != nil {
		return hinted{fmt.Errorf("%s: %w", p.file, err), "write one with `keytend plan --out " + quoteWord(p.file) + "`"}
	}
	p.saved = newSavedPlan(p.file, doc)
	p.heed = p.saved.heed
	return nil
}

// todo is what is to be carried out: what begins, and a pass over everything
// under way. idle is how many are only observed.
func (p *apply) todo(schedule *policy.Schedule) (todo []*policy.Item, idle int, err error) {
	for i, err := range schedule.All() {
		switch {
		case err != nil:
			return nil, 0, err
		case i.Action != policy.Begin && i.Record == "" || p.saved != nil && !p.saved.means(i):
		case observed(i):
			if i.Action == policy.Begin || i.Action == policy.GoOn {
				idle++
			}
		default:
			i.Evidence = nil // the table doesn't show it
			todo = append(todo, i)
		}
	}
	return todo, idle, nil
}

// observed reports that the policy's mode lets nothing be done. What a person
// began goes on in any.
func observed(i *policy.Item) bool {
	if i.Record != "" && !i.Planned {
		return false
	}
	return i.Ruling == nil || i.Ruling.Mode != policy.Approve && i.Ruling.Mode != policy.Enforce
}

// show is the plan, what of a saved one is not done, and what is only observed.
func (p *apply) show(schedule *policy.Schedule, failed []accesskey.Failure, idle int) error {
	if !p.app.quiet {
		look := p.app.look("")
		err := p.app.writeOutput("", func(w io.Writer) error {
			return report.WritePlan(w, report.Table, p.document(schedule, failed), look)
		})
		if err != nil {
			return err
		}
	}
	if p.saved != nil {
		lines, err := p.saved.lapsed(schedule)
		if err != nil {
			return err
		}
		for _, line := range lines {
			p.app.line("not done: " + line)
		}
	}
	if idle > 0 {
		p.app.line(fmt.Sprintf("%s only observed, for that is the policy's mode: nothing is done about them. Set mode: approve or enforce.", are(idle)))
	}
	return nil
}

func are(n int) string {
	if n == 1 {
		return "1 is"
	}
	return fmt.Sprintf("%d are", n)
}

func (p *apply) nothing(ctx context.Context, t policy.Totals, failed []accesskey.Failure) error {
	p.app.line("Nothing is applied.")
	if err := p.crew.outcome(ctx, t.Accounts, failed, report.Troubles(failed)); err != nil {
		return err
	}
	if p.saved != nil && p.saved.missed > 0 {
		return verdict{code: exitPartial, text: fmt.Sprintf("%d of the saved plan no longer held", p.saved.missed), hint: "make a new plan: `keytend plan --out " + quoteWord(p.file) + "`"}
	}
	return nil
}

// sure asks, where anything is to begin or to be changed.
func (p *apply) sure(todo []*policy.Item) error {
	acts := slices.ContainsFunc(todo, func(i *policy.Item) bool { return i.Action == policy.Begin || i.Action == policy.GoOn })
	if !acts {
		return nil
	}
	return p.app.ask(p.command, p.stay.yes, "Carry this out?")
}
