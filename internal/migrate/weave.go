package migrate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/iampolicy"
)

// weaver makes a role's statements out of a user's: each takes over what is
// needed of one statement that allows it now, with its resources and conditions.
type weaver struct {
	holder Holder
	grant  *Grant
	keys   map[string][]string
	pieces []Allowance // each of one action
}

// allow takes over one action from every statement that allows it.
func (w *weaver) allow(action string, resources []string) {
	before := len(w.pieces)
	covered := false
	for _, d := range w.holder.Policies {
		for i := range d.Document.Statements {
			s := &d.Document.Statements[i]
			if s.Effect != iampolicy.Allow || !s.CoversAction(action) {
				continue
			}
			covered = true
			if conditions, fine := w.settle(s, d.Name); fine {
				w.take(s, action, resources, conditions)
			}
		}
	}
	w.pieces = append(w.pieces[:before:before], widest(w.pieces[before:])...)
	if len(w.pieces) == before && (!covered || len(resources) > 0) {
		w.grant.Elsewhere = append(w.grant.Elsewhere, action)
	}
}

// widest leaves out what another piece of the same action grants anyway.
func widest(pieces []Allowance) []Allowance {
	for _, p := range pieces {
		if len(p.Conditions) == 0 && slices.Equal(p.Resources, []string{"*"}) {
			return []Allowance{p}
		}
	}
	return pieces
}

// take makes pieces of a statement that allows an action.
func (w *weaver) take(s *iampolicy.Statement, action string, resources []string, conditions []iampolicy.Condition) {
	piece := Allowance{Effect: iampolicy.Allow, Actions: []string{action}, Conditions: conditions}
	for _, arn := range resources {
		if w.covers(s, arn) && w.mayNow(action, arn, len(conditions) > 0) {
			piece.Resources = append(piece.Resources, arn)
		}
	}
	switch {
	case len(piece.Resources) > 0:
	case len(s.NotResources) > 0:
		piece.NotResources = anyOf(w.written(s.NotResources))
	case len(resources) > 0:
		w.takeWhole(s, piece, resources)
		return
	default:
		piece.Resources = w.written(s.Resources)
	}
	w.pieces = append(w.pieces, piece)
}

// covers reports whether a statement is about all that a resource's name stands
// for: of a bucket's objects, all.
func (w *weaver) covers(s *iampolicy.Statement, arn string) bool {
	bucket, all := strings.CutSuffix(arn, "*")
	return s.CoversResource(arn, w.keys) && (!all ||
		len(s.NotResources) == 0 && s.CoversResource(bucket+"any/object/of-whatever-name", w.keys))
}

// takeWhole: what the calls named is narrower or wider than what the statement
// says, as with patterns for objects: then the statement's own words stand where
// they lie within what was named.
func (w *weaver) takeWhole(s *iampolicy.Statement, piece Allowance, resources []string) {
	for _, pattern := range w.written(s.Resources) {
		if slices.ContainsFunc(resources, func(arn string) bool {
			return strings.HasPrefix(pattern, strings.TrimSuffix(arn, "*"))
		}) {
			piece.Resources = append(piece.Resources, pattern)
		}
	}
	if len(piece.Resources) > 0 {
		w.pieces = append(w.pieces, piece)
	}
}

// mayNow asks the policies as a whole, so that nothing is granted that one of
// them denies. Conditions are not known here: they come along.
func (w *weaver) mayNow(action, arn string, conditional bool) bool {
	var all iampolicy.Policies
	for _, d := range w.holder.Policies {
		all.Identity = append(all.Identity, d.Document)
	}
	if w.holder.Boundary != nil {
		all.Boundary = &w.holder.Boundary.Document
	}
	decision := all.Decide(iampolicy.Request{
		Caller: iampolicy.Caller{Account: w.holder.Account, ARN: w.holder.ARN}, Action: action, Resource: arn, Context: w.keys,
	})
	return decision.Allowed() || conditional && decision.Outcome == iampolicy.ImplicitDeny
}

// deny takes over what is denied of the actions that are needed.
func (w *weaver) deny() {
	var needed []string
	for _, p := range w.pieces {
		needed = append(needed, p.Actions...)
	}
	slices.Sort(needed)
	needed = slices.Compact(needed)
	for _, d := range w.holder.Policies {
		for i := range d.Document.Statements {
			s := &d.Document.Statements[i]
			if s.Effect == iampolicy.Deny {
				w.denyBy(s, d.Name, needed)
			}
		}
	}
}

func (w *weaver) denyBy(s *iampolicy.Statement, policy string, needed []string) {
	conditions, applies := w.settle(s, policy)
	if !applies {
		return
	}
	for _, action := range needed {
		if s.CoversAction(action) {
			w.pieces = append(w.pieces, Allowance{
				Effect: iampolicy.Deny, Actions: []string{action},
				Resources: anyOf(w.written(s.Resources)), NotResources: w.written(s.NotResources), Conditions: conditions,
			})
		}
	}
}

// personal are condition keys that a role's session has otherwise than a user,
// or not at all.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
var personal = []string{"aws:username", "aws:userid", "aws:principalarn", "aws:principaltype", "aws:principaltag/", "aws:multifactorauth", "aws:tokenissuetime"}

func isPersonal(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc(personal, func(p string) bool { return strings.HasPrefix(key, p) })
}

// settle decides a statement's conditions that are about the user, as they are
// for the user, and leaves the others: a role's session would answer otherwise.
// What can't be decided makes an Allow worth nothing, and a Deny unconditional.
// applies is false where the statement never applies to the user.
func (w *weaver) settle(s *iampolicy.Statement, policy string) (left []iampolicy.Condition, applies bool) {
	for i := range s.Conditions {
		c := &s.Conditions[i]
		if !isPersonal(c.Key) {
			left = append(left, w.plain(*c))
			continue
		}
		if _, told := w.keys[canonical(c.Key)]; told {
			if !c.Holds(w.keys) {
				return nil, false
			}
			continue
		}
		w.undecided(s, c, policy)
		if s.Effect == iampolicy.Allow {
			return nil, false
		}
	}
	return left, true
}

func canonical(key string) string {
	for _, known := range []string{"aws:username", "aws:userid", "aws:PrincipalArn", "aws:PrincipalType"} {
		if strings.EqualFold(key, known) {
			return known
		}
	}
	return key
}

func (w *weaver) undecided(s *iampolicy.Statement, c *iampolicy.Condition, policy string) {
	what := "left out: whether it holds for a role is for you to say"
	if s.Effect == iampolicy.Deny {
		what = "denied whatever the condition says: a role has no such thing"
	}
	w.note(fmt.Sprintf("%s has a statement under the condition %s of %s; it is %s.", policy, c.Operator, c.Key, what))
}

func (w *weaver) note(text string) { w.grant.note(text) }

// plain writes the values of a condition without variables of the user's.
func (w *weaver) plain(c iampolicy.Condition) iampolicy.Condition {
	return iampolicy.Condition{Operator: c.Operator, Key: c.Key, Values: w.written(c.Values)}
}

// named are the variables that stand for the user, whatever they fall back to.
// Their names are in any case.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
var named = regexp.MustCompile(`(?i)\$\{(aws:username|aws:userid)\s*(,[^}]*)?\}`)

// fallback is a variable with what stands where the request has none.
var fallback = regexp.MustCompile(`\$\{([^},]+),[^}]*\}`)

// written are patterns with the user's name in the place of ${aws:username}, which
// a role's session doesn't have. What else is the user's own falls back to nothing:
// else a role would get what the user never had.
func (w *weaver) written(patterns []string) []string {
	var out []string
	for _, p := range patterns {
		p = named.ReplaceAllStringFunc(p, func(variable string) string {
			key := canonical(named.FindStringSubmatch(variable)[1])
			value := w.keys[key][0]
			w.note("${" + key + "} stands for " + value + " in the role's policy: a role's session has no user's name.")
			return value
		})
		p = fallback.ReplaceAllStringFunc(p, func(variable string) string {
			if key := strings.TrimSpace(fallback.FindStringSubmatch(variable)[1]); isPersonal(key) {
				return "${" + key + "}"
			}
			return variable
		})
		out = append(out, p)
	}
	return out
}

// variable is one of IAM's, other than those that stand for characters.
var variable = regexp.MustCompile(`\$\{[^}]*:[^}]*\}`)

// anyOf are patterns with * in the place of variables: what is denied for a
// user's own value is denied a role, which has none, for all.
func anyOf(patterns []string) []string {
	for i, p := range patterns {
		patterns[i] = variable.ReplaceAllString(p, "*")
	}
	return patterns
}

// woven puts the actions together that have all else in common.
func woven(pieces []Allowance) []Allowance {
	var out []Allowance
	at := map[string]int{}
	for _, p := range pieces {
		slices.Sort(p.Resources)
		slices.Sort(p.NotResources)
		key := fmt.Sprint(p.Effect, p.Resources, p.NotResources, texts(p.Conditions))
		i, there := at[key]
		if !there {
			i = len(out)
			at[key] = i
			p.Actions = slices.Clone(p.Actions)
			out = append(out, p)
			continue
		}
		out[i].Actions = append(out[i].Actions, p.Actions...)
	}
	for i := range out {
		slices.Sort(out[i].Actions)
		out[i].Actions = slices.Compact(out[i].Actions)
	}
	slices.SortStableFunc(out, func(a, b Allowance) int { return strings.Compare(string(a.Effect), string(b.Effect)) })
	return out
}

func texts(conditions []iampolicy.Condition) []string {
	var out []string
	for _, c := range conditions {
		out = append(out, c.Operator+" "+c.Key+" "+strings.Join(c.Values, ","))
	}
	return out
}
