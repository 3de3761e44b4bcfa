package config

import "github.com/keytend/keytend/internal/policy"

// idle warns of what is written and comes to nothing.
func (v *validator) idle() {
	p := v.policy
	if at, written := v.where["rules.never_used"]; written && p.Rules.NeverUsed == "disable" && p.Rules.DisableUnused == 0 && !v.bad["rules"] {
		v.warn(at, "never_used: disable with disable_unused 0s: nothing is switched off")
	}
	if at, written := v.where["mode"]; written && p.changes() && p.Rules.Rotate && !p.delivers() && !v.bad["destinations"] {
		v.warn(at, "mode %s, and no destinations: no key can be replaced by machine, its owner is told to; say destinations or destinations_tag, or rotate: false", p.Mode)
	}
	if at, written := v.where["notices.channels"]; written && len(p.Notices.Channels) > 0 && p.Owners.Fallback == "" && !v.bad["owners"] {
		v.warn(at, "nobody is told about keys without an owner; say owners.fallback")
	}
}

func (p *Policy) changes() bool { return p.Mode != Mode(policy.ObserveOnly) }

// delivers reports whether anything says where keys go.
func (p *Policy) delivers() bool {
	if len(p.Destinations) > 0 || p.DestinationsTag != "" {
		return true
	}
	for _, o := range p.Overrides {
		if len(o.Destinations) > 0 || o.DestinationsTag != "" {
			return true
		}
	}
	return false
}
