// Package awsapi is the only room that talks to AWS. It opens sessions exactly
// as the SDK's users expect (profiles, SSO, environment, endpoints), keeps to
// the account's rate, knows AWS's clock, and turns AWS's errors into classes
// with a hint. It decides nothing, and neither its errors nor its log ever
// show a secret or a body.
package awsapi

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// DefaultRegion is used where neither flag, environment nor profile names one.
// IAM is global, but its endpoint and partition follow from a region.
const DefaultRegion = "us-east-1"

// Options say how to open a session. The zero value is what the SDK would do.
type Options struct {
	Profile string // of ~/.aws/config; empty: AWS_PROFILE or default
	Region  string // empty: AWS_REGION, the profile's, else DefaultRegion

	// HTTPClient makes the session's calls; nil: the SDK's own, which honours
	// proxies and AWS_CA_BUNDLE. Credentials that must be fetched (SSO, an
	// assumed role) are always fetched with the SDK's own.
	HTTPClient *http.Client

	InFlight int // requests under way at once, of this session and of those it opens by Assume; 0: no bound

	AppID string       // "keytend/1.2.3", shown in the user agent and so in CloudTrail; empty: the SDK's AWS_SDK_UA_APP_ID
	Log   *slog.Logger // every call at debug level, never a body; nil: silent

	// Unpaced asks CloudTrail as often as there is something to ask, and expects
	// a clock that isn't the host's. Only a simulated AWS bears and has that.
	Unpaced bool

	// RetryPause is the longest pause between two tries of a call, and then no rate is
	// kept to after a throttle; 0: the SDK's 20 seconds, and its rate. A simulated AWS
	// whose clock is moved need not be waited for.
	RetryPause time.Duration
}

// Session is access to one account. It is safe for concurrent use.
type Session struct {
	profile   string
	defaulted bool // no region was configured
	config    aws.Config
	iam       *iam.Client
	sts       *sts.Client
	retryers  *retryers
	clock     *clock
	chain     *chain // that config's credentials are of; set by whoever made the session
	pace      *lookupPace
	duties    *duties    // nil: it does everything itself
	signer    *v4.Signer // of what no SDK client signs; it remembers what it derived from each key

	buckets sync.Map // name → the region that S3 sent us to

	identityLock sync.Mutex
	identity     Identity // zero until it was read
}

// Open resolves configuration and credentials as the SDK does and makes no
// call to AWS. Errors are *Error with the call "open".
func Open(ctx context.Context, o Options) (*Session, error) {
	credentials := &chain{}
	cfg, err := config.LoadDefaultConfig(ctx, append(loadOptions(o), credentials.watch()...)...)
	if err != nil {
		return nil, newError("open session", o.Profile, err)
	}
	if o.HTTPClient != nil {
		cfg.HTTPClient = o.HTTPClient // not among loadOptions: with one, the SDK refuses AWS_CA_BUNDLE
	}
	cfg.Credentials = credentials.close(cfg.Credentials, cfg.BaseEndpoint)
	s := newSession(ctx, cfg, o)
	s.chain = credentials
	return s, nil
}

func (o Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// newSession makes the clients of a configuration.
func newSession(ctx context.Context, cfg aws.Config, o Options) *Session {
	log := o.log()
	s := &Session{profile: o.Profile, clock: &clock{log: log, warned: o.Unpaced}, retryers: newRetryers(cfg.RetryMaxAttempts, o.RetryPause)}
	if cfg.Region == "" {
		cfg.Region, s.defaulted = DefaultRegion, true
		log.InfoContext(ctx, "no region is configured; using "+DefaultRegion)
	}
	cfg.RetryMaxAttempts = 0 // the retryers know it
	cfg.APIOptions = append(cfg.APIOptions, logCalls(log), readDates(s.clock))
	cfg.HTTPClient = boundedAnswers(narrowed(cfg.HTTPClient, o.InFlight))
	s.pace = newLookupPace(o.Unpaced)
	s.connect(cfg)
	return s
}

// sibling is a session with other credentials, of another account.
func (s *Session) sibling(cfg aws.Config) *Session {
	other := &Session{
		profile: s.profile, defaulted: s.defaulted, clock: s.clock,
		retryers: newRetryers(s.retryers.attempts, s.retryers.pause), pace: s.pace.another(),
	}
	other.connect(cfg)
	return other
}

// connect makes the session's clients.
func (s *Session) connect(cfg aws.Config) {
	cfg.Retryer = func() aws.Retryer { return s.retryers.of("") }
	s.config = cfg
	s.signer = v4.NewSigner()
	s.iam = iam.NewFromConfig(cfg)
	s.sts = sts.NewFromConfig(cfg)
}

func loadOptions(o Options) []func(*config.LoadOptions) error {
	options := []func(*config.LoadOptions) error{config.WithLogger(sdkLog{o.log()})}
	if o.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		options = append(options, config.WithRegion(o.Region))
	}
	if o.AppID != "" {
		options = append(options, config.WithAppID(o.AppID))
	}
	return append(options, config.WithHTTPClient(pooledClient()))
}

// pooledClient is the SDK's client with as many kept connections as calls are
// made at once: with its ten, most look-ups would open a new one.
func pooledClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = 64
	}).WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout })
}

// Region returns the region in use, and whether it is only DefaultRegion
// because none was configured.
func (s *Session) Region() (region string, defaulted bool) { return s.config.Region, s.defaulted }

// Now returns AWS's time (UTC): the host's clock set right by the Date headers
// seen so far. Before the first answer it is the host's clock.
func (s *Session) Now() time.Time { return s.clock.now() }

// At returns what AWS's clock showed (UTC) at a moment of the host's. It may be
// asked later, when an answer has told how far the clocks are apart.
func (s *Session) At(moment time.Time) time.Time { return s.Now().Add(-time.Since(moment)) }

// SkewAt is Skew with the moment of the latest answer that told, by AWS's clock
// (UTC); zero: none.
func (s *Session) SkewAt() (time.Duration, time.Time) {
	skew, known := s.clock.skew()
	if !known {
		return 0, time.Time{}
	}
	return skew, s.At(s.clock.latest())
}

// AskTime has AWS tell its time, whatever else it answers.
func (s *Session) AskTime(ctx context.Context) error {
	asked := time.Now()
	_, err := s.callerIdentity(ctx)
	if !s.clock.latest().Before(asked) {
		return nil
	}
	return err
}

// Skew returns how far AWS's clock is ahead of the host's, to the second, and
// whether any answer told.
func (s *Session) Skew() (time.Duration, bool) { return s.clock.skew() }

// fail turns an error of the SDK into one of ours; nil stays nil.
func (s *Session) fail(call string, err error) error {
	if err == nil {
		return nil
	}
	failed := newError(call, s.profile, err)
	failed.Guessed = s.defaulted
	return failed
}

// String names the session without any credential.
func (s *Session) String() string {
	return fmt.Sprintf("session of profile %q in %s", s.profile, s.config.Region)
}
