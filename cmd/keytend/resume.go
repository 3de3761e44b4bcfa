package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// resume is one run of `keytend resume`.
type resume struct {
	planning
	stay  stay
	probe string
	gates map[string]policy.Gate // of records that a policy began, by ID
}

func resumeCommand(a *app) *cobra.Command {
	r := &resume{planning: planning{app: a}}
	command := &cobra.Command{
		Use:   "resume [USER]",
		Short: "Go on with what is under way",
		Long: `Resume goes on with every rotation, retirement and revocation of the account, or
with one user's: whatever is due is done, the rest goes on waiting. Run it from
cron, or with --wait. It exits 5 where something is blocked.

What ` + "`keytend apply`" + ` began is bound by its policy: mode, approvals, change windows and
budgets. That is the one named by --config or found in this folder; without it, such
records are left alone. With --organization or --profiles, many accounts are gone
through.`,
		Example: "  keytend resume\n  keytend resume alice --wait",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if r.probe != "" && len(args) == 0 {
				return usageError{c, errors.New("--probe goes with one USER: whose probe is it?")}
			}
			if err := r.checkAccounts(c, args); err != nil {
				return usageError{c, err}
			}
			if len(args) == 0 && !r.stay.wait {
				if err := r.meansMany(); err != nil {
					return err
				}
			}
			if r.fleet.asked() {
				return r.everywhere(c.Context())
			}
			return r.run(c.Context(), args)
		},
	}
	command.Flags().StringVar(&r.probe, "probe", "", "with USER: another shell `command` than the one on record as the probe of the new key")
	r.stay.addTo(command)
	if err := command.Flags().MarkHidden("yes"); err != nil { // nothing is asked; scripts may say it
		panic(err)
	}
	r.addAccountsTo(command)
	r.state.elsewhere.addTo(command)
	r.state.addEscrowTo(command)
	return command
}

func (r *resume) run(ctx context.Context, args []string) error {
	b, err := r.openBench(ctx, args)
	if err != nil {
		return err
	}
	defer b.close()
	if err := r.probeWith(ctx, b, args); err != nil {
		return err
	}
	for {
		records, err := r.records(ctx, b, args)
		if err != nil || len(records) == 0 {
			return err
		}
		if r.gates, err = r.gatesOf(ctx, b, records); err != nil {
			return err
		}
		next, verdict := r.round(ctx, b, records, len(args) == 1)
		if !r.stay.wait || next.IsZero() || len(args) == 1 {
			return verdict
		}
		pause := min(max(next.Sub(b.now()), time.Second), longestNap)
		if err := r.app.sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// openBench opens the credentials' own account; of one user, whichever account is
// meant.
func (r *resume) openBench(ctx context.Context, args []string) (*bench, error) {
	if len(args) == 0 {
		return r.app.openBench(ctx, &r.state, false)
	}
	return r.app.reach(ctx, &r.state, strings.Join(r.account, ","), args[0])
}

// probeWith puts another probe on record.
func (r *resume) probeWith(ctx context.Context, b *bench, args []string) error {
	if r.probe == "" {
		return nil
	}
	record, under, err := b.live(ctx, args[0])
	if err != nil || !under || record.Probe == r.probe {
		return err
	}
	_, err = b.give(ctx, record.Subject, rotation.ProbeWith(r.probe))
	return err
}

func (r *resume) records(ctx context.Context, b *bench, args []string) ([]accesskey.Record, error) {
	if len(args) == 0 {
		records, err := b.desk.List(ctx, b.account, false)
		if err == nil && len(records) == 0 {
			r.app.line("Nothing is under way in account " + b.account + ".")
		}
		return records, err
	}
	record, under, err := b.live(ctx, args[0])
	if err == nil && !under {
		err = (&order{app: r.app}).nothing(ctx, b, args[0])
	}
	return []accesskey.Record{record}, err
}

// round takes each record on as far as it goes, and returns when to look again
// and the gravest verdict.
func (r *resume) round(ctx context.Context, b *bench, records []accesskey.Record, alone bool) (next time.Time, worst error) {
	for _, record := range records {
		res, err := r.one(ctx, b, record, alone)
		if ctx.Err() != nil {
			return time.Time{}, ctx.Err()
		}
		if t := res.Step.NotBefore; err == nil && res.Record.Live() && (next.IsZero() || t.Before(next)) {
			next = t
		}
		if err == nil {
			continue
		}
		if len(records) > 1 {
			r.app.say(err)
		}
		worst = graver(worst, err, len(records) > 1)
	}
	return next, worst
}

// graver keeps what to end with: a failure wins over a block.
func graver(worst, err error, many bool) error {
	if !many {
		return err
	}
	var said verdict
	if errors.As(err, &said) && said.code == exitBlocked {
		if worst == nil {
			return verdict{code: exitBlocked, text: "something is blocked", hint: "see above; `keytend status` shows all"}
		}
		return worst
	}
	return verdict{code: exitFailed, text: "not everything could be looked at"}
}

func (r *resume) one(ctx context.Context, b *bench, record accesskey.Record, alone bool) (rotation.Result, error) {
	leave, err := b.work(record.Subject)
	if err != nil {
		return rotation.Result{}, err
	}
	defer leave()
	own := *b.rotator
	if record.Planned {
		own.Gate = r.gates[record.ID]
	}
	d := &drive{app: r.app, rotator: &own, subject: record.Subject, stay: r.stay}
	if !alone {
		d.stay.wait = false
		r.app.line(fmt.Sprintf("%s of %s (%s)", title(record.Work), record.Subject.User, record.Old))
	}
	res, err := d.run(ctx)
	if err != nil {
		return res, explainRotation(err)
	}
	return res, r.app.after(r.app.stdout, res, &r.state, "resume", record.Subject.User)
}
