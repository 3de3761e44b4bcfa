package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// freeze is one run of `keytend freeze`.
type freeze struct {
	app   *app
	state state
	until string
	span  time.Duration
	why   string
	lift  bool
}

func freezeCommand(a *app) *cobra.Command {
	f := &freeze{app: a}
	command := &cobra.Command{
		Use:   "freeze",
		Short: "Stop everything now",
		Long: `Freeze stops all changes in all accounts that this state file is for, at the next
step of whatever is at work: no key is made, delivered, switched off or deleted.
What puts things back is never kept waiting: late truth still switches a key on
again, and rollback and revoke work. Status shows the freeze; --lift ends it.`,
		Example: `  keytend freeze --why 'incident 4711'
  keytend freeze --until 2027-01-03 --why 'year end'
  keytend freeze --lift`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return usageError{c, err}
			}
			return f.run(c.Context())
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.until, "until", "", "the `day` (the last one, UTC) or moment (RFC 3339) it ends by itself; default: never")
	flags.Var(span{&f.span}, "for", "how long it lasts")
	flags.StringVar(&f.why, "why", "", "`reason`, for the others")
	flags.BoolVar(&f.lift, "lift", false, "end the freeze")
	f.state.addTo(command)
	command.MarkFlagsMutuallyExclusive("until", "for", "lift")
	command.MarkFlagsMutuallyExclusive("why", "lift")
	return command
}

func (f *freeze) check() error {
	if f.until == "" {
		return nil
	}
	_, err := dayOrMoment(f.until)
	return err
}

// dayOrMoment reads the end of a stretch of time: a moment, or the end of a
// day, UTC.
func dayOrMoment(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.AddDate(0, 0, 1), nil
	}
	return time.Time{}, fmt.Errorf("--until %q: want a day (2027-01-03) or a moment (2027-01-03T18:00:00Z)", text)
}

func (f *freeze) run(ctx context.Context) error {
	now, asked, err := f.app.awsNow(ctx)
	if err != nil {
		return err
	}
	d, err := f.app.openDesk(ctx, &f.state)
	if err != nil {
		return err
	}
	defer d.close()
	if f.lift {
		return f.end(ctx, d, now)
	}
	order := rotation.Freeze{From: now, By: d.person, Why: f.why}
	if !asked {
		order.From = now.Add(-policy.Day) // this computer's clock may be ahead of AWS's
	}
	if f.until != "" {
		order.Until, _ = dayOrMoment(f.until) // checked before
	}
	if f.span > 0 {
		order.Until = now.Add(f.span)
	}
	if !order.Until.IsZero() && !order.Until.After(now) {
		return hinted{fmt.Errorf("the freeze would be over already: it is %s", stamp(now)), "give a later --until"}
	}
	if err := d.Freeze(ctx, order); err != nil {
		return err
	}
	f.app.line("Frozen " + frozenText(order) + ": nothing is changed any more. End it with  " + f.app.back(&f.state, "freeze", "--lift"))
	return nil
}

func (f *freeze) end(ctx context.Context, d *desk, now time.Time) error {
	n, err := d.Lift(ctx, now, d.person)
	if err != nil {
		return err
	}
	if n == 0 {
		return hinted{errors.New("no freeze is in force"), "freezes of the policy file end by its dates"}
	}
	f.app.line("Lifted: what is due goes on at the next pass.")
	return nil
}

// frozenText says until when a freeze lasts, and why.
func frozenText(o rotation.Freeze) string {
	text := "until it is lifted"
	if !o.Until.IsZero() {
		text = "until " + stamp(o.Until)
	}
	if o.By != "" {
		text += ", by " + o.By
	}
	if o.Why != "" {
		text += " (" + o.Why + ")"
	}
	return text
}

// awsNow is AWS's time; where AWS can't be asked, this computer's: an order to
// stop must not fail for want of a connection.
func (a *app) awsNow(ctx context.Context) (t time.Time, asked bool, err error) {
	session, err := a.open(ctx)
	if err == nil {
		_, err = session.Identity(ctx)
	}
	if err == nil {
		return now(session), true, nil
	}
	a.log.DebugContext(ctx, "AWS can't be asked for the time", "error", err)
	return a.now().UTC().Truncate(time.Second), false, ctx.Err()
}
