package config

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"

	"github.com/goccy/go-yaml/ast"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// layer is an override as it was written: it can be laid over any settings.
type layer struct {
	file  string
	node  ast.Node
	place Place
}

func (o *Override) decode(d *decoder, n ast.Node, path string) {
	d.kind(n, reflect.ValueOf(o).Elem(), path)
	o.layer = layer{d.file, n, d.placeOf(n)}
}

// over returns the settings with the layer's own laid over them, and where
// those were written.
func (l layer) over(s Settings) (Settings, places) {
	o := Override{Settings: s}
	d := &decoder{file: l.file, where: places{}, bad: map[string]bool{}}
	d.kind(l.node, reflect.ValueOf(&o).Elem(), "")
	return o.Settings, d.where
}

// combined are the settings under some overrides, made ready for use.
type combined struct {
	Settings
	where     places
	ruling    policy.Ruling // all that doesn't depend on the user
	templates []template
	err       error // the overrides don't go together
}

// combinations keeps the settings of each set of overrides that was met.
type combinations struct {
	mu   sync.RWMutex
	seen map[string]*combined
}

// combine returns the settings where these overrides, by index, hold.
func (p *Policy) combine(held []byte) *combined {
	p.combos.mu.RLock()
	c := p.combos.seen[string(held)]
	p.combos.mu.RUnlock()
	if c != nil {
		return c
	}
	c = p.laid(held)
	p.combos.mu.Lock()
	defer p.combos.mu.Unlock()
	if p.combos.seen == nil {
		p.combos.seen = map[string]*combined{}
	}
	p.combos.seen[string(held)] = c
	return c
}

func (p *Policy) laid(held []byte) *combined {
	c := &combined{Settings: p.Settings, where: maps.Clone(p.where)}
	var lines []string
	for i, holds := range held {
		if holds == 0 {
			continue
		}
		var where places
		c.Settings, where = p.Overrides[i].layer.over(c.Settings)
		for path, place := range where {
			c.where[path] = place
		}
		lines = append(lines, p.Overrides[i].layer.place.line())
	}
	c.ruling = c.Settings.ruling()
	c.ruling.Rules.OwnerTags = p.Owners.tags()
	for _, text := range c.Destinations {
		c.templates = append(c.templates, parseTemplate(text))
	}
	if err := c.fits(); err != nil && len(lines) > 0 {
		c.err = fmt.Errorf("the overrides of %s don't go together: %w", strings.Join(lines, " and "), err)
	}
	return c
}

// ruling is what the settings say to everybody.
func (s Settings) ruling() policy.Ruling {
	rules := policy.DefaultRules()
	rules.MaxAge, rules.Warn, rules.Unused = s.Rules.MaxAge.span(), s.Rules.Warn.span(), s.Rules.ReportUnused.span()
	r := policy.Ruling{
		Mode: policy.Mode(s.Mode), Rules: rules,
		Rotate: s.Rules.Rotate, Terms: s.terms(), Margin: s.Times.Margin.span(), Spread: s.Times.Spread.span(),
		Disable: s.Rules.DisableUnused.span(), NeverUsed: s.Rules.NeverUsed == "disable", Retire: s.retirement(),
		Inactive: s.Rules.DeleteInactive.span(), Deciders: s.Approvers,
	}
	for _, w := range s.Windows {
		r.Windows = append(r.Windows, w.weekly())
	}
	for _, f := range s.Freezes {
		r.Freezes = append(r.Freezes, f.span())
	}
	return r
}

// terms are those of a rotation.
func (s Settings) terms() accesskey.Terms {
	t := accesskey.DefaultTerms()
	t.Overlap, t.OverlapMax, t.Idle, t.LagMargin = s.Times.Overlap.span(), s.Times.OverlapMax.span(), s.Times.Idle.span(), s.Times.LagMargin.span()
	t.Cache, t.Schedule, t.Rest, t.Notice = s.Times.Cache.span(), s.Times.Schedule.span(), s.Times.Rest.span(), s.Times.Notice.span()
	t.DeliverMax, t.Keep = s.Times.DeliverMax.span(), s.Times.Keep
	return t
}

// retirement is the terms of a retirement: disable_unused is silence net of the
// lag, and nothing is deleted unless delete_inactive says so.
func (s Settings) retirement() accesskey.Terms {
	t := s.terms()
	t.Idle = max(t.Idle, s.Rules.DisableUnused.span())
	t.OverlapMax = max(t.OverlapMax, t.Idle+t.LagMargin) // it has none
	t.Keep = t.Keep || s.Rules.DeleteInactive == 0
	t.Rest = max(t.Rest, s.Rules.DeleteInactive.span())
	return t
}
