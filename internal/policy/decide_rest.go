package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// vetoed: a key we switched off, or found off, is Active and we didn't do it.
func (v *view) vetoed() (Step, bool) {
	if !v.is(v.r.Old, accesskey.Active) {
		return pass()
	}
	if !v.confirmed(v.r.Watch.OldActive) {
		return v.wait(WhyConfirming, "key %s is Active again", v.r.Old)
	}
	step, _ := v.block(WhyVeto, "key %s was Inactive and is Active again, and we didn't do it", v.r.Old)
	step.Key = v.r.Old
	return step, true
}

// sessionsLive: temporary credentials made from a key outlive it, and can be
// made wherever IAM has not heard yet that it is off: they are denied at once,
// and once more when every endpoint knows.
func (v *view) sessionsLive() (Step, bool) {
	known := v.r.OldExit.Inactive().Add(v.t.Window)
	switch {
	case v.r.Work != accesskey.Revocation:
		return pass()
	case v.r.Denied.IsZero():
		return act(DenySessions, WhySessions, v.r.Old)
	case v.r.Stage() != accesskey.Resting || !v.r.Denied.Before(known):
		return pass()
	case v.now.Before(known):
		return v.until(known, WhySessions, "key %s may still work somewhere until %s", v.r.Old, stamp(known))
	}
	return act(DenySessions, WhySessions, v.r.Old)
}

func (v *view) goOn() (Step, bool) {
	if v.r.Flags.Replace && v.r.New == "" {
		return act(Check, WhyReplacement, v.r.Old)
	}
	return act(Check, WhyRestBegins, v.r.Old)
}

func (v *view) closeWhenOldGone() (Step, bool) {
	if !v.r.OldExit.Deleted.IsZero() || v.confirmed(v.r.Watch.OldGone) {
		return v.close(WhyEnd)
	}
	if _, there := v.key(v.r.Old); there == absent {
		return v.wait(WhyConfirming, "key %s is not there", v.r.Old)
	}
	return pass()
}

// close ends a record: nothing of it can still arrive, nothing stays sealed,
// and the user's tag is free for others.
func (v *view) close(why accesskey.Reason) (Step, bool) {
	if until := v.lateUntil(); v.now.Before(until) {
		return v.until(until, WhyLateRequests, "a request of ours was lost and may arrive until %s", stamp(until))
	}
	if id := v.untold(); id != "" && v.r.LostCreate {
		step, _ := v.block(WhyUnknownKey, "key %s appeared since a call of ours was lost; CloudTrail does not say who made it", id)
		step.Key = id
		return step, true
	}
	if v.sealed() {
		return act(WipeEscrow, WhyEnd, "")
	}
	if v.describesOld() {
		return act(Finish, WhyDescription, v.r.New)
	}
	if !v.r.Claim.Tagged.IsZero() {
		return act(Finish, WhyRelease, "")
	}
	return act(Finish, why, "")
}

// describesOld: the user still carries the old key's description, which moves to
// the new key once the old one can't come back. It is tried once, and only
// while the user is ours.
func (v *view) describesOld() bool {
	if v.r.Stage() != accesskey.Resting || !v.is(v.r.New, accesskey.Active) {
		return false
	}
	if i := v.r.Intent; i.Action == accesskey.MoveDescription || i.Action == accesskey.UntagClaim {
		return false
	}
	tag, _ := v.tag()
	return v.described(v.r.Old) && (tag == v.r.Claim.Token || v.r.Claim.Untaggable)
}

// described reports whether the user is known to carry a description of a key:
// a tag named after it, as IAM's console makes it.
func (v *view) described(id accesskey.ID) bool {
	u, _ := v.User.Get()
	tags, _ := u.Tags.Get()
	_, there := tags[string(id)]
	return there && id != ""
}

func (v *view) sealed() bool {
	for _, d := range v.r.Deliveries {
		if d.Previous != "" {
			return true
		}
	}
	return v.r.Sealed != "" || v.r.SealedOld != ""
}

// lateUntil is when the last request that was lost can no longer arrive, and,
// for a key it may make, when CloudTrail would show it.
func (v *view) lateUntil() time.Time {
	var until time.Time
	for _, i := range v.r.Late {
		until = later(until, LateUntil(i, v.t))
	}
	return until
}

// LateUntil is until when a call whose reply was lost may still be carried out
// and come to be seen.
func LateUntil(i accesskey.Intent, t accesskey.Terms) time.Time {
	until := i.Until.Add(SignatureLife + t.Window)
	if i.Action == accesskey.CreateKey {
		until = until.Add(t.TrailLag)
	}
	return until
}

// usedLate reverses us: somebody does need the key. Where no silence was
// claimed, only a use after the key went off counts.
func (v *view) usedLate() (Step, bool) {
	if v.r.Work == accesskey.Revocation {
		return pass()
	}
	k, _ := v.key(v.r.Old)
	use := v.useShown(k, v.OldUses)
	if !use.After(v.refuted(v.r.OldExit)) {
		return pass()
	}
	if !v.offByUs() {
		step, _ := v.block(WhyUsedThoughOff, "key %s was used at %s; somebody else switched it off", v.r.Old, stamp(use))
		step.Key = v.r.Old
		return step, true
	}
	return act(Reactivate, WhyLateUse, v.r.Old)
}

// refuted is the moment after which a use contradicts the way a key left.
func (v *view) refuted(e accesskey.Exit) time.Time {
	if e.Ordered {
		return e.Inactive().Add(v.t.Window)
	}
	return e.KnownUse
}

// useShown is the latest use that is known; zero where none is.
func (v *view) useShown(k accesskey.Key, uses accesskey.Fact[[]accesskey.Sighting]) time.Time {
	last, _ := k.LastUsed.Get()
	sightings, _ := uses.Get()
	return lastUse(last, sightings)
}

// KnownUse is the latest use of a key that the input shows; zero: none.
func KnownUse(in Input, id accesskey.ID) time.Time {
	v := &view{Input: in}
	k, _ := v.key(id)
	if id == in.Record.New {
		return v.useShown(k, in.NewUses)
	}
	return v.useShown(k, in.OldUses)
}

// holdsOldWhileResting: somebody put the dead key back; whoever reads it there
// must not fail.
func (v *view) holdsOldWhileResting() (Step, bool) {
	name, holds := v.holding(v.r.Old)
	if !holds {
		return pass()
	}
	if !v.offByUs() || v.r.Work == accesskey.Revocation {
		step, _ := v.block(WhyHoldsOther, "%s holds %s, which is Inactive", name, v.r.Old)
		step.Key, step.Destination = v.r.Old, name
		return step, true
	}
	return act(Reactivate, WhyStillDelivered, v.r.Old)
}

func (v *view) secretUnwiped() (Step, bool) {
	if v.r.Sealed == "" {
		return pass()
	}
	return act(WipeEscrow, WhyRestBegins, "")
}

// rests counts from our own recorded deactivation, or from the first of an
// unbroken run of looks that saw the key Inactive.
func (v *view) rests() (Step, bool) { return v.restOf(v.r.Old) }

func (v *view) restOf(id accesskey.ID) (Step, bool) {
	since := v.restsSince(id)
	if since.IsZero() {
		return v.wait(WhyUnknownFact, "since when key %s is Inactive is not known", id)
	}
	over := since.Add(v.t.Rest)
	if !v.now.Before(over) {
		return pass()
	}
	end := "deleted"
	if v.t.Keep {
		end = "left Inactive for good"
	}
	return v.until(over, WhyResting, "key %s is Inactive since %s; %s at %s unless somebody objects", id, stamp(since), end, stamp(over))
}

// restsSince: where somebody switched the key on in between, its rest begins
// anew when it is seen to be off again; zero: it was not.
func (v *view) restsSince(id accesskey.ID) time.Time {
	e, revived, seen := v.r.OldExit, v.r.Watch.OldRevived, v.r.Watch.OldInactive
	if id == v.r.New {
		e, revived, seen = v.r.NewExit, v.r.Watch.NewRevived, v.r.Watch.NewInactive
	}
	since := e.Inactive()
	if revived.After(since) {
		since = seen
	}
	return since
}

// offByUs: it is ours to switch the old key on again.
func (v *view) offByUs() bool {
	off := v.r.OldExit.Deactivated
	return !off.IsZero() && !v.r.Watch.OldRevived.After(off)
}

func (v *view) closeWhenKept() (Step, bool) {
	if !v.t.Keep {
		return pass()
	}
	return v.close(WhyEnd)
}

func (v *view) oldNotKnownInactive() (Step, bool) {
	if v.is(v.r.Old, accesskey.Inactive) {
		return pass()
	}
	return v.wait(WhyUnknownFact, "key %s is not known to be Inactive", v.r.Old)
}

func (v *view) deleteOld() (Step, bool) { return act(Delete, WhyRested, v.r.Old) }
