package policy

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestProved: a run of successes counts once it is long enough in number and in
// time, and a failure begins it anew.
func TestProved(t *testing.T) {
	terms := accesskey.DefaultTerms() // 3 over 10 s
	tests := []struct {
		name   string
		rounds []int // seconds; negative: failed then
		passed bool
	}{
		{"three over ten seconds", []int{0, 5, 10}, true},
		{"two over ten seconds", []int{0, 10}, false},
		{"three within nine seconds", []int{0, 4, 9}, false},
		{"four, of which the last makes it ten", []int{0, 4, 9, 10}, true},
		{"a failure in between", []int{0, -5, 10}, false},
		{"… begins anew", []int{0, -5, 10, 15, 19}, false},
		{"… and is made up for", []int{0, -5, 10, 15, 20}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var p accesskey.Proof
			for _, s := range test.rounds {
				at := noon.Add(time.Duration(max(s, -s)) * time.Second)
				p = Proved(p, terms, s >= 0, at)
				if !p.Tried.Equal(at) {
					t.Errorf("tried %s, want %s", p.Tried, at)
				}
			}
			if !p.Passed.IsZero() != test.passed {
				t.Errorf("passed %s", p.Passed)
			}
		})
	}
}

// TestOwnKeyMakesNoRoom: a rested key that our own requests are signed with is
// not deleted for the new one.
func TestOwnKeyMakesNoRoom(t *testing.T) {
	in := freshClaim()
	other(&in, accesskey.Inactive, time.Time{}, noon.AddDate(0, 0, -30))
	if step := Decide(in, noon); step.Kind != Delete || step.Key != third {
		t.Fatalf("%s of %s: %s", step.Kind, step.Key, step.Reason)
	}
	in.BaseKey = accesskey.Observed(third, noon, "sts")
	if step := Decide(in, noon); step.Kind != Wait || step.Reason != WhyInUseByUs {
		t.Errorf("%s of %s: %s", step.Kind, step.Key, step.Reason)
	}
}

// TestNewKeyLostWhileTheOldIsNotOurs: the new key is gone, and the old one was
// switched off by somebody else: that is theirs to take back.
func TestNewKeyLostWhileTheOldIsNotOurs(t *testing.T) {
	lost := func(exit accesskey.Exit) Step {
		in := restOver()
		in.Record.OldExit, in.Record.Watch.NewGone = exit, noon.Add(-time.Hour)
		in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Inactive, noon.AddDate(0, 0, -20)))
		return Decide(in, noon)
	}
	off := noon.AddDate(0, 0, -8)
	if step := lost(accesskey.Exit{Theirs: off, Ordered: true}); step.Kind != Block || step.Reason != WhyNewGone {
		t.Errorf("theirs: %s: %s", step.Kind, step.Reason)
	}
	if step := lost(accesskey.Exit{Deactivated: off}); step.Kind != RollBack {
		t.Errorf("ours: %s: %s", step.Kind, step.Reason)
	}
}

// TestWhatLateUseSays: a use shown after a key went off brings it back, where the
// key is ours to bring back; where no silence was claimed, only a use after that.
func TestWhatLateUseSays(t *testing.T) {
	off := noon.AddDate(0, 0, -3)
	before, after := off.Add(-12*time.Hour), off.Add(time.Hour)
	tests := []struct {
		name    string
		exit    accesskey.Exit
		revived time.Time
		used    time.Time
		want    Kind
		why     accesskey.Reason
	}{
		{"silence was claimed, and was none", accesskey.Exit{Deactivated: off, KnownUse: off.AddDate(0, 0, -9)}, time.Time{}, before, Reactivate, WhyLateUse},
		{"the use was known", accesskey.Exit{Deactivated: off, KnownUse: before}, time.Time{}, before, Wait, WhyResting},
		{"no silence was claimed: a use before doesn't count", accesskey.Exit{Deactivated: off, Ordered: true}, time.Time{}, before, Wait, WhyResting},
		{"… one after does", accesskey.Exit{Deactivated: off, Ordered: true}, time.Time{}, after, Reactivate, WhyLateUse},
		{"somebody else switched it off", accesskey.Exit{Theirs: off, Ordered: true}, time.Time{}, after, Block, WhyUsedThoughOff},
		{"… off, on and off again", accesskey.Exit{Deactivated: off, KnownUse: before}, off.Add(30 * time.Hour), after, Block, WhyUsedThoughOff},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := restOver()
			in.Record.OldExit, in.Record.Watch.OldRevived, in.Record.Watch.OldInactive = test.exit, test.revived, off.Add(31*time.Hour)
			in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Inactive, test.used), seenKey(newKey, accesskey.Active, noon.Add(-time.Hour)))
			if step := Decide(in, noon); step.Kind != test.want || step.Reason != test.why {
				t.Errorf("%s: %s (%s), want %s: %s", step.Kind, step.Reason, step.Saw, test.want, test.why)
			}
		})
	}
}

// TestNoEndWhileAKeyMayBeOurs: a record doesn't end before CloudTrail can tell
// whether a lost call of its made a key, nor with a key there that it may have
// made.
func TestNoEndWhileAKeyMayBeOurs(t *testing.T) {
	ending := func(ago time.Duration, keys ...accesskey.Key) Step {
		in := restOver()
		in.Record.OldExit.Deleted, in.Record.LostCreate = noon.Add(-time.Minute), true
		in.Record.Late = []accesskey.Intent{{Action: accesskey.CreateKey, Until: noon.Add(-ago)}}
		in.User = seenUser("j.t1", append(keys, seenKey(newKey, accesskey.Active, noon.Add(-time.Hour)))...)
		return Decide(in, noon)
	}
	terms := accesskey.DefaultTerms()
	shown := SignatureLife + terms.Window + terms.TrailLag
	if step := ending(shown - time.Second); step.Kind != Wait || step.Reason != WhyLateRequests {
		t.Errorf("before CloudTrail can tell: %s: %s", step.Kind, step.Reason)
	}
	if step := ending(shown); step.Kind == Wait || step.Kind == Block {
		t.Errorf("afterwards: %s: %s", step.Kind, step.Reason)
	}
	if step := ending(shown, seenKey(third, accesskey.Active, time.Time{})); step.Kind != Block || step.Reason != WhyUnknownKey || step.Key != third {
		t.Errorf("with a stranger: %s of %s: %s", step.Kind, step.Key, step.Reason)
	}
}

// TestHeldKeyIsNotDiscarded: "don't touch" is also said of a key that nobody was
// offered.
func TestHeldKeyIsNotDiscarded(t *testing.T) {
	in := back()
	in.Record.Flags.Offered, in.Record.Deliveries = false, nil
	if step := Decide(in, noon); step.Kind != Discard {
		t.Fatalf("%s: %s", step.Kind, step.Reason)
	}
	in.Record.Hold = &accesskey.Hold{By: "ana", At: noon.Add(-time.Hour)}
	if step := Decide(in, noon); step.Kind != Wait || step.Reason != WhyHeld {
		t.Errorf("%s: %s", step.Kind, step.Reason)
	}
}

// TestGoneBackSinceTheLastPlace: the new key's silence counts from when the last
// destination was put back, which may be long after the order.
func TestGoneBackSinceTheLastPlace(t *testing.T) {
	in := back()
	in.Record.RollbackAt, in.Record.OldExit.Reactivated = noon.AddDate(0, 0, -20), noon.AddDate(0, 0, -20)
	in.Record.Deliveries[0].Restored = noon.Add(-time.Hour)
	in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, noon.Add(-time.Hour)), seenKey(newKey, accesskey.Active, noon.AddDate(0, 0, -20)))
	if step := Decide(in, noon); step.Kind != Wait || step.Reason != WhyOverlap {
		t.Errorf("%s: %s", step.Kind, step.Reason)
	}
}

// TestOldKeyNotSeenOnce: in a rollback too, one look without the old key proves
// nothing.
func TestOldKeyNotSeenOnce(t *testing.T) {
	in := back()
	in.User = seenUser("j.t1", seenKey(newKey, accesskey.Active, noon.Add(-time.Hour)))
	if step := Decide(in, noon); step.Kind != Wait || step.Reason != WhyConfirming {
		t.Errorf("%s: %s", step.Kind, step.Reason)
	}
	in.Record.Watch.OldGone = noon.Add(-time.Hour)
	if step := Decide(in, noon); step.Kind != Block || step.Reason != WhyOldGone {
		t.Errorf("%s: %s", step.Kind, step.Reason)
	}
}

// TestSettleWaitsForWhatItMustKnow: what became of a call isn't told from a status
// that could not be read.
func TestSettleWaitsForWhatItMustKnow(t *testing.T) {
	in := silent()
	in.Record.Intent = accesskey.Intent{Action: accesskey.Deactivate, Key: oldKey, Outcome: accesskey.OutcomeUnknown}
	unknown := seenKey(oldKey, accesskey.Active, noon)
	unknown.Status = accesskey.Unread[accesskey.Status]("throttled")
	in.User = seenUser("j.t1", unknown)
	if settled, told := Settle(in); told {
		t.Errorf("told %s", settled.Outcome)
	}
	in.User = accesskey.Unread[accesskey.User]("throttled")
	in.Record.Intent.Action = accesskey.DeleteKey
	if settled, told := Settle(in); told {
		t.Errorf("told %s", settled.Outcome)
	}
}

// TestSilenceOfOldKnowledge: what was read long ago says nothing of the time
// since.
func TestSilenceOfOldKnowledge(t *testing.T) {
	in := silent()
	read := in.Record.Deliveries[0].Done.Add(2 * 24 * time.Hour)
	k := seenKey(oldKey, accesskey.Active, noon)
	k.LastUsed = accesskey.Observed(accesskey.LastUse{At: read.AddDate(0, 0, -3)}, read, "iam")
	in.User = seenUser("j.t1", k, seenKey(newKey, accesskey.Active, noon.Add(-time.Hour)))
	if step := Decide(in, noon); step.Kind != Wait || step.Reason != WhySilence {
		t.Errorf("%s: %s", step.Kind, step.Reason)
	}
}

// TestBlindUnderAnotherJournal: a place that can't be read is not written over
// once another journal has the user.
func TestBlindUnderAnotherJournal(t *testing.T) {
	in := back()
	in.Record.Deliveries[0].Restored = time.Time{}
	in.Destinations["a"] = accesskey.Observed(Reading{}, noon, "exec")
	if step := Decide(in, noon); step.Kind != Restore {
		t.Fatalf("%s: %s", step.Kind, step.Reason)
	}
	retag(&in, "j2.t9")
	if step := Decide(in, noon); step.Kind != Block || step.Reason != WhyClaimTaken {
		t.Errorf("%s: %s", step.Kind, step.Reason)
	}
}
