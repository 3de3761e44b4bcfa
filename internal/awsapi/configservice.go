package awsapi

import (
	"context"
	"encoding/json"
	"time"
)

// ConfigRule is one managed rule of AWS Config in the session's region.
type ConfigRule struct {
	Name        string
	ARN         string
	Identifier  string // of an AWS managed rule (ACCESS_KEYS_ROTATED, …), else a Lambda ARN or empty
	Description string
	Parameters  string // a JSON object; empty: none
	CreatedBy   string // a service that made it in the account's stead; empty: none
	Active      bool
}

// ruleOnWire is a rule as Config takes and tells it.
type ruleOnWire struct {
	ConfigRuleName  string
	ConfigRuleArn   string `json:",omitempty"`
	Description     string `json:",omitempty"`
	InputParameters string `json:",omitempty"`
	ConfigRuleState string `json:",omitempty"`
	CreatedBy       string `json:",omitempty"`
	Source          ruleSource
}

type ruleSource struct{ Owner, SourceIdentifier string }

// ConfigRules lists AWS Config's rules in the session's region
// (config:DescribeConfigRules).
func (s *Session) ConfigRules(ctx context.Context) ([]ConfigRule, error) {
	var rules []ConfigRule
	err := s.configPages(ctx, "DescribeConfigRules", map[string]any{}, func(text json.RawMessage) (string, error) {
		var out struct {
			ConfigRules []ruleOnWire
			NextToken   string
		}
		err := json.Unmarshal(text, &out)
		for _, r := range out.ConfigRules {
			rules = append(rules, ConfigRule{r.ConfigRuleName, r.ConfigRuleArn, r.Source.SourceIdentifier, r.Description, r.InputParameters, r.CreatedBy, r.ConfigRuleState == "ACTIVE"})
		}
		return out.NextToken, err
	})
	return rules, err
}

// PutConfigRule makes a managed rule, or changes it (config:PutConfigRule). tags
// are those of a rule that is made.
func (s *Session) PutConfigRule(ctx context.Context, r ConfigRule, tags map[string]string) error {
	in := map[string]any{"ConfigRule": ruleOnWire{ConfigRuleName: r.Name, Description: r.Description, InputParameters: r.Parameters, Source: ruleSource{"AWS", r.Identifier}}}
	if len(tags) > 0 {
		in["Tags"] = tagsOnWire(tags)
	}
	return s.configCalled(ctx, "PutConfigRule", in, nil)
}

// DeleteConfigRule deletes a rule and what it found (config:DeleteConfigRule).
func (s *Session) DeleteConfigRule(ctx context.Context, name string) error {
	return s.configCalled(ctx, "DeleteConfigRule", map[string]string{"ConfigRuleName": name}, nil)
}

// EvaluateConfigRules has rules judge before their time
// (config:StartConfigRulesEvaluation).
func (s *Session) EvaluateConfigRules(ctx context.Context, names ...string) error {
	return s.configCalled(ctx, "StartConfigRulesEvaluation", map[string]any{"ConfigRuleNames": names}, nil)
}

// ConfigTags are the tags of a rule (config:ListTagsForResource).
func (s *Session) ConfigTags(ctx context.Context, arn string) (map[string]string, error) {
	var out struct{ Tags []onWireTag }
	err := s.configCalled(ctx, "ListTagsForResource", map[string]string{"ResourceArn": arn}, &out)
	return tagsOffWire(out.Tags), err
}

// ConfigVerdict is what a rule says about one resource.
type ConfigVerdict struct {
	Kind       string // AWS::IAM::User, AWS::::Account
	ID         string // AIDA…, twelve digits
	Compliance string // COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA
	At         time.Time
}

// ConfigVerdicts is what a rule found, resource by resource
// (config:GetComplianceDetailsByConfigRule).
func (s *Session) ConfigVerdicts(ctx context.Context, rule string) ([]ConfigVerdict, error) {
	var all []ConfigVerdict
	err := s.configPages(ctx, "GetComplianceDetailsByConfigRule", map[string]any{"ConfigRuleName": rule, "Limit": 100}, func(text json.RawMessage) (string, error) {
		var out struct {
			EvaluationResults []struct {
				EvaluationResultIdentifier struct {
					EvaluationResultQualifier struct{ ResourceType, ResourceId string }
				}
				ComplianceType        string
				ConfigRuleInvokedTime float64
			}
			NextToken string
		}
		err := json.Unmarshal(text, &out)
		for _, e := range out.EvaluationResults {
			q := e.EvaluationResultIdentifier.EvaluationResultQualifier
			all = append(all, ConfigVerdict{q.ResourceType, q.ResourceId, e.ComplianceType, moment(e.ConfigRuleInvokedTime)})
		}
		return out.NextToken, err
	})
	return all, err
}

// ConfigEvaluated is when a rule last judged (UTC); the zero time: never
// (config:DescribeConfigRuleEvaluationStatus).
func (s *Session) ConfigEvaluated(ctx context.Context, rule string) (time.Time, error) {
	var out struct {
		ConfigRulesEvaluationStatus []struct{ LastSuccessfulEvaluationTime float64 }
	}
	err := s.configCalled(ctx, "DescribeConfigRuleEvaluationStatus", map[string]any{"ConfigRuleNames": []string{rule}}, &out)
	if err != nil || len(out.ConfigRulesEvaluationStatus) == 0 {
		return time.Time{}, err
	}
	return moment(out.ConfigRulesEvaluationStatus[0].LastSuccessfulEvaluationTime), nil
}

// moment is a time as JSON services tell it; zero: none.
func moment(seconds float64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(seconds * 1000)).UTC()
}

// OrganizationRule is a managed rule that an administrator put into every
// account of the organization, in the session's region.
type OrganizationRule struct {
	Name, Identifier, Description, Parameters string
}

type managedMetadata struct{ Description, RuleIdentifier, InputParameters string }

// OrganizationRules lists them (config:DescribeOrganizationConfigRules).
func (s *Session) OrganizationRules(ctx context.Context) ([]OrganizationRule, error) {
	var rules []OrganizationRule
	err := s.configPages(ctx, "DescribeOrganizationConfigRules", map[string]any{}, func(text json.RawMessage) (string, error) {
		var out struct {
			OrganizationConfigRules []struct {
				OrganizationConfigRuleName      string
				OrganizationManagedRuleMetadata managedMetadata
			}
			NextToken string
		}
		err := json.Unmarshal(text, &out)
		for _, r := range out.OrganizationConfigRules {
			m := r.OrganizationManagedRuleMetadata
			rules = append(rules, OrganizationRule{r.OrganizationConfigRuleName, m.RuleIdentifier, m.Description, m.InputParameters})
		}
		return out.NextToken, err
	})
	return rules, err
}

// PutOrganizationRule makes a rule for every account, or changes it
// (config:PutOrganizationConfigRule). AWS takes minutes to spread it.
func (s *Session) PutOrganizationRule(ctx context.Context, r OrganizationRule) error {
	managed := map[string]string{"RuleIdentifier": r.Identifier, "Description": r.Description}
	if r.Parameters != "" {
		managed["InputParameters"] = r.Parameters
	}
	return s.configCalled(ctx, "PutOrganizationConfigRule", map[string]any{"OrganizationConfigRuleName": r.Name, "OrganizationManagedRuleMetadata": managed}, nil)
}

// DeleteOrganizationRule deletes a rule from every account
// (config:DeleteOrganizationConfigRule).
func (s *Session) DeleteOrganizationRule(ctx context.Context, name string) error {
	return s.configCalled(ctx, "DeleteOrganizationConfigRule", map[string]string{"OrganizationConfigRuleName": name}, nil)
}

// MemberRule is how one account of the organization took a rule.
type MemberRule struct {
	Account, Status, Code, Message string
}

// OrganizationRuleMembers tells how each account took a rule
// (config:GetOrganizationConfigRuleDetailedStatus).
func (s *Session) OrganizationRuleMembers(ctx context.Context, name string) ([]MemberRule, error) {
	var all []MemberRule
	err := s.configPages(ctx, "GetOrganizationConfigRuleDetailedStatus", map[string]any{"OrganizationConfigRuleName": name}, func(text json.RawMessage) (string, error) {
		var out struct {
			OrganizationConfigRuleDetailedStatus []struct{ AccountId, MemberAccountRuleStatus, ErrorCode, ErrorMessage string }
			NextToken                            string
		}
		err := json.Unmarshal(text, &out)
		for _, m := range out.OrganizationConfigRuleDetailedStatus {
			all = append(all, MemberRule{m.AccountId, m.MemberAccountRuleStatus, m.ErrorCode, Redact(m.ErrorMessage)})
		}
		return out.NextToken, err
	})
	return all, err
}

// Recorder is a region's configuration recorder.
type Recorder string

// What a recorder may be. Rules can't be made without one, and judge nothing
// while it is off.
const (
	NoRecorder  Recorder = "none"
	RecorderOff Recorder = "off"
	RecorderOn  Recorder = "on"
)

// ConfigRecorder tells of the configuration recorder in the session's region
// (config:DescribeConfigurationRecorderStatus).
func (s *Session) ConfigRecorder(ctx context.Context) (Recorder, error) {
	var out struct {
		ConfigurationRecordersStatus []struct {
			Recording bool `json:"recording"`
		}
	}
	if err := s.configCalled(ctx, "DescribeConfigurationRecorderStatus", struct{}{}, &out); err != nil {
		return NoRecorder, err
	}
	is := NoRecorder
	for _, r := range out.ConfigurationRecordersStatus {
		if r.Recording {
			return RecorderOn, nil
		}
		is = RecorderOff
	}
	return is, nil
}

// ConfigRecording reports whether a configuration recorder runs in the
// session's region (config:DescribeConfigurationRecorderStatus): without one,
// rules judge nothing.
func (s *Session) ConfigRecording(ctx context.Context) (bool, error) {
	is, err := s.ConfigRecorder(ctx)
	return is == RecorderOn, err
}

// configPages asks for page after page; read takes one and returns the token of
// the next.
func (s *Session) configPages(ctx context.Context, action string, in map[string]any, read func(json.RawMessage) (string, error)) error {
	for {
		var page json.RawMessage
		if err := s.configCalled(ctx, action, in, &page); err != nil {
			return err
		}
		next, err := read(page)
		switch {
		case err != nil:
			return s.fail("config:"+action, err)
		case next == "":
			return nil
		case next == in["NextToken"]:
			return s.fail("config:"+action, errCutOff)
		}
		in["NextToken"] = next
	}
}

// configCalled is configCall with our own error.
func (s *Session) configCalled(ctx context.Context, action string, in, out any) error {
	if out == nil {
		out = new(json.RawMessage) // some have no document at all
	}
	return s.fail("config:"+action, s.configCall(ctx, action, in, out))
}

// configCall makes one JSON 1.1 call.
func (s *Session) configCall(ctx context.Context, action string, in, out any) error {
	return s.wireJSON(ctx, wireCall{
		service: "Config Service", host: "config", target: "StarlingDoveService", action: action,
	}, in, out)
}
