package fakeaws

import (
	"math"
	"time"
)

// bucketKey names a token bucket: AWS has one for each API in each account.
type bucketKey struct{ account, service, action, region string }

type bucket struct {
	tokens float64
	at     time.Time
}

// throttled takes a token for a call and reports whether none was left.
func (a *AWS) throttled(r *request, act action) bool {
	rate, key := a.config.Throttle, bucketKey{r.account.id, r.service.name, r.action, ""}
	burst := 2 * rate
	if act.rate > 0 && !a.config.Hurried && (rate == 0 || act.rate < rate) {
		rate, burst, key.region = act.rate, act.rate, r.region
	}
	if rate <= 0 {
		return false
	}
	return !a.take(key, rate, max(1, burst), r.now)
}

// take draws one token from a bucket that refills at rate tokens a second up to
// burst.
func (a *AWS) take(key bucketKey, rate, burst float64, now time.Time) bool {
	b := a.buckets[key]
	if b == nil {
		b = &bucket{tokens: burst, at: now}
		a.buckets[key] = b
	}
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens = math.Min(burst, b.tokens+passed*rate)
		b.at = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
