package fakeaws

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// organizationRule is a rule that an administrator put into every account of
// the organization, in one region.
type organizationRule struct {
	set     organizationRuleOnWire
	updated time.Time
	members map[string]string // account → name of the rule there; empty: could not be made
}

type organizationRuleOnWire struct {
	OrganizationConfigRuleName      string
	OrganizationConfigRuleARN       string               `json:"OrganizationConfigRuleArn,omitempty"`
	OrganizationManagedRuleMetadata *managedRuleMetadata `json:",omitempty"`
	ExcludedAccounts                []string             `json:",omitempty"`
	LastUpdateTime                  *epoch               `json:",omitempty"`
}

type managedRuleMetadata struct {
	Description               string `json:",omitempty"`
	RuleIdentifier            string
	InputParameters           string `json:",omitempty"`
	MaximumExecutionFrequency string `json:",omitempty"`
}

// multiAccountSetup is the service whose delegated administrator may put rules
// over the organization, and which owns them in the accounts.
const multiAccountSetup = "config-multiaccountsetup.amazonaws.com"

// overOrganization lets a call through that only the management account and
// Config's delegated administrator may make.
func overOrganization(do func(*request, *organization) (any, *apiError)) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		o := r.aws.organizationOf(r.account)
		switch {
		case o == nil && r.action == "PutOrganizationConfigRule":
			return nil, refusal("NoAvailableOrganizationException", "The account %s is in no organization.", r.account.id)
		case o == nil, o.management != r.account && !slices.Contains(r.account.spec.DelegatedFor, multiAccountSetup):
			return nil, refusal("OrganizationAccessDeniedException", "This action can be only made by the organization's management account or a delegated administrator.")
		}
		return do(r, o)
	}
}

// mayPutOrganizationRule: Config switches its access to the organization on with
// the caller's own rights.
// https://docs.aws.amazon.com/config/latest/APIReference/API_PutOrganizationConfigRule.html
func mayPutOrganizationRule(r *request) *apiError {
	for _, permission := range []string{"config:PutOrganizationConfigRule", "organizations:EnableAWSServiceAccess", "organizations:ListDelegatedAdministrators"} {
		if err := r.permit(permission, target{arn: "*"}, r.account, "", false); err != nil {
			return err
		}
	}
	return nil
}

func (r *request) organizationRule(name string) (*organizationRule, *apiError) {
	for _, rule := range r.account.rulesOver[r.region] {
		if rule.set.OrganizationConfigRuleName == name {
			return rule, nil
		}
	}
	return nil, refusal("NoSuchOrganizationConfigRuleException", "The organization config rule %s does not exist.", name)
}

// putOrganizationRule makes or changes a rule and puts it into every account
// that has a recorder, suspended ones left out. AWS takes minutes for it.
func putOrganizationRule(r *request, o *organization) (any, *apiError) {
	in, err := decode[organizationRuleOnWire](r)
	if err != nil {
		return nil, err
	}
	managed := in.OrganizationManagedRuleMetadata
	if managed == nil {
		return nil, refusal("InvalidParameterValueException", "The simulated AWS knows managed rules alone.")
	}
	set := ruleOnWire{ConfigRuleName: in.OrganizationConfigRuleName, Description: managed.Description, Source: ruleSource{"AWS", managed.RuleIdentifier},
		InputParameters: managed.InputParameters, MaximumExecutionFrequency: managed.MaximumExecutionFrequency}
	if err := set.check(); err != nil {
		return nil, err
	}
	rule, missing := r.organizationRule(in.OrganizationConfigRuleName)
	if missing != nil {
		rule = &organizationRule{members: map[string]string{}}
		if r.account.rulesOver == nil {
			r.account.rulesOver = map[string][]*organizationRule{}
		}
		r.account.rulesOver[r.region] = append(r.account.rulesOver[r.region], rule)
	}
	in.OrganizationConfigRuleARN = r.account.in(r.region).arn("config", "organization-config-rule/"+in.OrganizationConfigRuleName+"-"+
		lowerLetters(hash(o.id, r.region, in.OrganizationConfigRuleName), 8))
	rule.set, rule.updated = in, r.now
	rule.spread(r, o, set)
	return struct {
		ARN string `json:"OrganizationConfigRuleArn"`
	}{in.OrganizationConfigRuleARN}, nil
}

func (rule *organizationRule) spread(r *request, o *organization, set ruleOnWire) {
	name := "OrgConfigRule-" + set.ConfigRuleName + "-" + lowerLetters(hash(o.id, set.ConfigRuleName), 8)
	set.ConfigRuleName = name
	for _, id := range r.aws.accountIDs() {
		member := r.aws.accountByID(id)
		if member.partition != r.account.partition || cmp.Or(member.spec.State, "ACTIVE") != "ACTIVE" || slices.Contains(rule.set.ExcludedAccounts, id) {
			continue
		}
		home := member.in(r.region)
		if !home.hasRecorder() {
			rule.members[id] = ""
			continue
		}
		rule.members[id] = name
		there := home.configRules()[name]
		if there == nil {
			there = home.addRule(set, r.now)
			there.service, there.set.CreatedBy = multiAccountSetup, multiAccountSetup
		} else {
			there.settle(set)
		}
		there.watch(r.aws, r.now.Add(time.Minute))
	}
}

func describeOrganizationRules(r *request, _ *organization) (any, *apiError) {
	rules, next, err := r.organizationRules()
	list := []organizationRuleOnWire{}
	for _, rule := range rules {
		at := epoch(rule.updated)
		set := rule.set
		set.LastUpdateTime = &at
		list = append(list, set)
	}
	return struct {
		OrganizationConfigRules []organizationRuleOnWire
		NextToken               string `json:",omitempty"`
	}{list, next}, err
}

// organizationRules is the page of rules that a call asks for.
func (r *request) organizationRules() ([]*organizationRule, string, *apiError) {
	in, err := decode[struct {
		OrganizationConfigRuleNames []string
		Limit                       int
		NextToken                   string
	}](r)
	if err != nil {
		return nil, "", err
	}
	rules := slices.Clone(r.account.rulesOver[r.region])
	if len(in.OrganizationConfigRuleNames) > 0 {
		rules = nil
		for _, name := range in.OrganizationConfigRuleNames {
			rule, err := r.organizationRule(name)
			if err != nil {
				return nil, "", err
			}
			rules = append(rules, rule)
		}
	}
	key := func(rule *organizationRule) string { return rule.set.OrganizationConfigRuleName }
	slices.SortFunc(rules, func(a, b *organizationRule) int { return strings.Compare(key(a), key(b)) })
	limit := in.Limit
	if limit == 0 {
		limit = maxResults
	}
	page, next, ok := pageOf(r, rules, in.NextToken, limit, key)
	if !ok {
		return nil, "", errConfigToken()
	}
	return page, next, nil
}

type organizationRuleStatus struct {
	OrganizationConfigRuleName string
	OrganizationRuleStatus     string
	ErrorCode                  string `json:",omitempty"`
	ErrorMessage               string `json:",omitempty"`
	LastUpdateTime             epoch
}

func describeOrganizationRuleStatuses(r *request, _ *organization) (any, *apiError) {
	rules, next, err := r.organizationRules()
	list := []organizationRuleStatus{}
	for _, rule := range rules {
		status := organizationRuleStatus{OrganizationConfigRuleName: rule.set.OrganizationConfigRuleName, OrganizationRuleStatus: "CREATE_SUCCESSFUL", LastUpdateTime: epoch(rule.updated)}
		for _, name := range rule.members {
			if name == "" {
				status.OrganizationRuleStatus, status.ErrorCode, status.ErrorMessage = "CREATE_FAILED", "MemberAccountFailure", "The rule could not be created in some member accounts."
			}
		}
		list = append(list, status)
	}
	return struct {
		OrganizationConfigRuleStatuses []organizationRuleStatus
		NextToken                      string `json:",omitempty"`
	}{list, next}, err
}

type memberRuleStatus struct {
	AccountID               string `json:"AccountId"`
	ConfigRuleName          string
	MemberAccountRuleStatus string
	ErrorCode               string `json:",omitempty"`
	ErrorMessage            string `json:",omitempty"`
	LastUpdateTime          epoch
}

func organizationRuleDetails(r *request, _ *organization) (any, *apiError) {
	in, err := decode[struct {
		OrganizationConfigRuleName string
		Limit                      int
		NextToken                  string
	}](r)
	if err != nil {
		return nil, err
	}
	rule, err := r.organizationRule(in.OrganizationConfigRuleName)
	if err != nil {
		return nil, err
	}
	list := []memberRuleStatus{}
	for id, name := range rule.members {
		status := memberRuleStatus{AccountID: id, ConfigRuleName: cmp.Or(name, "OrgConfigRule-"+in.OrganizationConfigRuleName), MemberAccountRuleStatus: "CREATE_SUCCESSFUL", LastUpdateTime: epoch(rule.updated)}
		if name == "" {
			status.MemberAccountRuleStatus, status.ErrorCode = "CREATE_FAILED", "NoAvailableConfigurationRecorder"
			status.ErrorMessage = errNoRecorder().Message
		}
		list = append(list, status)
	}
	key := func(s memberRuleStatus) string { return s.AccountID }
	slices.SortFunc(list, func(a, b memberRuleStatus) int { return strings.Compare(key(a), key(b)) })
	limit := in.Limit
	if limit == 0 {
		limit = maxResults
	}
	page, next, ok := pageOf(r, list, in.NextToken, limit, key)
	if !ok {
		return nil, errConfigToken()
	}
	return struct {
		OrganizationConfigRuleDetailedStatus []memberRuleStatus
		NextToken                            string `json:",omitempty"`
	}{page, next}, nil
}

func deleteOrganizationRule(r *request, _ *organization) (any, *apiError) {
	in, err := decode[struct{ OrganizationConfigRuleName string }](r)
	if err != nil {
		return nil, err
	}
	rule, err := r.organizationRule(in.OrganizationConfigRuleName)
	if err != nil {
		return nil, err
	}
	for id, name := range rule.members {
		if name != "" {
			delete(r.aws.accountByID(id).in(r.region).configRules(), name)
		}
	}
	r.account.rulesOver[r.region] = slices.DeleteFunc(r.account.rulesOver[r.region], func(other *organizationRule) bool { return other == rule })
	return nil, nil
}
