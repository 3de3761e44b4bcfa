package policy

import (
	"fmt"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// crowd is an account of n users with one key each: ages spread over 180 days,
// so that about six in ten break a rule.
func crowd(n int) accesskey.Inventory {
	users := make([]accesskey.User, n)
	for i := range users {
		k := aged(time.Duration(i%180) * Day)
		if i%7 == 0 {
			k = with(k, rested(time.Duration(i%90)*Day))
		}
		users[i] = altered(holder(fmt.Sprintf("user-%07d", i), k), func(u *accesskey.User) {
			u.Tags = fact(map[string]string{"Team": "platform"})
		})
	}
	return inventory(users...)
}

func BenchmarkFindings(b *testing.B) {
	for _, n := range []int{5_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			inv, r := crowd(n), DefaultRules()
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				found = len(Findings(inv, r, now))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/key")
			b.ReportMetric(float64(found)/float64(n), "findings/key")
		})
	}
}

func BenchmarkScore(b *testing.B) {
	invs, r := []accesskey.Inventory{crowd(100_000)}, DefaultRules()
	b.ReportAllocs()
	for b.Loop() {
		Score(invs, nil, r, now)
	}
}
