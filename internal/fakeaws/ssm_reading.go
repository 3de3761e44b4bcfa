package fakeaws

import (
	"cmp"
	"slices"
	"strings"
)

type parameterShape struct {
	Name             string
	Type             string
	Value            string
	Version          int64
	Selector         string `json:",omitempty"`
	LastModifiedDate epoch
	ARN              string
	DataType         string
}

// read is a version's value: of a SecureString encrypted, unless asked for.
func (r *request) read(p *parameter, v *parameterVersion, selector string, open bool) (parameterShape, *apiError) {
	out := parameterShape{p.name, v.kind, v.value, v.number, selector, epoch(v.modified), p.arn(), v.dataType}
	if v.kind == "SecureString" && !open {
		out.Value = base64Of(v.sealed)
	} else if err := r.mayOpen(p, v); err != nil {
		return out, err
	}
	return out, nil
}

func getParameter(r *request) (any, *apiError) {
	in, err := decode[struct {
		Name           string
		WithDecryption bool
	}](r)
	if err != nil {
		return nil, err
	}
	p, v, err := r.parameter(in.Name)
	if err != nil {
		return nil, err
	}
	shape, err := r.read(p, v, selectorOf(in.Name), in.WithDecryption)
	if err != nil {
		return nil, err
	}
	return struct{ Parameter parameterShape }{shape}, nil
}

// selectorOf is what the answer repeats of name:3.
func selectorOf(text string) string {
	if _, selector := splitSelector(text); selector != "" {
		return ":" + selector
	}
	return ""
}

func getParameters(r *request) (any, *apiError) {
	in, err := decode[struct {
		Names          []string
		WithDecryption bool
	}](r)
	if err != nil {
		return nil, err
	}
	if n := len(in.Names); n == 0 || n > 10 {
		return nil, errValidation("1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length between 1 and 10")
	}
	found, missing := []parameterShape{}, []string{}
	for _, name := range in.Names {
		p, v, err := r.parameter(name)
		if err != nil {
			missing = append(missing, name)
			continue
		}
		shape, err := r.read(p, v, selectorOf(name), in.WithDecryption)
		if err != nil {
			return nil, err
		}
		found = append(found, shape)
	}
	return struct {
		Parameters        []parameterShape
		InvalidParameters []string
	}{found, missing}, nil
}

type pathInput struct {
	Path           string
	Recursive      bool
	WithDecryption bool
	MaxResults     int
	NextToken      string
}

func getParametersByPath(r *request) (any, *apiError) {
	in, err := decode[pathInput](r)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(in.Path, "/") {
		return nil, errValidation("The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\".")
	}
	var below []*parameter
	for _, p := range r.account.in(r.region).sortedParameters() {
		rest, ok := strings.CutPrefix(p.name, strings.TrimSuffix(in.Path, "/")+"/")
		if ok && (in.Recursive || !strings.Contains(rest, "/")) {
			below = append(below, p)
		}
	}
	page, next, ok := pageOf(r, below, in.NextToken, cmp.Or(in.MaxResults, 10), func(p *parameter) string { return p.name })
	if !ok {
		return nil, errBadSSMToken()
	}
	found := []parameterShape{}
	for _, p := range page {
		shape, err := r.read(p, p.latest(), "", in.WithDecryption)
		if err != nil {
			return nil, err
		}
		found = append(found, shape)
	}
	return struct {
		Parameters []parameterShape
		NextToken  string `json:",omitempty"`
	}{found, next}, nil
}

func errBadSSMToken() *apiError {
	return refusal("InvalidNextToken", "The specified token is not valid.")
}

func (s *stores) sortedParameters() []*parameter {
	var all []*parameter
	for _, p := range s.parameters {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *parameter) int { return strings.Compare(a.name, b.name) })
	return all
}
