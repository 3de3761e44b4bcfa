package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/policy"
)

// checkAccounts finds flags that contradict each other.
func (r *resume) checkAccounts(c *cobra.Command, args []string) error {
	if err := r.check(c); err != nil {
		return err
	}
	switch {
	case r.fleet.asked() && (len(args) > 0 || r.stay.wait):
		return errors.New("a USER and --wait go with one account")
	case len(args) == 1 && len(r.account) > 1:
		return errors.New("a USER goes with one --account")
	case !r.fleet.asked() && len(r.account) > 0 && len(args) == 0:
		return errors.New("--account goes with --organization or --profiles")
	}
	return nil
}

// gatesOf are the gates of the records that a policy began.
func (r *resume) gatesOf(ctx context.Context, b *bench, records []accesskey.Record) (map[string]policy.Gate, error) {
	var under []policy.Underway
	var users []string
	for _, record := range records {
		if record.Planned {
			under, users = append(under, policy.Underway{Record: record}), append(users, record.Subject.User)
		}
	}
	if len(under) == 0 {
		return nil, nil
	}
	if err := r.load(); err != nil {
		return nil, err
	}
	if !r.found {
		return nil, hinted{fmt.Errorf("what is under way of %s was begun by `keytend apply`, and its policy is not here", users[0]),
			"name it: --config FILE, or KEYTEND_CONFIG in the environment"}
	}
	inv, err := r.app.collect(ctx, b.session, inventory.Options{Wanted: func(accesskey.Inventory) []string { return users }})
	if err != nil {
		return nil, err
	}
	gates := map[string]policy.Gate{}
	for _, i := range policy.Plan(policy.Survey{Inventory: inv, Records: under}, r.rule, b.now()) {
		if i.Record != "" {
			gates[i.Record] = gateOf(&i, b.now())
		}
	}
	return gates, nil
}

// everywhere goes on in many accounts.
func (r *resume) everywhere(ctx context.Context) error {
	p := &apply{planning: planning{
		app: r.app, config: r.config, fleet: r.fleet, state: r.state, account: r.account, only: []string{"resume"},
	}, stay: r.stay}
	if err := p.open(ctx); err != nil {
		return err
	}
	defer p.close()
	schedule, failed, err := p.survey(ctx)
	if err != nil {
		return err
	}
	todo, _, err := p.todo(schedule)
	if err != nil {
		return err
	}
	if len(todo) == 0 {
		return p.nothing(ctx, schedule.Totals(), failed)
	}
	return p.carryOut(ctx, todo, failed)
}
