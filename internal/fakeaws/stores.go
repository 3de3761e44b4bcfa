package fakeaws

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/iampolicy"
)

// stores are one account's secrets, parameters and KMS keys in one region.
type stores struct {
	account        *account
	region         string
	secrets        map[string]*secret    // by name
	parameters     map[string]*parameter // by name
	keys           map[string]*kmsKey    // by ID
	aliases        map[string]*kmsAlias  // by "alias/…"
	findings       map[string]finding    // of Security Hub, by product and ID
	topics         map[string]*topic     // of SNS, by name
	published      []Publication
	delivered      []Delivery
	rules          map[string]*configRule // of AWS Config, by name; nil: not asked for yet
	recorderOff    bool
	metrics        map[string]*metric // of CloudWatch, by namespace, name and dimensions
	alarms         map[string]*alarm  // by name
	buses          map[string]bool    // of EventBridge, by name, besides "default"
	events         []BusEvent
	schedules      map[scheduleKey]*plannedTask // of Scheduler
	logGroups      map[string]*logGroup         // of CloudWatch Logs, by name
	scheduleGroups map[string]*scheduleGroup
	eventRules     map[ruleKey]*eventRule // of EventBridge
	functions      map[string]*function   // of Lambda, by name
	stackSets      []*stackSet            // of CloudFormation
}

// in finds the account's stores in a region. Every region has the keys that AWS
// manages from the start.
func (acct *account) in(region string) *stores {
	s := acct.regions[region]
	if s != nil {
		return s
	}
	s = &stores{
		account: acct, region: region, secrets: map[string]*secret{}, parameters: map[string]*parameter{},
		keys: map[string]*kmsKey{}, aliases: map[string]*kmsAlias{}, findings: map[string]finding{},
		topics: map[string]*topic{}, metrics: map[string]*metric{}, alarms: map[string]*alarm{}, buses: map[string]bool{},
		functions: map[string]*function{}, eventRules: map[ruleKey]*eventRule{},
		schedules: map[scheduleKey]*plannedTask{}, scheduleGroups: map[string]*scheduleGroup{}, logGroups: map[string]*logGroup{},
	}
	for service, name := range map[string]string{"secretsmanager": "aws/secretsmanager", "ssm": "aws/ssm"} {
		s.addManagedKey(service, name)
	}
	if acct.regions == nil {
		acct.regions = map[string]*stores{}
	}
	acct.regions[region] = s
	return s
}

func (s *stores) arn(service, resource string) string {
	return "arn:" + s.account.partition + ":" + service + ":" + s.region + ":" + s.account.id + ":" + resource
}

// arnParts is an ARN in its six parts.
type arnParts struct{ partition, service, region, account, resource string }

func parseARN(text string) (arnParts, bool) {
	p := strings.SplitN(text, ":", 6)
	if len(p) != 6 || p[0] != "arn" {
		return arnParts{}, false
	}
	return arnParts{p[1], p[2], p[3], p[4], p[5]}, true
}

// permit asks the caller's policies together with the policy of the resource
// itself, which may belong to another account. decides: see
// iampolicy.Policies.ResourceDecides.
func (r *request) permit(permission string, on target, owner *account, resource string, decides bool) *apiError {
	d := r.decision(permission, on, owner, resource, decides)
	if d.Allowed() {
		return nil
	}
	return errDenied(deniedText(r.caller, permission, on, d))
}

// serviceMay asks a resource's own policy whether a service of AWS may do
// something with it. facts are condition keys: aws:SourceAccount, aws:SourceArn.
func (a *AWS) serviceMay(service, permission, resource, policy string, owner *account, facts map[string][]string) bool {
	doc := a.document(policy)
	return iampolicy.Policies{Resource: &doc, ResourceDecides: true}.Decide(iampolicy.Request{
		Caller: iampolicy.Caller{Service: service}, Action: permission, Resource: resource, ResourceAccount: owner.id, Context: facts,
	}).Allowed()
}

// roleMay asks a role's own policies, for what a service of AWS does as the role.
func (a *AWS) roleMay(roleARN, permission, resource string) bool {
	acct, role := (&request{aws: a}).roleByARN(roleARN)
	if role == nil {
		return false
	}
	who := principal{account: acct, role: role, session: &session{name: "service", account: acct, role: role}}
	caller := who.asCaller()
	caller.RoleARN = who.issuerARN()
	return a.policiesOf(who).Decide(iampolicy.Request{Caller: caller, Action: permission, Resource: resource}).Allowed()
}

func (r *request) decision(permission string, on target, owner *account, resource string, decides bool) iampolicy.Decision {
	policies := r.aws.policiesOf(r.caller)
	if resource != "" {
		doc := r.aws.document(resource)
		policies.Resource = &doc
	}
	policies.ResourceDecides = decides
	if on.context == nil {
		on.context = map[string][]string{}
	}
	on.context["aws:ResourceAccount"] = []string{owner.id}
	question := r.question(permission, on)
	question.ResourceAccount = owner.id
	return policies.Decide(question)
}

// withTags are the condition keys of tags, on the resource and in the request.
func withTags(service string, on, asked map[string]string) map[string][]string {
	facts := map[string][]string{}
	for key, value := range on {
		facts[service+":ResourceTag/"+key] = []string{value}
	}
	for _, key := range slices.Sorted(maps.Keys(asked)) {
		facts["aws:RequestTag/"+key] = []string{asked[key]}
		facts["aws:TagKeys"] = append(facts["aws:TagKeys"], key)
	}
	return facts
}

func tagMap(tags []tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

// uuidOf is a repeatable UUID.
func uuidOf(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// pageOf cuts a page out of items, which are in the order of key. token is the
// request's NextToken; the new one is empty on the last page.
func pageOf[T any](r *request, items []T, token string, limit int, key func(T) string) (page []T, next string, ok bool) {
	first := 0
	if token != "" {
		after, good := r.openToken(token, r.region)
		if !good {
			return nil, "", false
		}
		first = len(items)
		for i := range items {
			if key(items[i]) > after {
				first = i
				break
			}
		}
	}
	page = items[first:]
	if len(page) <= limit {
		return page, "", true
	}
	page = page[:limit]
	return page, r.token(r.region, key(page[limit-1])), true
}

// refusal is an error that a JSON service answers with status 400.
func refusal(code, format string, args ...any) *apiError {
	return &apiError{Status: 400, Code: code, Message: fmt.Sprintf(format, args...)}
}
