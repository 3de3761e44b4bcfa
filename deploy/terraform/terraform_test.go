package module

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

func TestFilesAreFormatted(t *testing.T) {
	for _, dir := range folders(t) {
		files, _ := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*.tf"))
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(hclwrite.Format(text)), string(text)); diff != "" {
				t.Errorf("%s (-formatted +file):\n%s", f, diff)
			}
		}
	}
}

// Terraform itself takes the modules apart, with the AWS provider's documented
// schemas: see testdata/standin.
func TestTerraformEvaluatesTheModules(t *testing.T) {
	terraform := newTerraform(t)
	terraform.provider(standIn(t))
	for _, example := range []string{"one-secret", "monitoring", "organization"} {
		t.Run(example, func(t *testing.T) {
			made := terraform.live(t, "deploy/terraform/examples/"+example)
			same(t, "testdata/"+example+".json", made)
		})
	}
}

// It takes what `keytend terraform` writes, too.
func TestTerraformTakesWhatKeytendWrites(t *testing.T) {
	terraform := newTerraform(t)
	terraform.provider(standIn(t))
	keytend := filepath.Join(t.TempDir(), "keytend.exe")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", keytend, "../../cmd/keytend").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	write(t, filepath.Join(terraform.folder, "keytend.yaml"), `mode: enforce
accounts:
  organization: {role: keytend-member, external_id: example}
destinations: ["secretsmanager:prod/{user}"]
owners: {fallback: security@example.com}
`)
	for _, args := range [][]string{
		{"rotation", "--secret", "prod/billing"}, {"monitoring"},
		{"member-role", "--principal", "arn:aws:iam::123456789012:role/keytend"},
	} {
		t.Run(args[0], func(t *testing.T) {
			run := exec.CommandContext(t.Context(), keytend, append([]string{"terraform"}, append(args, "--dir", "out/"+args[0])...)...)
			run.Dir = terraform.folder
			if out, err := run.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if out, err := terraform.run(t, filepath.Join(terraform.folder, "out"), "fmt", "-check", "-recursive"); err != nil {
				t.Errorf("not formatted: %s", out)
			}
			terraform.live(t, "out/"+args[0])
		})
	}
}

// The real provider makes what the example says on a simulated AWS, finds
// nothing more to do, and takes it away. KEYTEND_TERRAFORM_PROVIDERS is a
// filesystem mirror that has hashicorp/aws.
func TestTerraformAppliesToTheSimulatedAWS(t *testing.T) {
	terraform := newTerraform(t)
	mirror := os.Getenv("KEYTEND_TERRAFORM_PROVIDERS")
	if mirror == "" {
		t.Skip("KEYTEND_TERRAFORM_PROVIDERS names no mirror with the AWS provider (neither Debian nor the Go proxy has it)")
	}
	terraform.provider(mirror, simulated(t)...)
	for _, example := range []string{"one-secret", "monitoring"} {
		t.Run(example, func(t *testing.T) { terraform.live(t, "deploy/terraform/examples/"+example) })
	}
}

// Every input refuses what its validation is about, and says what it wants.
func TestTerraformRefusesInputs(t *testing.T) {
	terraform := newTerraform(t)
	dir := filepath.Join(terraform.folder, "inputs")
	text, err := os.ReadFile("variables.tf")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "variables.tf"), string(text)) // alone: no provider is needed
	if out, err := terraform.run(t, dir, "init", "-backend=false"); err != nil {
		t.Fatal(out)
	}
	arn := "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/billing-a1b2c3"
	for input, want := range map[string]string{
		`name = "Keytend"`:        "lower-case letters",
		`architecture = "x86-64"`: "arm64 or x86_64",
		`timeout = 3`:             "300 to 900 seconds",
		`memory = 64`:             "128 to 10240",
		`log_retention_days = 7`:  "a number of days that CloudWatch Logs takes",
		`policy = "` + strings.Repeat("x", 3501) + `"`:                                           "3,500 characters",
		`secrets = { a = { arn = "prod/billing", every_days = 45 } }`:                            "the whole ARN",
		`secrets = { a = { arn = "` + arn + `" } }`:                                              "every_days or schedule",
		`secrets = { a = { arn = "` + arn + `", every_days = 45, schedule = "rate(45 days)" } }`: "every_days or schedule",
		`secrets = { a = { arn = "` + arn + `", every_days = 1001 } }`:                           "from 1 to 1000",
		`secrets = { a = { arn = "` + arn + `", schedule = "monthly" } }`:                        "rate(…) or cron(…)",
		`secrets = { a = { arn = "` + arn + `", every_days = 45, window = "180m" } }`:            "window as hours",
		`user_path = "apps"`:                                         "begins and ends with a slash",
		`kms_key_arns = ["alias/aws/secretsmanager"]`:                "not aliases",
		`reap_schedule = "hourly"`:                                   "rate(…) or cron(…)",
		`scan = { schedule = "daily" }`:                              "rate(…) or cron(…)",
		`scan = { args = ["apply"] }`:                                "args to begin with scan",
		`config_rules = { max_key_age = 0 }`:                         "1 at least",
		`config_rules = { frequency = "daily" }`:                     "TwentyFour_Hours",
		`config_rules = { exclude = ["12345"] }`:                     "twelve digits",
		`alarms = { oldest_key_days = 0 }`:                           "1 at least",
		`mail = ["nobody"]`:                                          "mail addresses",
		`topic_arn = "keytend"`:                                      "ARN of a topic",
		`secrets = { a = { arn = "` + arn + `", every_days = 45 } }`: "",
		`secrets = { a = { arn = "` + arn + `", schedule = "rate(4 hours)", window = "3h", now = true } }`:       "",
		"scan = {}\nconfig_rules = {}\nalarms = null\nuser_path = \"/apps/\"\nmail = [\"security@example.com\"]": "",
	} {
		write(t, filepath.Join(dir, "case.tfvars"), input+"\n")
		out, err := terraform.run(t, dir, "plan", "-input=false", "-refresh=false", "-var-file=case.tfvars")
		said := strings.Join(strings.Fields(out), " ")
		if (err != nil) != (want != "") || want != "" && (!strings.Contains(said, want) || !strings.Contains(said, "Want ")) {
			t.Errorf("%s: want %q, got %v\n%s", input, want, err, out)
		}
	}
}

// program is terraform, and a folder for it to work in.
type program struct {
	path, folder, mirror string
	env                  []string
}

func newTerraform(t *testing.T) *program {
	t.Helper()
	path, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("terraform is not on PATH (neither Debian nor the Go proxy has it)")
	}
	tf := &program{path: path, folder: t.TempDir(), env: append(os.Environ(), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=")}
	if err := os.CopyFS(filepath.Join(tf.folder, "deploy"), os.DirFS("..")); err != nil {
		t.Fatal(err)
	}
	if out, err := tf.run(t, tf.folder, "fmt", "-check", "-recursive"); err != nil {
		t.Errorf("not formatted: %s", out)
	}
	return tf
}

func (tf *program) run(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	run := exec.CommandContext(t.Context(), tf.path, append(args, "-no-color")...)
	if args[0] == "fmt" || args[0] == "show" {
		run.Args = append([]string{tf.path}, args...)
	}
	run.Dir, run.Env = dir, tf.env
	out, err := run.CombinedOutput()
	return string(out), err
}

func (tf *program) provider(mirror string, env ...string) {
	tf.mirror, tf.env = mirror, append(tf.env, env...)
}

// live makes everything of a root module, sees that nothing more is to be done,
// and takes it away again. It returns what was made.
func (tf *program) live(t *testing.T, root string) string {
	dir := filepath.Join(tf.folder, filepath.FromSlash(root))
	write(t, filepath.Join(dir, "keytend-lambda.zip"), "not a function")
	values := ""
	if strings.HasSuffix(root, "organization") {
		values = `keytend_role_arn = "arn:aws:iam::123456789012:role/keytend"
external_id = "example"
organizational_unit_ids = ["r-examplerootid111"]
mail = ["security@example.com"]
`
	}
	write(t, filepath.Join(dir, "case.tfvars"), values)
	for _, step := range [][]string{
		{"init", "-backend=false", "-input=false", "-plugin-dir=" + tf.mirror},
		{"validate"},
		{"apply", "-auto-approve", "-input=false", "-var-file=case.tfvars"},
		{"plan", "-detailed-exitcode", "-input=false", "-var-file=case.tfvars"},
	} {
		if out, err := tf.run(t, dir, step...); err != nil {
			t.Fatalf("terraform %s: %v\n%s", strings.Join(step, " "), err, out)
		}
	}
	made := tf.judge(t, dir)
	if out, err := tf.run(t, dir, "destroy", "-auto-approve", "-input=false", "-var-file=case.tfvars"); err != nil || !strings.Contains(out, "Destroy complete") {
		t.Errorf("destroy: %v\n%s", err, out)
	}
	return made
}

// judge looks at what was made: no role has more in its policies than IAM takes,
// and what is sent to AWS as JSON is JSON. It returns everything, as JSON.
func (tf *program) judge(t *testing.T, dir string) string {
	t.Helper()
	out, err := tf.run(t, dir, "show", "-json")
	if err != nil {
		t.Fatal(err, out)
	}
	var state struct {
		Values struct {
			Root module `json:"root_module"`
		}
	}
	if err := json.Unmarshal([]byte(out), &state); err != nil {
		t.Fatal(err)
	}
	type resource struct {
		Type   string         `json:"type"`
		Values map[string]any `json:"values"`
	}
	size, made := map[string]int{}, []resource{}
	state.Values.Root.each(func(kind string, values map[string]any) {
		made = append(made, resource{kind, values})
		if kind == "aws_iam_role_policy" {
			size[values["role"].(string)] += len(values["policy"].(string))
		}
		for _, name := range []string{"policy", "assume_role_policy", "event_pattern", "input_parameters"} {
			if text, ok := values[name].(string); ok && !json.Valid([]byte(text)) {
				t.Errorf("%s: %s is no JSON: %s", kind, name, text)
			}
		}
	})
	for role, n := range size {
		if n > 10240 {
			t.Errorf("role %s has %d characters of policy; IAM takes 10,240", role, n)
		}
	}
	if len(made) < 5 {
		t.Errorf("only %d resources", len(made))
	}
	text, err := json.MarshalIndent(made, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// module is a part of Terraform's state as JSON.
type module struct {
	Resources []struct {
		Mode, Type string
		Values     map[string]any
	}
	Children []module `json:"child_modules"`
}

func (m module) each(show func(kind string, values map[string]any)) {
	for _, r := range m.Resources {
		if r.Mode == "managed" {
			show(r.Type, r.Values)
		}
	}
	for _, c := range m.Children {
		c.each(show)
	}
}

// standIn builds the provider that calls no AWS, as Terraform's mirrors have it.
func standIn(t *testing.T) (mirror string, env string) {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("testdata", "standin"))
	if err != nil {
		t.Fatal(err)
	}
	build := func(args ...string) (string, error) {
		run := exec.CommandContext(t.Context(), "go", args...)
		run.Dir, run.Env = source, append(os.Environ(), "GOFLAGS=", "GOWORK=off")
		out, err := run.CombinedOutput()
		return string(out), err
	}
	if out, err := build("mod", "download"); err != nil {
		t.Skipf("the stand-in's modules can't be had: %v\n%s", err, out)
	}
	mirror = t.TempDir()
	program := filepath.Join(mirror, "registry.terraform.io", "hashicorp", "aws", "5.100.0", runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-aws_v5.100.0")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if out, err := build("build", "-o", program, "."); err != nil {
		t.Fatal(out)
	}
	table, err := filepath.Abs(filepath.Join("testdata", "provider.json"))
	if err != nil {
		t.Fatal(err)
	}
	return mirror, "KEYTEND_PROVIDER_TABLE=" + table
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
