package fakeaws

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// configRule is a managed rule of an account in a region.
type configRule struct {
	home    *stores
	set     ruleOnWire
	tags    map[string]string
	service string    // who made it in the account's stead; empty: nobody
	made    time.Time // when it was made

	watching  bool // evaluations are due by themselves
	turn      int  // of the evaluations: those of an older one are void
	evaluated time.Time
	results   map[string]evaluation // by resource
}

// ruleOnWire is a rule as it is put and described.
type ruleOnWire struct {
	ConfigRuleName            string
	ConfigRuleARN             string     `json:"ConfigRuleArn,omitempty"`
	ConfigRuleID              string     `json:"ConfigRuleId,omitempty"`
	Description               string     `json:",omitempty"`
	Scope                     *ruleScope `json:",omitempty"`
	Source                    ruleSource
	InputParameters           string `json:",omitempty"`
	MaximumExecutionFrequency string `json:",omitempty"`
	ConfigRuleState           string
	CreatedBy                 string `json:",omitempty"`
	EvaluationModes           []ruleMode
}

type ruleScope struct {
	ComplianceResourceTypes []string `json:",omitempty"`
	ComplianceResourceID    string   `json:"ComplianceResourceId,omitempty"`
	TagKey                  string   `json:",omitempty"`
	TagValue                string   `json:",omitempty"`
}

type ruleSource struct{ Owner, SourceIdentifier string }

type ruleMode struct{ Mode string }

// frequencies are how often a periodic rule may be evaluated.
var frequencies = map[string]time.Duration{
	"One_Hour": time.Hour, "Three_Hours": 3 * time.Hour, "Six_Hours": 6 * time.Hour, "Twelve_Hours": 12 * time.Hour, "TwentyFour_Hours": 24 * time.Hour,
}

// managedRule is what the simulated AWS knows of a managed rule.
type managedRule struct {
	parameter string // its limit in days; empty: none
	standard  int
	judge     func(rule *configRule, r asReported) map[string]evaluation
}

// managedRuleOf knows the rules on access keys; others can be put and find
// nothing.
func managedRuleOf(identifier string) (managedRule, bool) {
	switch identifier {
	case "ACCESS_KEYS_ROTATED":
		return managedRule{"maxAccessKeyAge", 90, judgeRotation}, true
	case "IAM_USER_UNUSED_CREDENTIALS_CHECK":
		return managedRule{"maxCredentialUsageAge", 90, judgeUnused}, true
	case "IAM_ROOT_ACCESS_KEY_CHECK":
		return managedRule{judge: judgeRoot}, true
	}
	return managedRule{}, false
}

func (rule *configRule) limit() int {
	known, _ := managedRuleOf(rule.set.Source.SourceIdentifier)
	var parameters map[string]any
	_ = json.Unmarshal([]byte(rule.set.InputParameters), &parameters) // checked when it was put
	if days, err := strconv.Atoi(fmt.Sprint(parameters[known.parameter])); err == nil {
		return days
	}
	return known.standard
}

// configRules are the region's rules; those that the account was seeded with
// come with the first question. The console names a managed rule after its
// identifier: ACCESS_KEYS_ROTATED is access-keys-rotated.
func (s *stores) configRules() map[string]*configRule {
	if s.rules != nil {
		return s.rules
	}
	s.rules = map[string]*configRule{}
	for _, spec := range s.account.spec.ConfigRules {
		identifier, parameters, _ := strings.Cut(spec, " ")
		name := strings.ToLower(strings.ReplaceAll(identifier, "_", "-"))
		s.addRule(ruleOnWire{ConfigRuleName: name, Source: ruleSource{"AWS", identifier}, InputParameters: parameters}, s.account.created)
	}
	return s.rules
}

func (s *stores) addRule(set ruleOnWire, now time.Time) *configRule {
	set.ConfigRuleID = "config-rule-" + lowerLetters(hash(s.account.id, s.region, set.ConfigRuleName, now.String()), 6)
	set.ConfigRuleARN = s.arn("config", "config-rule/"+set.ConfigRuleID)
	rule := &configRule{home: s, tags: map[string]string{}, results: map[string]evaluation{}, made: now}
	rule.settle(set)
	s.configRules()[set.ConfigRuleName] = rule
	return rule
}

// settle takes over what was put, but for what the rule is known by.
func (rule *configRule) settle(set ruleOnWire) {
	set.ConfigRuleID, set.ConfigRuleARN = cmp.Or(rule.set.ConfigRuleID, set.ConfigRuleID), cmp.Or(rule.set.ConfigRuleARN, set.ConfigRuleARN)
	set.ConfigRuleState, set.EvaluationModes, set.CreatedBy = "ACTIVE", []ruleMode{{"DETECTIVE"}}, rule.set.CreatedBy
	set.MaximumExecutionFrequency = cmp.Or(set.MaximumExecutionFrequency, "TwentyFour_Hours")
	rule.set = set
}

// onConfigRule is the rule that a call names, by name or by ARN.
func onConfigRule(r *request) target {
	in, _ := decode[struct {
		ConfigRule                  ruleOnWire
		ConfigRuleName, ResourceArn string
		ConfigRuleNames             []string
	}](r)
	name := cmp.Or(in.ConfigRule.ConfigRuleName, in.ConfigRuleName, strings.Join(in.ConfigRuleNames, ""))
	for _, rule := range r.account.in(r.region).configRules() {
		if rule.set.ConfigRuleName == name || rule.set.ConfigRuleARN == in.ResourceArn {
			return target{arn: rule.set.ConfigRuleARN, tags: rule.tags}
		}
	}
	return target{arn: r.account.in(r.region).arn("config", "config-rule/*")}
}

// configRulesPage is how many rules one answer has.
const configRulesPage = 25

type configRules struct {
	ConfigRules []ruleOnWire
	NextToken   string `json:",omitempty"`
}

func describeConfigRules(r *request) (any, *apiError) {
	rules, next, err := r.namedRules()
	if err != nil {
		return nil, err
	}
	out := configRules{ConfigRules: []ruleOnWire{}, NextToken: next}
	for _, rule := range rules {
		out.ConfigRules = append(out.ConfigRules, rule.set)
	}
	return out, nil
}

// namedRules is the page of rules that a call asks for, by name.
func (r *request) namedRules() ([]*configRule, string, *apiError) {
	in, err := decode[struct {
		ConfigRuleNames []string
		NextToken       string
	}](r)
	if err != nil {
		return nil, "", err
	}
	there := r.account.in(r.region).configRules()
	names := slices.Sorted(maps.Keys(there))
	if len(in.ConfigRuleNames) > 0 {
		names = in.ConfigRuleNames
	}
	var rules []*configRule
	for _, name := range names {
		if there[name] == nil {
			return nil, "", errNoRule(name)
		}
		rules = append(rules, there[name])
	}
	page, next, ok := pageOf(r, rules, in.NextToken, configRulesPage, func(rule *configRule) string { return rule.set.ConfigRuleName })
	if !ok {
		return nil, "", errConfigToken()
	}
	return page, next, nil
}

func errConfigToken() *apiError {
	return refusal("InvalidNextTokenException", "The specified token is invalid")
}

func errNoRule(name string) *apiError {
	return refusal("NoSuchConfigRuleException", "The ConfigRule '%s' provided in the request is invalid. Please check the configRule name", name)
}

func errNoRecorder() *apiError {
	return refusal("NoAvailableConfigurationRecorderException",
		"There are no configuration recorders available to provide the role needed to describe your resources. Create a configuration recorder.")
}

// putConfigRule makes a rule or changes one, whose tags stay. It is evaluated
// soon afterwards.
func putConfigRule(r *request) (any, *apiError) {
	in, err := decode[struct {
		ConfigRule ruleOnWire
		Tags       []tag
	}](r)
	if err != nil {
		return nil, err
	}
	home, set := r.account.in(r.region), in.ConfigRule
	if !home.hasRecorder() {
		return nil, errNoRecorder()
	}
	if err := set.check(); err != nil {
		return nil, err
	}
	rule := home.configRules()[set.ConfigRuleName]
	switch {
	case rule == nil:
		rule = home.addRule(set, r.now)
		rule.tags = tagMap(in.Tags)
	case rule.service != "":
		return nil, refusal("AccessDeniedException", "The ConfigRule %s is managed by %s.", set.ConfigRuleName, rule.service)
	default:
		rule.settle(set)
	}
	rule.watch(r.aws, r.now.Add(time.Minute))
	return nil, nil
}

// check is AWS's look at what is put.
func (set *ruleOnWire) check() *apiError {
	var parameters map[string]any
	known, isKnown := managedRuleOf(set.Source.SourceIdentifier)
	switch {
	case set.ConfigRuleName == "" || len(set.ConfigRuleName) > 128:
		return errValidation("1 validation error detected: Value at 'configRule.configRuleName' failed to satisfy constraint")
	case set.Source.Owner != "AWS" || set.Source.SourceIdentifier == "":
		return refusal("InvalidParameterValueException", "The simulated AWS knows managed rules alone.")
	case set.MaximumExecutionFrequency != "" && frequencies[set.MaximumExecutionFrequency] == 0:
		return errValidation("1 validation error detected: Value '%s' at 'configRule.maximumExecutionFrequency' failed to satisfy constraint", set.MaximumExecutionFrequency)
	case set.InputParameters == "":
		return nil
	case json.Unmarshal([]byte(set.InputParameters), &parameters) != nil:
		return refusal("InvalidParameterValueException", "Invalid json %s passed in the inputParameters field.", set.InputParameters)
	}
	for name, value := range parameters {
		if days, err := strconv.Atoi(fmt.Sprint(value)); isKnown && (name != known.parameter || err != nil || days < 1) {
			return refusal("InvalidParameterValueException", "Invalid parameter %s=%v passed in the inputParameters field of %s.", name, value, set.Source.SourceIdentifier)
		}
	}
	return nil
}

func deleteConfigRule(r *request) (any, *apiError) {
	rule, err := r.configRule()
	switch {
	case err != nil:
		return nil, err
	case rule.service != "":
		return nil, refusal("AccessDeniedException", "The ConfigRule %s is managed by %s.", rule.set.ConfigRuleName, rule.service)
	}
	delete(rule.home.configRules(), rule.set.ConfigRuleName)
	return nil, nil
}

// configRule is the one rule that a call names.
func (r *request) configRule() (*configRule, *apiError) {
	in, err := decode[struct{ ConfigRuleName string }](r)
	if err != nil {
		return nil, err
	}
	rule := r.account.in(r.region).configRules()[in.ConfigRuleName]
	if rule == nil {
		return nil, errNoRule(in.ConfigRuleName)
	}
	return rule, nil
}

// onTaggedRule finds the rule whose ARN a call on tags names.
func onTaggedRule(do func(*request, *configRule) (any, *apiError)) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		in, err := decode[struct{ ResourceArn string }](r)
		if err != nil {
			return nil, err
		}
		for _, rule := range r.account.in(r.region).configRules() {
			if rule.set.ConfigRuleARN == in.ResourceArn {
				return do(r, rule)
			}
		}
		return nil, refusal("ResourceNotFoundException", "ResourceArn '%s' does not exist", in.ResourceArn)
	}
}

func listRuleTags(_ *request, rule *configRule) (any, *apiError) {
	return struct{ Tags []tag }{tagList(rule.tags)}, nil
}

func tagRule(r *request, rule *configRule) (any, *apiError) {
	in, err := decode[struct{ Tags []tag }](r)
	if err == nil {
		maps.Copy(rule.tags, tagMap(in.Tags))
	}
	return nil, err
}

func untagRule(r *request, rule *configRule) (any, *apiError) {
	in, err := decode[struct{ TagKeys []string }](r)
	for _, key := range in.TagKeys {
		delete(rule.tags, key)
	}
	return nil, err
}
