package rotationlambda

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
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
	if _, err := w.function().Give(w.t.Context(), secretID, "bo", rotation.Resolve(text)); err != nil {
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
		if _, err := w.function().Give(w.t.Context(), secretID, "bo", rotation.Resolve("discard")); err == nil {
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
