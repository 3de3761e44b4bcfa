package fakeaws

import (
	"fmt"
	"slices"
	"strings"
)

// configService is AWS Config as far as "which rules watch access keys here"
// needs it: the account's managed rules and its recorder, in whatever region is
// asked.
// https://docs.aws.amazon.com/config/latest/APIReference/
func configService() service {
	return service{
		name:     "config",
		source:   "config.amazonaws.com",
		protocol: json11,
		target:   "StarlingDoveService",
		actions: map[string]action{
			"DescribeConfigRules":                 {do: describeConfigRules, reads: true},
			"DescribeConfigurationRecorders":      {do: describeConfigurationRecorders, reads: true},
			"DescribeConfigurationRecorderStatus": {do: describeConfigurationRecorderStatus, reads: true},
		},
	}
}

// configRulesPage is how many rules one answer has.
const configRulesPage = 25

type configRule struct {
	ConfigRuleName            string
	ConfigRuleARN             string `json:"ConfigRuleArn"`
	ConfigRuleID              string `json:"ConfigRuleId"`
	Source                    configSource
	MaximumExecutionFrequency string
	ConfigRuleState           string
	EvaluationModes           []configMode
}

type configSource struct{ Owner, SourceIdentifier string }

type configMode struct{ Mode string }

type configRules struct {
	ConfigRules []configRule
	NextToken   string `json:",omitempty"`
}

func describeConfigRules(r *request) (any, *apiError) {
	in, err := decode[struct {
		ConfigRuleNames []string
		NextToken       string
	}](r)
	if err != nil {
		return nil, err
	}
	rules := r.account.configRules(r.region)
	if len(in.ConfigRuleNames) > 0 {
		if rules, err = named(rules, in.ConfigRuleNames); err != nil {
			return nil, err
		}
	}
	first := 0
	if in.NextToken != "" {
		after, ok := r.openToken(in.NextToken, r.region)
		if !ok {
			return nil, &apiError{Status: 400, Code: "InvalidNextTokenException", Message: "The specified token is invalid"}
		}
		first = slices.IndexFunc(rules, func(rule configRule) bool { return rule.ConfigRuleName > after })
		if first < 0 {
			first = len(rules)
		}
	}
	out := configRules{ConfigRules: rules[first:]}
	if len(out.ConfigRules) > configRulesPage {
		out.ConfigRules = out.ConfigRules[:configRulesPage]
		out.NextToken = r.token(r.region, out.ConfigRules[configRulesPage-1].ConfigRuleName)
	}
	return out, nil
}

// configRules are the account's rules, by name. The console names a managed
// rule after its identifier: ACCESS_KEYS_ROTATED is access-keys-rotated.
func (acct *account) configRules(region string) []configRule {
	rules := []configRule{}
	for _, identifier := range acct.spec.ConfigRules {
		id := fmt.Sprintf("config-rule-%s", lowerLetters(hash(acct.id, region, identifier), 6))
		rules = append(rules, configRule{
			ConfigRuleName:            strings.ToLower(strings.ReplaceAll(identifier, "_", "-")),
			ConfigRuleARN:             fmt.Sprintf("arn:%s:config:%s:%s:config-rule/%s", acct.partition, region, acct.id, id),
			ConfigRuleID:              id,
			Source:                    configSource{Owner: "AWS", SourceIdentifier: identifier},
			MaximumExecutionFrequency: "TwentyFour_Hours",
			ConfigRuleState:           "ACTIVE",
			EvaluationModes:           []configMode{{"DETECTIVE"}},
		})
	}
	slices.SortFunc(rules, func(a, b configRule) int { return strings.Compare(a.ConfigRuleName, b.ConfigRuleName) })
	return rules
}

func named(rules []configRule, names []string) ([]configRule, *apiError) {
	var kept []configRule
	for _, name := range names {
		i := slices.IndexFunc(rules, func(rule configRule) bool { return rule.ConfigRuleName == name })
		if i < 0 {
			return nil, &apiError{Status: 400, Code: "NoSuchConfigRuleException",
				Message: fmt.Sprintf("The ConfigRule '%s' provided in the request is invalid. Please check the configRule name", name)}
		}
		kept = append(kept, rules[i])
	}
	return kept, nil
}

// recorder is AWS Config's own case of names: lower.
type recorder struct {
	Name           string         `json:"name"`
	RoleARN        string         `json:"roleARN"`
	RecordingGroup recordingGroup `json:"recordingGroup"`
}

type recordingGroup struct {
	AllSupported               bool     `json:"allSupported"`
	IncludeGlobalResourceTypes bool     `json:"includeGlobalResourceTypes"`
	ResourceTypes              []string `json:"resourceTypes"`
}

func describeConfigurationRecorders(r *request) (any, *apiError) {
	names, err := recorderNames(r)
	if err != nil {
		return nil, err
	}
	list := []recorder{}
	for _, name := range names {
		list = append(list, recorder{
			Name:           name,
			RoleARN:        r.account.arn("iam", "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"),
			RecordingGroup: recordingGroup{AllSupported: true, IncludeGlobalResourceTypes: true, ResourceTypes: []string{}},
		})
	}
	return struct{ ConfigurationRecorders []recorder }{list}, nil
}

type recorderStatus struct {
	Name                 string `json:"name"`
	LastStartTime        epoch  `json:"lastStartTime"`
	Recording            bool   `json:"recording"`
	LastStatus           string `json:"lastStatus"`
	LastStatusChangeTime epoch  `json:"lastStatusChangeTime"`
}

func describeConfigurationRecorderStatus(r *request) (any, *apiError) {
	names, err := recorderNames(r)
	if err != nil {
		return nil, err
	}
	list := []recorderStatus{}
	for _, name := range names {
		since := epoch(r.account.created)
		list = append(list, recorderStatus{Name: name, LastStartTime: since, Recording: true, LastStatus: "Success", LastStatusChangeTime: since})
	}
	return struct{ ConfigurationRecordersStatus []recorderStatus }{list}, nil
}

// recorderNames are the recorders that a call asks for. An account has one,
// called "default", or none.
func recorderNames(r *request) ([]string, *apiError) {
	in, err := decode[struct{ ConfigurationRecorderNames []string }](r)
	if err != nil {
		return nil, err
	}
	var have []string
	if r.account.spec.ConfigRecorder {
		have = []string{"default"}
	}
	for _, name := range in.ConfigurationRecorderNames {
		if !slices.Contains(have, name) {
			return nil, &apiError{Status: 400, Code: "NoSuchConfigurationRecorderException",
				Message: fmt.Sprintf("Cannot find configuration recorder with the specified name '%s'.", name)}
		}
	}
	return have, nil
}

// lowerLetters is a repeatable word of lower-case letters and digits, as AWS
// ends the IDs of rules, organizations and OUs.
func lowerLetters(n uint64, length int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	word := make([]byte, length)
	for i := range word {
		if i%8 == 0 {
			n = mix(n)
		}
		word[i] = letters[n>>(8*(i%8))%36]
	}
	return string(word)
}
