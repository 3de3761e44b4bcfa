package fakeaws

import (
	"encoding/json"
	"net/url"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// hidden is what CloudTrail writes in place of secrets. A SecretAccessKey it
// leaves out altogether.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

var secretFields = map[string]bool{"password": true, "newPassword": true, "oldPassword": true, "sessionToken": true}

// describe sets the request's parameters as CloudTrail tells them.
func (r *request) describe() {
	if r.service.protocol == queryXML {
		r.params = formTrail(r.form)
		return
	}
	var params map[string]any
	if err := json.Unmarshal(r.body, &params); err == nil && len(params) > 0 {
		r.params, _ = hideSecrets(lowered(params)).(map[string]any)
		r.service.conceal(r.params)
	}
}

// conceal keeps from CloudTrail what the service doesn't tell it.
func (s *service) conceal(params map[string]any) {
	for _, name := range s.leftOut {
		delete(params, name)
	}
	for _, name := range s.hides {
		if _, given := params[name]; given {
			params[name] = hidden
		}
	}
}

// lowered writes the names of a JSON call's members as CloudTrail does:
// MaxResults is maxResults.
func lowered(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, inner := range v {
			out[lowerFirst(name)] = lowered(inner)
		}
		return out
	case []any:
		for i := range v {
			v[i] = lowered(v[i])
		}
	}
	return v
}

// formTrail turns UserName=alice&Tags.member.1.Key=team into {"userName":
// "alice", "tags": [{"key": "team"}]}.
func formTrail(form url.Values) map[string]any {
	tree := map[string]any{}
	for name, values := range form {
		if name == "Action" || name == "Version" || strings.HasPrefix(name, "X-Amz-") || len(values) == 0 {
			continue
		}
		plant(tree, strings.Split(name, "."), values[0])
	}
	params, _ := hideSecrets(folded(tree)).(map[string]any)
	if len(params) == 0 {
		return nil
	}
	return params
}

func plant(tree map[string]any, path []string, value string) {
	if len(path) == 1 {
		tree[path[0]] = value
		return
	}
	branch, ok := tree[path[0]].(map[string]any)
	if !ok {
		branch = map[string]any{}
		tree[path[0]] = branch
	}
	plant(branch, path[1:], value)
}

// folded makes lists of what has member.1, member.2, ….
func folded(v any) any {
	tree, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if members, ok := tree["member"].(map[string]any); ok && len(tree) == 1 {
		return foldedList(members)
	}
	out := map[string]any{}
	for name, branch := range tree {
		out[lowerFirst(name)] = folded(branch)
	}
	return out
}

func foldedList(members map[string]any) []any {
	var numbers []int
	for name := range members {
		if n, err := strconv.Atoi(name); err == nil {
			numbers = append(numbers, n)
		}
	}
	sort.Ints(numbers)
	list := []any{}
	for _, n := range numbers {
		list = append(list, folded(members[strconv.Itoa(n)]))
	}
	return list
}

func hideSecrets(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if lowerFirst(name) == "secretAccessKey" {
				delete(v, name) // CloudTrail leaves it out
				continue
			}
			if secretFields[lowerFirst(name)] {
				v[name] = hidden
				continue
			}
			v[name] = hideSecrets(inner)
		}
	case []any:
		for i := range v {
			v[i] = hideSecrets(v[i])
		}
	}
	return v
}

// trailOf is an answer as CloudTrail's responseElements.
func trailOf(content any) map[string]any {
	if content == nil {
		return nil
	}
	tree, _ := hideSecrets(trailValue(reflect.Indirect(reflect.ValueOf(content)))).(map[string]any)
	return tree
}

func trailValue(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return trailValue(v.Elem())
	case reflect.Slice:
		list := []any{}
		for i := range v.Len() {
			list = append(list, trailValue(v.Index(i)))
		}
		return list
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return t.Format("Jan 2, 2006 3:04:05 PM")
		}
		return trailStruct(v)
	}
	return v.Interface()
}

func trailStruct(v reflect.Value) map[string]any {
	tree := map[string]any{}
	for _, f := range fieldsOf(v.Type()) {
		if field := v.FieldByIndex(f.index); !field.IsZero() && f.name != "SecretAccessKey" {
			tree[lowerFirst(f.name)] = trailValue(field)
		}
	}
	return tree
}

func lowerFirst(s string) string {
	for i, c := range s {
		return string(unicode.ToLower(c)) + s[i+len(string(c)):]
	}
	return s
}
