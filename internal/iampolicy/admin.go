package iampolicy

import (
	"slices"
	"strings"
)

// Subject is the user whose policies Admin judges, as far as it is known. The
// zero Subject is any user.
type Subject struct {
	ARN      string    // arn:aws:iam::123456789012:user/alice
	Groups   []string  // ARNs of the user's groups
	Boundary *Document // permissions boundary; nil: none
}

// Admin reports whether a user with these policies is an administrator in all
// but name, and if so one sentence that names the policy and the action: the
// user can do everything, or can give itself the right to.
//
// It errs towards yes. An Allow under a condition counts (and the sentence
// says so), a Deny under a condition does not count. PowerUserAccess counts
// though it excludes IAM, because it allows taking any role that trusts the
// account. Service control policies are not considered.
func Admin(docs []NamedDocument) (bool, string) { return Subject{}.Admin(docs) }

// Admin is the function Admin for a known user: policies that name the user,
// its groups or its own policies by ARN are understood, and its permissions
// boundary limits.
func (s Subject) Admin(docs []NamedDocument) (bool, string) {
	j := newAdminJudge(s, docs)
	for _, conditional := range []bool{false, true} {
		for i, e := range j.escalations {
			if grants, ok := j.granted(e, conditional); ok {
				return true, sentence(e, grants, i == 0)
			}
		}
	}
	return false, ""
}

// Probe names stand for "any user", "any role"…: control characters, which no
// pattern can name, so that only a wildcard matches them.
const (
	probe   = "\x01"
	oneself = "\x02"
)

type adminJudge struct {
	docs        []NamedDocument
	boundary    *Document
	escalations []escalation
	objects     map[thing][]string // the resource parts of ARNs, any of which will do
	partition   string             // empty: unknown
	account     string             // empty: unknown
	ctx         context
}

func newAdminJudge(s Subject, docs []NamedDocument) *adminJudge {
	j := &adminJudge{docs: withManaged(docs), boundary: s.Boundary, escalations: allEscalations}
	self := "user/" + oneself
	if parts := strings.SplitN(s.ARN, ":", arnParts); len(parts) == arnParts {
		j.partition, j.account, self = parts[1], parts[4], parts[5]
	}
	name := self[strings.LastIndexByte(self, '/')+1:]
	j.ctx = context{"aws:username": {name}}
	j.objects = map[thing][]string{
		itself:      {self},
		otherUsers:  {"user/" + probe},
		everyRole:   {"role/" + probe},
		everyGroup:  {"group/" + probe},
		everyPolicy: {"policy/" + probe},
	}
	for _, g := range s.Groups {
		j.objects[everyGroup] = append(j.objects[everyGroup], resourcePart(g))
	}
	for _, d := range docs {
		if d.ARN != "" && !isManagedByAWS(d.ARN) {
			j.objects[everyPolicy] = append(j.objects[everyPolicy], resourcePart(d.ARN))
		}
	}
	return j
}

func resourcePart(arn string) string {
	parts := strings.SplitN(arn, ":", arnParts)
	return parts[len(parts)-1]
}

// grant is a statement that allows a step.
type grant struct {
	policy      string
	action      string // the step's
	on          thing
	pattern     string // of the statement, by which the action is allowed
	conditional bool
}

// granted returns one grant for each step, or false where a step lacks one.
func (j *adminJudge) granted(e escalation, conditional bool) ([]grant, bool) {
	var grants []grant
	for _, s := range e.steps {
		g, ok := j.grant(s, e.service, conditional)
		if !ok {
			return nil, false
		}
		grants = append(grants, g)
	}
	return grants, true
}

func (j *adminJudge) grant(s step, service string, conditional bool) (best grant, found bool) {
	for _, object := range j.objectsOf(s.on) {
		q := question{judge: j, action: strings.ToLower(s.action), object: object, passedTo: service}
		if q.denied() || !q.withinBoundary() {
			continue
		}
		for _, d := range j.docs {
			for i := range d.Document.Statements {
				st := &d.Document.Statements[i]
				if st.Effect != Allow || !q.covered(st) {
					continue
				}
				c := q.condition(st)
				g := grant{policy: d.Name, action: s.action, on: s.on, pattern: st.patternFor(q.action), conditional: c == unsure}
				if c != fails && (conditional || !g.conditional) && (!found || g.wider(best)) {
					best, found = g, true
				}
			}
		}
	}
	return best, found
}

func (j *adminJudge) objectsOf(t thing) []string {
	if t == anything {
		return []string{""}
	}
	return j.objects[t]
}

// patternFor is the written action by which a statement matches action.
func (s *Statement) patternFor(action string) string {
	for i, p := range s.actions {
		if i < len(s.Actions) && glob(p, action) {
			return s.Actions[i]
		}
	}
	return ""
}

// wider prefers, among grants of the same step, what says more: without a
// condition, then by the shorter pattern ("*" before "iam:*").
func (g grant) wider(than grant) bool {
	if g.conditional != than.conditional {
		return than.conditional
	}
	if (g.pattern == "") != (than.pattern == "") {
		return than.pattern == ""
	}
	return len(g.pattern) < len(than.pattern)
}

func sentence(e escalation, grants []grant, unhindered bool) string {
	first := grants[0]
	var said string
	switch {
	case unhindered && strings.Trim(first.pattern, "*:") == "" && first.pattern != "":
		said = first.policy + " allows every action on every resource"
	case unhindered && strings.EqualFold(first.pattern, "iam:*"):
		said = first.policy + " allows every IAM action (iam:*)"
	default:
		said = enumerate(grants) + ": " + e.means
	}
	if slices.ContainsFunc(grants, func(g grant) bool { return g.conditional }) {
		said += ", under a condition that was not evaluated"
	}
	return said
}

// enumerate says each policy once: "A allows iam:PassRole on every role and
// ec2:RunInstances".
func enumerate(grants []grant) string {
	said := ""
	for i, g := range grants {
		switch {
		case i == 0:
			said = g.policy + " allows "
		case g.policy != grants[i-1].policy:
			said += ", " + g.policy + " allows "
		default:
			said += " and "
		}
		said += g.action + g.on.String()
	}
	return said
}
