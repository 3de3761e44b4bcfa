package notice

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Input is everything that Digests looks at.
type Input struct {
	Matters  []Matter
	Told     []Told
	Acks     []Ack
	Ladder   Ladder               // nil: DefaultLadder
	Sent     map[string]time.Time // by recipient: the latest digest
	Fallback string               // who hears where no owner is known; empty: nobody
	Known    Known                // who is still there; nil: everybody, as far as is known
	Now      time.Time
	Journal  string // whose digests these are: two journals' are never the same one
}

// Digests are what is to be told now: of each matter the rungs that were reached
// and never told to this owner, unless an acknowledgement silences them. An
// owner who had a digest today waits for tomorrow. They come in the order of
// their owners.
func Digests(in Input) []Digest {
	if in.Ladder == nil {
		in.Ladder = DefaultLadder()
	}
	memory := remember(in.Told)
	byOwner := map[string]*Digest{}
	for _, m := range in.Matters {
		in.add(byOwner, memory, m)
	}
	out := make([]Digest, 0, len(byOwner))
	for _, d := range byOwner {
		slices.SortFunc(d.Entries, before)
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b Digest) int { return strings.Compare(a.To, b.To) })
	return out
}

// Tells reports whether somebody is told of a rung of this kind now.
func (in Input) Tells(m Matter, kind Kind) bool {
	in.Matters = []Matter{m}
	for _, d := range Digests(in) {
		if slices.ContainsFunc(d.Entries, func(e Entry) bool { return e.Kind == kind }) {
			return true
		}
	}
	return false
}

func (in Input) add(byOwner map[string]*Digest, memory memory, m Matter) {
	who := RecipientOf(m.Owner, in.Fallback, in.Known)
	first := func(occasion string) time.Time { return memory.first(who.To, m, occasion) }
	for _, r := range m.rungs(in.Ladder, first, in.Now) {
		to := who
		if r.Kind == Waiting && in.Fallback != "" {
			to = Recipient{in.Fallback, ForOperators}
		}
		if in.hadToday(to.To) || in.silenced(m, r) || !memory.tell(to.To, m, r, in.Now) {
			continue
		}
		d := byOwner[to.To]
		if d == nil {
			d = in.digest(to.To)
			byOwner[to.To] = d
		}
		e := m.entry(r, in.Now)
		e.Why = to.Why
		d.Entries = append(d.Entries, e)
	}
}

func (in Input) digest(to string) *Digest {
	today := dayOf(in.Now)
	return &Digest{ID: ID("digest", in.Journal, to, today), To: to, Day: today, At: in.Now}
}

// hadToday: one digest an owner and day, at most.
func (in Input) hadToday(to string) bool {
	last, ever := in.Sent[to]
	return ever && dayOf(last) == dayOf(in.Now)
}

func (in Input) silenced(m Matter, r Rung) bool {
	return slices.ContainsFunc(in.Acks, func(a Ack) bool { return a.Silences(m, r, in.Now) })
}

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// ID is an idempotency key: the same words, the same key.
func ID(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func before(a, b Entry) int {
	return cmp.Or(
		cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
		strings.Compare(a.Account, b.Account), strings.Compare(a.User, b.User), strings.Compare(a.Key, b.Key),
		strings.Compare(a.Occasion, b.Occasion))
}

// memory is what was told, by whom, what and occasion.
type memory map[[5]string]recollection

type recollection struct {
	step  int64
	first time.Time
}

func remember(told []Told) memory {
	m := make(memory, len(told))
	for _, t := range told {
		m.note([5]string{t.To, t.Account, t.User, t.Thing, t.Occasion}, t.Step, t.At)
	}
	return m
}

func (m memory) note(key [5]string, step int64, at time.Time) {
	have, ok := m[key]
	if !ok {
		m[key] = recollection{step, at}
		return
	}
	have.step = max(have.step, step)
	if at.Before(have.first) {
		have.first = at
	}
	m[key] = have
}

// tell notes a rung; false: it or a later one of the occasion was told.
func (m memory) tell(to string, matter Matter, r Rung, now time.Time) bool {
	key := [5]string{to, matter.Account, matter.User, matter.Thing, r.Occasion}
	if have, ok := m[key]; ok && have.step >= r.Step {
		return false
	}
	m.note(key, r.Step, now)
	return true
}

// first is when somebody was first told of an occasion; zero: never.
func (m memory) first(to string, matter Matter, occasion string) time.Time {
	return m[[5]string{to, matter.Account, matter.User, matter.Thing, occasion}].first
}
