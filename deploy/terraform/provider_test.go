package module

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// realProvider is Terraform with the AWS provider itself.
// KEYTEND_TERRAFORM_PROVIDERS is a filesystem mirror that has hashicorp/aws.
func realProvider(t *testing.T) *program {
	t.Helper()
	terraform := newTerraform(t)
	terraform.mirror = os.Getenv("KEYTEND_TERRAFORM_PROVIDERS")
	if terraform.mirror == "" {
		t.Skip("KEYTEND_TERRAFORM_PROVIDERS names no folder with the AWS provider (neither Debian nor the Go proxy has it)")
	}
	return terraform
}

// in is the same program for one simulated AWS.
func (tf *program) in(c *simulation) *program {
	own := *tf
	own.env = append(slices.Clone(tf.env), c.env...)
	return &own
}

// The real provider makes what the examples say on a simulated AWS, finds nothing
// more to do, and takes it away; so it does with what keytend writes, and with
// every feature of the module that no example uses.
func TestTerraformAppliesToTheSimulatedAWS(t *testing.T) {
	terraform := realProvider(t)
	for _, example := range []string{"one-secret", "monitoring"} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			terraform.in(simulated(t)).live(t, "deploy/terraform/examples/"+example, "", nil)
		})
	}
	t.Run("organization", func(t *testing.T) {
		t.Parallel()
		c := simulated(t)
		tf, root, given := terraform.in(c), "deploy/terraform/examples/organization", inputs("organization", c.root(t))
		tf.live(t, root, given, func() {
			everyMemberCanBeEntered(t, c, "example")
			tf.apply(t, root, strings.ReplaceAll(given, `"example"`, `"changed"`))
			everyMemberCanBeEntered(t, c, "changed")
		})
		for _, account := range append(slices.Clone(members), management) {
			if err := c.enter(t, account, "changed"); err == nil {
				t.Errorf("after the destruction Keytend still enters %s", account)
			}
		}
	})
	t.Run("everything", func(t *testing.T) {
		t.Parallel()
		terraform.in(simulated(t)).live(t, "deploy/terraform/testdata/everything", "", nil)
	})
	t.Run("roles", func(t *testing.T) { // of services that are simulated
		t.Parallel()
		terraform.in(simulated(t)).live(t, roles(t, terraform, "roles", "aws_eks|aws_rolesanywhere|aws_ssoadmin"), "", nil)
	})
	for _, name := range written(t, terraform) {
		t.Run("written-"+name, func(t *testing.T) {
			t.Parallel()
			c := simulated(t)
			atTheSecretThatThereIs(t, c, filepath.Join(terraform.folder, "out", name, "main.tf"))
			terraform.in(c).live(t, "out/"+name, "", nil)
		})
	}
}

// everyMemberCanBeEntered: by the role that the stack set has made, with the
// external ID, and not without it.
func everyMemberCanBeEntered(t *testing.T, c *simulation, externalID string) {
	t.Helper()
	for _, account := range append(slices.Clone(members), management) {
		if err := c.enter(t, account, externalID); err != nil {
			t.Errorf("Keytend can't enter %s: %v", account, err)
		}
		for _, wrong := range []string{"", "example-" + externalID} {
			if err := c.enter(t, account, wrong); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("with the external ID %q Keytend enters %s: %v", wrong, account, err)
			}
		}
	}
}

// atTheSecretThatThereIs puts the ARN of a secret into a root module that names
// one of the same name: its suffix is Secrets Manager's choice.
func atTheSecretThatThereIs(t *testing.T, c *simulation, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const named = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/billing-a1b2c3"
	if strings.Contains(string(text), named) {
		write(t, path, strings.ReplaceAll(string(text), named, c.secretARN(t, "eu-central-1", "prod/billing")))
	}
}

// The module's own folders are what the real provider's schemas want, and it can
// plan all that migrate writes.
func TestTerraformPlansWhatIsNotApplied(t *testing.T) {
	terraform := realProvider(t)
	t.Run("plan", func(t *testing.T) { // of services too that aren't simulated
		t.Parallel()
		tf, root := terraform.in(simulated(t)), roles(t, terraform, "planned-roles", "")
		for _, step := range [][]string{{"init", "-backend=false", "-input=false", "-plugin-dir=" + terraform.mirror}, {"plan", "-input=false"}} {
			if out, err := tf.run(t, filepath.Join(tf.folder, root), step...); err != nil || step[0] != "init" && strings.Contains(out, "Warning:") {
				t.Errorf("terraform %s: %v\n%s", step[0], err, out)
			}
		}
	})
	for _, module := range []string{"deploy/terraform", "deploy/terraform/modules/member-role"} {
		t.Run(module, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(terraform.folder, filepath.FromSlash(module))
			for _, step := range [][]string{{"init", "-backend=false", "-input=false", "-plugin-dir=" + terraform.mirror}, {"validate"}} {
				if out, err := terraform.run(t, dir, step...); err != nil || step[0] != "init" && strings.Contains(out, "Warning:") {
					t.Errorf("terraform %s: %v\n%s", step[0], err, out)
				}
			}
		})
	}
}
