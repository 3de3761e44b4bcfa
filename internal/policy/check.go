package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

type check struct {
	rule    Rule
	summary string
}

var checks []check

// Findings returns every rule broken in one account, ranked within it.
func Findings(inv accesskey.Inventory, r Rules, now time.Time) []Finding { return nil }

// Wanted returns the names of the users of whom a finding names an access key,
// in the order of the inventory: those whose key IDs are worth looking up.
func Wanted(inv accesskey.Inventory, r Rules, now time.Time) []string { return nil }

// Rank sorts findings of any number of accounts, first things first, and
// numbers them from 1.
func Rank(findings []Finding) {}

// Root returns the root user of an inventory as a user, to be explained like
// one: its name is RootUser, and it is always privileged.
func Root(inv accesskey.Inventory) accesskey.User { return accesskey.User{Name: RootUser} }

// Explain applies every rule to one user of the inventory, or to Root(inv), and
// says of each why it is broken, kept or unknown.
func Explain(inv accesskey.Inventory, user accesskey.User, r Rules, now time.Time) Explanation {
	return Explanation{}
}

// Key returns the explanation narrowed to one key, with what is said of its
// user as a whole. It reports whether the key is known.
func (e Explanation) Key(id accesskey.ID) (Explanation, bool) { return e, false }

// Score measures the six best practices over any number of accounts.
// monitoring is by account ID; an account without an entry is unknown.
func Score(invs []accesskey.Inventory, monitoring map[string]Monitoring, r Rules, now time.Time) Scorecard {
	return Scorecard{}
}
