package iampolicy

import (
	"maps"
	"slices"
)

// Outcome is the answer to a request.
type Outcome int

// The outcomes. The zero Outcome denies.
const (
	ImplicitDeny Outcome = iota
	ExplicitDeny
	Allowed
)

// String is the outcome as SimulatePrincipalPolicy spells it
// (PolicyEvaluationDecisionType).
func (o Outcome) String() string {
	return [...]string{"implicitDeny", "explicitDeny", "allowed"}[o]
}

// Layer is a type of policy, as AWS's access-denied messages call it.
type Layer string

// The layers.
const (
	ServiceControlPolicy Layer = "service control policy"
	ResourcePolicy       Layer = "resource-based policy"
	IdentityPolicy       Layer = "identity-based policy"
	Boundary             Layer = "permissions boundary"
	SessionPolicy        Layer = "session policy"
)

// Match is a statement that took part in a decision.
type Match struct {
	Layer      Layer
	Level      int // of an SCP: index into Policies.SCPs
	Document   int // index within the layer (or level)
	Statement  int
	Sid        string
	Start, End Position
}

// Decision is the answer to a request and where it came from.
type Decision struct {
	Outcome Outcome
	Layer   Layer   // that decided
	Matched []Match // the statements of that layer that did; none for an implicit deny

	AllowedByOrganizations bool // the SCPs let it pass; true where there are none
	AllowedByBoundary      bool // likewise the permissions boundary
	MissingContext         []string

	action string
}

// Allowed reports whether the request may be served.
func (d Decision) Allowed() bool { return d.Outcome == Allowed }

func (d Decision) decided(o Outcome, by verdict) Decision {
	d.Outcome, d.Layer = o, by.layer
	switch o {
	case ExplicitDeny:
		d.Matched = by.denies
	case Allowed:
		d.Matched = by.allows
	}
	return d
}

// Because is the end of AWS's access-denied message: "because no
// identity-based policy allows the iam:ListUsers action" or "with an explicit
// deny in a service control policy". Empty where the request is allowed. See
// "Troubleshoot access denied error messages" in the IAM User Guide.
func (d Decision) Because() string {
	switch d.Outcome {
	case ExplicitDeny:
		article := "a "
		if d.Layer == IdentityPolicy {
			article = "an "
		}
		return "with an explicit deny in " + article + string(d.Layer)
	case ImplicitDeny:
		return "because no " + string(d.Layer) + " allows the " + d.action + " action"
	}
	return ""
}

func (e *evaluation) missingKeys() []string {
	return slices.Sorted(maps.Values(e.missing))
}
