package fakeaws

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// parameterFacts is a parameter without its value, or one of its versions.
type parameterFacts struct {
	Name             string
	ARN              string `json:",omitempty"`
	Type             string
	KeyID            string `json:"KeyId,omitempty"`
	LastModifiedDate epoch
	LastModifiedUser string
	Description      string   `json:",omitempty"`
	Value            string   `json:",omitempty"`
	AllowedPattern   string   `json:",omitempty"`
	Version          int64    `json:",omitempty"`
	Labels           []string `json:",omitempty"`
	Tier             string
	Policies         []struct{}
	DataType         string
}

func (p *parameter) facts(v *parameterVersion) parameterFacts {
	return parameterFacts{
		Name: p.name, Type: v.kind, KeyID: v.keyAsGiven, LastModifiedDate: epoch(v.modified), LastModifiedUser: v.by,
		Description: v.description, AllowedPattern: v.pattern, Version: v.number, Tier: v.tier, Policies: []struct{}{}, DataType: v.dataType,
	}
}

type parameterFilter struct {
	Key    string
	Option string
	Values []string
}

type describeParametersInput struct {
	ParameterFilters []parameterFilter
	Filters          []parameterFilter
	MaxResults       int
	NextToken        string
}

func describeParameters(r *request) (any, *apiError) {
	in, err := decode[describeParametersInput](r)
	if err != nil {
		return nil, err
	}
	for i := range in.Filters {
		in.Filters[i].Option = "BeginsWith"
	}
	filters := slices.Concat(in.ParameterFilters, in.Filters)
	for _, f := range filters {
		if err := f.check(); err != nil {
			return nil, err
		}
	}
	fits := r.account.in(r.region).sortedParameters()
	fits = slices.DeleteFunc(fits, func(p *parameter) bool {
		return slices.ContainsFunc(filters, func(f parameterFilter) bool { return !f.fits(p) })
	})
	page, next, ok := pageOf(r, fits, in.NextToken, cmp.Or(in.MaxResults, 10), func(p *parameter) string { return p.name })
	if !ok {
		return nil, errBadSSMToken()
	}
	list := []parameterFacts{}
	for _, p := range page {
		facts := p.facts(p.latest())
		facts.ARN = p.arn()
		list = append(list, facts)
	}
	return struct {
		Parameters []parameterFacts
		NextToken  string `json:",omitempty"`
	}{list, next}, nil
}

func (f parameterFilter) check() *apiError {
	known := []string{"Name", "Type", "KeyId", "Path", "Tier"}
	switch {
	case !slices.Contains(known, f.Key) && !strings.HasPrefix(f.Key, "tag:"):
		return refusal("InvalidFilterKey", "The following filter key is not valid: %s. Valid filter keys include: [%s].", f.Key, strings.Join(known, ", "))
	case !slices.Contains([]string{"", "Equals", "BeginsWith", "Contains", "Recursive", "OneLevel"}, f.Option):
		return refusal("InvalidFilterOption", "The following filter option is not valid: %s. Valid options include: [BeginsWith, Equals].", f.Option)
	}
	return nil
}

func (f parameterFilter) fits(p *parameter) bool {
	if f.Key == "Path" {
		return slices.ContainsFunc(f.Values, func(path string) bool {
			rest, below := strings.CutPrefix(p.name, strings.TrimSuffix(path, "/")+"/")
			return below && (f.Option == "Recursive" || !strings.Contains(rest, "/"))
		})
	}
	have := map[string]string{"Name": p.name, "Type": p.latest().kind, "KeyId": p.latest().keyAsGiven, "Tier": p.latest().tier}[f.Key]
	if key, ok := strings.CutPrefix(f.Key, "tag:"); ok {
		if have, ok = p.tags[key]; !ok {
			return false
		}
	}
	return len(f.Values) == 0 || slices.ContainsFunc(f.Values, func(value string) bool {
		switch f.Option {
		case "BeginsWith":
			return strings.HasPrefix(have, value)
		case "Contains":
			return strings.Contains(have, value)
		}
		return have == value
	})
}

func getParameterHistory(r *request) (any, *apiError) {
	in, err := decode[struct {
		Name           string
		WithDecryption bool
		MaxResults     int
		NextToken      string
	}](r)
	if err != nil {
		return nil, err
	}
	p, _, err := r.parameter(in.Name)
	if err != nil {
		return nil, err
	}
	page, next, ok := pageOf(r, p.versions, in.NextToken, cmp.Or(in.MaxResults, 50), func(v *parameterVersion) string { return fmt.Sprintf("%020d", v.number) })
	if !ok {
		return nil, errBadSSMToken()
	}
	list := []parameterFacts{}
	for _, v := range page {
		shape, err := r.read(p, v, "", in.WithDecryption)
		if err != nil {
			return nil, err
		}
		facts := p.facts(v)
		facts.Value, facts.Labels = shape.Value, slices.Clone(v.labels)
		list = append(list, facts)
	}
	return struct {
		Parameters []parameterFacts
		NextToken  string `json:",omitempty"`
	}{list, next}, nil
}

// labelParameterVersion moves labels from other versions; those that aren't
// well formed come back.
func labelParameterVersion(r *request) (any, *apiError) {
	in, err := decode[struct {
		Name             string
		ParameterVersion *int64
		Labels           []string
	}](r)
	if err != nil {
		return nil, err
	}
	name := in.Name
	if in.ParameterVersion != nil {
		name = fmt.Sprintf("%s:%d", name, *in.ParameterVersion)
	}
	p, v, err := r.parameter(name)
	if err != nil {
		return nil, err
	}
	wrong := []string{}
	for _, label := range in.Labels {
		if !parameterLabel.MatchString(label) || strings.HasPrefix(strings.ToLower(label), "aws") || strings.HasPrefix(strings.ToLower(label), "ssm") {
			wrong = append(wrong, label)
			continue
		}
		for _, other := range p.versions {
			other.labels = slices.DeleteFunc(other.labels, func(l string) bool { return l == label })
		}
		v.labels = append(v.labels, label)
	}
	return struct {
		InvalidLabels    []string
		ParameterVersion int64
	}{wrong, v.number}, nil
}

func deleteParameter(r *request) (any, *apiError) {
	in, err := decode[struct{ Name string }](r)
	if err != nil {
		return nil, err
	}
	p, _, err := r.parameter(in.Name)
	if err != nil {
		return nil, err
	}
	delete(p.home.parameters, p.name)
	return nil, nil
}

func deleteParameters(r *request) (any, *apiError) {
	in, err := decode[struct{ Names []string }](r)
	if err != nil {
		return nil, err
	}
	deleted, missing := []string{}, []string{}
	for _, name := range in.Names {
		p, _, err := r.parameter(name)
		if err != nil {
			missing = append(missing, name)
			continue
		}
		delete(p.home.parameters, p.name)
		deleted = append(deleted, name)
	}
	return struct{ DeletedParameters, InvalidParameters []string }{deleted, missing}, nil
}

type parameterTagsInput struct {
	ResourceType string
	ResourceID   string `json:"ResourceId"`
	Tags         []tag
	TagKeys      []string
}

// tagged is the parameter of a call about tags.
func (r *request) tagged() (*parameter, parameterTagsInput, *apiError) {
	in, err := decode[parameterTagsInput](r)
	if err != nil {
		return nil, in, err
	}
	if in.ResourceType != "Parameter" {
		return nil, in, refusal("InvalidResourceType", "%s is not a valid resource type.", in.ResourceType)
	}
	p, _, err := r.parameter(in.ResourceID)
	if err != nil {
		return nil, in, refusal("InvalidResourceId", "The resource ID %q is not valid. Verify the ID and try again.", in.ResourceID)
	}
	return p, in, nil
}

func addParameterTags(r *request) (any, *apiError) {
	p, in, err := r.tagged()
	if err != nil {
		return nil, err
	}
	for _, t := range in.Tags {
		p.tags[t.Key] = t.Value
	}
	return nil, nil
}

func removeParameterTags(r *request) (any, *apiError) {
	p, in, err := r.tagged()
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(p.tags, key)
	}
	return nil, nil
}

func listParameterTags(r *request) (any, *apiError) {
	p, _, err := r.tagged()
	if err != nil {
		return nil, err
	}
	return struct{ TagList []tag }{tagList(p.tags)}, nil
}
