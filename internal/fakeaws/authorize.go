package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/iampolicy"
)

// authorize asks the caller's policies whether the call may be made.
func (a *AWS) authorize(r *request, act action) *apiError {
	on := target{arn: "*"}
	if act.on != nil {
		on = act.on(r)
	}
	permission := act.permission
	if permission == "" {
		permission = r.service.name + ":" + r.action
	}
	question := r.question(permission, on)
	if r.service.shared {
		question.ResourceAccount = r.account.id
	}
	decision := a.policiesOf(r.caller).Decide(question)
	if decision.Allowed() {
		return nil
	}
	return errDenied(deniedText(r.caller, permission, on, decision))
}

// deniedText is AWS's sentence.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func deniedText(who principal, permission string, on target, d iampolicy.Decision) string {
	resource := on.spoken
	if resource == "" {
		resource = on.arn
	}
	text := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s", who.arn(), permission, resource)
	if because := d.Because(); because != "" {
		text += " " + because
	}
	return text
}

// question is the call as policies see it.
func (r *request) question(permission string, on target) iampolicy.Request {
	q := iampolicy.Request{Caller: r.caller.asCaller(), Action: permission, Resource: on.arn, Context: r.facts(on)}
	if r.caller.role != nil {
		q.Caller.RoleARN = r.caller.issuerARN()
	}
	return q
}

func (p principal) asCaller() iampolicy.Caller {
	return iampolicy.Caller{Account: p.account.id, ARN: p.arn()}
}

// facts are the condition keys of the call.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (r *request) facts(on target) map[string][]string {
	f := map[string][]string{
		"aws:CurrentTime":      {r.now.Format(time.RFC3339)},
		"aws:EpochTime":        {strconv.FormatInt(r.now.Unix(), 10)},
		"aws:SourceIp":         {r.sourceIP},
		"aws:SecureTransport":  {"true"},
		"aws:RequestedRegion":  {r.region},
		"aws:UserAgent":        {r.userAgent},
		"aws:ViaAWSService":    {"false"},
		"aws:PrincipalAccount": {r.account.id},
		"aws:ResourceAccount":  {r.account.id},
		"aws:PrincipalArn":     {r.caller.issuerARN()},
		"aws:PrincipalType":    {r.caller.principalType()},
		"aws:userid":           {r.caller.uniqueID()},
	}
	if o := r.aws.knownOrganizationOf(r.account); o != nil {
		f["aws:PrincipalOrgID"] = []string{o.id}
		f["aws:PrincipalOrgPaths"] = []string{o.entityPath(r.account.unitPath())}
	}
	r.principalFacts(f)
	r.tagFacts(f)
	for key, value := range on.tags {
		f["aws:ResourceTag/"+key] = []string{value}
		f["iam:ResourceTag/"+key] = []string{value}
	}
	maps.Copy(f, on.context)
	return f
}

func (r *request) principalFacts(f map[string][]string) {
	tags := map[string]string{}
	switch p := r.caller; {
	case p.role != nil:
		maps.Copy(tags, p.role.tags)
	case p.user != nil && !p.federated():
		f["aws:username"] = []string{p.user.name}
		maps.Copy(tags, p.user.tags)
	}
	if s := r.caller.session; s != nil {
		f["aws:TokenIssueTime"] = []string{s.issued.Format(time.RFC3339)}
		f["aws:MultiFactorAuthPresent"] = []string{strconv.FormatBool(s.mfa)}
		if s.mfa {
			f["aws:MultiFactorAuthAge"] = []string{strconv.Itoa(int(r.now.Sub(s.issued).Seconds()))}
		}
		maps.Copy(tags, s.tags)
	}
	for key, value := range tags {
		f["aws:PrincipalTag/"+key] = []string{value}
	}
}

func (r *request) tagFacts(f map[string][]string) {
	for _, t := range r.tags() {
		f["aws:RequestTag/"+t.Key] = []string{t.Value}
		f["aws:TagKeys"] = append(f["aws:TagKeys"], t.Key)
	}
	if keys := r.list("TagKeys"); len(keys) > 0 {
		f["aws:TagKeys"] = append(f["aws:TagKeys"], keys...)
	}
	if arn := r.value("PolicyArn"); arn != "" {
		f["iam:PolicyARN"] = []string{arn}
	}
	if arn := r.value("PermissionsBoundary"); arn != "" {
		f["iam:PermissionsBoundary"] = []string{arn}
	}
}

// policiesOf gathers every policy that applies to the principal.
func (a *AWS) policiesOf(p principal) iampolicy.Policies {
	all := iampolicy.Policies{SCPs: a.controlPolicies(p.account)}
	switch {
	case p.role != nil:
		all.Identity = a.documents(p.account.granted(&p.role.grants))
		all.Boundary = a.boundary(p.account, p.role.boundary)
	case p.user != nil:
		all.Identity = a.documents(p.account.grantedToUser(p.user))
		all.Boundary = a.boundary(p.account, p.user.boundary)
	case p.federated():
		all.Identity = []iampolicy.Document{iampolicy.FullAccess()} // of root, limited below
	default:
		all.Identity = []iampolicy.Document{iampolicy.FullAccess()}
	}
	if p.session != nil {
		for _, text := range p.session.policies {
			all.Session = append(all.Session, a.document(text))
		}
		if p.session.federated && len(all.Session) == 0 {
			all.Session = []iampolicy.Document{{}} // without a policy a federated user may do nothing
		}
	}
	return all
}

// controlPolicies are the SCPs that restrict the account.
func (a *AWS) controlPolicies(acct *account) [][]iampolicy.Document {
	if acct.spec.Management || len(acct.spec.ServiceControlPolicies) == 0 {
		return nil
	}
	var level []iampolicy.Document
	for _, text := range acct.spec.ServiceControlPolicies {
		level = append(level, a.document(text))
	}
	return [][]iampolicy.Document{level}
}

func (a *AWS) boundary(acct *account, arn string) *iampolicy.Document {
	if arn == "" {
		return nil
	}
	doc := iampolicy.Document{} // of a policy that is gone: allows nothing
	if p := acct.policyByARN(arn); p != nil {
		doc = a.document(p.document())
	}
	return &doc
}

// grant is one policy that a principal holds, and through whom.
type grant struct {
	name     string
	arn      string // of a managed policy
	document string
	source   string // SimulatePrincipalPolicy's SourcePolicyType
}

func (a *AWS) documents(grants []grant) []iampolicy.Document {
	docs := make([]iampolicy.Document, len(grants))
	for i, g := range grants {
		docs[i] = a.document(g.document)
	}
	return docs
}

// document parses a policy once. A text that isn't a policy allows nothing.
func (a *AWS) document(text string) iampolicy.Document {
	doc, known := a.parsed[text]
	if !known {
		if parsed, err := iampolicy.Parse(text); err == nil {
			doc = parsed
		}
		a.parsed[text] = doc
	}
	return doc
}

// granted lists the policies attached to an identity itself: inline ones, then
// managed ones.
func (acct *account) granted(g *grants) []grant {
	var all []grant
	for _, name := range slices.Sorted(maps.Keys(g.inline)) {
		all = append(all, grant{name: name, document: g.inline[name], source: g.kind})
	}
	for _, arn := range g.managed {
		source := "user-managed"
		if strings.Contains(arn, ":iam::aws:") {
			source = "aws-managed"
		}
		if p := acct.policyByARN(arn); p != nil {
			all = append(all, grant{name: p.name, arn: arn, document: p.document(), source: source})
		}
	}
	return all
}

// grantedToUser adds what the user's groups bring.
func (acct *account) grantedToUser(u *user) []grant {
	all := acct.granted(&u.grants)
	for _, g := range u.groups {
		all = append(all, acct.granted(&g.grants)...)
	}
	return all
}
