package policy

import (
	"testing"

	"github.com/keytend/keytend/internal/accesskey"
)

// reasons are all reasons for which a record is blocked.
var blocking = []accesskey.Reason{
	WhyUnknownKey, WhyUserReplaced, WhyUserGone, WhyManaged, WhyOldGone, WhyOldNotActive, WhyBothUsed, WhyOtherUnused, WhyHoldsOther,
	WhyUndelivered, WhyCheckFailed, WhyRefused, WhyStillUsed, WhyVeto, WhyUsedThoughOff, WhyCannotRestore, WhyClaimTaken, WhyNotSwitched,
	WhyRolledBackEmpty, WhyJournalBehind, WhyClaimElsewhere, WhyNobodyHasIt, WhyNewGone, WhyNewOff,
}

// TestNoBlockWithoutAnswer: whatever a record is blocked for, and in whatever
// stage, a person can do something about it.
func TestNoBlockWithoutAnswer(t *testing.T) {
	for _, stage := range []accesskey.Phase{
		accesskey.Requested, accesskey.Claimed, accesskey.Created, accesskey.Proven, accesskey.Delivered, accesskey.Overlap, accesskey.Resting, accesskey.RollingBack,
	} {
		for _, why := range blocking {
			r := accesskey.Record{Phase: accesskey.Blocked, Old: oldKey, New: newKey, Block: &accesskey.Block{Reason: why, Resume: stage}}
			if stage == accesskey.RollingBack {
				r.Sealed = "sealed" // the new key was never offered, and is deleted before anything else
				r.NewExit.Deleted = noon
			}
			if len(Choices(r)) == 0 {
				t.Errorf("%s in %s: nothing to choose", why, stage)
			}
		}
	}
}
