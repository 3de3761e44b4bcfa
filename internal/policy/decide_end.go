package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

func (v *view) oldKeyGone() (Step, bool) {
	if _, there := v.key(v.r.Old); there == present {
		return pass()
	}
	if v.confirmed(v.r.Watch.OldGone) {
		return v.close(WhyGone)
	}
	return v.wait(WhyConfirming, "key %s is not there", v.r.Old)
}

func (v *view) oldKeyGoneInOverlap() (Step, bool) {
	if _, there := v.key(v.r.Old); there == present {
		return pass()
	}
	if v.confirmed(v.r.Watch.OldGone) {
		return act(Check, WhyGone, v.r.Old)
	}
	return v.wait(WhyConfirming, "key %s is not there", v.r.Old)
}

// offElsewhere takes note of a key that is Inactive already: by our own request
// that came late, or by somebody else.
func (v *view) offElsewhere() (Step, bool) {
	if !v.is(v.r.Old, accesskey.Inactive) {
		return pass()
	}
	if !v.r.OldExit.Deactivated.IsZero() {
		return act(Check, WhyRestBegins, v.r.Old)
	}
	if v.confirmed(v.r.Watch.OldInactive) {
		return act(Check, WhyOffElsewhere, v.r.Old)
	}
	return v.wait(WhyConfirming, "key %s is Inactive and we have no record of it", v.r.Old)
}

// ordered: a person said that nothing needs to fall silent.
func (v *view) ordered() bool { return v.declared() || v.r.Work == accesskey.Revocation }

// declared: a person said that every consumer reads its key from a destination. To
// whom a key was shown takes it somewhere else, and takes their time.
func (v *view) declared() bool { return v.r.Flags.Now && !v.r.Flags.Revealed }

// deliveredAt is since when nobody is handed the old key any more.
func (v *view) deliveredAt() time.Time {
	at := v.r.Proof.Passed
	for _, d := range v.r.Deliveries {
		if !d.Dropped {
			at = later(at, d.Done)
		}
	}
	return at
}

// overlapTooShort: consumers may hold the old key for as long as they cache.
func (v *view) overlapTooShort() (Step, bool) {
	least := max(v.t.Overlap, v.t.Cache)
	if v.ordered() {
		least = v.t.Cache
	}
	over := v.deliveredAt().Add(least)
	if !v.now.Before(over) {
		return pass()
	}
	return v.until(over, WhyOverlap, "the new key was delivered at %s", stamp(v.deliveredAt()))
}

// lastUseUnknown: a throttled look-up is not "never used".
func (v *view) lastUseUnknown() (Step, bool) {
	if v.ordered() && v.r.Stage() != accesskey.Resting {
		return pass()
	}
	k, _ := v.key(v.r.Old)
	if k.LastUsed.Known() {
		return pass()
	}
	return v.wait(WhyUnknownFact, "the last use of %s: %s", v.r.Old, k.LastUsed.Why())
}

// oldUsesUnread: gaps and places that were known once are not forgotten because
// a look-up failed. Where CloudTrail was never to be had, the plan said so.
func (v *view) oldUsesUnread() (Step, bool) {
	if v.r.Stage() == accesskey.Overlap && v.excused() || v.is(v.r.Old, accesskey.Inactive) {
		return pass()
	}
	return v.usesUnread(v.r.Old, v.OldUses, v.r.Watch.OldSeen)
}

func (v *view) newUsesUnread() (Step, bool) {
	if v.declared() || !v.r.NewExit.Inactive().IsZero() {
		return pass()
	}
	return v.usesUnread(v.r.New, v.NewUses, v.r.Watch.NewSeen)
}

func (v *view) usesUnread(id accesskey.ID, uses accesskey.Fact[[]accesskey.Sighting], seen time.Time) (Step, bool) {
	switch {
	case uses.Partly():
		return v.waitUntil(v.now.Add(readingPause), v.waitingSince(WhyReading).Add(v.t.Patience), WhyReading, "where %s is used: %s", id, uses.Why())
	case uses.Known() || seen.IsZero():
		return pass()
	}
	return v.wait(WhyUnknownFact, "where %s is used, last read at %s: %s", id, stamp(seen), uses.Why())
}

// readingPause is between two looks that go on reading what one can't take in.
const readingPause = 5 * time.Second

func (v *view) overlapMax() time.Time {
	return later(v.deliveredAt(), v.r.WatchedFrom).Add(v.t.OverlapMax)
}

// excused: no silence is asked for, or a person wants the key off at
// overlap_max whoever still uses it.
func (v *view) excused() bool {
	return v.ordered() || v.r.Flags.Force && !v.now.Before(v.overlapMax())
}

// notSilent is rule 7's first half.
func (v *view) notSilent() (Step, bool) {
	q := v.quietOf(v.r.Old, v.OldUses, v.deliveredAt())
	if v.excused() || q.known && q.silence >= q.needed {
		return pass()
	}
	at := later(q.lastUse, v.deliveredAt()).Add(v.t.LagMargin + q.needed)
	return v.stillUsed(at, WhySilence, "key %s was last used %s: silent for %s of %s net of lag",
		v.r.Old, usedAt(q.lastUse), about(q.silence), about(q.needed))
}

func usedAt(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return stamp(t)
}

// stillUsed waits, until overlap_max makes it a person's question.
func (v *view) stillUsed(at time.Time, why accesskey.Reason, saw string, args ...any) (Step, bool) {
	if !v.now.Before(v.overlapMax()) {
		return v.block(WhyStillUsed, saw, args...)
	}
	return v.waitUntil(later(at, v.now.Add(v.t.Window)), v.overlapMax(), why, saw, args...)
}

// newUnused: silence of the old key proves little while nobody uses the new. Our
// own use of it, in a rotation of the key that we sit on, is nobody's.
func (v *view) newUnused() (Step, bool) {
	if v.excused() || !v.r.Watch.NewTaken.IsZero() {
		return pass()
	}
	k, _ := v.key(v.r.New)
	if sightings, _ := v.NewUses.Get(); !k.LastUsed.Known() && len(sightings) == 0 {
		return v.wait(WhyUnknownFact, "the last use of %s: %s", v.r.New, k.LastUsed.Why())
	}
	soon := v.now.Add(v.t.Window)
	if v.r.Watch.NewOurs.IsZero() {
		return v.stillUsed(soon, WhyNewUnused, "key %s was not used since its proof at %s", v.r.New, stamp(v.r.Proof.Passed))
	}
	return v.stillUsed(soon, WhyNewUnused, "key %s signs keytend's own requests, and no use of it by anybody else shows since its proof at %s: %s",
		v.r.New, stamp(v.r.Proof.Passed), v.howTaken())
}

func (v *view) howTaken() string {
	if v.NewUses.Known() {
		return "by CloudTrail, or by a last use for a service that keytend doesn't call"
	}
	return "CloudTrail can't be read, so only a last use for a service that keytend doesn't call tells; or declare every consumer (--now)"
}

func (v *view) placeHasNotMoved() (Step, bool) {
	if v.excused() {
		return pass()
	}
	old, _ := v.OldUses.Get()
	fresh, _ := v.NewUses.Get()
	place, missing := v.missingPlace(old, fresh, v.deliveredAt())
	if !missing {
		return pass()
	}
	return v.stillUsed(v.now.Add(v.t.Window), WhyPlaces, "%s at %s used the old key for %s and has not used the new one",
		quoted(place.Agent), place.Network, place.Service)
}

func (v *view) statusesUnknown() (Step, bool) {
	for _, id := range []accesskey.ID{v.r.Old, v.r.New} {
		if !v.is(id, accesskey.Active) {
			return v.wait(WhyUnknownFact, "key %s is not known to be Active", id)
		}
	}
	return pass()
}

func (v *view) deactivateOld() (Step, bool) {
	if v.excused() {
		return act(Deactivate, WhyOrdered, v.r.Old)
	}
	return act(Deactivate, WhySilent, v.r.Old)
}

// usedAfterAll ends a retirement: somebody used the key since notice was given.
func (v *view) usedAfterAll() (Step, bool) {
	k, _ := v.key(v.r.Old)
	last, _ := k.LastUsed.Get()
	sightings, _ := v.OldUses.Get()
	if v.migrates() || !lastUse(last, sightings).After(v.r.Started) {
		return pass()
	}
	if v.is(v.r.Old, accesskey.Inactive) && !v.mayComeLate().IsZero() {
		return act(Reactivate, WhyLateUse, v.r.Old) // our own lost request came after all
	}
	return v.close(WhyKeyUsed)
}

func (v *view) deliveredSomewhere() (Step, bool) {
	if step, answered := v.destinationUnknown(); answered {
		return step, true
	}
	name, holds := v.holding(v.r.Old)
	if !holds {
		return pass()
	}
	step, _ := v.block(WhyHoldsOther, "%s holds %s, so it is not unused", name, v.r.Old)
	step.Key, step.Destination = v.r.Old, name
	return step, true
}

func (v *view) noticeRuns() (Step, bool) {
	over := v.r.Started.Add(v.t.Notice)
	if !v.now.Before(over) || v.is(v.r.Old, accesskey.Inactive) {
		return pass()
	}
	off := later(over, v.silentFrom())
	return v.until(off, WhyNotice, "switched off at %s unless it is used", stamp(off))
}

// silentFrom is when a key that nobody uses any more has been silent for long
// enough; zero where that is not known, or not what is asked.
func (v *view) silentFrom() time.Time {
	k, _ := v.key(v.r.Old)
	created, known := k.Created.Get()
	q := v.quietOf(v.r.Old, v.OldUses, created)
	if !known || !q.known || v.migrates() {
		return time.Time{}
	}
	return later(q.lastUse, created).Add(v.t.LagMargin + q.needed)
}

// unusedTooShort: a key that was never used is judged by its creation.
func (v *view) unusedTooShort() (Step, bool) {
	if v.is(v.r.Old, accesskey.Inactive) {
		return pass() // somebody else was faster
	}
	if v.migrates() {
		return v.notMoved()
	}
	k, _ := v.key(v.r.Old)
	created, known := k.Created.Get()
	q := v.quietOf(v.r.Old, v.OldUses, created)
	if !known || !q.known {
		return v.wait(WhyUnknownFact, "the last use of %s: %s", v.r.Old, k.LastUsed.Why())
	}
	if q.silence >= q.needed {
		return pass()
	}
	return v.until(v.silentFrom(), WhySilence,
		"key %s was last used %s: silent for %s of %s net of lag", v.r.Old, usedAt(q.lastUse), about(q.silence), about(q.needed))
}

func (v *view) oldStatusUnknown() (Step, bool) {
	if v.is(v.r.Old, accesskey.Active) {
		return pass()
	}
	return v.wait(WhyUnknownFact, "key %s is not known to be Active", v.r.Old)
}

func (v *view) deactivateUnused() (Step, bool) { return act(Deactivate, WhySilent, v.r.Old) }
