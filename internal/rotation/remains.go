package rotation

import (
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// fresh is the key that the claim in force made; where the user carries no tag,
// the latest that any claim of keytend's made.
func (m Remains) fresh() accesskey.ID {
	var made accesskey.ID
	for _, id := range m.ids() {
		if token := m.Authors[id].Token; token != "" && (m.Tag == "" || token == m.Tag) {
			made = id
		}
	}
	return made
}

// ids are the user's keys, oldest first.
func (m Remains) ids() []accesskey.ID {
	keys, _ := m.User.Keys.Get()
	keys = slices.SortedStableFunc(slices.Values(keys), func(a, b accesskey.Key) int { return born(a).Compare(born(b)) })
	ids := make([]accesskey.ID, 0, len(keys))
	for _, k := range keys {
		id, _ := k.ID.Get()
		ids = append(ids, id)
	}
	return ids
}

func born(k accesskey.Key) time.Time {
	at, _ := k.Created.Get()
	return at
}

// older are the keys made before another, oldest first.
func (m Remains) older(id accesskey.ID) []accesskey.ID {
	ids := m.ids()
	return ids[:max(0, slices.Index(ids, id))]
}

// replaced is the key that the new one was to replace: the one that a person
// names, or, while the claim that made the new key is in force, the one that it
// switched off, or the only one. Empty: that can't be told. Without a claim the
// work may be over, and the key kept or a colleague's.
func (m Remains) replaced(olds []accesskey.ID) accesskey.ID {
	if m.Named != "" {
		if slices.Contains(olds, m.Named) {
			return m.Named
		}
		return ""
	}
	off := m.switchedOff(olds)
	switch {
	case m.Tag == "":
		return ""
	case len(off) == 1:
		return off[0]
	case len(off) == 0 && len(olds) == 1:
		return olds[0]
	}
	return ""
}

// switchedOff are those of the keys that are Inactive by our doing: nobody has
// touched their status since. Where the user carries a tag, by its claim's.
func (m Remains) switchedOff(ids []accesskey.ID) []accesskey.ID {
	var off []accesskey.ID
	for _, id := range ids {
		a, ours := m.lastSwitch(id)
		if ours && a.Action == accesskey.Deactivate && stands(m.User, id) == accesskey.Inactive && (m.Tag == "" || a.Token == m.Tag) {
			off = append(off, id)
		}
	}
	return off
}

// lastSwitch is the latest change of a key's status that CloudTrail shows, and
// whether it was ours.
func (m Remains) lastSwitch(id accesskey.ID) (last Act, ours bool) {
	for _, a := range m.Acts {
		if a.Key == id && (a.Action == accesskey.Deactivate || a.Action == accesskey.Reactivate) {
			last = a
		}
	}
	return last, last.Token != ""
}

// claim takes the lost journal's tag over, so that it is ours to release.
func (m Remains) claim(now time.Time) accesskey.Claim {
	c := accesskey.Claim{Token: m.Token, Read: now, At: now, Keys: slices.Sorted(slices.Values(m.ids()))}
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

func listed(ids []accesskey.ID) string {
	words := make([]string, 0, len(ids))
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
