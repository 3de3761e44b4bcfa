package notify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/webhook"
)

// ErrRefused is wrapped by errors of messages that would fail again, however
// often they are sent: no such address, no such channel, not allowed.
var ErrRefused = webhook.ErrRefused

// Channel is one way to people or machines.
type Channel interface {
	// Name tells it from the others, the same in every run. It holds no secret.
	Name() string
	// Send delivers a message, perhaps twice where it was called twice. Errors
	// are fit for any log; they wrap ErrRefused where another try is useless.
	Send(ctx context.Context, m notice.Message) error
}

// Addressed is a channel that reaches some people only. What it can't address
// goes to the fallback.
type Addressed interface{ Reaches(to string) bool }

// Topics publishes to SNS.
type Topics interface {
	// Publish sends to a topic, by its ARN. subject is ASCII of at most 100
	// characters. id lets FIFO topics drop repeats.
	Publish(ctx context.Context, topic, subject, message, id string) error
}

// Buses puts events on EventBridge.
type Buses interface {
	// PutEvent puts an event on a bus, by its name or ARN. detail is JSON.
	PutEvent(ctx context.Context, bus, kind, detail string) error
}

// CheckURL is Check for the URLs of channels: mail that goes to each owner names
// no recipient.
func CheckURL(rawURL string) error {
	_, err := Surroundings{}.openURL(Spec{Kind: "to", End: rawURL})
	return err
}

// Spec is one channel as configured.
type Spec struct {
	Kind   string // to, slack, teams, pagerduty, webhook, sns, eventbridge
	End    string // URL, key, ARN or bus; may be a secret
	Secret string // of a webhook: signs what is sent
}

// Surroundings are what channels need of the world.
type Surroundings struct {
	HTTP   *http.Client   // nil: a client of its own
	Roots  *x509.CertPool // whom mail servers' certificates must be of; nil: the system's
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error
	Topics Topics
	Buses  Buses
}

// Open makes channels, without a call to anybody. It finds every one that makes
// no sense.
func Open(specs []Spec, s Surroundings) ([]Channel, error) {
	var channels []Channel
	var errs []error
	names := map[string]int{}
	for _, spec := range specs {
		c, err := s.open(spec)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		names[c.Name()]++
		if n := names[c.Name()]; n > 1 {
			c = numbered{c, n}
		}
		channels = append(channels, c)
	}
	return channels, errors.Join(errs...)
}

func (s Surroundings) open(spec Spec) (Channel, error) {
	switch spec.Kind {
	case "to", "slack", "teams", "pagerduty":
		return s.openURL(spec)
	case "webhook":
		c := hook{s.endpoint(spec.End, spec.Secret)}
		return c, c.Check()
	case "sns":
		return topic{spec.End, s.Topics}, nil
	case "eventbridge":
		return bus{spec.End, s.Buses}, nil
	}
	return nil, fmt.Errorf("channel %q: want to, slack, teams, pagerduty, webhook, sns or eventbridge", spec.Kind)
}

// openURL opens what a URL names. A plain https:// one after slack or teams is
// their own webhook's.
func (s Surroundings) openURL(spec Spec) (Channel, error) {
	where := scheme(spec.End)
	switch {
	case spec.Kind == "to" && (where == "smtp" || where == "smtps"):
		return newMail(spec.End, s)
	case spec.Kind == "slack" && (where == "https" || where == "http"):
		return s.openChat("slack", spec.End, slackBody)
	case spec.Kind == "teams" && (where == "https" || where == "http"):
		return s.openChat("teams", spec.End, teamsBody)
	case spec.Kind == "pagerduty" && where != "pagerduty":
		spec.End = "pagerduty:///" + url.PathEscape(spec.End) + "?severity=warning&source=keytend&client=Keytend"
	}
	return service{spec.End}, Check(spec.End)
}

func (s Surroundings) openChat(kind, at string, body func(notice.Message) any) (Channel, error) {
	c := chat{kind, s.endpoint(at, ""), body}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%s: want the https:// URL of an incoming webhook: %w", kind, ErrRefused)
	}
	return c, nil
}

func (s Surroundings) endpoint(at, secret string) webhook.Endpoint {
	return webhook.Endpoint{URL: at, Secret: secret, Client: s.HTTP, Now: s.Now, Sleep: s.Sleep}
}

// numbered is a channel of whose name there is another.
type numbered struct {
	Channel
	n int
}

// Name implements Channel.
func (c numbered) Name() string { return fmt.Sprintf("%s #%d", c.Channel.Name(), c.n) }

// Reaches implements Addressed.
func (c numbered) Reaches(to string) bool { return reaches(c.Channel, to) }

func reaches(c Channel, to string) bool {
	a, ok := c.(Addressed)
	return !ok || a.Reaches(to)
}

// service is one of shoutrrr's.
type service struct{ url string }

// Name implements Channel.
func (c service) Name() string { return Redact(c.url) }

// Send implements Channel.
func (c service) Send(ctx context.Context, m notice.Message) error {
	return Send(ctx, onceOnly(c.url, m.ID), m.Title, addressed(m))
}

// addressed is the text, for a channel that many read.
func addressed(m notice.Message) string {
	if m.To == "" {
		return m.Text
	}
	return "For " + m.To + "\n\n" + m.Text
}
