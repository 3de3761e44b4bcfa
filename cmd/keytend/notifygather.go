package main

import (
	"context"
	"slices"
	"sync"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/policy"
)

// gather goes through the accounts and keeps what somebody may have to hear.
func (t *telling) gather(ctx context.Context, in notice.Input) (matters []notice.Matter, read int, failed []accesskey.Failure, err error) {
	var lock sync.Mutex
	missing := t.crew.visit(ctx, t.lookups(), func(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory) error {
		g, err := t.gathering(ctx, session, inv)
		if err != nil {
			return err
		}
		pressing := g.Pressing(in.Ladder, in.Now)
		t.whereUsed(ctx, session, inv.Account.ID, in, pressing)
		lock.Lock()
		defer lock.Unlock()
		read++
		matters, failed = append(matters, pressing...), append(failed, inv.Failures...)
		return nil
	})
	return matters, read, append(failed, missing...), ctx.Err()
}

// whereUsed says of every key where it is used, as far as that is on record; and
// asks CloudTrail where keys are used that should be silent by now, of
// those alone whose owners hear of it now. Where it can't be had, the record says
// when the key was last used.
func (t *telling) whereUsed(ctx context.Context, session *awsapi.Session, account string, in notice.Input, matters []notice.Matter) {
	onRecord := map[accesskey.ID][]string{}
	if t.desk != nil && len(matters) > 0 {
		onRecord, _ = t.desk.onRecord(ctx, account, now(session)) // unread: nothing is said
	}
	for i := range matters {
		m := &matters[i]
		m.Uses = onRecord[accesskey.ID(m.Thing)]
		if m.Record == nil || m.Record.Block == nil || m.Record.Block.Reason != policy.WhyStillUsed || !in.Tells(*m, notice.StillUsed) {
			continue
		}
		if res, err := t.bench(session, account).rotator.Look(ctx, m.Record.Subject); err == nil {
			m.Uses = usesSince(res, deliveredAt(*m.Record), now(session))
		}
	}
}

// lookups has the keys looked up live of which somebody may have to hear.
func (p *planning) lookups() inventory.Options {
	rules := policy.DefaultRules()
	return inventory.Options{Wanted: func(inv accesskey.Inventory) []string {
		return slices.Concat(policy.PlanWanted(inv, p.rule, p.crew.at), policy.Wanted(inv, rules, p.crew.at))
	}}
}

// gathering puts together what is known of one account's keys.
func (p *planning) gathering(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory) (*notice.Gathering, error) {
	s := policy.Survey{Inventory: inv, Quota: quotaOf(ctx, session, inv)}
	var records []accesskey.Record
	if p.desk != nil {
		var err error
		if records, err = p.desk.Recent(ctx, inv.Account.ID, p.crew.at.Add(-notice.Lately)); err != nil {
			return nil, err
		}
	}
	for _, r := range records {
		s.Records = append(s.Records, policy.Underway{Record: r})
	}
	g := &notice.Gathering{Name: inv.Account.Name}
	if p.states != nil {
		s.Managed, _ = p.managed(ctx, session, policy.Plan(s, p.rule, p.crew.at)) // where it could not look, plan says
	}
	owners := p.plannedOf(g, s)
	for _, f := range policy.Findings(inv, policy.DefaultRules(), p.crew.at) {
		g.Finding(f, owners[f.User])
	}
	for _, r := range records {
		g.Record(r, owners[r.Subject.User], p.crew.at)
	}
	return g, nil
}

// plannedOf gathers what the plan says of each key, and returns the owners of
// users.
func (p *planning) plannedOf(g *notice.Gathering, s policy.Survey) map[string]string {
	planned := policy.Plan(s, p.rule, p.crew.at)
	noteHandOver(planned)
	owners, items := map[string]string{}, itemsByKey(planned)
	for _, u := range s.Inventory.Users {
		if r, err := p.rule(&s.Inventory.Account, &u, &accesskey.Key{}, p.crew.at); err == nil {
			owners[u.Name] = notice.Named(r)
		}
		keys, _ := u.Keys.Get()
		for _, k := range keys {
			r, err := p.rule(&s.Inventory.Account, &u, &k, p.crew.at)
			if err != nil {
				continue // nobody can say whose it is, or when it is due: the plan says so
			}
			if owners[u.Name] == "" {
				owners[u.Name] = notice.Named(r)
			}
			status, _ := k.Status.Get()
			if i, ok := items[keyOf(u.Name, k)]; ok {
				g.Planned(i, status == accesskey.Active, r)
			}
		}
	}
	return owners
}

type plannedKey struct {
	user    string
	key     accesskey.ID
	created int64
}

func keyOf(user string, k accesskey.Key) plannedKey {
	id, _ := k.ID.Get()
	created, _ := k.Created.Get()
	return plannedKey{user, id, created.Unix()}
}

func itemsByKey(items []policy.Item) map[plannedKey]policy.Item {
	m := make(map[plannedKey]policy.Item, len(items))
	for _, i := range items {
		m[plannedKey{i.User, i.Key, i.Created.Unix()}] = i
	}
	return m
}
