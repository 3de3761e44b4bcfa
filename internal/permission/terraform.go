package permission

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Terraform is a module for the AWS provider: a role that a caller may assume
// with an external ID, and one policy for each kind of need, so that each can be
// left out or given to another role.
func Terraform(all []Need, s Scope) string {
	file := hclwrite.NewEmptyFile()
	body := file.Body()
	variable(body, "principal", "ARN of whoever runs Keytend and may assume the role", "")
	variable(body, "external_id", "External ID that Keytend sends along; empty: none", `""`)
	kinds := ByKind(all, s)
	for _, k := range Kinds() {
		if d, ok := kinds[k]; ok {
			policyBlocks(body, k, d)
		}
	}
	trustBlocks(body, s)
	for _, k := range Kinds() {
		if _, ok := kinds[k]; ok {
			attach(body, k)
		}
	}
	return strings.TrimRight(string(hclwrite.Format(file.Bytes())), "\n") + "\n"
}

func variable(body *hclwrite.Body, name, description, fallback string) {
	b := body.AppendNewBlock("variable", []string{name}).Body()
	b.SetAttributeValue("description", cty.StringVal(description))
	b.SetAttributeRaw("type", raw("string"))
	if fallback != "" {
		b.SetAttributeRaw("default", raw(fallback))
	}
	body.AppendNewline()
}

func policyBlocks(body *hclwrite.Body, k Kind, d Document) {
	data := body.AppendNewBlock("data", []string{"aws_iam_policy_document", string(k)}).Body()
	for i, st := range d.Statement {
		if i > 0 {
			data.AppendNewline()
		}
		statementBlock(data, st)
	}
	body.AppendNewline()
	policy := body.AppendNewBlock("resource", []string{"aws_iam_policy", string(k)}).Body()
	policy.SetAttributeValue("name", cty.StringVal("keytend-"+string(k)))
	policy.SetAttributeRaw("policy", raw("data.aws_iam_policy_document."+string(k)+".json"))
	body.AppendNewline()
}

func statementBlock(data *hclwrite.Body, st Statement) {
	b := data.AppendNewBlock("statement", nil).Body()
	b.SetAttributeValue("sid", cty.StringVal(st.Sid))
	b.SetAttributeValue("actions", list(slices.Sorted(slices.Values(st.Action))))
	b.SetAttributeValue("resources", list(st.Resource))
	for _, test := range sortedKeys(st.Condition) {
		for _, name := range sortedKeys(st.Condition[test]) {
			c := b.AppendNewBlock("condition", nil).Body()
			c.SetAttributeValue("test", cty.StringVal(test))
			c.SetAttributeValue("variable", cty.StringVal(name))
			c.SetAttributeValue("values", list(st.Condition[test][name]))
		}
	}
}

func trustBlocks(body *hclwrite.Body, s Scope) {
	data := body.AppendNewBlock("data", []string{"aws_iam_policy_document", "trust"}).Body()
	st := data.AppendNewBlock("statement", nil).Body()
	st.SetAttributeValue("actions", list([]string{"sts:AssumeRole"}))
	who := st.AppendNewBlock("principals", nil).Body()
	who.SetAttributeValue("type", cty.StringVal("AWS"))
	who.SetAttributeRaw("identifiers", raw("[var.principal]"))
	dynamic := st.AppendNewBlock("dynamic", []string{"condition"}).Body()
	dynamic.SetAttributeRaw("for_each", raw(`var.external_id == "" ? [] : [var.external_id]`))
	content := dynamic.AppendNewBlock("content", nil).Body()
	content.SetAttributeValue("test", cty.StringVal("StringEquals"))
	content.SetAttributeValue("variable", cty.StringVal("sts:ExternalId"))
	content.SetAttributeRaw("values", raw("[condition.value]"))
	body.AppendNewline()
	role := body.AppendNewBlock("resource", []string{"aws_iam_role", "keytend"}).Body()
	role.SetAttributeValue("name", cty.StringVal(s.memberRole()))
	role.SetAttributeRaw("assume_role_policy", raw("data.aws_iam_policy_document.trust.json"))
	body.AppendNewline()
}

func attach(body *hclwrite.Body, k Kind) {
	b := body.AppendNewBlock("resource", []string{"aws_iam_role_policy_attachment", string(k)}).Body()
	b.SetAttributeRaw("role", raw("aws_iam_role.keytend.name"))
	b.SetAttributeRaw("policy_arn", raw("aws_iam_policy."+string(k)+".arn"))
	body.AppendNewline()
}

// raw is an expression, written as it stands.
func raw(expression string) hclwrite.Tokens {
	return hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte(expression)}}
}

func list(words []string) cty.Value {
	var out []cty.Value
	for _, w := range words {
		out = append(out, cty.StringVal(w))
	}
	return cty.TupleVal(out)
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
