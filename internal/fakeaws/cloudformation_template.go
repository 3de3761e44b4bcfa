package fakeaws

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// stackTemplate is a template of CloudFormation, as far as the simulated AWS
// interprets the language; whatever else there is in one is refused.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
type stackTemplate struct {
	parameters []templateParameter
	conditions templateObject
	resources  []templateResource
	outputs    templateObject
}

type templateParameter struct {
	name, pattern, constraint string
	standard                  *string // Default; nil: a value must be given
	allowed                   []string
}

type templateResource struct {
	name, kind, condition string
	after                 []string // DependsOn
	properties            templateObject
}

// templateObject is a mapping in the order in which it is written. Beside it a
// template has lists ([]any), texts, numbers and booleans; a short tag such as
// !Ref is the object of its long form.
type templateObject []templateField

type templateField struct {
	name  string
	value any
}

func (o templateObject) get(name string) any {
	for _, f := range o {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// MarshalJSON keeps the order: IAM gives a policy back as it was written.
func (o templateObject) MarshalJSON() ([]byte, error) {
	var out strings.Builder
	out.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return []byte(out.String()), nil
}

func errTemplate(format string, args ...any) *apiError {
	return errValidation("Template format error: "+format, args...)
}

// errUninterpreted is the simulation's own: AWS takes more than it.
func errUninterpreted(what string) *apiError {
	return errValidation("Template error: the simulated AWS does not interpret %s", what)
}

// parseTemplate reads a template and refuses what refers to nothing.
func parseTemplate(text string) (*stackTemplate, *apiError) {
	if len(text) > 51200 {
		return nil, errValidation("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200")
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil || len(file.Docs) != 1 {
		return nil, errTemplate("YAML not well-formed.")
	}
	whole, refused := templateValue(file.Docs[0].Body)
	if refused != nil {
		return nil, refused
	}
	root, ok := whole.(templateObject)
	if !ok {
		return nil, errTemplate("unsupported structure.")
	}
	t := &stackTemplate{}
	for _, section := range root {
		if err := t.read(section); err != nil {
			return nil, err
		}
	}
	if len(t.resources) == 0 {
		return nil, errTemplate("At least one Resources member must be defined.")
	}
	return t, t.check()
}

func (t *stackTemplate) read(section templateField) *apiError {
	object, isObject := section.value.(templateObject)
	switch section.name {
	case "AWSTemplateFormatVersion":
		if section.value != "2010-09-09" {
			return errTemplate("Unsupported template version.")
		}
		return nil
	case "Description":
		return nil
	case "Parameters", "Conditions", "Resources", "Outputs":
		if !isObject {
			return errTemplate("%s must be an object.", section.name)
		}
	case "Mappings", "Metadata", "Rules", "Transform", "Hooks":
		return errUninterpreted("the section " + section.name)
	default:
		return errTemplate("Invalid template property or properties [%s]", section.name)
	}
	switch section.name {
	case "Conditions":
		t.conditions = object
	case "Outputs":
		t.outputs = object
	case "Parameters":
		return t.readParameters(object)
	case "Resources":
		return t.readResources(object)
	}
	return nil
}

func (t *stackTemplate) readParameters(parameters templateObject) *apiError {
	for _, field := range parameters {
		p := templateParameter{name: field.name}
		attributes, _ := field.value.(templateObject)
		if attributes.get("Type") != "String" {
			return errUninterpreted(fmt.Sprintf("parameter %s of type %v", p.name, attributes.get("Type")))
		}
		for _, a := range attributes {
			text, isText := a.value.(string)
			list, isList := a.value.([]any)
			switch {
			case a.name == "Type", a.name == "Description", a.name == "NoEcho":
			case a.name == "Default" && isText:
				p.standard = &text
			case a.name == "AllowedPattern" && isText:
				p.pattern = text
			case a.name == "ConstraintDescription" && isText:
				p.constraint = text
			case a.name == "AllowedValues" && isList:
				for _, v := range list {
					p.allowed = append(p.allowed, fmt.Sprint(v))
				}
			default:
				return errUninterpreted(a.name + " of parameter " + p.name)
			}
		}
		t.parameters = append(t.parameters, p)
	}
	return nil
}

func (t *stackTemplate) readResources(resources templateObject) *apiError {
	for _, field := range resources {
		made := templateResource{name: field.name}
		attributes, _ := field.value.(templateObject)
		for _, a := range attributes {
			var ok bool
			switch a.name {
			case "Type":
				made.kind, ok = a.value.(string)
			case "Condition":
				made.condition, ok = a.value.(string)
			case "Properties":
				made.properties, ok = a.value.(templateObject)
			case "DependsOn":
				made.after, ok = textsOf(a.value)
			default:
				return errUninterpreted(a.name + " of resource " + made.name)
			}
			if !ok {
				return errTemplate("[/Resources/%s/%s] is of the wrong type.", made.name, a.name)
			}
		}
		t.resources = append(t.resources, made)
	}
	return nil
}

// textsOf is a text, or a list of texts.
func textsOf(v any) ([]string, bool) {
	if text, ok := v.(string); ok {
		return []string{text}, true
	}
	list, ok := v.([]any)
	var out []string
	for _, element := range list {
		text, isText := element.(string)
		out, ok = append(out, text), ok && isText
	}
	return out, ok
}

// templateValue turns YAML, of which JSON is a part, into what a template has.
func templateValue(n ast.Node) (any, *apiError) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.IntegerNode:
		return n.Value, nil
	case *ast.FloatNode:
		return n.Value, nil
	case *ast.SequenceNode:
		list := []any{}
		for _, element := range n.Values {
			v, err := templateValue(element)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case *ast.MappingNode:
		return templateFields(n.Values)
	case *ast.MappingValueNode:
		return templateFields([]*ast.MappingValueNode{n})
	case *ast.TagNode:
		return templateTag(n)
	}
	return nil, errTemplate("[%s] null values, anchors and aliases are not allowed in templates", n.Type())
}

func templateFields(values []*ast.MappingValueNode) (any, *apiError) {
	out := templateObject{}
	for _, field := range values {
		key, ok := field.Key.(ast.ScalarNode)
		if !ok {
			return nil, errTemplate("YAML aliases are not allowed in CloudFormation templates")
		}
		v, err := templateValue(field.Value)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprint(key.GetValue())
		if out.get(name) != nil {
			return nil, errTemplate("Duplicated key %s", name)
		}
		out = append(out, templateField{name, v})
	}
	return out, nil
}

// templateTag is the long form of a short one: !Ref, !Condition, !GetAtt a.b and
// all others.
func templateTag(n *ast.TagNode) (any, *apiError) {
	v, err := templateValue(n.Value)
	name := strings.TrimPrefix(n.Start.Value, "!")
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	return templateObject{{name, v}}, err
}

// function is the intrinsic function that an object stands for.
func (o templateObject) function() (name string, argument any, ok bool) {
	if len(o) != 1 {
		return "", nil, false
	}
	name = o[0].name
	return name, o[0].value, name == "Ref" || strings.HasPrefix(name, "Fn::")
}
