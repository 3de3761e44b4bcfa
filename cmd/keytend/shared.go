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

// usesOnRecord opens the state file that is there by default, where there is one;
// nil: there is none, or it can't be read, so that nothing is on record.
func (a *app) usesOnRecord(ctx context.Context) *journal.Journal {
	path := (&state{}).file(a)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	j, err := journal.Open(ctx, path)
	if err != nil {
		a.log.WarnContext(ctx, "where keys are used is not told: "+err.Error())
		return nil
	}
	return j
}

// sharing reads what is on record of the session's account.
func (a *app) sharing(ctx context.Context, session *awsapi.Session) sharing {
	j := a.usesOnRecord(ctx)
	if j == nil {
		return sharing{}
	}
	defer func() { _ = j.Close() }()
	return a.sharingIn(ctx, j, session)
}

// sharingIn is sharing with a state file that is open; nil: there is none.
func (a *app) sharingIn(ctx context.Context, j *journal.Journal, session *awsapi.Session) sharing {
	if j == nil {
		return sharing{}
	}
	id, err := session.Identity(ctx)
	if err != nil {
		return sharing{} // the scan says so itself
	}
	uses, err := j.Uses(ctx, id.Account)
	if err != nil {
		a.log.WarnContext(ctx, "where keys are used is not told: "+err.Error())
		return sharing{}
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
