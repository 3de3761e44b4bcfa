package fakeaws

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/iampolicy"
)

func policyActions() map[string]action {
	arn := []string{"PolicyArn"}
	return map[string]action{
		"CreatePolicy":          {do: createPolicy, on: onNew("policy", "PolicyName"), needs: []string{"PolicyName", "PolicyDocument"}},
		"GetPolicy":             {do: getPolicy, on: onPolicy, needs: arn},
		"DeletePolicy":          {do: deletePolicy, on: onPolicy, needs: arn},
		"ListPolicies":          {do: listPolicies, on: onAll("policy")},
		"ListEntitiesForPolicy": {do: listEntitiesForPolicy, on: onPolicy, needs: arn},
	}
}

type policyShape struct {
	PolicyName, PolicyId, Arn, Path, DefaultVersionId string
	AttachmentCount, PermissionsBoundaryUsageCount    int
	IsAttachable                                      bool
	Description                                       string
	CreateDate, UpdateDate                            time.Time
	Tags                                              []tag `wire:"omitempty"`
}

// policyCounts says how often each policy is used, by ARN.
type policyCounts struct{ attached, bounding map[string]int }

func (acct *account) counted() policyCounts {
	attached, bounding := acct.attachments()
	return policyCounts{attached, bounding}
}

// shape is a policy as lists have it: without description and tags.
func (c policyCounts) shape(p *policy) policyShape {
	return policyShape{
		PolicyName: p.name, PolicyId: p.id, Arn: p.arn, Path: p.path, DefaultVersionId: p.defaultVersion().id,
		AttachmentCount: c.attached[p.arn], PermissionsBoundaryUsageCount: c.bounding[p.arn], IsAttachable: true,
		CreateDate: p.created, UpdateDate: p.updated,
	}
}

func (c policyCounts) detail(p *policy) policyShape {
	s := c.shape(p)
	s.Description = p.description
	if len(p.tags) > 0 {
		s.Tags = tagList(p.tags)
	}
	return s
}

func (r *request) policy() (*policy, *apiError) {
	arn := r.value("PolicyArn")
	switch p := r.account.policyByARN(arn); {
	case p != nil:
		return p, nil
	case !strings.HasPrefix(arn, "arn:"):
		return nil, errInvalidInput("ARN " + arn + " is not valid.")
	}
	return nil, errNoEntity("Policy " + arn + " was not found.")
}

func onPolicy(r *request) target {
	arn := r.value("PolicyArn")
	return target{arn: arn, spoken: "policy " + arn}
}

func createPolicy(r *request) (any, *apiError) {
	name, text := r.value("PolicyName"), r.value("PolicyDocument")
	if err := malformed(iampolicy.CheckIdentity(text)); err != nil {
		return nil, err
	}
	if len(strings.Join(strings.Fields(text), "")) > 6144 {
		return nil, errLimit("Cannot exceed quota for PolicySize: 6144")
	}
	if _, taken := r.account.policies.get(name); taken {
		return nil, errExists("A policy called " + name + " already exists. Duplicate names are not allowed.")
	}
	tags, err := r.checkedTags()
	if err != nil {
		return nil, err
	}
	p := r.account.seededPolicy(PolicySpec{Name: name, Path: r.value("Path"), Document: text, Created: r.now})
	p.id, p.description, p.tags = uniqueID("ANPA", r.aws.random.next()), r.value("Description"), map[string]string{}
	if err := retag(p.tags, tags); err != nil {
		return nil, err
	}
	r.account.policies.put(name, p)
	return struct{ Policy policyShape }{policyCounts{}.detail(p)}, nil
}

func getPolicy(r *request) (any, *apiError) {
	p, err := r.policy()
	if err != nil {
		return nil, err
	}
	return struct{ Policy policyShape }{r.account.counted().detail(p)}, nil
}

func deletePolicy(r *request) (any, *apiError) {
	p, err := r.ownPolicy()
	if err != nil {
		return nil, err
	}
	counts := r.account.counted()
	switch {
	case counts.attached[p.arn]+counts.bounding[p.arn] > 0:
		return nil, errDeleteConflict("Cannot delete a policy attached to entities.")
	case len(p.versions) > 1:
		return nil, errDeleteConflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. " +
			"The default version is deleted with the policy.")
	}
	r.account.policies.remove(p.name)
	return nil, nil
}

// ownPolicy is a policy that the account may change.
func (r *request) ownPolicy() (*policy, *apiError) {
	p, err := r.policy()
	if err == nil && awsOwned(p.arn) {
		return nil, errDenied("Policy is outside your own account.")
	}
	return p, err
}

func awsOwned(arn string) bool { return strings.Contains(arn, ":iam::aws:policy/") }

func listPolicies(r *request) (any, *apiError) {
	counts := r.account.counted()
	var all []*policy
	if scope := r.value("Scope"); scope != "AWS" {
		all = append(all, r.account.policies.all()...)
	}
	if scope := r.value("Scope"); scope != "Local" {
		all = append(all, awsPolicies(r.account.partition)...)
	}
	all = slices.DeleteFunc(all, func(p *policy) bool { return !counts.kept(r, p) })
	all = below(r, all, func(p *policy) string { return p.path })
	slices.SortFunc(all, func(a, b *policy) int { return strings.Compare(a.arn, b.arn) })
	all, end, err := paginate(r, all, func(p *policy) string { return p.arn })
	if err != nil {
		return nil, err
	}
	shapes := make([]policyShape, len(all))
	for i, p := range all {
		shapes[i] = counts.shape(p)
	}
	return struct {
		Policies []policyShape
		page
	}{shapes, end}, nil
}

// kept holds a policy against OnlyAttached and PolicyUsageFilter.
func (c policyCounts) kept(r *request, p *policy) bool {
	switch r.value("PolicyUsageFilter") {
	case "PermissionsPolicy":
		return c.attached[p.arn] > 0
	case "PermissionsBoundary":
		return c.bounding[p.arn] > 0
	}
	return r.value("OnlyAttached") != "true" || c.attached[p.arn] > 0
}

type policyGroupShape struct{ GroupName, GroupId string }

type policyUserShape struct{ UserName, UserId string }

type policyRoleShape struct{ RoleName, RoleId string }

type entitiesShape struct {
	PolicyGroups []policyGroupShape
	PolicyUsers  []policyUserShape
	PolicyRoles  []policyRoleShape
	page
}

// listEntitiesForPolicy pages over groups, users and roles together.
func listEntitiesForPolicy(r *request) (any, *apiError) {
	p, err := r.policy()
	if err != nil {
		return nil, err
	}
	var filter []string
	if only := r.value("EntityFilter"); only != "" {
		filter = []string{only}
	}
	all := slices.DeleteFunc(r.account.details(filter), func(d detail) bool { return !r.holds(d.entity, p.arn) })
	all, end, err := paginate(r, all, func(d detail) string { return d.key })
	if err != nil {
		return nil, err
	}
	shape := entitiesShape{PolicyGroups: []policyGroupShape{}, PolicyUsers: []policyUserShape{}, PolicyRoles: []policyRoleShape{}, page: end}
	for _, d := range all {
		switch e := d.entity.(type) {
		case *group:
			shape.PolicyGroups = append(shape.PolicyGroups, policyGroupShape{e.name, e.id})
		case *user:
			shape.PolicyUsers = append(shape.PolicyUsers, policyUserShape{e.name, e.id})
		case *role:
			shape.PolicyRoles = append(shape.PolicyRoles, policyRoleShape{e.name, e.id})
		}
	}
	return &shape, nil
}

// holds reports whether an identity has a policy in the use, and below the
// path, that the request asks for.
func (r *request) holds(entity any, arn string) bool {
	var g *grants
	path := ""
	switch e := entity.(type) {
	case *user:
		g, path = &e.grants, e.path
	case *group:
		g, path = &e.grants, e.path
	case *role:
		g, path = &e.grants, e.path
	default:
		return false
	}
	use := r.value("PolicyUsageFilter")
	uses := use != "PermissionsBoundary" && slices.Contains(g.managed, arn) || use != "PermissionsPolicy" && g.boundary == arn
	return uses && strings.HasPrefix(path, r.value("PathPrefix"))
}

// awsPoliciesInUse are AWS's own policies that are attached to somebody.
func (acct *account) awsPoliciesInUse() []*policy {
	attached, bounding := acct.attachments()
	maps.Copy(attached, bounding)
	return slices.DeleteFunc(awsPolicies(acct.partition), func(p *policy) bool { return attached[p.arn] == 0 })
}
