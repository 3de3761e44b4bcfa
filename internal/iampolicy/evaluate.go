package iampolicy

import "strings"

// Caller is who makes a request, as far as resource-based policies ask.
type Caller struct {
	Account string // twelve digits; empty for an AWS service
	ARN     string // user, assumed-role session, federated user or account root
	RoleARN string // of a session: the role's IAM ARN, by which policies name it too
	Service string // lambda.amazonaws.com, where an AWS service itself calls
	IdP     string // identity provider (ARN or host) of a federated caller
}

// Request is one call to be decided.
type Request struct {
	Caller   Caller
	Action   string // iam:ListUsers
	Resource string // ARN, or "*" where the action has no resource
	// ResourceAccount owns the resource; empty: as the ARN says, and where
	// that says nothing the caller's own.
	ResourceAccount string
	// Context holds condition keys, in any case. Evaluate adds none: what the
	// policies may ask (aws:username, aws:SourceIp, …) the caller supplies.
	Context map[string][]string
}

// Policies is every policy that applies to a request. A nil Boundary, Session
// or Resource and empty SCPs mean that there is no such policy, not one that
// allows nothing.
type Policies struct {
	Identity []Document
	Boundary *Document
	// SCPs has one entry for each level from the organization's root down to
	// the account; every level must allow. Empty for the management account,
	// which SCPs don't restrict.
	SCPs     [][]Document
	Session  []Document // passed when the session was made; empty: none
	Resource *Document
	// ResourceDecides is set where the resource's policy must allow even
	// within the account: a role's trust policy, a KMS key's policy.
	ResourceDecides bool
}

// Evaluate decides a request as Policies.Decide does, for callers without a
// session policy. A resource policy on sts:AssumeRole… is a trust policy.
func Evaluate(identity []Document, boundary *Document, scps [][]Document, resource *Document, req Request) Decision {
	all := Policies{Identity: identity, Boundary: boundary, SCPs: scps, Resource: resource}
	all.ResourceDecides = resource != nil && strings.HasPrefix(strings.ToLower(req.Action), "sts:assumerole")
	return all.Decide(req)
}

// Decide follows AWS's documented order: an explicit deny anywhere, then the
// SCPs of every level, the resource's policy, the identity's policies, the
// permissions boundary, the session's policies.
func (p Policies) Decide(req Request) Decision {
	e := newEvaluation(req)
	l := layers{
		org:      e.levels(p.SCPs),
		resource: e.judge(ResourcePolicy, optional(p.Resource)),
		identity: e.judge(IdentityPolicy, p.Identity),
		boundary: e.judge(Boundary, optional(p.Boundary)),
		session:  e.judge(SessionPolicy, p.Session),
	}
	l.boundary.absent, l.session.absent = p.Boundary == nil, len(p.Session) == 0
	outcome, by := l.decide(e, p.ResourceDecides)
	d := Decision{
		AllowedByOrganizations: l.org.passes(),
		AllowedByBoundary:      l.boundary.passes(),
		MissingContext:         e.missingKeys(),
		action:                 req.Action,
	}
	return d.decided(outcome, by)
}

// layers is what each type of policy says of a request.
type layers struct{ org, resource, identity, boundary, session verdict }

func (l layers) decide(e *evaluation, resourceDecides bool) (Outcome, verdict) {
	for _, v := range []verdict{l.org, l.resource, l.identity, l.boundary, l.session} {
		if v.denied {
			return ExplicitDeny, v
		}
	}
	switch {
	case !l.org.allowed:
		return ImplicitDeny, l.org
	case !l.resource.allowed && (resourceDecides || !e.sameAccount()):
		return ImplicitDeny, l.resource
	case l.resource.allowed && e.caller.Service != "":
		return Allowed, l.resource
	}
	return l.decideWithin(e)
}

// decideWithin decides among the caller's own policies and a resource's policy
// of the same account. That grants by itself to whom it names, past boundary
// and session policies too, unless it names only the role of a session.
func (l layers) decideWithin(e *evaluation) (Outcome, verdict) {
	granted := l.resource.allowed && e.sameAccount() && l.resource.reach >= named
	unlimited := granted && (e.caller.RoleARN == "" || l.resource.reach == namedSession)
	switch {
	case !l.identity.allowed && !granted:
		return ImplicitDeny, l.identity
	case !l.boundary.passes() && !unlimited:
		return ImplicitDeny, l.boundary
	case !l.session.passes() && !unlimited:
		return ImplicitDeny, l.session
	case !l.identity.allowed:
		return Allowed, l.resource
	}
	return Allowed, l.identity
}

func optional(d *Document) []Document {
	if d == nil {
		return nil
	}
	return []Document{*d}
}

// verdict is what one layer says of a request.
type verdict struct {
	layer   Layer
	absent  bool // there is no policy of an optional layer
	allowed bool
	denied  bool
	reach   reach // how closely a resource policy names the caller
	allows  []Match
	denies  []Match
}

// passes reports whether a layer that only limits lets the request through.
func (v verdict) passes() bool { return v.absent || v.allowed && !v.denied }

// evaluation is a request prepared for many statements.
type evaluation struct {
	action          string // lower case
	resource        string
	resourceAccount string
	caller          Caller
	ctx             context
	missing         map[string]string // lower case → as written
}

func newEvaluation(req Request) *evaluation {
	e := &evaluation{
		action:          strings.ToLower(req.Action),
		resource:        req.Resource,
		resourceAccount: req.ResourceAccount,
		caller:          req.Caller,
		ctx:             newContext(req.Context),
		missing:         map[string]string{},
	}
	if e.resourceAccount == "" {
		e.resourceAccount = accountOf(req.Resource)
	}
	return e
}

// accountOf is the account that an ARN names; empty where it names none, as
// those of buckets and of AWS's own policies (arn:aws:iam::aws:policy/…).
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", arnParts)
	if len(parts) != arnParts || strings.Trim(parts[4], "0123456789") != "" {
		return ""
	}
	return parts[4]
}

func (e *evaluation) sameAccount() bool {
	return e.resourceAccount == "" || e.resourceAccount == e.caller.Account
}

// levels judges the SCPs. Without any level nothing is restricted.
func (e *evaluation) levels(levels [][]Document) verdict {
	all := verdict{layer: ServiceControlPolicy, allowed: true}
	for i, docs := range levels {
		v := e.judge(ServiceControlPolicy, docs)
		for j := range v.denies {
			v.denies[j].Level = i
		}
		all.allowed = all.allowed && v.allowed
		all.denied = all.denied || v.denied
		all.denies = append(all.denies, v.denies...)
	}
	return all
}

func (e *evaluation) judge(layer Layer, docs []Document) verdict {
	v := verdict{layer: layer}
	for d := range docs {
		for i := range docs[d].Statements {
			s := &docs[d].Statements[i]
			r, ok := e.applies(layer, s)
			if !ok {
				continue
			}
			m := Match{Layer: layer, Document: d, Statement: i, Sid: s.Sid, Start: s.Start, End: s.End}
			if s.Effect == Deny {
				v.denied, v.denies = true, append(v.denies, m)
				continue
			}
			v.allowed, v.allows = true, append(v.allows, m)
			v.reach = max(v.reach, r)
		}
	}
	return v
}

func (e *evaluation) applies(layer Layer, s *Statement) (reach, bool) {
	r := namedSession
	if layer == ResourcePolicy {
		if r = e.reach(s); r == notNamed {
			return r, false
		}
	}
	if !e.actionMatches(s) || !e.resourceMatches(layer, s) {
		return r, false
	}
	e.note(s)
	for i := range s.Conditions {
		if !s.Conditions[i].holds(e.ctx) {
			return r, false
		}
	}
	return r, true
}

func (e *evaluation) actionMatches(s *Statement) bool {
	return matchesAction(s.actions, e.action) == (len(s.NotActions) == 0)
}

func matchesAction(patterns []pattern, action string) bool {
	for _, p := range patterns {
		if glob(p, action) {
			return true
		}
	}
	return false
}

// resourceMatches takes a statement without any resource for every resource:
// in a trust policy, the only type that may lack it, the role is meant.
func (e *evaluation) resourceMatches(layer Layer, s *Statement) bool {
	if len(s.resources) == 0 {
		return layer == ResourcePolicy
	}
	matched := false
	for _, p := range s.resources {
		matched = matched || p.match(e.resource, e.ctx)
	}
	return matched == (len(s.NotResources) == 0)
}

// note remembers the condition keys that a statement asks for in vain.
func (e *evaluation) note(s *Statement) {
	for _, c := range s.Conditions {
		if key := strings.ToLower(c.Key); len(e.ctx.get(key)) == 0 {
			e.missing[key] = c.Key
		}
	}
}
