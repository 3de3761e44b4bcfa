package fakeaws

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// take takes what a call says of a set. Where it says nothing of what must be
// said, the template and the tags stay what they were.
func (set *stackSet) take(r *request) *apiError {
	after := *set
	if r.value("AdministrationRoleARN") != "" || r.value("ExecutionRoleName") != "" {
		return errValidation("AdministrationRoleARN and ExecutionRoleName are not allowed with the SERVICE_MANAGED permission model")
	}
	body, err := r.templateBody(set)
	if err != nil {
		return err
	}
	if after.template, err = parseTemplate(body); err != nil {
		return err
	}
	after.body = body
	if after.given, err = readStackParameters(r.form, "Parameters", set.given); err != nil {
		return err
	}
	if _, err := after.template.settleParameters(parameterMap(after.given)); err != nil {
		return err
	}
	after.capabilities = r.list("Capabilities")
	if needs := after.template.capability(); needs != "" && !slices.Contains(after.capabilities, "CAPABILITY_NAMED_IAM") && !slices.Contains(after.capabilities, needs) {
		return &apiError{Status: 400, Code: "InsufficientCapabilitiesException", Message: "Requires capabilities : [" + needs + "]"}
	}
	if tags := r.tags(); len(tags) > 0 || r.form.Has("Tags") { // an empty list is sent as an empty parameter
		after.tags = tags
	}
	after.description = r.value("Description")
	if r.form.Has("AutoDeployment.Enabled") {
		after.auto = &autoDeployment{r.value("AutoDeployment.Enabled") == "true", r.value("AutoDeployment.RetainStacksOnAccountRemoval") == "true"}
	}
	if r.form.Has("ManagedExecution.Active") {
		after.managed = r.value("ManagedExecution.Active") == "true"
	}
	*set = after
	return nil
}

// templateBody is the template of a call: exactly one of three ways.
func (r *request) templateBody(set *stackSet) (string, *apiError) {
	body, previous := r.value("TemplateBody"), r.value("UsePreviousTemplate") == "true"
	switch {
	case r.value("TemplateURL") != "":
		return "", errUninterpreted("TemplateURL")
	case previous && body == "" && set.body != "":
		return set.body, nil
	case body == "" || previous:
		return "", errValidation("Exactly one of TemplateBody or TemplateUrl must be specified")
	}
	return body, nil
}

// readStackParameters reads a list of parameters; those with UsePreviousValue are
// taken from before.
func readStackParameters(form url.Values, list string, before []stackParameter) ([]stackParameter, *apiError) {
	var out []stackParameter
	for i := 1; ; i++ {
		at := list + ".member." + strconv.Itoa(i) + "."
		key := form.Get(at + "ParameterKey")
		if key == "" {
			break
		}
		p := stackParameter{key, form.Get(at + "ParameterValue")}
		if form.Get(at+"UsePreviousValue") == "true" {
			have, ok := parameterMap(before)[key]
			if !ok || form.Has(at+"ParameterValue") {
				return nil, errValidation("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", key)
			}
			p.ParameterValue = have
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b stackParameter) int { return strings.Compare(a.ParameterKey, b.ParameterKey) })
	return out, nil
}

func parameterMap(list []stackParameter) map[string]string {
	out := map[string]string{}
	for _, p := range list {
		out[p.ParameterKey] = p.ParameterValue
	}
	return out
}

type stackSetShape struct {
	StackSetName, StackSetId, StackSetARN    string
	Description, Status, TemplateBody        string
	Parameters                               []stackParameterShape
	Capabilities                             []string
	Tags                                     []tag
	AdministrationRoleARN, ExecutionRoleName string
	StackSetDriftDetectionDetails            stackSetDrift
	AutoDeployment                           *autoDeployment
	PermissionModel                          string
	OrganizationalUnitIds                    []string
	ManagedExecution                         managedExecution
}

// stackParameterShape has an empty value, too.
type stackParameterShape struct {
	ParameterKey     string
	ParameterValue   string `wire:"always"`
	UsePreviousValue bool
}

// stackSetDrift: nobody looks for drift here.
type stackSetDrift struct {
	DriftStatus              string
	TotalStackInstancesCount int
}

func parameterShapes(list []stackParameter) []stackParameterShape {
	out := []stackParameterShape{}
	for _, p := range list {
		out = append(out, stackParameterShape{p.ParameterKey, p.ParameterValue, false})
	}
	return out
}

// describeStackSet tells, of a set with managed permissions too, the roles that
// CloudFormation itself uses (terraform-provider-aws, resourceStackSetRead: "AWS
// returns this field for SERVICE_MANAGED StackSets").
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackSet.html
func describeStackSet(_ *request, set *stackSet) (any, *apiError) {
	return struct{ StackSet stackSetShape }{stackSetShape{
		StackSetName: set.name, StackSetId: set.id, StackSetARN: set.arn(), Description: set.description, Status: "ACTIVE", TemplateBody: set.body,
		Parameters: parameterShapes(set.given), Capabilities: slices.Clone(set.capabilities), Tags: slices.Clone(set.tags),
		AdministrationRoleARN:         set.owner.account.arn("iam", "role/aws-service-role/stacksets.cloudformation.amazonaws.com/AWSServiceRoleForCloudFormationStackSetsOrgAdmin"),
		ExecutionRoleName:             set.executionRole(),
		StackSetDriftDetectionDetails: stackSetDrift{"NOT_CHECKED", len(set.instances)},
		AutoDeployment:                set.auto, PermissionModel: "SERVICE_MANAGED", OrganizationalUnitIds: set.units(), ManagedExecution: managedExecution{set.managed},
	}}, nil
}

// units are the targets that the set is deployed to.
func (set *stackSet) units() []string {
	units := map[string]bool{}
	for _, t := range set.targets {
		units[t.unit] = true
	}
	return slices.Sorted(maps.Keys(units))
}
