package rotationlambda

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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
	if err != nil {
		w.t.Fatal(err)
	}
	w.tag(tags)
}

// tag has somebody add tags to the secret.
func (w *world) tag(tags map[string]string) {
	w.t.Helper()
	var list []types.Tag
	for key, value := range tags {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	if len(list) == 0 {
		return
	}
	if _, err := w.secrets().TagResource(w.t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String(secretID), Tags: list}); err != nil {
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
	found := w.rebuild(w.hand())
	w.reap()
	return found
}

func (w *world) rebuild(f *Function) Recovery {
	w.t.Helper()
	found, err := f.Lost(w.t.Context(), secretID, "")
	if err == nil {
		err = f.PutBack(w.t.Context(), "ana", found)
	}
	if err != nil {
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
		if _, err := w.hand().Lost(w.t.Context(), secretID, ""); err == nil {
			t.Error("a record that is whole is rebuilt")
		}
		w.retag(nil)
		held, _ := w.value(current)
		w.put(`{"accessKeyId":"AKIAI44QH8DHBEXAMPL3","secretAccessKey":"x"}`)
		if _, err := w.hand().Lost(w.t.Context(), secretID, ""); err == nil || !strings.Contains(err.Error(), "none of the user's") {
			t.Errorf("what the function can't put on record may be ordered: %v", err)
		}
		w.put(held)
		if found := w.recover(); !found.Over() || w.record().Live() {
			t.Errorf("%s: on record is %+v", found.Story, found.Record)
		}
		w.live(40*24*time.Hour, 4*time.Hour) // and the next rotation comes
		w.oneKeyLeft()
		if r := w.record(); r.Phase != accesskey.Done {
			t.Errorf("the next rotation ends %s: %+v", r.Phase, r.Block)
		}
	})
}

// TestRecoverWhileTheFunctionIsSlow: a person has a lost record rebuilt after a step of
// the next rotation found none, and has long left the terminal when the step goes on.
func TestRecoverWhileTheFunctionIsSlow(t *testing.T) {
	var answers int
	in(t, nil, func(w *world) { answers = w.recoverAfter(0) })
	if answers == 0 {
		t.Fatal("the function doesn't read the record")
	}
	for n := 1; n <= answers; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			in(t, nil, func(w *world) {
				w.recoverAfter(n)
				w.reap()
				if r := w.record(); r.Phase != accesskey.Overlap || r.Old != oldKey || r.New != w.holds().ID {
					w.t.Errorf("the record is %s\n%s", stateOf(r), strings.Join(w.fails, "\n"))
				}
			})
		})
	}
}

// recoverAfter is a record that is lost, which a person has rebuilt after the n-th
// answer to the question of the next rotation how the secret stands; 0: nobody does. How
// many there were.
func (w *world) recoverAfter(n int) (answers int) {
	w.t.Helper()
	w.rotate(30)
	w.until(accesskey.Overlap)
	w.retag(nil)
	w.after = func(action string) {
		if action != "secretsmanager.DescribeSecret" {
			return
		}
		if answers++; answers == n {
			w.rebuild(w.hand())
			time.Sleep(time.Minute)
		}
	}
	w.rotate(0)
	w.after = nil
	return answers
}

// TestOrdersBesideARecover: until a record is rebuilt nobody knows what it will be, so
// nothing else can be ordered; and what was ordered of the lost one is refused aloud.
func TestOrdersBesideARecover(t *testing.T) {
	in(t, nil, func(w *world) {
		w.rotate(30)
		w.until(accesskey.Overlap)
		record := w.record().ID
		w.retag(nil)
		w.rebuild(w.hand())
		if _, err := w.hand().Lost(w.t.Context(), secretID, ""); err == nil {
			w.t.Error("it is rebuilt twice")
		}
		if s, err := w.hand().Status(w.t.Context(), secretID); err != nil || !s.Rebuilt || len(s.Orders) != 1 {
			w.t.Errorf("status: %+v, %v", s, err)
		}
		if _, err := w.hand().Give(w.t.Context(), secretID, "bo", Order{record, GoBack}); err == nil {
			w.t.Error("a record that nobody knows yet is rolled back")
		}
		w.reap()
		w.retag(nil)
		late := newOrder(Order{record, GoBack}, "bo", "x", time.Now())
		w.tag(map[string]string{late.tag: late.value()})
		w.log.Reset()
		w.reap()
		if said := w.log.String(); !strings.Contains(said, "an order was refused") || len(w.ownTags()) > 0 {
			w.t.Errorf("tags %v; said %s", w.ownTags(), said)
		}
		second := newOrder(Order{"-", Rebuild}, "cy", "x", time.Now())
		w.rebuild(w.hand())
		w.reap()
		w.tag(map[string]string{second.tag: second.value()})
		w.reap()
		if said := w.log.String(); !strings.Contains(said, "refused: ") || w.record().Phase != accesskey.Overlap {
			w.t.Errorf("the record is %s; said %s", stateOf(w.record()), said)
		}
	})
}
