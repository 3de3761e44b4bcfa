package report

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// gist is what the formats for people say of a scan. It takes an account at a
// time and keeps a few words of each, so that there may be any number.
type gist struct {
	at    time.Time
	rules policy.Rules

	accounts []accountGist
	sum      CountsRecord
	ages     ageCount
	leftOut  []LeftOut

	findings   []policy.Finding // the first of them, ranked
	keep       int              // how many of them to keep; 0: all
	found      int              // in all
	bySeverity map[policy.Severity]int
	byRule     map[policy.Rule]bool
	known      int

	failing  []failing
	failedAs map[failureKind]int // index in failing
	failed   int                 // things that could not be read

	whole []accesskey.Inventory // for lists of every key; nil: there are too many
}

// accountGist is one account in a line.
type accountGist struct {
	account accesskey.Account
	counts  CountsRecord
	report  accesskey.Fact[time.Time]
}

// LeftOut is an account that could not be used when the scan was made, by its
// state, and so was not looked at.
type LeftOut struct {
	Account, Name string
	State         string // as AWS Organizations says: SUSPENDED, PENDING_CLOSURE, …
}

func newGist(at time.Time, rules policy.Rules) *gist {
	return &gist{
		at: at, rules: rules, ages: newAgeCount(rules.MaxAge),
		bySeverity: map[policy.Severity]int{}, byRule: map[policy.Rule]bool{}, failedAs: map[failureKind]int{},
	}
}

// gistOf is the gist of a scan that is held as a whole.
func gistOf(s Scan) *gist {
	g := newGist(s.GeneratedAt, s.Rules)
	g.whole = s.Accounts
	for _, inv := range s.Accounts {
		g.addAccount(inv)
	}
	for _, f := range s.Findings {
		g.addFinding(f)
	}
	g.known = len(s.Known)
	return g
}

// gistOfFailures is for sheets, which only tell what could not be read.
func gistOfFailures(failed []accesskey.Failure) *gist {
	g := newGist(time.Time{}, policy.Rules{})
	g.addFailures(failed)
	return g
}

func (g *gist) addAccount(inv accesskey.Inventory) {
	c := counts(inv)
	if len(g.accounts) == 0 {
		g.sum = c
	} else {
		g.sum = g.sum.plus(c)
	}
	g.accounts = append(g.accounts, accountGist{inv.Account, c, inv.CredentialReport})
	g.ages.add(inv, g.at)
	g.addFailures(inv.Failures)
}

func (g *gist) addFinding(f policy.Finding) {
	g.found++
	g.bySeverity[f.Severity]++
	g.byRule[f.Rule] = true
	if g.keep == 0 || len(g.findings) < g.keep {
		g.findings = append(g.findings, f)
	}
}

// several reports whether the account must be said with each finding.
func (g *gist) several() bool { return len(g.accounts) > 1 }

// incomplete reports whether something about a key is not known.
func (g *gist) incomplete() bool {
	return g.failed > 0 || g.sum.UsersUnknown > 0 || g.sum.StatusUnknown > 0
}

// untold is how many findings of lesser rank are not shown; empty for none.
func (g *gist) untold(shown int) string {
	if g.found <= shown {
		return ""
	}
	return "… and " + thousands(g.found-shown) + " more of lesser rank"
}
