package fakeaws

import (
	"regexp"
	"slices"
	"strings"
)

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
