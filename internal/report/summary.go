package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// severities counts findings: "2 critical, 5 high".
func (g *gist) severities() string {
	var parts []string
	for _, severity := range policy.Severities() {
		if n := g.bySeverity[severity]; n > 0 {
			parts = append(parts, thousands(n)+" "+severity.String())
		}
	}
	return strings.Join(parts, ", ")
}

// headline says how many findings there are, kindly where there are none.
func (g *gist) headline() string {
	if g.found > 0 {
		return count(g.found, "finding") + ": " + g.severities()
	}
	switch {
	case g.known > 0:
		return "Nothing new since the baseline."
	case g.incomplete():
		return "Nothing found in what could be read."
	case g.sum.Keys == 0:
		return "No access keys: nothing to rotate, nothing to lose."
	}
	return "Nothing found: every key keeps every rule."
}

// knownNote says how many findings a baseline has left out; empty for none.
func (g *gist) knownNote() string {
	if g.known == 0 {
		return ""
	}
	return count(g.known, "finding") + " known from the baseline not shown"
}

// limits says by which limits keys were judged.
func limits(r policy.Rules) string {
	return fmt.Sprintf("limits: age %s, warning %s before, unused %s", limit(r.MaxAge), limit(r.Warn), limit(r.Unused))
}

// naming is an account in one phrase: "123456789012 (example, Payments)". Clean.
func naming(a accesskey.Account) string {
	name := list(", ", clean(a.Alias), clean(a.Name))
	if name == "" {
		return clean(a.ID)
	}
	return clean(a.ID) + " (" + name + ")"
}

// holdings says how much there is: "41 users · 56 keys, 48 active · no root keys".
func holdings(c CountsRecord) string {
	keys := count(c.Keys, "key")
	if c.Keys > 0 {
		keys += ", " + thousands(c.Active) + " active"
	}
	users := count(c.Users, "user")
	if c.UsersUnknown > 0 {
		users += fmt.Sprintf(" (keys of %s unknown)", thousands(c.UsersUnknown))
	}
	return list(" · ", users, keys, rootKeys(c))
}

func rootKeys(c CountsRecord) string {
	switch {
	case c.RootKeys == nil:
		return "root keys unknown"
	case *c.RootKeys == 0:
		return "no root keys"
	}
	return count(*c.RootKeys, "root key")
}

// asOf says how fresh an account's facts are.
func (a accountGist) asOf(now time.Time) string {
	at, ok := a.report.Get()
	if !ok {
		return "no credential report: " + clean(a.report.Why())
	}
	if age := now.Sub(at); age >= time.Minute {
		return "credential report " + span(age) + " old"
	}
	return "credential report made just now"
}

// leftOutNote says which accounts were not looked at because they can't be used:
// "2 accounts left out: 1 CLOSED, 1 SUSPENDED"; empty for none. Clean.
func (g *gist) leftOutNote() string {
	if len(g.leftOut) == 0 {
		return ""
	}
	states := map[string]int{}
	for _, l := range g.leftOut {
		states[l.State]++
	}
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(states)) {
		parts = append(parts, thousands(states[state])+" "+clean(state))
	}
	return count(len(g.leftOut), "account") + " left out: " + strings.Join(parts, ", ")
}
