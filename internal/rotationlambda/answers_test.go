package rotationlambda

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// stubborn is somebody who read the secret once, and uses that ever after.
func (w *world) stubborn(old rotation.Credential, d time.Duration) {
	w.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		_ = w.works(old)
		w.live(4*time.Hour, 2*time.Hour)
	}
}

func (w *world) blockedFor(why accesskey.Reason) {
	w.t.Helper()
	if r := w.record(); r.Phase != accesskey.Blocked || r.Block == nil || r.Block.Reason != why {
		w.t.Fatalf("the record is %s %+v, not blocked because %q", r.Phase, r.Block, why)
	}
}

func (w *world) answer(text string) {
	w.t.Helper()
	if _, err := w.function().Give(w.t.Context(), secretID, "bo", Order{w.record().ID, text}); err != nil {
		w.t.Fatalf("%s: %v", text, err)
	}
	w.pass(3*time.Hour, time.Hour)
}

// TestAnswers: what a person answers, the reaper acts on.
func TestAnswers(t *testing.T) {
	in(t, nil, func(w *world) {
		old := w.holds()
		w.rotate(60)
		w.stubborn(old, 7*24*time.Hour)
		w.blockedFor(policy.WhyStillUsed)
		if _, err := w.function().Give(w.t.Context(), secretID, "bo", Order{w.record().ID, "discard"}); err == nil {
			w.t.Error("discard is taken, which is no answer to that")
		}
		w.answer("retry") // it is looked at anew, and used still
		w.stubborn(old, 7*24*time.Hour)
		w.blockedFor(policy.WhyStillUsed)
		w.answer("force")
		if r := w.record(); r.Phase != accesskey.Resting || w.works(old) == nil {
			w.t.Fatalf("the record is %s %+v, and the old key works: %v", r.Phase, r.Block, w.works(old) == nil)
		}
		w.live(10*24*time.Hour, 2*time.Hour)
		w.oneKeyLeft()
	})
}

// TestKeep: somebody switches the resting key on again and wants it kept. The work
// ends, every key stays as it is, and no later rotation takes one away by itself.
func TestKeep(t *testing.T) {
	in(t, nil, func(w *world) {
		old := w.holds()
		w.rotate(30)
		w.until(accesskey.Resting)
		w.set(oldKey, iamtypes.StatusTypeActive)
		w.live(6*time.Hour, 2*time.Hour)
		w.blockedFor(policy.WhyVeto)
		w.answer("keep")
		if r := w.record(); r.Live() || w.works(old) != nil || w.works(w.holds()) != nil {
			w.t.Fatalf("the record is %s %+v, keys %v", r.Phase, r.Block, ids(w.user("ana")))
		}
		held := w.holds()
		w.stubborn(old, 40*24*time.Hour) // two keys are in use, and there is no room for a third
		if w.works(old) != nil || w.works(held) != nil || w.holds().ID != held.ID {
			w.t.Errorf("after the next turn of the schedule: keys %v, record %s", ids(w.user("ana")), stateOf(w.record()))
		}
		if said := strings.Join(w.fails, "\n"); !strings.Contains(said, string(oldKey)) || !strings.Contains(said, "aws iam update-access-key --user-name ana") {
			w.t.Errorf("the rotation that can't be tells nobody of the other key:\n%s", said)
		}
		w.set(oldKey, iamtypes.StatusTypeInactive) // as they were told
		w.live(40*24*time.Hour, 4*time.Hour)
		if w.has(string(oldKey)) || w.holds().ID == held.ID {
			w.t.Errorf("the key that was switched off made no room: keys %v, record %s", ids(w.user("ana")), stateOf(w.record()))
		}
	})
}

// TestDiscard: a process died when a key had just been made, and CloudTrail never
// tells whose it is. A person says that nobody has it; it goes, and the next rotation
// is as any.
func TestDiscard(t *testing.T) {
	in(t, nil, func(w *world) {
		made := false
		w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
			switch {
			case c.Action == "LookupEvents" && made:
				return fakeaws.Refuse(500, "InternalFailure", "we are looking into it")
			case c.Action == "CreateAccessKey" && w.calling && !made:
				made, w.dead = true, true
			}
			return fakeaws.Proceed()
		})
		w.rotate(30)
		w.live(3*24*time.Hour, 2*time.Hour)
		w.blockedFor(policy.WhyUnknownKey)
		lost := w.record().Block.Key
		if !w.active(lost) || lost == oldKey {
			w.t.Fatalf("blocked about %s; keys %v", lost, ids(w.user("ana")))
		}
		w.cloud.SetFault(nil) // nothing is taken away while CloudTrail can't be read
		w.answer("discard")
		w.live(12*time.Hour, 2*time.Hour)
		if keys := ids(w.user("ana")); w.record().Live() || len(keys) != 1 || keys[0] != string(oldKey)+" Active" {
			w.t.Fatalf("the record is %s %+v, keys %v", w.record().Phase, w.record().Block, keys)
		}
		w.live(40*24*time.Hour, 4*time.Hour)
		w.oneKeyLeft()
	})
}

// set has a colleague switch one of ana's keys.
func (w *world) set(key accesskey.ID, to iamtypes.StatusType) {
	w.t.Helper()
	id, secret := w.cloud.AdminKey(account)
	_, err := iam.NewFromConfig(w.as(id, secret, "colleague")).UpdateAccessKey(w.t.Context(), &iam.UpdateAccessKeyInput{
		UserName: aws.String("ana"), AccessKeyId: aws.String(string(key)), Status: to,
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestTheSecretStillNamesTheKey: a rebuilt record doesn't know what the secret held
// before. Who says that the old key is back there, and is mistaken, loses no key that is
// in use; and hears of it.
func TestTheSecretStillNamesTheKey(t *testing.T) {
	in(t, nil, func(w *world) {
		w.rotate(30)
		w.until(accesskey.Overlap)
		w.retag(nil)
		w.recover()
		w.answer(GoBack)
		w.answer("drop")
		before := w.alarms
		w.pass(9*24*time.Hour, 12*time.Hour)
		if u := w.user("ana"); len(u.Keys) != 2 || u.Keys[0].Status != "Active" || u.Keys[1].Status != "Active" {
			w.t.Errorf("keys %v", ids(u))
		}
		if w.alarms == before || !strings.Contains(w.log.String(), "AWSCURRENT names it") {
			w.t.Errorf("%d alarms; the record is %s", w.alarms-before, stateOf(w.record()))
		}
	})
}
