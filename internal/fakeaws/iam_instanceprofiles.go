package fakeaws

import (
	"strings"
	"time"
)

// instanceProfile hands a role to EC2's instances.
type instanceProfile struct {
	name, path, id string
	created        time.Time
	role           *role // nil: none
	tags           map[string]string
}

func instanceProfileActions() map[string]action {
	named := []string{"InstanceProfileName"}
	withRole := []string{"InstanceProfileName", "RoleName"}
	return map[string]action{
		"CreateInstanceProfile":         {do: createInstanceProfile, on: onNew("instance-profile", "InstanceProfileName"), needs: named},
		"GetInstanceProfile":            {do: getInstanceProfile, on: onInstanceProfile, needs: named},
		"DeleteInstanceProfile":         {do: deleteInstanceProfile, on: onInstanceProfile, needs: named},
		"AddRoleToInstanceProfile":      {do: addRoleToInstanceProfile, on: onInstanceProfile, needs: withRole},
		"RemoveRoleFromInstanceProfile": {do: removeRoleFromInstanceProfile, on: onInstanceProfile, needs: withRole},
		"ListInstanceProfiles":          {do: listInstanceProfiles, on: onAll("instance-profile")},
		"ListInstanceProfilesForRole":   {do: listInstanceProfilesForRole, on: onRole, needs: []string{"RoleName"}},
	}
}

type instanceProfileShape struct {
	Path, InstanceProfileName, InstanceProfileId, Arn string
	CreateDate                                        time.Time
	Roles                                             []roleShape
	Tags                                              []tag `wire:"omitempty"`
}

func (acct *account) profileShape(p *instanceProfile) instanceProfileShape {
	s := instanceProfileShape{Path: p.path, InstanceProfileName: p.name, InstanceProfileId: p.id, Arn: acct.profileARN(p), CreateDate: p.created, Roles: []roleShape{}}
	if p.role != nil {
		s.Roles = append(s.Roles, acct.roleShape(p.role))
	}
	if len(p.tags) > 0 {
		s.Tags = tagList(p.tags)
	}
	return s
}

func (acct *account) profileARN(p *instanceProfile) string {
	return acct.arn("iam", "instance-profile"+p.path+p.name)
}

func onInstanceProfile(r *request) target {
	name := r.value("InstanceProfileName")
	if found, ok := r.account.profiles.get(name); ok {
		return target{arn: r.account.profileARN(found), spoken: "instance profile " + found.name, tags: found.tags}
	}
	return target{arn: r.account.arn("iam", "instance-profile/"+name), spoken: "instance profile " + name}
}

func (r *request) instanceProfile() (*instanceProfile, *apiError) {
	name := r.value("InstanceProfileName")
	if found, ok := r.account.profiles.get(name); ok {
		return found, nil
	}
	return nil, errNoEntity("Instance Profile " + name + " cannot be found.")
}

func createInstanceProfile(r *request) (any, *apiError) {
	name := r.value("InstanceProfileName")
	if _, taken := r.account.profiles.get(name); taken {
		return nil, errExists("Instance Profile " + name + " already exists.")
	}
	tags, err := r.checkedTags()
	if err != nil {
		return nil, err
	}
	made := &instanceProfile{name: name, path: orRoot(r.value("Path")), id: uniqueID("AIPA", r.aws.random.next()), created: second(r.now), tags: tagMap(tags)}
	r.account.profiles.put(name, made)
	return struct{ InstanceProfile instanceProfileShape }{r.account.profileShape(made)}, nil
}

func getInstanceProfile(r *request) (any, *apiError) {
	found, err := r.instanceProfile()
	if err != nil {
		return nil, err
	}
	return struct{ InstanceProfile instanceProfileShape }{r.account.profileShape(found)}, nil
}

func deleteInstanceProfile(r *request) (any, *apiError) {
	found, err := r.instanceProfile()
	switch {
	case err != nil:
		return nil, err
	case found.role != nil:
		return nil, errDeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
	}
	r.account.profiles.remove(found.name)
	return nil, nil
}

// addRoleToInstanceProfile wants, besides, the right to pass the role.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
func addRoleToInstanceProfile(r *request) (any, *apiError) {
	found, err := r.instanceProfile()
	if err != nil {
		return nil, err
	}
	passed, err := r.role()
	if err != nil {
		return nil, err
	}
	if err := r.permit("iam:PassRole", onRole(r), r.account, "", false); err != nil {
		return nil, err
	}
	if found.role != nil {
		return nil, errLimit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	found.role = passed
	return nil, nil
}

func removeRoleFromInstanceProfile(r *request) (any, *apiError) {
	found, err := r.instanceProfile()
	if err != nil {
		return nil, err
	}
	name := r.value("RoleName")
	if found.role == nil || !strings.EqualFold(found.role.name, name) {
		return nil, errNoEntity("The role with name " + name + " cannot be found.")
	}
	found.role = nil
	return nil, nil
}

type instanceProfilesPage struct {
	InstanceProfiles []instanceProfileShape
	page
}

func (r *request) listProfiles(found []*instanceProfile) (any, *apiError) {
	found, end, err := paginate(r, found, func(p *instanceProfile) string { return strings.ToLower(p.name) })
	if err != nil {
		return nil, err
	}
	return instanceProfilesPage{r.account.profileShapes(found), end}, nil
}

func (acct *account) profileShapes(found []*instanceProfile) []instanceProfileShape {
	shapes := []instanceProfileShape{}
	for _, p := range found {
		shapes = append(shapes, acct.profileShape(p))
	}
	return shapes
}

func listInstanceProfiles(r *request) (any, *apiError) {
	return r.listProfiles(below(r, r.account.profiles.all(), func(p *instanceProfile) string { return p.path }))
}

// listInstanceProfilesForRole is what clients call before they delete a role.
func listInstanceProfilesForRole(r *request) (any, *apiError) {
	found, err := r.role()
	if err != nil {
		return nil, err
	}
	return r.listProfiles(r.account.profilesOf(found))
}

// profilesOf are the instance profiles that hand a role on.
func (acct *account) profilesOf(of *role) []*instanceProfile {
	var found []*instanceProfile
	for _, p := range acct.profiles.all() {
		if p.role == of {
			found = append(found, p)
		}
	}
	return found
}
