package rotationlambda

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestTheSecretIsDeletedMeanwhile: two keys are left Active, and nobody can read
// the secret any more. People are told as long as they can restore it.
func TestTheSecretIsDeletedMeanwhile(t *testing.T) {
	in(t, nil, func(w *world) {
		w.rotate(30)
		w.until(accesskey.Overlap)
		if _, err := w.secrets().DeleteSecret(w.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String(secretID), RecoveryWindowInDays: aws.Int64(30)}); err != nil {
			w.t.Fatal(err)
		}
		w.pass(time.Hour, time.Hour)
		if seen := w.reap(); len(seen.Blocked) != 1 || !strings.Contains(w.log.String(), "marked for deletion") {
			w.t.Errorf("the reaper saw %+v", seen)
		}
		if u := w.user("ana"); len(u.Keys) != 2 || u.Keys[0].Status != "Active" || u.Keys[1].Status != "Active" {
			w.t.Errorf("keys %v", ids(u))
		}
		if _, err := w.secrets().RestoreSecret(w.t.Context(), &secretsmanager.RestoreSecretInput{SecretId: aws.String(secretID)}); err != nil {
			w.t.Fatal(err)
		}
		w.live(8*24*time.Hour, 2*time.Hour)
		w.oneKeyLeft()
	})
}

// TestADeletedSecretTakesNoTags: nobody is told every two hours that they could not
// be written there.
func TestADeletedSecretTakesNoTags(t *testing.T) {
	in(t, nil, func(w *world) {
		w.rotate(30)
		w.until(accesskey.Overlap)
		stale := []types.Tag{{Key: aws.String(stateTag), Value: aws.String("rotation of A: overlap since 2026-11-24T18:00:00Z")}}
		if _, err := w.secrets().TagResource(w.t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String(secretID), Tags: stale}); err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.secrets().DeleteSecret(w.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String(secretID)}); err != nil {
			w.t.Fatal(err)
		}
		w.log.Reset()
		if seen := w.reap(); len(seen.Blocked) != 1 || strings.Contains(w.log.String(), stateTag) {
			w.t.Errorf("the reaper saw %+v and said %s", seen, w.log.String())
		}
	})
}
