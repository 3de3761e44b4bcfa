package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// lookUp looks at users live, round by round: first those whom the report
// doesn't show and those wanted, then whoever is wanted in the light of that.
// Users who turn out to be gone are left out.
func (c *collector) lookUp(ctx context.Context, users []*observedUser, inv accesskey.Inventory) []*observedUser {
	done := 0
	for {
		round := c.nextRound(users, inv)
		if len(round) == 0 || ctx.Err() != nil {
			return users
		}
		c.lookUpAll(ctx, round, done)
		done += len(round)
		users = slices.DeleteFunc(users, func(u *observedUser) bool { return u.gone })
	}
}

// nextRound returns the users to look at now, each at most once a scan.
func (c *collector) nextRound(users []*observedUser, inv accesskey.Inventory) []*observedUser {
	wanted := make(map[string]bool)
	if c.ids() == IDsForFindings && c.options.Wanted != nil {
		inv.ObservedAt, inv.Users = c.session.Now(), plainUsers(users)
		for _, name := range c.options.Wanted(inv) {
			wanted[name] = true
		}
	}
	var round []*observedUser
	for _, u := range users {
		if !u.looked && (u.mustLook != "" || wanted[u.Name] || c.ids() == IDsForAll && u.mayHaveKeys()) {
			u.looked = true
			round = append(round, u)
		}
	}
	return round
}

func (c *collector) ids() IDs { return cmp.Or(c.options.IDs, IDsForFindings) }

// mayHaveKeys reports whether the user is known to have a key, or nothing is
// known of its keys.
func (u *observedUser) mayHaveKeys() bool {
	keys, known := u.Keys.Get()
	return !known || len(keys) > 0
}

func plainUsers(users []*observedUser) []accesskey.User {
	plain := make([]accesskey.User, len(users))
	for i, u := range users {
		plain[i] = u.User
	}
	return plain
}

// lookUpAll looks at many users at a time; before is how many were looked at
// in earlier rounds.
func (c *collector) lookUpAll(ctx context.Context, round []*observedUser, before int) {
	var (
		workers sync.WaitGroup
		done    atomic.Int64
		next    = make(chan *observedUser)
	)
	total := before + len(round)
	c.progress(PhaseKeys, before, total)
	for range min(cmp.Or(c.options.Concurrency, DefaultConcurrency), len(round)) {
		workers.Go(func() {
			for u := range next {
				c.lookAt(ctx, u)
				c.progress(PhaseKeys, before+int(done.Add(1)), total)
			}
		})
	}
	for _, u := range round {
		next <- u
	}
	close(next)
	workers.Wait()
}

// lookAt reads live what is missing of one user, all at once.
func (c *collector) lookAt(ctx context.Context, u *observedUser) {
	var all sync.WaitGroup
	if !u.SigningCertificates.Known() || u.more {
		all.Go(func() { c.lookAtCertificates(ctx, u) })
	}
	if !u.Password.Known() {
		all.Go(func() { c.lookAtPassword(ctx, u) })
	}
	c.lookAtKeys(ctx, u)
	all.Wait()
}

// lookAtKeys reads one user's keys live and replaces what the report said of
// them.
func (c *collector) lookAtKeys(ctx context.Context, u *observedUser) {
	asked := time.Now()
	listed, err := c.session.Keys(ctx, u.Name)
	switch {
	case awsapi.ClassOf(err) == awsapi.NotFound && c.session.Now().Sub(u.Created) > settling:
		u.gone = true
		return
	case awsapi.ClassOf(err) == awsapi.NotFound:
		err = fmt.Errorf("%w (the user is new: AWS may not show it everywhere yet)", err)
	case err == nil:
		err = u.disown(listed)
	}
	if err != nil {
		c.failures.add(u.Name, err)
		u.notListed(err)
		return
	}
	listedAt := c.session.At(asked)
	c.failures.add(u.Name, unheardOf(listed)...)
	var slots []ReportKey
	if u.row != nil {
		slots = u.row.Keys
	}
	keys, pending := joinKeys(listed, listedAt, slots, c.reportAt, c.reportFresh)
	c.askLastUsed(ctx, u.Name, keys, pending)
	u.Keys = accesskey.Observed(keys, listedAt, fromKeys)
}

// disown returns an error where a listed key is older than the user: then it
// is one of an earlier user of the same name.
func (u *observedUser) disown(listed []awsapi.ListedKey) error {
	for _, k := range listed {
		if !k.Created.IsZero() && k.Created.Before(u.Created.Add(-newUserMargin)) {
			return &awsapi.Error{Call: fromKeys, Class: awsapi.Other, Message: fmt.Sprintf(
				"key %s of %s is older than the user, of %s: it belongs to an earlier user of this name", k.ID, stamp(k.Created), stamp(u.Created))}
		}
	}
	return nil
}

// unheardOf returns an error for each key whose status means nothing to this
// version: no rule can judge it.
func unheardOf(listed []awsapi.ListedKey) []error {
	var errs []error
	for _, k := range listed {
		if !k.Status.Known() {
			errs = append(errs, &awsapi.Error{Call: fromKeys, Class: awsapi.UnknownStatus, Message: fmt.Sprintf(
				"key %s has status %q, which this version of keytend doesn't know", k.ID, k.Status)})
		}
	}
	return errs
}

// askLastUsed fills in the last use of the pending keys, all at once. Where that
// fails, what an older report told stays: a failure is no evidence against it.
func (c *collector) askLastUsed(ctx context.Context, user string, keys []accesskey.Key, pending []int) {
	var all sync.WaitGroup
	for _, i := range pending {
		all.Go(func() {
			id, _ := keys[i].ID.Get()
			asked := time.Now()
			use, owner, err := c.session.KeyLastUsed(ctx, id)
			if err == nil && owner != "" && owner != user {
				err = &awsapi.Error{Call: fromLastUsed, Class: awsapi.Other, Message: fmt.Sprintf("key %s belongs to user %q by now", id, owner)}
			}
			switch {
			case err == nil:
				keys[i].LastUsed = accesskey.Observed(use, c.session.At(asked), fromLastUsed)
				return
			case !keys[i].LastUsed.Known():
				keys[i].LastUsed = accesskey.Unread[accesskey.LastUse](failureText(err))
			}
			c.failures.add(user, err)
		})
	}
	all.Wait()
}

// lookAtCertificates reads the signing certificates that the report doesn't
// show. A user who is gone is for lookAtKeys to notice.
func (c *collector) lookAtCertificates(ctx context.Context, u *observedUser) {
	asked := time.Now()
	certificates, err := c.session.SigningCertificates(ctx, u.Name)
	switch {
	case err == nil:
		u.SigningCertificates = accesskey.Observed(certificates, c.session.At(asked), fromCertificate)
		return
	case awsapi.ClassOf(err) != awsapi.NotFound:
		c.failures.add(u.Name, err)
	}
	if !u.SigningCertificates.Known() {
		u.SigningCertificates = accesskey.Unread[[]accesskey.SigningCertificate](failureText(err))
	}
}

// lookAtPassword reads the console password of a user whom the report doesn't
// show.
func (c *collector) lookAtPassword(ctx context.Context, u *observedUser) {
	asked := time.Now()
	password, err := c.session.Password(ctx, u.Name)
	switch {
	case err == nil:
		u.Password = accesskey.Observed(password, c.session.At(asked), fromLogin)
		return
	case awsapi.ClassOf(err) != awsapi.NotFound:
		c.failures.add(u.Name, err)
	}
	u.Password = accesskey.Unread[accesskey.Password](failureText(err))
}

// notListed notes that the keys couldn't be listed. What the report told of them
// stays, with its time: a failure is no evidence against it.
func (u *observedUser) notListed(err error) {
	why := failureText(err)
	reported, known := u.Keys.Get()
	if !known {
		u.Keys = accesskey.Unread[[]accesskey.Key](why)
		return
	}
	keys := slices.Clone(reported)
	for i := range keys {
		keys[i].ID = accesskey.Unread[accesskey.ID](why)
	}
	u.Keys = accesskey.Observed(keys, u.Keys.At(), u.Keys.Source())
}
