package rotation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Remains are what can still be seen of a user's record that was lost.
type Remains struct {
	ID      string // for the new record
	Token   string // of its claim
	Subject accesskey.Subject
	User    accesskey.User
	Tag     string // what the user's claim tag holds; empty: none
	Authors map[accesskey.ID]Authorship
	Holding map[string]accesskey.ID // what each destination that was named holds; empty: can't be read
	Terms   accesskey.Terms
}

// Recovery is a record rebuilt, and why it is so. Without an Old key there is
// nothing to put on record.
type Recovery struct {
	Record accesskey.Record
	Story  string
}

// Recovered rebuilds a record. It is pure. What is not known is taken for the
// worst: a new key may be with anybody, and our own deactivation is no longer
// provable, so silence and rest are counted anew from now.
func Recovered(m Remains, now time.Time) Recovery {
	fresh, olds := m.pair()
	if fresh != "" && len(olds) > 1 {
		return Recovery{Story: fmt.Sprintf("%s: key %s was made by keytend, and which of %s it was to replace can't be told: nobody's key is touched for a guess",
			m.Subject.User, fresh, listed(olds))}
	}
	old := latest(olds)
	r := accesskey.Record{
		ID: m.ID, Work: accesskey.Rotation, Subject: m.Subject, Since: now, Started: now, Old: old, New: fresh, Terms: m.Terms,
		Claim: m.claim(now),
	}
	switch {
	case old == "" && fresh == "":
		return Recovery{Story: fmt.Sprintf("%s: no key that keytend made, and none to go back to", m.Subject.User)}
	case fresh == "":
		enter(&r, accesskey.RollingBack, now)
		r.RollbackAt, r.Outcome = now, policy.WhyJournalBehind
		return Recovery{r, fmt.Sprintf("%s: claimed (%s), and no key was made; the claim is released", m.Subject.User, m.Tag)}
	case old == "":
		return Recovery{Story: fmt.Sprintf("%s: key %s was made by keytend and is the only one: that rotation is over", m.Subject.User, fresh)}
	}
	r.Flags.Offered = true
	r.Proof = accesskey.Proof{Passed: now, First: now, Last: now}
	return m.goOn(r, now)
}

// goOn chooses the phase of a record with both its keys.
func (m Remains) goOn(r accesskey.Record, now time.Time) Recovery {
	for _, name := range slices.Sorted(maps.Keys(m.Holding)) {
		if id := m.Holding[name]; id == r.New || id == "" {
			r.Deliveries = append(r.Deliveries, accesskey.Delivery{Destination: name, Done: now, ReadBack: now, Tries: redeliveryless})
		}
	}
	if len(r.Deliveries) == 0 {
		enter(&r, accesskey.RollingBack, now)
		r.RollbackAt, r.Outcome = now, policy.WhyJournalBehind
		return Recovery{r, fmt.Sprintf("%s: keytend made %s beside %s, and no destination named holds it; back to %s, the careful way",
			m.Subject.User, r.New, r.Old, r.Old)}
	}
	if stands(m.User, r.Old) == accesskey.Inactive {
		enter(&r, accesskey.Resting, now)
		r.OldExit = accesskey.Exit{Theirs: now, Ordered: true}
		return Recovery{r, fmt.Sprintf("%s: %s replaced %s, which is Inactive and rests from now", m.Subject.User, r.New, r.Old)}
	}
	enter(&r, accesskey.Overlap, now)
	return Recovery{r, fmt.Sprintf("%s: %s is delivered, %s still works: watched from now", m.Subject.User, r.New, r.Old)}
}

// redeliveryless: the secret is lost, so the key can't be delivered again.
const redeliveryless = 1

func listed(ids []accesskey.ID) string {
	var words []string
	for _, id := range ids {
		words = append(words, string(id))
	}
	return strings.Join(words, ", ")
}

func latest(ids []accesskey.ID) accesskey.ID {
	if len(ids) == 0 {
		return ""
	}
	return ids[len(ids)-1]
}

// pair finds the key that keytend made last, and those it may have been to
// replace, oldest first. Without the first, all there are.
func (m Remains) pair() (fresh accesskey.ID, olds []accesskey.ID) {
	keys, _ := m.User.Keys.Get()
	var madeAt time.Time
	for _, k := range keys {
		id, _ := k.ID.Get()
		at, _ := k.Created.Get()
		if m.Authors[id].Token != "" && m.sameJournal(m.Authors[id].Token) && (fresh == "" || at.After(madeAt)) {
			fresh, madeAt = id, at
		}
	}
	keys = slices.SortedFunc(slices.Values(keys), func(a, b accesskey.Key) int {
		at, _ := a.Created.Get()
		bt, _ := b.Created.Get()
		return at.Compare(bt)
	})
	for _, k := range keys {
		id, _ := k.ID.Get()
		if at, _ := k.Created.Get(); id != fresh && (fresh == "" || at.Before(madeAt)) {
			olds = append(olds, id)
		}
	}
	return fresh, olds
}

// sameJournal reports that a key's token is of the journal whose tag the user
// carries; without a tag, any token of keytend's counts.
func (m Remains) sameJournal(token string) bool {
	journal, _, _ := strings.Cut(m.Tag, ".")
	return journal == "" || strings.HasPrefix(token, journal+".")
}

// claim takes the lost journal's tag over, so that it is ours to release.
func (m Remains) claim(now time.Time) accesskey.Claim {
	var ids []accesskey.ID
	keys, _ := m.User.Keys.Get()
	for _, k := range keys {
		id, _ := k.ID.Get()
		ids = append(ids, id)
	}
	slices.Sort(ids)
	c := accesskey.Claim{Token: m.Token, Read: now, At: now, Keys: ids}
	if m.Tag != "" {
		c.Token, c.Tagged = m.Tag, now
	}
	return c
}

func stands(u accesskey.User, id accesskey.ID) accesskey.Status {
	keys, _ := u.Keys.Get()
	for _, k := range keys {
		if got, _ := k.ID.Get(); got == id {
			s, _ := k.Status.Get()
			return s
		}
	}
	return ""
}

// Supersede ends a record whose journal is older than what AWS shows: it is
// rebuilt.
func Supersede() Order {
	return Order{"supersede", func(r *accesskey.Record, now time.Time) error {
		if r.Block == nil || r.Block.Reason != policy.WhyJournalBehind {
			return fmt.Errorf("the journal is not behind: %w", ErrUnfit)
		}
		r.Block = nil
		r.Sealed, r.SealedOld, r.Outcome, r.Ended = "", "", policy.WhyJournalBehind, now
		for i := range r.Deliveries {
			r.Deliveries[i].Previous = ""
		}
		enter(r, accesskey.RolledBack, now)
		return nil
	}}
}
