package fakeaws

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// stackInstance is a stack set's stack in one account and region.
type stackInstance struct {
	account, region, unit string // unit: what DeploymentTargets named
	stack                 *builtStack
	overrides             []stackParameter
	status                string // CURRENT, OUTDATED, INOPERABLE
	detailed              string // PENDING, RUNNING, SUCCEEDED, …
	reason                string
	operation             string // the last one's ID
}

func (i *stackInstance) key() string { return i.account + "/" + i.region }

func (set *stackSet) instance(account, region string) *stackInstance {
	for _, i := range set.instances {
		if i.account == account && i.region == region {
			return i
		}
	}
	return nil
}

func (set *stackSet) add(i *stackInstance) {
	set.instances = append(set.instances, i)
	slices.SortFunc(set.instances, func(a, b *stackInstance) int { return strings.Compare(a.key(), b.key()) })
}

var unitPattern = regexp.MustCompile(`^(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})$`)

// deploymentTargets are the accounts that a call is about, each with the unit by
// which it is meant.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeploymentTargets.html
func (r *request) deploymentTargets(set *stackSet) (map[string]string, *apiError) {
	named := r.list("DeploymentTargets.Accounts")
	units := r.list("DeploymentTargets.OrganizationalUnitIds")
	filter := cmp.Or(r.value("DeploymentTargets.AccountFilterType"), "NONE")
	switch {
	case len(r.list("Accounts")) > 0:
		return nil, errValidation("StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target")
	case r.value("DeploymentTargets.AccountsUrl") != "":
		return nil, errUninterpreted("AccountsUrl")
	case len(units) == 0:
		return nil, errValidation("OrganizationalUnitIds are required")
	case filter == "NONE" && len(named) > 0, filter != "NONE" && len(named) == 0:
		return nil, errValidation("Accounts and AccountFilterType must be specified together")
	case !slices.Contains([]string{"NONE", "INTERSECTION", "DIFFERENCE"}, filter):
		return nil, errUninterpreted("AccountFilterType " + filter)
	}
	o := r.aws.organizationOf(set.owner.account)
	meant := map[string]string{}
	for _, unit := range units {
		path, err := o.targetPath(unit)
		if err != nil {
			return nil, err
		}
		if r.action != "CreateStackInstances" && !slices.Contains(set.units(), unit) { // the wording: terraform-provider-aws issue 27877
			return nil, errValidation("Organizational unit %s not found in StackSet", unit)
		}
		for _, acct := range o.members() {
			if acct != o.management && isBelow(acct.unitPath(), path) && (filter == "NONE" || slices.Contains(named, acct.id) == (filter == "INTERSECTION")) {
				meant[acct.id] = unit
			}
		}
	}
	return meant, nil
}

// targetPath is the path of names of a unit, or of the root: empty.
func (o *organization) targetPath(unit string) (string, *apiError) {
	if !unitPattern.MatchString(unit) {
		return "", errValidation("1 validation error detected: Value '[%s]' at 'deploymentTargets.organizationalUnitIds' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: ^(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})$", unit)
	}
	path, err := o.path(unit)
	if err != nil {
		return "", errValidation("The organization has no root or organizational unit %s", unit)
	}
	return path, nil
}

// isBelow reports whether a path of names is another one, or below it.
func isBelow(path, above string) bool {
	return above == "" || path == above || strings.HasPrefix(path, above+"/")
}

var regionPattern = regexp.MustCompile(`^[a-zA-Z0-9-]{1,128}$`)

func (r *request) targetRegions() ([]string, *apiError) {
	regions := r.list("Regions")
	for _, region := range regions {
		if !regionPattern.MatchString(region) {
			return nil, errValidation("Region %s is not supported", region)
		}
	}
	return regions, nil
}

// instancesMeant are the instances that there are of those that a call names.
func (r *request) instancesMeant(set *stackSet) ([]*stackInstance, *apiError) {
	accounts, err := r.deploymentTargets(set)
	if err != nil {
		return nil, err
	}
	var meant []*stackInstance
	for _, i := range set.instances {
		if _, ok := accounts[i.account]; ok && slices.Contains(r.list("Regions"), i.region) {
			meant = append(meant, i)
		}
	}
	return meant, nil
}

// createStackInstances makes a stack in every account meant, in every region; where
// there is one already, one that is out of date is tried again.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackInstances.html
func createStackInstances(r *request, set *stackSet) (any, *apiError) {
	accounts, err := r.deploymentTargets(set)
	if err != nil {
		return nil, err
	}
	regions, err := r.targetRegions()
	if err != nil {
		return nil, err
	}
	overrides, err := set.overrides(r, nil)
	if err != nil {
		return nil, err
	}
	o, err := r.operation(set, "CREATE", len(accounts)*len(regions))
	if err != nil {
		return nil, err
	}
	for _, unit := range r.list("DeploymentTargets.OrganizationalUnitIds") {
		for _, region := range regions {
			set.target(unit, region)
		}
	}
	var meant []*stackInstance
	for account, unit := range accounts {
		for _, region := range regions {
			i := set.instance(account, region)
			if i == nil {
				i = &stackInstance{account: account, region: region, unit: unit, overrides: overrides, status: "OUTDATED", detailed: "PENDING"}
				set.add(i)
			}
			meant = append(meant, i)
		}
	}
	return r.begin(set, o, meant)
}

func (set *stackSet) target(unit, region string) {
	if t := (stackTarget{unit, region}); !slices.Contains(set.targets, t) {
		set.targets = append(set.targets, t)
	}
}

// overrides reads ParameterOverrides, of parameters that the template has.
func (set *stackSet) overrides(r *request, before []stackParameter) ([]stackParameter, *apiError) {
	overrides, err := readStackParameters(r.form, "ParameterOverrides", before)
	if err != nil {
		return nil, err
	}
	_, err = set.template.settleParameters(set.values(overrides))
	return overrides, err
}

// values are the set's parameters, with those of an instance over them.
func (set *stackSet) values(overrides []stackParameter) map[string]string {
	return parameterMap(append(slices.Clone(set.given), overrides...))
}

// updateStackInstances gives instances parameters of their own, in place of those
// that they had.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackInstances.html
func updateStackInstances(r *request, set *stackSet) (any, *apiError) {
	meant, err := r.instancesMeant(set)
	if err != nil {
		return nil, err
	}
	if len(meant) == 0 {
		return nil, errNoStackInstance(set, "", "")
	}
	o, err := r.operation(set, "UPDATE", len(meant))
	if err != nil {
		return nil, err
	}
	overrides := make([][]stackParameter, len(meant))
	for n, i := range meant {
		if overrides[n], err = set.overrides(r, i.overrides); err != nil {
			return nil, err
		}
	}
	for n, i := range meant {
		i.overrides, i.status = overrides[n], "OUTDATED"
	}
	return r.begin(set, o, meant)
}

// deleteStackInstances takes stacks away, or only lets go of them.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStackInstances.html
func deleteStackInstances(r *request, set *stackSet) (any, *apiError) {
	meant, err := r.instancesMeant(set)
	if err != nil {
		return nil, err
	}
	o, err := r.operation(set, "DELETE", len(meant))
	if err != nil {
		return nil, err
	}
	if r.value("DeploymentTargets.AccountFilterType") == "" {
		units, regions := r.list("DeploymentTargets.OrganizationalUnitIds"), r.list("Regions")
		set.targets = slices.DeleteFunc(set.targets, func(t stackTarget) bool { return slices.Contains(units, t.unit) && slices.Contains(regions, t.region) })
	}
	return r.begin(set, o, meant)
}

func errNoStackInstance(set *stackSet, account, region string) *apiError {
	return &apiError{Status: 404, Code: "StackInstanceNotFoundException",
		Message: "Stack instance not found for StackSet: " + set.id + " account: " + account + " region: " + region}
}

type comprehensiveStatus struct{ DetailedStatus string }

type stackInstanceShape struct {
	StackSetId, Region, Account, StackId string
	ParameterOverrides                   []stackParameterShape `wire:"omitempty"`
	Status, StatusReason                 string
	StackInstanceStatus                  comprehensiveStatus
	OrganizationalUnitId, DriftStatus    string
	LastOperationId                      string
}

func (set *stackSet) shape(i *stackInstance) stackInstanceShape {
	s := stackInstanceShape{
		StackSetId: set.id, Region: i.region, Account: i.account, Status: i.status, StatusReason: i.reason,
		StackInstanceStatus: comprehensiveStatus{i.detailed}, OrganizationalUnitId: i.unit, DriftStatus: "NOT_CHECKED", LastOperationId: i.operation,
	}
	if i.stack != nil {
		s.StackId = i.stack.id
	}
	return s
}

// listStackInstances has no ParameterOverrides.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackInstances.html
func listStackInstances(r *request, set *stackSet) (any, *apiError) {
	if r.form.Has("Filters.member.1.Name") {
		return nil, errUninterpreted("Filters")
	}
	asked := func(parameter, value string) bool { return r.value(parameter) == "" || r.value(parameter) == value }
	var found []*stackInstance
	for _, i := range set.instances {
		if asked("StackInstanceAccount", i.account) && asked("StackInstanceRegion", i.region) {
			found = append(found, i)
		}
	}
	page, next, err := stackPage(r, found, (*stackInstance).key)
	list := []stackInstanceShape{}
	for _, i := range page {
		list = append(list, set.shape(i))
	}
	return struct {
		Summaries []stackInstanceShape
		NextToken string
	}{list, next}, err
}

func describeStackInstance(r *request, set *stackSet) (any, *apiError) {
	account, region := r.value("StackInstanceAccount"), r.value("StackInstanceRegion")
	i := set.instance(account, region)
	if i == nil {
		return nil, errNoStackInstance(set, account, region)
	}
	s := set.shape(i)
	s.ParameterOverrides = parameterShapes(i.overrides)
	return struct{ StackInstance stackInstanceShape }{s}, nil
}
