package policy

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Allot decides which of the items that may begin do so now, across accounts,
// and puts the others off: nothing begins in a freeze, nor more than the
// budgets have room for. drawn is what the journal counts for each of Budgets.
// The order is the same for the same items, whatever theirs was: ComparePlanned.
// It is called once, when every account was added; its error is the shelf's.
func (s *Schedule) Allot(drawn map[string]int) error {
	s.ledger.draw(drawn)
	for k, err := range s.ready.All() {
		if err != nil {
			return err
		}
		i := s.ruled(k)
		if !s.ledger.frozen(i) && !s.ledger.spent(i) {
			s.ledger.take(i)
		}
		if err := s.settle(k); err != nil {
			return err
		}
	}
	return s.ready.Close()
}

// ComparePlanned is the order in which items begin: by the policy's wave, then
// what is unused, then what can do little harm, then the rest; by due date;
// by name. Keys that are off already come last: they hurt nobody.
func ComparePlanned(a, b *Item) int {
	if a.Rank != b.Rank {
		return cmp.Compare(a.Rank, b.Rank)
	}
	if c := a.Due.Compare(b.Due); c != 0 {
		return c
	}
	if c := strings.Compare(a.Account, b.Account); c != 0 {
		return c
	}
	if c := strings.Compare(a.User, b.User); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(string(a.Key), string(b.Key)), a.Created.Compare(b.Created))
}

// rankOf is an item's place in the order, due date and name aside.
func rankOf(i *Item, wave int) int {
	const harms = 3 // of a wave
	switch {
	case i.Inactive:
		return math.MaxInt
	case i.Work == accesskey.Retirement:
		return wave * harms
	case !i.Privileged:
		return wave*harms + 1
	}
	return wave*harms + 2
}

// ledger is how far the budgets are used up.
type ledger struct {
	now  time.Time
	used map[string]*drawing
}

// draw counts what the journal knows of.
func (l *ledger) draw(drawn map[string]int) {
	for budget, n := range drawn {
		l.of(accesskey.Reservation{Budget: budget}).changing += n
	}
}

// drawing is what counts for one budget.
type drawing struct {
	changing int // under way, or since
	noticed  int // retirements of which people were told, and nothing is changed yet

	refused refusal
	why     string // of the last refusal: thousands may come too late for the same reason
}

// refusal is a budget that has no room.
type refusal struct {
	accesskey.Reservation
	used   int
	notice bool // used are told of, and nothing is changed yet
}

func (l *ledger) of(b accesskey.Reservation) *drawing {
	u := l.used[b.Budget]
	if u == nil {
		u = &drawing{}
		l.used[b.Budget] = u
	}
	return u
}

// count counts a record under way that has not drawn on its budgets yet: the
// journal doesn't know of it.
func (l *ledger) count(i *Item) {
	for _, b := range i.Ruling.Budgets {
		if slices.ContainsFunc(i.drawn, func(have accesskey.Reserved) bool { return have.Budget == b.Budget }) {
			continue
		}
		switch u := l.of(b); {
		case !b.Since.IsZero() && i.started.Before(b.Since):
		case b.Since.IsZero() && i.Phase == accesskey.Noticed:
			u.noticed++
		default:
			u.changing++
		}
	}
}

// frozen puts an item off until the freeze is over.
func (l *ledger) frozen(i *Item) bool {
	for _, f := range i.Ruling.Freezes {
		if f.Contains(l.now) {
			putOff(i, WhyFrozen, f.Until, f.text())
			return true
		}
	}
	return false
}

// spent puts an item off where a budget of it is used up.
func (l *ledger) spent(i *Item) bool {
	for _, b := range i.Ruling.Budgets {
		u := l.of(b)
		if b.Since.IsZero() && noticeOf(i) > 0 {
			if u.noticed >= b.Limit*turns(i) {
				putOff(i, WhyBudget, time.Time{}, l.refuse(u, refusal{b, u.noticed, true}))
				return true
			}
			continue
		}
		if u.changing >= b.Limit {
			putOff(i, WhyBudget, b.Until, l.refuse(u, refusal{b, u.changing, false}))
			return true
		}
	}
	return false
}

// refuse says why there is no room.
func (l *ledger) refuse(u *drawing, r refusal) string {
	if u.why == "" || u.refused != r {
		u.refused, u.why = r, r.text(l.now)
	}
	return u.why
}

func (r refusal) text(now time.Time) string {
	switch {
	case r.notice:
		return fmt.Sprintf("budget %s: %s are told of already, as many as can be switched off when their notice is over", r.Budget, count(r.used, "key"))
	case r.Since.IsZero():
		return fmt.Sprintf("budget %s: %d of %d are under way; until one of them ends", r.Budget, r.used, r.Limit)
	case r.Since.After(now):
		return fmt.Sprintf("budget %s: it begins at %s", r.Budget, stamp(r.Since))
	}
	return fmt.Sprintf("budget %s: %d of %d since %s", r.Budget, r.used, r.Limit, stamp(r.Since))
}

// noticeOf is how long nothing is changed after an item begins.
func noticeOf(i *Item) time.Duration {
	if i.Work != accesskey.Retirement || i.Inactive {
		return 0
	}
	return i.Ruling.Retire.Notice
}

// turns is how often a budget is free again while a notice runs: so many more
// may be told of at once, and none waits for long when its notice is over.
func turns(i *Item) int {
	t := i.Terms()
	return max(1, int(t.Notice/max(t.Rest, Day)))
}

func (l *ledger) take(i *Item) {
	for _, b := range i.Ruling.Budgets {
		if u := l.of(b); b.Since.IsZero() && noticeOf(i) > 0 {
			u.noticed++
		} else {
			u.changing++
		}
	}
}
