// Package match tells which keys an expression means, or what it makes of one
// (whose it is). Expressions are CEL
// (https://cel.dev), compiled once and checked against the words below, so that
// a misspelt one is an error before anything is looked at.
//
// It never acts, and never takes an unread fact for an answer: what can't be
// judged is said to be so.
package match

import (
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/keytend/keytend/internal/accesskey"
)

// word is one name that an expression may use.
type word struct {
	name string
	kind *cel.Type
	what string // for people
	of   func(subject) (any, bool)
}

// subject is what an expression is applied to.
type subject struct {
	account accesskey.Account
	user    accesskey.User
	key     accesskey.Key
	now     time.Time
}

// words are all there are.
var words = []word{
	{"account.id", cel.StringType, "twelve digits", func(s subject) (any, bool) { return s.account.ID, true }},
	{"account.alias", cel.StringType, "sign-in alias", func(s subject) (any, bool) { return s.account.Alias, true }},
	{"user.name", cel.StringType, "", func(s subject) (any, bool) { return s.user.Name, true }},
	{"user.arn", cel.StringType, "", func(s subject) (any, bool) { return s.user.ARN, true }},
	{"user.path", cel.StringType, "\"/\" or \"/division/\"", func(s subject) (any, bool) { return s.user.Path, true }},
	{"user.created", cel.TimestampType, "", func(s subject) (any, bool) { return s.user.Created, !s.user.Created.IsZero() }},
	{"user.tags", cel.MapType(cel.StringType, cel.StringType), "user.tags[\"team\"]", func(s subject) (any, bool) { return known(s.user.Tags) }},
	{"user.groups", cel.ListType(cel.StringType), "names", func(s subject) (any, bool) { return known(s.user.Groups) }},
	{"user.admin", cel.BoolType, "admin-like", func(s subject) (any, bool) { p, ok := s.user.Privilege.Get(); return p.Admin, ok }},
	{"key.id", cel.StringType, "", func(s subject) (any, bool) { id, ok := s.key.ID.Get(); return string(id), ok }},
	{"key.status", cel.StringType, "Active, Inactive, Expired", func(s subject) (any, bool) { v, ok := s.key.Status.Get(); return string(v), ok && v.Known() }},
	{"key.created", cel.TimestampType, "", func(s subject) (any, bool) { return known(s.key.Created) }},
	{"key.age", cel.DurationType, "since it was created", func(s subject) (any, bool) { at, ok := s.key.Created.Get(); return s.now.Sub(at), ok }},
	{"key.used", cel.BoolType, "AWS knows of a use", func(s subject) (any, bool) { l, ok := s.key.LastUsed.Get(); return !l.Never(), ok }},
	{"key.idle", cel.DurationType, "since its last use; where it was never used, since it was created", idle},
	{"key.service", cel.StringType, "of its last use; empty: none", func(s subject) (any, bool) { l, ok := s.key.LastUsed.Get(); return l.Service, ok }},
	{"key.region", cel.StringType, "of its last use; empty: none", func(s subject) (any, bool) { l, ok := s.key.LastUsed.Get(); return l.Region, ok }},
}

func known[T any](f accesskey.Fact[T]) (any, bool) {
	v, ok := f.Get()
	return v, ok
}

func idle(s subject) (any, bool) {
	last, ok := s.key.LastUsed.Get()
	if ok && !last.Never() {
		return s.now.Sub(last.At), true
	}
	at, created := s.key.Created.Get()
	return s.now.Sub(at), ok && created
}

// Words are the names that an expression may use.
func Words() []string {
	var names []string
	for _, w := range words {
		names = append(names, w.name)
	}
	return names
}

// Help is a line on each word.
func Help() string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(strings.TrimRight(fmt.Sprintf("  %-14s %-19s %s", w.name, w.kind, w.what), " ") + "\n")
	}
	return b.String()
}
