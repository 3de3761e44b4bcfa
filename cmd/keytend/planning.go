package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/managed"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

// planning is what every command that follows the policy file has in common:
// which file, which accounts, and what is on record about them.
type planning struct {
	app     *app
	config  policyFlag
	fleet   fleetFlags
	state   state
	only    []string // kinds of item; none: all
	account []string
	user    []string
	horizon time.Duration
	window  time.Duration // instead of the policy's; 0: that
	span    time.Duration // of a proof, instead of the policy's; 0: that

	policy  *config.Policy
	hash    string // of what was read for it
	found   bool   // a file was read
	crew    *crew
	base    *awsapi.Session   // of the credentials in use
	states  *managed.Registry // Terraform's, of every account
	leavers *leavers          // nil: nobody knows who has left
	desk    *desk             // nil: there is no state file
	freezes []rotation.Freeze
	sealed  rotation.Escrow
	heed    func(*policy.Item) // is told of every item, by several at once; may be nil
	measure measuring
	idle    sync.Map // IDs of the records that a pass would leave as they are
}

// onlyWords are what --only takes.
var onlyWords = []string{"rotate", "unused", "delete", "resume"}

// addTo gives a command every flag.
func (p *planning) addTo(command *cobra.Command) {
	p.addAccountsTo(command)
	p.state.addEscrowTo(command)
	p.state.elsewhere.addTo(command)
	flags := command.Flags()
	flags.StringSliceVar(&p.only, "only", nil, "only `work` of these kinds: rotate, unused, delete, resume")
	flags.StringSliceVar(&p.user, "user", nil, "only these `users`")
	p.horizon = 30 * policy.Day
	flags.Var(span{&p.horizon}, "horizon", "how far ahead to list one by one what comes; what is later is in the calendar")
	flags.Var(span{&p.window}, "settle", "after which IAM's answers are taken to be the same everywhere")
	flags.Var(span{&p.span}, "prove-span", "over which the new key must succeed again and again")
	for _, name := range []string{"settle", "prove-span"} {
		if err := flags.MarkHidden(name); err != nil {
			panic(err) // defined just above
		}
	}
}

// addAccountsTo gives a command the flags that say which policy, which accounts
// and where the records are.
func (p *planning) addAccountsTo(command *cobra.Command) {
	p.config.addTo(command)
	p.fleet.addTo(command)
	p.fleet.narrowed = true
	command.Flags().StringSliceVar(&p.account, "account", nil, "only these `accounts` (IDs)")
	p.state.addTo(command)
}

// check finds contradictions before anything is read.
func (p *planning) check(c *cobra.Command) error {
	for _, word := range p.only {
		if !slices.Contains(onlyWords, word) {
			return fmt.Errorf("--only %s: want rotate, unused, delete, resume", word)
		}
	}
	return p.fleet.check(c, p.app.profile)
}

// load reads the policy file. Its hash is that of every file that was read for
// it.
func (p *planning) load() (err error) {
	sum := sha256.New()
	p.policy, p.found, err = p.app.readPolicy(&p.config, func(path string) ([]byte, error) {
		data, err := os.ReadFile(path)
		if err == nil {
			_, _ = fmt.Fprintf(sum, "%d\n%s", len(data), data) // a hash takes everything
		}
		return data, err
	})
	p.hash = hex.EncodeToString(sum.Sum(nil))
	return err
}

// record names the policy in a plan.
func (p *planning) record() report.PolicyRecord {
	r := report.PolicyRecord{Hash: p.hash, Mode: string(p.policy.Mode)}
	if p.found {
		r.File = p.policy.File()
	}
	return r
}

// open reads the policy, finds the accounts, and opens the state file where
// there is one.
func (p *planning) open(ctx context.Context) error {
	if err := p.load(); err != nil {
		return err
	}
	if err := p.accounts(ctx); err != nil {
		return err
	}
	if err := p.openStates(); err != nil {
		return err
	}
	p.openLeavers()
	if err := p.openState(ctx, false); err != nil || p.desk == nil {
		return err
	}
	var err error
	p.freezes, err = p.desk.Freezes(ctx, p.crew.at)
	return err
}

func (p *planning) close() {
	if p.desk != nil {
		p.desk.close()
	}
}

// openState opens the state file and the escrow; with write, they are made where
// there are none.
func (p *planning) openState(ctx context.Context, write bool) (err error) {
	if _, err := os.Stat(p.state.file(p.app)); !write && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if p.desk == nil {
		if p.desk, err = p.app.openDesk(ctx, &p.state); err != nil {
			return err
		}
	}
	if p.sealed, err = p.app.escrow(&p.state, p.base.KMS(p.state.kms), write && !p.desk.sealedByAge(ctx)); err != nil {
		p.sealed = lateEscrow{err}
	}
	return nil
}

// accounts finds out which accounts are meant: by flags, else by the policy,
// else the credentials' own.
func (p *planning) accounts(ctx context.Context) error {
	p.fromPolicy()
	if err := p.fleet.parse(); err != nil {
		return err
	}
	err := p.openBase(ctx)
	switch {
	case err != nil:
	case p.fleet.asked():
		p.crew, err = p.app.crew(ctx, &p.fleet)
	default:
		p.crew, err = p.app.ownCrew(ctx, p.base)
	}
	if err != nil {
		return err
	}
	p.state.many = p.fleet.asked()
	return p.narrow()
}

// fromPolicy takes the accounts from the policy where no flag names any.
func (p *planning) fromPolicy() {
	if p.fleet.asked() || p.app.profile != "" {
		return
	}
	a := p.policy.Accounts
	if o := a.Organization; o != nil {
		p.fleet.organization, p.fleet.roleName, p.fleet.externalID = true, cmp.Or(o.Role, fleet.DefaultRole), o.ExternalID
		p.fleet.include, p.fleet.exclude, p.fleet.roles = o.Include, o.Exclude, rolesOf(o)
	}
	p.fleet.profiles = a.Profiles
}

// meansMany takes the accounts from the policy, for a command that can do
// without one.
func (p *planning) meansMany() error {
	if p.fleet.asked() || p.app.profile != "" {
		return nil
	}
	if err := p.load(); err != nil {
		return err
	}
	p.fromPolicy()
	return p.fleet.parse()
}

// rolesOf are the roles of an organization that names several.
func rolesOf(o *config.Organization) fleet.Roles {
	if r := o.Roles; !r.None() {
		return fleet.Roles{Read: r.Read, Deliver: r.Deliver, Create: r.Create, Deactivate: r.Deactivate, Delete: r.Delete, Rest: o.Role}
	}
	return fleet.Roles{}
}

// openBase opens the session of the credentials in use; where only profiles are
// meant, of the first.
func (p *planning) openBase(ctx context.Context) (err error) {
	p.base, err = p.app.fleetBase(ctx, &p.fleet)
	return err
}

// narrow keeps the accounts of --account.
func (p *planning) narrow() error {
	for _, id := range p.account {
		if !slices.ContainsFunc(p.crew.Members, func(m fleet.Member) bool { return m.ID == id }) {
			return hinted{fmt.Errorf("account %s is none of the %s meant", id, count(len(p.crew.Members), "account")), "see accounts in the policy, --organization and --profiles"}
		}
	}
	if len(p.account) > 0 {
		p.crew.Members = slices.DeleteFunc(p.crew.Members, func(m fleet.Member) bool { return !slices.Contains(p.account, m.ID) })
	}
	return nil
}

// ownCrew is the credentials' own account.
func (a *app) ownCrew(ctx context.Context, session *awsapi.Session) (*crew, error) {
	if _, err := session.Identity(ctx); err != nil {
		return nil, err
	}
	own := fleet.Profiles{Names: []string{a.profile}, Open: func(context.Context, string) (*awsapi.Session, error) { return session, nil }}
	return &crew{app: a, atOnce: 1, at: now(session), Roster: own.Roster(ctx)}, nil
}

// rule is what the policy says about one key, with what a person has ordered to
// stop and the times of the flags.
func (p *planning) rule(a accesskey.Account, u accesskey.User, k accesskey.Key, now time.Time) (policy.Ruling, error) {
	r, err := p.policy.Ruling(a, u, k, now)
	if len(p.freezes) > 0 {
		r.Freezes = slices.Concat(r.Freezes, p.freezes)
	}
	if p.window > 0 {
		r.Terms.Window, r.Retire.Window = p.window, p.window
	}
	if p.span > 0 {
		r.Terms.ProveSpan = p.span
	}
	r.Budgets = append(r.Budgets, p.ramp(r, k, now)...)
	return r, err
}

// ramp is the budget of the keys that are overdue when the burn-down begins; of
// others, none.
func (p *planning) ramp(r policy.Ruling, k accesskey.Key, now time.Time) []accesskey.Reservation {
	if p.policy.Ramp == nil || !policy.OverdueAt(k, r, p.policy.Ramp.Begins()) {
		return nil
	}
	allowed := p.policy.Ramp.Allowed(now)
	return []accesskey.Reservation{{Budget: "ramp", Limit: allowed, Since: p.policy.Ramp.Begins(), Until: p.policy.Ramp.Turn(allowed)}}
}

// survey plans every account. What begins is for allot to say.
func (p *planning) survey(ctx context.Context) (*policy.Schedule, []accesskey.Failure, error) {
	schedule := policy.NewSchedule(p.crew.at, p.crew.at.Add(p.horizon))
	var lock sync.Mutex
	var failed []accesskey.Failure
	under, err := p.underwayUsers(ctx)
	if err != nil {
		return nil, nil, err
	}
	options := inventory.Options{Wanted: func(inv accesskey.Inventory) []string {
		return append(policy.PlanWanted(inv, p.rule, p.crew.at), under[inv.Account.ID]...)
	}}
	missing := p.crew.visit(ctx, options, func(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory) error {
		items, unlooked, err := p.one(ctx, session, inv)
		if err != nil {
			return err
		}
		items = p.filter(items)
		p.noteLeavers(ctx, items)
		schedule.Add(items)
		lock.Lock()
		defer lock.Unlock()
		failed = slices.Concat(failed, inv.Failures, unlooked)
		return nil
	})
	failed = slices.Concat(failed, missing, p.leavers.failures())
	return schedule, failed, ctx.Err()
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
	return items, unlooked, nil
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
	b := &bench{app: p.app, desk: p.desk, session: session, account: account, lookout: p.lookout(session)}
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

// filter keeps what --only and --user ask for.
func (p *planning) filter(items []policy.Item) []policy.Item {
	items = slices.DeleteFunc(items, func(i policy.Item) bool { return !p.asked(&i) })
	if p.heed != nil {
		for n := range items {
			p.heed(&items[n])
		}
	}
	return items
}

func (p *planning) asked(i *policy.Item) bool {
	if len(p.user) > 0 && !slices.Contains(p.user, i.User) {
		return false
	}
	return len(p.only) == 0 || slices.Contains(p.only, kindOf(i))
}

// kindOf is an item's word for --only.
func kindOf(i *policy.Item) string {
	switch {
	case i.Record != "":
		return "resume"
	case i.Work == accesskey.Rotation:
		return "rotate"
	case i.Inactive:
		return "delete"
	case i.Work == accesskey.Retirement:
		return "unused"
	}
	return ""
}

// filters are the flags that narrow a plan.
func (p *planning) filters() []string {
	var words []string
	for _, f := range []struct {
		name   string
		values []string
	}{{"--only", p.only}, {"--account", p.account}, {"--user", p.user}} {
		for _, v := range f.values {
			words = append(words, f.name+" "+v)
		}
	}
	return words
}

// allot lets the budgets decide what begins now.
func (p *planning) allot(ctx context.Context, schedule *policy.Schedule) error {
	drawn := map[string]int{}
	if p.desk != nil {
		for _, b := range policy.BudgetsOf(schedule.Items()) {
			n, err := p.desk.Drawn(ctx, b)
			if err != nil {
				return err
			}
			drawn[b.Budget] = n
		}
	}
	policy.Allot(schedule.Items(), drawn, p.crew.at)
	return nil
}

// sessionClock is AWS's time of a session.
type sessionClock struct{ *awsapi.Session }

// Skew implements rotation.Clock: nothing that needs it is done by this clock.
func (c sessionClock) Skew(context.Context) accesskey.Fact[time.Duration] {
	return accesskey.Unread[time.Duration]("not asked")
}

func (p *planning) clock() rotation.Clock { return sessionClock{p.base} }

// limitsOf are the policy's limits for everybody, overrides aside.
func limitsOf(p *config.Policy) policy.Rules {
	rules := policy.DefaultRules()
	rules.MaxAge, rules.Warn, rules.Unused = time.Duration(p.Rules.MaxAge), time.Duration(p.Rules.Warn), time.Duration(p.Rules.ReportUnused)
	return rules
}
