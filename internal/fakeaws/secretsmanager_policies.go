package fakeaws

import (
	"slices"

	"github.com/keytend/keytend/internal/iampolicy"
)

type secretPolicyInput struct {
	secretRef
	ResourcePolicy    string
	BlockPublicPolicy bool
}

type secretPolicy struct {
	Arn            string `json:"ARN"`
	Name           string
	ResourcePolicy string `json:",omitempty"`
}

func getSecretPolicy(_ *request, s *secret, _ secretRef) (any, *apiError) {
	return secretPolicy{s.arn, s.name, s.policy}, nil
}

func putSecretPolicy(_ *request, s *secret, in secretPolicyInput) (any, *apiError) {
	if in.ResourcePolicy == "" {
		return nil, refusal("MalformedPolicyDocumentException", "This resource policy contains invalid Json")
	}
	if err := checkResourcePolicy(in.ResourcePolicy); err != nil {
		return nil, err
	}
	if in.BlockPublicPolicy && public(in.ResourcePolicy) {
		return nil, refusal("PublicPolicyException", "The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the secret.")
	}
	s.policy = in.ResourcePolicy
	return secretPolicy{Arn: s.arn, Name: s.name}, nil
}

func deleteSecretPolicy(_ *request, s *secret, _ secretRef) (any, *apiError) {
	s.policy = ""
	return secretPolicy{Arn: s.arn, Name: s.name}, nil
}

// checkResourcePolicy wants a policy with principals; an empty text is none.
func checkResourcePolicy(text string) *apiError {
	if text == "" {
		return nil
	}
	doc, err := iampolicy.Parse(text)
	if err != nil {
		return refusal("MalformedPolicyDocumentException", "This resource policy contains a syntax error: %s", err)
	}
	for _, s := range doc.Statements {
		if len(s.Principals)+len(s.NotPrincipals) == 0 {
			return refusal("MalformedPolicyDocumentException", "This resource policy has a statement without a principal.")
		}
	}
	return nil
}

// public reports whether a policy allows everybody something, unconditionally.
func public(text string) bool {
	doc, err := iampolicy.Parse(text)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(doc.Statements, func(s iampolicy.Statement) bool {
		return s.Effect == iampolicy.Allow && len(s.Conditions) == 0 &&
			slices.ContainsFunc(s.Principals, func(p iampolicy.Principal) bool { return p.Value == "*" })
	})
}
