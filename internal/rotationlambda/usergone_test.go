package rotationlambda

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

func (w *world) iam() *iam.Client {
	id, secret := w.cloud.AdminKey(account)
	return iam.NewFromConfig(w.as(id, secret, "colleague"))
}

// deleteAna is somebody who deletes the user with all that it has.
func (w *world) deleteAna() {
	w.t.Helper()
	for _, k := range w.user("ana").Keys {
		if _, err := w.iam().DeleteAccessKey(w.t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String("ana"), AccessKeyId: aws.String(k.ID)}); err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := w.iam().DeleteUser(w.t.Context(), &iam.DeleteUserInput{UserName: aws.String("ana")}); err != nil {
		w.t.Fatal(err)
	}
}

// TestTheUserGoesMeanwhile: a rotation whose user was deleted, or deleted and
// made anew, waits for a person and can be ended.
func TestTheUserGoesMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		anew bool
		why  accesskey.Reason
	}{"deleted": {false, policy.WhyUserGone}, "made anew": {true, policy.WhyUserReplaced}} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(w *world) {
				w.rotate(30)
				w.until(accesskey.Overlap)
				w.deleteAna()
				if c.anew {
					if _, err := w.iam().CreateUser(w.t.Context(), &iam.CreateUserInput{UserName: aws.String("ana")}); err != nil {
						w.t.Fatal(err)
					}
				}
				w.pass(3*time.Hour, time.Hour)
				seen := w.reap()
				if r := w.record(); len(seen.Blocked) != 1 || r.Block == nil || r.Block.Reason != c.why {
					w.t.Fatalf("the reaper saw %+v, the record is %s %+v", seen, r.Phase, r.Block)
				}
				if s, err := w.function().Status(w.t.Context(), secretID); err != nil || s.Record.Phase != accesskey.Blocked {
					w.t.Errorf("status: %v", err)
				}
				if _, err := w.function().Give(w.t.Context(), secretID, "bo", Order{w.record().ID, "drop"}); err != nil {
					w.t.Fatal(err)
				}
				w.pass(3*time.Hour, time.Hour)
				if r := w.record(); r.Live() {
					w.t.Errorf("the record is %s %+v", r.Phase, r.Block)
				}
			})
		})
	}
}
