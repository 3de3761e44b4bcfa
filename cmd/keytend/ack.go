package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/notice"
)

// acknowledging is one run of `keytend ack`.
type acknowledging struct {
	planning
	until string
	why   string
	in    string // account
}

func ackCommand(a *app) *cobra.Command {
	k := &acknowledging{planning: planning{app: a}}
	command := &cobra.Command{
		Use:   "ack USER|ACCESS-KEY-ID",
		Short: "Say that you know, and be left alone until a date",
		Long: `Ack acknowledges what keytend has told about a user's keys, or about one key: up
to the date given nobody is reminded of it. The date lies at most 30 days after
the key is due; who needs longer needs an exemption in the policy. Blocked keys
and keys that were switched off are told all the same. A later ack takes the
place of an earlier one. It is kept in the audit.`,
		Example: `  keytend ack alice --until 2026-12-20 --why 'new release on the 18th'
  keytend ack AKIAIOSFODNN7EXAMPLE --until 2026-12-20 --why 'vendor is told'`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			until, err := time.Parse(time.DateOnly, k.until)
			if err != nil {
				return usageError{c, fmt.Errorf("--until %q: want a date like 2026-12-20 (reminders come again from then on, UTC)", k.until)}
			}
			if k.why == "" {
				return usageError{c, errors.New("--why: say the reason, for the others")}
			}
			if err := k.fleet.check(c, a.profile); err != nil {
				return usageError{c, err}
			}
			return k.run(c.Context(), args[0], until)
		},
	}
	k.config.addTo(command)
	k.fleet.addTo(command)
	k.fleet.narrowed = true
	k.state.addTo(command)
	flags := command.Flags()
	flags.StringVar(&k.until, "until", "", "the `date` from which reminders come again")
	flags.StringVar(&k.why, "why", "", "the `reason`, for the others and the audit")
	flags.StringVar(&k.in, "account", "", "with many accounts: the `ID` of the user's account")
	return command
}

func (k *acknowledging) run(ctx context.Context, typed string, until time.Time) error {
	if err := k.load(); err != nil {
		return err
	}
	if err := k.pick(ctx, typed); err != nil {
		return err
	}
	desk, err := k.app.openDesk(ctx, &k.state)
	if err != nil {
		return err
	}
	k.desk = desk
	defer k.close()
	session, err := k.crew.Members[0].Open(ctx)
	if err != nil {
		return err
	}
	ack, err := k.look(ctx, session, typed, until)
	if err != nil {
		return err
	}
	if err := k.desk.Acknowledge(ctx, ack); err != nil {
		return err
	}
	about := "the keys of " + ack.User
	if ack.Thing != "" {
		about = "key " + ack.Thing + " of " + ack.User
	}
	k.app.line(printable(fmt.Sprintf("acknowledged: nobody is reminded of %s before %s", about, until.Format(time.DateOnly))))
	return nil
}

// pick finds the one account that is meant: by flag, else the key's own.
func (k *acknowledging) pick(ctx context.Context, typed string) error {
	if k.in != "" {
		k.account = []string{k.in}
	}
	if err := k.accounts(ctx); err != nil {
		return err
	}
	if id, err := accesskey.ParseID(typed); err == nil && len(k.crew.Members) > 1 {
		session, err := k.crew.Members[0].Open(ctx)
		if err != nil {
			return err
		}
		owner, err := session.KeyAccount(ctx, id)
		if err != nil {
			return fmt.Errorf("find the account of key %s: %w", id, err)
		}
		k.account = []string{owner}
		return k.narrow()
	}
	if len(k.crew.Members) != 1 {
		return hinted{fmt.Errorf("in which of %s is %s?", count(len(k.crew.Members), "account"), typed), "say --account"}
	}
	return nil
}

// look finds the user and when its keys are due, and holds the date against it.
func (k *acknowledging) look(ctx context.Context, session *awsapi.Session, typed string, until time.Time) (notice.Ack, error) {
	name, key := typed, accesskey.ID("")
	if id, err := accesskey.ParseID(typed); err == nil {
		finder := &explain{app: k.app, session: session}
		if name, err = finder.userOf(ctx, id); err != nil {
			return notice.Ack{}, err
		}
		key = id
	}
	inv, err := k.app.collect(ctx, session, k.lookups())
	if err != nil {
		return notice.Ack{}, err
	}
	user, err := find(inv, name)
	if err != nil {
		return notice.Ack{}, err
	}
	a := notice.Ack{Account: inv.Account.ID, User: user.Name, Thing: string(key), Until: until, At: k.crew.at, By: k.desk.person, Why: k.why}
	g, err := k.gathering(ctx, session, inv)
	if err != nil {
		return a, err
	}
	if err := a.Check(g.Dues(a.User, a.Thing)); err != nil {
		return a, hinted{fmt.Errorf("acknowledge for %s: %w", user.Name, err), "who needs longer needs an exemption in the policy, with reason and approver"}
	}
	return a, nil
}
