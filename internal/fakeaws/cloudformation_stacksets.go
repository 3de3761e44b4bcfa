package fakeaws

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// StackSets with the permissions that CloudFormation manages itself: one template
// in every account of an organization or its units, the management account left
// out. Sets with permissions of one's own are refused.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/what-is-cfnstacksets.html
func stackSetActions() map[string]action {
	named := []string{"StackSetName"}
	operation := []string{"StackSetName", "OperationId"}
	targets := []string{"StackSetName", "Regions"}
	return map[string]action{
		"ActivateOrganizationsAccess":   {do: setStackSetsAccess(true), asks: maySetStackSetsAccess},
		"DeactivateOrganizationsAccess": {do: setStackSetsAccess(false), asks: maySetStackSetsAccess},
		"DescribeOrganizationsAccess":   {do: describeStackSetsAccess, reads: true},

		"CreateStackSet":   {do: createStackSet, on: onStackSet, needs: named, tagging: "cloudformation:TagResource"},
		"DescribeStackSet": {do: onSet(describeStackSet), on: onStackSet, needs: named, reads: true},
		"UpdateStackSet":   {do: onSet(updateStackSet), on: onStackSet, needs: named, tagging: "cloudformation:TagResource"},
		"DeleteStackSet":   {do: deleteStackSet, on: onStackSet, needs: named},
		"ListStackSets":    {do: listStackSets, reads: true},

		"CreateStackInstances":  {do: onSet(createStackInstances), on: onStackSet, needs: targets},
		"UpdateStackInstances":  {do: onSet(updateStackInstances), on: onStackSet, needs: targets},
		"DeleteStackInstances":  {do: onSet(deleteStackInstances), on: onStackSet, needs: append(targets, "RetainStacks")},
		"ListStackInstances":    {do: onSet(listStackInstances), on: onStackSet, needs: named, reads: true},
		"DescribeStackInstance": {do: onSet(describeStackInstance), on: onStackSet, needs: []string{"StackSetName", "StackInstanceAccount", "StackInstanceRegion"}, reads: true},

		"DescribeStackSetOperation":    {do: onSet(describeStackSetOperation), on: onStackSet, needs: operation, reads: true},
		"ListStackSetOperations":       {do: onSet(listStackSetOperations), on: onStackSet, needs: named, reads: true},
		"ListStackSetOperationResults": {do: onSet(listStackSetOperationResults), on: onStackSet, needs: operation, reads: true},
	}
}

// stackSet is one of them. It lives in a region of the management account, also
// where a delegated administrator made it.
type stackSet struct {
	name, id, description string
	owner                 *stores
	template              *stackTemplate
	body                  string
	given                 []stackParameter
	capabilities          []string
	tags                  []tag
	auto                  *autoDeployment
	managed               bool // ManagedExecution
	token                 string
	targets               []stackTarget
	instances             []*stackInstance // by account, then region
	operations            []*stackSetOperation
}

// stackTarget is a unit in a region to which a set is deployed, also while no
// account is in the unit.
type stackTarget struct{ unit, region string }

type stackParameter struct{ ParameterKey, ParameterValue string }

type autoDeployment struct{ Enabled, RetainStacksOnAccountRemoval bool }

type managedExecution struct{ Active bool }

// stackSetsService is whose trusted access StackSets needs, and for which accounts
// are delegated.
// https://docs.aws.amazon.com/organizations/latest/userguide/services-that-can-integrate-cloudformation.html
const stackSetsService = "member.org.stacksets.cloudformation.amazonaws.com"

// maySetStackSetsAccess: CloudFormation switches its access to the organization
// on and off with the caller's own rights.
func maySetStackSetsAccess(r *request) *apiError {
	organizations := "organizations:EnableAWSServiceAccess"
	if strings.HasPrefix(r.action, "Deactivate") {
		organizations = "organizations:DisableAWSServiceAccess"
	}
	for _, permission := range []string{"cloudformation:" + r.action, organizations} {
		if err := r.permit(permission, target{arn: "*"}, r.account, "", false); err != nil {
			return err
		}
	}
	return nil
}

// setStackSetsAccess is for the management account alone.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ActivateOrganizationsAccess.html
func setStackSetsAccess(on bool) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		if o := r.aws.organizationOf(r.account); o == nil || o.management != r.account {
			return nil, &apiError{Status: 400, Code: "InvalidOperationException", Message: "Only the management account of an organization can do this."}
		}
		r.account.spec.StackSetsAccess = on
		return struct{}{}, nil
	}
}

func describeStackSetsAccess(r *request) (any, *apiError) {
	status := "DISABLED"
	if o := r.aws.organizationOf(r.account); o != nil && o.management.spec.StackSetsAccess {
		status = "ENABLED"
	}
	return struct{ Status string }{status}, nil
}

// stackSetsOwner is where the caller's stack sets are: with CallAs=SELF in its own
// account, which must be the management account to make any; a delegated
// administrator's are the management account's.
func (r *request) stackSetsOwner() (*stores, *apiError) {
	if r.value("CallAs") != "DELEGATED_ADMIN" {
		return r.account.in(r.region), nil
	}
	o := r.aws.organizationOf(r.account)
	if o == nil || !slices.Contains(r.account.spec.DelegatedFor, stackSetsService) {
		return nil, errValidation("Account used is not a delegated administrator")
	}
	return o.management.in(r.region), nil
}

func (s *stores) stackSet(name string) *stackSet {
	for _, set := range s.stackSets {
		if set.name == name || set.id == name {
			return set
		}
	}
	return nil
}

func errNoStackSet(name string) *apiError {
	return &apiError{Status: 404, Code: "StackSetNotFoundException", Message: "StackSet " + name + " not found"}
}

// onSet finds the set that a call is about.
func onSet(do func(*request, *stackSet) (any, *apiError)) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		owner, err := r.stackSetsOwner()
		if err != nil {
			return nil, err
		}
		set := owner.stackSet(r.value("StackSetName"))
		if set == nil {
			return nil, errNoStackSet(r.value("StackSetName"))
		}
		return do(r, set)
	}
}

func onStackSet(r *request) target {
	owner, err := r.stackSetsOwner()
	if err != nil {
		return target{arn: "*"}
	}
	if set := owner.stackSet(r.value("StackSetName")); set != nil {
		return target{arn: set.arn(), tags: tagMap(set.tags)}
	}
	return target{arn: owner.arn("cloudformation", "stackset/"+r.value("StackSetName")+":*")}
}

func (set *stackSet) arn() string { return set.owner.arn("cloudformation", "stackset/"+set.id) }

var stackSetName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

// createStackSet makes the set alone, no instances of it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html
func createStackSet(r *request) (any, *apiError) {
	owner, err := r.stackSetsOwner()
	if err != nil {
		return nil, err
	}
	name := r.value("StackSetName")
	if !stackSetName.MatchString(name) {
		return nil, errValidation("1 validation error detected: Value '%s' at 'stackSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	}
	if err := r.mayHaveStackSets(owner); err != nil {
		return nil, err
	}
	type made struct{ StackSetId string }
	if have := owner.stackSet(name); have != nil {
		if have.token != "" && have.token == r.value("ClientRequestToken") {
			return made{have.id}, nil
		}
		return nil, &apiError{Status: 409, Code: "NameAlreadyExistsException", Message: "StackSet with name " + name + " already exists"}
	}
	set := &stackSet{name: name, owner: owner, id: name + ":" + uuidOf(owner.account.id, owner.region, name, strconv.FormatUint(r.aws.random.next(), 16)), token: r.value("ClientRequestToken")}
	if err := set.take(r); err != nil {
		return nil, err
	}
	owner.stackSets = append(owner.stackSets, set)
	return made{set.id}, nil
}

// mayHaveStackSets holds what AWS wants before it manages the permissions.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-activate-trusted-access.html
func (r *request) mayHaveStackSets(owner *stores) *apiError {
	o := r.aws.organizationOf(r.account)
	switch {
	case r.value("PermissionModel") != "SERVICE_MANAGED":
		return errUninterpreted("a stack set whose PermissionModel is not SERVICE_MANAGED")
	case o == nil || o.management != owner.account:
		return errValidation("You must be the management account or delegated admin account of an organization before operating a SERVICE_MANAGED stack set")
	case !o.management.spec.StackSetsAccess:
		return errValidation("You must enable organizations access to operate a service managed stack set")
	}
	return nil
}

// listStackSets has no deleted ones: AWS keeps telling of them.
func listStackSets(r *request) (any, *apiError) {
	owner, err := r.stackSetsOwner()
	if err != nil {
		return nil, err
	}
	type summary struct {
		StackSetName, StackSetId, Description, Status string
		AutoDeployment                                *autoDeployment
		PermissionModel, DriftStatus                  string
		ManagedExecution                              managedExecution
	}
	var sets []*stackSet
	if r.value("Status") != "DELETED" {
		sets = slices.Clone(owner.stackSets)
	}
	slices.SortFunc(sets, func(a, b *stackSet) int { return strings.Compare(a.name, b.name) })
	sets, next, err := stackPage(r, sets, func(s *stackSet) string { return s.name })
	list := []summary{}
	for _, set := range sets {
		list = append(list, summary{set.name, set.id, set.description, "ACTIVE", set.auto, "SERVICE_MANAGED", "NOT_CHECKED", managedExecution{set.managed}})
	}
	return struct {
		Summaries []summary
		NextToken string
	}{list, next}, err
}

// stackPage cuts a page of a list of StackSets': a hundred at most.
func stackPage[T any](r *request, items []T, key func(T) string) ([]T, string, *apiError) {
	limit, err := strconv.Atoi(cmp.Or(r.value("MaxResults"), "100"))
	if err != nil || limit < 1 || limit > 100 {
		return nil, "", errValidation("1 validation error detected: Value '%s' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 100", r.value("MaxResults"))
	}
	page, next, ok := pageOf(r, items, r.value("NextToken"), limit, key)
	if !ok {
		return nil, "", errValidation("Invalid NextToken")
	}
	return page, next, nil
}

// updateStackSet changes the set at once and its instances by and by: all of
// them, where the call names no targets.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackSet.html
func updateStackSet(r *request, set *stackSet) (any, *apiError) {
	if model := r.value("PermissionModel"); model != "" && model != "SERVICE_MANAGED" {
		return nil, errUninterpreted("a change of the PermissionModel")
	}
	instances := slices.Clone(set.instances)
	if len(r.list("Regions")) > 0 {
		var err *apiError
		if instances, err = r.instancesMeant(set); err != nil {
			return nil, err
		}
	}
	o, err := r.operation(set, "UPDATE", len(instances))
	if err != nil {
		return nil, err
	}
	if err := set.take(r); err != nil {
		return nil, err
	}
	for _, i := range set.instances {
		i.status = "OUTDATED"
	}
	return r.begin(set, o, instances)
}

// deleteStackSet refuses a set that still has instances; one that is gone already
// is no failure.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStackSet.html
func deleteStackSet(r *request) (any, *apiError) {
	owner, err := r.stackSetsOwner()
	if err != nil {
		return nil, err
	}
	set := owner.stackSet(r.value("StackSetName"))
	if set == nil {
		return struct{}{}, nil
	}
	if err := set.idle(); err != nil {
		return nil, err
	}
	if len(set.instances) > 0 {
		return nil, &apiError{Status: 409, Code: "StackSetNotEmptyException", Message: "StackSet is not empty"}
	}
	owner.stackSets = slices.DeleteFunc(owner.stackSets, func(other *stackSet) bool { return other == set })
	return struct{}{}, nil
}
