package rotationlambda

import (
	"testing"
	"time"
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
