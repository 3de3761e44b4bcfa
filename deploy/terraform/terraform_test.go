package module

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/rogpeppe/go-internal/txtar"
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
			made := terraform.live(t, "deploy/terraform/examples/"+example, inputs(example, "r-examplerootid111"), nil)
			same(t, "testdata/"+example+".json", made)
		})
	}
}

// It takes what `keytend terraform` writes, too, as its story has it.
func TestTerraformTakesWhatKeytendWrites(t *testing.T) {
	terraform := newTerraform(t)
	terraform.provider(standIn(t))
	for _, name := range written(t, terraform) {
		dir := filepath.Join(terraform.folder, "out", name)
		for _, step := range [][]string{{"init", "-backend=false", "-input=false", "-plugin-dir=" + terraform.mirror}, {"plan", "-input=false"}} {
			if out, err := terraform.run(t, dir, step...); err != nil {
				t.Errorf("%s: terraform %s: %v\n%s", name, step[0], err, out)
			}
		}
	}
	if out, err := terraform.run(t, terraform.folder, "fmt", "-check", "-recursive", "out"); err != nil {
		t.Errorf("not formatted: %s", out)
	}
}

// written puts what the story has into folders of out, and names them.
func written(t *testing.T, terraform *program) []string {
	t.Helper()
	story, err := txtar.ParseFile(filepath.FromSlash("../../cmd/keytend/testdata/script/terraform.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range story.Files {
		name, ok := strings.CutSuffix(f.Name, ".tf")
		if !ok {
			continue
		}
		names = append(names, name)
		dir := filepath.Join(terraform.folder, "out", name)
		text := strings.ReplaceAll(string(f.Data), "github.com/keytend/keytend//deploy", "../../deploy")
		write(t, filepath.Join(dir, "main.tf"), text)
		write(t, filepath.Join(dir, "keytend.yaml"), "mode: observe\n")
		write(t, filepath.Join(dir, "keytend-lambda.zip"), "not a function")
	}
	if len(names) < 4 {
		t.Fatalf("the story has only %q", names)
	}
	return names
}

// And what `keytend migrate` writes: a role for each kind of workload, made, seen
// to be as it should, and taken away.
func TestTerraformMakesTheRolesOfMigrate(t *testing.T) {
	terraform := newTerraform(t)
	terraform.provider(standIn(t))
	terraform.live(t, roles(t, terraform, "roles", ""), "", nil)
}

// roles is a root module of all that migrate's golden files have, but for those
// with resources of a kind that is left out (a pattern; empty: none is). Every
// role has a name of its own: in life they are made one by one.
func roles(t *testing.T, terraform *program, root, leftOut string) string {
	t.Helper()
	kinds := regexp.MustCompile(`(?m)^(resource|data) "(` + leftOut + `)_`)
	files, _ := filepath.Glob(filepath.FromSlash("../../internal/migrate/testdata/terraform/*.tf"))
	if len(files) < 18 {
		t.Fatalf("only %d golden files", len(files))
	}
	const versions = "terraform {\n  required_providers {\n    aws = {\n      source  = \"hashicorp/aws\"\n      version = \">= 5.81\"\n    }\n  }\n}\n\n"
	main := versions
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if leftOut != "" && kinds.Match(text) {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(f), ".tf")
		own := strings.ReplaceAll(string(text), `"billing-role"`, fmt.Sprintf(`"billing-role-%d"`, len(main)))
		own = strings.ReplaceAll(own, "org/11111111-", "org/"+fmt.Sprintf("%08d-", len(main)))
		write(t, filepath.Join(terraform.folder, root, name, "main.tf"), versions+own)
		main += fmt.Sprintf("module %q {\n  source = \"./%s\"\n", name, name)
		for variable, value := range map[string]string{"principal_id": "1234abcd-12ab-34cd-56ef-1234567890ab", "ca_certificate": "example"} {
			if declared := regexp.MustCompile(`variable "(\w*` + variable + `)"`).FindStringSubmatch(string(text)); declared != nil {
				main += fmt.Sprintf("  %s = %q\n", declared[1], value)
			}
		}
		main += "}\n\n"
	}
	write(t, filepath.Join(terraform.folder, root, "main.tf"), main)
	return root
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
	for _, c := range []struct {
		inputs string   // each is wrong, where anything is wanted
		want   []string // of what is said
	}{
		{`name               = "Keytend"
			architecture       = "x86-64"
			timeout            = 3
			memory             = 64
			log_retention_days = 7
			policy             = "` + strings.Repeat("x", 3501) + `"
			user_path          = "apps"
			kms_key_arns       = ["alias/aws/secretsmanager"]
			reap_schedule      = "hourly"
			scan               = { schedule = "daily" }
			config_rules       = { max_key_age = 0 }
			alarms             = { oldest_key_days = 0 }
			mail               = ["nobody"]
			topic              = { arn = "keytend" }
			secrets            = { a = { arn = "prod/billing", every_days = 45 } }`,
			[]string{"lower-case letters", "arm64 or x86_64", "300 to 900 seconds", "128 to 10240", "a number of days that CloudWatch Logs takes", "3,500 characters",
				"begins and ends with a slash", "not aliases", "such as rate(2 hours)", "such as rate(1 day)", "max_key_age and max_unused as days", "oldest_key_days as days",
				"Want mail addresses", "ARN of a topic", "the whole ARN"}},
		{`scan         = { args = ["apply"] }
			config_rules = { frequency = "daily", exclude = ["12345"] }
			secrets      = { a = { arn = "` + arn + `" } }`,
			[]string{"args to begin with scan", "TwentyFour_Hours", "twelve digits", "every_days or schedule"}},
		{`secrets = { a = { arn = "` + arn + `", every_days = 1001, schedule = "monthly", window = "180m" } }`,
			[]string{"every_days or schedule", "from 1 to 1000", "such as rate(45 days)", "window as hours"}},
		{`secrets = { a = { arn = "` + arn + `", every_days = 45 }, b = { arn = "` + arn + `", schedule = "rate(4 hours)", window = "3h", now = true } }
			scan         = {}
			config_rules = {}
			alarms       = null
			user_path    = "/apps/"
			mail         = ["security@example.com"]`, nil},
	} {
		write(t, filepath.Join(dir, "case.tfvars"), c.inputs+"\n")
		out, err := terraform.run(t, dir, "plan", "-input=false", "-refresh=false", "-var-file=case.tfvars")
		said := strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " ")
		if (err != nil) != (len(c.want) > 0) {
			t.Errorf("%s: %v\n%s", c.inputs, err, out)
		}
		for _, want := range c.want {
			if !strings.Contains(said, want) {
				t.Errorf("not a word of %q in\n%s", want, out)
			}
		}
		if got := strings.Count(said, "Error: Invalid value for variable"); got != len(c.want) {
			t.Errorf("%d complaints, want %d:\n%s", got, len(c.want), out)
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
		t.Skip("terraform is not on PATH (.ci/run builds one from the Go proxy)")
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

// inputs are what an example must be given.
func inputs(example, unit string) string {
	if example != "organization" {
		return ""
	}
	return fmt.Sprintf(`keytend_role_arn = "arn:aws:iam::123456789012:role/keytend"
external_id = "example"
organizational_unit_ids = [%q]
mail = ["security@example.com"]
`, unit)
}

// live makes everything of a root module, sees that nothing more is to be done,
// and takes it away again; applied, where there is one, looks at it in between. It
// returns what was made.
func (tf *program) live(t *testing.T, root, inputs string, applied func()) string {
	t.Helper()
	dir := filepath.Join(tf.folder, filepath.FromSlash(root))
	write(t, filepath.Join(dir, "keytend-lambda.zip"), "not a function")
	write(t, filepath.Join(dir, "case.tfvars"), inputs)
	for _, step := range [][]string{
		{"init", "-backend=false", "-input=false", "-plugin-dir=" + tf.mirror},
		{"apply", "-auto-approve", "-input=false", "-var-file=case.tfvars"},
		{"plan", "-detailed-exitcode", "-input=false", "-var-file=case.tfvars"},
	} {
		out, err := tf.run(t, dir, step...)
		if err != nil {
			t.Fatalf("terraform %s: %v\n%s", strings.Join(step, " "), err, out)
		}
		if step[0] != "init" && strings.Contains(out, "Warning:") { // init's is about the mirror
			t.Errorf("terraform %s warns:\n%s", step[0], out)
		}
	}
	made := tf.judge(t, dir)
	if applied != nil {
		applied()
	}
	if out, err := tf.run(t, dir, "destroy", "-auto-approve", "-input=false", "-var-file=case.tfvars"); err != nil || !strings.Contains(out, "Destroy complete") {
		t.Errorf("destroy: %v\n%s", err, out)
	}
	return made
}

// apply makes of what is there what other inputs want.
func (tf *program) apply(t *testing.T, root, inputs string) {
	t.Helper()
	dir := filepath.Join(tf.folder, filepath.FromSlash(root))
	write(t, filepath.Join(dir, "case.tfvars"), inputs)
	if out, err := tf.run(t, dir, "apply", "-auto-approve", "-input=false", "-var-file=case.tfvars"); err != nil {
		t.Fatalf("terraform apply: %v\n%s", err, out)
	}
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
			if text, ok := values[name].(string); ok && text != "" && !json.Valid([]byte(text)) { // empty: not given
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
