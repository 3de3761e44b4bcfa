package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/journal"
	"github.com/keytend/keytend/internal/network"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/usage"
)

// sharing is what is on record of where an account's keys are used.
type sharing struct {
	facts map[accesskey.ID]accesskey.Fact[string]
	users []string // of keys that two consumers use
}

// sharing reads it from the state file that is there by default, where there is
// one; without, and where it can't be read, nothing is on record.
func (a *app) sharing(ctx context.Context, session *awsapi.Session) sharing {
	none := sharing{}
	path := (&state{}).file(a)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return none
	}
	id, err := session.Identity(ctx)
	if err != nil {
		return none // the scan says so itself
	}
	j, err := journal.Open(ctx, path)
	if err != nil {
		a.log.WarnContext(ctx, "where keys are used is not told: "+err.Error())
		return none
	}
	defer func() { _ = j.Close() }()
	uses, err := j.Uses(ctx, id.Account)
	if err != nil {
		a.log.WarnContext(ctx, "where keys are used is not told: "+err.Error())
		return none
	}
	return sharingOf(ctx, session, uses, now(session))
}

func sharingOf(ctx context.Context, session *awsapi.Session, uses map[accesskey.ID][]usage.Use, at time.Time) sharing {
	s := sharing{facts: map[accesskey.ID]accesskey.Fact[string]{}}
	known := network.Directory{Ranges: network.Published()}
	for key, of := range uses {
		why := ""
		if shared := usage.Shared(usage.Spots(usage.Since(of, at.Add(-awsapi.EventsKept)), known), at); shared != nil {
			why = shared.Why()
			if _, user, err := session.KeyLastUsed(ctx, key); err == nil {
				s.users = append(s.users, user)
			}
		}
		s.facts[key] = accesskey.Observed(why, at, "keytend usage")
	}
	return s
}

// wanted are the users of whom a finding names a key, those of shared keys too.
func (s sharing) wanted(inv accesskey.Inventory, rules policy.Rules, at time.Time) []string {
	names := slices.Concat(policy.Wanted(inv, rules, at), s.users)
	slices.Sort(names)
	return slices.Compact(names)
}

// note puts what is on record beside each key.
func (s sharing) note(inv *accesskey.Inventory) {
	for i := range inv.Users {
		keys, _ := inv.Users[i].Keys.Get()
		for k := range keys {
			if id, known := keys[k].ID.Get(); known {
				if fact, told := s.facts[id]; told {
					keys[k].Shared = fact
				}
			}
		}
	}
}
