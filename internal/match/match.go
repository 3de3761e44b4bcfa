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
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/keytend/keytend/internal/accesskey"
)

// word is one name that an expression may use.
type word struct {
	name string
	kind *cel.Type
	what string // for people
	of   func(*Subject) (any, bool)
}

// Subject is a key that expressions are applied to, at a time (AWS's). It keeps
// what they have asked about it: fill in a new one for another key. It is not
// safe for concurrent use.
type Subject struct {
	Account *accesskey.Account
	User    *accesskey.User
	Key     *accesskey.Key
	Now     time.Time

	values [mostWords]ref.Val // of the words that were asked for; nil: not yet
}

// words are all there are.
var words = []word{
	{"account.id", cel.StringType, "twelve digits", func(s *Subject) (any, bool) { return s.Account.ID, true }},
	{"account.alias", cel.StringType, "sign-in alias", func(s *Subject) (any, bool) { return s.Account.Alias, s.Account.NoAlias == "" }},
	{"user.name", cel.StringType, "", func(s *Subject) (any, bool) { return s.User.Name, true }},
	{"user.arn", cel.StringType, "", func(s *Subject) (any, bool) { return s.User.ARN, true }},
	{"user.path", cel.StringType, "\"/\" or \"/division/\"", func(s *Subject) (any, bool) { return s.User.Path, true }},
	{"user.created", cel.TimestampType, "", func(s *Subject) (any, bool) { return s.User.Created, !s.User.Created.IsZero() }},
	{"user.tags", cel.MapType(cel.StringType, cel.StringType), "user.tags[\"team\"]", func(s *Subject) (any, bool) { return known(s.User.Tags) }},
	{"user.groups", cel.ListType(cel.StringType), "names", func(s *Subject) (any, bool) { return known(s.User.Groups) }},
	{"user.admin", cel.BoolType, "admin-like", func(s *Subject) (any, bool) { p, ok := s.User.Privilege.Get(); return p.Admin, ok }},
	{"key.id", cel.StringType, "", func(s *Subject) (any, bool) { id, ok := s.Key.ID.Get(); return string(id), ok }},
	{"key.status", cel.StringType, "Active, Inactive, Expired", func(s *Subject) (any, bool) { v, ok := s.Key.Status.Get(); return string(v), ok && v.Known() }},
	{"key.created", cel.TimestampType, "", func(s *Subject) (any, bool) { return known(s.Key.Created) }},
	{"key.age", cel.DurationType, "since it was created", func(s *Subject) (any, bool) { at, ok := s.Key.Created.Get(); return s.Now.Sub(at), ok }},
	{"key.used", cel.BoolType, "AWS knows of a use", func(s *Subject) (any, bool) { l, ok := s.Key.LastUsed.Get(); return !l.Never(), ok }},
	{"key.idle", cel.DurationType, "since its last use; where it was never used, since it was created", idle},
	{"key.service", cel.StringType, "of its last use; empty: none", func(s *Subject) (any, bool) { l, ok := s.Key.LastUsed.Get(); return l.Service, ok }},
	{"key.region", cel.StringType, "of its last use; empty: none", func(s *Subject) (any, bool) { l, ok := s.Key.LastUsed.Get(); return l.Region, ok }},
}

func known[T any](f accesskey.Fact[T]) (any, bool) {
	v, ok := f.Get()
	return v, ok
}

func idle(s *Subject) (any, bool) {
	last, ok := s.Key.LastUsed.Get()
	if ok && !last.Never() {
		return s.Now.Sub(last.At), true
	}
	at, created := s.Key.Created.Get()
	return s.Now.Sub(at), ok && created
}

// mostWords is how many words there may be.
const mostWords = 20

// numbered are the words' places in the list, by name.
var numbered = func() map[string]int {
	numbers := make(map[string]int, mostWords)
	for i, w := range words {
		numbers[w.name] = i
	}
	return numbers
}()

// value is a word's; nil where the fact was not read.
func (s *Subject) value(i int) ref.Val {
	if s.values[i] == nil {
		if v, ok := words[i].of(s); ok {
			s.values[i] = valueOf(v)
		}
	}
	return s.values[i]
}

// valueOf is what CEL's own adapter does, for most words faster.
func valueOf(v any) ref.Val {
	switch v := v.(type) {
	case string:
		return types.String(v)
	case bool:
		return types.Bool(v)
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}

// ResolveName implements interpreter.Activation.
func (s *Subject) ResolveName(name string) (any, bool) {
	i, found := numbered[name]
	if !found {
		return nil, false
	}
	v := s.value(i)
	return v, v != nil
}

// Parent implements interpreter.Activation.
func (*Subject) Parent() interpreter.Activation { return nil }

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
