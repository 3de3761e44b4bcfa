package fakeaws

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// evaluation is what a rule says about one resource.
type evaluation struct {
	kind, id   string // AWS::IAM::User, AIDA…
	compliance string
	invoked    time.Time
	recorded   time.Time
}

const (
	compliant    = "COMPLIANT"
	nonCompliant = "NON_COMPLIANT"
)

// watch has the rule evaluated at a time, and from then on as often as it says.
func (rule *configRule) watch(a *AWS, first time.Time) {
	rule.watching = true
	rule.turn++
	turn := rule.turn
	var next func(time.Time)
	next = func(now time.Time) {
		if rule.home.rules[rule.set.ConfigRuleName] != rule || rule.turn != turn {
			return
		}
		rule.evaluate(a, now)
		a.later(now.Add(frequencies[rule.set.MaximumExecutionFrequency]), next)
	}
	a.later(first, next)
}

// begun has a rule that was there from the start evaluated, when somebody asks
// for what it found: the simulated AWS has no past.
func (rule *configRule) begun(a *AWS, now time.Time) {
	if !rule.watching {
		rule.evaluate(a, now)
		rule.watch(a, now.Add(frequencies[rule.set.MaximumExecutionFrequency]))
	}
}

// asReported is what an evaluation goes by: the account's credential report,
// which may be four hours old, and the time.
type asReported struct {
	now, asOf time.Time
	lag       time.Duration
}

// evaluate judges every resource and tells of what changed.
func (rule *configRule) evaluate(a *AWS, now time.Time) {
	acct := rule.home.account
	known, ok := managedRuleOf(rule.set.Source.SourceIdentifier)
	if !ok || !rule.home.records() {
		return
	}
	if !acct.report.fresh(now) {
		acct.storeReport(second(now), a.config.LastUsedLag)
	}
	before := rule.results
	rule.results = known.judge(rule, asReported{now, acct.report.generated, a.config.LastUsedLag})
	rule.evaluated = now
	for _, id := range slices.Sorted(maps.Keys(rule.results)) {
		result := rule.results[id]
		result.invoked, result.recorded = now, now
		rule.results[id] = result
		if before[id].compliance != result.compliance {
			a.emit(acct, rule.home.region, rule.changed(before[id], result))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if _, still := rule.results[id]; !still {
			gone := before[id]
			gone.compliance, gone.invoked, gone.recorded = "NOT_APPLICABLE", now, now
			a.emit(acct, rule.home.region, rule.changed(before[id], gone))
		}
	}
}

// days is how many whole days lie between two times.
func days(from, until time.Time) int { return int(until.Sub(from) / (24 * time.Hour)) }

// keysThen are the user's keys that were Active when the report was written.
func (r asReported) keysThen(u *user) []*accessKey {
	var all []*accessKey
	for _, k := range append(slices.Clone(u.keys), u.deleted...) {
		if !k.created.After(r.asOf) && k.statusSeen(r.asOf, 0) == active {
			all = append(all, k)
		}
	}
	return all
}

// users judges each user; what the rule has nothing to say about is left out.
// That users without anything to judge have no result is not verified.
func (r asReported) users(rule *configRule, judge func(*user) (good, any bool)) map[string]evaluation {
	results := map[string]evaluation{}
	for _, u := range rule.home.account.users.all() {
		if u.created.After(r.asOf) {
			continue
		}
		if good, any := judge(u); any {
			results[u.id] = evaluation{kind: "AWS::IAM::User", id: u.id, compliance: map[bool]string{true: compliant, false: nonCompliant}[good]}
		}
	}
	return results
}

// judgeRotation: a user's Active keys are so many whole days old at most.
// https://docs.aws.amazon.com/config/latest/developerguide/access-keys-rotated.html
func judgeRotation(rule *configRule, r asReported) map[string]evaluation {
	return r.users(rule, func(u *user) (bool, bool) {
		keys := r.keysThen(u)
		tooOld := slices.ContainsFunc(keys, func(k *accessKey) bool { return days(k.created, r.now) > rule.limit() })
		return !tooOld, len(keys) > 0
	})
}

// judgeUnused: a user's password and Active keys were used, or made, so many
// whole days ago at most.
// https://docs.aws.amazon.com/config/latest/developerguide/iam-user-unused-credentials-check.html
func judgeUnused(rule *configRule, r asReported) map[string]evaluation {
	return r.users(rule, func(u *user) (bool, bool) {
		keys, good := r.keysThen(u), true
		for _, k := range keys {
			last := k.created
			if use := k.lastUsedInReport(r.asOf, r.lag); use != nil {
				last = use.At
			}
			good = good && days(last, r.now) <= rule.limit()
		}
		if p := u.password; p != nil && !p.Created.After(r.asOf) {
			last := p.changed()
			if !p.LastUsed.IsZero() && !p.LastUsed.After(r.asOf) {
				last = p.LastUsed
			}
			return good && days(last, r.now) <= rule.limit(), true
		}
		return good, len(keys) > 0
	})
}

// judgeRoot: the account's root user has no access key.
// https://docs.aws.amazon.com/config/latest/developerguide/iam-root-access-key-check.html
func judgeRoot(rule *configRule, _ asReported) map[string]evaluation {
	acct := rule.home.account
	result := evaluation{kind: "AWS::::Account", id: acct.id, compliance: compliant}
	if acct.root.hasActiveKey() {
		result.compliance = nonCompliant
	}
	return map[string]evaluation{acct.id: result}
}

// resultOnWire is a result as Config answers it; in events its members begin
// with a small letter and its times are text.
type resultOnWire struct {
	EvaluationResultIdentifier resultIdentifier
	ComplianceType             string
	ResultRecordedTime         epoch
	ConfigRuleInvokedTime      epoch
}

type resultIdentifier struct {
	EvaluationResultQualifier resultQualifier
	OrderingTimestamp         epoch
}

type resultQualifier struct {
	ConfigRuleName string
	ResourceType   string
	ResourceID     string `json:"ResourceId"`
	EvaluationMode string
}

// maxResults and someResults are how many results one answer has at most, and
// where nothing is said.
const (
	maxResults  = 100
	someResults = 10
)

func getComplianceDetails(r *request) (any, *apiError) {
	rule, err := r.configRule()
	if err != nil {
		return nil, err
	}
	in, err := decode[struct {
		ComplianceTypes []string
		Limit           int
		NextToken       string
	}](r)
	switch {
	case err != nil:
		return nil, err
	case in.Limit < 0 || in.Limit > maxResults:
		return nil, refusal("InvalidParameterValueException", "Limit must be between 0 and %d", maxResults)
	case in.Limit == 0:
		in.Limit = someResults
	}
	rule.begun(r.aws, r.now)
	all := []resultOnWire{}
	for _, id := range slices.Sorted(maps.Keys(rule.results)) {
		if e := rule.results[id]; len(in.ComplianceTypes) == 0 || slices.Contains(in.ComplianceTypes, e.compliance) {
			all = append(all, resultOnWire{
				resultIdentifier{resultQualifier{rule.set.ConfigRuleName, e.kind, e.id, "DETECTIVE"}, epoch(e.invoked)}, e.compliance, epoch(e.recorded), epoch(e.invoked)})
		}
	}
	page, next, ok := pageOf(r, all, in.NextToken, in.Limit, func(e resultOnWire) string { return e.EvaluationResultIdentifier.EvaluationResultQualifier.ResourceID })
	if !ok {
		return nil, errConfigToken()
	}
	return struct {
		EvaluationResults []resultOnWire
		NextToken         string `json:",omitempty"`
	}{page, next}, nil
}

type ruleEvaluations struct {
	ConfigRuleName               string
	ConfigRuleARN                string `json:"ConfigRuleArn"`
	ConfigRuleID                 string `json:"ConfigRuleId"`
	FirstActivatedTime           epoch
	FirstEvaluationStarted       bool
	LastSuccessfulInvocationTime *epoch `json:",omitempty"`
	LastSuccessfulEvaluationTime *epoch `json:",omitempty"`
}

func describeRuleEvaluations(r *request) (any, *apiError) {
	rules, next, err := r.namedRules()
	if err != nil {
		return nil, err
	}
	list := []ruleEvaluations{}
	for _, rule := range rules {
		if rule.made.Equal(rule.home.account.created) {
			rule.begun(r.aws, r.now)
		}
		entry := ruleEvaluations{rule.set.ConfigRuleName, rule.set.ConfigRuleARN, rule.set.ConfigRuleID, epoch(rule.made), !rule.evaluated.IsZero(), nil, nil}
		if at := epoch(rule.evaluated); entry.FirstEvaluationStarted {
			entry.LastSuccessfulInvocationTime, entry.LastSuccessfulEvaluationTime = &at, &at
		}
		list = append(list, entry)
	}
	return struct {
		ConfigRulesEvaluationStatus []ruleEvaluations
		NextToken                   string `json:",omitempty"`
	}{list, next}, nil
}

// startEvaluations evaluates rules before their time.
func startEvaluations(r *request) (any, *apiError) {
	rules, _, err := r.namedRules()
	if err != nil {
		return nil, err
	}
	for _, rule := range rules {
		rule.watch(r.aws, r.now.Add(time.Minute))
	}
	return struct{}{}, nil
}

// changed is the event of a verdict that is another than before.
// https://docs.aws.amazon.com/config/latest/developerguide/example-config-rule-compliance-notification.html
func (rule *configRule) changed(before, now evaluation) BusEvent {
	const form = "2006-01-02T15:04:05.000Z"
	tell := func(e evaluation) map[string]any {
		return map[string]any{
			"evaluationResultIdentifier": map[string]any{
				"evaluationResultQualifier": map[string]string{"configRuleName": rule.set.ConfigRuleName, "resourceType": e.kind, "resourceId": e.id},
				"orderingTimestamp":         e.invoked.Format(form),
			},
			"complianceType": e.compliance, "resultRecordedTime": e.recorded.Format(form), "configRuleInvokedTime": e.invoked.Format(form),
		}
	}
	detail := map[string]any{
		"resourceId": now.id, "resourceType": now.kind, "awsRegion": rule.home.region, "awsAccountId": rule.home.account.id,
		"configRuleName": rule.set.ConfigRuleName, "configRuleARN": rule.set.ConfigRuleARN, "recordVersion": "1.0",
		"messageType": "ComplianceChangeNotification", "notificationCreationTime": now.recorded.Format(form), "newEvaluationResult": tell(now),
	}
	if before.compliance != "" {
		detail["oldEvaluationResult"] = tell(before)
	}
	text, err := json.Marshal(detail)
	if err != nil {
		panic(err) // texts always encode
	}
	return BusEvent{Bus: "default", Source: "aws.config", DetailType: "Config Rules Compliance Change", Detail: strings.TrimSpace(string(text)), At: now.recorded}
}
