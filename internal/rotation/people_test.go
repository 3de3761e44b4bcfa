package rotation

import (
	"fmt"
	"maps"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// meddle: people and Terraform do as they like. Who edits a destination by hand
// or deletes a key takes what comes of it on themselves.
func (h *history) meddle() {
	h.handsOff = h.now
	switch h.rng.IntN(12) {
	case 0, 1, 2, 3:
		h.touched = h.now
		h.meddleWithKeys()
	case 4, 5:
		h.touched = h.now
		h.meddleWithPlaces()
	case 6: // Terraform removes tags it doesn't know
		h.touched = h.now
		h.did("a tag is removed")
		h.tagRemoved = true
		h.change(func(u *user) { delete(u.tags, ClaimTag) })
	case 7:
		h.command(h.anyone(), "rolls back", Rollback())
	case 8:
		h.hold()
	case 9:
		h.adopt()
	case 10:
		h.revokes()
	case 11:
		if h.chance(6) {
			h.replaceUser()
		}
	}
}

func (h *history) anyone() *process { return h.running[h.rng.IntN(len(h.running))] }

// command is what keytend's commands do for a person: an order about the live
// record, where it fits.
func (h *history) command(p *process, what string, o Order) bool {
	r, live := p.journal.live()
	if !live {
		return false
	}
	next := r.Clone()
	if err := o.do(&next, h.now); err != nil {
		return false
	}
	h.say("a person %s (%s)", what, p.journal.name)
	if _, err := p.journal.write(r, next, accesskey.Event{What: o.What, At: h.now, Who: "ana"}); err != nil {
		panic(err)
	}
	h.did(what)
	return true
}

func (h *history) meddleWithKeys() {
	keys := h.user.keys
	if len(keys) == 0 {
		return
	}
	k := keys[h.rng.IntN(len(keys))]
	switch h.rng.IntN(4) {
	case 0: // somebody makes a key
		if len(keys) < h.quota {
			h.made[h.addKey("", false)].offered = true
		}
	case 1: // and deletes one
		if len(keys) > 1 {
			h.deleteKey(k.id, "human")
		}
	default: // switches one off, or on
		if k.status == accesskey.Active {
			h.setStatus(k.id, accesskey.Inactive, "human")
			return
		}
		if h.made[k.id].offBy == "keytend" {
			h.did("vetoes")
		}
		h.setStatus(k.id, accesskey.Active, "human")
	}
}

// meddleWithPlaces: somebody puts the old key back, another one, or none, or
// edits something beside it.
func (h *history) meddleWithPlaces() {
	p := h.places[[]string{"a", "b", "c"}[h.rng.IntN(3)]]
	if p == nil || !p.readable {
		return
	}
	h.did("edits a place")
	switch keys := h.user.keys; h.rng.IntN(4) {
	case 0, 1:
		h.put(p, h.old, true)
	case 2:
		if len(keys) > 0 {
			h.put(p, keys[h.rng.IntN(len(keys))].id, true)
		}
	default:
		p.version++
	}
}

func (h *history) hold() {
	p := h.anyone()
	if r, live := p.journal.live(); !live || r.Hold != nil || !h.command(p, "holds", HoldIt("ana", "lunch", time.Time{})) {
		return
	}
	j := p.journal
	h.later(time.Duration(1+h.rng.IntN(40))*time.Hour, func() {
		h.handsOff = h.now
		for _, q := range h.running {
			if q.journal == j {
				h.command(q, "releases", Release())
				return
			}
		}
	})
}

// adopt: Terraform takes the user's keys over, for good or for some days.
func (h *history) adopt() {
	if h.manager != "" {
		return
	}
	h.did("Terraform adopts the key")
	h.manager, h.managedSince = "Terraform", h.now
	if !h.chance(4) {
		h.later(time.Duration(1+h.rng.IntN(72))*time.Hour, func() { h.manager = "" })
	}
}

// revokes: it turns out that the key has leaked. Who still uses it fails.
func (h *history) revokes() {
	p := h.anyone()
	first := h.chance(2)
	r, live := p.journal.live()
	if live && h.command(p, "revokes", Revoke(r.Old, h.chance(2), first)) {
		h.cutOff(r.Old, false)
	}
}

// cutOff: a person has said that a key may be taken from whoever has it; where
// it is replaced first, whom we know gets the new one in time.
func (h *history) cutOff(id accesskey.ID, first bool) {
	h.made[id].ordered = true
	if first {
		h.spare()
		return
	}
	for _, c := range h.eaters {
		c.spared = true
	}
}

// replaceUser: the user is deleted, and mostly made anew under its name.
func (h *history) replaceUser() {
	h.did("the user is deleted")
	h.touched = h.now
	for _, k := range h.user.keys {
		h.deleteKey(k.id, "human")
	}
	id := "AIDAI44QH8DHBEXAMPLE"
	if h.chance(3) {
		id = ""
	}
	h.change(func(u *user) { u.id, u.tags = id, map[string]string{} })
}

// answer: a person reads what a record is blocked for and chooses. Who says
// whose a key is knows it; who drops or forces takes the consequences.
func (h *history) answer(p *process) {
	r, live := p.journal.live()
	if !live || r.Block == nil {
		return
	}
	b := *r.Block
	choices := policy.Choices(r)
	if len(choices) == 0 {
		h.violate("6: blocked for %q, and nothing can be answered", b.Reason)
		return
	}
	word := choices[h.rng.IntN(len(choices))].Answer
	m := h.made[b.Key]
	switch {
	case word == "recover":
		h.recovers(p)
		return
	case word == "rollback":
		h.handsOff = h.now
		h.command(p, "answers rollback", Rollback())
		return
	case b.Reason == policy.WhyUnknownKey && m != nil:
		if word = "keep"; m.ours && !m.offered {
			word = "discard"
		}
	}
	if !h.command(p, "answers "+word, Resolve(word)) {
		return
	}
	h.handsOff = h.now
	if word == "drop" || word == "force" || word == "keep" {
		h.accept(b)
	}
	if _, live := p.journal.live(); !live && h.made[r.New] != nil {
		h.made[r.New].offered = true // every key stays as it is, a person says
	}
}

// accept: what a person chose may break who was not declared, or who reads where
// we no longer look, and nobody keeps two journals apart then.
func (h *history) accept(b accesskey.Block) {
	h.tagRemoved = h.tagRemoved || b.Reason == policy.WhyClaimElsewhere || b.Reason == policy.WhyClaimTaken
	for _, c := range h.eaters {
		c.spared = true
	}
	for name, at := range h.places {
		if name == b.Destination || b.Destination == "" {
			at.human, at.changed = true, h.now
		}
	}
}

// backup is a copy of a journal.
type backup struct {
	j       *memory
	records map[string]accesskey.Record
	head    time.Time
	takeAt  time.Time
	putAt   time.Time
}

// drawBackup: some journals are put back from a copy some day.
func (h *history) drawBackup() {
	if h.chance(8) && h.journals() == 1 {
		take := h.now.Add(time.Duration(h.rng.IntN(4*24*60)) * time.Minute)
		h.backup = &backup{j: h.running[0].journal, takeAt: take, putAt: take.Add(time.Duration(2+h.rng.IntN(72)) * time.Hour)}
	}
}

// backUp takes the copy, and puts it back once what was done since shows.
func (h *history) backUp() {
	b := h.backup
	if b == nil || h.now.Before(b.takeAt) {
		return
	}
	if b.records == nil {
		b.records, b.head = maps.Clone(b.j.records), b.j.head
		if _, live := b.j.live(); !live {
			h.backup = nil
		}
		return
	}
	acts := h.acts[b.j.name]
	shown := h.latestAct(b.j.name)
	t := quickTerms()
	if h.now.Before(b.putAt) || !shown.After(b.head.Add(t.Lease+policy.SignatureLife+t.Window)) || acts[len(acts)-1].After(shown) {
		return
	}
	h.did("an old journal is put back")
	h.say("the journal is put back as of %s", b.head)
	b.j.records, b.j.head, b.j.behind = b.records, b.head, true
	b.j.epoch++
	h.backup = nil
}

// recovers is keytend recover.
func (h *history) recovers(p *process) {
	j := p.journal
	if h.trailDenied {
		return // it says that it can't
	}
	m := Remains{
		ID: fmt.Sprintf("r%d again", j.events), Token: j.name + ".again", Subject: h.subject(), User: h.seen(h.user, h.user), Tag: h.user.tags[ClaimTag],
		Authors: map[accesskey.ID]Authorship{}, Holding: map[string]accesskey.ID{}, Terms: quickTerms(), Acts: h.history,
	}
	for _, k := range h.user.keys {
		m.Authors[k.id] = Authorship{Found: true, Token: h.made[k.id].token}
	}
	for _, name := range h.placeNames() {
		at := h.places[name]
		if _, there := h.user.find(at.key); at.readable && there {
			m.Holding[name] = at.key
		} else if !at.readable {
			m.Holding[name] = ""
			at.guessed = true
		}
	}
	found := Recovered(m, h.now)
	if found.Say != "" { // a person knows which key it was about, and says so
		m.Named = h.old
		found = Recovered(m, h.now)
	}
	h.say("recovered: %s", found.Story)
	if found.Say != "" || !h.command(p, "recovers", Supersede()) {
		return
	}
	h.handsOff = h.now
	if made := h.made[found.Record.New]; made != nil {
		made.offered = true // it may be with anybody
	}
	j.behind = false
	if found.Record.Old == "" {
		return
	}
	if _, err := j.write(accesskey.Record{}, found.Record, accesskey.Event{What: accesskey.Recovered, At: h.now, Alert: true}); err != nil {
		panic(err)
	}
}
