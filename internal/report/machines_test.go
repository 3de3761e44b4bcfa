package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/keytend/keytend/internal/policy"
)

// awsShape is a shape of an API model as Debian's python3-botocore has it.
type awsShape struct {
	Type     string
	Required []string
	Members  map[string]struct{ Shape, LocationName string }
	Member   struct{ Shape string }
	Value    struct{ Shape string }
	Enum     []string
	Pattern  string
}

// securityHubModel is Security Hub's API model; the test is skipped where it
// isn't installed.
func securityHubModel(t *testing.T) map[string]awsShape {
	t.Helper()
	files, _ := filepath.Glob("/usr/lib/python3/dist-packages/botocore/data/securityhub/*/service-2.json")
	if len(files) == 0 {
		t.Skip("skipped: no API model: install Debian's python3-botocore")
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var model struct{ Shapes map[string]awsShape }
	if err := json.Unmarshal(text, &model); err != nil {
		t.Fatal(err)
	}
	return model.Shapes
}

// againstModel returns what is wrong with a value of a shape.
func againstModel(shapes map[string]awsShape, at, name string, value any) []string {
	shape := shapes[name]
	var wrong []string
	switch v := value.(type) {
	case map[string]any:
		if shape.Type == "map" {
			for key, item := range v {
				wrong = append(wrong, againstModel(shapes, at+"{"+key+"}", shape.Value.Shape, item)...)
			}
			return wrong
		}
		for _, required := range shape.Required {
			if _, ok := v[required]; !ok {
				wrong = append(wrong, at+": lacks "+required)
			}
		}
		for key, item := range v {
			member, ok := shape.Members[key]
			if !ok {
				wrong = append(wrong, at+": "+name+" has no member "+key)
				continue
			}
			wrong = append(wrong, againstModel(shapes, at+"."+key, member.Shape, item)...)
		}
	case []any:
		if shape.Type != "list" {
			return []string{at + ": a list, want " + shape.Type}
		}
		for i, item := range v {
			wrong = append(wrong, againstModel(shapes, fmt.Sprintf("%s[%d]", at, i), shape.Member.Shape, item)...)
		}
	case string:
		if shape.Type != "string" || len(shape.Enum) > 0 && !slices.Contains(shape.Enum, v) ||
			shape.Pattern != "" && !regexp.MustCompile(shape.Pattern).MatchString(v) {
			wrong = append(wrong, fmt.Sprintf("%s: %q is no %s", at, v, name))
		}
	default:
		wrong = append(wrong, fmt.Sprintf("%s: %T", at, v))
	}
	return wrong
}

func TestSecurityHubTakesTheFindings(t *testing.T) {
	shapes := securityHubModel(t)
	for name, scan := range map[string]Scan{"fixture": fixture(), "hostile": hostileScan(hostile)} {
		var findings []any
		if err := json.Unmarshal([]byte(written(t, SecurityHub, scan, Options{Region: "eu-central-1"})), &findings); err != nil {
			t.Fatal(err)
		}
		if len(findings) != len(scan.Findings) {
			t.Errorf("%s: %d findings, want %d", name, len(findings), len(scan.Findings))
		}
		for _, wrong := range againstModel(shapes, name, "BatchImportFindingsRequestFindingList", findings) {
			t.Error(wrong)
		}
	}
	bad := map[string]any{"SchemaVersion": "", "Nonsense": "x", "RecordState": "GONE", "Severity": "x"}
	if wrong := againstModel(shapes, "bad", "AwsSecurityFinding", bad); len(wrong) < 10 {
		t.Errorf("the checker takes nonsense: %q", wrong)
	}
}

// TestSecurityHubFindsItAgain: what varies between two scans of an unchanged
// account must not change which finding it is.
func TestSecurityHubFindsItAgain(t *testing.T) {
	first := fixtureFindings()[1]
	later := first
	later.KeyID, later.Severity, later.Reason, later.Rank = "", policy.Critical, "another sentence", 9
	a, b := ASFF(first, "eu-central-1", now), ASFF(later, "eu-central-1", now.Add(time.Hour))
	if a.ID != b.ID || a.ProductARN != b.ProductARN || !a.CreatedAt.Equal(b.CreatedAt) || a.GeneratorID != b.GeneratorID {
		t.Errorf("%+v\n%+v", a, b)
	}
	if !b.UpdatedAt.After(a.UpdatedAt) {
		t.Error("a later scan doesn't say so")
	}
	rule, user, ok := a.About()
	if rule != first.Rule || user != first.User || !ok {
		t.Errorf("About: %q %q %v", rule, user, ok)
	}
	gone := a.Archived(now)
	if gone.RecordState != "ARCHIVED" || gone.Compliance.Status != "PASSED" || a.RecordState != "ACTIVE" || a.Compliance.Status != "FAILED" {
		t.Errorf("%+v", gone)
	}
	for _, other := range []SecurityFinding{{ID: a.ID, GeneratorID: "else", AccountID: a.AccountID}, {ID: "x", GeneratorID: a.GeneratorID}} {
		if _, _, ok := other.About(); ok {
			t.Errorf("%+v is taken for ours", other)
		}
	}
}

func TestPartitionsOfFindings(t *testing.T) {
	f := fixtureFindings()[1]
	f.UserARN = "arn:aws-us-gov:iam::123456789012:user/ci-deploy"
	got := ASFF(f, "us-gov-west-1", now)
	if want := "arn:aws-us-gov:securityhub:us-gov-west-1:123456789012:product/123456789012/default"; got.ProductARN != want {
		t.Errorf("%s, want %s", got.ProductARN, want)
	}
}

// TestDueSoonBreaksNoControl: a key that is not too old yet has not failed what
// it will fail.
func TestDueSoonBreaksNoControl(t *testing.T) {
	f := fixtureFindings()[1]
	f.Rule, f.Due = policy.KeyDueSoon, now.Add(policy.Day)
	if got := ASFF(f, "eu-central-1", now); got.Compliance != nil {
		t.Errorf("%+v", got.Compliance)
	}
	if got := ocsfOf(f, "", now); got.Compliance != nil || got.ClassUID != detectionFinding {
		t.Errorf("%+v", got)
	}
}

func TestOCSFKeepsItsSchema(t *testing.T) {
	text, err := os.ReadFile("testdata/ocsf-findings.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	for name, scan := range map[string]Scan{"fixture": fixture(), "hostile": hostileScan(hostile)} {
		lines := strings.Split(strings.TrimSpace(written(t, OCSF, scan, Options{Version: "v1.2.3"})), "\n")
		if len(lines) != len(scan.Findings) {
			t.Errorf("%s: %d events, want %d", name, len(lines), len(scan.Findings))
		}
		for _, line := range lines {
			var event map[string]any
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatal(err)
			}
			for _, wrong := range (checker{root}).check(name, root, event) {
				t.Error(wrong)
			}
			if compliance := event["compliance"] != nil; compliance != (event["class_uid"] == float64(complianceFinding)) {
				t.Errorf("class %v with compliance %v", event["class_uid"], compliance)
			}
		}
	}
	if wrong := (checker{root}).check("", root, map[string]any{"class_uid": 2001.0, "nonsense": ""}); len(wrong) < 9 {
		t.Errorf("the checker takes nonsense: %q", wrong)
	}
}

func TestMetricsAreClean(t *testing.T) {
	for name, scan := range map[string]Scan{"fixture": fixture(), "empty": {GeneratedAt: now}, "hostile": hostileScan(hostile)} {
		problems, err := promlint.New(strings.NewReader(written(t, Prometheus, scan, Options{}))).Lint()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s: %s", name, p.Metric, p.Text)
		}
	}
}

// TestMetricsAreBounded: ten times the users and findings, no series more.
func TestMetricsAreBounded(t *testing.T) {
	series := func(times int) int {
		scan := fixture()
		users, findings := scan.Accounts[0].Users, scan.Findings
		for range times {
			scan.Accounts[0].Users, scan.Findings = append(scan.Accounts[0].Users, users...), append(scan.Findings, findings...)
		}
		return strings.Count(written(t, Prometheus, scan, Options{}), "\nkeytend_")
	}
	if one, many := series(1), series(10); one != many {
		t.Errorf("%d series, then %d", one, many)
	}
}
