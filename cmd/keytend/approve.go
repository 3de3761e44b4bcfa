package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
	"github.com/keytend/keytend/internal/rotation"
)

// approve is one run of `keytend approve` or `keytend reject`.
type approve struct {
	planning
	command *cobra.Command
	verb    string // approve, reject
	all     bool
	yes     bool
	why     string
	span    time.Duration // reject: until the same is planned again
	caller  string        // ARN of who decides
	users   []string
}

func approveCommand(a *app) *cobra.Command {
	return decisionCommand(a, &cobra.Command{
		Use:   "approve USER... | --all",
		Short: "Say yes to what a plan has begun",
		Long: `Approve says yes to records that wait for it under mode: approve, one yes for each
up to its end. It shows what will happen first. The yes is bound to the record as
it was shown: where a person changes what it is to do, it lapses.

Who approves is whom the credentials in use belong to (sts:GetCallerIdentity); the
policy's approvers must name them. The audit keeps the name.`,
		Example: `  keytend approve alice bob
  keytend approve --all --account 123456789012 --yes`,
	}, &approve{verb: "approve"})
}

func rejectCommand(a *app) *cobra.Command {
	p := &approve{verb: "reject", span: 30 * policy.Day}
	command := decisionCommand(a, &cobra.Command{
		Use:   "reject USER... | --all",
		Short: "Say no to what a plan has begun",
		Long: `Reject ends records that wait for approval, unharmed: nothing was done for them
yet. The same is not planned again for a while (--for). A record for which work
has begun is not rejected but rolled back.`,
		Example: `  keytend reject alice --why 'moves to a role next week'
  keytend reject --all --account 123456789012 --for 90d`,
	}, p)
	command.Flags().StringVar(&p.why, "why", "", "`reason`, for the others")
	command.Flags().Var(span{&p.span}, "for", "how long the same is not planned again")
	return command
}

func decisionCommand(a *app, command *cobra.Command, p *approve) *cobra.Command {
	p.app, p.command = a, command
	p.addAccountsTo(command)
	command.Flags().BoolVar(&p.all, "all", false, "all that wait")
	command.Flags().BoolVarP(&p.yes, "yes", "y", false, "don't ask: do it")
	command.Args = cobra.ArbitraryArgs
	command.RunE = func(c *cobra.Command, args []string) error {
		p.users = args
		if (len(args) > 0) == p.all {
			return usageError{c, errors.New("want users, or --all")}
		}
		if err := p.check(c); err != nil {
			return usageError{c, err}
		}
		return p.run(c.Context())
	}
	return command
}

// petition is a record that waits for a decision.
type petition struct {
	record   accesskey.Record
	deciders []string
}

func (p *approve) run(ctx context.Context) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	defer p.close()
	who, err := p.base.Identity(ctx)
	if err != nil {
		return err
	}
	p.caller = who.ARN
	petitions, failed, err := p.petitions(ctx)
	if err != nil {
		return err
	}
	mine, others := p.sort(petitions)
	if err := p.unmet(petitions); err != nil {
		return err
	}
	p.show(mine)
	if len(mine) > 0 {
		if err := p.app.ask(p.command, p.yes, fmt.Sprintf("%s%s %s?", strings.ToUpper(p.verb[:1]), p.verb[1:], count(len(mine), "record"))); err != nil {
			return err
		}
	}
	lines := append(p.decide(ctx, mine), others...)
	return p.verdict(len(mine), lines, failed)
}

// petitions are the records that wait for a decision, by name.
func (p *approve) petitions(ctx context.Context) ([]petition, []accesskey.Failure, error) {
	if p.desk == nil {
		return nil, nil, nil
	}
	records, err := p.desk.List(ctx, "", false)
	if err != nil {
		return nil, nil, err
	}
	byAccount := map[string][]accesskey.Record{}
	for _, r := range records {
		if p.waits(r) {
			byAccount[r.Subject.Account] = append(byAccount[r.Subject.Account], r)
		}
	}
	p.crew.Members = slices.DeleteFunc(p.crew.Members, func(m fleet.Member) bool { return len(byAccount[m.ID]) == 0 })
	var lock sync.Mutex
	var all []petition
	failed := p.crew.visit(ctx, inventory.Options{IDs: inventory.IDsForNone}, func(_ context.Context, _ *awsapi.Session, inv accesskey.Inventory) error {
		found := p.ruled(inv, byAccount[inv.Account.ID])
		lock.Lock()
		defer lock.Unlock()
		all = append(all, found...)
		return nil
	})
	slices.SortFunc(all, func(a, b petition) int {
		return cmp.Or(cmp.Compare(a.record.Subject.Account, b.record.Subject.Account), cmp.Compare(a.record.Subject.User, b.record.Subject.User))
	})
	return all, failed, ctx.Err()
}

// waits reports that a record needs a yes that it doesn't have.
func (p *approve) waits(r accesskey.Record) bool {
	asked := p.all || slices.ContainsFunc(p.users, func(u string) bool { return strings.EqualFold(u, r.Subject.User) })
	return asked && r.Planned && (r.Approval == nil || r.Approval.Version < r.Amended)
}

// ruled keeps the records of one account that the policy wants approved.
func (p *approve) ruled(inv accesskey.Inventory, records []accesskey.Record) []petition {
	under := make([]policy.Underway, len(records))
	for i, r := range records {
		under[i].Record = r
	}
	var all []petition
	for _, i := range policy.Plan(policy.Survey{Inventory: inv, Records: under}, p.rule, p.crew.at) {
		at := slices.IndexFunc(records, func(r accesskey.Record) bool { return r.ID == i.Record })
		if at >= 0 && i.Ruling != nil && i.Ruling.Mode == policy.Approve {
			all = append(all, petition{records[at], i.Ruling.Deciders})
		}
	}
	return all
}

// sort takes those that the caller may decide, and says of the others why not.
func (p *approve) sort(all []petition) (mine []petition, others []string) {
	for _, q := range all {
		switch s := q.record.Subject; {
		case policy.MayDecide(p.caller, q.deciders):
			mine = append(mine, q)
		case len(q.deciders) == 0:
			others = append(others, fmt.Sprintf("%s in %s: the policy names no approvers", s.User, s.Account))
		default:
			others = append(others, fmt.Sprintf("%s in %s: %s is none of the approvers (%s)", s.User, s.Account, p.caller, strings.Join(q.deciders, ", ")))
		}
	}
	return mine, others
}

// unmet refuses users who have nothing that waits for a decision.
func (p *approve) unmet(found []petition) error {
	for _, user := range p.users {
		if !slices.ContainsFunc(found, func(q petition) bool { return strings.EqualFold(q.record.Subject.User, user) }) {
			return hinted{fmt.Errorf("nothing of user %s waits for approval", user),
				"`" + p.app.back(&p.state, "status", user) + "` shows how it stands; `keytend hold` stops what was approved"}
		}
	}
	if len(found) == 0 {
		p.app.line("Nothing waits for approval.")
	}
	return nil
}

// shownWhole is how many records are shown step by step.
const shownWhole = 3

func (p *approve) show(mine []petition) {
	for n, q := range mine {
		r := q.record
		p.app.line(fmt.Sprintf("%s of key %s of %s in account %s, asked for %s:", title(r.Work), r.Old, r.Subject.User, r.Subject.Account, sinceText(r.Started, p.crew.at)))
		if n < shownWhole {
			p.app.line(numbered(procedure(r, namingAccount(p.state.many, r.Subject.Account))))
		}
	}
}

// order is the decision about one record, as it was shown.
func (p *approve) order(r accesskey.Record) rotation.Order {
	if p.verb == "reject" {
		return rotation.RejectIt(p.caller, p.why, p.crew.at.Add(p.span))
	}
	return rotation.ApproveIt(p.caller, r.Version)
}

// decide gives each order, and says which failed.
func (p *approve) decide(ctx context.Context, mine []petition) []string {
	var lines []string
	for _, q := range mine {
		if err := p.give(ctx, q.record); err != nil {
			lines = append(lines, err.Error())
		}
	}
	return lines
}

func (p *approve) give(ctx context.Context, r accesskey.Record) (err error) {
	rotator := rotation.Rotator{Journal: p.desk, Clock: p.clock()}
	for range orderTries {
		if _, err = rotator.Give(ctx, r.Subject, p.caller, p.order(r).About(r.ID)); !errors.Is(err, rotation.ErrConflict) {
			break
		}
	}
	return err
}

func (p *approve) verdict(n int, lines []string, failed []accesskey.Failure) error {
	for _, t := range report.Troubles(failed) {
		lines = append(lines, t.Text)
	}
	if n > 0 {
		past := map[string]string{"approve": "approved", "reject": "rejected"}[p.verb]
		p.app.line(fmt.Sprintf("%s %s by %s.", count(n, "record"), past, p.caller))
		if p.verb == "approve" {
			p.app.line("They go on with  " + p.app.back(&p.state, "apply"))
		}
	}
	switch {
	case len(lines) == 0:
		return nil
	case n == 0:
		return verdict{code: exitFailed, text: "nothing was decided:\n  " + strings.Join(lines, "\n  "), hint: "approvers are named in the policy: approvers: [ARN, …]"}
	}
	return verdict{code: exitPartial, text: "not all:\n  " + strings.Join(lines, "\n  "), hint: "approvers are named in the policy: approvers: [ARN, …]"}
}
