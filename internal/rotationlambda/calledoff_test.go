package rotationlambda

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keytend/keytend/internal/fakeaws"
)

// TestCalledOffAnywhere: somebody calls the rotation off before any call of the
// function's, the very first among them. What was begun is taken back or ended, and
// rotation can be switched on again.
func TestCalledOffAnywhere(t *testing.T) {
	for n := 1; n < 140; n += 23 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			in(t, nil, func(w *world) {
				w.callOffBefore(n)
				w.rotate(8)
				w.live(4*day, 4*time.Hour)
				if u, r := w.user("ana"), w.record(); len(u.Keys) != 1 || r.ID != "" && r.Live() || u.Keys[0].ID != string(w.holds().ID) {
					w.t.Errorf("keys %v, the record is %s", ids(u), stateOf(r))
				}
				held := w.holds().ID
				if _, err := w.secrets().RotateSecret(w.t.Context(), &secretsmanager.RotateSecretInput{SecretId: aws.String(secretID)}); err != nil {
					w.t.Fatal(err)
				}
				w.live(day, 4*time.Hour)
				if w.holds().ID == held {
					w.t.Errorf("switched on again, nothing is rotated: %v", w.fails)
				}
			})
		})
	}
}

// callOffBefore has somebody cancel right before the function's n-th call.
func (w *world) callOffBefore(n int) {
	seen := 0
	w.cloud.SetFault(func(fakeaws.Call) fakeaws.Fault {
		if !w.calling {
			return fakeaws.Proceed()
		}
		if seen++; seen == n {
			w.calling = false
			w.cancel()
			w.calling = true
		}
		return fakeaws.Proceed()
	})
}
