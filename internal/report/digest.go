package report

import (
	"fmt"
	"strings"

	"github.com/keytend/keytend/internal/policy"
)

// worst is how many findings a digest names.
const worst = 5

// Digest returns the scan as a short message: how bad, the worst five, what
// could not be read, and the command to see more. Plain text, clean.
func Digest(s Scan) (title, text string) {
	var b strings.Builder
	for _, inv := range s.Accounts[:min(worst, len(s.Accounts))] {
		fmt.Fprintf(&b, "Account %s: %s\n", naming(inv.Account), holdings(counts(inv)))
	}
	if n := len(s.Accounts) - worst; n > 0 {
		fmt.Fprintf(&b, "… and %s\n", count(n, "more account"))
	}
	if len(s.Findings) > 0 {
		b.WriteString("\n")
	}
	for i, f := range s.Findings[:min(worst, len(s.Findings))] {
		fmt.Fprintf(&b, "%d. %s %s %s: %s\n", i+1, strings.ToUpper(f.Severity.String()), clean(string(f.Rule)), whose(f), clean(f.Reason))
	}
	if n := len(s.Findings) - worst; n > 0 {
		fmt.Fprintf(&b, "… and %s more\n", thousands(n))
	}
	if note := knownNote(s); note != "" {
		fmt.Fprintf(&b, "(%s)\n", note)
	}
	if all := failures(s); len(all) > 0 {
		fmt.Fprintf(&b, "\nIncomplete: %s, first %s\n", unread(s), clean(all[0].Call+": "+all[0].Class))
	}
	b.WriteString("\nMore: keytend scan")
	if command := explainCommand(s.Findings); command != "" {
		b.WriteString(" · " + command)
	}
	return digestTitle(s), b.String()
}

func digestTitle(s Scan) string {
	where := count(len(s.Accounts), "account")
	if len(s.Accounts) == 1 {
		where = naming(s.Accounts[0].Account)
	}
	if len(s.Findings) == 0 {
		return "Keytend: nothing to report in " + where
	}
	return "Keytend: " + count(len(s.Findings), "finding") + " (" + bySeverity(s.Findings) + ") in " + where
}

// whose says in one phrase whom a finding is about. Clean.
func whose(f policy.Finding) string {
	return list(" ", clean(f.Account), clean(f.User), clean(string(f.KeyID)))
}
