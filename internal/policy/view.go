package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// view is one Input with what every check wants to know about it.
type view struct {
	Input
	r   accesskey.Record // Input.Record, its watch brought up to date
	t   accesskey.Terms
	now time.Time
}

func look(in Input, now time.Time) *view {
	r := in.Record
	r.Watch = Notice(in)
	return &view{Input: in, r: r, t: r.Terms, now: now}
}

// presence is whether a key is there. The zero presence is not known.
type presence int

const (
	unseen presence = iota
	absent
	present
)

// keys returns every key of the user, each with a known ID, or false where any
// of that is not known.
func (v *view) keys() ([]accesskey.Key, bool) { return keysOf(v.User) }

func keysOf(user accesskey.Fact[accesskey.User]) ([]accesskey.Key, bool) {
	u, known := user.Get()
	if !known {
		return nil, false
	}
	if u.ID == "" {
		return nil, true // a user that is gone has none
	}
	keys, known := u.Keys.Get()
	if !known {
		return nil, false
	}
	for _, k := range keys {
		if !k.ID.Known() {
			return nil, false
		}
	}
	return keys, true
}

func (v *view) key(id accesskey.ID) (accesskey.Key, presence) { return find(v.User, id) }

func find(user accesskey.Fact[accesskey.User], id accesskey.ID) (accesskey.Key, presence) {
	keys, known := keysOf(user)
	if !known {
		return accesskey.Key{}, unseen
	}
	for _, k := range keys {
		if got, _ := k.ID.Get(); got == id {
			return k, present
		}
	}
	return accesskey.Key{}, absent
}

// is reports whether the key is there and known to have the status.
func (v *view) is(id accesskey.ID, want accesskey.Status) bool { return stands(v.User, id, want) }

func stands(user accesskey.Fact[accesskey.User], id accesskey.ID, want accesskey.Status) bool {
	k, there := find(user, id)
	s, known := k.Status.Get()
	return there == present && known && s == want
}

// statusKnown reports whether the key is there with a status that we understand.
func (v *view) statusKnown(id accesskey.ID) bool {
	k, there := v.key(id)
	s, known := k.Status.Get()
	return there == present && known && s.Known()
}

// ids returns the IDs of every key of the user, sorted.
func (v *view) ids() []accesskey.ID {
	keys, _ := v.keys()
	out := make([]accesskey.ID, 0, len(keys))
	for _, k := range keys {
		id, _ := k.ID.Get()
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// strangers are keys that came after the claim was read and that the record
// doesn't know.
func (v *view) strangers() []accesskey.ID {
	if v.r.Claim.Read.IsZero() {
		return nil
	}
	return slices.DeleteFunc(v.ids(), func(id accesskey.ID) bool {
		return id == v.r.Old || id == v.r.New || slices.Contains(v.r.Claim.Keys, id) || slices.Contains(v.r.Spared, id)
	})
}

// ours reports whether CloudTrail shows that a claim of this record made the
// key, and whether that can be told at all.
func (v *view) ours(id accesskey.ID) (ours, told bool) {
	if slices.Contains(v.r.Orphans, id) {
		return true, true
	}
	a, known := v.Authors[id].Get()
	if !known || !a.Found {
		return false, false
	}
	mine := a.Token != "" && (a.Token == v.r.Claim.Token || slices.Contains(v.r.Claim.Former, a.Token))
	return mine, true
}

// confirmed reports that what has been seen since then is still seen and can't
// be a stale read.
func (v *view) confirmed(since time.Time) bool {
	return !since.IsZero() && !v.ObservedAt.Before(since.Add(v.t.Window))
}

// reading returns what a destination holds; false where that is not known.
func (v *view) reading(name string) (Reading, bool) { return v.Destinations[name].Get() }

// holding returns the first destination that is known to hold the key.
func (v *view) holding(id accesskey.ID) (string, bool) {
	for _, d := range v.r.Deliveries {
		if h, known := v.reading(d.Destination); known && h.Readable && h.Key == id && !d.Dropped {
			return d.Destination, true
		}
	}
	return "", false
}

// anywhere is holding, places included that people decided to do without: whoever
// reads there must not find a key that was deleted as nobody's.
func (v *view) anywhere(id accesskey.ID) (string, bool) {
	for _, d := range v.r.Deliveries {
		if h, known := v.reading(d.Destination); known && h.Readable && h.Key == id {
			return d.Destination, true
		}
	}
	return "", false
}

// unread returns the first destination of which it is not known what it holds.
func (v *view) unread() (string, bool) {
	for _, d := range v.r.Deliveries {
		if _, known := v.reading(d.Destination); !known && !d.Dropped {
			return d.Destination, true
		}
	}
	return "", false
}

func (v *view) waitingSince(why accesskey.Reason) time.Time { return WaitingSince(v.r, why, v.now) }

// WaitingSince is since when a record has waited for this very reason, through
// the claims that were made anew meanwhile; now where it hasn't.
func WaitingSince(r accesskey.Record, why accesskey.Reason, now time.Time) time.Time {
	switch {
	case r.Watch.Waiting == why && !r.Watch.WaitingFrom.IsZero():
		return r.Watch.WaitingFrom
	case r.Claim.Waited == why && !r.Claim.WaitedFrom.IsZero():
		return r.Claim.WaitedFrom
	}
	return now
}

// wait looks again soon, and tells people once it has gone on for too long.
func (v *view) wait(why accesskey.Reason, saw string, args ...any) (Step, bool) {
	return v.waitUntil(v.now.Add(v.t.Window), v.waitingSince(why).Add(v.t.Patience), why, saw, args...)
}

// until waits for a moment that is known, plus some patience.
func (v *view) until(t time.Time, why accesskey.Reason, saw string, args ...any) (Step, bool) {
	return v.waitUntil(t, t.Add(v.t.Patience), why, saw, args...)
}

// waitUntil looks again at notBefore, and in every window while a lost request
// of ours may still arrive.
func (v *view) waitUntil(notBefore, deadline time.Time, why accesskey.Reason, saw string, args ...any) (Step, bool) {
	if soon := v.now.Add(v.t.Window); notBefore.After(soon) && v.now.Before(v.lateUntil()) {
		notBefore = soon
	}
	return Step{Kind: Wait, Reason: why, NotBefore: notBefore, Deadline: deadline, Saw: fmt.Sprintf(saw, args...)}, true
}

// overdue reports that a wait for this reason has gone past its deadline.
func (v *view) overdue(why accesskey.Reason) bool {
	return !v.now.Before(v.waitingSince(why).Add(v.t.Patience))
}

func (v *view) block(why accesskey.Reason, saw string, args ...any) (Step, bool) {
	return Step{Kind: Block, Reason: why, Saw: fmt.Sprintf(saw, args...)}, true
}

func act(kind Kind, why accesskey.Reason, key accesskey.ID) (Step, bool) {
	return Step{Kind: kind, Reason: why, Key: key}, true
}

func actAt(kind Kind, why accesskey.Reason, destination string) (Step, bool) {
	return Step{Kind: kind, Reason: why, Destination: destination}, true
}

// pass: the check has nothing to object and nothing to do.
func pass() (Step, bool) { return Step{}, false }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Strangers are the keys that came after the record's claim was read and that
// it doesn't know: CloudTrail is asked who made them.
func Strangers(in Input) []accesskey.ID {
	v := &view{Input: in, r: in.Record}
	return v.strangers()
}

// KeyIDs are all of the user's keys, sorted.
func KeyIDs(in Input) []accesskey.ID { return (&view{Input: in}).ids() }
