package rotationlambda

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// retag has somebody set the function's tags on the secret to these alone.
func (w *world) retag(tags map[string]string) {
	w.t.Helper()
	_, err := w.secrets().UntagResource(w.t.Context(), &secretsmanager.UntagResourceInput{SecretId: aws.String(secretID), TagKeys: slices.Collect(maps.Keys(w.ownTags()))})
	var list []types.Tag
	for key, value := range tags {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	if err == nil && len(list) > 0 {
		_, err = w.secrets().TagResource(w.t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String(secretID), Tags: list})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// until lives on until the record has come to a phase.
func (w *world) until(phase accesskey.Phase) {
	w.t.Helper()
	for range 40 {
		if w.record().Phase == phase {
			return
		}
		w.live(4*time.Hour, 2*time.Hour)
	}
	w.t.Fatalf("the record comes no further than %s", w.record().Phase)
}

// recover has a person rebuild the record.
func (w *world) recover() Recovery {
	w.t.Helper()
	f := w.function()
	found, err := f.Lost(w.t.Context(), secretID, w.account, "")
	if err != nil {
		w.t.Fatal(err)
	}
	if err := f.PutBack(w.t.Context(), "ana", found); err != nil {
		w.t.Fatal(err)
	}
	return found
}

// TestRecover: a record that was lost, or put back from a copy, is rebuilt, and
// the rotation ends as it would have.
func TestRecover(t *testing.T) {
	for name, c := range map[string]struct {
		copied, lost accesskey.Phase // copied: empty: the tags are gone
		phase        accesskey.Phase // as rebuilt
	}{
		"gone, both keys in use":      {"", accesskey.Overlap, accesskey.Overlap},
		"gone, the old key rests":     {"", accesskey.Resting, accesskey.Resting},
		"an old copy, while it rests": {accesskey.Overlap, accesskey.Resting, accesskey.Resting},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, nil, func(w *world) {
				w.rotate(30)
				var old map[string]string
				if c.copied != "" {
					w.until(c.copied)
					old = w.ownTags()
				}
				w.until(c.lost)
				w.retag(old)
				if c.copied != "" { // CloudTrail shows what came after
					w.pass(4*time.Hour, time.Hour) // some later than the reaper, who comes every two hours
					if r := w.record(); r.Block == nil || r.Block.Reason != policy.WhyJournalBehind {
						w.t.Fatalf("the copy is not known as one: %s %+v", r.Phase, r.Block)
					}
				}
				found := w.recover()
				if r := w.record(); r.Phase != c.phase || r.Old != oldKey || r.New != w.holds().ID {
					w.t.Fatalf("%s: on record is %s, %s by %s", found.Story, r.Phase, r.Old, r.New)
				}
				w.live(10*24*time.Hour, 2*time.Hour)
				if r := w.record(); r.Phase != accesskey.Done {
					w.t.Errorf("the record ends %s: %+v", r.Phase, r.Block)
				}
				w.oneKeyLeft()
			})
		})
	}
}

// TestRecoverNothing: where all is over, nothing is put on record.
func TestRecoverNothing(t *testing.T) {
	in(t, nil, func(w *world) {
		w.rotate(30)
		w.until(accesskey.Done)
		if _, err := w.function().Lost(w.t.Context(), secretID, w.account, ""); err == nil {
			t.Error("a record that is whole is rebuilt")
		}
		w.retag(nil)
		if found := w.recover(); !found.Over() || w.record().Live() {
			t.Errorf("%s: on record is %+v", found.Story, found.Recovery.Record)
		}
		w.live(40*24*time.Hour, 4*time.Hour) // and the next rotation comes
		w.oneKeyLeft()
		if r := w.record(); r.Phase != accesskey.Done {
			t.Errorf("the next rotation ends %s: %+v", r.Phase, r.Block)
		}
	})
}
