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
func Digest(s Scan) (title, text string) { return gistOf(s).digest(Options{}) }

func (g *gist) digest(o Options) (title, text string) {
	var b strings.Builder
	for _, a := range g.accounts[:min(worst, len(g.accounts))] {
		fmt.Fprintf(&b, "Account %s: %s\n", naming(a.account), holdings(a.counts))
	}
	if n := len(g.accounts) - worst; n > 0 {
		fmt.Fprintf(&b, "… and %s\n", count(n, "more account"))
	}
	if g.found > 0 {
		b.WriteString("\n")
	}
	for i, f := range g.findings[:min(worst, len(g.findings))] {
		fmt.Fprintf(&b, "%d. %s %s %s: %s\n", i+1, strings.ToUpper(f.Severity.String()), clean(string(f.Rule)), whose(f), clean(f.Reason))
	}
	if n := g.found - worst; n > 0 {
		fmt.Fprintf(&b, "… and %s more\n", thousands(n))
	}
	if note := g.knownNote(); note != "" {
		fmt.Fprintf(&b, "(%s)\n", note)
	}
	if len(g.failing) > 0 {
		fmt.Fprintf(&b, "\nIncomplete: %s, first %s\n", g.unread(), clean(g.failing[0].Call+": "+g.failing[0].Class))
	}
	b.WriteString("\nMore: keytend scan")
	if command := explainCommand(g.findings, o); command != "" {
		b.WriteString(" · " + command)
	}
	return g.digestTitle(), b.String()
}

func (g *gist) digestTitle() string {
	where := count(len(g.accounts), "account")
	if len(g.accounts) == 1 {
		where = naming(g.accounts[0].account)
	}
	if g.found == 0 {
		return "Keytend: nothing to report in " + where
	}
	return "Keytend: " + count(g.found, "finding") + " (" + g.severities() + ") in " + where
}

// whose says in one phrase whom a finding is about. Clean.
func whose(f policy.Finding) string {
	return list(" ", clean(f.Account), clean(f.User), clean(string(f.KeyID)))
}
