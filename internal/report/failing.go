package report

import (
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// failureKind is what failures have in common that are told together: a denied
// permission fails alike for five thousand users, a missing role for forty
// accounts.
type failureKind struct{ call, class string }

// failing is one or more failures of one kind. The texts of the others differ
// by account, user name or request ID.
type failing struct {
	accesskey.Failure // the first
	accounts, users   some
	latest            string // account
	n                 int
}

// some counts things and names the first few.
type some struct {
	names []string
	n     int
}

// someNamed is how many are named.
const someNamed = 3

func (s *some) add(name string) {
	s.n++
	if len(s.names) < someNamed {
		s.names = append(s.names, name)
	}
}

// list says "500 users (doe, roe, poe, …)". Clean.
func (s *some) list(thing string) string {
	names := make([]string, len(s.names))
	for i, name := range s.names {
		names[i] = clean(name)
	}
	switch {
	case s.n == 0:
		return ""
	case s.n == 1:
		return names[0]
	case s.n > len(names):
		names = append(names, "…")
	}
	return count(s.n, thing) + " (" + strings.Join(names, ", ") + ")"
}

// addFailures gathers what could not be read, of one account after the other.
func (g *gist) addFailures(failed []accesskey.Failure) {
	for _, f := range failed {
		g.failed++
		kind := failureKind{f.Call, f.Class}
		i, ok := g.failedAs[kind]
		if !ok {
			i = len(g.failing)
			g.failedAs[kind] = i
			g.failing = append(g.failing, failing{Failure: f})
		}
		g.failing[i].add(f)
	}
}

func (all *failing) add(f accesskey.Failure) {
	if all.n++; all.n == 1 || f.Account != all.latest {
		all.accounts.add(f.Account)
		all.latest = f.Account
	}
	if f.User != "" {
		all.users.add(f.User)
	}
}

// unread says how many things could not be read; empty for none.
func (g *gist) unread() string {
	if g.failed == 0 {
		return ""
	}
	return count(g.failed, "thing") + " could not be read"
}

// what says what went wrong: "throttled: Rate exceeded". Clean.
func (all *failing) what() string {
	text := list(": ", clean(all.Class), clean(all.Err))
	if all.n > 1 {
		text += " (the first of " + thousands(all.n) + ")"
	}
	return text
}

// about says whose data is missing: "123456789012, 500 users (doe, roe, …)". Clean.
func (all *failing) about() string {
	return list(", ", all.accounts.list("account"), all.users.list("user"))
}

// Trouble is what several failures of one call and class come to, in one line
// each: "sts:AssumeRole of 37 accounts (…): Denied: …", with what to do about it.
type Trouble struct{ Text, Hint string }

// Troubles sums up what could not be read, most first seen first. Clean.
func Troubles(failed []accesskey.Failure) []Trouble { return gistOfFailures(failed).troubles() }

func (g *gist) troubles() []Trouble {
	var all []Trouble
	for i := range g.failing {
		f := &g.failing[i]
		all = append(all, Trouble{Text: f.line(), Hint: clean(f.Hint)})
	}
	return all
}

// line is the failures in one line. Clean.
func (all *failing) line() string {
	return list(" of ", clean(all.Call), all.about()) + ": " + all.what()
}
