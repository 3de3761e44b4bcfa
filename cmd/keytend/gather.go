package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/owner"
	"github.com/keytend/keytend/internal/policy"
)

// keyholder is a user with keys, and the first of them.
type keyholder struct {
	account accesskey.Account
	user    accesskey.User
	key     accesskey.Key
}

// roll is who has keys in the accounts, and how many of them there is what to
// do about.
type roll struct {
	users    []keyholder     // by account and name
	subjects []owner.Subject // the same users
	accounts int
	keys     int // Active
	largest  int // Active keys of the account that has most
	old      int // Active, and older than AWS recommends
	waves    map[config.Wave]int
}

// meant is the accounts that the flags name, else the credentials' own.
func (a *app) meant(ctx context.Context, f *fleetFlags) (*crew, error) {
	if f.asked() {
		return a.crew(ctx, f)
	}
	session, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	return a.ownCrew(ctx, session)
}

// gather goes through the accounts. With creators, CloudTrail is asked who made
// users and keys; what it doesn't tell is left open.
func (a *app) gather(ctx context.Context, c *crew, creators bool) (*roll, []accesskey.Failure) {
	r := &roll{waves: map[config.Wave]int{}}
	var lock sync.Mutex
	var failed []accesskey.Failure
	missing := c.visit(ctx, inventory.Options{IDs: inventory.IDsForNone}, func(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory) error {
		var made map[string]string
		if creators {
			made = creatorsOf(ctx, session)
		}
		lock.Lock()
		defer lock.Unlock()
		failed = append(failed, inv.Failures...)
		r.add(inv, made, c.at)
		return nil
	})
	r.sort()
	return r, append(failed, missing...)
}

func (r *roll) add(inv accesskey.Inventory, made map[string]string, now time.Time) {
	r.accounts++
	before := r.keys
	defer func() { r.largest = max(r.largest, r.keys-before) }()
	for _, u := range inv.Users {
		keys, _ := u.Keys.Get()
		if len(keys) == 0 {
			continue
		}
		s := owner.Subject{Account: inv.Account.ID, User: u.Name, Path: u.Path, Creator: made[u.Name]}
		s.Owner, s.Tag = policy.OwnerByTag(&u, ownerTags())
		r.users, r.subjects = append(r.users, keyholder{inv.Account, u, keys[0]}), append(r.subjects, s)
		r.count(u, keys, now)
	}
}

// count sorts Active keys into what a ramp works off first, and later.
func (r *roll) count(u accesskey.User, keys []accesskey.Key, now time.Time) {
	limits := policy.DefaultRules()
	for _, k := range keys {
		if status, _ := k.Status.Get(); status != accesskey.Active {
			continue
		}
		r.keys++
		wave := config.WaveOf(u, k, 2*limits.Unused, now)
		created, known := k.Created.Get()
		old := known && now.Sub(created) > limits.MaxAge
		if old {
			r.old++
		}
		if old || wave == config.WaveUnused {
			r.waves[wave]++
		}
	}
}

func (r *roll) sort() {
	slices.SortFunc(r.users, func(a, b keyholder) int {
		return cmp.Or(cmp.Compare(a.account.ID, b.account.ID), cmp.Compare(a.user.Name, b.user.Name))
	})
	slices.SortFunc(r.subjects, func(a, b owner.Subject) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.User, b.User))
	})
}

// creatorPages bounds how much of CloudTrail is read of one account: pages of
// 50 events, two a second.
const creatorPages = 10

// creatorsOf is who made each user, or its first key, in the 90 days that
// CloudTrail keeps. It is a hint: what can't be read is left out.
func creatorsOf(ctx context.Context, session *awsapi.Session) map[string]string {
	made := map[string]string{}
	id, err := session.Identity(ctx)
	if err != nil {
		return made
	}
	for _, name := range []string{"CreateUser", "CreateAccessKey"} {
		q := awsapi.EventQuery{Region: awsapi.HomeRegion(id.Partition), Attribute: awsapi.ByName, Value: name, From: session.Now().Add(-awsapi.EventsKept)}
		pages := 0
		for page, err := range session.Events(ctx, q) {
			if err != nil {
				break
			}
			for _, e := range page {
				if made[e.User] == "" && e.User != "" && e.ErrorCode == "" && !strings.Contains(e.CallerARN, ":user/"+e.User) {
					made[e.User] = e.CallerARN
				}
			}
			if pages++; pages == creatorPages {
				break
			}
		}
	}
	return made
}
