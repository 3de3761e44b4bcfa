package policy

import (
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Clause is one check of the protocol: it answers with a step, or passes on to
// the next.
type Clause struct {
	Rule int    // its number in the protocol; 0: the plain course of things
	Name string // as a sentence about the record when it passes
	ask  func(*view) (Step, bool)
}

// Protocol is, for each stage of a record, the checks in the order in which
// they are asked. The first that answers decides.
type Protocol map[accesskey.Phase][]Clause

var whole = Whole()

// Decide returns the next step of one record. It is total and pure: same input,
// same step. now is AWS's time, UTC.
func Decide(in Input, now time.Time) Step { return whole.Decide(in, now) }

// Decide returns the next step by this protocol.
func (p Protocol) Decide(in Input, now time.Time) Step {
	v := look(in, now)
	for _, c := range p[v.r.Stage()] {
		if step, answered := c.ask(v); answered {
			return step
		}
	}
	step, _ := v.wait(WhyNothingToDo, "no check has anything to say about phase %q", v.r.Phase)
	return step
}

// Whole is the protocol. Read it as a list: what must hold, in this order, and
// at the end of each list what is done then.
func Whole() Protocol {
	p := Protocol{
		accesskey.Requested:   requested,
		accesskey.Noticed:     noticed,
		accesskey.Claimed:     claimed,
		accesskey.Created:     created,
		accesskey.Proven:      proven,
		accesskey.Delivered:   delivered,
		accesskey.Overlap:     overlap,
		accesskey.Deactivated: deactivated,
		accesskey.Resting:     resting,
		accesskey.RollingBack: rollingBack,
	}
	for stage, clauses := range p {
		p[stage] = slices.Concat(always, clauses)
	}
	p[accesskey.Done], p[accesskey.RolledBack] = ended, ended
	return p
}

var ended = []Clause{{0, "it has ended", (*view).hasEnded}}

// always comes first in every stage.
var always = []Clause{
	{1, "the look is fresh", (*view).lookIsStale},
	{18, "the journal knows of all our acts that AWS shows", (*view).journalIsBehind},
	{1, "the outcome of the last call is known", (*view).callIsUnsettled},
	{13, "the user and its keys were read", (*view).userIsUnknown},
	{9, "the user is the one the record is about", (*view).userIsAnother},
	{1, "a refused call is some time ago", (*view).refusedJustNow},
	{2, "no key of ours is lost", (*view).orphanIsThere},
	{2, "no key is there that a lost call of ours may have made", (*view).mayBeOurs},
}

var requested = []Clause{
	{0, "a leaked key is off", (*view).leakedKeyIsOn},
	{15, "its time has come", (*view).tooEarly},
	{12, "nobody else manages the key", (*view).managedElsewhere},
	{0, "the old key can be replaced", (*view).oldKeyUnfit},
	{11, "there is room for a new key, or there will be", (*view).noRoom},
	{0, "nobody holds it", (*view).held},
	{18, "what CloudTrail shows of our acts was read", (*view).actsUnread},
	{14, "the clock is right", (*view).clockIsOff}, // a claim that waited for it would expire, and its alarm with it
	{3, "the keys were read once", (*view).claimUnread},
	{3, "a second reading, later, agrees", (*view).readingTooFresh},
	{3, "no other journal has claimed the user", (*view).claimedElsewhere},
	{3, "the user carries our tag", (*view).untagged},
	{3, "the tag has settled", (*view).tagTooFresh},
	{0, "claim", (*view).claim},
}

var noticed = []Clause{
	{0, "the key is there", (*view).oldKeyGone},
	{7, "the key is still unused", (*view).usedAfterAll},
	{12, "nobody else manages the key", (*view).managedElsewhere},
	{6, "no destination holds the key", (*view).deliveredSomewhere},
	{0, "nobody holds it", (*view).held},
	{0, "notice was given long enough ago", (*view).noticeRuns},
	{13, "where the key is used was read, if it ever can be", (*view).oldUsesUnread},
	{7, "the key was silent long enough", (*view).unusedTooShort},
	{7, "the roles in its place are in use", (*view).successorUnused},
	{18, "what CloudTrail shows of our acts was read", (*view).actsUnread},
	{3, "the keys were read once", (*view).claimUnread},
	{3, "a second reading, later, agrees", (*view).readingTooFresh},
	{3, "no other journal has claimed the user", (*view).claimedElsewhere},
	{3, "the user carries our tag", (*view).untagged},
	{3, "the tag has settled", (*view).tagTooFresh},
	{8, "nobody else switched it off", (*view).offElsewhere},
	{14, "the clock is right", (*view).clockIsOff},
	{16, "our own requests don't need it", (*view).oldKeySignsForUs},
	{13, "its status is known", (*view).oldStatusUnknown},
	{0, "switch off", (*view).deactivateUnused},
}

var claimed = []Clause{
	{12, "nobody else manages the key", (*view).adopted},
	{3, "the keys are still those of the claim, the old one Active", (*view).claimContradicted},
	{3, "the tag is still ours", (*view).claimTaken},
	{0, "nobody holds it", (*view).held},
	{6, "no destination was found to hold another key, and does so still", (*view).stillHoldsOther}, // what is checked again and again would end the block
	{4, "rights, destinations and escrow were found in order", (*view).unchecked},
	{6, "every destination holds the old key", (*view).destinationHoldsOther},
	{12, "whether anybody else manages the key was read", (*view).managedElsewhere},
	{18, "what CloudTrail shows of our acts was read", (*view).actsUnread},
	{14, "the clock is right", (*view).clockIsOff},
	{11, "there is room for a new key", (*view).makeRoom},
	{3, "the claim is fresh", (*view).claimExpired}, // after all that waits or blocks: that would end and begin anew with each claim
	{0, "create", (*view).create},
}

var created = []Clause{
	{5, "the new key is there", (*view).newKeyLost},
	{5, "it has proved itself in time", (*view).proofExhausted},
	{5, "the last round is some seconds ago", (*view).proofTooFast},
	{0, "prove", (*view).prove},
}

var proven = []Clause{
	{5, "the new key is there", (*view).newKeyLost},
	{0, "nobody holds it", (*view).held},
	{3, "the tag is still ours", (*view).claimTaken},
	{5, "it was proved", (*view).unproven},
	{12, "nobody else manages the old key", (*view).adoptedBeforeDelivery},
	{0, "somebody is to have it", (*view).nobodyToDeliverTo},
	{6, "a destination that has it already is noted", (*view).foundDelivered},
	{6, "deliveries succeed in time", (*view).deliverExhausted},
	{18, "what CloudTrail shows of our acts was read", (*view).actsUnread},
	{0, "no delivery is due", (*view).deliver},
	{6, "no destination holds another key", (*view).holdsThird},
	{0, "no delivery is left", (*view).deliveryLeft},
	{0, "all delivered", (*view).allDelivered},
}

var delivered = []Clause{
	{5, "the new key is there", (*view).newKeyLost},
	{12, "nobody else manages the old key", (*view).adopted},
	{6, "every destination was read", (*view).destinationUnknown},
	{6, "every destination still has the new key", (*view).undelivered},
	{6, "no destination holds another key", (*view).holdsThird},
	{6, "the writes have settled", (*view).deliveredTooFresh},
	{0, "begin the overlap", (*view).beginOverlap},
}

var overlap = []Clause{
	{5, "the new key is there", (*view).newKeyLost},
	{0, "the old key is there", (*view).oldKeyGoneInOverlap},
	{8, "nobody else switched it off", (*view).offElsewhere},
	{12, "nobody else manages the old key", (*view).adopted},
	{6, "every destination was read", (*view).destinationUnknown},
	{6, "every destination still has the new key", (*view).undelivered},
	{6, "no destination holds another key", (*view).holdsThird},
	{0, "nobody holds it", (*view).held},
	{3, "the tag is still ours", (*view).claimTaken},
	{7, "both keys overlapped long enough", (*view).overlapTooShort},
	{13, "the last use is known", (*view).lastUseUnknown},
	{7, "the old key is silent long enough", (*view).notSilent},
	{13, "where the old key is used was read, if it ever can be", (*view).oldUsesUnread},
	{7, "somebody has used the new key", (*view).newUnused},
	{7, "every place that used the old key has moved", (*view).placeHasNotMoved},
	{13, "both statuses are known", (*view).statusesUnknown},
	{12, "whether anybody else manages the old key was read", (*view).managedElsewhere},
	{18, "what CloudTrail shows of our acts was read", (*view).actsUnread},
	{14, "the clock is right", (*view).clockIsOff},
	{16, "our own requests don't need the old key", (*view).oldKeySignsForUs},
	{0, "switch off", (*view).deactivateOld},
}

var deactivated = []Clause{
	{8, "nobody switched it on again", (*view).vetoed},
	{0, "sessions made from it are denied", (*view).sessionsLive},
	{0, "it is to be replaced, or rests", (*view).goOn},
}

var resting = []Clause{
	{0, "sessions made from a leaked key are denied", (*view).sessionsLive},
	{0, "the old key is there", (*view).closeWhenOldGone},
	{10, "the new key is there", (*view).newKeyLost},
	{8, "nobody switched it on again", (*view).vetoed},
	{8, "no late data shows a use", (*view).usedLate},
	{6, "no destination holds the old key", (*view).holdsOldWhileResting},
	{6, "the new secret is wiped", (*view).secretUnwiped},
	{3, "the tag is still ours", (*view).claimTaken},
	{9, "rest is over", (*view).rests},
	{0, "a key to be kept is kept", (*view).closeWhenKept},
	{0, "nobody holds it", (*view).held},
	{12, "nobody else manages the old key", (*view).managedElsewhere},
	{9, "it is known to be Inactive", (*view).oldNotKnownInactive},
	{13, "the last use is known", (*view).lastUseUnknown},
	{9, "every destination was read", (*view).destinationUnknown},
	{18, "what CloudTrail shows of our acts was read", (*view).actsUnread},
	{14, "the clock is right", (*view).clockIsOff},
	{16, "our own requests don't need the old key", (*view).oldKeySignsForUs},
	{0, "delete", (*view).deleteOld},
}

var rollingBack = []Clause{
	{0, "a leaked new key is off, and so are its sessions", (*view).newLeaked},
	{10, "a new key that nobody was offered is gone", (*view).discardUnoffered},
	{10, "the old key is there", (*view).nothingToGoBackTo},
	{10, "the old key was switched on", (*view).reactivateOld},
	{10, "the old key works", (*view).oldUnproven},
	{8, "no destination holds a new key that is off", (*view).newOffButHeld},
	{1, "no lost request can take the old key away again", (*view).mayGoOffAgain},
	{3, "no other journal writes where we can't read", (*view).blindUnderOthers},
	{10, "every destination was put back", (*view).unrestored},
	{10, "every destination was read", (*view).destinationUnknown},
	{0, "every endpoint knows that a leaked new key is off", (*view).newHeardOff},
	{8, "no late data shows a use of the new key", (*view).newUsedLate},
	{0, "the new key is there", (*view).closeWhenNewGone},
	{6, "the new secret is wiped", (*view).newSecretUnwiped},
	{8, "nobody switched the new key on again", (*view).newVetoed},
	{9, "the new key's rest is over", (*view).newRests},
	{0, "nobody holds it", (*view).held},
	{12, "nobody else manages the new key", (*view).managedElsewhere},
	{13, "the new key's status and last use are known", (*view).newUnknown},
	{18, "what CloudTrail shows of our acts was read", (*view).actsUnread},
	{14, "the clock is right", (*view).clockIsOff},
	{16, "our own requests don't need the new key", (*view).newKeySignsForUs},
	{13, "where the new key is used was read, if it ever can be", (*view).newUsesUnread},
	{7, "the new key is silent long enough", (*view).newNotSilent},
	{7, "every place that used the new key has gone back", (*view).placeHasNotGoneBack},
	{0, "the new key leaves", (*view).newLeaves},
}
