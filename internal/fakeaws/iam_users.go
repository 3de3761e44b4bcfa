package fakeaws

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

func userActions() map[string]action {
	return map[string]action{
		"CreateUser":                    {do: createUser, on: onNew("user", "UserName"), needs: []string{"UserName"}},
		"GetUser":                       {do: getUser, on: onUser},
		"ListUsers":                     {do: listUsers, on: onAll("user")},
		"UpdateUser":                    {do: updateUser, on: onUser, needs: []string{"UserName"}},
		"DeleteUser":                    {do: deleteUser, on: onUser, needs: []string{"UserName"}},
		"PutUserPermissionsBoundary":    {do: putUserBoundary, on: onUser, needs: []string{"UserName", "PermissionsBoundary"}},
		"DeleteUserPermissionsBoundary": {do: deleteUserBoundary, on: onUser, needs: []string{"UserName"}},
	}
}

// userShape is a user on the wire. Lists give neither tags nor boundary.
type userShape struct {
	Path, UserName, UserId, Arn  string
	CreateDate, PasswordLastUsed time.Time
	PermissionsBoundary          *boundaryShape
	Tags                         []tag `wire:"omitempty"`
}

func (acct *account) userShape(u *user) userShape {
	s := userShape{Path: u.path, UserName: u.name, UserId: u.id, Arn: acct.userARN(u), CreateDate: u.created}
	if u.password != nil {
		s.PasswordLastUsed = orNever(u.password.LastUsed)
	}
	return s
}

func (acct *account) userDetail(u *user) userShape {
	s := acct.userShape(u)
	s.PermissionsBoundary = boundaryOf(u.boundary)
	if len(u.tags) > 0 {
		s.Tags = tagList(u.tags)
	}
	return s
}

func createUser(r *request) (any, *apiError) {
	name := r.value("UserName")
	if _, taken := r.account.users.get(name); taken {
		return nil, errExists("User with name " + name + " already exists.")
	}
	if limit := 5000; r.account.users.len() >= limit {
		return nil, errLimit("Cannot exceed quota for UsersPerAccount: " + strconv.Itoa(limit))
	}
	tags, err := r.checkedTags()
	if err != nil {
		return nil, err
	}
	boundary := r.value("PermissionsBoundary")
	if err := r.checkBoundary(boundary); err != nil {
		return nil, err
	}
	u := &user{
		grants: seededGrants("user", nil, nil, boundary), name: name, path: orRoot(r.value("Path")),
		id: uniqueID("AIDA", r.aws.random.next()), created: second(r.now), tags: map[string]string{},
	}
	if err := retag(u.tags, tags); err != nil {
		return nil, err
	}
	r.account.users.put(name, u)
	return struct{ User userShape }{r.account.userDetail(u)}, nil
}

func orRoot(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

func (r *request) checkBoundary(arn string) *apiError {
	if arn != "" && r.account.policyByARN(arn) == nil {
		return errNoEntity("Scope ARN: " + arn + " does not exist or is not attachable.")
	}
	return nil
}

func getUser(r *request) (any, *apiError) {
	if r.value("UserName") == "" && r.caller.root() {
		return struct{ User userShape }{r.account.rootShape()}, nil
	}
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	return struct{ User userShape }{r.account.userDetail(u)}, nil
}

// rootShape is what GetUser answers to the root user: no name, no path.
func (acct *account) rootShape() userShape {
	return userShape{UserId: acct.id, Arn: acct.arn("iam", "root"), CreateDate: acct.created, PasswordLastUsed: orNever(acct.root.passwordUsed)}
}

func listUsers(r *request) (any, *apiError) {
	users := below(r, r.account.users.all(), func(u *user) string { return u.path })
	users, end, err := paginate(r, users, func(u *user) string { return strings.ToLower(u.name) })
	if err != nil {
		return nil, err
	}
	shapes := make([]userShape, len(users))
	for i, u := range users {
		shapes[i] = r.account.userShape(u)
	}
	return struct {
		Users []userShape
		page
	}{shapes, end}, nil
}

func updateUser(r *request) (any, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	if name := r.value("NewUserName"); name != "" && name != u.name {
		if other, taken := r.account.users.get(name); taken && other != u {
			return nil, errExists("User with name " + name + " already exists.")
		}
		r.account.users.remove(u.name)
		u.name = name
		r.account.users.put(name, u)
	}
	if path := r.value("NewPath"); path != "" {
		u.path = path
	}
	return nil, nil
}

// deleteUser refuses while anything hangs on the user, in the order and the
// words in which AWS does.
func deleteUser(r *request) (any, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	const cannot = "Cannot delete entity, must "
	switch {
	case len(u.keys) > 0:
		return nil, errDeleteConflict(cannot + "delete access keys first.")
	case len(u.managed) > 0:
		return nil, errDeleteConflict(cannot + "detach all policies first.")
	case len(u.inline) > 0:
		return nil, errDeleteConflict(cannot + "delete policies first.")
	case len(u.groups) > 0:
		return nil, errDeleteConflict(cannot + "remove users from group first.")
	case u.password != nil:
		return nil, errDeleteConflict(cannot + "delete login profile first.")
	case len(u.devices) > 0:
		return nil, errDeleteConflict(cannot + "delete MFA device first.")
	case len(u.certificates)+len(u.credentials) > 0:
		return nil, errDeleteConflict(cannot + "remove referenced objects first.")
	}
	u.gone = true
	r.account.users.remove(u.name)
	return nil, nil
}

func putUserBoundary(r *request) (any, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	arn := r.value("PermissionsBoundary")
	if r.account.policyByARN(arn) == nil {
		return nil, errNoPolicy(arn)
	}
	u.boundary = arn
	return nil, nil
}

func deleteUserBoundary(r *request) (any, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	u.boundary = ""
	return nil, nil
}

func userTagActions() map[string]action {
	return map[string]action{
		"TagUser":      {do: tagUser, on: onUser, needs: []string{"UserName", "Tags"}},
		"UntagUser":    {do: untagUser, on: onUser, needs: []string{"UserName", "TagKeys"}},
		"ListUserTags": {do: listUserTags, on: onUser, needs: []string{"UserName"}},
	}
}

func tagUser(r *request) (any, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	tags, err := r.checkedTags()
	if err != nil {
		return nil, err
	}
	return nil, retag(u.tags, tags)
}

func untagUser(r *request) (any, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	for _, key := range r.list("TagKeys") {
		maps.DeleteFunc(u.tags, func(have, _ string) bool { return strings.EqualFold(have, key) })
	}
	return nil, nil
}

func listUserTags(r *request) (any, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	tags, end, err := paginate(r, tagList(u.tags), func(t tag) string { return t.Key })
	if err != nil {
		return nil, err
	}
	return struct {
		Tags []tag
		page
	}{slices.Clone(tags), end}, nil
}

// maxTags is IAM's quota of tags a user or role.
const maxTags = 50

var tagForm = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

const tagPattern = `[\p{L}\p{Z}\p{N}_.:/=+\-@]`

// checkedTags reads the Tags parameter and holds it against IAM's rules: keys
// of 1 to 128, values of up to 256, no reserved prefix, no key twice.
func (r *request) checkedTags() ([]tag, *apiError) {
	tags := r.tags()
	seen := map[string]bool{}
	for i, t := range tags {
		at := "tags." + strconv.Itoa(i+1) + ".member."
		if err := checkTag(at, t); err != nil {
			return nil, err
		}
		if key := strings.ToLower(t.Key); seen[key] {
			return nil, errInvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[strings.ToLower(t.Key)] = true
	}
	if len(tags) > maxTags {
		return nil, errValidation("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to %d.", maxTags)
	}
	return tags, nil
}

func checkTag(at string, t tag) *apiError {
	const detected = "1 validation error detected: Value '%s' at '%s%s' failed to satisfy constraint: Member must "
	switch {
	case t.Key == "":
		return errValidation(detected+"have length greater than or equal to 1", t.Key, at, "key")
	case utf8.RuneCountInString(t.Key) > 128:
		return errValidation(detected+"have length less than or equal to 128", t.Key, at, "key")
	case !tagForm.MatchString(t.Key):
		return errValidation(detected+"satisfy regular expression pattern: "+tagPattern+"+", t.Key, at, "key")
	case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
		return errInvalidInput("Keys that start with \"aws:\" are reserved for use by AWS.")
	case utf8.RuneCountInString(t.Value) > 256:
		return errValidation(detected+"have length less than or equal to 256", t.Value, at, "value")
	case !tagForm.MatchString(t.Value):
		return errValidation(detected+"satisfy regular expression pattern: "+tagPattern+"*", t.Value, at, "value")
	}
	return nil
}

// retag adds tags to those there are, replacing keys without regard to case.
func retag(have map[string]string, tags []tag) *apiError {
	after := maps.Clone(have)
	for _, t := range tags {
		maps.DeleteFunc(after, func(key, _ string) bool { return strings.EqualFold(key, t.Key) })
		after[t.Key] = t.Value
	}
	if len(after) > maxTags {
		return errLimit("The number of tags has reached the maximum limit.")
	}
	clear(have)
	maps.Copy(have, after)
	return nil
}
