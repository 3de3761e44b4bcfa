package rotationlambda

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// TestAWSCURRENTMovedBack: a person puts AWSCURRENT back on the old key, at any
// time after the rotation. Within a few hours a person is asked; the record never
// waits for what doesn't come, and whoever reads the secret works.
func TestAWSCURRENTMovedBack(t *testing.T) {
	for name, after := range map[string]time.Duration{
		"at once": 0, "before the overlap": time.Minute, "after an hour": time.Hour, "after half a day": 12 * time.Hour,
		"shortly before it is switched off": 15 * time.Hour, "while it rests": 27 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(w *world) {
				_, before := w.value(current)
				w.rotate(60)
				if after > 0 {
					w.live(after, 2*time.Hour)
				}
				stage := w.record().Phase
				_, now := w.value(current)
				off := !w.active(oldKey)
				if off != (name == "while it rests") {
					w.t.Fatalf("in phase %s the old key is switched off: %v", stage, off)
				}
				if _, err := w.secrets().UpdateSecretVersionStage(w.t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
					SecretId: aws.String(secretID), VersionStage: aws.String(current), RemoveFromVersionId: &now, MoveToVersionId: &before,
				}); err != nil {
					w.t.Fatal(err)
				}
				w.pass(2*time.Hour+time.Minute, 2*time.Hour) // the reaper comes once
				if !w.active(oldKey) {
					w.t.Error("AWSCURRENT names a key that is off, the reaper came, and it is still off")
				}
				w.live(6*time.Hour, 2*time.Hour)
				r := w.record()
				if r.Phase != accesskey.Blocked {
					w.t.Errorf("moved back in phase %s: after eight hours the record is %s since %s, waits for %q", stage, r.Phase, r.Since, r.Watch.Waiting)
				} else if r.Block.Reason != policy.WhyHoldsOther && r.Block.Reason != policy.WhyVeto {
					w.t.Errorf("blocked: %+v", r.Block)
				}
				w.pass(30*day, 12*time.Hour)
				if r := w.record(); r.Phase != accesskey.Blocked || len(w.reap().Blocked) != 1 {
					w.t.Errorf("after a month the record is %s", r.Phase)
				}
			})
		})
	}
}

// TestRollbackTakesAWSPENDINGOff: a call that came late put the label on the new
// key's version again. Nobody reads it there, and the rollback does not wait for it.
func TestRollbackTakesAWSPENDINGOff(t *testing.T) {
	in(t, nil, func(w *world) {
		_, before := w.value(current)
		w.rotate(60)
		_, now := w.value(current)
		for _, move := range []*secretsmanager.UpdateSecretVersionStageInput{
			{VersionStage: aws.String(current), RemoveFromVersionId: &now, MoveToVersionId: &before},
			{VersionStage: aws.String(pending), MoveToVersionId: &now},
		} {
			move.SecretId = aws.String(secretID)
			if _, err := w.secrets().UpdateSecretVersionStage(w.t.Context(), move); err != nil {
				w.t.Fatal(err)
			}
		}
		w.pass(4*time.Hour, 2*time.Hour)
		if _, err := w.function().Give(w.t.Context(), secretID, "bo", Order{w.record().ID, GoBack}); err != nil {
			w.t.Fatal(err)
		}
		w.pass(15*day, 2*time.Hour)
		if r := w.record(); r.Live() {
			w.t.Errorf("after 15 days the record is %s and waits for %q: %+v", r.Phase, r.Watch.Waiting, r.Intent)
		}
		if keys := ids(w.user("ana")); len(keys) != 1 || keys[0] != string(oldKey)+" Active" {
			w.t.Errorf("keys %v", keys)
		}
	})
}

func (w *world) active(key accesskey.ID) bool {
	for _, k := range w.user("ana").Keys {
		if k.ID == string(key) {
			return k.Status == "Active"
		}
	}
	return false
}
