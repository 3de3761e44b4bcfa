package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// bySeverity counts findings: "2 critical, 5 high".
func bySeverity(findings []policy.Finding) string {
	counted := map[policy.Severity]int{}
	for _, f := range findings {
		counted[f.Severity]++
	}
	var parts []string
	for _, severity := range policy.Severities() {
		if n := counted[severity]; n > 0 {
			parts = append(parts, thousands(n)+" "+severity.String())
		}
	}
	return strings.Join(parts, ", ")
}

// headline says how many findings there are, kindly where there are none.
func headline(s Scan) string {
	if len(s.Findings) > 0 {
		return count(len(s.Findings), "finding") + ": " + bySeverity(s.Findings)
	}
	switch {
	case len(s.Known) > 0:
		return "Nothing new since the baseline."
	case incomplete(s):
		return "Nothing found in what could be read."
	case total(s).Keys == 0:
		return "No access keys: nothing to rotate, nothing to lose."
	}
	return "Nothing found: every key keeps every rule."
}

// incomplete reports whether something about a key is not known.
func incomplete(s Scan) bool {
	sum := total(s)
	return len(failures(s)) > 0 || sum.UsersUnknown > 0 || sum.StatusUnknown > 0
}

// knownNote says how many findings a baseline has left out; empty for none.
func knownNote(s Scan) string {
	if len(s.Known) == 0 {
		return ""
	}
	return count(len(s.Known), "finding") + " known from the baseline not shown"
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
func asOf(inv accesskey.Inventory, now time.Time) string {
	at, ok := inv.CredentialReport.Get()
	if !ok {
		return "no credential report: " + clean(inv.CredentialReport.Why())
	}
	if age := now.Sub(at); age >= time.Minute {
		return "credential report " + span(age) + " old"
	}
	return "credential report made just now"
}

func total(s Scan) CountsRecord {
	var sum CountsRecord
	for i, inv := range s.Accounts {
		if c := counts(inv); i == 0 {
			sum = c
		} else {
			sum = sum.plus(c)
		}
	}
	return sum
}

// failing is one or more failures of the same call for the same reason. The
// texts of the others differ by user name or request ID.
type failing struct {
	accesskey.Failure // the first
	users             []string
	n                 int
}

// failures gathers what could not be read: a denied permission fails alike for
// five thousand users.
func failures(s Scan) []failing {
	var all []failing
	at := map[accesskey.Failure]int{}
	for _, inv := range s.Accounts {
		for _, f := range inv.Failures {
			kind := accesskey.Failure{Account: f.Account, Call: f.Call, Class: f.Class}
			i, ok := at[kind]
			if !ok {
				i = len(all)
				at[kind] = i
				all = append(all, failing{Failure: f})
			}
			all[i].n++
			if f.User != "" {
				all[i].users = append(all[i].users, f.User)
			}
		}
	}
	return all
}

// unread says how many things could not be read; empty for none.
func unread(s Scan) string {
	n := 0
	for _, inv := range s.Accounts {
		n += len(inv.Failures)
	}
	if n == 0 {
		return ""
	}
	return count(n, "thing") + " could not be read"
}

// what says what went wrong: "throttled: Rate exceeded". Clean.
func (f failing) what() string {
	text := list(": ", clean(f.Class), clean(f.Err))
	if f.n > 1 {
		text += " (the first of " + thousands(f.n) + ")"
	}
	return text
}

// about says whose data is missing: "123456789012, 500 users (doe, roe, …)". Clean.
func (f failing) about() string {
	const named = 3
	names := make([]string, 0, named)
	for _, u := range f.users[:min(named, len(f.users))] {
		names = append(names, clean(u))
	}
	switch n := len(f.users); {
	case n == 0:
		return clean(f.Account)
	case n == 1:
		return list(", ", clean(f.Account), names[0])
	case n <= named:
		return list(", ", clean(f.Account), count(n, "user")+" ("+strings.Join(names, ", ")+")")
	default:
		return list(", ", clean(f.Account), count(n, "user")+" ("+strings.Join(names, ", ")+", …)")
	}
}
