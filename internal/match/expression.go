package match

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
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
	uses    []int       // the words in it, by number

	unguarded []string
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
	return cel.NewEnv(append(options, days)...)
})

// days are what CEL's own durations lack: duration("90d") is none, days(90) is.
var days = cel.Function("days", cel.Overload("days_int", []*cel.Type{cel.IntType}, cel.DurationType,
	cel.UnaryBinding(func(n ref.Val) ref.Val {
		const most = int(math.MaxInt64 / (24 * time.Hour))
		if n := int(n.(types.Int)); -most <= n && n <= most {
			return types.Duration{Duration: time.Duration(n) * 24 * time.Hour}
		}
		return types.NewErr("days(%d): more than 290 years", n)
	})))

// Functions are those that are of use with the words.
func Functions() []string {
	return []string{"days", "duration", "timestamp", "startsWith", "endsWith", "contains", "matches", "size", "exists", "all"}
}

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
	c := compiled{uses: used(tree), unguarded: unguardedTags(tree)}
	if c.whole, err = env.Program(tree, append(limit(env, tree), cel.EvalOptions(cel.OptOptimize))...); err == nil {
		c.partial, err = env.Program(tree, cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(costLimit))
	}
	if err != nil {
		return compiled{}, fmt.Errorf("compile %q: %w", text, err)
	}
	return c, nil
}

// limit bounds what an expression may cost on one key, where that isn't known
// beforehand to be little: counting doubles the cost.
func limit(env *cel.Env, tree *cel.Ast) []cel.ProgramOption {
	if e, err := env.EstimateCost(tree, sizes{}); err == nil && e.Max <= costLimit {
		return nil
	}
	return []cel.ProgramOption{cel.CostLimit(costLimit)}
}

// sizes are how large IAM lets things become: a user has 50 tags and is in 10
// groups, and no text is longer than an ARN's 2,048 characters.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
type sizes struct{}

// EstimateSize implements cost.Estimator.
func (sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	switch path := node.Path(); {
	case len(path) == 1 && path[0] == "user.tags":
		return &cost.SizeEstimate{Max: 50}
	case len(path) == 1 && path[0] == "user.groups":
		return &cost.SizeEstimate{Max: 10}
	case len(path) > 0:
		return &cost.SizeEstimate{Max: 2048}
	}
	return nil
}

// EstimateCallCost implements cost.Estimator: CEL's own estimates do.
func (sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

func mistakesOf(text string, issues *cel.Issues) error {
	e := &MistakesError{Text: text, shown: issues.Err().Error()}
	for _, issue := range issues.Errors() {
		e.Mistakes = append(e.Mistakes, Mistake{issue.Location.Line(), issue.Location.Column() + 1, issue.Message})
	}
	return e
}

// used are the words that the expression refers to.
func used(tree *cel.Ast) []int {
	var out []int
	for _, ref := range tree.NativeRep().ReferenceMap() {
		if i, found := numbered[ref.Name]; found && !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// Unread names the words of the expression whose facts were not read; empty:
// none.
func (c *compiled) Unread(s *Subject) string {
	var out []string
	for _, i := range c.uses {
		if s.value(i) == nil {
			out = append(out, words[i].name)
		}
	}
	return strings.Join(out, ", ")
}

// Matches reports whether the expression means this key, and whether that could
// be told: it can't where the answer hangs on a fact that was not read. now is
// AWS's time. An error is the expression's own, such as a tag that is not there:
// ask with `"team" in user.tags` first.
func (e *Expression) Matches(account accesskey.Account, user accesskey.User, key accesskey.Key, now time.Time) (matches, told bool, err error) {
	return e.Means(&Subject{Account: &account, User: &user, Key: &key, Now: now})
}

// Means is Matches for several expressions on one key.
func (e *Expression) Means(s *Subject) (means, told bool, err error) {
	out, told, err := e.eval(s)
	return out == types.True, told, err
}

// Of makes the text, and reports whether it could be told, as Matches does.
func (e *Text) Of(s *Subject) (text string, told bool, err error) {
	out, told, err := e.eval(s)
	if s, ok := out.(types.String); ok {
		text = string(s)
	}
	return text, told, err
}

func (c *compiled) eval(s *Subject) (out ref.Val, told bool, err error) {
	if unread := c.unread(s); len(unread) == 0 {
		out, _, err = c.whole.Eval(s)
	} else {
		vars, wrong := interpreter.NewPartialActivation(s, unread...)
		if wrong != nil {
			return nil, false, wrong
		}
		out, _, err = c.partial.Eval(vars)
	}
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("of user %s: %w", s.User.Name, err)
	case types.IsUnknown(out):
		return nil, false, nil
	}
	return out, true, nil
}

func (c *compiled) unread(s *Subject) (patterns []*interpreter.AttributePattern) {
	for _, i := range c.uses {
		if s.value(i) == nil {
			patterns = append(patterns, interpreter.NewAttributePattern(words[i].name))
		}
	}
	return patterns
}
