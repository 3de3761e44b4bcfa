package config

import (
	"fmt"
	"testing"

	"github.com/keytend/keytend/internal/accesskey"
)

// BenchmarkRuling asks about a million keys of half as many users: "ns/key" ×
// 1,000,000 is to be about a second.
func BenchmarkRuling(b *testing.B) {
	for name, p := range map[string]*Policy{"full": full(b), "default": Default()} {
		b.Run(name, func(b *testing.B) {
			users := make([]accesskey.User, 10_000)
			for i := range users {
				users[i], _ = holder(fmt.Sprintf("user-%07d", i), "/ci/", map[string]string{"team": "billing"})
			}
			_, key := holder("ana", "/", nil)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := p.Ruling(&example, &users[i/2%len(users)], &key, noon); err != nil {
					b.Fatal(err)
				}
				i++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/key")
		})
	}
}
