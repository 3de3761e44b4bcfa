package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Notice brings a record's watch up to date: since when the same has been seen
// without a look that said otherwise. What could not be read changes nothing.
func Notice(in Input) accesskey.Watch {
	w, r := in.Record.Watch, in.Record
	w.OldGone = gone(in, r.Old, w.OldGone)
	w.NewGone = gone(in, r.New, w.NewGone)
	w.OldInactive = seen(in, r.Old, accesskey.Inactive, w.OldInactive)
	w.NewInactive = seen(in, r.New, accesskey.Inactive, w.NewInactive)
	w.OldActive = seen(in, r.Old, accesskey.Active, w.OldActive)
	w.OldRevived = revived(in, r.Old, r.OldExit, w.OldRevived)
	w.NewRevived = revived(in, r.New, r.NewExit, w.NewRevived)
	w.Others = others(in)
	w.OldSeen, w.NewSeen = later(w.OldSeen, in.OldUses.At()), later(w.NewSeen, in.NewUses.At())
	w.NewOurs = ours(in)
	w.NewTaken = later(w.NewTaken, taken(in, !w.NewOurs.IsZero()))
	return w
}

func gone(in Input, id accesskey.ID, since time.Time) time.Time {
	if id == "" {
		return time.Time{}
	}
	_, there := find(in.User, id)
	return held(there == absent, there == unseen, since, readAt(in))
}

func seen(in Input, id accesskey.ID, status accesskey.Status, since time.Time) time.Time {
	if id == "" {
		return time.Time{}
	}
	k, there := find(in.User, id)
	s, known := k.Status.Get()
	unknown := there == unseen || there == present && (!known || !s.Known())
	return held(there == present && s == status, unknown, since, readAt(in))
}

// revived is when a key that was off was seen on, and not by a stale read.
func revived(in Input, id accesskey.ID, e accesskey.Exit, before time.Time) time.Time {
	off := e.Inactive()
	at := readAt(in)
	if off.IsZero() || at.Before(off.Add(in.Record.Terms.Window)) || !stands(in.User, id, accesskey.Active) {
		return before
	}
	return at
}

// readAt is when the keys were read: long after looking began, where the
// process was stopped in between.
func readAt(in Input) time.Time {
	u, _ := in.User.Get()
	return later(u.Keys.At(), in.ObservedAt)
}

// held is since when a thing is so: unchanged where it was so before or is not
// known now.
func held(so, unknown bool, since, now time.Time) time.Time {
	switch {
	case unknown || so && !since.IsZero():
		return since
	case so:
		return now
	}
	return time.Time{}
}

// others watches the user's other keys be Inactive.
func others(in Input) map[accesskey.ID]time.Time {
	keys, known := keysOf(in.User)
	if !known {
		return in.Record.Watch.Others
	}
	var out map[accesskey.ID]time.Time
	for _, k := range keys {
		id, _ := k.ID.Get()
		if id == in.Record.Old || id == in.Record.New {
			continue
		}
		if since := seen(in, id, accesskey.Inactive, in.Record.Watch.Others[id]); !since.IsZero() {
			if out == nil {
				out = map[accesskey.ID]time.Time{}
			}
			out[id] = since
		}
	}
	return out
}
