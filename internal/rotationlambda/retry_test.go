package rotationlambda

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/policy"
)

// TestRetryBeforeDelivery: the user has two keys in use, and no room for a third.
// Whoever has the rotation tried again has a day from then on, not what is left of
// the first day, until the reaper takes it back.
func TestRetryBeforeDelivery(t *testing.T) {
	another := func(s *fakeaws.AccountSpec) {
		ana := &s.Users[1]
		ana.Keys = append(ana.Keys, fakeaws.KeySpec{ID: "AKIAANOTHERKEYEXAMPL", Secret: "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY", Created: time.Now().AddDate(0, 0, -30), LastUsed: &fakeaws.KeyUse{At: time.Now().Add(-time.Hour), Service: "s3", Region: region}})
	}
	in(t, another, func(w *world) {
		w.rotate(60)
		w.pass(20*time.Hour, 2*time.Hour)
		w.blockedFor(policy.WhyBothUsed)
		first := w.record()
		w.answer("retry")
		w.pass(18*time.Hour, 2*time.Hour)
		if r := w.record(); r.ID != first.ID || !r.Live() || r.Stage() == accesskey.RollingBack {
			w.t.Errorf("18 hours after the answer the record is %s %s", stateOf(r), r.Outcome)
		}
		w.pass(18*time.Hour, 2*time.Hour)
		if r := w.record(); r.Live() || len(w.user("ana").Keys) != 2 {
			w.t.Errorf("two days after it the record is %s, keys %v", stateOf(r), ids(w.user("ana")))
		}
	})
}
