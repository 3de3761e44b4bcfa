package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// newLeaked switches a leaked new key off before anything is put back: whoever has
// found it is faster than silence. Its sessions are denied once more when every
// endpoint knows that it is off.
func (v *view) newLeaked() (Step, bool) {
	if !v.r.Flags.NewLeaked || v.newIsGone() {
		return pass()
	}
	off := v.r.NewExit.Inactive()
	if off.IsZero() {
		for _, check := range []func() (Step, bool){v.clockIsOff, v.newKeySignsForUs} {
			if step, answered := check(); answered {
				return step, true
			}
		}
		return act(Deactivate, WhyLeaked, v.r.New)
	}
	if known := off.Add(v.t.Window); v.r.Denied.IsZero() || v.r.Denied.Before(known) && !v.now.Before(known) {
		return act(DenySessions, WhySessions, v.r.New)
	}
	return pass()
}

// newHeardOff waits for the moment at which sessions are denied once more.
func (v *view) newHeardOff() (Step, bool) {
	known := v.r.NewExit.Inactive().Add(v.t.Window)
	if !v.r.Flags.NewLeaked || v.newIsGone() || !v.r.Denied.Before(known) {
		return pass()
	}
	return v.until(known, WhySessions, "key %s may still work somewhere until %s", v.r.New, stamp(known))
}

// discardUnoffered: only a new key that nobody can have is deleted at once.
func (v *view) discardUnoffered() (Step, bool) {
	if v.r.Flags.Offered || v.newIsGone() {
		return pass()
	}
	if _, there := v.key(v.r.New); there == absent {
		return v.wait(WhyConfirming, "key %s is not there", v.r.New)
	}
	return v.discard(v.r.New, WhyNeverOffered)
}

func (v *view) newIsGone() bool {
	return v.r.New == "" || !v.r.NewExit.Deleted.IsZero() || v.confirmed(v.r.Watch.NewGone)
}

// untouched: neither was the old key switched off, or may still be, nor the new
// one offered, so there is nothing to put back.
func (v *view) untouched() bool {
	return !v.r.Flags.Offered && v.r.OldExit.Inactive().IsZero() && v.r.OldExit.Reactivated.IsZero() && v.mayComeLate().IsZero()
}

// mayComeLate is until when a lost request of ours may still take the old key
// from whoever has it; zero: none may.
func (v *view) mayComeLate() time.Time {
	var until time.Time
	for _, i := range v.r.Late {
		if i.Key == v.r.Old && (i.Action == accesskey.Deactivate || i.Action == accesskey.DeleteKey) {
			until = later(until, LateUntil(i, v.t))
		}
	}
	return until
}

// nothingToGoBackTo: without the old key, nothing is reverted.
func (v *view) nothingToGoBackTo() (Step, bool) {
	if _, there := v.key(v.r.Old); there == present || v.untouched() {
		return pass()
	}
	if !v.confirmed(v.r.Watch.OldGone) {
		return v.wait(WhyConfirming, "key %s is not there", v.r.Old)
	}
	step, _ := v.block(WhyOldGone, "the old key %s is gone: nothing was put back", v.r.Old)
	step.Key = v.r.Old
	return step, true
}

// reactivateOld sends it always: a stale read must not make us skip it.
func (v *view) reactivateOld() (Step, bool) {
	if v.untouched() {
		return pass()
	}
	if v.r.OldExit.Reactivated.Before(v.r.RollbackAt) || v.confirmed(v.r.Watch.OldInactive) {
		return act(Reactivate, WhyRollback, v.r.Old)
	}
	if v.confirmed(v.r.Watch.OldActive) {
		return pass()
	}
	return v.wait(WhyConfirming, "key %s is not known to be Active everywhere", v.r.Old)
}

// mayGoOffAgain: while our own lost request to switch the old key off, or to
// delete it, may still arrive, nobody is handed that key, as long as the new one
// works.
func (v *view) mayGoOffAgain() (Step, bool) {
	until := v.mayComeLate()
	if !v.is(v.r.New, accesskey.Active) || !v.now.Before(until) {
		return pass()
	}
	return v.until(until, WhyLateRequests, "our lost request to take %s away may arrive until %s", v.r.Old, stamp(until))
}

// oldUnproven proves the old key where its secret is known.
func (v *view) oldUnproven() (Step, bool) {
	if v.r.SealedOld == "" || !v.r.OldProof.Passed.IsZero() || v.untouched() {
		return pass()
	}
	deadline := later(v.r.RollbackAt, v.r.OldExit.Reactivated).Add(v.t.ProveMax + v.t.Patience) // nobody may have been there before
	if !v.now.Before(deadline) {
		return v.block(WhyRolledBackEmpty, "the old key %s is Active and still fails", v.r.Old)
	}
	if step, answered := v.roundTooFast(v.r.OldProof, deadline); answered {
		return step, true
	}
	return act(Prove, WhyRollback, v.r.Old)
}

// newOffButHeld: whoever reads the new key there must not fail.
func (v *view) newOffButHeld() (Step, bool) {
	if _, holds := v.holding(v.r.New); !holds || v.r.Flags.NewLeaked || v.r.NewExit.Deactivated.IsZero() || !v.is(v.r.New, accesskey.Inactive) {
		return pass()
	}
	return act(Reactivate, WhyStillDelivered, v.r.New)
}

// blindUnderOthers: a place that can't be read may hold what another journal
// put there since it took the claim over.
func (v *view) blindUnderOthers() (Step, bool) {
	tag, known := v.tag()
	if v.r.Claim.Untaggable || known && !v.foreign(tag) {
		return pass()
	}
	for _, d := range v.r.Deliveries {
		if h, read := v.reading(d.Destination); !read || h.Readable || !v.needsRestore(d) {
			continue
		}
		if !known {
			return v.wait(WhyUnknownFact, "the user's tags could not be read")
		}
		step, _ := v.block(WhyClaimTaken, "%s can't be read, and the user's tag is %q now, of another journal", d.Destination, tag)
		step.Destination = d.Destination
		return step, true
	}
	return pass()
}

// unrestored puts back what we wrote, where it still stands. Where somebody
// wrote something else, that stays.
func (v *view) unrestored() (Step, bool) {
	var stuck *accesskey.Delivery
	var next time.Time
	for i, d := range v.r.Deliveries {
		if !v.needsRestore(d) {
			continue
		}
		if d.Previous != "" && !v.now.Before(v.nextTry(d)) && !v.restoreOver(d) {
			return actAt(Restore, WhyRollback, d.Destination)
		}
		stuck, next = &v.r.Deliveries[i], v.nextTry(d)
	}
	if stuck == nil {
		return pass()
	}
	if stuck.Previous != "" && !v.restoreOver(*stuck) {
		return v.waitUntil(next, v.r.RollbackAt.Add(v.t.DeliverMax), WhySpacing, "%s could not be put back: %s", stuck.Destination, complaint(*stuck))
	}
	if stuck.Previous == "" {
		step, _ := v.block(WhyCannotRestore, "%s may have the new key %s, and keytend can't put it back: hand it %s yourself", stuck.Destination, v.r.New, v.r.Old)
		step.Destination = stuck.Destination
		return step, true
	}
	step, _ := v.block(WhyCannotRestore, "%s holds the new key %s and could not be put back: %s", stuck.Destination, v.r.New, complaint(*stuck))
	step.Destination = stuck.Destination
	return step, true
}

func (v *view) needsRestore(d accesskey.Delivery) bool {
	h, known := v.reading(d.Destination)
	switch {
	case d.Dropped || !known || v.r.New == "":
		return false
	case h.Readable:
		return h.Key == v.r.New
	}
	return d.Tries > 0 && d.Restored.IsZero()
}

// restoreOver: it was tried for long enough, and not only waited for.
func (v *view) restoreOver(d accesskey.Delivery) bool {
	tried := !d.Tried.IsZero() || v.r.Watch.Waiting == WhyCannotAct
	return tried && !v.now.Before(v.r.RollbackAt.Add(v.t.DeliverMax))
}

func (v *view) newUsedLate() (Step, bool) {
	if v.r.Flags.NewLeaked || v.r.NewExit.Deactivated.IsZero() || !v.is(v.r.New, accesskey.Inactive) {
		return pass()
	}
	k, _ := v.key(v.r.New)
	if !v.useShown(k, v.NewUses).After(v.refuted(v.r.NewExit)) {
		return pass()
	}
	return act(Reactivate, WhyLateUse, v.r.New)
}

func (v *view) closeWhenNewGone() (Step, bool) {
	if v.newIsGone() {
		return v.close(WhyRollback)
	}
	if _, there := v.key(v.r.New); there == absent {
		return v.wait(WhyConfirming, "key %s is not there", v.r.New)
	}
	return pass()
}

func (v *view) newSecretUnwiped() (Step, bool) {
	if v.r.Sealed == "" || v.r.NewExit.Inactive().IsZero() {
		return pass()
	}
	return act(WipeEscrow, WhyRestBegins, "")
}

func (v *view) newVetoed() (Step, bool) {
	if v.r.NewExit.Inactive().IsZero() || !v.is(v.r.New, accesskey.Active) {
		return pass()
	}
	if !v.r.Watch.NewRevived.After(v.r.NewExit.Inactive()) {
		return v.wait(WhyConfirming, "key %s is Active again", v.r.New)
	}
	step, _ := v.block(WhyVeto, "key %s was Inactive and is Active again, and we didn't do it", v.r.New)
	step.Key = v.r.New
	return step, true
}

func (v *view) newRests() (Step, bool) {
	if !v.r.NewExit.Inactive().IsZero() {
		return v.restOf(v.r.New)
	}
	if !v.is(v.r.New, accesskey.Inactive) {
		return pass()
	}
	if !v.confirmed(v.r.Watch.NewInactive) {
		return v.wait(WhyConfirming, "key %s is Inactive and we have no record of it", v.r.New)
	}
	return act(Check, WhyOffElsewhere, v.r.New)
}

func (v *view) newUnknown() (Step, bool) {
	k, _ := v.key(v.r.New)
	if v.statusKnown(v.r.New) && k.LastUsed.Known() {
		return pass()
	}
	return v.wait(WhyUnknownFact, "the status or last use of %s: %s", v.r.New, k.LastUsed.Why())
}

// goneBackAt is since when nobody is handed the new key any more.
func (v *view) goneBackAt() time.Time {
	at := v.r.RollbackAt
	for _, d := range v.r.Deliveries {
		at = later(at, d.Restored)
	}
	return at
}

// newNotSilent is rule 7 the other way round. That a leaked old key was cut off at
// once says nothing about who has taken the new one.
func (v *view) newNotSilent() (Step, bool) {
	if !v.r.NewExit.Inactive().IsZero() {
		return pass()
	}
	from := v.goneBackAt()
	least, need := max(v.t.Overlap, v.t.Cache), v.quietOf(v.r.New, v.NewUses, from)
	if v.declared() {
		least = v.t.Cache
	}
	if over := from.Add(least); v.now.Before(over) {
		return v.until(over, WhyOverlap, "the destinations were put back at %s", stamp(from))
	}
	if v.declared() || need.known && need.silence >= need.needed {
		return pass()
	}
	max := from.Add(v.t.OverlapMax)
	if v.now.Before(max) {
		at := later(need.lastUse, from).Add(v.t.LagMargin + need.needed)
		return v.waitUntil(later(at, v.now.Add(v.t.Window)), max, WhySilence, "key %s was last used %s", v.r.New, usedAt(need.lastUse))
	}
	if v.r.Flags.Force {
		return pass()
	}
	step, _ := v.block(WhyStillUsed, "key %s, which was rolled back, was last used %s", v.r.New, usedAt(need.lastUse))
	step.Key = v.r.New
	return step, true
}

// placeHasNotGoneBack: whoever uses the new key seldom, and read it before the
// rollback, is hidden behind those who use it often.
func (v *view) placeHasNotGoneBack() (Step, bool) {
	over := v.goneBackAt().Add(v.t.OverlapMax)
	if !v.r.NewExit.Inactive().IsZero() || v.declared() || v.r.Flags.Force && !v.now.Before(over) {
		return pass()
	}
	old, _ := v.OldUses.Get()
	fresh, _ := v.NewUses.Get()
	place, missing := v.missingPlace(fresh, since(old, v.r.RollbackAt), v.goneBackAt())
	if !missing {
		return pass()
	}
	const saw = "%s at %s used the new key %s for %s and has not used the old one since the rollback"
	if v.now.Before(over) {
		return v.waitUntil(v.now.Add(v.t.Window), over, WhyPlaces, saw, quoted(place.Agent), place.Network, v.r.New, place.Service)
	}
	step, _ := v.block(WhyStillUsed, saw, quoted(place.Agent), place.Network, v.r.New, place.Service)
	step.Key = v.r.New
	return step, true
}

// newLeaves: off first, then, after its rest, for good.
func (v *view) newLeaves() (Step, bool) {
	switch {
	case v.r.NewExit.Inactive().IsZero():
		return act(Deactivate, WhyRollback, v.r.New)
	case v.t.Keep:
		return v.close(WhyRollback)
	case v.is(v.r.New, accesskey.Inactive):
		return act(Delete, WhyRested, v.r.New)
	}
	return v.wait(WhyUnknownFact, "key %s is not known to be Inactive", v.r.New)
}
