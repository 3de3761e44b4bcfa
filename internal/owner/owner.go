// Package owner suggests who owns an IAM user's keys, from what can be known
// without asking anybody: the user's tags and name, who made it, and whom its
// neighbours belong to. Each suggestion says why and how sure it is; a person
// decides.
//
// It is pure: it never reads AWS, a file or a clock, and suggests nobody where
// nothing speaks for anybody.
package owner

import (
	"cmp"
	"fmt"
	"net/mail"
	"strings"
)

// Subject is a user of an account, as far as its owner shows.
type Subject struct {
	Account, User string
	Path          string // "/" or "/division/"
	Owner         string // by one of the owner tags; empty: none
	Tag           string // that tag
	Creator       string // ARN of who made the user or its key; empty: not known
}

// Sureness says how far a suggestion can be relied on.
type Sureness string

// Sure was said by somebody; Likely follows from a name; Guess from neighbours.
const (
	Sure   Sureness = "sure"
	Likely Sureness = "likely"
	Guess  Sureness = "guess"
)

// Suggestion is who may own a user's keys.
type Suggestion struct {
	Account, User string
	Owner         string   // empty: nobody can be suggested
	Sure          Sureness // empty where nobody is
	Why           string   // one sentence
}

// Suggest says who may own each user's keys, in the order given. domain is that
// of the organization's mail addresses; empty: the commonest among those that
// show.
func Suggest(all []Subject, domain string) []Suggestion {
	known := neighbours(all, cmp.Or(domain, Domain(all)))
	out := make([]Suggestion, 0, len(all))
	for _, s := range all {
		out = append(out, known.suggest(s))
	}
	return out
}

// Domain is the commonest domain of the mail addresses that show in tags, names
// and creators; empty where there is none. Of equally common ones the first in
// the alphabet.
func Domain(all []Subject) string {
	seen := map[string]int{}
	for _, s := range all {
		for _, text := range []string{s.Owner, s.User, sessionOf(s.Creator)} {
			if address(text) {
				seen[strings.ToLower(text[strings.LastIndexByte(text, '@')+1:])]++
			}
		}
	}
	best := ""
	for d, n := range seen {
		if best == "" || n > seen[best] || n == seen[best] && d < best {
			best = d
		}
	}
	return best
}

// neighbourhood is what users that somebody owns tell of those beside them.
type neighbourhood struct {
	domain   string
	byPath   map[string]share
	byPrefix map[string]share
}

// share is the one owner of several users; several owners: nobody.
type share struct {
	owner   string
	users   int
	several bool
}

func (s share) with(owner string) share {
	s.several = s.several || s.owner != "" && !strings.EqualFold(s.owner, owner)
	s.owner, s.users = owner, s.users+1
	return s
}

func neighbours(all []Subject, domain string) neighbourhood {
	n := neighbourhood{domain: domain, byPath: map[string]share{}, byPrefix: map[string]share{}}
	for _, s := range all {
		if s.Owner == "" {
			continue
		}
		if s.Path != "/" && s.Path != "" {
			n.byPath[s.Path] = n.byPath[s.Path].with(s.Owner)
		}
		if p := prefix(s.User); p != "" {
			n.byPrefix[p] = n.byPrefix[p].with(s.Owner)
		}
	}
	return n
}

// suggest asks one way of knowing after the other, the surest first.
func (n neighbourhood) suggest(s Subject) Suggestion {
	for _, way := range []func(Subject) (string, Sureness, string){
		byTag, byName, n.byPerson, byCreator, n.byNeighboursOf, n.byNamesakes,
	} {
		if owner, sure, why := way(s); owner != "" {
			return Suggestion{s.Account, s.User, owner, sure, why}
		}
	}
	return Suggestion{s.Account, s.User, "", "", "no tag, and neither its name, its maker nor its neighbours tell"}
}

func byTag(s Subject) (string, Sureness, string) {
	return s.Owner, Sure, fmt.Sprintf("tag %q", s.Tag)
}

func byName(s Subject) (string, Sureness, string) {
	if !address(s.User) {
		return "", "", ""
	}
	return s.User, Likely, "the user is named after a mail address"
}

// byPerson: first.last is how people are named.
func (n neighbourhood) byPerson(s Subject) (string, Sureness, string) {
	first, last, two := strings.Cut(s.User, ".")
	if !two || n.domain == "" || !letters(first) || !letters(last) {
		return "", "", ""
	}
	return strings.ToLower(s.User) + "@" + n.domain, Likely, "the user is named like a person; addresses here end in @" + n.domain
}

func byCreator(s Subject) (string, Sureness, string) {
	if session := sessionOf(s.Creator); address(session) {
		return session, Likely, "made by " + session
	}
	return "", "", ""
}

func (n neighbourhood) byNeighboursOf(s Subject) (string, Sureness, string) {
	found := n.byPath[s.Path]
	if found.owner == "" || found.several {
		return "", "", ""
	}
	return found.owner, Guess, fmt.Sprintf("owns every user with an owner below %s (%d)", s.Path, found.users)
}

func (n neighbourhood) byNamesakes(s Subject) (string, Sureness, string) {
	p := prefix(s.User)
	found := n.byPrefix[p]
	if p == "" || found.owner == "" || found.several || found.users < 2 {
		return "", "", ""
	}
	return found.owner, Guess, fmt.Sprintf("owns every user named %s-… with an owner (%d)", p, found.users)
}

// prefix is the first two words of a name such as svc-billing-prod; empty where
// it has fewer than three.
func prefix(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' })
	if len(words) < 3 {
		return ""
	}
	return words[0] + "-" + words[1]
}

// sessionOf is the session name in the ARN of an assumed role, as Identity
// Center puts the person's user name there, or the name of an IAM user.
func sessionOf(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return ""
	}
	return parts[5][strings.LastIndexByte(parts[5], '/')+1:]
}

// address reports whether the text is a mail address and nothing else.
func address(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text && parsed.Name == "" && strings.Contains(text[strings.LastIndexByte(text, '@'):], ".")
}

func letters(word string) bool {
	return len(word) > 1 && !strings.ContainsFunc(word, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}
