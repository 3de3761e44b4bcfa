package awsapi

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

const (
	// defaultAttempts is how often a call is tried where neither
	// AWS_MAX_ATTEMPTS nor the profile says: throttles of busy accounts last
	// for seconds.
	defaultAttempts = 8

	// retryBudget is how many retry tokens an account has (a retry takes 5 and
	// gives them back on success), so that a broken account fails soon.
	retryBudget = 2000
)

// retryers are an account's adaptive retryers: one rate for each API, since AWS
// limits each on its own, but one budget of retries for all of them.
type retryers struct {
	attempts int
	budget   *ratelimit.TokenRateLimit

	lock  sync.Mutex
	byAPI map[string]*retry.AdaptiveMode
}

func newRetryers(attempts int) *retryers {
	if attempts <= 0 {
		attempts = defaultAttempts
	}
	return &retryers{attempts: attempts, budget: ratelimit.NewTokenRateLimit(retryBudget), byAPI: make(map[string]*retry.AdaptiveMode)}
}

func (r *retryers) of(api string) aws.RetryerV2 {
	r.lock.Lock()
	defer r.lock.Unlock()
	retryer, ok := r.byAPI[api]
	if !ok {
		retryer = retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
				o.MaxAttempts = r.attempts
				o.RateLimiter = r.budget
			})
		})
		r.byAPI[api] = retryer
	}
	return retryer
}

// iamAPI gives one IAM call the retryer of its API.
func (s *Session) iamAPI(name string) func(*iam.Options) {
	retryer := s.retryers.of("iam:" + name)
	return func(o *iam.Options) { o.Retryer = retryer }
}
