package fakeaws

import (
	"cmp"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/iampolicy"
)

func roleActions() map[string]action {
	named := []string{"RoleName"}
	return map[string]action{
		"CreateRole":             {do: createRole, on: onNew("role", "RoleName"), needs: []string{"RoleName", "AssumeRolePolicyDocument"}},
		"GetRole":                {do: getRole, on: onRole, needs: named},
		"ListRoles":              {do: listRoles, on: onAll("role")},
		"UpdateRole":             {do: updateRole, on: onRole, needs: named},
		"UpdateAssumeRolePolicy": {do: updateAssumeRolePolicy, on: onRole, needs: []string{"RoleName", "PolicyDocument"}},
		"DeleteRole":             {do: deleteRole, on: onRole, needs: named},
		"TagRole":                {do: tagRole, on: onRole, needs: []string{"RoleName", "Tags"}},
		"UntagRole":              {do: untagRole, on: onRole, needs: []string{"RoleName", "TagKeys"}},
		"ListRoleTags":           {do: listRoleTags, on: onRole, needs: named},
	}
}

type roleUsedShape struct {
	LastUsedDate time.Time
	Region       string
}

type roleShape struct {
	Path, RoleName, RoleId, Arn string
	CreateDate                  time.Time
	AssumeRolePolicyDocument    string
	Description                 string
	MaxSessionDuration          int
	PermissionsBoundary         *boundaryShape
	Tags                        []tag `wire:"omitempty"`
	RoleLastUsed                *roleUsedShape
}

func (r *role) usedShape() roleUsedShape {
	if r.lastUsed == nil {
		return roleUsedShape{}
	}
	return roleUsedShape{second(r.lastUsed.At), r.lastUsed.Region}
}

// roleShape is a role as lists have it.
func (acct *account) roleShape(r *role) roleShape {
	return roleShape{
		Path: r.path, RoleName: r.name, RoleId: r.id, Arn: acct.roleARN(r), CreateDate: r.created,
		AssumeRolePolicyDocument: documentOnWire(r.trust), Description: r.description, MaxSessionDuration: int(r.maxSession.Seconds()),
	}
}

func (acct *account) roleDetail(r *role) roleShape {
	s := acct.roleShape(r)
	s.PermissionsBoundary = boundaryOf(r.boundary)
	if len(r.tags) > 0 {
		s.Tags = tagList(r.tags)
	}
	used := r.usedShape()
	s.RoleLastUsed = &used
	return s
}

func (r *request) role() (*role, *apiError) {
	name := r.value("RoleName")
	if found, ok := r.account.roles.get(name); ok {
		return found, nil
	}
	return nil, errNoEntity("The role with name " + name + " cannot be found.")
}

func onRole(r *request) target {
	name := r.value("RoleName")
	if found, ok := r.account.roles.get(name); ok {
		return target{arn: r.account.roleARN(found), spoken: "role " + found.name, tags: found.tags}
	}
	return target{arn: r.account.arn("iam", "role/"+name), spoken: "role " + name}
}

func createRole(r *request) (any, *apiError) {
	name, trust := r.value("RoleName"), r.value("AssumeRolePolicyDocument")
	if err := r.checkTrust(trust); err != nil {
		return nil, err
	}
	if _, taken := r.account.roles.get(name); taken {
		return nil, errExists("Role with name " + name + " already exists.")
	}
	tags, err := r.checkedTags()
	if err != nil {
		return nil, err
	}
	boundary := r.value("PermissionsBoundary")
	if err := r.checkBoundary(boundary); err != nil {
		return nil, err
	}
	seconds, _ := strconv.Atoi(cmp.Or(r.value("MaxSessionDuration"), "3600")) // validated as a number
	made := &role{
		grants: seededGrants("role", nil, nil, boundary), name: name, path: orRoot(r.value("Path")),
		id: uniqueID("AROA", r.aws.random.next()), created: second(r.now), trust: trust, description: r.value("Description"),
		maxSession: time.Duration(seconds) * time.Second, tags: map[string]string{},
	}
	if err := retag(made.tags, tags); err != nil {
		return nil, err
	}
	r.account.roles.put(name, made)
	return struct{ Role roleShape }{r.account.roleDetail(made)}, nil
}

// checkTrust holds a trust policy against the grammar, and its principals
// against the world: IAM refuses users and roles that do not exist.
func (r *request) checkTrust(text string) *apiError {
	if err := malformed(iampolicy.CheckTrust(text)); err != nil {
		return err
	}
	for _, s := range r.aws.document(text).Statements {
		for _, p := range s.Principals {
			if p.Kind == "AWS" && !r.aws.principalExists(p.Value) {
				return &apiError{Status: 400, Code: "MalformedPolicyDocument", Message: `Invalid principal in policy: "AWS":"` + p.Value + `"`}
			}
		}
	}
	return nil
}

// principalExists finds the account, user or role that a policy's principal
// names. Sessions are not looked up: they exist only while they last.
func (a *AWS) principalExists(value string) bool {
	if value == "*" || a.accountByID(value) != nil {
		return true
	}
	parts := strings.SplitN(value, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return false
	}
	acct := a.accountByID(parts[4])
	kind, path, _ := strings.Cut(parts[5], "/")
	name := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case parts[2] == "sts":
		return true
	case acct == nil:
		return false
	case kind == "user":
		u, ok := acct.users.get(name)
		return ok && acct.userARN(u) == value
	case kind == "role":
		found, ok := acct.roles.get(name)
		return ok && acct.roleARN(found) == value
	}
	return kind == "root"
}

func getRole(r *request) (any, *apiError) {
	found, err := r.role()
	if err != nil {
		return nil, err
	}
	return struct{ Role roleShape }{r.account.roleDetail(found)}, nil
}

func listRoles(r *request) (any, *apiError) {
	roles := below(r, r.account.roles.all(), func(r *role) string { return r.path })
	roles, end, err := paginate(r, roles, func(r *role) string { return strings.ToLower(r.name) })
	if err != nil {
		return nil, err
	}
	shapes := make([]roleShape, len(roles))
	for i, found := range roles {
		shapes[i] = r.account.roleShape(found)
	}
	return struct {
		Roles []roleShape
		page
	}{shapes, end}, nil
}

func updateRole(r *request) (any, *apiError) {
	found, err := r.role()
	if err != nil {
		return nil, err
	}
	if r.form.Has("Description") {
		found.description = r.value("Description")
	}
	if seconds, err := strconv.Atoi(r.value("MaxSessionDuration")); err == nil {
		found.maxSession = time.Duration(seconds) * time.Second
	}
	return struct{}{}, nil
}

func updateAssumeRolePolicy(r *request) (any, *apiError) {
	found, err := r.role()
	if err != nil {
		return nil, err
	}
	trust := r.value("PolicyDocument")
	if err := r.checkTrust(trust); err != nil {
		return nil, err
	}
	found.trust = trust
	return nil, nil
}

func deleteRole(r *request) (any, *apiError) {
	found, err := r.role()
	switch {
	case err != nil:
		return nil, err
	case len(found.managed) > 0:
		return nil, errDeleteConflict("Cannot delete entity, must detach all policies first.")
	case len(found.inline) > 0:
		return nil, errDeleteConflict("Cannot delete entity, must delete policies first.")
	case len(r.account.profilesOf(found)) > 0:
		return nil, errDeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
	}
	found.gone = true
	r.account.roles.remove(found.name)
	return nil, nil
}

func tagRole(r *request) (any, *apiError) {
	found, err := r.role()
	if err != nil {
		return nil, err
	}
	tags, err := r.checkedTags()
	if err != nil {
		return nil, err
	}
	return nil, retag(found.tags, tags)
}

func untagRole(r *request) (any, *apiError) {
	found, err := r.role()
	if err != nil {
		return nil, err
	}
	for _, key := range r.list("TagKeys") {
		maps.DeleteFunc(found.tags, func(have, _ string) bool { return strings.EqualFold(have, key) })
	}
	return nil, nil
}

func listRoleTags(r *request) (any, *apiError) {
	found, err := r.role()
	if err != nil {
		return nil, err
	}
	tags, end, err := paginate(r, tagList(found.tags), func(t tag) string { return t.Key })
	if err != nil {
		return nil, err
	}
	return struct {
		Tags []tag
		page
	}{tags, end}, nil
}
