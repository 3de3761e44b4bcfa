package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/keytend/keytend/internal/iampolicy"
	"github.com/keytend/keytend/internal/terraform"
)

// mostPolicy is how many characters a policy has at most, white space not counted:
// 6,144 in IAM, of which some are left to how Terraform writes it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const mostPolicy = 6000

// policies are the role's rights, in several policies where one would be too large
// for IAM.
func (m Migration) policies(label string) []terraform.NamedPolicy {
	var out []terraform.NamedPolicy
	for i, part := range m.Grant.parts() {
		p := terraform.NamedPolicy{Label: label, Name: m.RoleName, Statements: statements(part)}
		if i > 0 {
			p.Label, p.Name = fmt.Sprintf("%s_%d", label, i+1), fmt.Sprintf("%s-%d", m.RoleName, i+1)
		}
		out = append(out, p)
	}
	return out
}

// parts are the statements, as many together as fit into a policy.
func (g Grant) parts() [][]Allowance {
	var out [][]Allowance
	for _, whole := range g.Statements {
		for _, s := range fitting(whole) {
			last := len(out) - 1
			if last < 0 || size(append(slices.Clone(out[last]), s)) > mostPolicy {
				out = append(out, []Allowance{s})
				continue
			}
			out[last] = append(out[last], s)
		}
	}
	return out
}

// fitting is a statement in as many as each fit into a policy.
func fitting(s Allowance) []Allowance {
	if len(s.Actions) < 2 || size([]Allowance{s}) <= mostPolicy {
		return []Allowance{s}
	}
	first, second := s, s
	half := len(s.Actions) / 2
	first.Actions, second.Actions = s.Actions[:half], s.Actions[half:]
	return append(fitting(first), fitting(second)...)
}

func size(statements []Allowance) int {
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(document(statements))); err != nil {
		panic(err) // document writes JSON
	}
	return compact.Len()
}

func statements(of []Allowance) []terraform.Statement {
	var out []terraform.Statement
	for _, s := range of {
		st := terraform.Statement{Effect: string(s.Effect), Actions: s.Actions}
		if len(s.Resources) > 0 {
			st.Resources = s.Resources
		}
		if len(s.NotResources) > 0 {
			st.NotResources = s.NotResources
		}
		for _, c := range s.Conditions {
			st.Conditions = append(st.Conditions, condition(c))
		}
		out = append(out, st)
	}
	return out
}

func condition(c iampolicy.Condition) terraform.Condition {
	return terraform.Condition{Test: c.Operator, Variable: c.Key, Values: c.Values}
}
