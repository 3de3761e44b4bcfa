package permission

import (
	"slices"

	"github.com/keytend/keytend/internal/terraform"
)

// Terraform is a module for the AWS provider: the roles that a caller may assume
// with an external ID, and one policy for each kind of need, so that each can be
// left out or given to another role.
func Terraform(all []Need, s Scope) string {
	file := terraform.New()
	file.Variable(terraform.Variable{Name: "principal", Type: "string", Description: "ARN of whoever runs Keytend and may assume the role"})
	file.Variable(terraform.Variable{Name: "external_id", Type: "string", Default: s.ExternalID, Description: "External ID that Keytend sends along; empty: none"})
	kinds := ByKind(all, s)
	for _, p := range postsOf(kinds, s) {
		role := terraform.Role{Label: p.label, Name: p.role, Trust: []terraform.Statement{trustOfVariables}}
		for _, k := range p.kinds {
			role.Policies = append(role.Policies, terraform.NamedPolicy{Label: string(k), Name: "keytend-" + string(k), Statements: kinds[k].blocks()})
		}
		file.Role(role)
	}
	return file.Text()
}

// Words are what a Terraform module calls the things that its policies are on:
// lists of ARNs. Those left empty are written as a Scope has them.
type Words struct {
	Users, Secrets, Ourselves, StoreKeys terraform.Expression
	// Tag is an object with key and value, or null: of the users to be changed.
	Tag terraform.Expression
}

// Statements are those of the least policy for the needs, in a module's own
// words.
func Statements(all []Need, w Words) []terraform.Statement {
	d := Policy(all, Scope{})
	out := d.blocks()
	for i, st := range d.Statement {
		if list := w.of(st.on); list != "" {
			out[i].Resources = list
		}
		if st.on == storeKeys && w.StoreKeys != "" {
			out[i].ForEach = "length(" + w.StoreKeys + ") > 0 ? [1] : []"
		}
		if st.on == users && st.kind != Read && w.Tag != "" {
			out[i].Conditions = append(out[i].Conditions, terraform.Condition{
				Test: "StringEquals", Variable: terraform.Expression(`"aws:ResourceTag/${condition.value.key}"`),
				Values:  terraform.Expression("[condition.value.value]"),
				ForEach: w.Tag + " == null ? [] : [" + w.Tag + "]",
			})
		}
	}
	return out
}

func (w Words) of(t target) terraform.Expression {
	return map[target]terraform.Expression{users: w.Users, secrets: w.Secrets, ourselves: w.Ourselves, storeKeys: w.StoreKeys}[t]
}

// trustOfVariables is Trust, of whom the module's inputs name.
var trustOfVariables = terraform.Statement{
	Actions:    []string{"sts:AssumeRole"},
	Principals: []terraform.Principal{{Type: "AWS", Identifiers: terraform.Expression("[var.principal]")}},
	Conditions: []terraform.Condition{{
		Test: "StringEquals", Variable: "sts:ExternalId", Values: terraform.Expression("[condition.value]"),
		ForEach: `var.external_id == "" ? [] : [var.external_id]`,
	}},
}

// blocks are the document's statements in Terraform's words.
func (d Document) blocks() []terraform.Statement {
	var out []terraform.Statement
	for _, st := range d.Statement {
		block := terraform.Statement{Sid: st.Sid, Effect: st.Effect, Actions: slices.Sorted(slices.Values(st.Action)), Resources: st.Resource}
		for _, test := range sortedKeys(st.Condition) {
			for _, name := range sortedKeys(st.Condition[test]) {
				block.Conditions = append(block.Conditions, terraform.Condition{Test: test, Variable: name, Values: st.Condition[test][name]})
			}
		}
		out = append(out, block)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
