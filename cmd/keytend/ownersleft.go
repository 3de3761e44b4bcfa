package main

import (
	"context"
	"strings"
	"sync"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
)

// leavers knows which owners' addresses Identity Center no longer knows. It may
// be used by several at once; each address is asked for once. nil: nobody asked.
type leavers struct {
	session *awsapi.Session
	region  string // of the store; empty: the session's
	store   string

	lock sync.Mutex
	told map[string]func() accesskey.Fact[bool] // by address: still known
}

func newLeavers(session *awsapi.Session, region, store string) *leavers {
	return &leavers{session: session, region: region, store: store, told: map[string]func() accesskey.Fact[bool]{}}
}

// knows asks for an address. What is no address (a team's name) is not asked for:
// asked is false.
func (l *leavers) knows(ctx context.Context, address string) (fact accesskey.Fact[bool], asked bool) {
	if l == nil || !strings.Contains(address, "@") {
		return fact, false
	}
	l.lock.Lock()
	ask := l.told[address]
	if ask == nil {
		ask = sync.OnceValue(func() accesskey.Fact[bool] { return l.ask(ctx, address) })
		l.told[address] = ask
	}
	l.lock.Unlock()
	return ask(), true
}

func (l *leavers) ask(ctx context.Context, address string) accesskey.Fact[bool] {
	known, err := l.session.KnowsAddress(ctx, l.region, l.store, address)
	if err != nil {
		return accesskey.Unread[bool](err.Error())
	}
	return accesskey.Observed(known, l.session.Now(), "identitystore:GetUserId")
}

// failures is that Identity Center could not be asked, once for however many
// addresses; none where it could.
func (l *leavers) failures() []accesskey.Failure {
	if l == nil {
		return nil
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	for _, ask := range l.told {
		if fact := ask(); !fact.Known() {
			return []accesskey.Failure{{Account: "Identity Center", Call: "identitystore:GetUserId", Err: fact.Why()}}
		}
	}
	return nil
}

// left reports that Identity Center no longer knows an owner.
func (l *leavers) left(ctx context.Context, owner string) bool {
	fact, asked := l.knows(ctx, owner)
	known, told := fact.Get()
	return asked && told && !known
}

// note adds to findings whose owner is an address that Identity Center doesn't
// know the word owner-left, and to those of which it couldn't tell, that.
func (l *leavers) note(ctx context.Context, account string, findings []policy.Finding) []accesskey.Failure {
	var failures []accesskey.Failure
	for i := range findings {
		f := &findings[i]
		fact, asked := l.knows(ctx, f.Owner)
		if !asked {
			continue
		}
		known, told := fact.Get()
		evidence := policy.Evidence{Fact: "owner", Value: "known to Identity Center", Source: fact.Source(), ObservedAt: fact.At()}
		switch {
		case !told:
			evidence.Value = "unknown: " + fact.Why()
			if failures == nil {
				failures = append(failures, accesskey.Failure{Account: account, Call: "identitystore:GetUserId", Err: fact.Why()})
			}
		case !known:
			f.Reason += "; owner-left: Identity Center doesn't know " + f.Owner
			evidence.Value = "owner-left: " + f.Owner + " is not in identity store " + l.store
		}
		f.Evidence = append(f.Evidence, evidence)
	}
	return failures
}

// openLeavers opens the directory of people that the policy names.
func (p *planning) openLeavers() {
	if store := p.policy.Owners.IdentityStore; store != "" {
		p.leavers = newLeavers(p.base, p.policy.Owners.IdentityStoreRegion, store)
	}
}

// noteLeavers says of what is to be done about keys whose owner has left.
func (p *planning) noteLeavers(ctx context.Context, items []policy.Item) {
	for n := range items {
		if i := &items[n]; i.Action != policy.Leave {
			i.OwnerLeft = p.leavers.left(ctx, i.Owner)
		}
	}
}
