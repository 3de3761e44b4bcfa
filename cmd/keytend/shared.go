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
	j, err := a.openState(ctx, path)
	if errors.Is(err, journal.ErrReadOnly) {
		j, err = journal.OpenToRead(ctx, path)
	}
	if err != nil {
		a.log.WarnContext(ctx, "where keys are used is not told: "+err.Error())
		return nil
	}
	return j
}

// sharing reads what is on record of an account; j is nil where nothing is.
func (a *app) sharing(ctx context.Context, j *journal.Journal, account string, at time.Time) sharing {
	if j == nil {
		return sharing{}
	}
	uses, err := j.Uses(ctx, account)
	var users map[accesskey.ID]string
	if err == nil {
		users, err = j.UsersOfKeys(ctx, account)
	}
	if err != nil {
		a.log.WarnContext(ctx, "where keys are used is not told: "+err.Error())
		return sharing{}
	}
	return sharingOf(uses, users, at)
}

func sharingOf(uses map[accesskey.ID][]usage.Use, users map[accesskey.ID]string, at time.Time) sharing {
	s := sharing{facts: map[accesskey.ID]accesskey.Fact[string]{}}
	known := network.Directory{Ranges: network.Published()}
	for key, of := range uses {
		why := ""
		if shared := usage.Shared(usage.Spots(usage.Since(of, at.Add(-awsapi.EventsKept)), known), at); shared != nil {
			why = shared.Why()
			s.users = append(s.users, users[key])
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
