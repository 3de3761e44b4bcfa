package fakeaws

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// templateValues is a template with the values of one stack.
type templateValues struct {
	template   *stackTemplate
	parameters map[string]string
	stack      *builtStack
	account    *account
	region     string
	within     []string // the conditions that are being asked for
}

// noValue is what !Ref AWS::NoValue leaves: whatever holds it is left out.
type noValue struct{}

// settleParameters gives every parameter its value, or says which have none, or
// one that is not allowed.
func (t *stackTemplate) settleParameters(given map[string]string) (map[string]string, *apiError) {
	settled := map[string]string{}
	var missing []string
	for _, p := range t.parameters {
		value, ok := given[p.name]
		switch {
		case ok:
			settled[p.name] = value
		case p.standard != nil:
			settled[p.name] = *p.standard
		default:
			missing = append(missing, p.name)
			continue
		}
		if err := p.check(settled[p.name]); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 {
		return nil, errValidation("Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	for name := range given {
		if _, ok := settled[name]; !ok {
			return nil, errValidation("Parameters: [%s] do not exist in the template", name)
		}
	}
	return settled, nil
}

func (p templateParameter) check(value string) *apiError {
	if p.pattern != "" && !regexp.MustCompile("^(?:"+p.pattern+")$").MatchString(value) {
		if p.constraint != "" {
			return errValidation("Parameter %s failed to satisfy constraint: %s", p.name, p.constraint)
		}
		return errValidation("Parameter %s failed to satisfy constraint: must match pattern %s", p.name, p.pattern)
	}
	if len(p.allowed) > 0 && !slices.Contains(p.allowed, value) {
		return errValidation("Parameter '%s' must be one of AllowedValues", p.name)
	}
	return nil
}

// value works the functions in a part of the template out.
func (e *templateValues) value(v any) (any, *apiError) {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, element := range v {
			done, err := e.value(element)
			if err != nil {
				return nil, err
			}
			if done != (noValue{}) {
				list = append(list, done)
			}
		}
		return list, nil
	case templateObject:
		if name, argument, ok := v.function(); ok {
			return e.call(name, argument)
		}
		out := templateObject{}
		for _, f := range v {
			done, err := e.value(f.value)
			if err != nil {
				return nil, err
			}
			if done != (noValue{}) {
				out = append(out, templateField{f.name, done})
			}
		}
		return out, nil
	}
	return v, nil
}

// call works an intrinsic function out.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
func (e *templateValues) call(name string, argument any) (any, *apiError) {
	list, _ := argument.([]any)
	switch name {
	case "Ref":
		text, _ := argument.(string)
		if text == "AWS::NoValue" {
			return noValue{}, nil
		}
		return e.named(text)
	case "Fn::GetAtt":
		path, _ := getAttPath(argument)
		return e.named(path[0] + "." + path[1])
	case "Fn::Sub":
		return e.substitute(argument.(string)) // check has seen that it is one
	case "Fn::If":
		holds, err := e.condition(list[0].(string))
		if err != nil {
			return nil, err
		}
		if holds {
			return e.value(list[1])
		}
		return e.value(list[2])
	case "Fn::Join":
		return e.join(list)
	}
	return nil, errTemplate("%s is allowed in conditions alone", name)
}

func (e *templateValues) substitute(text string) (string, *apiError) {
	var failed *apiError
	done := substitution.ReplaceAllStringFunc(text, func(match string) string {
		m := substitution.FindStringSubmatch(match)
		if m[1] != "" {
			return "${" + m[2] + "}"
		}
		value, err := e.named(m[2])
		if err != nil {
			failed = err
		}
		return value
	})
	return done, failed
}

func (e *templateValues) join(list []any) (any, *apiError) {
	done, err := e.value(list)
	if err != nil {
		return nil, err
	}
	parts, _ := done.([]any)
	if len(parts) == 2 {
		if between, ok := parts[0].(string); ok {
			if texts, ok := textsOf(parts[1]); ok {
				return strings.Join(texts, between), nil
			}
		}
	}
	return nil, errTemplate("every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings")
}

// named is the value of a parameter, a pseudo parameter, a resource or one of
// its attributes.
func (e *templateValues) named(name string) (string, *apiError) {
	if value, ok := e.parameters[name]; ok {
		return value, nil
	}
	switch name {
	case "AWS::AccountId":
		return e.account.id, nil
	case "AWS::Partition":
		return e.account.partition, nil
	case "AWS::Region":
		return e.region, nil
	case "AWS::StackId":
		return e.stack.id, nil
	case "AWS::StackName":
		return e.stack.name, nil
	case "AWS::URLSuffix":
		if e.account.partition == "aws-cn" {
			return "amazonaws.com.cn", nil
		}
		return "amazonaws.com", nil
	}
	base, attribute, _ := strings.Cut(name, ".")
	made := e.stack.find(base)
	if made == nil {
		return "", errTemplate("Unresolved resource dependencies [%s] in the Resources block of the template", base)
	}
	if attribute == "" {
		return made.physical, nil
	}
	if value, ok := made.attributes[attribute]; ok {
		return value, nil
	}
	return "", errTemplate("resource %s does not support attribute type %s in Fn::GetAtt", base, attribute)
}

// condition tells whether a condition of the template holds.
func (e *templateValues) condition(name string) (bool, *apiError) {
	if slices.Contains(e.within, name) {
		return false, errTemplate("Circular dependency between conditions: %v", e.within)
	}
	e.within = append(e.within, name)
	defer func() { e.within = e.within[:len(e.within)-1] }()
	return e.holds(e.template.conditions.get(name))
}

func (e *templateValues) holds(v any) (bool, *apiError) {
	object, _ := v.(templateObject)
	if len(object) != 1 {
		return false, errTemplate("Every Conditions member must be a condition function: %v", v)
	}
	list, _ := object[0].value.([]any)
	switch name := object[0].name; {
	case name == "Condition":
		other, _ := object[0].value.(string)
		return e.condition(other)
	case name == "Fn::Equals" && len(list) == 2:
		done, err := e.value(list)
		if err != nil {
			return false, err
		}
		both := done.([]any)
		return len(both) == 2 && fmt.Sprint(both[0]) == fmt.Sprint(both[1]), nil
	case name == "Fn::Not" && len(list) == 1:
		holds, err := e.holds(list[0])
		return !holds, err
	case name == "Fn::And" || name == "Fn::Or":
		return e.holdTogether(name == "Fn::And", list)
	}
	return false, errUninterpreted("the condition " + object[0].name)
}

// holdTogether is whether all of the conditions hold, or any.
func (e *templateValues) holdTogether(all bool, conditions []any) (bool, *apiError) {
	for _, c := range conditions {
		holds, err := e.holds(c)
		if err != nil || holds != all {
			return holds, err
		}
	}
	return all, nil
}
