package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/iampolicy"
)

// privilegeJudge tells which users are admin-like. Users with the same
// policies share one judgement: an account has few different sets.
type privilegeJudge struct {
	groups   map[string]awsapi.Group
	policies map[string]awsapi.ManagedPolicy // by ARN
	parsed   map[string]parsedDocument       // by text
	verdicts map[string]verdict              // by what policySet.key says
	err      error                           // why groups and policies are incomplete
}

type parsedDocument struct {
	document iampolicy.Document
	err      error
}

type verdict struct {
	privilege accesskey.Privilege
	unknown   string // why there is no verdict; empty: there is
}

func newPrivilegeJudge(s *seen) *privilegeJudge {
	j := &privilegeJudge{
		groups: make(map[string]awsapi.Group), policies: make(map[string]awsapi.ManagedPolicy),
		parsed: make(map[string]parsedDocument), verdicts: make(map[string]verdict), err: s.policiesErr,
	}
	for _, g := range s.groups {
		j.groups[g.Name] = g
	}
	for _, p := range s.policies {
		j.policies[p.ARN] = p
	}
	return j
}

// privilege judges one user, whose details must have been noted.
func (j *privilegeJudge) privilege(u *observedUser) accesskey.Fact[accesskey.Privilege] {
	groups, known := u.Groups.Get()
	if !known {
		return accesskey.Unread[accesskey.Privilege](u.Groups.Why())
	}
	managed, _ := u.ManagedPolicies.Get()
	set := j.collect(u, groups, managed)
	key := set.key()
	found, ok := j.verdicts[key]
	if !ok {
		found = j.judge(set)
		j.verdicts[key] = found
	}
	if found.unknown != "" {
		return accesskey.Unread[accesskey.Privilege](found.unknown)
	}
	return accesskey.Observed(found.privilege, u.at, fromDetails)
}

// policySet is everything that decides what a user may do inside its account.
type policySet struct {
	arn      string // of the user, only where a policy speaks of users by name
	groups   []string
	docs     []iampolicy.NamedDocument
	texts    []string // of docs
	boundary *iampolicy.Document
	limit    string // the boundary's ARN
	missing  string // what could not be read; empty: nothing
}

// collect gathers the documents of the user, of its groups, and its boundary.
func (j *privilegeJudge) collect(u *observedUser, groups, managed []string) *policySet {
	set := &policySet{limit: u.listed.PermissionsBoundary}
	j.addAll(set, "user "+u.Name, managed, u.listed.InlinePolicies)
	for _, name := range groups {
		group, ok := j.groups[name]
		if !ok {
			set.missing = j.missing("group " + name)
			continue
		}
		set.groups = append(set.groups, group.ARN)
		j.addAll(set, "group "+name, group.ManagedPolicies, group.InlinePolicies)
	}
	if u.listed.PermissionsBoundary != "" {
		j.addBoundary(set)
	}
	if slices.ContainsFunc(set.texts, speaksOfUsers) {
		set.arn = u.ARN
	}
	return set
}

func speaksOfUsers(text string) bool { return strings.Contains(text, ":user/") }

func (j *privilegeJudge) missing(what string) string {
	if j.err != nil {
		return failureText(j.err)
	}
	return what + " was not among what iam:GetAccountAuthorizationDetails shows"
}

func (j *privilegeJudge) addAll(set *policySet, holder string, managed []string, inline []awsapi.PolicyDocument) {
	for _, arn := range managed {
		policy, ok := j.policies[arn]
		if !ok {
			policy.Name = arn[strings.LastIndexByte(arn, '/')+1:]
		}
		j.add(set, "managed policy "+policy.Name, arn, policy.Document)
	}
	for _, policy := range inline {
		j.add(set, fmt.Sprintf("inline policy %s of %s", policy.Name, holder), "", policy.Document)
	}
}

// add takes one policy. One without its text leaves the set incomplete, but is
// still shown to the judge, who knows some of AWS's own by name.
func (j *privilegeJudge) add(set *policySet, name, arn, text string) {
	named := iampolicy.NamedDocument{Name: name, ARN: arn}
	if text == "" {
		set.missing = j.missing(name)
	} else if parsed := j.parse(text); parsed.err != nil {
		set.missing = fmt.Sprintf("%s: %v", name, parsed.err)
	} else {
		named.Document = parsed.document
	}
	set.docs = append(set.docs, named)
	set.texts = append(set.texts, text)
}

func (j *privilegeJudge) addBoundary(set *policySet) {
	parsed := j.parse(j.policies[set.limit].Document)
	if parsed.err != nil {
		set.missing = j.missing("permissions boundary " + set.limit)
		return
	}
	set.boundary = &parsed.document
}

func (j *privilegeJudge) parse(text string) parsedDocument {
	parsed, ok := j.parsed[text]
	if !ok {
		parsed.document, parsed.err = iampolicy.Parse(text)
		j.parsed[text] = parsed
	}
	return parsed
}

// key is the same for sets with the same meaning to the judge.
func (set *policySet) key() string {
	parts := []string{set.arn, set.limit, set.missing}
	parts = append(parts, set.groups...)
	for i, doc := range set.docs {
		parts = append(parts, doc.Name, doc.ARN, set.texts[i])
	}
	return strings.Join(parts, "\x00")
}

// judge says yes where what is known suffices, and no only where everything is
// known. A boundary that couldn't be read leaves it open.
func (j *privilegeJudge) judge(set *policySet) verdict {
	subject := iampolicy.Subject{ARN: set.arn, Groups: set.groups, Boundary: set.boundary}
	admin, why := subject.Admin(set.docs)
	boundaryUnread := set.limit != "" && set.boundary == nil
	if set.missing != "" && (!admin || boundaryUnread) {
		return verdict{unknown: set.missing}
	}
	return verdict{privilege: accesskey.Privilege{Admin: admin, Why: why}}
}
