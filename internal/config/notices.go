package config

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/policy"
)

// Kind says which way a channel is, and the text that names its end.
func (c Channel) Kind() (kind string, end Reference) {
	for _, w := range c.ways() {
		if w.end != "" {
			return w.kind, w.end
		}
	}
	return "", ""
}

// way is one way to tell.
type way struct {
	kind   string
	end    Reference
	secret bool // what stands there is a secret as a whole
}

func (c Channel) ways() []way {
	return []way{
		{"to", c.To, false}, {"slack", c.Slack, true}, {"teams", c.Teams, true}, {"pagerduty", c.PagerDuty, true},
		{"webhook", c.Webhook, false}, {"sns", Reference(c.SNS), false}, {"eventbridge", Reference(c.EventBridge), false},
	}
}

func (c *Channel) placedAt(p Place)   { c.place = p }
func (e *Exemption) placedAt(p Place) { e.place = p }

// Place is where the channel was written.
func (c Channel) Place() Place { return c.place }

func defaultNotices() Notices {
	return Notices{Ladder: []Duration{Duration(14 * policy.Day), Duration(7 * policy.Day), 0}}
}

func (g *Gate) preset() {
	g.Before, g.Timeout = []Change{"create", "deactivate", "delete"}, Duration(10*time.Second)
}

func (v *validator) notices() {
	for i, c := range v.policy.Notices.Channels {
		v.channel(c, fmt.Sprintf("notices.channels[%d]", i))
	}
	ladder := v.policy.Notices.Ladder
	for i := 1; i < len(ladder) && !v.bad["notices.ladder"]; i++ {
		if ladder[i] >= ladder[i-1] {
			v.wrong(v.at(fmt.Sprintf("notices.ladder[%d]", i)), "ladder: %s comes after %s; want the longest time before the due time first", ladder[i], ladder[i-1])
		}
	}
}

func (v *validator) channel(c Channel, path string) {
	var given []string
	for _, w := range c.ways() {
		if w.end == "" {
			continue
		}
		given = append(given, w.kind)
		if w.secret && !w.end.Indirect() {
			v.wrong(v.at(path+"."+w.kind), "%s: it is a secret; write env:NAME or file:PATH", w.kind)
		}
	}
	if len(given) != 1 && !v.bad[path] {
		v.wrong(v.at(path), "channel: want one of to, slack, teams, pagerduty, webhook, sns and eventbridge%s", have(given))
	}
	if c.Secret != "" && c.Webhook == "" && len(given) > 0 {
		v.wrong(v.at(path+".secret"), "secret goes with webhook")
	}
	v.secret(c.Secret, path+".secret")
	v.to(c.To, path+".to")
	v.web(c.Webhook, path+".webhook")
	if c.SNS != "" && !strings.HasPrefix(c.SNS, "arn:") {
		v.wrong(v.at(path+".sns"), "sns: want the ARN of a topic, such as arn:aws:sns:eu-central-1:123456789012:keytend")
	}
}

func have(given []string) string {
	if len(given) == 0 {
		return ""
	}
	return ", not " + strings.Join(given, " and ")
}

func (v *validator) secret(r Reference, path string) {
	if r != "" && !r.Indirect() {
		v.wrong(v.at(path), "secret: write env:NAME or file:PATH, never the secret itself")
	}
}

// openServices are those whose URL may hold no secret.
var openServices = []string{"smtp", "generic", "generic+http", "generic+https", "ntfy", "mqtt"}

// to refuses URLs with a secret in them. The URL itself is never repeated.
func (v *validator) to(r Reference, path string) {
	if r == "" || r.Indirect() {
		return
	}
	u, err := url.Parse(string(r))
	if err != nil || u.Scheme == "" {
		v.wrong(v.at(path), "to: want a URL, such as smtp://mail.example.com:587/?from=keytend@example.com, or env:NAME")
		return
	}
	if _, password := u.User.Password(); password || !contains(openServices, u.Scheme) || u.Query().Has("token") {
		v.wrong(v.at(path), "to: a %s URL with a password or token in it is a secret; write env:NAME or file:PATH", u.Scheme)
		return
	}
	if v.checks.Channel == nil {
		return
	}
	if err := v.checks.Channel(string(r)); err != nil {
		v.wrong(v.at(path), "to: %v", err)
	}
}

func (v *validator) web(r Reference, path string) {
	if r == "" || r.Indirect() {
		return
	}
	u, err := url.Parse(string(r))
	local := err == nil && u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && !local:
		v.wrong(v.at(path), "%s: want an https:// URL, or env:NAME", last(path))
	case u.User != nil:
		v.wrong(v.at(path), "%s: a URL with a user and password in it is a secret; write env:NAME or file:PATH", last(path))
	}
}

func (v *validator) gate() {
	g := v.policy.Gate
	if g == nil {
		return
	}
	v.web(g.URL, "gate.url")
	v.secret(g.Secret, "gate.secret")
	if g.Timeout <= 0 && !v.bad["gate.timeout"] {
		v.wrong(v.at("gate.timeout"), "timeout: want more than 0s")
	}
	if len(g.Before) == 0 {
		v.warn(v.at("gate.before"), "gate: it is asked before nothing")
	}
}
