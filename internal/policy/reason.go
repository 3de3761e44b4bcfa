package policy

import "github.com/keytend/keytend/internal/accesskey"

// Why a step is taken.
const (
	WhyEnded            accesskey.Reason = "ended"
	WhySettle           accesskey.Reason = "settle the last call by looking"
	WhyFirstReading     accesskey.Reason = "first reading"
	WhyTag              accesskey.Reason = "mark the user as claimed"
	WhyAgreed           accesskey.Reason = "two readings agree"
	WhyRights           accesskey.Reason = "rights, destinations and escrow"
	WhyReplacement      accesskey.Reason = "replacement"
	WhyProof            accesskey.Reason = "proof"
	WhyDelivery         accesskey.Reason = "delivery"
	WhyRedelivery       accesskey.Reason = "the old key stands there again"
	WhyFoundDelivered   accesskey.Reason = "the new key is there already"
	WhyAllDelivered     accesskey.Reason = "every destination has the new key"
	WhyReadBack         accesskey.Reason = "read back everywhere"
	WhySilent           accesskey.Reason = "silent long enough"
	WhyOrdered          accesskey.Reason = "a person's order"
	WhyLeaked           accesskey.Reason = "leaked"
	WhyOffElsewhere     accesskey.Reason = "somebody else switched it off"
	WhyGone             accesskey.Reason = "the key is gone"
	WhyRested           accesskey.Reason = "rested"
	WhyMakeRoom         accesskey.Reason = "room for the new key"
	WhyOrphan           accesskey.Reason = "ours by its token, its secret lost, never offered"
	WhyNeverOffered     accesskey.Reason = "never offered to anyone"
	WhyLateUse          accesskey.Reason = "used, as late data shows"
	WhyStillDelivered   accesskey.Reason = "a destination holds it"
	WhyRollback         accesskey.Reason = "rollback"
	WhyRestBegins       accesskey.Reason = "rest begins"
	WhyEnd              accesskey.Reason = "the work is done"
	WhyRelease          accesskey.Reason = "release the claim"
	WhyDescription      accesskey.Reason = "the old key's description is the new one's now"
	WhySessions         accesskey.Reason = "sessions made from a leaked key outlive it"
	WhyProofExhausted   accesskey.Reason = "the new key never proved itself"
	WhyNewGone          accesskey.Reason = "the new key is gone"
	WhyNewOff           accesskey.Reason = "somebody switched the new key off"
	WhyKeyUsed          accesskey.Reason = "the key is used after all"
	WhyNothingToDo      accesskey.Reason = "nothing is left to do"
	WhyContinue         accesskey.Reason = "go on"
	WhySwitchedOffByUs  accesskey.Reason = "our own late request arrived"
	WhyPersonRolledBack accesskey.Reason = "a person asked for it"
)

// Why a record waits.
const (
	WhyNotYet         accesskey.Reason = "its time has not come"
	WhyIntentOpen     accesskey.Reason = "the last call may still be carried out"
	WhyReading        accesskey.Reason = "CloudTrail's history of the key is being read"
	WhyUnknownFact    accesskey.Reason = "a fact is not known"
	WhyStaleLook      accesskey.Reason = "the last look is too old to act on"
	WhyClaimSettling  accesskey.Reason = "the claim settles"
	WhyConfirming     accesskey.Reason = "seen once: looked at again before it is believed"
	WhySpacing        accesskey.Reason = "the next try"
	WhyOverlap        accesskey.Reason = "both keys overlap"
	WhySilence        accesskey.Reason = "the old key is not silent long enough"
	WhyNewUnused      accesskey.Reason = "nobody has used the new key yet"
	WhyPlaces         accesskey.Reason = "a place that used the old key has not shown up on the new one"
	WhyNotice         accesskey.Reason = "notice was given"
	WhyResting        accesskey.Reason = "the key rests, revivable"
	WhyOtherResting   accesskey.Reason = "the user's other key rests before it is deleted"
	WhyHeld           accesskey.Reason = "held by a person"
	WhySkew           accesskey.Reason = "the clock is off"
	WhyInUseByUs      accesskey.Reason = "our own requests are signed with it"
	WhyLateRequests   accesskey.Reason = "a lost request may still arrive"
	WhyNobodyHasIt    accesskey.Reason = "nobody has the new secret"
	WhyCannotAct      accesskey.Reason = "the step could not be begun"
	WhyBudget         accesskey.Reason = "the budget is used up"
	WhyOutsideWindow  accesskey.Reason = "outside the change windows"
	WhyFrozen         accesskey.Reason = "a freeze is in force"
	WhyUnapproved     accesskey.Reason = "not approved"
	WhyObserveOnly    accesskey.Reason = "observe mode"
	WhyNotAllowed     accesskey.Reason = "change management has not allowed it"
	WhyRoleUnused     accesskey.Reason = "nobody uses the role in the key's place yet"
	WhyNotMoved       accesskey.Reason = "the key is still used: its consumer has not moved to the role"
	WhyJournalBehind  accesskey.Reason = "the journal is older than what AWS shows"
	WhyAuthor         accesskey.Reason = "who made the unknown key is not known yet"
	WhyClaimElsewhere accesskey.Reason = "another journal has claimed the user"
)

// Why a person must choose. WhyJournalBehind, WhyClaimElsewhere and
// WhyRoleUnused block too once their wait is over.
const (
	WhyUnknownKey      accesskey.Reason = "a key nobody can account for"
	WhyUserReplaced    accesskey.Reason = "another user has the name now"
	WhyUserGone        accesskey.Reason = "the user is gone"
	WhyManaged         accesskey.Reason = "managed elsewhere"
	WhyOldGone         accesskey.Reason = "the old key is gone"
	WhyOldNotActive    accesskey.Reason = "the old key is not Active"
	WhyBothUsed        accesskey.Reason = "no room: every key is used"
	WhyKept            accesskey.Reason = "no room: no key is to be deleted"
	WhyOtherUnused     accesskey.Reason = "no room: the other key should be retired first"
	WhyHoldsOther      accesskey.Reason = "a destination holds another key"
	WhyUndelivered     accesskey.Reason = "a destination did not take the key"
	WhyCheckFailed     accesskey.Reason = "a preflight check failed"
	WhyRefused         accesskey.Reason = "AWS refused the call"
	WhyStillUsed       accesskey.Reason = "still used at overlap_max"
	WhyVeto            accesskey.Reason = "somebody switched the key on again"
	WhyUsedThoughOff   accesskey.Reason = "used, but switched off by somebody else"
	WhyCannotRestore   accesskey.Reason = "a destination could not be put back"
	WhyClaimTaken      accesskey.Reason = "another journal took the claim over"
	WhyNotSwitched     accesskey.Reason = "our own requests are still signed with the key"
	WhyRolledBackEmpty accesskey.Reason = "the old key does not work any more"
)

// Answers are the words after "keytend resolve USER" that fit a reason to
// block; "rollback" stands for the command of that name.
func Answers(why accesskey.Reason) []string {
	switch why {
	case WhyUnknownKey:
		return []string{"discard", "keep"}
	case WhyUndelivered, WhyHoldsOther:
		return []string{"retry", "drop", "rollback"}
	case WhyNobodyHasIt:
		return []string{"retry", "rollback"}
	case WhyCannotRestore:
		return []string{"retry", "drop"}
	case WhyStillUsed:
		return []string{"force", "retry", "rollback"}
	case WhyVeto:
		return []string{"keep", "force"}
	case WhyClaimElsewhere, WhyClaimTaken:
		return []string{"retry", "force"}
	case WhyUserReplaced, WhyUserGone, WhyOldGone, WhyOldNotActive, WhyRolledBackEmpty:
		return []string{"drop"}
	case WhyManaged:
		return []string{"rollback", "drop"}
	case WhyJournalBehind:
		return []string{"recover"}
	}
	return []string{"retry", "drop"}
}
