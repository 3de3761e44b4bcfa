package awsapi

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Simulated is what AWS's policy simulator says about one action.
type Simulated struct {
	Action  string // iam:CreateAccessKey
	Allowed bool
	// DeniedByOrganization and DeniedByBoundary say what denies it besides or
	// instead of the caller's own policies.
	DeniedByOrganization bool
	DeniedByBoundary     bool
	// Policies are the names of the policies that deny it in so many words.
	Policies []string
	// Unknown are the condition keys on which it depends and that the simulator
	// was not told.
	Unknown []string
}

// Simulate asks what a user or role may do to one resource
// (iam:SimulatePrincipalPolicy), service control policies included, session
// policies not. context are condition keys with the value they have in the
// call.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func (s *Session) Simulate(ctx context.Context, principal string, actions []string, resource string, context map[string]string) ([]Simulated, error) {
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(principal), ActionNames: actions, ResourceArns: []string{resource}}
	for _, key := range slices.Sorted(maps.Keys(context)) {
		in.ContextEntries = append(in.ContextEntries, types.ContextEntry{
			ContextKeyName: aws.String(key), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{context[key]},
		})
	}
	var found []Simulated
	for {
		out, err := s.iam.SimulatePrincipalPolicy(ctx, in, s.iamAPI("SimulatePrincipalPolicy"))
		if err != nil {
			return nil, s.fail("iam:SimulatePrincipalPolicy", err)
		}
		for _, r := range out.EvaluationResults {
			found = append(found, simulated(r))
		}
		if in.Marker, err = nextPage(out.IsTruncated, out.Marker, in.Marker); in.Marker == nil {
			return found, s.fail("iam:SimulatePrincipalPolicy", err)
		}
	}
}

func simulated(r types.EvaluationResult) Simulated {
	result := Simulated{
		Action: aws.ToString(r.EvalActionName), Allowed: r.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed,
		Unknown: r.MissingContextValues,
	}
	if d := r.OrganizationsDecisionDetail; d != nil {
		result.DeniedByOrganization = !d.AllowedByOrganizations
	}
	if d := r.PermissionsBoundaryDecisionDetail; d != nil {
		result.DeniedByBoundary = !d.AllowedByPermissionsBoundary
	}
	if r.EvalDecision == types.PolicyEvaluationDecisionTypeExplicitDeny {
		for _, m := range r.MatchedStatements {
			if name := aws.ToString(m.SourcePolicyId); name != "" && !slices.Contains(result.Policies, name) {
				result.Policies = append(result.Policies, name)
			}
		}
	}
	return result
}

// RoleARN returns a role's ARN, path included (iam:GetRole).
func (s *Session) RoleARN(ctx context.Context, name string) (string, error) {
	out, err := s.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)}, s.iamAPI("GetRole"))
	if err == nil && out.Role == nil {
		err = errors.New("answer has no role")
	}
	if err != nil {
		return "", s.fail("iam:GetRole", err)
	}
	return aws.ToString(out.Role.Arn), nil
}
