package rotation

import (
	"cmp"
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
	Acts    []Act                   // on the user's keys, by anybody, oldest first
	Named   accesskey.ID            // the old key, as a person says; empty: nobody said
	Holding map[string]accesskey.ID // what each destination that was named holds; empty: can't be read
	Terms   accesskey.Terms
	Type    string // what a person types before the old key's ID; empty: keytend recover USER
}

// Recovery is a record rebuilt, and why it is so. Without an Old key there is
// nothing to put on record: because nothing is under way, or, where Say is not
// empty, because a person must say more.
type Recovery struct {
	Record accesskey.Record
	Story  string // a sentence
	Say    string // what to type, a sentence
}

// Recovered rebuilds a record. It is pure. No key becomes the old one for a
// guess: a person names it, or the claim that the user still carries switched it
// off, or made the new key beside it alone. What is not known is taken
// for the worst: a new key may be with anybody, and silence and rest are counted
// anew from now.
func Recovered(m Remains, now time.Time) Recovery {
	fresh := m.fresh()
	if fresh == "" {
		return m.withoutNew(now)
	}
	if m.Named == fresh {
		return m.unclear(fmt.Sprintf("key %s is the one that keytend made, and not the one it was to replace", fresh), m.older(fresh))
	}
	olds := m.older(fresh)
	old := m.replaced(olds)
	switch {
	case old != "":
		return m.goOn(m.record(accesskey.Rotation, old, fresh, now), now)
	case len(olds) > 0:
		return m.unclear(fmt.Sprintf("keytend made key %s, and whether it was to replace %s can't be told: nobody's key is touched for a guess", fresh, listed(olds)), olds)
	case m.Tag != "":
		return m.release(fresh, fmt.Sprintf("key %s was made by keytend and is the only one: that rotation is over, and the claim is released", fresh), now)
	}
	return m.nothing(fmt.Sprintf("key %s was made by keytend and is the only one: that rotation is over", fresh))
}

func (m Remains) nothing(story string) Recovery {
	return Recovery{Story: m.Subject.User + ": " + story}
}

func (m Remains) unclear(story string, olds []accesskey.ID) Recovery {
	var words []string
	for _, id := range olds {
		words = append(words, fmt.Sprintf("`%s %s`", cmp.Or(m.Type, "keytend recover "+m.Subject.User), id))
	}
	return Recovery{Story: m.Subject.User + ": " + story, Say: "if it goes on, name the old key: " + strings.Join(words, " or ")}
}

// record is what every rebuilt record has in common.
func (m Remains) record(work accesskey.Work, old, fresh accesskey.ID, now time.Time) accesskey.Record {
	return accesskey.Record{
		ID: m.ID, Work: work, Subject: m.Subject, Since: now, Started: now, Old: old, New: fresh, Terms: m.Terms, Claim: m.claim(now),
	}
}

// withoutNew rebuilds what makes no key: a retirement, a revocation, a claim.
func (m Remains) withoutNew(now time.Time) Recovery {
	off := m.switchedOff(m.ids())
	if m.Named != "" {
		off = slices.DeleteFunc(off, func(id accesskey.ID) bool { return id != m.Named })
	}
	switch {
	case len(off) == 1 && (m.Tag != "" || m.Named != ""):
		return m.rests(off[0], now)
	case len(off) > 0:
		return m.unclear(fmt.Sprintf("keytend switched %s off, and whether that is over can't be told", listed(off)), off)
	case m.Tag != "":
		return m.release(latest(m.ids()), fmt.Sprintf("claimed (%s), and no key was made or switched off; the claim is released", m.Tag), now)
	}
	return m.nothing("AWS shows no tag of keytend's, no key that keytend made, and none that it switched off")
}

// release is a record that only takes the tag off.
func (m Remains) release(old accesskey.ID, story string, now time.Time) Recovery {
	r := m.record(accesskey.Rotation, old, "", now)
	enter(&r, accesskey.RollingBack, now)
	r.RollbackAt, r.Outcome = now, policy.WhyJournalBehind
	return Recovery{Record: r, Story: m.Subject.User + ": " + story}
}

// rests goes on with a key that we switched off and replaced by none. A
// retirement keeps it: whether it was to be deleted isn't known.
func (m Remains) rests(id accesskey.ID, now time.Time) Recovery {
	r := m.record(accesskey.Retirement, id, "", now)
	enter(&r, accesskey.Resting, now)
	r.OldExit = m.exit(id, now)
	story := fmt.Sprintf("keytend retired %s, which is Inactive and rests from now; it is kept", id)
	if m.revoked(&r, now) {
		story = fmt.Sprintf("keytend revoked %s, which is Inactive and rests from now", id)
	} else {
		r.Terms.Keep = true
	}
	return Recovery{Record: r, Story: m.Subject.User + ": " + story}
}

// revoked makes it a revocation where sessions were denied after the key was
// switched off, under the same token. They are denied once more where the last
// time was too early to be heard of everywhere.
func (m Remains) revoked(r *accesskey.Record, now time.Time) bool {
	off, ours := m.lastSwitch(r.Old)
	for _, a := range m.Acts {
		if !ours || off.Action != accesskey.Deactivate || a.Action != accesskey.DenySessions || a.Token != off.Token || a.At.Before(off.At) {
			continue
		}
		r.Work, r.Flags.Replace, r.Denied = accesskey.Revocation, r.New != "", a.At
		if !a.At.Before(off.At.Add(r.Terms.Window)) {
			r.Denied = now.Add(r.Terms.Window)
		}
	}
	return r.Work == accesskey.Revocation
}

// goOn chooses the phase of a record with both its keys.
func (m Remains) goOn(r accesskey.Record, now time.Time) Recovery {
	r.Flags.Offered = true
	r.Proof = accesskey.Proof{Passed: now, First: now, Last: now}
	say := func(format string, args ...any) Recovery {
		return Recovery{Record: r, Story: m.Subject.User + ": " + fmt.Sprintf(format, args...)}
	}
	delivered := false
	for _, name := range slices.Sorted(maps.Keys(m.Holding)) {
		switch m.Holding[name] {
		case r.New, "":
			delivered = true
			r.Deliveries = append(r.Deliveries, accesskey.Delivery{Destination: name, Done: now, ReadBack: now, Tries: redeliveryless})
		case r.Old: // or nobody would look there before the old key goes
			r.Deliveries = append(r.Deliveries, accesskey.Delivery{Destination: name, Tries: redeliveryless})
		}
	}
	off := stands(m.User, r.Old) == accesskey.Inactive
	switch {
	case off && m.revoked(&r, now):
		enter(&r, accesskey.Resting, now)
		r.OldExit = m.exit(r.Old, now)
		story := fmt.Sprintf("%s was revoked and replaced by %s; it is Inactive and rests from now", r.Old, r.New)
		if !delivered {
			story += fmt.Sprintf("; no destination named holds %s: if nobody has it, delete it", r.New)
		}
		return say("%s", story)
	case !delivered:
		enter(&r, accesskey.RollingBack, now)
		r.RollbackAt, r.Outcome = now, policy.WhyJournalBehind
		return say("keytend made %s beside %s, and no destination named holds it; back to %s, the careful way", r.New, r.Old, r.Old)
	case off:
		enter(&r, accesskey.Resting, now)
		r.OldExit = m.exit(r.Old, now)
		return say("%s replaced %s, which is Inactive and rests from now", r.New, r.Old)
	}
	enter(&r, accesskey.Overlap, now)
	return say("%s is delivered, %s still works: watched from now", r.New, r.Old)
}

// redeliveryless: the secret is lost, so the key can't be delivered again.
const redeliveryless = 1

// exit is how a key that is Inactive left: by us, where CloudTrail shows that,
// and then a use after it brings the key back; else by somebody. Its rest counts
// from now.
func (m Remains) exit(id accesskey.ID, now time.Time) accesskey.Exit {
	if a, ours := m.lastSwitch(id); ours && a.Action == accesskey.Deactivate {
		return accesskey.Exit{Deactivated: now, KnownUse: a.At.Add(m.Terms.Window)}
	}
	return accesskey.Exit{Theirs: now, Ordered: true}
}

// Supersede ends a record whose journal is older than what AWS shows: it is
// rebuilt, or nothing is under way.
func Supersede() Order {
	return Order{accesskey.Recovered, func(r *accesskey.Record, now time.Time) error {
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
