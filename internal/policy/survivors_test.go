package policy

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestProved: a run of successes counts once it is long enough in number and in
// time, and a failure begins it anew.
func TestProved(t *testing.T) {
	terms := accesskey.DefaultTerms() // 3 over 10 s
	tests := []struct {
		name   string
		rounds []int // seconds; negative: failed then
		passed bool
	}{
		{"three over ten seconds", []int{0, 5, 10}, true},
		{"two over ten seconds", []int{0, 10}, false},
		{"three within nine seconds", []int{0, 4, 9}, false},
		{"four, of which the last makes it ten", []int{0, 4, 9, 10}, true},
		{"a failure in between", []int{0, -5, 10}, false},
		{"… begins anew", []int{0, -5, 10, 15, 19}, false},
		{"… and is made up for", []int{0, -5, 10, 15, 20}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var p accesskey.Proof
			for _, s := range test.rounds {
				at := noon.Add(time.Duration(max(s, -s)) * time.Second)
				p = Proved(p, terms, s >= 0, at)
				if !p.Tried.Equal(at) {
					t.Errorf("tried %s, want %s", p.Tried, at)
				}
			}
			if !p.Passed.IsZero() != test.passed {
				t.Errorf("passed %s", p.Passed)
			}
		})
	}
}

// TestOwnKeyMakesNoRoom: a rested key that our own requests are signed with is
// not deleted for the new one.
func TestOwnKeyMakesNoRoom(t *testing.T) {
	in := freshClaim()
	other(&in, accesskey.Inactive, time.Time{}, noon.AddDate(0, 0, -30))
	if step := Decide(in, noon); step.Kind != Delete || step.Key != third {
		t.Fatalf("%s of %s: %s", step.Kind, step.Key, step.Reason)
	}
	in.BaseKey = accesskey.Observed(third, noon, "sts")
	if step := Decide(in, noon); step.Kind != Wait || step.Reason != WhyInUseByUs {
		t.Errorf("%s of %s: %s", step.Kind, step.Key, step.Reason)
	}
}

// TestNewKeyLostWhileTheOldIsNotOurs: the new key is gone, and the old one was
// switched off by somebody else: that is theirs to take back.
func TestNewKeyLostWhileTheOldIsNotOurs(t *testing.T) {
	lost := func(exit accesskey.Exit) Step {
		in := restOver()
		in.Record.OldExit, in.Record.Watch.NewGone = exit, noon.Add(-time.Hour)
		in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Inactive, noon.AddDate(0, 0, -20)))
		return Decide(in, noon)
	}
	off := noon.AddDate(0, 0, -8)
	if step := lost(accesskey.Exit{Theirs: off, Ordered: true}); step.Kind != Block || step.Reason != WhyNewGone {
		t.Errorf("theirs: %s: %s", step.Kind, step.Reason)
	}
	if step := lost(accesskey.Exit{Deactivated: off}); step.Kind != RollBack {
		t.Errorf("ours: %s: %s", step.Kind, step.Reason)
	}
}
