package fakeaws

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// deploy makes or updates the stack of an instance.
func (set *stackSet) deploy(a *AWS, acct *account, now time.Time, result *stackSetResult) {
	i := result.instance
	stack := i.stack
	if stack == nil {
		name := "StackSet-" + set.name + "-" + uuidOf(set.id, i.key(), strconv.FormatUint(a.random.next(), 16))
		stack = &builtStack{name: name, id: stackID(acct, i.region, name)}
	}
	b := set.builder(a, acct, now, i, stack)
	var err *apiError
	if b.parameters, err = set.template.settleParameters(set.values(i.overrides)); err == nil {
		err = b.build()
	}
	if i.stack != nil || err == nil {
		i.stack = stack
		acct.tellStack(stack, i.region)
	}
	if err != nil {
		i.status = "OUTDATED"
		result.set("FAILED", err.Message)
		return
	}
	i.status = "CURRENT"
	result.set("SUCCEEDED", "")
}

// takeAway takes the instance out of the set, and its stack with it unless that is
// to be retained.
func (set *stackSet) takeAway(a *AWS, acct *account, now time.Time, o *stackSetOperation, result *stackSetResult) {
	i := result.instance
	if i.stack != nil && !o.retain {
		if err := set.builder(a, acct, now, i, i.stack).takeAway(); err != nil {
			acct.tellStack(i.stack, i.region)
			i.status = "INOPERABLE"
			result.set("FAILED", err.Message)
			return
		}
		acct.forgetStack(i.stack.name, i.region)
	}
	result.set("SUCCEEDED", "")
	set.instances = slices.DeleteFunc(set.instances, func(other *stackInstance) bool { return other == i })
}

// builder works on an instance's stack as the role stacksets-exec-… of its
// account.
func (set *stackSet) builder(a *AWS, acct *account, now time.Time, i *stackInstance, stack *builtStack) *builder {
	executing := set.executing(a, acct, now)
	s := (&request{aws: a, now: now}).newSession(acct, time.Hour)
	s.role, s.name = executing, "AWSCloudFormation"
	return &builder{
		templateValues: templateValues{template: set.template, stack: stack, account: acct, region: i.region},
		aws:            a, who: principal{account: acct, role: executing, session: s}, now: now, tags: slices.Clone(set.tags),
	}
}

// executionRole is the name of the role by which CloudFormation works in the
// members; it is the same in all.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-activate-trusted-access.html
func (set *stackSet) executionRole() string {
	return "stacksets-exec-" + strings.ReplaceAll(uuidOf(set.owner.account.id, "stacksets-exec"), "-", "")
}

// executing is that role, which CloudFormation makes where it is needed first, and
// leaves there. Service control policies bind it, as AWS's.
func (set *stackSet) executing(a *AWS, acct *account, now time.Time) *role {
	name := set.executionRole()
	if have, ok := acct.roles.get(name); ok {
		return have
	}
	linked := acct.arn("iam", "role/aws-service-role/member.org.stacksets.cloudformation.amazonaws.com/AWSServiceRoleForCloudFormationStackSetsOrgMember")
	made := &role{
		grants: seededGrants("role", []string{"arn:" + acct.partition + ":iam::aws:policy/AdministratorAccess"}, nil, ""), name: name, path: "/",
		id: uniqueID("AROA", a.random.next()), created: second(now), maxSession: time.Hour, tags: map[string]string{},
		trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + linked + `"},"Action":"sts:AssumeRole"}]}`,
	}
	acct.roles.put(name, made)
	return made
}

func stackID(acct *account, region, name string) string {
	return StackSpec{Name: name}.id(&request{account: acct, region: region})
}

// tellStack lets the account know a stack as it is now.
func (acct *account) tellStack(stack *builtStack, region string) {
	acct.forgetStack(stack.name, region)
	acct.spec.Stacks = append(acct.spec.Stacks, stack.spec(region))
}

func (acct *account) forgetStack(name, region string) {
	acct.spec.Stacks = slices.DeleteFunc(slices.Clone(acct.spec.Stacks), func(s StackSpec) bool { return s.Name == name && s.Region == region })
}

// joined deploys the stack sets that deploy by themselves to an account that is
// new in the organization.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html
func (a *AWS) joined(acct *account) {
	o := a.knownOrganizationOf(acct)
	if o == nil || acct == o.management {
		return
	}
	now := a.clock.now()
	for _, region := range slices.Sorted(maps.Keys(o.management.regions)) {
		for _, set := range o.management.regions[region].stackSets {
			if set.auto != nil && set.auto.Enabled {
				set.reach(a, o, acct, now)
			}
		}
	}
}

// reach deploys the set to one account more, in the regions that its unit has.
func (set *stackSet) reach(a *AWS, o *organization, acct *account, now time.Time) {
	regions := map[string]string{}
	for _, t := range set.targets {
		if path, err := o.targetPath(t.unit); err == nil && isBelow(acct.unitPath(), path) {
			regions[t.region] = t.unit
		}
	}
	var fresh []*stackInstance
	for _, region := range slices.Sorted(maps.Keys(regions)) {
		if set.instance(acct.id, region) == nil {
			fresh = append(fresh, &stackInstance{account: acct.id, region: region, unit: regions[region], status: "OUTDATED"})
			set.add(fresh[len(fresh)-1])
		}
	}
	if len(fresh) > 0 {
		id := uuidOf(set.id, acct.id, strconv.FormatUint(a.random.next(), 16))
		set.queue(a, now, &stackSetOperation{id: id, action: "CREATE", status: "QUEUED", began: second(now)}, fresh)
	}
}
