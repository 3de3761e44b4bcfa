package inventory

import (
	"cmp"
	"context"
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

// mayHaveKeys reports whether a look-up can find a key. An old report can't
// rule it out.
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
	if !u.SigningCertificates.Known() {
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
	case awsapi.ClassOf(err) == awsapi.NotFound:
		u.gone = true
		return
	case err != nil:
		c.failures.add(u.Name, err)
		u.notListed(err, c.freshRow(u) != nil)
		return
	}
	listedAt := c.session.At(asked)
	var slots []ReportKey
	if row := c.freshRow(u); row != nil {
		slots = row.Keys
	}
	keys, pending := joinKeys(listed, listedAt, slots, c.reportAt)
	c.askLastUsed(ctx, u.Name, keys, pending)
	u.Keys = accesskey.Observed(keys, listedAt, fromKeys)
}

// freshRow is the user's row where the report was made during this scan, so
// that its last uses are as good as live ones.
func (c *collector) freshRow(u *observedUser) *ReportRow {
	if c.reportFresh {
		return u.row
	}
	return nil
}

// askLastUsed fills in the last use of the pending keys, all at once.
func (c *collector) askLastUsed(ctx context.Context, user string, keys []accesskey.Key, pending []int) {
	var all sync.WaitGroup
	for _, i := range pending {
		all.Go(func() {
			id, _ := keys[i].ID.Get()
			asked := time.Now()
			use, _, err := c.session.KeyLastUsed(ctx, id)
			if err != nil {
				c.failures.add(user, err)
				keys[i].LastUsed = accesskey.Unread[accesskey.LastUse](failureText(err))
				return
			}
			keys[i].LastUsed = accesskey.Observed(use, c.session.At(asked), fromLastUsed)
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
	u.SigningCertificates = accesskey.Unread[[]accesskey.SigningCertificate](failureText(err))
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

// notListed notes that the keys couldn't be listed. A report made during this
// scan stays true and only the IDs are unknown; of an older one the last uses
// must not be relied on any more, or a key in use could pass for unused.
func (u *observedUser) notListed(err error, fresh bool) {
	why := failureText(err)
	reported, known := u.Keys.Get()
	if !known {
		u.Keys = accesskey.Unread[[]accesskey.Key](why)
		return
	}
	keys := slices.Clone(reported)
	for i := range keys {
		keys[i].ID = accesskey.Unread[accesskey.ID](why)
		if !fresh {
			keys[i].LastUsed = accesskey.Unread[accesskey.LastUse](why)
		}
	}
	u.Keys = accesskey.Observed(keys, u.Keys.At(), u.Keys.Source())
}
