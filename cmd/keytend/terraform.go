package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	module "github.com/keytend/keytend/deploy/terraform"
	"github.com/keytend/keytend/internal/config"
)

// moduleSource is where Terraform finds the module that this binary also holds.
const moduleSource = "github.com/keytend/keytend//deploy/terraform"

func terraformCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "terraform",
		Short: "Write Terraform for the rotation function, monitoring and the role in each account",
		Long: `Terraform writes root modules for keytend's own Terraform module, which it
carries along: the rotation function that Secrets Manager calls, AWS Config's
rules with alarms, and the role by which keytend enters an account, each as the
policy file says. Nothing is applied, and no AWS is called.

With --dir, everything that Terraform needs is written to a folder, the module
included; otherwise main.tf goes to stdout, and takes the module from the
repository.`,
		Example: `  keytend terraform rotation --secret prod/billing --dir out/
  keytend terraform monitoring --config keytend.yaml --dir out/
  keytend terraform member-role --principal arn:aws:iam::123456789012:role/keytend --dir out/
  keytend terraform package --binary bootstrap --out out/keytend-lambda.zip`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return usageError{c, fmt.Errorf("want rotation, monitoring, member-role or package")}
		},
	}
	command.AddCommand(terraformRotation(a), terraformMonitoring(a), terraformMemberRole(a), terraformPackage(a))
	return command
}

// rootModule is one run of `keytend terraform rotation` or one beside it.
type rootModule struct {
	app     *app
	config  policyFlag
	folder  string
	secrets []string
	mail    []string
	zip     string

	patterns []string
	arch     choice

	principal, external, role string

	policy *config.Policy
	found  bool // whether there is a policy file
}

func terraformRotation(a *app) *cobra.Command {
	r := &rootModule{app: a, arch: choice{allowed: []string{"arm64", "x86_64"}, value: "arm64"}}
	command := r.command("rotation", "Write Terraform for the rotation function", `Rotation writes a root module for the function that Secrets Manager calls, its
role, its reaper, and the rotation of each --secret: as often as the policy's
limits need it, so that the old key is Inactive before it is too old. The policy
file goes along, and the function follows it.

Besides those, the function may work on the secrets that --pattern and the
policy's destinations name, which "keytend secret adopt" and "keytend secret
create" switch on.`, r.rotation)
	command.Example = `  keytend terraform rotation --secret prod/billing --secret prod/reports --dir out/
  keytend terraform rotation --pattern 'prod/*' --dir out/
  keytend terraform rotation --config keytend.yaml --mail security@example.com`
	command.Flags().StringArrayVar(&r.secrets, "secret", nil, "`name` or ARN of a secret to rotate; may be repeated")
	command.Flags().StringArrayVar(&r.patterns, "pattern", nil, "`name` or pattern (prod/*) of secrets that are switched on by keytend secret adopt or create; may be repeated")
	command.Flags().StringVar(&r.zip, "package", "keytend-lambda.zip", "the function's zip `file`, relative to the root module")
	r.arch.addTo(command, "architecture", "", "the processor that the binary in it is for")
	r.mailFlag(command)
	return command
}

func terraformMonitoring(a *app) *cobra.Command {
	r := &rootModule{app: a}
	command := r.command("monitoring", "Write Terraform for AWS Config's rules, alarms and mail", `Monitoring writes a root module for AWS Config's rules on access keys with the
policy's limits, for the organization where the policy names one; alarms on the
metrics that "keytend scan --cloudwatch" sends; and a topic that tells people.`, r.monitoring)
	command.Example = `  keytend terraform monitoring --mail security@example.com
  keytend terraform monitoring --config keytend.yaml --dir out/`
	r.mailFlag(command)
	return command
}

func terraformMemberRole(a *app) *cobra.Command {
	r := &rootModule{app: a}
	command := r.command("member-role", "Write Terraform for the role in each account", `Member-role writes a root module for the role by which keytend enters an account:
its name and external ID are those of the policy's accounts.organization, and it
may change keys if the policy does.`, r.memberRole)
	command.Example = `  keytend terraform member-role --principal arn:aws:iam::123456789012:role/keytend
  keytend terraform member-role --principal arn:aws:iam::123456789012:role/keytend --config keytend.yaml --dir out/`
	flags := command.Flags()
	flags.StringVar(&r.principal, "principal", "", "`ARN` of whoever runs keytend and may assume the role")
	flags.StringVar(&r.external, "external-id", "", "external `ID` that must come along (default: the policy's)")
	flags.StringVar(&r.role, "role-name", "", "name of the `role` (default: the policy's, then keytend-member)")
	if err := command.MarkFlagRequired("principal"); err != nil {
		panic(err) // defined above
	}
	return command
}

func (r *rootModule) command(name, short, long string, render func() (string, error)) *cobra.Command {
	command := &cobra.Command{
		Use: name, Short: short, Long: long, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if r.policy, r.found, err = r.app.readPolicy(&r.config, os.ReadFile); err != nil {
				return err
			}
			text, err := render()
			if err != nil {
				return usageError{c, err}
			}
			return r.write(text)
		},
	}
	r.config.addTo(command)
	command.Flags().StringVar(&r.folder, "dir", "", "`folder` to write to, with the module in it (default: main.tf to stdout)")
	return command
}

func (r *rootModule) mailFlag(command *cobra.Command) {
	command.Flags().StringArrayVar(&r.mail, "mail", nil, "mail `address` to tell; may be repeated (default: the policy's owners.fallback)")
}

// write puts the root module where it was asked for. What is there already
// stays: somebody may have added to it.
func (r *rootModule) write(text string) error {
	if r.folder == "" {
		_, err := io.WriteString(r.app.stdout, text)
		return err
	}
	main := filepath.Join(r.folder, "main.tf")
	if there(main) {
		return hinted{fmt.Errorf("%s is there already; nothing was done", main), "--dir names another folder"}
	}
	if err := r.copyModule(); err != nil {
		return err
	}
	if r.copiesPolicy(text) {
		if err := r.copyPolicy(); err != nil {
			return err
		}
	}
	if err := r.put(main, text); err != nil {
		return err
	}
	r.app.line("Wrote " + main + ", and the module beside it. Next: terraform init, then terraform plan, in " + r.folder)
	return nil
}

func (r *rootModule) put(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return r.app.writeOutputFor(path, 0o644, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
}

// copyModule writes the module that this binary carries.
func (r *rootModule) copyModule() error {
	files := module.Files()
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return r.put(filepath.Join(r.folder, moduleFolder, filepath.FromSlash(name)), string(text))
	})
}

func (r *rootModule) copiesPolicy(text string) bool {
	return strings.Contains(text, config.DefaultFile)
}

func (r *rootModule) copyPolicy() error {
	text, err := os.ReadFile(r.policyPath())
	if err != nil {
		return err
	}
	return r.put(filepath.Join(r.folder, config.DefaultFile), string(text))
}
