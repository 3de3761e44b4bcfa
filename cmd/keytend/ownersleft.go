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
// be used by several at once; each address is asked for once.
type leavers struct {
	session *awsapi.Session
	store   string

	lock sync.Mutex
	told map[string]accesskey.Fact[bool] // by address: still known
}

func newLeavers(session *awsapi.Session, store string) *leavers {
	return &leavers{session: session, store: store, told: map[string]accesskey.Fact[bool]{}}
}

func (l *leavers) knows(ctx context.Context, address string) accesskey.Fact[bool] {
	l.lock.Lock()
	defer l.lock.Unlock()
	if fact, asked := l.told[address]; asked {
		return fact
	}
	known, err := l.session.KnowsAddress(ctx, l.store, address)
	fact := accesskey.Observed(known, l.session.Now(), "identitystore:GetUserId")
	if err != nil {
		fact = accesskey.Unread[bool](err.Error())
	}
	l.told[address] = fact
	return fact
}

// note adds to findings whose owner is an address that Identity Center doesn't
// know the word owner-left, and to those of which it couldn't tell, that. Any
// other owner (a team's name) is not asked for.
func (l *leavers) note(ctx context.Context, account string, findings []policy.Finding) []accesskey.Failure {
	if l == nil {
		return nil
	}
	var failures []accesskey.Failure
	for i := range findings {
		f := &findings[i]
		if !strings.Contains(f.Owner, "@") {
			continue
		}
		fact := l.knows(ctx, f.Owner)
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
