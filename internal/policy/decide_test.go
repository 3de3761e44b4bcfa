package policy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const (
	oldKey accesskey.ID = "AKIAIOSFODNN7EXAMPLE"
	newKey accesskey.ID = "AKIAI44QH8DHBEXAMPLE"
	third  accesskey.ID = "AKIATHIRDKEY7EXAMPLE"
)

// seenKey is a key as it was just read.
func seenKey(id accesskey.ID, s accesskey.Status, used time.Time) accesskey.Key {
	return accesskey.Key{
		ID: accesskey.Observed(id, noon, "iam"), Status: accesskey.Observed(s, noon, "iam"),
		Created:  accesskey.Observed(noon.AddDate(0, -6, 0), noon, "iam"),
		LastUsed: accesskey.Observed(accesskey.LastUse{At: used}, noon, "iam"),
	}
}

func seenUser(tag string, keys ...accesskey.Key) accesskey.Fact[accesskey.User] {
	return accesskey.Observed(accesskey.User{
		Name: "ana", ID: "AIDACKCEVSQ6C2EXAMPLE",
		Tags: accesskey.Observed(map[string]string{ClaimTag: tag}, noon, "iam"),
		Keys: accesskey.Observed(keys, noon, "iam"),
	}, noon, "iam")
}

func holds(id accesskey.ID) accesskey.Fact[Reading] {
	return accesskey.Observed(Reading{Key: id, Version: "1", Readable: true}, noon, "file")
}

// silent is the input of a rotation whose overlap may end: delivered 20 days
// ago, the old key used just before, the new one since.
func silent() Input {
	delivered := noon.AddDate(0, 0, -20)
	return Input{
		Record: accesskey.Record{
			ID: "r", Version: 9, Work: accesskey.Rotation, Phase: accesskey.Overlap, Since: delivered, Started: delivered,
			Subject: accesskey.Subject{Account: "123456789012", User: "ana", UserID: "AIDACKCEVSQ6C2EXAMPLE"},
			Old:     oldKey, New: newKey, Terms: accesskey.DefaultTerms(), Sealed: "sealed",
			Claim:      accesskey.Claim{Token: "j.t1", Read: delivered, At: delivered, Keys: []accesskey.ID{oldKey}, Tagged: delivered},
			Proof:      accesskey.Proof{Count: 3, Passed: delivered.Add(-time.Minute)},
			Deliveries: []accesskey.Delivery{{Destination: "a", Done: delivered, Previous: "sealed", Tries: 1}},
			Flags:      accesskey.Flags{Offered: true},
			Watch:      accesskey.Watch{OldActive: delivered},
		},
		ObservedAt: noon, Me: "k1", Journal: "j",
		User:         seenUser("j.t1", seenKey(oldKey, accesskey.Active, delivered.Add(-time.Hour)), seenKey(newKey, accesskey.Active, noon.Add(-time.Hour))),
		Destinations: map[string]accesskey.Fact[Reading]{"a": holds(newKey)},
		BaseKey:      accesskey.Observed[accesskey.ID]("", noon, "sts"),
		Skew:         accesskey.Observed(time.Duration(0), noon, "date"),
		Quota:        accesskey.Observed(2, noon, "iam"),
		Managed:      managedBy(""),
		LatestAct:    accesskey.Observed(time.Time{}, noon, "cloudtrail"),
	}
}

// restOver is the same when the old key has been off for longer than its rest.
func restOver() Input {
	in := silent()
	off := noon.AddDate(0, 0, -8)
	in.Record.Phase, in.Record.Since, in.Record.Sealed = accesskey.Resting, off, ""
	in.Record.OldExit = accesskey.Exit{Deactivated: off, KnownUse: noon.AddDate(0, 0, -20).Add(-time.Hour)}
	in.Record.Watch = accesskey.Watch{OldInactive: off}
	in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Inactive, noon.AddDate(0, 0, -20).Add(-time.Hour)), seenKey(newKey, accesskey.Active, noon.Add(-time.Hour)))
	return in
}

// freshClaim is the input of a rotation about to make its key.
func freshClaim() Input {
	in := silent()
	r := &in.Record
	r.Phase, r.New, r.Sealed, r.Flags, r.Proof = accesskey.Claimed, "", "", accesskey.Flags{}, accesskey.Proof{}
	r.Claim.Read, r.Claim.At, r.Claim.Tagged = noon.Add(-5*time.Minute), noon.Add(-time.Minute), noon.Add(-4*time.Minute)
	r.Checked, r.Deliveries = noon.Add(-30*time.Second), []accesskey.Delivery{{Destination: "a"}}
	in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, noon.Add(-time.Hour)))
	in.Destinations = map[string]accesskey.Fact[Reading]{"a": holds(oldKey)}
	return in
}

// asked is the input of a rotation whose first reading was a while ago.
func asked() Input {
	in := freshClaim()
	in.Record.Phase, in.Record.Claim.At, in.Record.Checked = accesskey.Requested, time.Time{}, time.Time{}
	return in
}

// back is the input of a rollback whose destinations were put back.
func back() Input {
	in := silent()
	r := &in.Record
	at := noon.Add(-time.Hour)
	r.Phase, r.RollbackAt, r.Since = accesskey.RollingBack, at, at
	r.OldExit.Reactivated, r.Deliveries[0].Restored = at, at
	in.Destinations["a"] = holds(oldKey)
	return in
}

// TestBorders is, rule by rule, what changes the step.
func TestBorders(t *testing.T) {
	unread := accesskey.Unread[accesskey.LastUse]("throttled")
	tests := []struct {
		rule  int
		name  string
		begin func() Input
		alter func(*Input)
		want  Kind
		why   accesskey.Reason
	}{
		{0, "silent, read back, used: off", silent, nil, Deactivate, WhySilent},
		{0, "rested: deleted", restOver, nil, Delete, WhyRested},
		{0, "a fresh claim: a key is made", freshClaim, nil, Create, WhyReplacement},
		{0, "two readings agree: claimed", asked, nil, Claim, WhyAgreed},

		{1, "an open call of another process", silent, func(in *Input) {
			in.Record.Intent = accesskey.Intent{Action: accesskey.Deactivate, Key: oldKey, Holder: "k2", At: noon.Add(-10 * time.Minute), Until: noon.Add(-8 * time.Minute)}
		}, Wait, WhyIntentOpen},
		{1, "… whose process is proved dead", silent, func(in *Input) {
			in.HolderDead = true
			in.Record.Intent = accesskey.Intent{Action: accesskey.Deactivate, Key: oldKey, Holder: "k2", At: noon.Add(-10 * time.Minute), Until: noon.Add(-8 * time.Minute)}
		}, Check, WhySettle},
		{1, "… or could still send within its lease", silent, func(in *Input) {
			in.HolderDead = true
			in.Record.Intent = accesskey.Intent{Action: accesskey.Deactivate, Key: oldKey, Holder: "k2", At: noon.Add(-time.Minute), Until: noon.Add(-time.Minute).Add(time.Nanosecond)}
		}, Wait, WhyIntentOpen},
		{1, "the whole of signature and window is over", silent, func(in *Input) {
			in.Record.Intent = accesskey.Intent{Action: accesskey.Deactivate, Key: oldKey, Holder: "k2", Until: noon.Add(-16 * time.Minute)}
		}, Check, WhySettle},
		{1, "… but a nanosecond", silent, func(in *Input) {
			in.Record.Intent = accesskey.Intent{Action: accesskey.Deactivate, Key: oldKey, Holder: "k2", Until: noon.Add(-16 * time.Minute).Add(1)}
		}, Wait, WhyIntentOpen},
		{1, "our own lost reply, the window over", silent, func(in *Input) {
			in.Record.Intent = accesskey.Intent{Action: accesskey.Deactivate, Key: oldKey, Holder: "k1", Outcome: accesskey.OutcomeUnknown, Settle: noon}
		}, Check, WhySettle},
		{1, "a write to a destination that people gave up and nobody can read", silent, func(in *Input) {
			dropped(in, accesskey.Unread[Reading]("gone"))
			in.Record.Intent = accesskey.Intent{Action: accesskey.Deliver, Destination: "b", Holder: "k1", Outcome: accesskey.OutcomeUnknown, Settle: noon}
		}, Check, WhySettle},
		{1, "the look is as old as the lease", silent, func(in *Input) { in.ObservedAt = noon.Add(-2 * time.Minute) }, Wait, WhyStaleLook},
		{1, "refused a moment ago", silent, func(in *Input) {
			in.Record.Intent = accesskey.Intent{Action: accesskey.Deactivate, At: noon.Add(-time.Second), Outcome: accesskey.OutcomeNotDone}
		}, Wait, WhySpacing},

		{2, "a lost CreateAccessKey, ours by its token", freshClaim, func(in *Input) { lostCreate(in, "j.t1", true) }, Check, WhySettle},
		{2, "… not in CloudTrail yet", freshClaim, func(in *Input) { lostCreate(in, "", false) }, Wait, WhyAuthor},
		{2, "… of a colleague", freshClaim, func(in *Input) { lostCreate(in, "", true) }, Check, WhySettle},
		{2, "… no permission to look", freshClaim, func(in *Input) {
			lostCreate(in, "", false)
			in.Authors, in.Record.Intent.Until = nil, noon.Add(-time.Hour)
		}, Block, WhyUnknownKey},
		{2, "a key came since a lost call, not in CloudTrail yet", freshClaim, func(in *Input) { cameSince(in, 39*time.Minute) }, Wait, WhyAuthor},
		{2, "… nor ever", freshClaim, func(in *Input) { cameSince(in, 40*time.Minute) }, Block, WhyUnknownKey},
		{2, "… nor before the second reading", asked, func(in *Input) { cameSince(in, 0) }, Wait, WhyAuthor},
		{2, "… a leaked key goes off all the same", asked, func(in *Input) {
			cameSince(in, 0)
			in.Record.Work = accesskey.Revocation
		}, Deactivate, WhyLeaked},

		{2, "an orphan by its token goes", silent, func(in *Input) { stranger(in, "j.t1") }, Discard, WhyOrphan},
		{2, "… of an earlier claim of ours", silent, func(in *Input) {
			in.Record.Claim.Former = []string{"j.t0"}
			stranger(in, "j.t0")
		}, Discard, WhyOrphan},
		{2, "another Keytend's stays", silent, func(in *Input) { stranger(in, "j2.t1") }, Deactivate, WhySilent},
		{2, "an orphan that a destination holds stays", silent, func(in *Input) {
			stranger(in, "j.t1")
			in.Destinations["a"] = holds(third)
		}, Block, WhyHoldsOther},

		{2, "… also one that people gave up", silent, func(in *Input) {
			stranger(in, "j.t1")
			dropped(in, holds(third))
		}, Block, WhyHoldsOther},
		{2, "… and one that can't be read hinders nobody", silent, func(in *Input) {
			stranger(in, "j.t1")
			dropped(in, accesskey.Unread[Reading]("gone"))
		}, Discard, WhyOrphan},

		{3, "the second reading is too early", asked, func(in *Input) { in.Record.Claim.Read = noon.Add(-59 * time.Second) }, Wait, WhyClaimSettling},
		{3, "the readings disagree", asked, func(in *Input) { in.Record.Claim.Keys = []accesskey.ID{oldKey, third} }, Claim, WhyFirstReading},
		{3, "never read", asked, func(in *Input) { in.Record.Claim.Read = time.Time{} }, Claim, WhyFirstReading},
		{3, "not tagged yet", asked, func(in *Input) { in.Record.Claim.Tagged = time.Time{} }, Claim, WhyTag},
		{3, "the tag is too fresh", asked, func(in *Input) { in.Record.Claim.Tagged = noon.Add(-119 * time.Second) }, Wait, WhyClaimSettling},
		{3, "the tag is another journal's", asked, func(in *Input) { retag(in, "j2.t9") }, Wait, WhyClaimElsewhere},
		{3, "the tag is an old one of ours", asked, func(in *Input) { retag(in, "j.t0") }, Claim, WhyTag},
		{3, "a key more than in the claim", freshClaim, func(in *Input) {
			in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, noon), seenKey(third, accesskey.Active, noon))
		}, Claim, WhyFirstReading},
		{3, "the old key is Inactive", freshClaim, func(in *Input) { in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Inactive, noon)) }, Claim, WhyFirstReading},
		{3, "the claim is an hour old", freshClaim, func(in *Input) { in.Record.Claim.At = noon.Add(-time.Hour - 1) }, Claim, WhyFirstReading},
		{3, "another journal took over", silent, func(in *Input) { retag(in, "j2.t9") }, Block, WhyClaimTaken},
		{3, "Terraform removed the tag", silent, func(in *Input) { retag(in, "") }, Claim, WhyTag},

		{4, "rights were never checked", freshClaim, func(in *Input) { in.Record.Checked = time.Time{} }, Check, WhyRights},
		{4, "… or too long ago", freshClaim, func(in *Input) { in.Record.Checked = noon.Add(-10*time.Minute - 1) }, Check, WhyRights},

		{5, "the first round", silent, func(in *Input) { justCreated(in, 0) }, Prove, WhyProof},
		{5, "a round too soon", silent, func(in *Input) { justCreated(in, time.Second) }, Wait, WhySpacing},
		{5, "prove_max", silent, func(in *Input) {
			justCreated(in, time.Second)
			in.Record.Since = in.Record.Proof.Tried.Add(-5 * time.Minute)
		}, RollBack, WhyProofExhausted},
		{5, "… and nobody tried for so long", silent, func(in *Input) { justCreated(in, 0); in.Record.Since = noon.Add(-Day) }, Prove, WhyProof},
		{5, "… and the last run goes well", silent, func(in *Input) {
			justCreated(in, time.Minute)
			in.Record.Since, in.Record.Proof.Count = noon.Add(-Day), 1
		}, Prove, WhyProof},
		{4, "a destination holds a third key, and the claim is old", freshClaim, func(in *Input) {
			in.Destinations["a"] = holds(third)
			in.Record.Claim.At, in.Record.Checked = noon.Add(-Day), noon.Add(-Day)
			in.Record.Phase, in.Record.Block = accesskey.Blocked, &accesskey.Block{Reason: WhyHoldsOther, Resume: accesskey.Claimed}
		}, Block, WhyHoldsOther},

		{6, "a destination holds the old key again", silent, func(in *Input) {
			in.Destinations["a"] = holds(oldKey)
			in.Record.Deliveries[0].Tried = noon.Add(-time.Hour)
		}, Deliver, WhyRedelivery},
		{6, "… while a person holds the user", silent, func(in *Input) {
			in.Destinations["a"] = holds(oldKey)
			in.Record.Deliveries[0].Tried, in.Record.Hold = noon.Add(-time.Hour), &accesskey.Hold{By: "ana"}
		}, Wait, WhyHeld},
		{6, "… and the secret is wiped", silent, func(in *Input) { in.Destinations["a"], in.Record.Sealed = holds(oldKey), "" }, Block, WhyHoldsOther},
		{6, "… for the sixth time", silent, func(in *Input) { in.Destinations["a"], in.Record.Deliveries[0].Tries = holds(oldKey), redeliveries }, Block, WhyHoldsOther},
		{6, "a destination holds a third key", silent, func(in *Input) { in.Destinations["a"] = holds(third) }, Block, WhyHoldsOther},
		{6, "a destination can't be read now", silent, func(in *Input) { in.Destinations["a"] = accesskey.Unread[Reading]("timeout") }, Wait, WhyUnknownFact},
		{6, "a destination does not take it in time", silent, func(in *Input) { undelivered(in, 25*time.Hour) }, Block, WhyUndelivered},
		{6, "… and was not tried since the time was over", silent, func(in *Input) { undelivered(in, 25*time.Hour-1) }, Deliver, WhyDelivery},
		{6, "… but for a nanosecond", silent, func(in *Input) { undelivered(in, 24*time.Hour-1) }, Deliver, WhyDelivery},
		{6, "the secret is wiped when rest begins", restOver, func(in *Input) { in.Record.Sealed = "sealed" }, WipeEscrow, WhyRestBegins},

		{7, "silent but for a second", silent, func(in *Input) { usedOld(in, noon.AddDate(0, 0, -8).Add(time.Second)) }, Wait, WhySilence},
		{7, "silent to the second", silent, func(in *Input) { usedOld(in, noon.AddDate(0, 0, -8)) }, Deactivate, WhySilent},
		{7, "used once a week: twice the gap", silent, func(in *Input) { in.OldUses = sightings(14, 21) }, Wait, WhySilence},
		{7, "the new key is unused", silent, func(in *Input) { usedNew(in, in.Record.Proof.Passed.Add(17*time.Minute)) }, Wait, WhyNewUnused},
		{7, "… but for a second after our own proof", silent, func(in *Input) { usedNew(in, in.Record.Proof.Passed.Add(17*time.Minute+time.Second)) }, Deactivate, WhySilent},
		{7, "our own requests are signed with the new key: its last use may be ours", silent, func(in *Input) {
			in.BaseKey = accesskey.Observed(newKey, noon, "sts")
			usedFor(in, newKey, "iam")
		}, Wait, WhyNewUnused},
		{7, "… and were, before", silent, func(in *Input) { in.Record.Watch.NewOurs = noon.AddDate(0, 0, -19); usedFor(in, newKey, "sts") }, Wait, WhyNewUnused},
		{7, "… and what it was used for isn't told", silent, func(in *Input) { in.Record.Watch.NewOurs = noon.AddDate(0, 0, -19) }, Wait, WhyNewUnused},
		{7, "… but never for a service that we don't call", silent, func(in *Input) { in.Record.Watch.NewOurs = noon.AddDate(0, 0, -19); usedFor(in, newKey, "s3") }, Deactivate, WhySilent},
		{7, "… CloudTrail shows keytend alone", silent, func(in *Input) {
			in.Record.Watch.NewOurs = noon.AddDate(0, 0, -19)
			in.NewUses = usedBy("aws-sdk-go-v2 os/linux lang/go app/keytend")
		}, Wait, WhyNewUnused},
		{7, "… CloudTrail shows somebody else", silent, func(in *Input) {
			in.Record.Watch.NewOurs = noon.AddDate(0, 0, -19)
			in.NewUses = usedBy("Boto3 os/linux lang/python")
		}, Deactivate, WhySilent},
		{7, "… somebody else was seen using it before", silent, func(in *Input) {
			in.Record.Watch.NewOurs, in.Record.Watch.NewTaken = noon.AddDate(0, 0, -19), noon.AddDate(0, 0, -10)
			usedFor(in, newKey, "iam")
		}, Deactivate, WhySilent},
		{7, "overlap_max, still used", silent, func(in *Input) { usedOld(in, noon.Add(-time.Hour)); longDelivered(in, 21) }, Block, WhyStillUsed},
		{7, "overlap_max, forced", silent, func(in *Input) {
			usedOld(in, noon.Add(-time.Hour))
			longDelivered(in, 21)
			in.Record.Flags.Force = true
		}, Deactivate, WhyOrdered},
		{7, "forced, but too early", silent, func(in *Input) { usedOld(in, noon.Add(-time.Hour)); in.Record.Flags.Force = true }, Wait, WhySilence},
		{7, "now, but the key was shown to somebody who is no destination", silent, func(in *Input) {
			usedOld(in, noon)
			in.Record.Flags.Now, in.Record.Flags.Revealed = true, true
		}, Wait, WhySilence},
		{7, "now", silent, func(in *Input) { usedOld(in, noon); in.Record.Flags.Now = true }, Deactivate, WhyOrdered},
		{7, "now, within the consumers' cache", silent, func(in *Input) {
			in.Record.Flags.Now, in.Record.Terms.Cache = true, time.Hour
			in.Record.Deliveries[0].Done = noon.Add(-time.Hour + 1)
		}, Wait, WhyOverlap},
		{7, "the overlap is too short", silent, func(in *Input) { in.Record.Deliveries[0].Done = noon.Add(-24*time.Hour + 1) }, Wait, WhyOverlap},

		{8, "a use inside the silence", restOver, func(in *Input) { usedOld(in, in.Record.OldExit.KnownUse.Add(1)) }, Reactivate, WhyLateUse},
		{8, "somebody switched it on", restOver, func(in *Input) {
			in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, time.Time{}), seenKey(newKey, accesskey.Active, noon))
			in.Record.Watch = accesskey.Watch{OldActive: noon.Add(-time.Minute)}
		}, Block, WhyVeto},
		{8, "… seen once", restOver, func(in *Input) {
			in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, time.Time{}), seenKey(newKey, accesskey.Active, noon))
		}, Wait, WhyConfirming},
		{8, "used, but it was not us who switched it off", restOver, func(in *Input) {
			in.Record.OldExit = accesskey.Exit{Theirs: noon.AddDate(0, 0, -8)}
			usedOld(in, noon.AddDate(0, 0, -7))
		}, Block, WhyUsedThoughOff},

		{0, "sessions of a leaked key: denied once more when it is off everywhere", restOver, func(in *Input) { cutOff(in, time.Minute) }, DenySessions, WhySessions},
		{0, "… not before", restOver, func(in *Input) { cutOff(in, time.Minute-1) }, Wait, WhySessions},
		{0, "… also where a destination holds the key", restOver, func(in *Input) {
			cutOff(in, time.Minute)
			in.Destinations["a"] = holds(oldKey)
		}, DenySessions, WhySessions},
		{0, "… also where somebody has deleted it", asked, func(in *Input) {
			in.Record.Work, in.Record.Watch.OldGone = accesskey.Revocation, noon.Add(-time.Hour)
			in.User = seenUser("j.t1")
		}, DenySessions, WhySessions},

		{9, "a second of rest is left", restOver, func(in *Input) { in.Record.OldExit.Deactivated = noon.AddDate(0, 0, -7).Add(time.Second) }, Wait, WhyResting},
		{9, "a destination holds it", restOver, func(in *Input) { in.Destinations["a"] = holds(oldKey) }, Reactivate, WhyStillDelivered},
		{9, "another user has the name", restOver, func(in *Input) { in.Record.Subject.UserID = "AIDAOTHER" }, Block, WhyUserReplaced},
		{9, "its status is one we don't know", restOver, func(in *Input) {
			in.User = seenUser("j.t1", seenKey(oldKey, "Dormant", noon.AddDate(-1, 0, 0)), seenKey(newKey, accesskey.Active, noon))
		}, Wait, WhyUnknownFact},
		{9, "somebody had it on, and what it is now is unknown", restOver, func(in *Input) {
			in.User = seenUser("j.t1", seenKey(oldKey, "Dormant", noon.AddDate(-1, 0, 0)), seenKey(newKey, accesskey.Active, noon))
			in.Record.Watch = accesskey.Watch{OldRevived: noon.AddDate(0, 0, -3)}
		}, Wait, WhyUnknownFact},
		{9, "somebody had it on in between", restOver, func(in *Input) {
			in.Record.Watch.OldRevived, in.Record.Watch.OldInactive = noon.AddDate(0, 0, -3), noon.AddDate(0, 0, -2)
		}, Wait, WhyResting},

		{10, "never offered: discarded", back, func(in *Input) { in.Record.Flags.Offered = false; in.Destinations["a"] = holds(oldKey) }, Discard, WhyNeverOffered},
		{10, "… unless a destination that people gave up holds it", back, func(in *Input) {
			in.Record.Flags.Offered = false
			in.Destinations["a"] = holds(oldKey)
			dropped(in, holds(newKey))
		}, Block, WhyHoldsOther},
		{10, "the old key is switched on always", back, func(in *Input) { in.Record.OldExit.Reactivated = time.Time{} }, Reactivate, WhyRollback},
		{10, "a destination is put back", back, func(in *Input) { in.Destinations["a"] = holds(newKey) }, Restore, WhyRollback},
		{10, "what somebody else put there stays", back, func(in *Input) { in.Destinations["a"] = holds(third) }, Wait, WhyOverlap},
		{10, "the new key leaves like any other", back, func(in *Input) { longBack(in, 30); usedNew(in, noon.AddDate(0, 0, -9)) }, Deactivate, WhyRollback},
		{10, "… but somebody who used it every two weeks has not gone back", back, func(in *Input) { twoWeekly(in) }, Wait, WhyPlaces},
		{10, "… until the old key is used there again", back, func(in *Input) {
			job := twoWeekly(in)
			in.OldUses = accesskey.Observed([]accesskey.Sighting{{At: noon.AddDate(0, 0, -3), Place: job}}, noon, "cloudtrail")
		}, Deactivate, WhyRollback},
		{10, "… since the rollback, not before", back, func(in *Input) {
			job := twoWeekly(in)
			in.OldUses = accesskey.Observed([]accesskey.Sighting{{At: noon.AddDate(0, 0, -40), Place: job}}, noon, "cloudtrail")
		}, Wait, WhyPlaces},
		{10, "… also where the old one was revoked: who has taken the new one was told nothing", back, func(in *Input) {
			in.Record.Work = accesskey.Revocation
			longBack(in, 3)
			usedNew(in, noon.AddDate(0, 0, -1))
		}, Wait, WhySilence},
		{10, "… not where it leaked: off before anything is put back", back, func(in *Input) {
			in.Record.Flags.NewLeaked, in.Record.OldExit.Reactivated = true, time.Time{}
			in.Destinations["a"] = holds(newKey)
		}, Deactivate, WhyLeaked},
		{10, "… with every session made from it", back, leakedNew, DenySessions, WhySessions},
		{10, "… and then the destination is put back", back, func(in *Input) {
			leakedNew(in)
			in.Record.Denied = in.Record.NewExit.Deactivated.Add(in.Record.Terms.Window)
		}, Restore, WhyRollback},
		{10, "… and its sessions are denied once more as soon as it is off everywhere", back, func(in *Input) {
			leakedNew(in)
			in.Record.NewExit.Deactivated = noon.Add(-30 * time.Second)
			in.Record.Denied, in.Destinations["a"] = noon.Add(-20*time.Second), holds(oldKey)
		}, Wait, WhySessions},
		{10, "… and no use brings it back", back, func(in *Input) {
			leakedNew(in)
			in.Record.Denied, in.Destinations["a"], in.Record.Sealed = noon, holds(oldKey), ""
			in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, noon), seenKey(newKey, accesskey.Inactive, noon.Add(-time.Minute)))
		}, Wait, WhyResting},
		{10, "the old key is gone", back, func(in *Input) {
			in.User = seenUser("j.t1", seenKey(newKey, accesskey.Active, noon))
			in.Record.Watch.OldGone = noon.Add(-time.Minute)
		}, Block, WhyOldGone},
		{10, "no freeze for what is being put back", back, func(in *Input) {
			in.Record.Hold = &accesskey.Hold{By: "ana"}
			in.Record.OldExit.Reactivated = time.Time{}
		}, Reactivate, WhyRollback},

		{11, "no room, the other one rests", asked, func(in *Input) { other(in, accesskey.Inactive, noon, noon.AddDate(0, 0, -6)) }, Wait, WhyOtherResting},
		{11, "no room, the other one has rested", freshClaim, func(in *Input) { other(in, accesskey.Inactive, noon, noon.AddDate(0, 0, -7)) }, Delete, WhyMakeRoom},
		{11, "… but people gave up a destination that holds it", freshClaim, func(in *Input) {
			other(in, accesskey.Inactive, noon, noon.AddDate(0, 0, -7))
			dropped(in, holds(third))
		}, Block, WhyHoldsOther},
		{11, "… but a person said that it is somebody's", asked, func(in *Input) {
			other(in, accesskey.Inactive, noon, noon.AddDate(0, 0, -7))
			in.Record.Spared = []accesskey.ID{third}
		}, Block, WhyKept},
		{11, "… also once it is claimed", freshClaim, func(in *Input) {
			other(in, accesskey.Inactive, noon, noon.AddDate(0, 0, -7))
			in.Record.Spared = []accesskey.ID{third}
		}, Claim, WhyFirstReading},
		{11, "… but no key is to be deleted", freshClaim, func(in *Input) {
			other(in, accesskey.Inactive, noon, noon.AddDate(0, 0, -7))
			in.Record.Terms.Keep = true
		}, Block, WhyKept},
		{11, "… and that is said at once", asked, func(in *Input) {
			other(in, accesskey.Inactive, noon, noon.AddDate(0, 0, -6))
			in.Record.Terms.Keep = true
		}, Block, WhyKept},
		{11, "no room, both used", asked, func(in *Input) { other(in, accesskey.Active, noon, time.Time{}) }, Block, WhyBothUsed},
		{11, "no room, the other one unused", asked, func(in *Input) { other(in, accesskey.Active, noon.AddDate(0, -2, 0), time.Time{}) }, Block, WhyOtherUnused},
		{11, "the account allows three", freshClaim, func(in *Input) {
			other(in, accesskey.Active, noon, time.Time{})
			in.Quota = accesskey.Observed(3, noon, "iam")
		}, Create, WhyReplacement},

		{12, "Terraform's", asked, func(in *Input) { in.Managed = managedBy("Terraform state") }, Block, WhyManaged},
		{12, "perhaps somebody's", asked, func(in *Input) { in.Managed = nil }, Wait, WhyUnknownFact},
		{12, "adopted by Terraform since the claim", freshClaim, func(in *Input) { in.Managed = managedBy("Terraform state") }, Block, WhyManaged},
		{12, "… perhaps", freshClaim, func(in *Input) { in.Managed = nil }, Wait, WhyUnknownFact},
		{12, "… whose claim has expired", freshClaim, func(in *Input) {
			in.Managed = managedBy("Terraform state")
			in.Record.Claim.At = noon.Add(-2 * time.Hour)
		}, Block, WhyManaged},
		{12, "a leaked key is replaced whoever manages it", freshClaim, func(in *Input) {
			in.Record.Work, in.Record.Flags = accesskey.Revocation, accesskey.Flags{Replace: true, ReplaceFirst: true}
			in.Managed = managedBy("Terraform state")
		}, Create, WhyReplacement},
		{12, "adopted before anybody was offered the new key", silent, func(in *Input) {
			undelivered(in, time.Hour)
			in.Record.Flags.Offered = false
			in.Managed = managedBy("Terraform state")
		}, RollBack, WhyManaged},
		{12, "… perhaps", silent, func(in *Input) {
			undelivered(in, time.Hour)
			in.Managed = nil
		}, Wait, WhyUnknownFact},
		{12, "adopted between two deliveries", silent, func(in *Input) {
			undelivered(in, time.Hour)
			in.Managed = managedBy("Terraform state")
		}, Block, WhyManaged},
		{12, "adopted right after the delivery", silent, func(in *Input) {
			in.Record.Phase, in.Record.Since = accesskey.Delivered, noon.Add(-time.Hour)
			in.Managed = managedBy("Terraform state")
		}, Block, WhyManaged},
		{12, "adopted in the overlap", silent, func(in *Input) { in.Managed = managedBy("Terraform state") }, Block, WhyManaged},
		{12, "… long before it may end", silent, func(in *Input) {
			usedOld(in, noon.Add(-time.Hour))
			in.Managed = managedBy("Terraform state")
		}, Block, WhyManaged},
		{12, "… perhaps", silent, func(in *Input) { in.Managed = nil }, Wait, WhyUnknownFact},
		{12, "… perhaps, and long before it may end", silent, func(in *Input) {
			usedOld(in, noon.Add(-time.Hour))
			in.Managed = nil
		}, Wait, WhySilence},
		{12, "adopted while it rests", restOver, func(in *Input) { in.Managed = managedBy("Terraform state") }, Block, WhyManaged},
		{12, "… perhaps", restOver, func(in *Input) { in.Managed = nil }, Wait, WhyUnknownFact},
		{12, "… and it is to be kept", restOver, func(in *Input) {
			in.Record.Terms.Keep, in.Managed = true, managedBy("Terraform state")
			in.Record.Deliveries[0].Previous = ""
		}, Finish, WhyRelease},
		{12, "a key that would make room is Terraform's", fullUser, func(in *Input) {
			in.Managed[third] = accesskey.Observed("Terraform state", noon, "state")
		}, Block, WhyManaged},
		{12, "… perhaps", fullUser, func(in *Input) { delete(in.Managed, third) }, Wait, WhyUnknownFact},
		{12, "… is nobody's", fullUser, nil, Delete, WhyMakeRoom},
		{12, "… and before the claim", fullUser, func(in *Input) {
			in.Record.Phase, in.Record.Claim.At = accesskey.Requested, time.Time{}
			in.Managed[third] = accesskey.Observed("Terraform state", noon, "state")
		}, Block, WhyManaged},
		{12, "a rollback's new key was adopted", newMayGo, func(in *Input) { in.Managed = managedBy("Terraform state") }, Block, WhyManaged},
		{12, "… was not", newMayGo, nil, Deactivate, WhyRollback},

		{13, "the last use was throttled", silent, func(in *Input) {
			k := seenKey(oldKey, accesskey.Active, noon)
			k.LastUsed = unread
			in.User = seenUser("j.t1", k, seenKey(newKey, accesskey.Active, noon))
		}, Wait, WhyUnknownFact},
		{13, "CloudTrail fails, which told of places before", silent, func(in *Input) {
			in.Record.Watch.OldSeen = noon.Add(-time.Hour)
			in.OldUses = accesskey.Unread[[]accesskey.Sighting]("throttled")
		}, Wait, WhyUnknownFact},
		{13, "… but never did", silent, func(in *Input) { in.OldUses = accesskey.Unread[[]accesskey.Sighting]("denied") }, Deactivate, WhySilent},
		{13, "CloudTrail has not been read whole yet", silent, func(in *Input) {
			in.OldUses = accesskey.Partial[[]accesskey.Sighting](nil, "read back to yesterday so far")
		}, Wait, WhyReading},
		{7, "… but far enough to show a use", silent, func(in *Input) {
			in.OldUses = accesskey.Partial([]accesskey.Sighting{{At: noon.Add(-time.Hour)}}, "read back to yesterday so far")
		}, Wait, WhySilence},
		{13, "… of the new key, in a rollback", back, func(in *Input) {
			longBack(in, 30)
			usedNew(in, noon.AddDate(0, 0, -9))
			in.Record.Watch.NewSeen = noon.Add(-time.Hour)
			in.NewUses = accesskey.Unread[[]accesskey.Sighting]("throttled")
		}, Wait, WhyUnknownFact},
		{13, "the user could not be read", silent, func(in *Input) { in.User = accesskey.Unread[accesskey.User]("throttled") }, Wait, WhyUnknownFact},

		{14, "a minute off", silent, func(in *Input) { in.Skew = accesskey.Observed(time.Minute, noon, "date") }, Deactivate, WhySilent},
		{14, "more than a minute off", silent, func(in *Input) { in.Skew = accesskey.Observed(-time.Minute-1, noon, "date") }, Wait, WhySkew},
		{14, "more than a minute off, at the end", restOver, func(in *Input) { in.Skew = accesskey.Observed(time.Minute+1, noon, "date") }, Wait, WhySkew},

		{15, "not yet", asked, func(in *Input) { in.Record.Start = noon.Add(1) }, Wait, WhyNotYet},
		{16, "our own key", silent, func(in *Input) { in.BaseKey = accesskey.Observed(oldKey, noon, "sts") }, Wait, WhyInUseByUs},
		{16, "perhaps our own key", restOver, func(in *Input) { in.BaseKey = accesskey.Unread[accesskey.ID]("timeout") }, Wait, WhyUnknownFact},
		{18, "AWS knows more than the journal", silent, func(in *Input) {
			in.Head, in.LatestAct = noon.AddDate(0, 0, -3), accesskey.Observed(noon.AddDate(0, 0, -2), noon, "cloudtrail")
		}, Block, WhyJournalBehind},
		{18, "… and has written that down since", silent, func(in *Input) {
			in.Record.Phase = accesskey.Blocked
			in.Record.Block = &accesskey.Block{Reason: WhyJournalBehind, Resume: accesskey.Overlap, Since: noon.Add(-time.Hour)}
			in.Head, in.LatestAct = noon.Add(-time.Hour), accesskey.Observed(noon.AddDate(0, 0, -2), noon, "cloudtrail")
		}, Block, WhyJournalBehind},
		{18, "what AWS knows could not be read", silent, actsUnread, Wait, WhyUnknownFact},
		{18, "… when rest is over", restOver, actsUnread, Wait, WhyUnknownFact},
		{18, "… before a key is made", freshClaim, actsUnread, Wait, WhyUnknownFact},
		{18, "… before the first act of all", asked, func(in *Input) { actsUnread(in); in.Record.Claim.Tagged = time.Time{} }, Wait, WhyUnknownFact},
		{18, "… before anybody is handed a key", silent, func(in *Input) { undelivered(in, time.Hour); actsUnread(in) }, Wait, WhyUnknownFact},
		{18, "… before a key goes that nobody was offered", back, func(in *Input) { in.Record.Flags.Offered = false; in.Destinations["a"] = holds(oldKey); actsUnread(in) }, Wait, WhyUnknownFact},
		{18, "… when the new key is to leave", back, func(in *Input) { longBack(in, 30); usedNew(in, noon.AddDate(0, 0, -9)); actsUnread(in) }, Wait, WhyUnknownFact},
		{18, "… a leaked key goes off all the same", asked, func(in *Input) { in.Record.Work = accesskey.Revocation; actsUnread(in) }, Deactivate, WhyLeaked},
		{18, "… and what was taken comes back", back, func(in *Input) { in.Record.OldExit.Reactivated = time.Time{}; actsUnread(in) }, Reactivate, WhyRollback},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%d %s", test.rule, test.name), func(t *testing.T) {
			in := test.begin()
			if test.alter != nil {
				test.alter(&in)
			}
			got := Decide(in, noon)
			if got.Kind != test.want || got.Reason != test.why {
				t.Errorf("%s (%s: %s), want %s (%s)", got.Kind, got.Reason, got.Saw, test.want, test.why)
			}
		})
	}
}

// dropped is a destination that people decided to do without.
func dropped(in *Input, holds accesskey.Fact[Reading]) {
	in.Record.Deliveries = append(in.Record.Deliveries, accesskey.Delivery{Destination: "b", Dropped: true})
	in.Destinations["b"] = holds
}

func actsUnread(in *Input) { in.LatestAct = accesskey.Unread[time.Time]("throttled") }

// cutOff makes the record one of a leaked key that was just switched off and its
// sessions denied a second later.
func cutOff(in *Input, ago time.Duration) {
	off := noon.Add(-ago)
	in.Record.Work, in.Record.OldExit, in.Record.Denied = accesskey.Revocation, accesskey.Exit{Deactivated: off, Ordered: true}, off.Add(time.Second)
}

func lostCreate(in *Input, token string, found bool) {
	in.Record.Intent = accesskey.Intent{Action: accesskey.CreateKey, Holder: "k1", Outcome: accesskey.OutcomeUnknown, Settle: noon, Until: noon.Add(-time.Minute)}
	in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, noon), seenKey(third, accesskey.Active, time.Time{}))
	in.Authors = map[accesskey.ID]accesskey.Fact[Authorship]{third: accesskey.Observed(Authorship{Found: found, Token: token}, noon, "cloudtrail")}
}

// cameSince is a key that came since a CreateAccessKey of ours was lost, of which
// CloudTrail has said nothing for a while.
func cameSince(in *Input, waited time.Duration) {
	stranger(in, "")
	in.Authors = nil
	in.Record.LostCreate, in.Record.Watch.Waiting, in.Record.Watch.WaitingFrom = true, WhyAuthor, noon.Add(-waited)
}

func stranger(in *Input, token string) {
	u, _ := in.User.Get()
	keys, _ := u.Keys.Get()
	in.User = seenUser("j.t1", append(slices.Clone(keys), seenKey(third, accesskey.Active, time.Time{}))...)
	in.Authors = map[accesskey.ID]accesskey.Fact[Authorship]{third: accesskey.Observed(Authorship{Found: true, Token: token}, noon, "cloudtrail")}
}

func retag(in *Input, tag string) {
	u, _ := in.User.Get()
	keys, _ := u.Keys.Get()
	in.User = seenUser(tag, keys...)
}

func justCreated(in *Input, ago time.Duration) {
	in.Record.Phase, in.Record.Since, in.Record.Proof = accesskey.Created, noon.Add(-time.Minute), accesskey.Proof{}
	if ago > 0 {
		in.Record.Proof.Tried = noon.Add(-ago)
	}
}

func undelivered(in *Input, since time.Duration) {
	in.Record.Phase, in.Record.Since = accesskey.Proven, noon.Add(-since)
	in.Record.Deliveries[0] = accesskey.Delivery{Destination: "a", Tries: 1, Tried: noon.Add(-time.Hour)}
	in.Destinations["a"] = holds(oldKey)
}

// managedBy is who else manages the user's keys; empty: nobody.
func managedBy(who string) map[accesskey.ID]accesskey.Fact[string] {
	fact := accesskey.Observed(who, noon, "terraform")
	return map[accesskey.ID]accesskey.Fact[string]{oldKey: fact, newKey: fact, third: fact}
}

// fullUser is a fresh claim of a user whose second key has rested.
func fullUser() Input {
	in := freshClaim()
	in.Record.Claim.Keys = []accesskey.ID{oldKey, third}
	in.Record.Watch.Others = map[accesskey.ID]time.Time{third: noon.AddDate(0, 0, -30)}
	in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, noon.Add(-time.Hour)), seenKey(third, accesskey.Inactive, time.Time{}))
	return in
}

// newMayGo is a rollback whose new key has been silent for long enough.
func newMayGo() Input {
	in := back()
	at := noon.AddDate(0, 0, -12)
	in.Record.RollbackAt, in.Record.OldExit.Reactivated, in.Record.Deliveries[0].Restored = at, at, at
	usedNew(&in, at.Add(-time.Hour))
	return in
}

func usedOld(in *Input, at time.Time) { use(in, oldKey, at) }
func usedNew(in *Input, at time.Time) { use(in, newKey, at) }

func use(in *Input, id accesskey.ID, at time.Time) {
	lastUsed(in, id, accesskey.LastUse{At: at})
}

// usedFor is a use an hour ago.
func usedFor(in *Input, id accesskey.ID, service string) {
	lastUsed(in, id, accesskey.LastUse{At: noon.Add(-time.Hour), Service: service})
}

func usedBy(agent string) accesskey.Fact[[]accesskey.Sighting] {
	return accesskey.Observed([]accesskey.Sighting{{At: noon.Add(-time.Hour), Place: accesskey.Place{Agent: agent}}}, noon, "cloudtrail")
}

func lastUsed(in *Input, id accesskey.ID, last accesskey.LastUse) {
	u, _ := in.User.Get()
	keys, _ := u.Keys.Get()
	keys = slices.Clone(keys)
	for i := range keys {
		if have, _ := keys[i].ID.Get(); have == id {
			keys[i].LastUsed = accesskey.Observed(last, noon, "iam")
		}
	}
	in.User = seenUser("j.t1", keys...)
}

func sightings(daysAgo ...int) accesskey.Fact[[]accesskey.Sighting] {
	var out []accesskey.Sighting
	for _, d := range daysAgo {
		out = append(out, accesskey.Sighting{At: noon.AddDate(0, 0, -d)})
	}
	return accesskey.Observed(out, noon, "cloudtrail")
}

func longDelivered(in *Input, days int) {
	at := noon.AddDate(0, 0, -days)
	in.Record.Deliveries[0].Done, in.Record.Proof.Passed = at, at.Add(-time.Minute)
}

// leakedNew: the new key leaked, and was switched off half an hour ago.
func leakedNew(in *Input) {
	in.Record.Flags.NewLeaked = true
	in.Record.NewExit = accesskey.Exit{Deactivated: noon.Add(-30 * time.Minute), Ordered: true}
	in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, noon), seenKey(newKey, accesskey.Inactive, noon.Add(-time.Hour)))
	in.Destinations["a"] = holds(newKey)
}

// twoWeekly: rolled back ten days ago, after a job had used the new key twice, two
// weeks apart, and somebody else every day.
func twoWeekly(in *Input) accesskey.Place {
	longBack(in, 10)
	usedNew(in, noon.AddDate(0, 0, -11))
	job := accesskey.Place{Network: "192.0.2.1", Agent: "job", Service: "iam.amazonaws.com"}
	seen := []accesskey.Sighting{{At: noon.AddDate(0, 0, -25), Place: job}, {At: noon.AddDate(0, 0, -11), Place: job}}
	for day := range 15 {
		seen = append(seen, accesskey.Sighting{At: noon.AddDate(0, 0, -11-day)})
	}
	in.NewUses = accesskey.Observed(seen, noon, "cloudtrail")
	return job
}

func longBack(in *Input, days int) {
	at := noon.AddDate(0, 0, -days)
	in.Record.RollbackAt, in.Record.OldExit.Reactivated, in.Record.Deliveries[0].Restored = at, at, at
	in.Record.Terms.OverlapMax = 90 * 24 * time.Hour
}

func other(in *Input, s accesskey.Status, used, inactive time.Time) {
	in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, noon), seenKey(third, s, used))
	in.Record.Claim.Keys = []accesskey.ID{oldKey, third}
	slices.Sort(in.Record.Claim.Keys)
	if !inactive.IsZero() {
		in.Record.Watch.Others = map[accesskey.ID]time.Time{third: inactive}
	}
}

func TestSilence(t *testing.T) {
	day := 24 * time.Hour
	tests := []struct {
		name          string
		lastUse, from time.Time
		want          time.Duration
	}{
		{"never used, delivered long ago", time.Time{}, noon.Add(-10 * day), 9 * day},
		{"used before delivery: counted from delivery", noon.Add(-20 * day), noon.Add(-10 * day), 9 * day},
		{"used since", noon.Add(-3 * day), noon.Add(-10 * day), 2 * day},
		{"used within the lag: none", noon.Add(-time.Hour), noon.Add(-10 * day), 0},
		{"used as long ago as the lag: none", noon.Add(-day), noon.Add(-10 * day), 0},
		{"delivered within the lag: none", time.Time{}, noon.Add(-time.Hour), 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := silence(noon, day, test.lastUse, test.from); got != test.want {
				t.Errorf("silence %s, want %s", got, test.want)
			}
		})
	}
}

func TestNeeded(t *testing.T) {
	day := 24 * time.Hour
	terms := accesskey.DefaultTerms()
	short := terms
	short.Idle = time.Hour
	scheduled := terms
	scheduled.Schedule = 31 * day
	uses, _ := sightings(2, 40, 9).Get()
	session := []accesskey.Sighting{{At: noon, Session: true}}
	tests := []struct {
		name  string
		terms accesskey.Terms
		uses  []accesskey.Sighting
		want  time.Duration
	}{
		{"nothing seen", terms, nil, 7 * day},
		{"one sighting has no gap", terms, uses[:1], 7 * day},
		{"twice the longest gap, in any order", terms, uses, 62 * day},
		{"sessions live 36 hours", short, session, 36 * time.Hour},
		{"declared", scheduled, nil, 31 * day},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := needed(test.terms, test.uses); got != test.want {
				t.Errorf("needed %s, want %s", got, test.want)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	job := accesskey.Place{Agent: "monthly-job"}
	in := silent()
	in.OldUses = accesskey.Observed([]accesskey.Sighting{
		{At: noon.AddDate(0, 0, -52), Place: job}, {At: noon.AddDate(0, 0, -22), Place: job},
	}, noon, "cloudtrail")
	in.Record.Terms.OverlapMax = 100 * 24 * time.Hour
	if got := Decide(in, noon); got.Reason != WhySilence {
		t.Errorf("a monthly job: %s", got.Reason)
	}
	missing := func() (accesskey.Place, bool) {
		v := look(in, noon)
		old, _ := v.OldUses.Get()
		fresh, _ := v.NewUses.Get()
		return v.missingPlace(old, fresh, v.deliveredAt())
	}
	if _, missed := missing(); !missed {
		t.Error("the monthly job's place is not missed")
	}
	in.NewUses = accesskey.Observed([]accesskey.Sighting{{At: noon, Place: job}}, noon, "cloudtrail")
	if p, missed := missing(); missed {
		t.Errorf("place %v is missed though it shows on the new key", p)
	}
}

// TestDecideIsTotal draws inputs of every shape: Decide answers each, the same
// each time, with times on every wait and a reason on everything, and proposes
// nothing destructive on a fact that is not known.
func TestDecideIsTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		before := in.Record.Clone()
		step := Decide(in, noon)
		if diff := cmp.Diff(step, Decide(in, noon)); diff != "" {
			t.Fatalf("not pure: %s", diff)
		}
		if diff := cmp.Diff(before, in.Record); diff != "" {
			t.Fatalf("the input was changed: %s", diff)
		}
		if step.Kind == "" || step.Reason == "" {
			t.Fatalf("no answer: %+v", step)
		}
		if step.Kind == Wait && step.Reason != WhyEnded && (step.NotBefore.IsZero() || step.Deadline.IsZero()) {
			t.Fatalf("waits for ever: %+v", step)
		}
		if step.Kind.Destructive() {
			factsKnown(t, in, step)
		}
	})
}

func factsKnown(t *rapid.T, in Input, step Step) {
	k, there := find(in.User, step.Key)
	status, known := k.Status.Get()
	if there != present {
		t.Fatalf("%s of %s, which is not known to be there", step.Kind, step.Key)
	}
	if step.Kind == Delete && (!known || status != accesskey.Inactive) {
		t.Fatalf("delete of %s, which is not known to be Inactive", step.Key)
	}
	skew, known := in.Skew.Get()
	if !known || skew.Abs() > MaxSkew {
		t.Fatalf("%s while the clock is not known to be right", step.Kind)
	}
	if base, known := in.BaseKey.Get(); !known || base == step.Key {
		t.Fatalf("%s of a key that may be our own", step.Kind)
	}
	if !in.Record.Intent.Settled() {
		t.Fatalf("%s while a call is unsettled", step.Kind)
	}
	revoked := in.Record.Work == accesskey.Revocation && step.Kind == Deactivate
	if step.Reason != WhyLeaked && !in.LatestAct.Known() {
		t.Fatalf("%s while the journal may be an old one", step.Kind)
	}
	for _, d := range in.Record.Deliveries {
		h, known := in.Destinations[d.Destination].Get()
		if !revoked && !d.Dropped && (!known || h.Readable && h.Key == step.Key) {
			t.Fatalf("%s of %s though %s may hold it", step.Kind, step.Key, d.Destination)
		}
	}
	if step.Reason == WhySilent && !k.LastUsed.Known() {
		t.Fatalf("silent, though the last use is not known")
	}
	if u, _ := in.User.Get(); u.ID != in.Record.Subject.UserID {
		t.Fatalf("%s of another user's key", step.Kind)
	}
}

func drawInput(t *rapid.T) Input {
	in := rapid.SampledFrom([]func() Input{silent, restOver, freshClaim, asked, back}).Draw(t, "begin")()
	r := &in.Record
	keep := func(name string) bool { return rapid.IntRange(0, 5).Draw(t, name) > 0 }
	when := func(name string) time.Time {
		return noon.Add(-time.Duration(rapid.IntRange(-10, 40*24*60).Draw(t, name)) * time.Minute)
	}
	if !keep("phase") {
		r.Phase = rapid.SampledFrom([]accesskey.Phase{
			accesskey.Requested, accesskey.Noticed, accesskey.Claimed, accesskey.Created, accesskey.Proven, accesskey.Delivered,
			accesskey.Overlap, accesskey.Deactivated, accesskey.Resting, accesskey.RollingBack, accesskey.Done, accesskey.Blocked, "strange",
		}).Draw(t, "which phase")
	}
	if !keep("work") {
		r.Work = rapid.SampledFrom([]accesskey.Work{accesskey.Retirement, accesskey.Revocation}).Draw(t, "which work")
	}
	r.Flags.Offered = keep("offered")
	r.Flags.Now, r.Flags.Force, r.Flags.Replace = !keep("now"), !keep("force"), !keep("replace")
	drawFacts(t, &in, keep)
	if !keep("intent") {
		r.Intent = accesskey.Intent{
			Action: rapid.SampledFrom([]accesskey.Action{accesskey.CreateKey, accesskey.Deactivate, accesskey.Deliver, accesskey.TagClaim, accesskey.DeleteKey}).Draw(t, "action"),
			Key:    oldKey, Destination: "a", Holder: "k2", At: when("intent at"), Until: when("intent until"),
			Outcome: rapid.SampledFrom([]accesskey.Outcome{"", accesskey.OutcomeDone, accesskey.OutcomeNotDone, accesskey.OutcomeUnknown}).Draw(t, "outcome"),
		}
	}
	if !keep("exit") {
		r.OldExit.Deactivated, r.NewExit.Deactivated = when("old off"), when("new off")
	}
	if !keep("watch") {
		r.Watch = accesskey.Watch{OldGone: when("gone"), OldInactive: when("inactive"), OldActive: when("active"), NewGone: when("new gone")}
	}
	r.Since, r.Deliveries[0].Done = when("since"), when("delivered")
	return in
}

func drawFacts(t *rapid.T, in *Input, keep func(string) bool) {
	status := func(name string) accesskey.Fact[accesskey.Status] {
		s := rapid.SampledFrom([]accesskey.Status{accesskey.Active, accesskey.Inactive, accesskey.Expired, "Dormant", ""}).Draw(t, name)
		if s == "" {
			return accesskey.Unread[accesskey.Status]("throttled")
		}
		return accesskey.Observed(s, noon, "iam")
	}
	if !keep("keys") {
		var keys []accesskey.Key
		for _, id := range []accesskey.ID{oldKey, newKey, third} {
			if rapid.Bool().Draw(t, string(id)) {
				k := seenKey(id, accesskey.Active, noon.AddDate(0, 0, -rapid.IntRange(0, 40).Draw(t, "used")))
				k.Status = status("status")
				if !keep("last used") {
					k.LastUsed = accesskey.Unread[accesskey.LastUse]("throttled")
				}
				keys = append(keys, k)
			}
		}
		in.User = seenUser(rapid.SampledFrom([]string{"", "j.t1", "j2.t1"}).Draw(t, "tag"), keys...)
	}
	if !keep("user") {
		in.User = accesskey.Unread[accesskey.User]("throttled")
	}
	if !keep("user id") {
		in.Record.Subject.UserID = "AIDAOTHER"
	}
	if !keep("destination") {
		in.Destinations["a"] = rapid.SampledFrom([]accesskey.Fact[Reading]{
			holds(oldKey), holds(newKey), holds(third), holds(""), accesskey.Unread[Reading]("timeout"),
			accesskey.Observed(Reading{}, noon, "exec"),
		}).Draw(t, "holds")
	}
	if !keep("skew") {
		in.Skew = accesskey.Unread[time.Duration]("no answer")
	}
	if !keep("acts") {
		actsUnread(in)
	}
	if !keep("base") {
		in.BaseKey = rapid.SampledFrom([]accesskey.Fact[accesskey.ID]{
			accesskey.Unread[accesskey.ID]("no answer"), accesskey.Observed(oldKey, noon, "sts"), accesskey.Observed(newKey, noon, "sts"),
		}).Draw(t, "base key")
	}
}

// TestWhyAProofFailedStaysKnown: the machine may be slow, and a key be given up
// right after a round that succeeded.
func TestWhyAProofFailedStaysKnown(t *testing.T) {
	terms := accesskey.DefaultTerms()
	proof := accesskey.Proof{Error: "the probe failed"}
	for i := range terms.ProveCount {
		if proof = Proved(proof, terms, true, noon.Add(time.Duration(i)*terms.ProveSpan)); proof.Passed.IsZero() && proof.Error == "" {
			t.Errorf("after round %d nobody knows why it failed before", i+1)
		}
	}
	if proof.Passed.IsZero() || proof.Error != "" {
		t.Errorf("proved, and yet %+v", proof)
	}
}
