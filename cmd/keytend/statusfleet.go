package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// everywhere shows what is under way in many accounts, entering those alone of
// which anything is on record.
func (s *status) everywhere(ctx context.Context, user string) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.close()
	if s.desk == nil {
		s.app.line("Nothing is under way.")
		return nil
	}
	records, err := s.pick(ctx, s.desk, "", user)
	if err != nil {
		return err
	}
	byAccount := map[string][]accesskey.Record{}
	for _, r := range records {
		byAccount[r.Subject.Account] = append(byAccount[r.Subject.Account], r)
	}
	members := slices.DeleteFunc(slices.Clone(s.crew.Members), func(m fleet.Member) bool { return len(byAccount[m.ID]) == 0 })
	var lock sync.Mutex
	views := []view{}
	visit := fleet.Visit{AtOnce: s.crew.atOnce, Look: func(ctx context.Context, m fleet.Member, session *awsapi.Session) error {
		if _, err := session.Identity(ctx); err != nil {
			return err
		}
		b := s.bench(session, m.ID)
		for _, r := range byAccount[m.ID] {
			v := s.look(ctx, b, r)
			lock.Lock()
			views = append(views, v)
			lock.Unlock()
		}
		return nil
	}}
	missing := append(slices.Clone(s.crew.Missing), visit.Each(ctx, members)...)
	slices.SortFunc(views, func(a, b view) int { return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.User, b.User)) })
	if err := s.write(ctx, s.desk, views, s.crew.at); err != nil {
		return err
	}
	s.unlooked(slices.Collect(maps.Keys(byAccount)))
	return partial(missing)
}

// freezeView is a person's order to stop, as status shows it.
type freezeView struct {
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until"` // null: until it is lifted
	By    string     `json:"by"`
	Why   string     `json:"why"`
}

func freezeViews(orders []rotation.Freeze) []freezeView {
	views := []freezeView{}
	for _, o := range orders {
		views = append(views, freezeView{From: o.From, Until: moment(o.Until), By: o.By, Why: o.Why})
	}
	return views
}

// gateOf is the gate of a record, as far as it can be told from one user: what the
// policy's overrides ask of others is left out.
func (s *status) gateOf(ctx context.Context, b *bench, res rotation.Result) policy.Gate {
	freezes, _ := b.desk.Freezes(ctx, b.now()) // unread: admitted says nothing either
	gate := policy.Gate{Mode: policy.Enforce, Freezes: slices.Concat(b.rotator.Gate.Freezes, freezes)}
	user, known := res.Input.User.Get()
	if !res.Record.Planned || !known || s.policy == nil {
		return gate
	}
	key := accesskey.Key{ID: accesskey.Observed(res.Record.Old, b.now(), "on record")}
	ruling, err := s.policy.Ruling(&accesskey.Account{ID: b.account, NoAlias: "not asked for yet"}, &user, &key, b.now())
	if err != nil { // it may hang on the alias
		account := b.named(ctx)
		ruling, err = s.policy.Ruling(&account, &user, &key, b.now())
	}
	if err != nil {
		return gate
	}
	if !user.Privilege.Known() { // it was when the record began
		ruling.LeftOut = ""
	}
	ruling.Freezes = slices.Concat(ruling.Freezes, freezes)
	return ruling.Gate(res.Record, b.now())
}

// named is the bench's account with its alias, which is asked for once.
func (b *bench) named(ctx context.Context) accesskey.Account {
	if b.alias == nil {
		b.alias = &accesskey.Account{ID: b.account}
		alias, err := b.session.Alias(ctx)
		if b.alias.Alias = alias; err != nil {
			b.alias.NoAlias = err.Error()
		}
	}
	return *b.alias
}

// admitted is a record's next step, held up by freezes, or by what held it up at
// its last pass: the policy that began it is not asked here.
func (b *bench) admitted(ctx context.Context, res rotation.Result) policy.Step {
	gate := policy.Gate{Mode: policy.Enforce}
	freezes, err := b.desk.Freezes(ctx, b.now())
	if err == nil {
		gate.Freezes = freezes
	}
	if a := policy.Admit(res.Step, res.Record, gate, b.now()); !a.Admitted {
		return a.Step
	}
	if why, held := policy.Withheld(res.Step, res.Record); held {
		return policy.Step{Kind: policy.Wait, Reason: why}
	}
	return res.Step
}
