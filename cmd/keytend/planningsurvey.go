package main

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/ranking"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

// survey plans every account. What begins is for allot to say.
func (p *planning) survey(ctx context.Context) (*policy.Schedule, []accesskey.Failure, error) {
	schedule := policy.NewSchedule(p.crew.at, p.crew.at.Add(p.horizon), ranking.Items)
	p.due = schedule
	var lock sync.Mutex
	var failed []accesskey.Failure
	var broken error // nothing can be kept any more; ends the survey
	under, err := p.underwayUsers(ctx)
	if err != nil {
		return nil, nil, err
	}
	p.unlooked(slices.Collect(maps.Keys(under)))
	options := inventory.Options{Wanted: func(inv accesskey.Inventory) []string {
		return append(policy.PlanWanted(inv, p.rule, p.crew.at), under[inv.Account.ID]...)
	}}
	defer p.app.bounded()()
	visiting, stop := context.WithCancel(ctx)
	defer stop()
	missing := p.crew.visit(visiting, options, func(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory) error {
		items, unlooked, err := p.one(ctx, session, inv)
		if err != nil {
			return err
		}
		p.meet(items)
		items = p.filter(items)
		p.noteLeavers(ctx, items)
		if err := p.whereUsed(ctx, schedule, items); err != nil {
			return err
		}
		err = schedule.Add(items)
		lock.Lock()
		defer lock.Unlock()
		failed = slices.Concat(failed, inv.Failures, unlooked)
		if err != nil {
			broken = err
			stop()
		}
		return err
	})
	if broken != nil {
		return nil, nil, broken
	}
	p.unmet()
	failed = slices.Concat(failed, missing, p.leavers.failures())
	return schedule, failed, ctx.Err()
}

// unlooked says in which accounts something is under way that are not among those
// meant: left out, excluded, or no longer of the organization.
func (p *planning) unlooked(accounts []string) {
	if len(p.account) > 0 || !p.fleet.asked() {
		return
	}
	accounts = slices.DeleteFunc(accounts, func(id string) bool {
		return slices.ContainsFunc(p.crew.Members, func(m fleet.Member) bool { return m.ID == id }) ||
			slices.ContainsFunc(p.crew.Missing, func(f accesskey.Failure) bool { return f.Account == id })
	})
	if len(accounts) > 0 {
		slices.Sort(accounts)
		p.app.aside("on record in accounts too that are not looked at: %s; `keytend status --offline` shows what", shortened(accounts))
	}
}

// underwayUsers are the users with a record under way, by account: their keys
// are always looked at.
func (p *planning) underwayUsers(ctx context.Context) (map[string][]string, error) {
	under := map[string][]string{}
	if p.desk == nil {
		return under, nil
	}
	records, err := p.desk.List(ctx, "", false)
	for _, r := range records {
		under[r.Subject.Account] = append(under[r.Subject.Account], r.Subject.User)
	}
	return under, err
}

// one plans one account, and says what it could not look at.
func (p *planning) one(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory) ([]policy.Item, []accesskey.Failure, error) {
	if p.measure.asked() {
		p.measure.account(inv, policy.Findings(inv, limitsOf(p.policy), p.crew.at), p.crew.at)
	}
	s := policy.Survey{Inventory: inv, Quota: quotaOf(ctx, session, inv)}
	if p.desk != nil {
		var err error
		if s.Records, err = p.underway(ctx, p.bench(session, inv.Account.ID)); err != nil {
			return nil, nil, err
		}
	}
	items := policy.Plan(s, p.rule, p.crew.at)
	var unlooked []accesskey.Failure
	s.Managed, unlooked = p.managed(ctx, session, items)
	rotatedThrough(inv, items, s.Managed)
	if len(s.Managed) > 0 {
		items = policy.Plan(s, p.rule, p.crew.at)
		noteHandOver(items)
	}
	p.unnamable(session, items)
	return items, unlooked, nil
}

// meet notes which users of --user there are.
func (p *planning) meet(items []policy.Item) {
	if len(p.user) == 0 {
		return
	}
	for n := range items {
		p.met.Store(items[n].User, true)
	}
}

// unmet says of which users of --user there is nothing: a slip of the pen looks
// like nothing to do.
func (p *planning) unmet() {
	for _, user := range p.user {
		if _, met := p.met.Load(user); !met {
			p.app.aside("no user %s with keys in the accounts that were read", user)
		}
	}
}

// unnamable leaves what would be delivered to a place that can't be (a user's
// name with @ in a parameter's, say) to a person: it would fail at every run,
// and keep others from their turn.
func (p *planning) unnamable(session *awsapi.Session, items []policy.Item) {
	b := &bench{app: p.app, session: session}
	for n := range items {
		i := &items[n]
		if i.Action != policy.Begin {
			continue
		}
		if _, err := b.names(i.Destinations); err != nil {
			i.Action, i.Reason, i.Saw = policy.Cannot, policy.WhyNoDestination, err.Error()
			i.Todo = "name another destination for this user in the policy, or `keytend rotate " + i.User + " --deliver …` by hand"
		}
	}
}

// quotaOf is how many keys a user may have, asked for where a user has more than
// one.
func quotaOf(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory) (quota accesskey.Fact[int]) {
	if slices.ContainsFunc(inv.Users, func(u accesskey.User) bool { keys, _ := u.Keys.Get(); return len(keys) > 1 }) {
		quota = onaws.New(session, onaws.Options{}).Quota(ctx)
	}
	return quota
}

// looksAtOnce is how many records of one account are looked at at once.
const looksAtOnce = 8

// underway looks at each record of an account.
func (p *planning) underway(ctx context.Context, b *bench) ([]policy.Underway, error) {
	records, err := p.desk.Account(ctx, b.account)
	all := make([]policy.Underway, len(records))
	slots := make(chan struct{}, looksAtOnce)
	var looks sync.WaitGroup
	for i, r := range records {
		if all[i].Record = r; !r.Live() {
			continue
		}
		slots <- struct{}{}
		looks.Go(func() {
			defer func() { <-slots }()
			res, err := b.rotator.Look(ctx, r.Subject)
			if err != nil {
				all[i].Why = err.Error()
				return
			}
			all[i].Record, all[i].Step = res.Record, res.Step
			if res.Idle {
				p.idle.Store(r.ID, true)
			}
		})
	}
	looks.Wait()
	return all, err
}

// bench is what work on one account needs.
func (p *planning) bench(session *awsapi.Session, account string) *bench {
	b := &bench{app: p.app, desk: p.desk, session: session, account: account, many: p.state.many, lookout: p.lookout(session)}
	b.elsewhere = b.lookout.registry(accesskey.Elsewhere{})
	b.assemble(p.sealed, p.state.keyless)
	b.rotator.Asker = p.app.asker(p.policy)
	if p.state.many {
		b.rotator.Command = func(user, answer string) string {
			return rotation.Command(user, answer) + " --account " + account
		}
	}
	return b
}
