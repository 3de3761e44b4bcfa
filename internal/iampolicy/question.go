package iampolicy

import "strings"

// question asks whether an action is allowed on an object, for a holder of
// whom only policies are known.
type question struct {
	judge    *adminJudge
	action   string // lower case
	object   string // resource part of an ARN; empty: any resource of the action's service
	passedTo string // iam:PassedToService; empty: not asked
}

// covered reports whether the statement's actions and resources reach the
// object.
func (q question) covered(s *Statement) bool {
	if matchesAction(s.actions, q.action) != (len(s.NotActions) == 0) {
		return false
	}
	if len(s.NotResources) > 0 {
		return q.object == "" || !q.reached(s)
	}
	return q.reached(s)
}

func (q question) reached(s *Statement) bool {
	for _, p := range s.resources {
		if q.within(p) {
			return true
		}
	}
	return false
}

// within compares the parts of an ARN that are known. The others are left out
// of the comparison: an administrator of another account is one too.
func (q question) within(p arnPattern) bool {
	if p.any {
		return true
	}
	if len(p.parts) != arnParts {
		return false
	}
	service, _, _ := strings.Cut(q.action, ":")
	if q.object == "" {
		return p.parts[2].match(service, q.judge.ctx)
	}
	j := q.judge
	return (j.partition == "" || p.parts[1].match(j.partition, j.ctx)) &&
		p.parts[2].match("iam", j.ctx) &&
		(j.account == "" || service == "sts" || p.parts[4].match(j.account, j.ctx)) &&
		p.parts[5].match(q.object, j.ctx)
}

// denied reports a Deny that applies whatever the circumstances.
func (q question) denied() bool {
	for _, d := range q.judge.docs {
		if q.deniedBy(d.Document) {
			return true
		}
	}
	return q.judge.boundary != nil && q.deniedBy(*q.judge.boundary)
}

func (q question) deniedBy(d Document) bool {
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect == Deny && q.deniedWholly(s) && q.condition(s) == holds {
			return true
		}
	}
	return false
}

// deniedWholly is stricter than covered where the object is any resource: a
// Deny on some of a service's resources leaves others.
func (q question) deniedWholly(s *Statement) bool {
	if q.object != "" {
		return q.covered(s)
	}
	for _, p := range s.resources {
		if p.any && len(s.NotResources) == 0 {
			return matchesAction(s.actions, q.action) == (len(s.NotActions) == 0)
		}
	}
	return false
}

func (q question) withinBoundary() bool {
	b := q.judge.boundary
	if b == nil {
		return true
	}
	for i := range b.Statements {
		if s := &b.Statements[i]; s.Effect == Allow && q.covered(s) && q.condition(s) != fails {
			return true
		}
	}
	return false
}

// certainty is what can be said of a statement's conditions beforehand.
type certainty int

const (
	unsure certainty = iota
	holds
	fails
)

// condition evaluates what it can, which is iam:PassedToService alone; every
// other key depends on the request.
func (q question) condition(s *Statement) certainty {
	answer := holds
	for i := range s.Conditions {
		c := &s.Conditions[i]
		if q.passedTo == "" || !strings.EqualFold(c.Key, "iam:PassedToService") {
			answer = unsure
			continue
		}
		if !c.holds(context{"iam:passedtoservice": {q.passedTo}}) {
			return fails
		}
	}
	return answer
}
