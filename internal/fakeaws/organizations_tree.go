package fakeaws

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

type pageInput struct {
	MaxResults *int
	NextToken  string
}

// organizationsPage is the most and the default that Organizations lists at once.
const organizationsPage = 20

// cut takes from items, which are in the order of key, the page that was asked
// for, and returns the token of the next one.
func cut[T any](r *request, in pageInput, scope string, items []T, key func(T) string) ([]T, string, *apiError) {
	limit := organizationsPage
	if in.MaxResults != nil {
		limit = *in.MaxResults
		switch {
		case limit < 1:
			return nil, "", errBadMember("MIN_VALUE_EXCEEDED", "You provided a value that is smaller than the minimum.")
		case limit > organizationsPage:
			return nil, "", errBadMember("MAX_VALUE_EXCEEDED", "You provided a value that is larger than the maximum.")
		}
	}
	first := 0
	if in.NextToken != "" {
		after, ok := r.openToken(in.NextToken, scope)
		if !ok {
			return nil, "", errBadMember("INVALID_NEXT_TOKEN", "You provided an invalid pagination token.")
		}
		for first < len(items) && key(items[first]) <= after {
			first++
		}
	}
	if first+limit >= len(items) {
		return items[first:], "", nil
	}
	page := items[first : first+limit]
	return page, r.token(scope, key(page[limit-1])), nil
}

func itself(id string) string { return id }

// unit is an organizational unit, found from its path of names.
type unit struct{ id, name, path string }

// unit makes the OU of a path of names ("Workloads/Production").
func (o *organization) unit(path string) unit {
	name := path[strings.LastIndexByte(path, '/')+1:]
	id := "ou-" + strings.TrimPrefix(o.root, "r-") + "-" + lowerLetters(hash(o.id, "ou", path), 8)
	return unit{id: id, name: name, path: path}
}

// units lists every OU that an account is in or below, by ID.
func (o *organization) units() []unit {
	seen := map[string]unit{}
	for _, acct := range o.members() {
		for path := acct.unitPath(); path != ""; path = parentPath(path) {
			seen[path] = o.unit(path)
		}
	}
	var list []unit
	for _, u := range seen {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b unit) int { return strings.Compare(a.id, b.id) })
	return list
}

func (acct *account) unitPath() string { return strings.Trim(acct.spec.OU, "/") }

func parentPath(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }

// parentID is the OU of a path, or the root where the path is empty.
func (o *organization) parentID(path string) string {
	if path == "" {
		return o.root
	}
	return o.unit(path).id
}

// entityPath is the path of IDs that aws:PrincipalOrgPaths has:
// o-…/r-…/ou-…/ou-…/
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#access_policies_last-accessed-viewing-orgs-entity-path
func (o *organization) entityPath(path string) string {
	units := ""
	for ; path != ""; path = parentPath(path) {
		units = o.unit(path).id + "/" + units
	}
	return o.id + "/" + o.root + "/" + units
}

// path finds the path of names of a parent's ID; the root's is empty.
func (o *organization) path(parent string) (string, *apiError) {
	if !parentPattern.MatchString(parent) {
		return "", errPattern()
	}
	if parent == o.root {
		return "", nil
	}
	for _, u := range o.units() {
		if u.id == parent {
			return u.path, nil
		}
	}
	return "", errNotThere("ParentNotFoundException", "a parent")
}

var (
	accountPattern = regexp.MustCompile(`^\d{12}$`)
	parentPattern  = regexp.MustCompile(`^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$`)
)

// accountShape has State and, since 2026-09-09, no Status.
type accountShape struct {
	ID              string `json:"Id"`
	ARN             string `json:"Arn"`
	Email           string
	Name            string
	State           string
	JoinedMethod    string
	JoinedTimestamp epoch
	Paths           []string
}

// account writes an account. Its path ends with its own number and a slash: so
// the pattern of Path in the API model has it.
func (o *organization) account(acct *account) accountShape {
	method := "CREATED"
	if acct == o.management {
		method = "INVITED"
	}
	return accountShape{
		ID: acct.id, ARN: o.entityARN(acct.id), Email: acct.email(), Name: cmp.Or(acct.spec.Name, acct.id),
		State: cmp.Or(acct.spec.State, "ACTIVE"), JoinedMethod: method, JoinedTimestamp: epoch(acct.created),
		Paths: []string{o.entityPath(acct.unitPath()) + acct.id + "/"},
	}
}

func (acct *account) email() string { return cmp.Or(acct.spec.Email, "aws+"+acct.id+"@example.com") }

type accountsPage struct {
	Accounts  []accountShape
	NextToken string `json:",omitempty"`
}

func describeAccount(r *request, o *organization) (any, *apiError) {
	in, err := decode[struct{ AccountID string }](r)
	if err != nil {
		return nil, err
	}
	if !accountPattern.MatchString(in.AccountID) {
		return nil, errPattern()
	}
	acct := o.member(in.AccountID)
	if acct == nil {
		return nil, errNotThere("AccountNotFoundException", "an account")
	}
	return struct{ Account accountShape }{o.account(acct)}, nil
}

// listAccounts seeds only the lazy accounts of the page, and of these only
// those that have no card.
func listAccounts(r *request, o *organization) (any, *apiError) {
	in, err := decode[pageInput](r)
	if err != nil {
		return nil, err
	}
	ids, next, err := cut(r, in, o.id, o.accounts(), itself)
	if err != nil {
		return nil, err
	}
	out := accountsPage{Accounts: []accountShape{}, NextToken: next}
	for _, id := range ids {
		if acct := o.shown(id); acct != nil {
			out.Accounts = append(out.Accounts, o.account(acct))
		}
	}
	return out, nil
}

// shown is a member as a list shows it: a lazy one by its card.
func (o *organization) shown(id string) *account {
	card, ok := o.aws.cards[id]
	if !ok || o.aws.lazy[id] == nil {
		return o.member(id)
	}
	return &account{id: id, partition: o.management.partition, spec: card, created: card.Created}
}

type parentInput struct {
	pageInput
	ParentID string `json:"ParentId"`
}

func listAccountsForParent(r *request, o *organization) (any, *apiError) {
	in, err := decode[parentInput](r)
	if err != nil {
		return nil, err
	}
	path, err := o.path(in.ParentID)
	if err != nil {
		return nil, err
	}
	members := slices.DeleteFunc(o.members(), func(acct *account) bool { return acct.unitPath() != path })
	page, next, err := cut(r, in.pageInput, in.ParentID, members, func(acct *account) string { return acct.id })
	out := accountsPage{Accounts: []accountShape{}, NextToken: next}
	for _, acct := range page {
		out.Accounts = append(out.Accounts, o.account(acct))
	}
	return out, err
}

type rootShape struct {
	ID          string `json:"Id"`
	ARN         string `json:"Arn"`
	Name        string
	PolicyTypes []policyTypeShape
}

func listRoots(_ *request, o *organization) (any, *apiError) {
	root := rootShape{ID: o.root, ARN: o.entityARN(o.root), Name: "Root", PolicyTypes: []policyTypeShape{{controlPolicyType, "ENABLED"}}}
	return struct{ Roots []rootShape }{[]rootShape{root}}, nil
}

type unitShape struct {
	ID   string `json:"Id"`
	ARN  string `json:"Arn"`
	Name string
	Path string
}

type unitsPage struct {
	OrganizationalUnits []unitShape
	NextToken           string `json:",omitempty"`
}

func listOrganizationalUnits(r *request, o *organization) (any, *apiError) {
	in, err := decode[parentInput](r)
	if err != nil {
		return nil, err
	}
	path, err := o.path(in.ParentID)
	if err != nil {
		return nil, err
	}
	below := slices.DeleteFunc(o.units(), func(u unit) bool { return parentPath(u.path) != path })
	page, next, err := cut(r, in.pageInput, in.ParentID, below, func(u unit) string { return u.id })
	out := unitsPage{OrganizationalUnits: []unitShape{}, NextToken: next}
	for _, u := range page {
		out.OrganizationalUnits = append(out.OrganizationalUnits, unitShape{u.id, o.entityARN(u.id), u.name, o.entityPath(u.path)})
	}
	return out, err
}

type relative struct {
	ID   string `json:"Id"`
	Type string
}

// listParents answers with exactly one: an entity has one parent.
func listParents(r *request, o *organization) (any, *apiError) {
	in, err := decode[struct{ ChildID string }](r)
	if err != nil {
		return nil, err
	}
	path, err := o.pathOf(in.ChildID)
	if err != nil {
		return nil, err
	}
	parent := relative{ID: o.parentID(path), Type: "ORGANIZATIONAL_UNIT"}
	if path == "" {
		parent.Type = "ROOT"
	}
	return struct{ Parents []relative }{[]relative{parent}}, nil
}

// pathOf is the path of names of the parent of an account or OU.
func (o *organization) pathOf(child string) (string, *apiError) {
	if accountPattern.MatchString(child) {
		if acct := o.member(child); acct != nil {
			return acct.unitPath(), nil
		}
		return "", errNotThere("ChildNotFoundException", "a child")
	}
	if !strings.HasPrefix(child, "ou-") || !parentPattern.MatchString(child) {
		return "", errPattern()
	}
	for _, u := range o.units() {
		if u.id == child {
			return parentPath(u.path), nil
		}
	}
	return "", errNotThere("ChildNotFoundException", "a child")
}

func listChildren(r *request, o *organization) (any, *apiError) {
	in, err := decode[struct {
		parentInput
		ChildType string
	}](r)
	if err != nil {
		return nil, err
	}
	path, err := o.path(in.ParentID)
	if err != nil {
		return nil, err
	}
	children, err := o.children(path, in.ChildType)
	if err != nil {
		return nil, err
	}
	page, next, err := cut(r, in.pageInput, in.ParentID+in.ChildType, children, func(c relative) string { return c.ID })
	return struct {
		Children  []relative
		NextToken string `json:",omitempty"`
	}{page, next}, err
}

func (o *organization) children(path, kind string) ([]relative, *apiError) {
	list := []relative{}
	switch kind {
	case "ACCOUNT":
		for _, acct := range o.members() {
			if acct.unitPath() == path {
				list = append(list, relative{acct.id, kind})
			}
		}
	case "ORGANIZATIONAL_UNIT":
		for _, u := range o.units() {
			if parentPath(u.path) == path {
				list = append(list, relative{u.id, kind})
			}
		}
	default:
		return nil, errBadMember("INVALID_ENUM", "You specified an invalid value.")
	}
	return list, nil
}
