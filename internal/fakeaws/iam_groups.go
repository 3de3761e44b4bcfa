package fakeaws

import (
	"slices"
	"strings"
	"time"
)

func groupActions() map[string]action {
	named := []string{"GroupName"}
	return map[string]action{
		"CreateGroup":         {do: createGroup, on: onNew("group", "GroupName"), needs: named},
		"GetGroup":            {do: getGroup, on: onGroup, needs: named},
		"ListGroups":          {do: listGroups, on: onAll("group")},
		"DeleteGroup":         {do: deleteGroup, on: onGroup, needs: named},
		"AddUserToGroup":      {do: addUserToGroup, on: onGroup, needs: []string{"GroupName", "UserName"}},
		"RemoveUserFromGroup": {do: removeUserFromGroup, on: onGroup, needs: []string{"GroupName", "UserName"}},
		"ListGroupsForUser":   {do: listGroupsForUser, on: onUser, needs: []string{"UserName"}},
	}
}

type groupShape struct {
	Path, GroupName, GroupId, Arn string
	CreateDate                    time.Time
}

func (acct *account) groupShape(g *group) groupShape {
	return groupShape{g.path, g.name, g.id, acct.groupARN(g), g.created}
}

func (acct *account) groupShapes(groups []*group) []groupShape {
	shapes := make([]groupShape, len(groups))
	for i, g := range groups {
		shapes[i] = acct.groupShape(g)
	}
	return shapes
}

func groupKey(g *group) string { return strings.ToLower(g.name) }

func (r *request) group() (*group, *apiError) {
	name := r.value("GroupName")
	if g, ok := r.account.groups.get(name); ok {
		return g, nil
	}
	return nil, errNoEntity("The group with name " + name + " cannot be found.")
}

func onGroup(r *request) target {
	name := r.value("GroupName")
	if g, ok := r.account.groups.get(name); ok {
		return target{arn: r.account.groupARN(g), spoken: "group " + g.name}
	}
	return target{arn: r.account.arn("iam", "group/"+name), spoken: "group " + name}
}

func createGroup(r *request) (any, *apiError) {
	name := r.value("GroupName")
	if _, taken := r.account.groups.get(name); taken {
		return nil, errExists("Group with name " + name + " already exists.")
	}
	g := &group{
		grants: seededGrants("group", nil, nil, ""), name: name, path: orRoot(r.value("Path")),
		id: uniqueID("AGPA", r.aws.random.next()), created: second(r.now),
	}
	r.account.groups.put(name, g)
	return struct{ Group groupShape }{r.account.groupShape(g)}, nil
}

func getGroup(r *request) (any, *apiError) {
	g, err := r.group()
	if err != nil {
		return nil, err
	}
	users, end, err := paginate(r, r.account.members(g), func(u *user) string { return strings.ToLower(u.name) })
	if err != nil {
		return nil, err
	}
	shapes := make([]userShape, len(users))
	for i, u := range users {
		shapes[i] = r.account.userShape(u)
	}
	return struct {
		Group groupShape
		Users []userShape
		page
	}{r.account.groupShape(g), shapes, end}, nil
}

func (acct *account) members(g *group) []*user {
	return slices.DeleteFunc(acct.users.all(), func(u *user) bool { return !slices.Contains(u.groups, g) })
}

func listGroups(r *request) (any, *apiError) {
	groups := below(r, r.account.groups.all(), func(g *group) string { return g.path })
	return r.groupPage(groups)
}

func listGroupsForUser(r *request) (any, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	groups := slices.Clone(u.groups)
	slices.SortFunc(groups, func(a, b *group) int { return strings.Compare(groupKey(a), groupKey(b)) })
	return r.groupPage(groups)
}

func (r *request) groupPage(groups []*group) (any, *apiError) {
	groups, end, err := paginate(r, groups, groupKey)
	if err != nil {
		return nil, err
	}
	return struct {
		Groups []groupShape
		page
	}{r.account.groupShapes(groups), end}, nil
}

func deleteGroup(r *request) (any, *apiError) {
	g, err := r.group()
	switch {
	case err != nil:
		return nil, err
	case len(r.account.members(g)) > 0:
		return nil, errDeleteConflict("Cannot delete entity, must remove users from group first.")
	case len(g.managed) > 0:
		return nil, errDeleteConflict("Cannot delete entity, must detach all policies first.")
	case len(g.inline) > 0:
		return nil, errDeleteConflict("Cannot delete entity, must delete policies first.")
	}
	r.account.groups.remove(g.name)
	return nil, nil
}

func addUserToGroup(r *request) (any, *apiError) {
	g, err := r.group()
	if err != nil {
		return nil, err
	}
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(u.groups, g) {
		if len(u.groups) >= 10 {
			return nil, errLimit("Cannot exceed quota for GroupsPerUser: 10")
		}
		u.groups = append(u.groups, g)
	}
	return nil, nil
}

func removeUserFromGroup(r *request) (any, *apiError) {
	g, err := r.group()
	if err != nil {
		return nil, err
	}
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	u.groups = slices.DeleteFunc(slices.Clone(u.groups), func(other *group) bool { return other == g })
	return nil, nil
}
