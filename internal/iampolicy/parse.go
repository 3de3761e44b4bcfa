package iampolicy

import (
	"fmt"
	"strings"
)

// Parse reads one policy document of any type: identity-based, boundary,
// service control, session, resource-based or trust. It is strict: whatever
// IAM's grammar does not know is an error that says where. What IAM demands
// beyond the grammar of one type of policy is Check's to say.
func Parse(doc string) (Document, error) {
	root, err := readJSON(doc)
	if err != nil {
		return Document{}, fmt.Errorf("parse policy: %w", err)
	}
	p := parser{lines: linesOf(doc)}
	d, err := p.document(root)
	if err != nil {
		return Document{}, fmt.Errorf("parse policy: %w", err)
	}
	return d, nil
}

type parser struct {
	lines     lines
	variables bool // Version 2012-10-17 alone has policy variables
}

func (p *parser) document(root node) (Document, error) {
	var d Document
	if root.kind != object {
		return d, fmt.Errorf("want an object, got %v", root.kind)
	}
	var statements *node
	for i, m := range root.members {
		var err error
		switch m.name {
		case "Version":
			d.Version, err = version(m.value)
		case "Id":
			d.ID, err = oneString("Id", m.value)
		case "Statement":
			statements = &root.members[i].value
		default:
			err = fmt.Errorf("unknown element %q", m.name)
		}
		if err != nil {
			return d, err
		}
	}
	if statements == nil {
		return d, fmt.Errorf("no Statement")
	}
	p.variables = d.Version == "2012-10-17"
	var err error
	d.Statements, err = p.statements(*statements)
	return d, err
}

func version(n node) (string, error) {
	const where = "Version"
	v, err := oneString(where, n)
	if err == nil && v != "2012-10-17" && v != "2008-10-17" {
		err = fmt.Errorf("%s: %q is neither 2012-10-17 nor 2008-10-17", where, v)
	}
	return v, err
}

func (p *parser) statements(n node) ([]Statement, error) {
	if n.kind == object {
		s, err := p.statement("Statement", n)
		return []Statement{s}, err
	}
	if n.kind != array {
		return nil, fmt.Errorf("Statement: want an object or an array, got %v", n.kind)
	}
	if len(n.items) == 0 {
		return nil, fmt.Errorf("Statement: is empty")
	}
	list := make([]Statement, 0, len(n.items))
	for i, item := range n.items {
		s, err := p.statement(fmt.Sprintf("Statement[%d]", i), item)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func (p *parser) statement(where string, n node) (Statement, error) {
	s := Statement{Start: p.lines.at(n.start), End: p.lines.at(n.end)}
	if n.kind != object {
		return s, fmt.Errorf("%s: want an object, got %v", where, n.kind)
	}
	for _, m := range n.members {
		if err := p.element(&s, where+"."+m.name, m); err != nil {
			return s, err
		}
	}
	if s.Effect == "" {
		return s, fmt.Errorf("%s: no Effect", where)
	}
	for _, pair := range [][2]string{{"Action", "NotAction"}, {"Resource", "NotResource"}, {"Principal", "NotPrincipal"}} {
		if n.has(pair[0]) && n.has(pair[1]) {
			return s, fmt.Errorf("%s: both %s and %s", where, pair[0], pair[1])
		}
	}
	if !n.has("Action") && !n.has("NotAction") {
		return s, inAWSWords("Policy statement must contain actions.", "%s: neither Action nor NotAction", where)
	}
	p.compile(&s)
	return s, nil
}

func (n node) has(name string) bool { return n.names[name] }

func (p *parser) element(s *Statement, where string, m member) (err error) {
	switch m.name {
	case "Sid":
		s.Sid, err = oneString(where, m.value)
	case "Effect":
		s.Effect, err = effect(where, m.value)
	case "Principal":
		s.Principals, err = principals(where, m.value)
	case "NotPrincipal":
		s.NotPrincipals, err = principals(where, m.value)
	case "Action":
		s.Actions, err = actions(where, m.value)
	case "NotAction":
		s.NotActions, err = actions(where, m.value)
	case "Resource":
		s.Resources, err = someStrings(where, m.value)
	case "NotResource":
		s.NotResources, err = someStrings(where, m.value)
	case "Condition":
		s.Conditions, err = p.conditions(where, m.value)
	default:
		err = fmt.Errorf("%s: unknown element", where)
	}
	return err
}

// compile prepares the patterns once, since one document decides many requests.
func (p *parser) compile(s *Statement) {
	for _, a := range append(s.Actions[:len(s.Actions):len(s.Actions)], s.NotActions...) {
		s.actions = append(s.actions, compile(strings.ToLower(a), false))
	}
	for _, r := range append(s.Resources[:len(s.Resources):len(s.Resources)], s.NotResources...) {
		s.resources = append(s.resources, compileARN(r, p.variables))
	}
}

func effect(where string, n node) (Effect, error) {
	v, err := oneString(where, n)
	if err == nil && v != string(Allow) && v != string(Deny) {
		err = fmt.Errorf("%s: %q is neither Allow nor Deny", where, v)
	}
	return Effect(v), err
}

// actions checks what IAM checks of an action: "*", or service:action with
// one colon and a service name without wildcards.
func actions(where string, n node) ([]string, error) {
	list, err := someStrings(where, n)
	for _, a := range list {
		service, name, colon := strings.Cut(a, ":")
		switch {
		case a == "*":
		case !colon:
			return nil, inAWSWords("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
				"%s: %q does not begin with a service and a colon", where, a)
		case strings.Contains(name, ":"):
			return nil, inAWSWords("Actions/Condition can contain only one colon.", "%s: %q has more than one colon", where, a)
		case name == "" || service != "*" && !serviceName(service):
			return nil, inAWSWords("Vendor "+service+" is not valid", "%s: %q is not a service and an action", where, a)
		}
	}
	return list, err
}

func serviceName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' {
			return false
		}
	}
	return s != ""
}

func principals(where string, n node) ([]Principal, error) {
	if n.kind == text && n.text == "*" {
		return []Principal{{Kind: "*", Value: "*"}}, nil
	}
	if n.kind != object {
		return nil, fmt.Errorf("%s: want \"*\" or an object, got %v", where, n.kind)
	}
	var list []Principal
	for _, m := range n.members {
		switch m.name {
		case "AWS", "Service", "Federated", "CanonicalUser":
		default:
			return nil, fmt.Errorf("%s.%s: unknown kind of principal", where, m.name)
		}
		values, err := someStrings(where+"."+m.name, m.value)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			list = append(list, Principal{Kind: m.name, Value: v})
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: is empty", where)
	}
	return list, nil
}

func (p *parser) conditions(where string, n node) ([]Condition, error) {
	if n.kind != object {
		return nil, fmt.Errorf("%s: want an object, got %v", where, n.kind)
	}
	var list []Condition
	for _, operators := range n.members {
		at := where + "." + operators.name
		op, ok := parseOperator(operators.name)
		if !ok {
			return nil, fmt.Errorf("%s: unknown condition operator", at)
		}
		if operators.value.kind != object {
			return nil, fmt.Errorf("%s: want an object, got %v", at, operators.value.kind)
		}
		for _, keys := range operators.value.members {
			values, err := scalars(at+"."+keys.name, keys.value)
			if err != nil {
				return nil, err
			}
			c := Condition{Operator: operators.name, Key: keys.name, Values: values, op: op}
			c.compile(p.variables)
			list = append(list, c)
		}
	}
	return list, nil
}

func oneString(where string, n node) (string, error) {
	if n.kind != text {
		return "", fmt.Errorf("%s: want a string, got %v", where, n.kind)
	}
	return n.text, nil
}

// someStrings reads a string or a non-empty array of strings.
func someStrings(where string, n node) ([]string, error) {
	if n.kind == text {
		return []string{n.text}, nil
	}
	if n.kind != array {
		return nil, fmt.Errorf("%s: want a string or an array of strings, got %v", where, n.kind)
	}
	if len(n.items) == 0 {
		return nil, fmt.Errorf("%s: is empty", where)
	}
	list := make([]string, 0, len(n.items))
	for i, item := range n.items {
		v, err := oneString(fmt.Sprintf("%s[%d]", where, i), item)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// scalars reads the values of a condition, where IAM takes booleans and
// numbers too and reads them as their text.
func scalars(where string, n node) ([]string, error) {
	items := n.items
	if n.kind != array {
		items = []node{n}
	}
	list := make([]string, 0, len(items))
	for i, item := range items {
		if item.kind != text && item.kind != number && item.kind != boolean {
			return nil, fmt.Errorf("%s: value %d: want a string, got %v", where, i, item.kind)
		}
		list = append(list, item.text)
	}
	return list, nil
}
