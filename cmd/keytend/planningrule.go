package main

import (
	"context"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/policy"
)

// rule is what the policy says about one key, with what a person has ordered to
// stop and the times of the flags.
func (p *planning) rule(a *accesskey.Account, u *accesskey.User, k *accesskey.Key, now time.Time) (policy.Ruling, error) {
	r, err := p.policy.Ruling(a, u, k, now)
	if len(p.freezes) > 0 {
		r.Freezes = slices.Concat(r.Freezes, p.freezes)
	}
	if p.window > 0 {
		r.Terms.Window, r.Retire.Window = p.window, p.window
	}
	if p.span > 0 {
		r.Terms.ProveSpan = p.span
	}
	r.Budgets = append(r.Budgets, p.ramp(&r, k, now)...)
	return r, err
}

// ramp is the budget of the keys that are overdue when the burn-down begins; of
// others, none.
func (p *planning) ramp(r *policy.Ruling, k *accesskey.Key, now time.Time) []accesskey.Reservation {
	if p.policy.Ramp == nil || !policy.OverdueAt(k, r, p.policy.Ramp.Begins()) {
		return nil
	}
	allowed := p.policy.Ramp.Allowed(now)
	return []accesskey.Reservation{{Budget: "ramp", Limit: allowed, Since: p.policy.Ramp.Begins(), Until: p.policy.Ramp.Turn(allowed)}}
}

// allot lets the budgets decide what begins now.
func (p *planning) allot(ctx context.Context, schedule *policy.Schedule) error {
	drawn := map[string]int{}
	if p.desk != nil {
		for _, b := range schedule.Budgets() {
			n, err := p.desk.Drawn(ctx, b)
			if err != nil {
				return err
			}
			drawn[b.Budget] = n
		}
	}
	return schedule.Allot(drawn)
}

// limitsOf are the policy's limits for everybody, overrides aside.
func limitsOf(p *config.Policy) policy.Rules {
	rules := policy.DefaultRules()
	rules.MaxAge, rules.Warn, rules.Unused = time.Duration(p.Rules.MaxAge), time.Duration(p.Rules.Warn), time.Duration(p.Rules.ReportUnused)
	return rules
}
