// Package iampolicy is the IAM policy language: it parses policy documents,
// decides requests as AWS documents it, and says which policies make their
// holder an administrator. It is pure: the standard library only, no I/O, no
// clock, no network, and it never decodes URL encoding for its callers.
//
// The rules come from the IAM User Guide's "JSON policy element reference" and
// "Policy evaluation logic".
package iampolicy

// Document is one parsed policy document. Documents come from Parse; the zero
// Document has no statements and so allows and denies nothing.
type Document struct {
	Version    string // "2012-10-17", "2008-10-17" or, where not written, ""
	ID         string
	Statements []Statement
}

// Effect is what a statement does to the requests that it matches.
type Effect string

// The two effects. IAM spells them exactly so.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Statement is one statement. Of each pair (Actions, NotActions), (Resources,
// NotResources), (Principals, NotPrincipals) at most one is set; all three
// pairs of principals are empty in an identity-based policy, and a role's
// trust policy has no resources.
type Statement struct {
	Sid           string
	Effect        Effect
	Principals    []Principal
	NotPrincipals []Principal
	Actions       []string
	NotActions    []string
	Resources     []string
	NotResources  []string
	Conditions    []Condition

	// Start and End are where the statement stands in the source text: its
	// opening brace and the place just after its closing one.
	Start, End Position

	actions   []pattern
	resources []arnPattern
}

// Principal is one entry of a Principal or NotPrincipal element.
type Principal struct {
	Kind  string // AWS, Service, Federated, CanonicalUser
	Value string // ARN, account number, service name or "*"
}

// Position is a place in a document, both counted from 1; columns in bytes.
type Position struct{ Line, Column int }

// Condition is one operator applied to one context key. Every condition of a
// statement must hold; of its values one is enough (or, for the negated
// operators, none may match).
type Condition struct {
	Operator string // as written: ForAnyValue:StringLikeIfExists
	Key      string // as written; compared without regard to case
	Values   []string

	op     operator
	values []conditionValue
}

// NamedDocument is a document and how to speak of it to a person.
type NamedDocument struct {
	Name     string   // "managed policy AdministratorAccess", "inline policy x of group y"
	ARN      string   // of a managed policy; empty for an inline one
	Document Document // may be zero for an AWS managed policy known by its ARN
}

// FullAccess returns the document that allows everything: AWS's
// AdministratorAccess and FullAWSAccess.
func FullAccess() Document {
	doc, err := Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	if err != nil {
		panic(err) // the text is a constant
	}
	return doc
}
