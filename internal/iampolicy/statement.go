package iampolicy

import "strings"

// CoversAction reports whether a statement from Parse is about an action
// ("s3:GetObject"), on whatever resource and in whatever circumstances.
func (s *Statement) CoversAction(action string) bool {
	return matchesAction(s.actions, strings.ToLower(action)) == (len(s.NotActions) == 0)
}

// CoversResource reports whether a statement from Parse is about a resource, with
// the condition keys that its variables name.
func (s *Statement) CoversResource(arn string, keys map[string][]string) bool {
	ctx, matched := newContext(keys), false
	for _, p := range s.resources {
		matched = matched || p.match(arn, ctx)
	}
	return matched == (len(s.NotResources) == 0)
}

// Holds reports whether a condition from Parse holds for these condition keys.
func (c *Condition) Holds(keys map[string][]string) bool { return c.holds(newContext(keys)) }
