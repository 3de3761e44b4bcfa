package match

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/keytend/keytend/internal/accesskey"
)

// costLimit stops an expression that would take long on one key.
const costLimit = 100_000

// Expression says yes or no. It is safe for concurrent use.
type Expression struct{ compiled }

// Text makes a text. It is safe for concurrent use.
type Text struct{ compiled }

// compiled is an expression, ready to be evaluated.
type compiled struct {
	whole   cel.Program // where all it refers to was read
	partial cel.Program // else
	uses    []word      // the words in it
	ofKey   bool        // one of them is about the key
}

// Mistake is one thing that is wrong with an expression.
type Mistake struct {
	Line, Column int // from 1, in characters
	Message      string
}

// MistakesError is an expression that doesn't compile.
type MistakesError struct {
	Text     string
	Mistakes []Mistake
	shown    string // as CEL shows them
}

func (e *MistakesError) Error() string { return fmt.Sprintf("compile %q: %s", e.Text, e.shown) }

// Compile checks an expression that must say yes or no; a *MistakesError says
// where it is wrong.
func Compile(text string) (*Expression, error) {
	c, err := compile(text, cel.BoolType, "yes or no (bool)")
	if err != nil {
		return nil, err
	}
	return &Expression{c}, nil
}

// CompileText checks an expression that must make a text.
func CompileText(text string) (*Text, error) {
	c, err := compile(text, cel.StringType, "a text (string)")
	if err != nil {
		return nil, err
	}
	return &Text{c}, nil
}

// environment knows the words. Making one takes longer than compiling.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.DefaultUTCTimeZone(true),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals()),
	}
	for _, w := range words {
		options = append(options, cel.Variable(w.name, w.kind))
	}
	return cel.NewEnv(options...)
})

func compile(text string, want *cel.Type, wanted string) (compiled, error) {
	env, err := environment()
	if err != nil {
		return compiled{}, fmt.Errorf("compile %q: %w", text, err)
	}
	tree, issues := env.Compile(text)
	if issues.Err() != nil {
		return compiled{}, mistakesOf(text, issues)
	}
	if tree.OutputType() != want {
		message := fmt.Sprintf("it gives a %s, want %s", tree.OutputType(), wanted)
		return compiled{}, &MistakesError{Text: text, Mistakes: []Mistake{{1, 1, message}}, shown: message}
	}
	c := compiled{uses: used(tree)}
	c.ofKey = slices.ContainsFunc(c.uses, func(w word) bool { return strings.HasPrefix(w.name, "key.") })
	if c.whole, err = env.Program(tree, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit)); err == nil {
		c.partial, err = env.Program(tree, cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(costLimit))
	}
	if err != nil {
		return compiled{}, fmt.Errorf("compile %q: %w", text, err)
	}
	return c, nil
}

func mistakesOf(text string, issues *cel.Issues) error {
	e := &MistakesError{Text: text, shown: issues.Err().Error()}
	for _, issue := range issues.Errors() {
		e.Mistakes = append(e.Mistakes, Mistake{issue.Location.Line(), issue.Location.Column() + 1, issue.Message})
	}
	return e
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

// OfKey reports whether the answer may differ between two keys of one user, or
// with time.
func (c *compiled) OfKey() bool { return c.ofKey }

// Unread names the words of the expression whose facts were not read; empty:
// none.
func (c *compiled) Unread(account accesskey.Account, user accesskey.User, key accesskey.Key) string {
	var out []string
	for _, w := range c.uses {
		if _, ok := w.of(subject{account: account, user: user, key: key}); !ok {
			out = append(out, w.name)
		}
	}
	return strings.Join(out, ", ")
}

// Matches reports whether the expression means this key, and whether that could
// be told: it can't where the answer hangs on a fact that was not read. now is
// AWS's time. An error is the expression's own, such as a tag that is not there:
// ask with `"team" in user.tags` first.
func (e *Expression) Matches(account accesskey.Account, user accesskey.User, key accesskey.Key, now time.Time) (matches, told bool, err error) {
	out, told, err := e.eval(subject{account, user, key, now})
	return out == types.True, told, err
}

// Of makes the text, and reports whether it could be told, as Matches does.
func (e *Text) Of(account accesskey.Account, user accesskey.User, key accesskey.Key, now time.Time) (text string, told bool, err error) {
	out, told, err := e.eval(subject{account, user, key, now})
	if s, ok := out.(types.String); ok {
		text = string(s)
	}
	return text, told, err
}

func (c *compiled) eval(s subject) (out ref.Val, told bool, err error) {
	values, unread := c.values(&s)
	if len(unread) == 0 {
		out, _, err = c.whole.Eval(values)
	} else {
		vars, wrong := interpreter.NewPartialActivation(values, unread...)
		if wrong != nil {
			return nil, false, wrong
		}
		out, _, err = c.partial.Eval(vars)
	}
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("of user %s: %w", s.user.Name, err)
	case types.IsUnknown(out):
		return nil, false, nil
	}
	return out, true, nil
}

// valueOf is one word's value.
type valueOf struct {
	name  string
	value any
}

// values are what the words of an expression stand for. A handful: looking
// through them is faster than a map.
type values []valueOf

// ResolveName implements interpreter.Activation.
func (v values) ResolveName(name string) (any, bool) {
	for i := range v {
		if v[i].name == name {
			return v[i].value, true
		}
	}
	return nil, false
}

// Parent implements interpreter.Activation.
func (values) Parent() interpreter.Activation { return nil }

func (c *compiled) values(s *subject) (known values, unread []*interpreter.AttributePattern) {
	known = make(values, 0, len(c.uses))
	for _, w := range c.uses {
		if v, ok := w.of(*s); ok {
			known = append(known, valueOf{w.name, v})
		} else {
			unread = append(unread, interpreter.NewAttributePattern(w.name))
		}
	}
	return known, unread
}
