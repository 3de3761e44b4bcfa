package fakeaws

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
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
			ok := true
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

// pseudoParameters are those that every template has.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
var pseudoParameters = []string{"AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"}

var substitution = regexp.MustCompile(`\$\{(!?)([^}]*)\}`)

// check refuses what refers to nothing, and what the simulated AWS can't do, in
// every part, those too that no condition lets through.
func (t *stackTemplate) check() *apiError {
	if unknown := t.unknownKinds(); len(unknown) > 0 {
		return errTemplate("Unrecognized resource types: [%s]", strings.Join(unknown, ", "))
	}
	for _, p := range t.parameters {
		if _, err := regexp.Compile(p.pattern); err != nil {
			return errTemplate("Invalid AllowedPattern of parameter %s.", p.name)
		}
	}
	parts := []any{t.conditions, t.outputs}
	for _, made := range t.resources {
		if err := made.check(t); err != nil {
			return err
		}
		parts = append(parts, made.properties)
	}
	for _, part := range parts {
		if err := t.checkValue(part); err != nil {
			return err
		}
	}
	return nil
}

func (t *stackTemplate) unknownKinds() []string {
	var unknown []string
	for _, made := range t.resources {
		if _, ok := kindOf(made.kind); !ok && !slices.Contains(unknown, made.kind) {
			unknown = append(unknown, made.kind)
		}
	}
	return unknown
}

func (made templateResource) check(t *stackTemplate) *apiError {
	for _, name := range made.after {
		if !t.has(name) {
			return errTemplate("Unresolved resource dependencies [%s] in the Resources block of the template", name)
		}
	}
	if made.condition != "" && t.conditions.get(made.condition) == nil {
		return errTemplate("Unrecognized condition %s", made.condition)
	}
	kind, _ := kindOf(made.kind)
	for _, p := range made.properties {
		if !slices.Contains(kind.properties, p.name) {
			return errUninterpreted("property " + p.name + " of " + made.kind)
		}
	}
	return nil
}

// has reports whether the template makes a resource of that name.
func (t *stackTemplate) has(name string) bool {
	return slices.ContainsFunc(t.resources, func(made templateResource) bool { return made.name == name })
}

func (t *stackTemplate) checkValue(v any) *apiError {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			if err := t.checkValue(element); err != nil {
				return err
			}
		}
	case templateObject:
		if name, argument, ok := v.function(); ok {
			return t.checkFunction(name, argument)
		}
		for _, f := range v {
			if err := t.checkValue(f.value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *stackTemplate) checkFunction(name string, argument any) *apiError {
	list, _ := argument.([]any)
	switch name {
	case "Ref":
		text, _ := argument.(string)
		return t.checkNames(text)
	case "Fn::GetAtt":
		path, ok := getAttPath(argument)
		if !ok || !t.has(path[0]) {
			return errTemplate("Unresolved resource dependencies [%v] in the Outputs or Resources block of the template", argument)
		}
		return nil
	case "Fn::Sub":
		text, ok := argument.(string)
		if !ok {
			return errUninterpreted("Fn::Sub with a map")
		}
		return t.checkNames(substituted(text)...)
	case "Fn::If":
		condition, _ := first(list).(string)
		if len(list) != 3 || t.conditions.get(condition) == nil {
			return errTemplate("Fn::If wants a condition of the template and two values: %v", first(list))
		}
		return t.checkValue(list[1:])
	case "Fn::Join", "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not":
		return t.checkValue(list)
	}
	return errUninterpreted("the function " + name)
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// checkNames wants parameters, pseudo parameters, resources and their attributes.
func (t *stackTemplate) checkNames(names ...string) *apiError {
	for _, name := range names {
		base, _, _ := strings.Cut(name, ".")
		known := slices.Contains(pseudoParameters, name) || t.has(base) || slices.ContainsFunc(t.parameters, func(p templateParameter) bool { return p.name == name })
		if !known {
			return errTemplate("Unresolved resource dependencies [%s] in the Resources block of the template", name)
		}
	}
	return nil
}

// substituted are the names in the text of Fn::Sub.
func substituted(text string) []string {
	var names []string
	for _, m := range substitution.FindAllStringSubmatch(text, -1) {
		if m[1] == "" {
			names = append(names, m[2])
		}
	}
	return names
}

// getAttPath is a resource and its attribute: a.b, or a list of both.
func getAttPath(argument any) ([2]string, bool) {
	if text, ok := argument.(string); ok {
		name, attribute, found := strings.Cut(text, ".")
		return [2]string{name, attribute}, found
	}
	list, ok := textsOf(argument)
	if !ok || len(list) != 2 {
		return [2]string{}, false
	}
	return [2]string{list[0], list[1]}, true
}
