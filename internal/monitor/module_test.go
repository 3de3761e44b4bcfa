package monitor

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
)

// made is a resource that Terraform makes of deploy/terraform.
type made struct {
	Type   string
	Values struct {
		Name       string
		AlarmName  string `json:"alarm_name"`
		Namespace  string
		Metric     string `json:"metric_name"`
		Dimensions map[string]string
		Statistic  string
		Comparison string `json:"comparison_operator"`
		Threshold  float64
		Period     int
		Evaluation int      `json:"evaluation_periods"`
		Datapoints int      `json:"datapoints_to_alarm"`
		Missing    string   `json:"treat_missing_data"`
		Actions    []string `json:"alarm_actions"`
		OKActions  []string `json:"ok_actions"`
		Pattern    string   `json:"event_pattern"`
		Parameters string   `json:"input_parameters"`
		Source     []struct {
			Identifier string `json:"source_identifier"`
		}
	}
}

// The Terraform module watches what `monitor install` does, by the same names
// and with the same limits.
func TestTheTerraformModuleWatchesTheSame(t *testing.T) {
	text, err := os.ReadFile("../../deploy/terraform/testdata/monitoring.json")
	if err != nil {
		t.Fatal(err)
	}
	var resources []made
	if err := json.Unmarshal(text, &resources); err != nil {
		t.Fatal(err)
	}
	o := Options{MaxAge: 90 * policy.Day, Unused: 45 * policy.Day, Late: 30 * policy.Day}
	rules, alarms, patterns := map[string]ruleWanted{}, []awsapi.Alarm{}, map[string]string{}
	for _, r := range resources {
		v := r.Values
		switch r.Type {
		case "aws_config_config_rule":
			rules[v.Name] = ruleWanted{identifier: v.Source[0].Identifier, parameter: v.Parameters}
		case "aws_cloudwatch_metric_alarm":
			alarms = append(alarms, awsapi.Alarm{
				Name: v.AlarmName, Namespace: v.Namespace, Metric: v.Metric, Dimensions: v.Dimensions, Statistic: v.Statistic, Comparison: v.Comparison,
				Threshold: v.Threshold, Period: time.Duration(v.Period) * time.Second, Periods: v.Evaluation, Datapoints: max(v.Datapoints, 1), Missing: v.Missing,
				Actions: v.Actions, OKActions: v.OKActions,
			})
		case "aws_cloudwatch_event_rule":
			patterns[v.Name] = v.Pattern
		}
	}
	for _, want := range o.rulesOn() {
		got, ok := rules[Prefix+want.name]
		if !ok || got.identifier != want.identifier || got.parameter != want.parameters() {
			t.Errorf("rule %s: %+v, want %+v", want.name, got, want)
		}
	}
	want := o.alarms("arn:aws:sns:us-east-1:123456789012:keytend")
	byName := func(a, b awsapi.Alarm) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(want, byName)
	slices.SortFunc(alarms, byName)
	if diff := cmp.Diff(want, alarms, cmpopts.IgnoreFields(awsapi.Alarm{}, "Description"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("alarms (-monitor install +module):\n%s", diff)
	}
	site := &Site{options: o}
	if diff := cmp.Diff(unordered(t, site.compliancePattern()), unordered(t, patterns[Prefix+"config-compliance"])); diff != "" {
		t.Errorf("pattern (-monitor install +module):\n%s", diff)
	}
}

// unordered is a pattern whose lists are sorted.
func unordered(t *testing.T, pattern string) any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(pattern), &out); err != nil {
		t.Fatal(err)
	}
	names := out["detail"].(map[string]any)["configRuleName"].([]any)
	slices.SortFunc(names, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return out
}
