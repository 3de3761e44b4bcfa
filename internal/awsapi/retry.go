package awsapi

import (
	"context"
	"sync"
	"time"

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

	// failingAttempts is the same for calls that AWS, or something before it,
	// keeps failing: people wait for the answer.
	failingAttempts = 4

	// retryBudget is how many retry tokens an account has (a retry takes 5 and
	// gives them back on success), so that a broken account fails soon.
	retryBudget = 2000
)

// retryers are an account's adaptive retryers: one rate for each API, since AWS
// limits each on its own, but one budget of retries for all of them.
type retryers struct {
	attempts int
	failing  int           // at most so many where AWS fails
	pause    time.Duration // at most between two tries; 0: the SDK's
	budget   *ratelimit.TokenRateLimit

	lock  sync.Mutex
	byAPI map[string]*pacedRetryer
}

func newRetryers(attempts int, pause time.Duration) *retryers {
	failing := attempts
	if attempts <= 0 {
		attempts, failing = defaultAttempts, failingAttempts
	}
	return &retryers{attempts: attempts, failing: failing, pause: pause, budget: ratelimit.NewTokenRateLimit(retryBudget), byAPI: make(map[string]*pacedRetryer)}
}

func (r *retryers) of(api string) aws.RetryerV2 {
	r.lock.Lock()
	defer r.lock.Unlock()
	retryer, ok := r.byAPI[api]
	if !ok {
		retryer = r.paced()
		r.byAPI[api] = retryer
	}
	return retryer
}

// iamAPI gives one IAM call the retryer of its API.
func (s *Session) iamAPI(name string) func(*iam.Options) {
	retryer := s.retryers.of("iam:" + name)
	return func(o *iam.Options) { o.Retryer = retryer }
}

// pace is how often the one call whose turn it is looks for its token.
const pace = 5 * time.Millisecond

// pacedRetryer is the SDK's adaptive retryer, whose calls wait for their turn
// in a row. Left alone, every waiting call looks for a token by itself, as
// often as the missing fraction of one is short: with rounding, at no interval
// at all.
type pacedRetryer struct {
	*retry.AdaptiveMode
	turn    chan struct{}
	failing int
	hurried bool // nothing is waited for, nor is the rate that a throttle teaches
}

func (r *retryers) paced() *pacedRetryer {
	adaptive := retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.FailOnNoAttemptTokens = true
		o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
			o.MaxAttempts = r.attempts
			o.RateLimiter = r.budget
			if r.pause > 0 {
				o.MaxBackoff = r.pause
			}
		})
	})
	return &pacedRetryer{adaptive, make(chan struct{}, 1), r.failing, r.pause > 0}
}

// GetAttemptToken waits for the rate that AWS was found to bear.
func (p *pacedRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if p.hurried {
		return func(error) error { return nil }, nil
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.turn }()
	for {
		release, err := p.AdaptiveMode.GetAttemptToken(ctx)
		if err == nil {
			return release, nil // an error is only the lack of a token
		}
		select {
		case <-time.After(pace):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
