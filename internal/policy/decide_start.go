package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// checkLife is how long a preflight check counts.
const checkLife = 10 * time.Minute

// leakedKeyIsOn switches a leaked key off before anything else, unless its
// consumer must live: no hold, window or silence stands in between.
func (v *view) leakedKeyIsOn() (Step, bool) {
	if v.r.Work != accesskey.Revocation || v.r.Flags.ReplaceFirst || !v.r.OldExit.Deactivated.IsZero() {
		return pass()
	}
	if _, there := v.key(v.r.Old); there != present {
		if v.confirmed(v.r.Watch.OldGone) {
			return v.leakedKeyIsGone()
		}
		return v.wait(WhyConfirming, "key %s is not there", v.r.Old)
	}
	if step, answered := v.clockIsOff(); answered {
		return step, true
	}
	if step, answered := v.signsForUs(v.r.Old); answered {
		return step, true
	}
	return act(Deactivate, WhyLeaked, v.r.Old)
}

// leakedKeyIsGone: somebody else was faster; its sessions are left.
func (v *view) leakedKeyIsGone() (Step, bool) {
	if step, answered := v.sessionsLive(); answered {
		return step, true
	}
	return v.close(WhyGone)
}

func (v *view) tooEarly() (Step, bool) {
	if !v.now.Before(v.r.Start) {
		return pass()
	}
	return v.until(v.r.Start, WhyNotYet, "begins at %s", stamp(v.r.Start))
}

// oldKeyUnfit: only an Active key is replaced, or one that we switched off.
func (v *view) oldKeyUnfit() (Step, bool) {
	if !v.r.OldExit.Deactivated.IsZero() || v.is(v.r.Old, accesskey.Active) {
		return pass()
	}
	if v.confirmed(v.r.Watch.OldGone) {
		return v.block(WhyOldGone, "user %s has no key %s", v.r.Subject.User, v.r.Old)
	}
	if v.confirmed(v.r.Watch.OldInactive) {
		return v.block(WhyOldNotActive, "key %s is Inactive", v.r.Old)
	}
	return v.wait(WhyConfirming, "key %s is not known to be Active", v.r.Old)
}

// noRoom: an Inactive key that has rested makes room; no key that is used is
// ever removed for it.
func (v *view) noRoom() (Step, bool) {
	full, known := v.full()
	if !known {
		return v.wait(WhyUnknownFact, "how many keys a user may have: %s", v.Quota.Why())
	}
	if !full {
		return pass()
	}
	for _, id := range v.otherKeys() {
		if !v.statusKnown(id) {
			return v.wait(WhyUnknownFact, "the status of %s is not known", id)
		}
	}
	if id, since, resting := v.longestResting(); resting {
		if v.t.Keep {
			return v.kept(id)
		}
		if step, answered := v.managedBy(id); answered {
			return step, true
		}
		over := since.Add(v.t.Rest)
		if !v.now.Before(over) {
			return pass()
		}
		return v.until(over, WhyOtherResting, "key %s is Inactive since %s at least", id, stamp(since))
	}
	return v.noOtherInactive()
}

// kept: who wants no key deleted wants none deleted to make room.
func (v *view) kept(id accesskey.ID) (Step, bool) {
	step, _ := v.block(WhyKept, "there is no room for a new key: %s is Inactive, and with --keep no key is deleted. Delete it, or begin anew without --keep", id)
	step.Key = id
	return step, true
}

// noOtherInactive: every key is Active, which is for a person or for a
// retirement of its own.
func (v *view) noOtherInactive() (Step, bool) {
	for _, id := range v.otherKeys() {
		if v.is(id, accesskey.Inactive) && slices.Contains(v.r.Spared, id) {
			step, _ := v.block(WhyKept, "there is no room for a new key: %s is Inactive, and somebody's, as a person said. Delete it, once nobody needs it", id)
			step.Key = id
			return step, true
		}
		k, _ := v.key(id)
		created, _ := k.Created.Get()
		q := v.quietOf(id, accesskey.Fact[[]accesskey.Sighting]{}, created)
		if !q.known || !k.Created.Known() {
			return v.wait(WhyUnknownFact, "the last use of %s is not known", id)
		}
		if q.silence >= q.needed {
			step, _ := v.block(WhyOtherUnused, "key %s is Active and unused for %s: retire it first", id, about(q.silence))
			step.Key = id
			return step, true
		}
	}
	return v.block(WhyBothUsed, "the user has %s, all in use (%s): see who uses which, and `keytend retire` what can go", count(len(v.ids()), "key"), listed(v.ids()))
}

func (v *view) full() (full, known bool) {
	quota, known := v.Quota.Get()
	return len(v.ids()) >= quota, known
}

func (v *view) otherKeys() []accesskey.ID {
	return slices.DeleteFunc(v.ids(), func(id accesskey.ID) bool { return id == v.r.Old || id == v.r.New })
}

// longestResting returns the other key that is Inactive for longest, and may be
// deleted as far as people said.
func (v *view) longestResting() (accesskey.ID, time.Time, bool) {
	var who accesskey.ID
	var since time.Time
	for _, id := range v.otherKeys() {
		s := v.r.Watch.Others[id]
		if v.is(id, accesskey.Inactive) && !s.IsZero() && !slices.Contains(v.r.Spared, id) && (who == "" || s.Before(since)) {
			who, since = id, s
		}
	}
	return who, since, who != ""
}

// claimUnread reads the keys, again where they have changed since. An old first
// reading is as good as a young one: the second is always of now.
func (v *view) claimUnread() (Step, bool) {
	c := v.r.Claim
	if c.Read.IsZero() || !slices.Equal(v.ids(), c.Keys) {
		return act(Claim, WhyFirstReading, v.r.Old)
	}
	return pass()
}

func (v *view) readingTooFresh() (Step, bool) {
	again := v.r.Claim.Read.Add(v.t.Window)
	if !v.ObservedAt.Before(again) {
		return pass()
	}
	return v.until(again, WhyClaimSettling, "the keys are read a second time at %s", stamp(again))
}

// claimedElsewhere: the tag is how journals that don't know each other keep out
// of each other's way.
func (v *view) claimedElsewhere() (Step, bool) {
	if v.r.Claim.Untaggable {
		return pass()
	}
	tag, known := v.tag()
	if !known {
		return v.wait(WhyUnknownFact, "the user's tags could not be read")
	}
	if !v.foreign(tag) {
		return pass()
	}
	if v.overdue(WhyClaimElsewhere) || v.blockedFor(WhyClaimElsewhere) {
		return v.block(WhyClaimElsewhere, "the user's tag %s is %q, of another journal; it stays where that journal is lost or may not remove it", ClaimTag, tag)
	}
	return v.wait(WhyClaimElsewhere, "the user's tag %s is %q, of another journal", ClaimTag, tag)
}

func (v *view) blockedFor(why accesskey.Reason) bool {
	return v.r.Phase == accesskey.Blocked && v.r.Block != nil && v.r.Block.Reason == why
}

// foreign reports that a token in the tag is another journal's.
func (v *view) foreign(token string) bool {
	return token != "" && token != v.r.Claim.Token && !strings.HasPrefix(token, v.Journal+".")
}

func (v *view) untagged() (Step, bool) {
	if v.r.Claim.Untaggable || !v.r.Claim.Tagged.IsZero() {
		return pass()
	}
	return act(Claim, WhyTag, v.r.Old)
}

// tagTooFresh: after two windows every other journal has either seen our tag or
// written over it.
func (v *view) tagTooFresh() (Step, bool) {
	if v.r.Claim.Untaggable {
		return pass()
	}
	settled := v.r.Claim.Tagged.Add(2 * v.t.Window)
	if v.ObservedAt.Before(settled) {
		return v.until(settled, WhyClaimSettling, "the tag is read back at %s", stamp(settled))
	}
	tag, known := v.tag()
	if !known {
		return v.wait(WhyUnknownFact, "the user's tags could not be read")
	}
	if tag == v.r.Claim.Token {
		return pass()
	}
	return act(Claim, WhyTag, v.r.Old)
}

func (v *view) claim() (Step, bool) { return act(Claim, WhyAgreed, v.r.Old) }

func (v *view) claimIsFresh() bool { return v.now.Sub(v.r.Claim.At) <= v.t.ClaimMax }

func (v *view) claimExpired() (Step, bool) {
	if v.claimIsFresh() {
		return pass()
	}
	return act(Claim, WhyFirstReading, v.r.Old)
}

func (v *view) claimContradicted() (Step, bool) {
	if !slices.Equal(v.ids(), v.r.Claim.Keys) {
		return act(Claim, WhyFirstReading, v.r.Old)
	}
	if !v.r.OldExit.Deactivated.IsZero() || v.is(v.r.Old, accesskey.Active) {
		return pass()
	}
	if !v.statusKnown(v.r.Old) {
		return v.wait(WhyUnknownFact, "the status of %s is not known", v.r.Old)
	}
	return act(Claim, WhyFirstReading, v.r.Old)
}

// claimTaken: before each act the tag must still be ours. Where it is merely
// gone (Terraform removes what it doesn't know), nobody contradicts us and it is
// put back; but a new key is made only under a tag that has settled.
func (v *view) claimTaken() (Step, bool) {
	if v.r.Claim.Untaggable || v.r.Claim.Tagged.IsZero() || v.r.Intent.Action == accesskey.UntagClaim {
		return pass() // not marked, or released by ourselves: the record is about to end
	}
	tag, known := v.tag()
	if !known {
		return v.wait(WhyUnknownFact, "the user's tags could not be read")
	}
	switch {
	case tag == v.r.Claim.Token:
		return pass()
	case v.r.Stage() == accesskey.Claimed:
		return act(Claim, WhyFirstReading, v.r.Old)
	case v.foreign(tag):
		return v.block(WhyClaimTaken, "the user's tag %s is %q now, of another journal", ClaimTag, tag)
	}
	return act(Claim, WhyTag, v.r.Old)
}

func (v *view) unchecked() (Step, bool) {
	if !v.r.Checked.IsZero() && v.now.Sub(v.r.Checked) <= checkLife {
		return pass()
	}
	return act(Check, WhyRights, v.r.Old)
}

func (v *view) stillHoldsOther() (Step, bool) {
	if !v.blockedFor(WhyHoldsOther) {
		return pass()
	}
	return v.holds(v.r.Old, "")
}

// destinationHoldsOther: a place that holds some other key is not ours to
// overwrite.
func (v *view) destinationHoldsOther() (Step, bool) {
	if step, answered := v.destinationUnknown(); answered {
		return step, true
	}
	return v.holds(v.r.Old, "")
}

// holds blocks at the first readable destination that holds none of these.
func (v *view) holds(fine ...accesskey.ID) (Step, bool) {
	for _, d := range v.r.Deliveries {
		h, known := v.reading(d.Destination)
		if d.Dropped || !known || !h.Readable || slices.Contains(fine, h.Key) {
			continue
		}
		step, _ := v.block(WhyHoldsOther, "%s holds %s", d.Destination, named(h.Key))
		step.Key, step.Destination = h.Key, d.Destination
		return step, true
	}
	return pass()
}

func named(id accesskey.ID) string {
	if id == "" {
		return "no key that can be understood"
	}
	return string(id)
}

// makeRoom deletes the user's other key, Inactive and rested, under the claim.
func (v *view) makeRoom() (Step, bool) {
	full, known := v.full()
	if !known {
		return v.wait(WhyUnknownFact, "how many keys a user may have: %s", v.Quota.Why())
	}
	if !full {
		return pass()
	}
	id, since, resting := v.longestResting()
	if !resting || v.now.Before(since.Add(v.t.Rest)) {
		return act(Claim, WhyFirstReading, v.r.Old)
	}
	if v.t.Keep {
		return v.kept(id)
	}
	if name, holds := v.anywhere(id); holds {
		step, _ := v.block(WhyHoldsOther, "%s holds %s, which was to make room", name, id)
		step.Key, step.Destination = id, name
		return step, true
	}
	for _, check := range []func(accesskey.ID) (Step, bool){v.managedBy, v.signsForUs} {
		if step, answered := check(id); answered {
			return step, true
		}
	}
	if !v.claimIsFresh() {
		return v.claimExpired()
	}
	return act(Delete, WhyMakeRoom, id)
}

func (v *view) create() (Step, bool) { return act(Create, WhyReplacement, "") }
