package rotationlambda

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// TestNoSecretIsAlwaysLast: where one run has time for a few secrets alone, each
// has its turn, whatever the schedule and however many there are.
func TestNoSecretIsAlwaysLast(t *testing.T) {
	const atOnce = 4
	for _, n := range []int{4, 24, 36, 100} {
		for _, every := range []time.Duration{time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour} {
			seen := make([]bool, n)
			now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
			for range 12 * n / atOnce {
				for i := range atOnce {
					seen[(firstOf(n, now)+i)%n] = true
				}
				now = now.Add(every)
			}
			for i, was := range seen {
				if !was {
					t.Errorf("of %d secrets, looked at every %s, number %d never has its turn", n, every, i)
				}
			}
		}
	}
}

// TestALateWriteOfTheState: a write of tags that got lost comes late. Its record is
// older than what stands there and counts for nothing; its line for people came over
// the newer one, and somebody who waits for a block to answer would wait for ever.
func TestALateWriteOfTheState(t *testing.T) {
	const late = "rotation of A: overlap since 2026-11-24T18:00:00Z"
	in(t, nil, func(w *world) {
		w.rotate(60)
		for _, phase := range []string{"under way", "ended"} {
			if _, err := w.secrets().TagResource(w.t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String(secretID),
				Tags: []types.Tag{{Key: aws.String(stateTag), Value: aws.String(late)}}}); err != nil {
				t.Fatal(err)
			}
			w.pass(2*time.Hour+time.Minute, 2*time.Hour)
			if got, want := w.ownTags()[stateTag], stateOf(w.record()); got != want {
				t.Errorf("%s: the tag says %q, the record %q", phase, got, want)
			}
			w.live(10*day, 2*time.Hour)
		}
	})
}
