package fakeaws

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// GetAccountAuthorizationDetails: users, groups, roles and policies, one after
// the other, cut into pages together.

type inlineShape struct{ PolicyName, PolicyDocument string }

type attachedShape struct{ PolicyName, PolicyArn string }

type userDetailShape struct {
	Path, UserName, UserId, Arn string
	CreateDate                  time.Time
	UserPolicyList              []inlineShape
	GroupList                   []string
	AttachedManagedPolicies     []attachedShape
	PermissionsBoundary         *boundaryShape
	Tags                        []tag
}

type groupDetailShape struct {
	Path, GroupName, GroupId, Arn string
	CreateDate                    time.Time
	GroupPolicyList               []inlineShape
	AttachedManagedPolicies       []attachedShape
}

type roleDetailShape struct {
	Path, RoleName, RoleId, Arn string
	CreateDate                  time.Time
	AssumeRolePolicyDocument    string
	InstanceProfileList         []instanceProfileShape
	RolePolicyList              []inlineShape
	AttachedManagedPolicies     []attachedShape
	PermissionsBoundary         *boundaryShape
	Tags                        []tag
	RoleLastUsed                roleUsedShape
}

type policyDetailShape struct {
	policyShape
	PolicyVersionList []versionShape
}

type detailsShape struct {
	UserDetailList  []userDetailShape
	GroupDetailList []groupDetailShape
	RoleDetailList  []roleDetailShape
	Policies        []policyDetailShape
	page
}

// detail is one entity of any kind; its key orders kinds, then names.
type detail struct {
	key    string
	entity any
}

func getAccountAuthorizationDetails(r *request) (any, *apiError) {
	filter := r.list("Filter")
	for i, f := range filter {
		if !slices.Contains([]string{"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}, f) {
			return nil, errValidation("1 validation error detected: Value '%s' at 'filter.%s.member' failed to satisfy constraint: "+
				"Member must satisfy enum value set: [AWSManagedPolicy, Group, LocalManagedPolicy, Role, User]", f, strconv.Itoa(i+1))
		}
	}
	details, end, err := paginate(r, r.account.details(filter), func(d detail) string { return d.key })
	if err != nil {
		return nil, err
	}
	shape := detailsShape{
		UserDetailList: []userDetailShape{}, GroupDetailList: []groupDetailShape{}, RoleDetailList: []roleDetailShape{},
		Policies: []policyDetailShape{}, page: end,
	}
	counts := r.account.counted()
	for _, d := range details {
		r.account.addDetail(&shape, d.entity, counts)
	}
	return &shape, nil
}

// details lists every entity of the kinds in filter; an empty filter has all.
func (acct *account) details(filter []string) []detail {
	wants := func(kind string) bool { return len(filter) == 0 || slices.Contains(filter, kind) }
	var all []detail
	if wants("User") {
		for _, u := range acct.users.all() {
			all = append(all, detail{"1" + strings.ToLower(u.name), u})
		}
	}
	if wants("Group") {
		for _, g := range acct.groups.all() {
			all = append(all, detail{"2" + strings.ToLower(g.name), g})
		}
	}
	if wants("Role") {
		for _, r := range acct.roles.all() {
			all = append(all, detail{"3" + strings.ToLower(r.name), r})
		}
	}
	if wants("LocalManagedPolicy") {
		for _, p := range acct.policies.all() {
			all = append(all, detail{"4" + strings.ToLower(p.name), p})
		}
	}
	if wants("AWSManagedPolicy") {
		for _, p := range acct.awsPoliciesInUse() {
			all = append(all, detail{"5" + p.arn, p})
		}
	}
	return all
}

func (acct *account) addDetail(shape *detailsShape, entity any, counts policyCounts) {
	switch e := entity.(type) {
	case *user:
		shape.UserDetailList = append(shape.UserDetailList, acct.fullUser(e))
	case *group:
		shape.GroupDetailList = append(shape.GroupDetailList, groupDetailShape{
			Path: e.path, GroupName: e.name, GroupId: e.id, Arn: acct.groupARN(e), CreateDate: e.created,
			GroupPolicyList: e.inlineShapes(), AttachedManagedPolicies: acct.attachedShapes(&e.grants),
		})
	case *role:
		shape.RoleDetailList = append(shape.RoleDetailList, roleDetailShape{
			Path: e.path, RoleName: e.name, RoleId: e.id, Arn: acct.roleARN(e), CreateDate: e.created,
			AssumeRolePolicyDocument: documentOnWire(e.trust), InstanceProfileList: acct.profileShapes(acct.profilesOf(e)), RolePolicyList: e.inlineShapes(),
			AttachedManagedPolicies: acct.attachedShapes(&e.grants), PermissionsBoundary: boundaryOf(e.boundary),
			Tags: tagList(e.tags), RoleLastUsed: e.usedShape(),
		})
	case *policy:
		shape.Policies = append(shape.Policies, policyDetailShape{counts.shape(e), e.versionShapes(true)})
	}
}

func (acct *account) fullUser(u *user) userDetailShape {
	groups := make([]string, len(u.groups))
	for i, g := range u.groups {
		groups[i] = g.name
	}
	return userDetailShape{
		Path: u.path, UserName: u.name, UserId: u.id, Arn: acct.userARN(u), CreateDate: u.created,
		UserPolicyList: u.inlineShapes(), GroupList: groups, AttachedManagedPolicies: acct.attachedShapes(&u.grants),
		PermissionsBoundary: boundaryOf(u.boundary), Tags: tagList(u.tags),
	}
}

func (g *grants) inlineShapes() []inlineShape {
	shapes := make([]inlineShape, 0, len(g.inline))
	for _, name := range slices.Sorted(maps.Keys(g.inline)) {
		shapes = append(shapes, inlineShape{name, documentOnWire(g.inline[name])})
	}
	return shapes
}

func (acct *account) attachedShapes(g *grants) []attachedShape {
	shapes := make([]attachedShape, 0, len(g.managed))
	for _, arn := range g.managed {
		shapes = append(shapes, attachedShape{arn[strings.LastIndexByte(arn, '/')+1:], arn})
	}
	return shapes
}
