package rotation

import (
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// recent is how long after somebody else's change we can't be blamed for not
// having seen it: a look, its lease, and a request under way.
func (w *world) recent(t time.Time) bool {
	return !t.IsZero() && w.now.Sub(t) < policy.SignatureLife+10*time.Minute
}

// theirs: somebody else manages the user's keys, and has for long enough to be
// seen.
func (w *world) theirs() bool { return w.manager != "" && !w.recent(w.managedSince) }

// beforeAct checks the invariants where AWS carries a mutating call out.
func (w *world) beforeAct(p *process, action accesskey.Action, id accesskey.ID) {
	w.acts[p.journal.name] = append(w.acts[p.journal.name], w.now)
	r, live := p.journal.live()
	if !live {
		r = p.journal.latest()
	}
	if action != accesskey.CreateKey {
		w.intended(p, action, id, "")
		w.ownBusiness(p, r, action, id)
	} else {
		w.intended(p, action, "", "")
	}
	if (action == accesskey.Deactivate || action == accesskey.DeleteKey) && id != "" && p.base == id {
		w.violate("16: %s signs our own requests", id)
	}
	w.admitted(r, action)
	if p.journal.behind && !w.landing {
		w.violate("18: %s of %s by a journal that was put back from a copy", action, id)
	}
	if action != accesskey.Reactivate && w.frozen.Contains(w.now) {
		w.violate("17: %s within a freeze", action)
	}
	if m := w.made[id]; w.theirs() && !w.landing && r.Work != accesskey.Revocation && (action == accesskey.Deactivate || action == accesskey.DeleteKey && m != nil && m.offered) {
		w.violate("12: %s of %s, a key of %s", action, id, w.manager)
	}
	if m := w.made[id]; p.looked.Abs() > policy.MaxSkew && !w.landing && r.Work != accesskey.Revocation &&
		(action == accesskey.Deactivate || action == accesskey.DeleteKey && m != nil && m.offered) {
		w.violate("14: %s of %s by a computer whose clock is known to be %s off", action, id, p.looked)
	}
	switch action {
	case accesskey.Deactivate:
		w.mayDeactivate(r, id)
	case accesskey.DeleteKey:
		w.mayDelete(p, r, id)
	case accesskey.CreateKey:
		w.mayCreate(p)
	case accesskey.Reactivate:
		// Toggled between two looks, a key looks as we left it.
		ours := !r.OldExit.Deactivated.IsZero() || !r.RollbackAt.IsZero()
		if m := w.made[id]; m != nil && m.offBy == "human" && !ours && !w.recent(m.inactive) {
			w.violate("7: %s, which a person switched off, is switched on", id)
		}
	}
}

func (m *memory) latest() accesskey.Record {
	var out accesskey.Record
	for _, r := range m.records {
		if r.Ended.After(out.Ended) || out.ID == "" {
			out = r
		}
	}
	return out
}

// admitted is rule 17: nothing goes forwards outside windows, within freezes,
// unapproved, or without its draw on the budgets.
func (w *world) admitted(r accesskey.Record, action accesskey.Action) {
	if w.landing || r.Intent.Action != action || r.Work == accesskey.Revocation || r.Stage() == accesskey.RollingBack || !w.steady() {
		return
	}
	switch action {
	case accesskey.CreateKey, accesskey.Deactivate, accesskey.DeleteKey, accesskey.TagClaim, accesskey.Deliver:
	default:
		return
	}
	asked := w.now.Add(-r.Terms.Lease) // at the earliest
	for _, f := range w.gate.Freezes {
		if f.Contains(w.now) && f.Contains(asked) {
			w.violate("17: %s within a freeze", action)
		}
	}
	open := func(t time.Time) bool {
		return slices.ContainsFunc(w.gate.Windows, func(x policy.Weekly) bool { return x.Contains(t) })
	}
	if len(w.gate.Windows) > 0 && !open(w.now) && !open(asked) {
		w.violate("17: %s outside the change windows", action)
	}
	if a := r.Approval; w.gate.Mode == policy.Approve && (a == nil || a.Version < r.Amended) {
		w.violate("17: %s of what nobody approved", action)
	}
	for _, b := range w.gate.Budgets {
		if !slices.ContainsFunc(r.Reserved, func(d accesskey.Reserved) bool { return d.Budget == b.Budget }) {
			w.violate("17: %s without a draw on %q", action, b.Budget)
		}
	}
}

// ownBusiness is invariant 7: nobody takes away what it did not make or claim.
func (w *world) ownBusiness(p *process, r accesskey.Record, action accesskey.Action, id accesskey.ID) {
	m := w.made[id]
	mine := id == r.Old || id == r.New || m != nil && m.ours && strings.HasPrefix(m.token, p.journal.name+".")
	if action == accesskey.DeleteKey {
		mine = mine || slices.Contains(r.Claim.Keys, id) || slices.Contains(r.Orphans, id)
	}
	if !mine && !w.landing {
		w.violate("7: %s of %s, which is none of its business", action, id)
	}
}

// mayDeactivate is invariants 1 and 2.
func (w *world) mayDeactivate(r accesskey.Record, id accesskey.ID) {
	if k, there := w.user.find(id); !there || k.status != accesskey.Active {
		return
	}
	for _, p := range w.places {
		d := r.Delivery(p.name)
		if p.key == id && d != nil && !d.Dropped && !p.guessed && !leaked(r, id) && (!p.human || !w.recent(p.changed)) {
			w.violate("1: %s is switched off while %s holds it", id, p.name)
		}
	}
	if leaked(r, id) || r.Flags.Now || r.Flags.Force && w.now.Sub(watchedFrom(r)) >= r.Terms.OverlapMax {
		return
	}
	w.wasSilent(r, id)
	if r.Work == accesskey.Rotation && id == r.Old && r.RollbackAt.IsZero() {
		w.newWasUsed(r)
	}
}

// leaked: a person ordered this very key off, whoever uses it.
func leaked(r accesskey.Record, id accesskey.ID) bool {
	return r.Work == accesskey.Revocation && id == r.Old || r.Flags.NewLeaked && id == r.New
}

// watchedFrom is since when overlap_max counts.
func watchedFrom(r accesskey.Record) time.Time {
	at := r.WatchedFrom
	for _, d := range r.Deliveries {
		if d.Done.After(at) {
			at = d.Done
		}
	}
	return at
}

// wasSilent: in the silence that was claimed, there was truly no use.
func (w *world) wasSilent(r accesskey.Record, id accesskey.ID) {
	decided := w.now
	if i := r.Intent; i.Action == accesskey.Deactivate && i.Key == id {
		decided = i.At
	}
	to := decided.Add(-r.Terms.LagMargin - r.Terms.Lease)
	from := decided.Add(-r.Terms.LagMargin - r.Terms.Idle + r.Terms.Lease)
	for _, u := range w.made[id].uses {
		if u.at.After(from) && u.at.Before(to) && u.who != "prover" {
			w.violate("2: %s is switched off though %s used it at %s", id, u.who, u.at.Format("01-02 15:04"))
			return
		}
	}
}

func (w *world) newWasUsed(r accesskey.Record) {
	if r.Proof.Passed.IsZero() {
		w.violate("2: %s is switched off before %s was proved", r.Old, r.New)
	}
	if m := w.made[r.New]; m != nil {
		for _, u := range m.uses {
			if u.who != "prover" && u.at.After(r.Proof.Passed) {
				return
			}
		}
	}
	w.violate("2: %s is switched off before anybody used %s", r.Old, r.New)
}

// mayDelete is invariant 3.
func (w *world) mayDelete(p *process, r accesskey.Record, id accesskey.ID) {
	m := w.made[id]
	k, there := w.user.find(id)
	if m == nil || !there {
		return
	}
	for _, at := range w.places {
		if d := r.Delivery(at.name); at.key == id && d != nil && !d.Dropped && (at.readable || !d.Done.IsZero() && !at.guessed) && (!at.human || !w.recent(at.changed)) {
			w.violate("3: %s is deleted while %s holds it", id, at.name)
		}
	}
	if m.ours && !m.offered && strings.HasPrefix(m.token, p.journal.name+".") {
		return
	}
	if k.status != accesskey.Inactive {
		if !w.recent(w.handsOff) {
			w.violate("3: %s is deleted while %s", id, k.status)
		}
		return
	}
	if rested := w.now.Sub(m.inactive); rested < r.Terms.Rest-policy.SignatureLife && !w.recent(w.handsOff) && m.byHand < 2 { // toggled between two looks, nobody can tell
		w.violate("3: %s is deleted after a rest of %s", id, rested)
	}
}

// mayCreate is invariant 7: one journal at a time.
func (w *world) mayCreate(p *process) {
	if r, _ := p.journal.live(); w.theirs() && r.Work != accesskey.Revocation {
		w.violate("12: a key of %s is replaced", w.manager)
	}
	if r, live := p.journal.live(); live && w.now.Before(r.Start) {
		w.violate("15: it begins before its time")
	}
	for _, at := range w.places {
		if at.readOnly {
			w.violate("4: a key is made that %s can't take", at.name)
		}
	}
	for _, q := range w.processes {
		if q.journal == p.journal || w.tagsDenied || w.tagRemoved {
			continue
		}
		r, live := q.journal.live()
		if live && (r.Stage() == accesskey.Created || r.Stage() == accesskey.Proven || r.Stage() == accesskey.Delivered || r.Stage() == accesskey.Overlap) {
			w.violate("7: %s makes a key while %s is replacing one", p.name, q.name)
			return
		}
	}
	if m := p.journal; !w.landing {
		if r, live := m.live(); live && r.New != "" {
			w.violate("7: %s makes a second key", p.name)
		}
	}
}

// beforeDeliver: a destination never gets a key that fails, and only where the
// record's own keys stand.
func (w *world) beforeDeliver(p *process, at *place, id accesskey.ID) {
	r, live := p.journal.live()
	if !live {
		r = p.journal.latest()
	}
	if w.theirs() && !w.landing && id == r.New && r.Work != accesskey.Revocation {
		w.violate("12: %s gets %s in place of a key of %s", at.name, id, w.manager)
	}
	k, there := w.user.find(id)
	if m := w.made[id]; (!there || k.status != accesskey.Active) && m != nil && m.offBy == "keytend" {
		w.violate("1: %s gets %s, which does not work", at.name, id)
	}
	if m := w.made[id]; w.strict && m != nil && w.now.Sub(m.at) < w.propagation {
		w.violate("1: %s gets %s, which does not work everywhere yet", at.name, id)
	}
	if at.readable && at.key != r.Old && at.key != r.New && at.key != "" {
		w.violate("7: %s, which a person put into %s, is written over", at.key, at.name)
	}
}

// afterPass checks what must be so whenever a pass is over.
func (w *world) afterPass(p *process, res Result, err error) {
	w.pastPass(p, res, err)
	s := res.Step
	if err == nil && s.Kind == policy.Wait && res.Record.Live() && (s.NotBefore.IsZero() || s.Deadline.IsZero()) {
		w.violate("6: waits for %q without a time or a deadline", s.Reason)
	}
	r := res.Record
	if err != nil || r.Stage() != accesskey.Resting || s.Kind != policy.Wait || r.OldExit.Deactivated.IsZero() || r.OldExit.Ordered {
		return
	}
	if k, known := find(res, r.Old); known && k.LastUsed.Known() && r.Work != accesskey.Revocation {
		if status, _ := k.Status.Get(); status != accesskey.Inactive {
			return
		}
		if last, _ := k.LastUsed.Get(); last.At.After(r.OldExit.KnownUse) && s.Reason != policy.WhyConfirming {
			w.violate("2: late data shows a use of %s at %s and it rests on (%s)", r.Old, last.At.Format("01-02 15:04"), s.Reason)
		}
	}
}

func find(res Result, id accesskey.ID) (accesskey.Key, bool) {
	u, _ := res.Input.User.Get()
	keys, known := u.Keys.Get()
	for _, k := range keys {
		if have, _ := k.ID.Get(); have == id {
			return k, known
		}
	}
	return accesskey.Key{}, false
}

// atEnd checks what must be so when the history is over.
func (w *world) atEnd() {
	for _, k := range w.user.keys {
		m := w.made[k.id]
		if m == nil || !m.ours || k.status != accesskey.Active || m.offered || w.accountedFor(k.id) {
			continue
		}
		w.violate("4: %s is ours, Active, and nobody can hold its secret", k.id)
	}
	for _, p := range w.places {
		if !w.known(p.name) || p.guessed {
			continue
		}
		k, there := w.user.find(p.key)
		if m := w.made[p.key]; (!there || k.status != accesskey.Active) && m != nil && m.offBy == "keytend" && !m.ordered && !p.human {
			w.violate("1: in the end %s holds %s, which we took away", p.name, p.key)
		}
	}
}

// known: some record's new key was to go there, and is there as far as can be
// told; no person said to do without the place.
func (w *world) known(place string) bool {
	found := false
	for _, p := range w.processes {
		for _, r := range p.journal.records {
			d := r.Delivery(place)
			if d != nil && d.Dropped {
				return false
			}
			found = found || d != nil && (w.places[place].readable || !d.Done.IsZero() && d.Restored.IsZero())
		}
	}
	return found
}

func (w *world) accountedFor(id accesskey.ID) bool {
	for _, p := range w.processes {
		if r, live := p.journal.live(); live && (r.New == id && r.Sealed != "" || r.Phase == accesskey.Blocked || r.LostCreate && w.trailDenied) {
			return true
		}
	}
	return false
}

// ended reports that a record is over or a person's turn.
func ended(r accesskey.Record) bool { return !r.Live() || r.Phase == accesskey.Blocked }
