package terraform

// Statement is one statement of an IAM policy.
type Statement struct {
	Sid       string // empty: none
	Effect    string // empty: Allow
	Actions   []string
	Resources any // []string, []any with expressions among them, or an Expression; nil: none, as in trust policies
	// NotResources, in the place of Resources: all but these.
	NotResources any
	Principals   []Principal
	Conditions   []Condition
	// ForEach, where set, is a list for each element of which the statement is
	// made: an empty one leaves it out.
	ForEach Expression
}

// Principal is who a statement is about.
type Principal struct {
	Type        string // "AWS", "Service", "Federated"
	Identifiers any    // []string, []any or an Expression
}

// Condition is one condition of a statement.
type Condition struct {
	Test     string // "StringEquals"
	Variable any    // "sts:ExternalId", or an Expression
	Values   any    // []string, []any or an Expression
	// ForEach, where set, is a list for each element of which the condition is
	// made: an empty one leaves it out. The element is condition.value.
	ForEach Expression
}

// Policy writes a policy as a data source and returns its JSON's reference.
// Variables of IAM's are written as IAM has them: ${aws:username}.
func (f *File) Policy(name string, statements []Statement) Expression {
	data := f.Block("data", "aws_iam_policy_document", name)
	for _, st := range statements {
		st.write(repeated(data, "statement", st.ForEach))
	}
	return Expression("data.aws_iam_policy_document." + name + ".json")
}

func (st Statement) write(b *Body) {
	if st.Sid != "" {
		b.Set("sid", st.Sid)
	}
	if st.Effect != "" && st.Effect != "Allow" {
		b.Set("effect", st.Effect)
	}
	b.Set("actions", st.Actions)
	if st.Resources != nil {
		b.Set("resources", st.Resources)
	}
	if st.NotResources != nil {
		b.Set("not_resources", st.NotResources)
	}
	for _, p := range st.Principals {
		who := b.Block("principals")
		who.Set("type", p.Type)
		who.Set("identifiers", p.Identifiers)
	}
	for _, c := range st.Conditions {
		c.write(b)
	}
}

func (c Condition) write(st *Body) {
	b := repeated(st, "condition", c.ForEach)
	b.Set("test", c.Test)
	b.Set("variable", c.Variable)
	b.Set("values", c.Values)
}

// repeated begins a block; where a list is given, a dynamic one, and its content.
func repeated(in *Body, kind string, forEach Expression) *Body {
	if forEach == "" {
		return in.Block(kind)
	}
	dynamic := in.Block("dynamic", kind)
	dynamic.Set("for_each", forEach)
	return dynamic.Block("content")
}

// Role is an IAM role with who may assume it and what it may do.
type Role struct {
	Label    string // its name in Terraform
	Name     any    // its name in AWS: a string or an Expression
	Trust    []Statement
	Policies []NamedPolicy
	Settings map[string]any // further arguments: "path", "max_session_duration", "tags"
}

// NamedPolicy is one policy of a role, made beside it and attached to it.
type NamedPolicy struct {
	Label      string
	Name       any // a string or an Expression
	Statements []Statement
}

// Role writes the role, its trust policy, its policies and their attachments,
// and returns a reference to the role, to which .arn or .name can be added.
func (f *File) Role(r Role) Expression {
	var documents []Expression
	for _, p := range r.Policies {
		documents = append(documents, f.Policy(p.Label, p.Statements))
	}
	trust := f.Policy("trust_"+r.Label, r.Trust)
	role := f.Block("resource", "aws_iam_role", r.Label)
	role.Set("name", r.Name)
	role.Set("assume_role_policy", trust)
	for _, name := range sortedKeys(r.Settings) {
		role.Set(name, r.Settings[name])
	}
	self := Expression("aws_iam_role." + r.Label)
	for i, p := range r.Policies {
		policy := f.Block("resource", "aws_iam_policy", p.Label)
		policy.Set("name", p.Name)
		policy.Set("policy", documents[i])
		attachment := f.Block("resource", "aws_iam_role_policy_attachment", p.Label)
		attachment.Set("role", self+".name")
		attachment.Set("policy_arn", Expression("aws_iam_policy."+p.Label+".arn"))
	}
	return self
}
