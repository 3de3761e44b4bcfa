package config

import (
	"fmt"
	"time"
)

// Past are the parts of the policy that are over, now being the time (UTC):
// exemptions that are void, freezes that have ended.
func (p *Policy) Past(now time.Time) []Problem {
	var out []Problem
	for _, e := range p.Exemptions {
		if until := e.Until.Until(time.UTC); !now.Before(until) {
			out = append(out, Problem{e.place, fmt.Sprintf("exemption: past its date (%s): it is void, and the keys are judged as any other; remove it, or give it a new date", e.Until)})
		}
	}
	out = append(out, pastFreezes(p.Freezes, func(i int) Place { return p.where[fmt.Sprintf("freezes[%d]", i)] }, now)...)
	for _, o := range p.Overrides {
		out = append(out, pastFreezes(o.Freezes, func(int) Place { return o.layer.place }, now)...)
	}
	return sorted(out)
}

func pastFreezes(freezes []Freeze, at func(int) Place, now time.Time) []Problem {
	var out []Problem
	for i, f := range freezes {
		if !now.Before(f.span().Until) {
			out = append(out, Problem{at(i), fmt.Sprintf("freeze: it ended on %s", f.Until)})
		}
	}
	return out
}
