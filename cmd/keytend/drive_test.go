package main

import (
	"context"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

type hostClock struct{}

func (hostClock) Now() time.Time { return time.Now() }
func (hostClock) Skew(context.Context) accesskey.Fact[time.Duration] {
	return accesskey.Unread[time.Duration]("not asked")
}

// TestACommandLeaves: what is waited for by turns is not waited for for ever.
func TestACommandLeaves(t *testing.T) {
	waits := []accesskey.Reason{policy.WhyNotAllowed, policy.WhyStaleLook}
	a := testApp()
	a.sleep = func(context.Context, time.Duration) error { return nil }
	d := &drive{app: a, rotator: &rotation.Rotator{Clock: hostClock{}}, left: time.Hour}
	for n := range 20 {
		step := policy.Step{Kind: policy.Wait, Reason: waits[n%2], NotBefore: time.Now()}
		on, err := d.rest(t.Context(), rotation.Result{Step: step})
		if err != nil {
			t.Fatal(err)
		}
		if !on {
			if n != len(waits)*againAtMost {
				t.Errorf("left after %d waits", n)
			}
			return
		}
	}
	t.Error("still there after 20 waits")
}

// TestACommandStays: a moment that is known comes, though it was looked at too
// early.
func TestACommandStays(t *testing.T) {
	a := testApp()
	a.sleep = func(context.Context, time.Duration) error { return nil }
	d := &drive{app: a, rotator: &rotation.Rotator{Clock: hostClock{}}, left: time.Hour}
	step := policy.Step{Kind: policy.Wait, Reason: policy.WhySpacing, NotBefore: time.Now().Add(time.Second)}
	for n := range 10 {
		if on, err := d.rest(t.Context(), rotation.Result{Step: step}); err != nil || !on {
			t.Fatalf("left after %d waits, %v", n, err)
		}
	}
}
