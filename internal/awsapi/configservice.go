package awsapi

import (
	"context"
	"net/http"
)

// ConfigRule is one rule of AWS Config in the session's region.
type ConfigRule struct {
	Name       string
	Identifier string // of an AWS managed rule (ACCESS_KEYS_ROTATED, …), else a Lambda ARN or empty
	Active     bool
}

// ConfigRules lists AWS Config's rules in the session's region
// (config:DescribeConfigRules).
func (s *Session) ConfigRules(ctx context.Context) ([]ConfigRule, error) {
	var rules []ConfigRule
	in := map[string]string{}
	for {
		var out struct {
			ConfigRules []struct {
				ConfigRuleName, ConfigRuleState string
				Source                          struct{ SourceIdentifier string }
			}
			NextToken string
		}
		if err := s.configCall(ctx, "DescribeConfigRules", in, &out); err != nil {
			return nil, s.fail("config:DescribeConfigRules", err)
		}
		for _, r := range out.ConfigRules {
			rules = append(rules, ConfigRule{r.ConfigRuleName, r.Source.SourceIdentifier, r.ConfigRuleState == "ACTIVE"})
		}
		switch out.NextToken {
		case "":
			return rules, nil
		case in["NextToken"]:
			return nil, s.fail("config:DescribeConfigRules", errCutOff)
		}
		in["NextToken"] = out.NextToken
	}
}

// ConfigRecording reports whether a configuration recorder runs in the
// session's region (config:DescribeConfigurationRecorderStatus): without one,
// rules judge nothing.
func (s *Session) ConfigRecording(ctx context.Context) (bool, error) {
	var out struct {
		ConfigurationRecordersStatus []struct {
			Recording bool `json:"recording"`
		}
	}
	if err := s.configCall(ctx, "DescribeConfigurationRecorderStatus", struct{}{}, &out); err != nil {
		return false, s.fail("config:DescribeConfigurationRecorderStatus", err)
	}
	for _, r := range out.ConfigurationRecordersStatus {
		if r.Recording {
			return true, nil
		}
	}
	return false, nil
}

// configCall makes one JSON 1.1 call.
func (s *Session) configCall(ctx context.Context, action string, in, out any) error {
	return s.wireJSON(ctx, wireCall{
		service: "Config Service", host: "config", action: action,
		header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"StarlingDoveService." + action}},
	}, in, out)
}
