package fakeaws

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ssmService is Systems Manager's Parameter Store.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/
func ssmService() service {
	return service{
		name: "ssm", source: "ssm.amazonaws.com", protocol: json11, target: "AmazonSSM",
		hides: []string{"value"},
		actions: map[string]action{
			"GetParameter":           {do: getParameter, on: onParameter("Name"), reads: true},
			"GetParameters":          {do: getParameters, asks: mayParameters("GetParameters"), reads: true},
			"GetParametersByPath":    {do: getParametersByPath, on: onParameter("Path"), reads: true},
			"GetParameterHistory":    {do: getParameterHistory, on: onParameter("Name"), reads: true},
			"DescribeParameters":     {do: describeParameters, reads: true},
			"PutParameter":           {do: putParameter, on: onParameter("Name")},
			"LabelParameterVersion":  {do: labelParameterVersion, on: onParameter("Name")},
			"DeleteParameter":        {do: deleteParameter, on: onParameter("Name")},
			"DeleteParameters":       {do: deleteParameters, asks: mayParameters("DeleteParameters")},
			"AddTagsToResource":      {do: addParameterTags, on: onParameter("ResourceId")},
			"RemoveTagsFromResource": {do: removeParameterTags, on: onParameter("ResourceId")},
			"ListTagsForResource":    {do: listParameterTags, on: onParameter("ResourceId"), reads: true},
		},
	}
}

type parameter struct {
	home     *stores
	name     string
	tags     map[string]string
	versions []*parameterVersion // the latest hundred, oldest first
}

// parameterVersion is everything that PutParameter sets.
type parameterVersion struct {
	number      int64
	kind        string // String, StringList, SecureString
	value       string
	sealed      []byte // of a SecureString: the value, encrypted
	key         *kmsKey
	keyAsGiven  string
	description string
	pattern     string
	tier        string
	dataType    string
	modified    time.Time
	by          string // ARN
	labels      []string
}

func (p *parameter) arn() string {
	return p.home.arn("ssm", "parameter/"+strings.TrimPrefix(p.name, "/"))
}

func (p *parameter) latest() *parameterVersion { return p.versions[len(p.versions)-1] }

// onParameter names the parameter of a call by the member that holds its name.
func onParameter(member string) func(*request) target {
	return func(r *request) target {
		in, err := decode[map[string]any](r)
		if err != nil {
			return target{arn: "*"}
		}
		name, _ := in[member].(string)
		return r.parameterTarget(name)
	}
}

func (r *request) parameterTarget(name string) target {
	home := r.account.in(r.region)
	name, _ = splitSelector(name)
	on := target{arn: home.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))}
	if p := home.parameters[name]; p != nil {
		on.tags = p.tags
	}
	on.context = withTags("ssm", on.tags, nil)
	return on
}

// mayParameters asks for each parameter that a call names.
func mayParameters(name string) func(*request) *apiError {
	return func(r *request) *apiError {
		in, err := decode[struct{ Names []string }](r)
		if err != nil {
			return err
		}
		for _, parameter := range in.Names {
			if err := r.permit("ssm:"+name, r.parameterTarget(parameter), r.account, "", false); err != nil {
				return err
			}
		}
		return nil
	}
}

// splitSelector takes name:3 or name:label apart; an ARN becomes the name.
func splitSelector(text string) (name, selector string) {
	if arn, ok := parseARN(text); ok {
		text = strings.TrimPrefix(arn.resource, "parameter")
		if strings.Count(text, "/") == 1 {
			text = strings.TrimPrefix(text, "/")
		}
	}
	name, selector, _ = strings.Cut(text, ":")
	return name, selector
}

func errNoParameter(name string) *apiError {
	return refusal("ParameterNotFound", "Parameter %s not found.", name)
}

// parameter finds a version of a parameter by name, name:version or name:label.
func (r *request) parameter(text string) (*parameter, *parameterVersion, *apiError) {
	name, selector := splitSelector(text)
	p := r.account.in(r.region).parameters[name]
	switch {
	case p == nil:
		return nil, nil, errNoParameter(name)
	case selector == "":
		return p, p.latest(), nil
	}
	number, err := strconv.ParseInt(selector, 10, 64)
	for _, v := range p.versions {
		if err == nil && v.number == number || slices.Contains(v.labels, selector) {
			return p, v, nil
		}
	}
	what := "version"
	if err != nil {
		what = "label"
	}
	return nil, nil, refusal("ParameterVersionNotFound", "Systems Manager could not find %s %s of %s. Verify the %s and try again.", what, selector, name, what)
}

// throughKMS is a refusal of KMS as Parameter Store passes it on.
func throughKMS(err *apiError) *apiError {
	if err.Code == "AccessDenied" {
		return err
	}
	return refusal("InvalidKeyId", "%s (Service: AWSKMS; Status Code: 400; Error Code: %s)", err.Message, err.Code)
}

// mayOpen asks whether the caller may decrypt a version.
func (r *request) mayOpen(p *parameter, v *parameterVersion) *apiError {
	if v.kind != "SecureString" {
		return nil
	}
	err := cmp.Or(r.mayUse(v.key, "Decrypt", map[string]string{"PARAMETER_ARN": p.arn()}, "ssm"), v.key.usable())
	if err != nil {
		return throughKMS(err)
	}
	return nil
}

var (
	parameterName  = regexp.MustCompile(`^(/?[a-zA-Z0-9_.-]+)(/[a-zA-Z0-9_.-]+)*$`)
	parameterLabel = regexp.MustCompile(`^[a-zA-Z_.-][a-zA-Z0-9_.-]{0,99}$`)
)

type putParameterInput struct {
	Name           string
	Description    string
	Value          string
	Type           string
	KeyID          string `json:"KeyId"`
	Overwrite      bool
	AllowedPattern string
	Tags           []tag
	Tier           string
	DataType       string
}

// maxParameter is the size of a value by tier, in bytes.
// https://docs.aws.amazon.com/general/latest/gr/ssm.html
var maxParameter = map[string]int{"Standard": 4096, "Advanced": 8192}

func putParameter(r *request) (any, *apiError) {
	in, err := decode[putParameterInput](r)
	if err != nil {
		return nil, err
	}
	home := r.account.in(r.region)
	p := home.parameters[in.Name]
	if err := in.check(p); err != nil {
		return nil, err
	}
	v := in.version(p)
	if p == nil {
		p = &parameter{home: home, name: in.Name, tags: tagMap(in.Tags)}
	}
	v.modified, v.by = r.now, r.caller.arn()
	if err := r.sealParameter(p, v); err != nil {
		return nil, err
	}
	home.parameters[in.Name] = p
	if p.versions = append(p.versions, v); len(p.versions) > 100 {
		p.versions = p.versions[1:]
	}
	return struct {
		Version int64
		Tier    string
	}{v.number, v.tier}, nil
}

func (in putParameterInput) check(have *parameter) *apiError {
	switch {
	case !parameterName.MatchString(in.Name):
		return errValidation("Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; " +
			"each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_")
	case have != nil && !in.Overwrite:
		return refusal("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case have == nil && in.Type == "":
		return errValidation("A parameter type is required when you create a parameter.")
	case in.Type != "" && !slices.Contains([]string{"String", "StringList", "SecureString"}, in.Type):
		return refusal("UnsupportedParameterType", "The parameter type %s is not supported.", in.Type)
	case have != nil && in.Type != "" && in.Type != have.latest().kind:
		return refusal("HierarchyTypeMismatchException", "Parameter Store doesn't support changing a parameter type in a hierarchy. "+
			"For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter.")
	case have != nil && len(in.Tags) > 0:
		return errValidation("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. " +
			"To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	case in.Value == "":
		return errValidation("1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.")
	}
	return in.checkValue(have)
}

func (in putParameterInput) checkValue(have *parameter) *apiError {
	tier := in.tier(have)
	switch pattern, err := regexp.Compile("^(?:" + in.AllowedPattern + ")$"); {
	case err != nil:
		return refusal("InvalidAllowedPatternException", "The request does not meet the regular expression requirement.")
	case in.AllowedPattern != "" && !pattern.MatchString(in.Value):
		return refusal("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: %s", in.AllowedPattern)
	case have != nil && have.latest().tier == "Advanced" && tier == "Standard":
		return errValidation("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.")
	case len(in.Value) > maxParameter[tier]:
		return errValidation("%s tier parameters support a maximum parameter value of %d characters.", tier, maxParameter[tier])
	}
	return nil
}

// tier is what the parameter will be. Who names none keeps what there is.
func (in putParameterInput) tier(have *parameter) string {
	switch {
	case in.Tier == "Intelligent-Tiering" && len(in.Value) > maxParameter["Standard"]:
		return "Advanced"
	case in.Tier == "Intelligent-Tiering", in.Tier == "" && have == nil:
		return "Standard"
	case in.Tier == "":
		return have.latest().tier
	}
	return in.Tier
}

// version is the next version. Neither key nor description nor pattern is taken
// over from the one before.
func (in putParameterInput) version(have *parameter) *parameterVersion {
	v := &parameterVersion{
		number: 1, kind: in.Type, value: in.Value, keyAsGiven: in.KeyID, description: in.Description,
		pattern: in.AllowedPattern, tier: in.tier(have), dataType: cmp.Or(in.DataType, "text"),
	}
	if have != nil {
		v.number, v.kind = have.latest().number+1, have.latest().kind
	}
	return v
}

// sealParameter encrypts a SecureString with the key that was given.
func (r *request) sealParameter(p *parameter, v *parameterVersion) *apiError {
	if v.kind != "SecureString" {
		return nil
	}
	v.keyAsGiven = cmp.Or(v.keyAsGiven, "alias/aws/ssm")
	k, err := r.key(v.keyAsGiven)
	if err != nil {
		return throughKMS(err)
	}
	v.key = k
	about, permission := map[string]string{"PARAMETER_ARN": p.arn()}, "Encrypt"
	if v.tier == "Advanced" {
		permission = "GenerateDataKey"
	}
	if err := cmp.Or(r.mayUse(k, permission, about, "ssm"), k.usable()); err != nil {
		return throughKMS(err)
	}
	v.sealed = k.seal(r, []byte(v.value), about)
	return nil
}
