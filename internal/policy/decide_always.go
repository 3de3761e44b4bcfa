package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

func (v *view) hasEnded() (Step, bool) { return Step{Kind: Wait, Reason: WhyEnded}, true }

// journalIsBehind: CloudTrail shows an act of ours later than anything the
// journal knows of, so the journal was put back from a copy. Requests can be
// carried out up to the end of their lease and signature. What the journal writes
// about it doesn't make it younger: only recovery ends that.
func (v *view) journalIsBehind() (Step, bool) {
	if v.blockedFor(WhyJournalBehind) {
		return v.block(WhyJournalBehind, "%s", v.r.Block.Saw)
	}
	act, known := v.LatestAct.Get()
	if !known || !act.After(v.Head.Add(v.t.Lease+SignatureLife+v.t.Window)) {
		return pass()
	}
	return v.block(WhyJournalBehind, "AWS shows an act of ours at %s, the journal's last about the user is of %s", stamp(act), stamp(v.Head))
}

// actsUnread: whether the journal is behind can't be told where CloudTrail could
// not be read just now. Putting back and cutting off don't wait for that; and
// where it may not be read at all, the plan says so and the fact is "never".
func (v *view) actsUnread() (Step, bool) {
	if v.LatestAct.Known() {
		return pass()
	}
	return v.wait(WhyUnknownFact, "our latest act on the user, which shows whether the journal is the latest: %s", v.LatestAct.Why())
}

// callIsUnsettled: an unknown outcome is settled by looking, once nothing can
// come of the call any more, before anything else.
func (v *view) callIsUnsettled() (Step, bool) {
	i := v.r.Intent
	if i.Settled() {
		return pass()
	}
	if from := v.settleFrom(i); v.ObservedAt.Before(from) {
		return v.waitUntil(from, v.failingSince(i, from).Add(v.t.Patience), WhyIntentOpen, "%s of %s was written down by %s and may still be carried out", i.Action, target(i), i.Holder)
	}
	if settled, told := Settle(v.Input); told {
		return Step{Kind: Check, Reason: WhySettle, Key: settled.Key, Destination: i.Destination}, true
	}
	if i.Action == accesskey.CreateKey {
		return v.authorUnknown(i)
	}
	return v.wait(WhyUnknownFact, "what became of %s of %s can't be seen", i.Action, target(i))
}

// failingSince is since when such calls have come to nothing, each time; else the
// other time. Waits for what becomes of one call after the other have one
// deadline.
func (v *view) failingSince(i accesskey.Intent, other time.Time) time.Time {
	if since, failing := v.r.Failing[i.Action]; failing {
		return since
	}
	return other
}

func target(i accesskey.Intent) string {
	if i.Destination != "" {
		return i.Destination
	}
	if i.Key != "" {
		return string(i.Key)
	}
	return "the user"
}

// settleFrom is when what can be seen of a call is the truth: our own lost
// reply, and a call of the dead, need the consistency window only; a call of
// somebody who may wake up, the life of its signature too.
func (v *view) settleFrom(i accesskey.Intent) time.Time {
	if i.Outcome == accesskey.OutcomeUnknown {
		return i.Settle
	}
	if i.Holder == v.Me || v.HolderDead {
		return i.Until.Add(v.t.Window)
	}
	return i.Until.Add(SignatureLife + v.t.Window)
}

// authorUnknown: there is a new key and CloudTrail doesn't say whose.
func (v *view) authorUnknown(i accesskey.Intent) (Step, bool) {
	if _, known := v.keys(); !known {
		return v.wait(WhyUnknownFact, "the user's keys: %s", v.User.Why())
	}
	id := v.untold()
	by := i.Until.Add(v.t.TrailLag + v.t.Window)
	if _, permitted := v.Authors[id].Get(); !permitted && !v.now.Before(by) || !v.now.Before(by.Add(v.t.TrailLag)) {
		step, _ := v.block(WhyUnknownKey, "key %s appeared after our call was lost; CloudTrail does not say who made it", id)
		step.Key = id
		return step, true
	}
	return v.until(v.now.Add(v.t.Window), WhyAuthor, "key %s appeared after our call was lost; CloudTrail does not show yet who made it", id)
}

// untold returns the first new key of which CloudTrail doesn't say whose it is.
func (v *view) untold() accesskey.ID {
	for _, id := range v.strangers() {
		if _, told := v.ours(id); !told {
			return id
		}
	}
	return ""
}

// lookIsStale: what was seen may be otherwise by now. Requests are not signed
// later than this either. Nor is a look believed that began later than now: the
// clock was put right meanwhile, and nothing is as old as it seems.
func (v *view) lookIsStale() (Step, bool) {
	if !v.now.Before(v.ObservedAt) && v.now.Before(v.ObservedAt.Add(v.t.Lease)) {
		return pass()
	}
	return v.waitUntil(v.now, v.waitingSince(WhyStaleLook).Add(v.t.Patience), WhyStaleLook, "looking began at %s", stamp(v.ObservedAt))
}

// refusalPause is how long a call that was denied is left alone.
const refusalPause = 15 * time.Minute

// refusedJustNow: what was refused is tried again, but not at once.
func (v *view) refusedJustNow() (Step, bool) {
	i := v.r.Intent
	again := i.At.Add(v.t.Window)
	if v.blockedFor(WhyRefused) {
		again = i.At.Add(refusalPause)
	}
	if i.Outcome != accesskey.OutcomeNotDone || i.Action == accesskey.Deliver || !v.now.Before(again) {
		return pass()
	}
	return v.waitUntil(again, v.failingSince(i, v.waitingSince(WhySpacing)).Add(v.t.Patience), WhySpacing, "%s of %s did not happen", i.Action, target(i))
}

func (v *view) userIsUnknown() (Step, bool) {
	if _, known := v.keys(); known {
		return pass()
	}
	return v.wait(WhyUnknownFact, "the user's keys: %s", v.userWhy())
}

func (v *view) userWhy() string {
	if u, known := v.User.Get(); known {
		return u.Keys.Why()
	}
	return v.User.Why()
}

// userIsAnother: names are reused; a UserId is not.
func (v *view) userIsAnother() (Step, bool) {
	u, _ := v.User.Get()
	switch u.ID {
	case v.r.Subject.UserID:
		return pass()
	case "":
		return v.block(WhyUserGone, "there is no user %s any more", v.r.Subject.User)
	}
	return v.block(WhyUserReplaced, "user %s is %s now; the record is about %s", v.r.Subject.User, u.ID, v.r.Subject.UserID)
}

// orphanIsThere discards a key that CloudTrail proves ours and whose secret is
// lost. What is not proved ours is left alone.
func (v *view) orphanIsThere() (Step, bool) {
	for _, id := range v.strangers() {
		if ours, told := v.ours(id); told && ours {
			return v.discard(id, WhyOrphan)
		}
	}
	return pass()
}

// mayBeOurs: before another key is made, and before a new reading takes it for
// one of the user's, it must be told whether a key that came since a call of ours
// was lost is its work. A leaked key doesn't wait for that.
func (v *view) mayBeOurs() (Step, bool) {
	stage := v.r.Stage()
	cutting := v.r.Work == accesskey.Revocation && !v.r.Flags.ReplaceFirst && v.r.OldExit.Inactive().IsZero()
	if !v.r.LostCreate || cutting || stage != accesskey.Requested && stage != accesskey.Claimed {
		return pass()
	}
	id := v.untold()
	if id == "" {
		return pass()
	}
	by := v.waitingSince(WhyAuthor).Add(2 * v.t.TrailLag)
	if v.blockedFor(WhyUnknownKey) || !v.now.Before(by) {
		step, _ := v.block(WhyUnknownKey, "key %s appeared since a call of ours was lost; CloudTrail does not say who made it", id)
		step.Key = id
		return step, true
	}
	return v.waitUntil(v.now.Add(v.t.Window), by, WhyAuthor, "key %s appeared since a call of ours was lost; CloudTrail does not show yet who made it", id)
}

// discard deletes a key that was never offered to anyone, unless a destination
// holds it all the same.
func (v *view) discard(id accesskey.ID, why accesskey.Reason) (Step, bool) {
	if name, holds := v.anywhere(id); holds {
		step, _ := v.block(WhyHoldsOther, "%s holds %s, which was to be discarded", name, id)
		step.Key, step.Destination = id, name
		return step, true
	}
	for _, check := range []func() (Step, bool){v.held, v.destinationUnknown, v.actsUnread, v.clockIsOff} {
		if step, answered := check(); answered {
			return step, true
		}
	}
	if step, answered := v.signsForUs(id); answered {
		return step, true
	}
	return act(Discard, why, id)
}

// held: a person said "don't touch". What puts things back is asked before.
func (v *view) held() (Step, bool) {
	h := v.r.Hold
	if h == nil {
		return pass()
	}
	deadline := h.Until
	if deadline.IsZero() {
		deadline = h.At.Add(v.t.Patience)
	}
	return v.waitUntil(v.now.Add(v.t.Window), deadline, WhyHeld, "held by %s: %s", h.By, h.Why)
}

// clockIsOff: every time in the record is AWS's, and so are the times compared.
func (v *view) clockIsOff() (Step, bool) {
	skew, known := v.Skew.Get()
	if !known {
		return v.wait(WhySkew, "the clock could not be compared with AWS's: %s", v.Skew.Why())
	}
	if skew.Abs() > MaxSkew {
		return v.wait(WhySkew, "this machine's clock is %s off AWS's", skew)
	}
	return pass()
}

func (v *view) oldKeySignsForUs() (Step, bool) { return v.signsForUs(v.r.Old) }
func (v *view) newKeySignsForUs() (Step, bool) { return v.signsForUs(v.r.New) }

// signsForUs: we never saw off the key we sit on, also under assumed roles.
func (v *view) signsForUs(id accesskey.ID) (Step, bool) {
	base, known := v.BaseKey.Get()
	if !known {
		return v.wait(WhyUnknownFact, "which key signs our own requests: %s", v.BaseKey.Why())
	}
	if base != id {
		return pass()
	}
	if v.overdue(WhyInUseByUs) {
		return v.block(WhyNotSwitched, "our own requests are still signed with %s", id)
	}
	return v.wait(WhyInUseByUs, "our own requests are signed with %s", id)
}

// destinationUnknown: what could not be read is not known to be right.
func (v *view) destinationUnknown() (Step, bool) {
	name, unread := v.unread()
	if !unread {
		return pass()
	}
	step, _ := v.wait(WhyUnknownFact, "what %s holds: %s", name, v.Destinations[name].Why())
	step.Destination = name
	return step, true
}
