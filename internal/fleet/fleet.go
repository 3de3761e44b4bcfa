// Package fleet knows which accounts there are, which of them are meant, and
// how each is entered; it visits many at once, within bounds, and one account's
// failure never stops the others. It judges no key, keeps nothing of what a
// visit finds, and enters no account that was not asked for.
package fleet

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// Member is an account to be visited.
type Member struct {
	accesskey.Account // ID and Partition, and the Name where it is known

	open func(context.Context) (*awsapi.Session, error)
	hint func(error) string // what to do where it can't be entered; nil: awsapi knows
}

// Open enters the account. Every call makes a new session.
func (m Member) Open(ctx context.Context) (*awsapi.Session, error) { return m.open(ctx) }

// LeftOut is an account that can't be used, by its state.
type LeftOut struct {
	Account, Name string
	State         string // as Organizations says: SUSPENDED, PENDING_CLOSURE, …
}

// Roster is which accounts are meant.
type Roster struct {
	Members  []Member            // by ID
	LeftOut  []LeftOut           // meant, but suspended, being closed, not yet active; by ID
	Excluded int                 // not meant
	Missing  []accesskey.Failure // of which it can't be told, or that can't be named; not entered
}

// Join adds the accounts of another roster. One that is in both is entered as in
// the first.
func (r *Roster) Join(other Roster) {
	for _, m := range other.Members {
		if slices.ContainsFunc(r.Members, func(have Member) bool { return have.ID == m.ID }) {
			r.Excluded++
			continue
		}
		r.Members = append(r.Members, m)
	}
	slices.SortFunc(r.Members, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	r.LeftOut, r.Missing = append(r.LeftOut, other.LeftOut...), append(r.Missing, other.Missing...)
	r.Excluded += other.Excluded
}

// Visit is how to go through the members.
type Visit struct {
	AtOnce   int                                                  // accounts at the same time; at least 1
	Look     func(context.Context, Member, *awsapi.Session) error // may be called by several at once
	Progress func(done, total int)                                // after each account, never by two at once; may be nil
}

// Each visits every member and returns why some could not be: the failure to
// enter, Look's error, or that ctx ended before. By account.
func (v Visit) Each(ctx context.Context, members []Member) []accesskey.Failure {
	var (
		workers sync.WaitGroup
		lock    sync.Mutex
		missing []accesskey.Failure
		done    int
		next    = make(chan Member)
	)
	for range min(max(1, v.AtOnce), len(members)) {
		workers.Go(func() {
			for m := range next {
				err := v.one(ctx, m)
				lock.Lock()
				if done++; err != nil {
					missing = append(missing, m.failure(ctx, err))
				}
				if v.Progress != nil {
					v.Progress(done, len(members))
				}
				lock.Unlock()
			}
		})
	}
	for _, m := range members {
		next <- m
	}
	close(next)
	workers.Wait()
	slices.SortFunc(missing, func(a, b accesskey.Failure) int { return cmp.Compare(a.Account, b.Account) })
	return missing
}

func (v Visit) one(ctx context.Context, m Member) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	session, err := m.Open(ctx)
	if err != nil {
		return err
	}
	return v.Look(ctx, m, session)
}

// errInterrupted is why an account is missing when the visit was ended.
var errInterrupted = errors.New("interrupted before this account was read")

// failure is the line that a report shows of an account that could not be
// visited.
func (m Member) failure(ctx context.Context, err error) accesskey.Failure {
	if ctx.Err() != nil {
		return accesskey.Failure{Account: m.ID, Class: string(awsapi.Canceled), Err: errInterrupted.Error(), Hint: "Run it again, up to the end."}
	}
	f := awsapi.NewFailure(m.ID, "", err)
	f.Hint = m.Hint(err)
	return f
}

// Hint says what to do about an error of Open.
func (m Member) Hint(err error) string {
	if m.hint == nil {
		return awsapi.Hint(err)
	}
	return cmp.Or(m.hint(err), awsapi.Hint(err))
}
