package fakeaws

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// eventPattern says which events a rule is for: a tree of fields whose leaves list
// what is wanted. Of the comparisons it knows exact values, prefix, suffix,
// equals-ignore-case, wildcard, anything-but, exists and numeric.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
type eventPattern map[string]any

func patternFault(reason string) *apiError {
	return refusal("InvalidEventPatternException", "Event pattern is not valid. Reason: %s", reason)
}

func parsePattern(text string) (eventPattern, *apiError) {
	var p eventPattern
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&p); err != nil || len(p) == 0 {
		return nil, patternFault("it is not a JSON object with fields")
	}
	return p, p.check("")
}

func (p eventPattern) check(path string) *apiError {
	for name, value := range p {
		switch value := value.(type) {
		case map[string]any:
			if err := eventPattern(value).check(path + name + "."); err != nil {
				return err
			}
		case []any:
			if len(value) == 0 {
				return patternFault("Empty arrays are not allowed: " + path + name)
			}
			for _, wanted := range value {
				if err := checkWanted(wanted); err != nil {
					return err
				}
			}
		default:
			return patternFault("\"" + path + name + "\" must be an object or an array")
		}
	}
	return nil
}

func checkWanted(wanted any) *apiError {
	comparison, ok := wanted.(map[string]any)
	if !ok {
		return nil
	}
	for name := range comparison {
		if len(comparison) == 1 && eventComparisons()[name] != nil {
			return nil
		}
		return patternFault("Unrecognized match type " + name)
	}
	return nil
}

// matches holds an event's document, or a part of it, against the pattern.
func (p eventPattern) matches(event map[string]any) bool {
	for name, wanted := range p {
		have, there := event[name]
		if inner, ok := wanted.(map[string]any); ok {
			object, _ := have.(map[string]any)
			if !eventPattern(inner).matches(object) {
				return false
			}
			continue
		}
		list, _ := wanted.([]any)
		if !slices.ContainsFunc(list, func(one any) bool { return wantedMatches(one, have, there) }) {
			return false
		}
	}
	return true
}

// wantedMatches holds one wanted value against a field; any element of a list does.
func wantedMatches(wanted, have any, there bool) bool {
	comparison, ok := wanted.(map[string]any)
	if ok && comparison["exists"] != nil {
		_, object := have.(map[string]any)
		return comparison["exists"] == (there && !object)
	}
	if !there {
		return false
	}
	elements, isList := have.([]any)
	if !isList {
		elements = []any{have}
	}
	return slices.ContainsFunc(elements, func(element any) bool {
		if !ok {
			return sameValue(wanted, element)
		}
		for name, operand := range comparison {
			return eventComparisons()[name](operand, element)
		}
		return false
	})
}

func sameValue(wanted, have any) bool {
	a, isNumber := wanted.(json.Number)
	b, both := have.(json.Number)
	if isNumber && both {
		x, _ := a.Float64()
		y, _ := b.Float64()
		return x == y
	}
	return wanted == have
}

func textComparison(holds func(operand, have string) bool) func(operand, have any) bool {
	return func(operand, have any) bool {
		want, ok := operand.(string)
		text, isText := have.(string)
		return ok && isText && holds(want, text)
	}
}

// eventComparisons are the match types by name.
func eventComparisons() map[string]func(operand, have any) bool {
	return map[string]func(operand, have any) bool{
		"prefix":             textComparison(func(want, have string) bool { return strings.HasPrefix(have, want) }),
		"suffix":             textComparison(func(want, have string) bool { return strings.HasSuffix(have, want) }),
		"equals-ignore-case": textComparison(strings.EqualFold),
		"wildcard":           textComparison(wildcardMatches),
		"exists":             func(_, _ any) bool { return false }, // decided before: of what isn't there, too
		"anything-but":       anythingBut,
		"numeric":            numericMatches,
	}
}

func wildcardMatches(want, have string) bool {
	parts := strings.Split(want, "*")
	if len(parts) == 1 {
		return want == have
	}
	if !strings.HasPrefix(have, parts[0]) {
		return false
	}
	have = have[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(have, part)
		if i < 0 {
			return false
		}
		have = have[i+len(part):]
	}
	return strings.HasSuffix(have, parts[len(parts)-1])
}

// anythingBut takes a value, a list of values, or a comparison of texts.
func anythingBut(operand, have any) bool {
	switch operand := operand.(type) {
	case []any:
		return !slices.ContainsFunc(operand, func(one any) bool { return sameValue(one, have) })
	case map[string]any:
		for name, inner := range operand {
			if compare := eventComparisons()[name]; compare != nil {
				return !compare(inner, have)
			}
		}
		return false
	}
	return !sameValue(operand, have)
}

// numericMatches takes [">", 0, "<=", 5].
func numericMatches(operand, have any) bool {
	list, _ := operand.([]any)
	number, ok := have.(json.Number)
	if !ok || len(list) == 0 || len(list)%2 != 0 {
		return false
	}
	x, _ := number.Float64()
	for i := 0; i < len(list); i += 2 {
		bound, ok := list[i+1].(json.Number)
		if !ok {
			return false
		}
		y, _ := bound.Float64()
		if !map[any]bool{"=": x == y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[list[i]] {
			return false
		}
	}
	return true
}

// eventTree is a document for matching: numbers as they are written.
func eventTree(text []byte) map[string]any {
	var tree map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	_ = decoder.Decode(&tree) // an event is an object: it was made or checked here
	return tree
}
