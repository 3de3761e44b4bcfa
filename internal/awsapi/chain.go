package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/accesskey"
)

// chain is what a session's credentials rest on: a bottom (a key, a sign-in, an
// instance's role) and the roles assumed above it. It watches the SDK put it
// together, bottom first.
type chain struct {
	bottom *bottom
	cache  *aws.CredentialsCache // of the topmost credentials
	// named makes the topmost role's credentials under another session name;
	// nil: no role is assumed, or the configuration fixes the name.
	named func(name string) aws.CredentialsProvider
	// endpoint is what AWS_ENDPOINT_URL says. The SDK reads it only after it has
	// made the clients that assume roles, which would go to the real AWS.
	endpoint *string
}

// roleClient assumes roles at the chain's endpoint, and in DefaultRegion where
// no region is configured, as the session itself is opened.
type roleClient struct {
	*sts.Client
	chain *chain
}

func (c roleClient) at(o *sts.Options) {
	if o.BaseEndpoint == nil {
		o.BaseEndpoint = c.chain.endpoint
	}
	if o.Region == "" {
		o.Region = DefaultRegion
	}
	o.HTTPClient = boundedAnswers(o.HTTPClient)
}

// AssumeRole implements stscreds.AssumeRoleAPIClient.
func (c roleClient) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, options ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	return c.Client.AssumeRole(ctx, in, append(options, c.at)...)
}

// AssumeRoleWithWebIdentity implements stscreds.AssumeRoleWithWebIdentityAPIClient.
func (c roleClient) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, options ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	return c.Client.AssumeRoleWithWebIdentity(ctx, in, append(options, c.at)...)
}

// bottom is the lowest credentials, which can be exchanged.
type bottom struct {
	lock     sync.Mutex
	provider aws.CredentialsProvider
}

// Retrieve implements aws.CredentialsProvider.
func (b *bottom) Retrieve(ctx context.Context) (aws.Credentials, error) {
	b.lock.Lock()
	provider := b.provider
	b.lock.Unlock()
	return provider.Retrieve(ctx)
}

func (b *bottom) set(provider aws.CredentialsProvider) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.provider = provider
}

// watch are the load options by which the SDK shows each role it assumes.
func (c *chain) watch() []func(*config.LoadOptions) error {
	return []func(*config.LoadOptions) error{
		config.WithAssumeRoleCredentialOptions(c.assumed),
		config.WithWebIdentityRoleCredentialOptions(c.webIdentity),
	}
}

// assumed takes one role, and puts the bottom under the lowest.
func (c *chain) assumed(o *stscreds.AssumeRoleOptions) {
	client, ok := o.Client.(*sts.Client)
	if !ok {
		return // the SDK tries the options out before it uses them
	}
	if c.bottom == nil {
		under := client.Options()
		c.bottom = &bottom{provider: under.Credentials}
		client = sts.New(under, func(o *sts.Options) { o.Credentials = c.bottom })
	}
	o.Client = roleClient{client, c}
	c.named = nil
	if taken := *o; o.RoleSessionName == "" {
		c.named = func(name string) aws.CredentialsProvider {
			return stscreds.NewAssumeRoleProvider(taken.Client, taken.RoleARN, func(o *stscreds.AssumeRoleOptions) {
				*o = taken
				o.RoleSessionName = name
			})
		}
	}
}

func (c *chain) webIdentity(o *stscreds.WebIdentityRoleOptions) {
	client, ok := o.Client.(*sts.Client)
	if !ok {
		return // as above
	}
	o.Client = roleClient{client, c}
	c.named = nil
	if taken := *o; o.RoleSessionName == "" {
		c.named = func(name string) aws.CredentialsProvider {
			return stscreds.NewWebIdentityRoleProvider(taken.Client, taken.RoleARN, taken.TokenRetriever, func(o *stscreds.WebIdentityRoleOptions) {
				*o = taken
				o.RoleSessionName = name
			})
		}
	}
}

// close takes the topmost credentials, which are the bottom where no role was
// seen, and returns what to sign with.
func (c *chain) close(top aws.CredentialsProvider, endpoint *string) aws.CredentialsProvider {
	c.endpoint = endpoint
	if c.bottom == nil {
		c.bottom = &bottom{provider: top}
		top = c.bottom
	}
	c.cache = aws.NewCredentialsCache(top)
	return c.cache
}

// keyless are the SDK's names for credentials that no long-lived key is under.
var keyless = map[string]bool{
	ssocreds.ProviderName:            true,
	logincreds.ProviderName:          true,
	ec2rolecreds.ProviderName:        true,
	endpointcreds.ProviderName:       true,
	stscreds.WebIdentityProviderName: true,
}

// ErrUntold is what BaseKey's errors match where credentials are there, but not
// what they were made from.
var ErrUntold = errors.New("does not tell which key it was made from")

// BaseKey returns the long-lived key that the session's credentials rest on,
// also beneath assumed roles; empty where there is none (Identity Center, web
// identity, instance and container roles). Temporary credentials that came from
// outside (environment, files, a program) don't tell what they were made from:
// that is an error.
func (s *Session) BaseKey(ctx context.Context) (accesskey.ID, error) {
	const call = "find the key that signs"
	key, err := s.chain.bottom.Retrieve(ctx)
	if err != nil {
		return "", s.fail(call, err)
	}
	id := accesskey.ID(key.AccessKeyID)
	switch {
	case !id.Temporary() && id != "":
		return id, nil
	case keyless[key.Source] && (key.Source != endpointcreds.ProviderName || !s.localEndpoint()):
		return "", nil
	}
	source, _, _ := strings.Cut(key.Source, ":")
	return "", s.fail(call, fmt.Errorf("temporary key %s (%s) %w", id, source, ErrUntold))
}

// BaseSecret returns the secret of the long-lived key that the session's
// credentials rest on, where that is the key asked for; false: it isn't, or can't be told.
func (s *Session) BaseSecret(ctx context.Context, id accesskey.ID) (accesskey.Secret, bool) {
	key, err := s.chain.bottom.Retrieve(ctx)
	if err != nil || key.AccessKeyID != string(id) || key.SessionToken != "" {
		return accesskey.Secret{}, false
	}
	return accesskey.NewSecret(key.SecretAccessKey), true
}

// localEndpoint reports whether container credentials come from a program of
// this computer, which may hold a long-lived key.
func (s *Session) localEndpoint() bool {
	for _, source := range s.config.ConfigSources {
		env, ok := source.(config.EnvConfig)
		if !ok || env.ContainerCredentialsRelativePath != "" {
			continue
		}
		at, err := url.Parse(env.ContainerCredentialsEndpoint)
		if err != nil {
			return true
		}
		ip := net.ParseIP(at.Hostname())
		return at.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	}
	return false
}

// UseKey puts another key at the bottom of the session's credentials: from now
// on it signs, or assumes the role that signs. The session forgets who it is.
func (s *Session) UseKey(id accesskey.ID, secret accesskey.Secret) error {
	if id == "" || id.Temporary() || secret.Empty() {
		return s.fail("use another key", errors.New("not a long-lived key with its secret"))
	}
	s.chain.bottom.set(credentials.NewStaticCredentialsProvider(string(id), secret.Reveal(), ""))
	s.chain.cache.Invalidate()
	s.identityLock.Lock()
	defer s.identityLock.Unlock()
	s.identity = Identity{}
	return nil
}

// Named returns a session like this one whose role session has another name, of
// at most 64 letters, digits and _+=,.@-; and whether there is one. There is
// none where no role is assumed or the configuration fixes its session's name.
func (s *Session) Named(name string) (*Session, bool) {
	if s.chain.named == nil {
		return s, false
	}
	cfg := s.config.Copy()
	cache := aws.NewCredentialsCache(s.chain.named(name))
	cfg.Credentials = cache
	named := &Session{
		profile: s.profile, defaulted: s.defaulted, clock: s.clock, retryers: s.retryers, pace: s.pace,
		chain: &chain{bottom: s.chain.bottom, cache: cache},
	}
	named.connect(cfg)
	return named, true
}
