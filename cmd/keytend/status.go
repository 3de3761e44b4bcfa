package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
)

// status is one run of `keytend status`.
type status struct {
	planning
	output  choice
	ended   bool
	offline bool
}

func statusCommand(a *app) *cobra.Command {
	s := &status{planning: planning{app: a}, output: choice{allowed: []string{"text", "json"}, value: "text"}}
	command := &cobra.Command{
		Use:   "status [USER]",
		Short: "What is under way, and what it waits for",
		Long: `Status shows each rotation, retirement and revocation under way: its phase and
since when, what it waits for, until when, and when the alarm is raised. It
looks at AWS and at every destination now, and changes nothing. Where the policy,
--organization or --profiles means many accounts, it enters every one that has
anything on record.`,
		Example: "  keytend status\n  keytend status alice --output json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			user := ""
			if len(args) == 1 {
				user = args[0]
			}
			if err := s.check(c); err != nil {
				return usageError{c, err}
			}
			s.state.reading = true
			if s.offline {
				return s.onRecord(c.Context(), user)
			}
			if err := s.meansMany(); err != nil {
				return err
			}
			if s.fleet.asked() {
				return s.everywhere(c.Context(), user)
			}
			return s.run(c.Context(), user)
		},
	}
	s.output.addTo(command, "output", "o", "output format")
	command.Flags().BoolVar(&s.ended, "ended", false, "show what has ended too")
	command.Flags().BoolVar(&s.offline, "offline", false, "ask neither AWS nor destinations: only what is on record, of every account")
	s.addAccountsTo(command)
	s.state.addEscrowTo(command)
	return command
}

func (s *status) run(ctx context.Context, user string) error {
	b, err := s.app.openBench(ctx, &s.state, false)
	if err != nil {
		return err
	}
	defer b.close()
	records, err := s.pick(ctx, b.desk, b.account, user)
	if err != nil {
		return err
	}
	if user != "" && len(records) == 0 {
		return (&order{app: s.app}).nothing(ctx, b, user)
	}
	views := make([]view, 0, len(records))
	for _, r := range records {
		views = append(views, s.look(ctx, b, r))
	}
	if err := s.write(ctx, b.desk, views, b.now()); err != nil {
		return err
	}
	return s.others(ctx, b.desk, b.account, user)
}

// others says that more is on record than this account's.
func (s *status) others(ctx context.Context, d *desk, account, user string) error {
	all, err := s.pick(ctx, d, "", user)
	if err != nil {
		return err
	}
	accounts := map[string]bool{}
	for _, r := range all {
		accounts[r.Subject.Account] = r.Subject.Account != account
	}
	maps.DeleteFunc(accounts, func(_ string, other bool) bool { return !other })
	if len(accounts) > 0 {
		s.app.aside("on record in other accounts too: %s; see them with --organization, --profiles or --offline",
			strings.Join(slices.Sorted(maps.Keys(accounts)), ", "))
	}
	return nil
}

// onRecord shows what the state file says.
func (s *status) onRecord(ctx context.Context, user string) error {
	d, err := s.app.openToRead(ctx, &s.state)
	if err != nil {
		return err
	}
	defer d.close()
	records, err := s.pick(ctx, d, "", user)
	if err != nil {
		return err
	}
	views := make([]view, 0, len(records))
	for _, r := range records {
		views = append(views, s.viewOf(r))
	}
	return s.write(ctx, d, views, s.app.now())
}

func (s *status) pick(ctx context.Context, d *desk, account, user string) ([]accesskey.Record, error) {
	records, err := d.List(ctx, account, s.ended || user != "")
	if user == "" {
		return records, err
	}
	records = slices.DeleteFunc(records, func(r accesskey.Record) bool { return !strings.EqualFold(r.Subject.User, user) })
	if !s.ended {
		records = latest(records)
	}
	return records, err
}

// latest keeps the last record in each account, live or not.
func latest(records []accesskey.Record) []accesskey.Record {
	last := map[string]string{}
	for _, r := range records {
		last[r.Subject.Account] = r.ID
	}
	return slices.DeleteFunc(records, func(r accesskey.Record) bool { return last[r.Subject.Account] != r.ID })
}
