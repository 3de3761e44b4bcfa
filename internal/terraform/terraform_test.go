package terraform

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
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

// A role for a workload, with everything that the room can write.
func workload() string {
	f := New()
	f.Comment("The role that takes the place of a key.\nRead it before it is applied.")
	f.Variable(Variable{Name: "repository", Description: "Who may assume it", Type: "string"})
	f.Variable(Variable{Name: "tags", Description: "Tags", Type: "map(string)", Default: map[string]string{}})
	role := f.Role(Role{
		Label: "billing", Name: "billing", Settings: map[string]any{"max_session_duration": 3600, "tags": Expression("var.tags")},
		Trust: []Statement{{
			Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
			Principals: []Principal{{Type: "Federated", Identifiers: []any{Expression("aws_iam_openid_connect_provider.github.arn")}}},
			Conditions: []Condition{{Test: "StringEquals", Variable: "token.actions.githubusercontent.com:sub", Values: Expression("[var.repository]")}},
		}},
		Policies: []NamedPolicy{{Label: "billing", Name: "billing", Statements: []Statement{
			{Sid: "Read", Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::example/${aws:username}/*"}},
			{Effect: "Deny", Actions: []string{"s3:*"}, Resources: []string{"*"}},
		}}},
	})
	module := f.Block("module", "other")
	module.Set("source", "./other")
	module.Set("secrets", map[string]any{"prod/billing": map[string]any{"days": 45, "now": false}, "plain": []any{"a", Expression("var.repository")}})
	f.Output("role_arn", "The role", role+".arn")
	return f.Text()
}

func TestWhatIsWritten(t *testing.T) {
	text := workload()
	golden(t, "workload.tf", text)
	if _, wrong := hclparse.NewParser().ParseHCL([]byte(text), "workload.tf"); wrong.HasErrors() {
		t.Error(wrong)
	}
	if again := string(hclwrite.Format([]byte(text))); again != text {
		t.Errorf("formatting it again changes it:\n%s", cmp.Diff(text, again))
	}
}

// Text stays text: what a name or a description holds can't become a template,
// end its string or begin a block.
func TestTextIsQuoted(t *testing.T) {
	for _, hostile := range []string{`${file("/etc/passwd")}`, `%{ if true }x%{ endif }`, `" }` + "\n" + `resource "aws_iam_user" "x" {`, "back\\slash", "tab\tand\x00nul"} {
		f := New()
		f.Block("resource", "aws_iam_role", "x").Set("name", hostile)
		file, wrong := hclparse.NewParser().ParseHCL([]byte(f.Text()), "x.tf")
		if wrong.HasErrors() {
			t.Errorf("%q: %v", hostile, wrong)
			continue
		}
		body := file.Body.(*hclsyntax.Body)
		if len(body.Blocks) != 1 {
			t.Fatalf("%q: %d blocks", hostile, len(body.Blocks))
		}
		value, wrong := body.Blocks[0].Body.Attributes["name"].Expr.Value(&hcl.EvalContext{})
		if wrong.HasErrors() || value.AsString() != hostile {
			t.Errorf("%q became %#v: %v", hostile, value, wrong)
		}
	}
}

func TestAPathBesideTheModule(t *testing.T) {
	for path, want := range map[string]string{"a b.zip": `"${path.module}/a b.zip"`, `x"${file("y")}`: `"${path.module}/x\"$${file(\"y\")}"`} {
		if got := InModule(path); string(got) != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestACommentStandsAtWhatItIsAbout(t *testing.T) {
	f := New()
	f.Block("locals").Set("a", 1)
	f.Comment("about b")
	f.Block("locals").Set("b", 2)
	if want := "}\n\n# about b\nlocals {"; !strings.Contains(f.Text(), want) {
		t.Errorf("want %q in\n%s", want, f.Text())
	}
}

func TestACommentStaysOne(t *testing.T) {
	f := New()
	f.Comment("log file \x1b]0;x\x07 \u202e\rresource \"a\" \"b\" {}\nend")
	if want := "# log file �]0;x� ��resource \"a\" \"b\" {}\n# end\n"; f.Text() != want {
		t.Errorf("%q, want %q", f.Text(), want)
	}
}

func TestAMistakeInTheProgramPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a value of no known type was written")
		}
	}()
	New().Set("x", 1.5)
}
