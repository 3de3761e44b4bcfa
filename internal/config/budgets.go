package config

import (
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// drawn are the budgets of one account at one moment: its keys are asked about
// one after the other, and share them.
type drawn struct {
	account string
	now     time.Time
	budgets []accesskey.Reservation
}

// drawnOn are the budgets that a record in this account draws on. They are
// shared: clipped, so that an append copies.
func (p *Policy) drawnOn(account string, now time.Time) []accesskey.Reservation {
	if last := p.last.Load(); last != nil && last.account == account && last.now.Equal(now) {
		return last.budgets
	}
	fresh := &drawn{account, now, slices.Clip(p.Budgets.reservations(account, now))}
	p.last.Store(fresh)
	return fresh.budgets
}

func (b Budgets) reservations(account string, now time.Time) []accesskey.Reservation {
	var out []accesskey.Reservation
	if b.PerAccount > 0 {
		out = append(out, accesskey.Reservation{Budget: "account " + account, Limit: b.PerAccount})
	}
	if b.Total > 0 {
		out = append(out, accesskey.Reservation{Budget: "all", Limit: b.Total})
	}
	if b.NewPerDay > 0 {
		out = append(out, accesskey.Reservation{Budget: "new per day", Limit: b.NewPerDay, Since: now.Add(-policy.Day)})
	}
	return out
}
