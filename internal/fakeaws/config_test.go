package fakeaws

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// roundTripper is an HTTP client for the SDK.
type roundTripper struct{ aws *AWS }

func (c roundTripper) Do(r *http.Request) (*http.Response, error) {
	return c.aws.RoundTripper().RoundTrip(r)
}

// askJSON sends a signed JSON 1.1 call, as an SDK would, and decodes the answer.
func askJSON(t *testing.T, a *AWS, service, call, body string, answer any) (code string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+service+".eu-west-1.amazonaws.com/", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", call)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	id, secret := a.AdminKey("123456789012")
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, r, hex.EncodeToString(sum[:]), service, "eu-west-1", a.Now())
	if err != nil {
		t.Fatal(err)
	}
	response, err := a.RoundTripper().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it is in memory
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var failure struct {
		Type string `json:"__type"`
	}
	if err := json.Unmarshal(text, &failure); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if response.StatusCode != http.StatusOK {
		return failure.Type
	}
	if err := json.Unmarshal(text, answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return ""
}

func accountWithRules(n int) *AWS {
	a := New(Config{Start: trailStart})
	a.AddAccount(oneUser("123456789012", func(s *AccountSpec) {
		s.ConfigRecorder = n > 0
		for i := range n {
			s.ConfigRules = append(s.ConfigRules, fmt.Sprintf("ACCESS_KEYS_ROTATED_%02d", i))
		}
	}))
	return a
}

func TestConfigRules(t *testing.T) {
	a := accountWithRules(60)
	var token string
	var got []string
	for pages := 0; pages == 0 || token != ""; pages++ {
		var page configRules
		if code := askJSON(t, a, "config", "StarlingDoveService.DescribeConfigRules", fmt.Sprintf(`{"NextToken":%q}`, token), &page); code != "" || pages > 3 {
			t.Fatal(code, pages)
		}
		for _, rule := range page.ConfigRules {
			got = append(got, rule.Source.SourceIdentifier)
		}
		token = page.NextToken
	}
	if len(got) != 60 || got[0] != "ACCESS_KEYS_ROTATED_00" || got[59] != "ACCESS_KEYS_ROTATED_59" {
		t.Errorf("%d rules: %v", len(got), got)
	}
	var one configRules
	if code := askJSON(t, a, "config", "StarlingDoveService.DescribeConfigRules", `{"ConfigRuleNames":["access-keys-rotated-07"]}`, &one); code != "" || len(one.ConfigRules) != 1 {
		t.Errorf("%s %+v", code, one)
	}
	for body, want := range map[string]string{
		`{"ConfigRuleNames":["nonsense"]}`: "NoSuchConfigRuleException",
		`{"NextToken":"bm9uc2Vuc2U="}`:     "InvalidNextTokenException",
		`[`:                                "SerializationException",
	} {
		if code := askJSON(t, a, "config", "StarlingDoveService.DescribeConfigRules", body, nil); code != want {
			t.Errorf("%s: %q, want %q", body, code, want)
		}
	}
	if code := askJSON(t, a, "config", "StarlingDoveService.PutNothing", `{}`, nil); code != "UnknownOperationException" {
		t.Errorf("unknown operation: %q", code)
	}
}

func TestConfigRecorders(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1} {
		a := accountWithRules(n)
		var recorders struct{ ConfigurationRecorders []recorder }
		if code := askJSON(t, a, "config", "StarlingDoveService.DescribeConfigurationRecorders", `{}`, &recorders); code != "" || len(recorders.ConfigurationRecorders) != want {
			t.Errorf("%s %+v", code, recorders)
		}
		var status struct {
			ConfigurationRecordersStatus []struct{ Recording bool }
		}
		if code := askJSON(t, a, "config", "StarlingDoveService.DescribeConfigurationRecorderStatus", ``, &status); code != "" || len(status.ConfigurationRecordersStatus) != want {
			t.Errorf("%s %+v", code, status)
		}
		if want == 1 && !status.ConfigurationRecordersStatus[0].Recording {
			t.Error("the recorder does not record")
		}
	}
	a := accountWithRules(0)
	if code := askJSON(t, a, "config", "StarlingDoveService.DescribeConfigurationRecorders", `{"ConfigurationRecorderNames":["default"]}`, nil); code != "NoSuchConfigurationRecorderException" {
		t.Errorf("%q", code)
	}
}

// TestConfigJudges: whole days, keys that are Active alone, a report that may
// be four hours old, once a day.
func TestConfigJudges(t *testing.T) {
	a := New(Config{Start: trailStart})
	user := func(name, status string, age time.Duration) UserSpec {
		return UserSpec{Name: name, Created: trailStart.Add(-age), Keys: []KeySpec{{Created: trailStart.Add(-age), Status: status}}}
	}
	a.AddAccount(oneUser("123456789012", func(s *AccountSpec) {
		s.ConfigRecorder = true
		s.Users = append(s.Users, user("turning", active, 90*24*time.Hour+time.Hour), user("older", active, 91*24*time.Hour), user("off", inactive, 400*24*time.Hour))
	}))
	if code := askJSON(t, a, "config", "StarlingDoveService.PutConfigRule",
		`{"ConfigRule":{"ConfigRuleName":"ours","Source":{"Owner":"AWS","SourceIdentifier":"ACCESS_KEYS_ROTATED"},"InputParameters":"{\"maxAccessKeyAge\":\"90\"}"},"Tags":[{"Key":"a","Value":"b"}]}`, &struct{}{}); code != "" {
		t.Fatal(code)
	}
	verdicts := func() map[string]string {
		var out struct {
			EvaluationResults []struct {
				EvaluationResultIdentifier struct{ EvaluationResultQualifier struct{ ResourceId string } }
				ComplianceType             string
			}
		}
		if code := askJSON(t, a, "config", "StarlingDoveService.GetComplianceDetailsByConfigRule", `{"ConfigRuleName":"ours","Limit":100}`, &out); code != "" {
			t.Fatal(code)
		}
		got := map[string]string{}
		for _, e := range out.EvaluationResults {
			for _, u := range a.Snapshot("123456789012").Users {
				if u.ID == e.EvaluationResultIdentifier.EvaluationResultQualifier.ResourceId {
					got[u.Name] = e.ComplianceType
				}
			}
		}
		return got
	}
	if got := verdicts(); len(got) != 0 {
		t.Errorf("before any evaluation: %v", got)
	}
	a.Advance(2 * time.Minute)
	if got := verdicts(); got["turning"] != compliant || got["older"] != nonCompliant || got["off"] != "" {
		t.Errorf("at first: %v", got)
	}
	a.Advance(23*time.Hour - 3*time.Minute)
	if got := verdicts(); got["turning"] != compliant {
		t.Errorf("too old since a while, not evaluated since: %v", got)
	}
	a.Advance(time.Hour + 3*time.Minute)
	if got := verdicts(); got["turning"] != nonCompliant {
		t.Errorf("the day after: %v", got)
	}
	var changes []string
	for _, e := range a.BusEvents("123456789012", "eu-west-1") {
		changes = append(changes, e.DetailType)
	}
	if len(changes) < 3 || changes[0] != "Config Rules Compliance Change" {
		t.Errorf("%q", changes)
	}
}
