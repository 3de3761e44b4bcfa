package fakeaws

import (
	"fmt"
	"slices"
)

// configService is AWS Config as far as it watches access keys: the managed
// rules on them, in one account and in all of an organization, what they find,
// and the recorder that they need.
// https://docs.aws.amazon.com/config/latest/APIReference/
func configService() service {
	return service{
		name:     "config",
		source:   "config.amazonaws.com",
		protocol: json11,
		target:   "StarlingDoveService",
		actions: map[string]action{
			"DescribeConfigurationRecorders":      {do: describeConfigurationRecorders, reads: true},
			"DescribeConfigurationRecorderStatus": {do: describeConfigurationRecorderStatus, reads: true},
			"StartConfigurationRecorder":          {do: switchRecorder(true)},
			"StopConfigurationRecorder":           {do: switchRecorder(false)},

			"DescribeConfigRules":                {do: describeConfigRules, reads: true},
			"PutConfigRule":                      {do: putConfigRule, on: onConfigRule, tagging: "config:TagResource"},
			"DeleteConfigRule":                   {do: deleteConfigRule, on: onConfigRule},
			"DescribeConfigRuleEvaluationStatus": {do: describeRuleEvaluations, reads: true},
			"StartConfigRulesEvaluation":         {do: startEvaluations, on: onConfigRule},
			"GetComplianceDetailsByConfigRule":   {do: getComplianceDetails, on: onConfigRule, reads: true},
			"ListTagsForResource":                {do: onTaggedRule(listRuleTags), on: onConfigRule, reads: true},
			"TagResource":                        {do: onTaggedRule(tagRule), on: onConfigRule},
			"UntagResource":                      {do: onTaggedRule(untagRule), on: onConfigRule},

			"PutOrganizationConfigRule":               {do: overOrganization(putOrganizationRule), asks: mayPutOrganizationRule},
			"DescribeOrganizationConfigRules":         {do: overOrganization(describeOrganizationRules), reads: true},
			"DescribeOrganizationConfigRuleStatuses":  {do: overOrganization(describeOrganizationRuleStatuses), reads: true},
			"GetOrganizationConfigRuleDetailedStatus": {do: overOrganization(organizationRuleDetails), reads: true},
			"DeleteOrganizationConfigRule":            {do: overOrganization(deleteOrganizationRule)},
		},
	}
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
		list = append(list, recorderStatus{Name: name, LastStartTime: since, Recording: r.account.in(r.region).records(), LastStatus: "Success", LastStatusChangeTime: since})
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
	if r.account.in(r.region).hasRecorder() {
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

// hasRecorder reports whether the region has a configuration recorder.
func (s *stores) hasRecorder() bool {
	spec := s.account.spec
	return spec.ConfigRecorder && (len(spec.ConfigRegions) == 0 || slices.Contains(spec.ConfigRegions, s.region))
}

// records reports whether it runs: rules judge only then.
func (s *stores) records() bool { return s.hasRecorder() && !s.recorderOff }

func switchRecorder(on bool) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		home := r.account.in(r.region)
		if !home.hasRecorder() {
			return nil, refusal("NoSuchConfigurationRecorderException", "Cannot find configuration recorder in %s.", r.region)
		}
		home.recorderOff = !on
		return nil, nil
	}
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
