package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/gate"
	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/notify"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/webhook"
)

// beside reads a file that a policy file names: relative to the policy's folder.
func beside(policyFile string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) { return os.ReadFile(config.Beside(filepath.Dir(policyFile), path)) }
}

// channels are those of the policy. It makes no call to any.
func (a *app) channels(ctx context.Context, p *config.Policy) ([]notify.Channel, error) {
	specs, needsAWS, err := a.specs(p)
	if err != nil {
		return nil, err
	}
	s := notify.Surroundings{Now: a.now, Sleep: a.sleep, HTTP: a.client}
	if needsAWS {
		session, err := a.open(ctx)
		if err != nil {
			return nil, err
		}
		s.Topics, s.Buses = session, session
	}
	channels, err := notify.Open(specs, s)
	if err != nil {
		return nil, hinted{fmt.Errorf("open channels: %w", err), "see notices.channels in " + p.File()}
	}
	return channels, nil
}

// specs resolves what the policy refers to; nothing of it is ever printed.
func (a *app) specs(p *config.Policy) (specs []notify.Spec, needsAWS bool, err error) {
	var errs []error
	resolve := func(r config.Reference, c config.Channel) string {
		text, err := r.Resolve(a.lookupEnv, beside(p.File()))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: channel: %w", c.Place(), err))
		}
		return text
	}
	for _, c := range p.Notices.Channels {
		kind, end := c.Kind()
		needsAWS = needsAWS || kind == "sns" || kind == "eventbridge"
		specs = append(specs, notify.Spec{Kind: kind, End: resolve(end, c), Secret: resolve(c.Secret, c)})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, false, hinted{err, "set the variable, or write the file, that the policy names"}
	}
	return specs, needsAWS, nil
}

// templates are the policy's own where it names a folder.
func templates(p *config.Policy) (notify.Templates, error) {
	if p.Notices.Templates == "" {
		return notify.DefaultTemplates(), nil
	}
	folder := config.Beside(filepath.Dir(p.File()), p.Notices.Templates)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return notify.Templates{}, hinted{fmt.Errorf("templates %s: no such folder", folder), "notices.templates wants a folder with title.txt, digest.txt and digest.html, each of which may be left out"}
	}
	t, err := notify.ParseTemplates(os.DirFS(folder))
	if err != nil {
		return t, hinted{fmt.Errorf("templates %s: %w", folder, err), "nothing was sent"}
	}
	return t, nil
}

func ladder(p *config.Policy) notice.Ladder {
	l := notice.Ladder{}
	for _, d := range p.Notices.Ladder {
		l = append(l, time.Duration(d))
	}
	return l
}

// asker is the policy's gate; nil: there is none. One that makes no sense allows
// nothing.
func (a *app) asker(p *config.Policy) rotation.Asker {
	if p == nil || p.Gate == nil {
		return nil
	}
	url, urlErr := p.Gate.URL.Resolve(a.lookupEnv, beside(p.File()))
	secret, secretErr := p.Gate.Secret.Resolve(a.lookupEnv, beside(p.File()))
	g := gate.Gate{Endpoint: webhook.Endpoint{URL: url, Secret: secret, Now: a.now}, Timeout: time.Duration(p.Gate.Timeout)}
	for _, change := range p.Gate.Before {
		g.Before = append(g.Before, policy.Kind(change))
	}
	if len(g.Before) == 0 {
		return nil
	}
	if err := errors.Join(urlErr, secretErr); err != nil {
		return closedGate{fmt.Errorf("gate: %w", err)}
	}
	if err := g.Check(); err != nil {
		return closedGate{err}
	}
	return g
}

// askerInForce is the gate of the policy file in force, for commands that follow
// none. A file that can't be read allows nothing that a gate would be asked
// about.
func (a *app) askerInForce() rotation.Asker {
	p, err := a.loadPolicy(&policyFlag{})
	if err != nil {
		return closedGate{fmt.Errorf("the policy, which may name a gate, can't be read: %w", err)}
	}
	return a.asker(p)
}

// closedGate allows nothing.
type closedGate struct{ err error }

// Ask implements rotation.Asker.
func (g closedGate) Ask(context.Context, accesskey.Record, policy.Step) (policy.Answer, error) {
	return policy.Answer{}, g.err
}

var (
	_ notify.Topics = (*awsapi.Session)(nil)
	_ notify.Buses  = (*awsapi.Session)(nil)
)
