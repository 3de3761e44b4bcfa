package permission

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/keytend/keytend/internal/iampolicy"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", name, diff)
	}
}

var narrow = Scope{Path: "/apps/", Tag: "keytend=managed", Secrets: []string{"prod/*", "billing"}, Parameters: []string{"/ci/*"}, Self: "role/ops/keytend"}

// apart has a role for each kind that changes keys, and one for the rest.
var apart = Scope{Roles: map[Kind]string{Read: "keytend-read", Create: "keytend-create", Deactivate: "keytend-deactivate", Delete: "keytend-delete"}}

// Separate roles: who may create may not delete, and the right to prove beforehand
// what the others may do is the reader's, about those roles alone.
func TestSeparateRoles(t *testing.T) {
	kinds := ByKind(Needs(Rotate), apart)
	for kind, other := range map[Kind]string{Create: "iam:DeleteAccessKey", Deactivate: "iam:CreateAccessKey", Delete: "iam:UpdateAccessKey", Read: "iam:TagUser"} {
		if strings.Contains(kinds[kind].JSON(), other) {
			t.Errorf("%s may %s", kind, other)
		}
	}
	for _, name := range []string{"keytend-create", "keytend-deactivate", "keytend-delete"} {
		if !strings.Contains(kinds[Read].JSON(), "role/"+name) {
			t.Errorf("nothing about %s in %s", name, kinds[Read].JSON())
		}
	}
	enter := Policy(Needs(Organization), apart).JSON()
	if strings.Count(enter, ":role/keytend-") != 4 || !strings.Contains(enter, `role/keytend"`) {
		t.Error(enter)
	}
}

func TestRendering(t *testing.T) {
	all := Needs(Rotate, Retire, SecretsManager)
	golden(t, "rotate.json", Policy(all, Scope{}).JSON()+"\n")
	golden(t, "narrow.json", Policy(Needs(Rotate, SecretsManager, SSM, EscrowKMS), narrow).JSON()+"\n")
	golden(t, "roles.tf", Terraform(Needs(Rotate), apart))
	golden(t, "roles.yaml", CloudFormation(Needs(Rotate), apart))
	golden(t, "narrow.tf", Terraform(all, narrow))
	golden(t, "narrow.yaml", CloudFormation(all, narrow))
}

// What is printed is read by others: the HCL parses, the YAML too, and each
// policy in it is one.
func TestRenderingsAreWellFormed(t *testing.T) {
	for _, f := range Features() {
		all := Needs(f)
		file, wrong := hclparse.NewParser().ParseHCL([]byte(Terraform(all, narrow)), "main.tf")
		if wrong.HasErrors() {
			t.Errorf("%s: %v", f, wrong)
			continue
		}
		schema := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
			{Type: "variable", LabelNames: []string{"name"}}, {Type: "data", LabelNames: []string{"type", "name"}}, {Type: "resource", LabelNames: []string{"type", "name"}},
		}}
		if _, wrong := file.Body.Content(schema); wrong.HasErrors() {
			t.Errorf("%s: %v", f, wrong)
		}
		var template struct {
			Resources map[string]any `yaml:"Resources"`
		}
		text := regexp.MustCompile(`!(Ref|GetAtt|If|Not|Equals)`).ReplaceAllString(CloudFormation(all, narrow), "")
		if err := yaml.Unmarshal([]byte(text), &template); err != nil || len(template.Resources) < 2 {
			t.Errorf("%s: %v, %d resources", f, err, len(template.Resources))
		}
	}
}

// Every action is allowed by the policy on what it is for, and the union of the
// kinds allows what the whole does.
func TestEveryNeedIsAllowedByItsOwnKind(t *testing.T) {
	for _, f := range Features() {
		all := Needs(f)
		kinds := ByKind(all, Scope{})
		for _, n := range all {
			d := kinds[n.Kind]
			i := slices.IndexFunc(d.Statement, func(s Statement) bool { return slices.Contains(s.Action, n.Action) })
			if i < 0 {
				t.Errorf("%s: %s is in no policy", f, n.Action)
			}
			if n.Why == "" || strings.HasSuffix(n.Why, ".") {
				t.Errorf("%s: %s: why %q", f, n.Action, n.Why)
			}
		}
		if _, err := iampolicy.Parse(Policy(all, Scope{}).JSON()); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// What features are allowed together they may all do: also where each writes
// other tags by the same action, or by another on the same things.
func TestFeaturesTogether(t *testing.T) {
	document, err := iampolicy.Parse(Policy(Needs(Rotate, SecretCreate, SecretResolve), Scope{}).JSON())
	if err != nil {
		t.Fatal(err)
	}
	may := func(action, resource, tag string) bool {
		return iampolicy.Evaluate([]iampolicy.Document{document}, nil, nil, nil, iampolicy.Request{
			Caller: iampolicy.Caller{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/keytend/x"},
			Action: action, Resource: resource, Context: map[string][]string{"aws:TagKeys": {tag}},
		}).Allowed()
	}
	const user, secret = "arn:aws:iam::123456789012:user/billing", "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/billing-a1b2c3"
	for _, c := range []struct {
		action, resource, tag string
		want                  bool
	}{
		{"iam:TagUser", user, "keytend:claim", true},
		{"iam:TagUser", user, "keytend:secret", true},
		{"iam:TagUser", user, "AKIAIOSFODNN7EXAMPLE", true},
		{"iam:UntagUser", user, "keytend:secret", false},
		{"secretsmanager:TagResource", secret, "keytend:user", true},
		{"secretsmanager:TagResource", secret, "keytend:rotation/order/x", true},
		{"secretsmanager:TagResource", secret, "keytend:rotation/adopted/x", true},
		{"secretsmanager:TagResource", secret, "keytend:rotation/state", false}, // the record is the function's
		{"secretsmanager:UntagResource", secret, "keytend:rotation/make", true},
		{"secretsmanager:UntagResource", secret, "keytend:rotation/state", false},
		{"secretsmanager:UntagResource", secret, "keytend:user", false},
		{"secretsmanager:TagResource", secret, "owner", false},
	} {
		if got := may(c.action, c.resource, c.tag); got != c.want {
			t.Errorf("%s of %s: %v, want %v", c.action, c.tag, got, c.want)
		}
	}
}

// The guards hold: no key outside the path or without the tag, no other tags.
func TestGuards(t *testing.T) {
	document, err := iampolicy.Parse(Policy(Needs(Rotate), narrow).JSON())
	if err != nil {
		t.Fatal(err)
	}
	may := func(action, user string, context map[string][]string) bool {
		return iampolicy.Evaluate([]iampolicy.Document{document}, nil, nil, nil, iampolicy.Request{
			Caller: iampolicy.Caller{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/keytend/x"},
			Action: action, Resource: "arn:aws:iam::123456789012:user" + user, Context: context,
		}).Allowed()
	}
	managed := map[string][]string{"aws:ResourceTag/keytend": {"managed"}}
	tagging := func(key string) map[string][]string {
		return map[string][]string{"aws:ResourceTag/keytend": {"managed"}, "aws:TagKeys": {key}}
	}
	for name, c := range map[string]struct{ got, want bool }{
		"its own":                  {may("iam:CreateAccessKey", "/apps/billing", managed), true},
		"without the tag":          {may("iam:CreateAccessKey", "/apps/billing", nil), false},
		"outside the path":         {may("iam:CreateAccessKey", "/admins/ana", managed), false},
		"the claim":                {may("iam:TagUser", "/apps/billing", tagging("keytend:claim")), true},
		"a description":            {may("iam:TagUser", "/apps/billing", tagging("AKIAIOSFODNN7EXAMPLE")), true},
		"the tag that it goes by":  {may("iam:TagUser", "/apps/billing", tagging("keytend")), false},
		"another user's deletion":  {may("iam:DeleteAccessKey", "/admins/ana", managed), false},
		"policies of any user":     {may("iam:PutUserPolicy", "/apps/billing", managed), false},
		"a look at everybody else": {may("iam:ListAccessKeys", "/admins/ana", nil), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}

func TestScopeCheck(t *testing.T) {
	for _, s := range []Scope{{Path: "apps"}, {Tag: "managed"}, {Self: "keytend"}, {Partition: "moon"}, {Roles: map[Kind]string{"look": "x"}}, {Roles: map[Kind]string{Read: ""}}} {
		if s.Check() == nil {
			t.Errorf("%+v passes", s)
		}
	}
	if err := errorsOf(Scope{}, narrow); err != nil {
		t.Error(err)
	}
}

func errorsOf(scopes ...Scope) error {
	for _, s := range scopes {
		if err := s.Check(); err != nil {
			return err
		}
	}
	return nil
}

func TestTrust(t *testing.T) {
	text, err := json.Marshal(Trust("arn:aws:iam::123456789012:role/keytend", "example"))
	if err != nil || !strings.Contains(string(text), `"sts:ExternalId":"example"`) {
		t.Errorf("%s, %v", text, err)
	}
	if text, _ := json.Marshal(Trust("arn:aws:iam::123456789012:role/keytend", "")); strings.Contains(string(text), "Condition") {
		t.Errorf("%s", text)
	}
}
