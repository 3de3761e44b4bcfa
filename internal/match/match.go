// Package match tells which keys an expression means. Expressions are CEL
// (https://cel.dev), compiled once and checked against the words below, so that
// a misspelt one is an error before anything is looked at.
//
// It never acts, and never takes an unread fact for an answer: what can't be
// judged is said to be so.
package match

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

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

// Help is a line on each word.
func Help() string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(strings.TrimRight(fmt.Sprintf("  %-14s %-19s %s", w.name, w.kind, w.what), " ") + "\n")
	}
	return b.String()
}

// Expression is a compiled expression. It is safe for concurrent use.
type Expression struct {
	program cel.Program
	uses    []word // the words in it
}

// Compile checks an expression; an error says where it is wrong. It must say
// yes or no.
func Compile(text string) (*Expression, error) {
	options := []cel.EnvOption{cel.DefaultUTCTimeZone(true)}
	for _, w := range words {
		options = append(options, cel.Variable(w.name, w.kind))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("compile %q: %w", text, err)
	}
	tree, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("compile %q: %w", text, err)
	}
	if tree.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("compile %q: it gives a %s, want yes or no (bool)", text, tree.OutputType())
	}
	program, err := env.Program(tree, cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(100_000))
	if err != nil {
		return nil, fmt.Errorf("compile %q: %w", text, err)
	}
	return &Expression{program: program, uses: used(tree)}, nil
}

// used are the words that the expression refers to.
func used(tree *cel.Ast) []word {
	var out []word
	for _, ref := range tree.NativeRep().ReferenceMap() {
		i := slices.IndexFunc(words, func(w word) bool { return w.name == ref.Name })
		if i >= 0 && !slices.ContainsFunc(out, func(w word) bool { return w.name == ref.Name }) {
			out = append(out, words[i])
		}
	}
	return out
}

// Matches reports whether the expression means this key, and whether that could
// be told: it can't where the answer hangs on a fact that was not read. now is
// AWS's time. An error is the expression's own, such as a tag that is not there:
// ask with `"team" in user.tags` first.
func (e *Expression) Matches(account accesskey.Account, user accesskey.User, key accesskey.Key, now time.Time) (matches, told bool, err error) {
	s := subject{account, user, key, now}
	values := map[string]any{}
	var unread []*interpreter.AttributePattern
	for _, w := range e.uses {
		if v, ok := w.of(s); ok {
			values[w.name] = v
		} else {
			unread = append(unread, cel.AttributePattern(w.name))
		}
	}
	vars, err := cel.PartialVars(values, unread...)
	if err != nil {
		return false, false, err
	}
	out, _, err := e.program.Eval(vars)
	switch {
	case err != nil:
		return false, false, fmt.Errorf("of user %s: %w", user.Name, err)
	case types.IsUnknown(out):
		return false, false, nil
	}
	return out == types.True, true, nil
}
