package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// together fits the plans for a user's keys to each other: one record a user at
// a time, and rule 11 where there is no room for another key.
func (p *planner) together(u *accesskey.User, keys []accesskey.Key, items []Item) {
	if under := p.under[u.Name]; under != nil {
		if p.besides(under, items) {
			delete(p.under, u.Name)
		}
		return
	}
	if len(keys) < 2 {
		return
	}
	p.room(keys, items)
	first := firstOf(items)
	for i := range items {
		if i != first && items[i].Action == Begin {
			putOff(&items[i], WhyOtherFirst, time.Time{}, "after "+named(items[first].Key)+": one key of a user at a time")
		}
	}
}

// besides tells of the record under way at its key; the user's other keys wait
// for it. It reports whether that key is there.
func (p *planner) besides(under *Underway, items []Item) (told bool) {
	r := &under.Record
	for i := range items {
		it := &items[i]
		switch id := it.Key; {
		case id != "" && id == r.Old:
			*it, told = p.underway(under, *it), true
		case id != "" && id == r.New:
			it.Action, it.Work, it.Reason, it.At = Leave, "", WhyReplacement, time.Time{}
			it.Saw = "it takes the place of " + string(r.Old)
		case it.Action == Begin || it.Action == Cannot && it.Reason != WhyLeaked && it.Reason != WhyManaged:
			putOff(it, WhyOtherWork, time.Time{}, "a "+string(r.Work)+" of the user's key "+string(r.Old)+" is under way")
		}
	}
	return told
}

func rulingOf(i *Item) Ruling {
	if i.Ruling == nil {
		return Ruling{}
	}
	return *i.Ruling
}

func putOff(i *Item, why accesskey.Reason, until time.Time, saw string) {
	i.Action, i.Reason, i.At, i.Saw = PutOff, why, until, saw
}

// firstOf returns which of a user's items begins: an unused key's retirement
// makes room, an Inactive key can wait, else what is due first. -1: none.
func firstOf(items []Item) int {
	first := -1
	for i := range items {
		if items[i].Action == Begin && (first < 0 || sooner(&items[i], &items[first])) {
			first = i
		}
	}
	return first
}

func sooner(a, b *Item) bool {
	if x, y := urgency(a), urgency(b); x != y {
		return x < y
	}
	return a.Due.Before(b.Due)
}

func urgency(i *Item) int {
	switch {
	case i.Inactive:
		return 2
	case i.Work == accesskey.Retirement:
		return 0
	}
	return 1
}

// room is rule 11: where a user can have no more keys, an Inactive one makes
// room, an unused one is retired first, and where all are used a person chooses.
func (p *planner) room(keys []accesskey.Key, items []Item) {
	quota, known := p.Quota.Get()
	if known && len(keys) < quota {
		return
	}
	for i := range items {
		it := &items[i]
		if it.Action != Begin || it.Work != accesskey.Rotation {
			p.deleteLater(it, items)
			continue
		}
		if !known {
			it.Action, it.Reason = Unjudged, WhyUnknownFact
			it.Saw = "how many keys a user may have could not be read: " + p.Quota.Why()
			continue
		}
		p.makesRoom(it, keys, items)
	}
}

func (p *planner) makesRoom(it *Item, keys []accesskey.Key, items []Item) {
	for k := range items {
		other := &items[k]
		if other == it {
			continue
		}
		status, _ := keys[k].Status.Get()
		switch {
		case status == accesskey.Inactive:
			return // deleted once it has rested
		case other.Work == accesskey.Retirement && other.Action == Comes:
			putOff(it, WhyOtherFirst, other.At, "no room for a new key; "+named(other.Key)+" is unused and is retired first")
			return
		case other.Work == accesskey.Retirement && other.Action == Begin:
			return // goes first
		case other.Action == Unjudged:
			putOff(it, WhyUnknownFact, time.Time{}, "no room for a new key, and of "+named(other.Key)+": "+other.Saw)
			return
		}
	}
	it.Action, it.Reason = Cannot, WhyBothUsed
	which := ", all in use"
	if p.anyIdle(keys, it.Ruling.Rules.Unused) {
		which = ", none of which the policy ends by itself"
	}
	it.Saw = "the user has " + count(len(keys), "key") + which + ": there is no room for a new one: " + p.usage(keys)
	it.Todo = "find out which can go, then `keytend retire ACCESS-KEY-ID`; no used key is ever removed to make room"
}

// anyIdle reports whether a key was never used, or not for longer than limit.
func (p *planner) anyIdle(keys []accesskey.Key, limit time.Duration) bool {
	return slices.ContainsFunc(keys, func(k accesskey.Key) bool {
		use, known := k.LastUsed.Get()
		return known && (use.Never() || p.now.Sub(use.At) > limit)
	})
}

// usage says who uses which key, as far as AWS tells.
func (p *planner) usage(keys []accesskey.Key) string {
	parts := make([]string, len(keys))
	for i := range keys {
		use, _ := keys[i].LastUsed.Get()
		parts[i] = keyName(&keys[i]) + " last used " + lastUseValue(use)
	}
	return strings.Join(parts, "; ")
}

// deleteLater keeps the deletion of an Inactive key, which may take weeks, from
// standing in the way of a replacement, which deletes it to make room.
func (p *planner) deleteLater(it *Item, items []Item) {
	if it.Action != Begin || !it.Inactive {
		return
	}
	for k := range items {
		other := &items[k]
		if other.Work == accesskey.Rotation && (other.Action == Begin || other.Action == Comes && other.At.Before(p.now.Add(it.Terms().Rest+Day))) {
			putOff(it, WhyOtherFirst, other.At, "the replacement of "+named(other.Key)+" deletes it to make room")
		}
	}
}
