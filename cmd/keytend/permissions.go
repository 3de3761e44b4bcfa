package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/permission"
)

// permissions is one run of `keytend permissions`.
type permissions struct {
	app      *app
	features []string
	kinds    []string
	roles    map[string]string // names, by kind
	format   choice
	scope    permission.Scope
	trust    string
	external string
	cutOff   bool
	config   policyFlag
	caller   bool
	without  []string // actions that the policy file does without
	revive   bool
}

func permissionsCommand(a *app) *cobra.Command {
	p := &permissions{app: a, features: []string{string(permission.Scan)},
		format: choice{allowed: []string{"json", "terraform", "cloudformation", "table"}, value: "json"}}
	command := &cobra.Command{
		Use:   "permissions",
		Short: "Print the least IAM policy for what you use keytend for",
		Long: `Permissions prints the IAM policy that keytend needs, and no more: for each
feature named by --for, every action in it is needed and enough.

JSON is the policy itself. Terraform and CloudFormation make a role that a caller
may assume with an external ID, with one policy for each kind of action (read,
enter, deliver, watch, create, deactivate, delete), so that each can be left out; with
--roles, kinds get roles of their own. The template names no account, and suits a
StackSet. With --output table, each action is listed with what it is for.

--config takes what keytend is used for, and the names of roles, secrets and
parameters, from a policy file, in the modes that stand there: under observe,
nothing is changed. Where the file names an organization, it is for the roles in
each account; --caller is for the one who enters them.

--path and --tag keep everything that changes keys to the users below a path, or
with a tag: keytend can then make no key for anybody else. Iam:PutUserPolicy, by
which revoke denies old sessions, can't be kept to one policy by IAM: whoever has
it can give a user any right. Leave revoke out where that is too much.

Features:
` + featureLines() + `
With less than it needs a scan reports what it can read, lists what it couldn't,
and exits 4. Sts:GetCallerIdentity needs no permission. Where
iam:GetAccountAuthorizationDetails is denied, iam:ListUsers is used instead.`,
		Example: `  keytend permissions --for scan
  keytend permissions --for scan,rotate,retire,secretsmanager --path /apps/ --output terraform
  keytend permissions --config keytend.yaml --output cloudformation
  keytend permissions --config keytend.yaml --caller
  keytend permissions --for rotate --output table
  keytend permissions --for scan,rotate --output cloudformation > keytend-role.yaml
  keytend permissions --for organization --role-name keytend-member
  keytend permissions --for scan,rotate --roles read=keytend-read,create=keytend-create,deactivate=keytend-off,delete=keytend-delete --output terraform
  keytend permissions --trust arn:aws:iam::123456789012:role/keytend --external-id example
  keytend permissions --cut-off --revivable`,
		Args: noFeatures,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.fromPolicy(c); err != nil {
				return err
			}
			text, err := p.text()
			if err != nil {
				return usageError{c, err}
			}
			_, err = fmt.Fprintln(a.stdout, text)
			return err
		},
	}
	p.flags(command)
	return command
}

// noFeatures refuses arguments, and tells who named features as such how to.
func noFeatures(c *cobra.Command, args []string) error {
	if len(args) > 0 && slices.Contains(permission.Features(), permission.Feature(args[0])) {
		return fmt.Errorf("features are named by --for: %s --for %s", c.CommandPath(), strings.Join(args, ","))
	}
	return cobra.NoArgs(c, args)
}

func featureLines() string {
	var b strings.Builder
	for _, f := range permission.Features() {
		fmt.Fprintf(&b, "  %-22s %s\n", f, permission.About(f))
	}
	return b.String()
}

func (p *permissions) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringSliceVar(&p.features, "for", p.features, "what keytend is used for (see above)")
	flags.StringVar(&p.config.path, "config", "", "instead of --for: what this policy `file` comes to")
	flags.BoolVar(&p.caller, "caller", false, "with --config: for the caller of an organization, not for the roles in its accounts")
	flags.StringSliceVar(&p.kinds, "only", nil, "actions of these `kinds` alone: read, enter, deliver, watch, create, deactivate, delete")
	p.format.addTo(command, "output", "o", "how to write it")
	flags.StringVar(&p.scope.Path, "path", "", "change keys of users below this `path` alone, such as /apps/")
	flags.StringVar(&p.scope.Tag, "tag", "", "change keys of users with this tag alone: `KEY=VALUE`")
	flags.StringSliceVar(&p.scope.Secrets, "secrets", nil, "`names` of secrets, or patterns such as prod/* (default: all)")
	flags.StringSliceVar(&p.scope.Parameters, "parameters", nil, "`names` of parameters, or patterns such as /prod/* (default: all)")
	flags.StringSliceVar(&p.scope.KMSKeys, "kms-keys", nil, "`ARNs` of the KMS keys that those are encrypted with (default: all, by way of those services)")
	flags.StringVar(&p.scope.EscrowKey, "escrow-key", "", "`ARN` of the KMS key of --escrow-kms (default: any)")
	flags.StringVar(&p.scope.Self, "as", "role/keytend", "what keytend runs as: `role/NAME` or user/NAME")
	flags.StringVar(&p.scope.MemberRole, "role-name", "", "name of the `role` in each account (default: that of --as)")
	flags.StringToStringVar(&p.roles, "roles", nil, "separate roles: `KIND=NAME` for read, deliver, create, deactivate, delete")
	flags.StringVar(&p.scope.Partition, "partition", "aws", "AWS `partition`: aws, aws-us-gov, aws-cn")
	flags.StringVar(&p.trust, "trust", "", "print the trust policy that admits this `ARN` instead")
	flags.StringVar(&p.external, "external-id", "", "with --trust: the external `ID` that must come along")
	flags.BoolVar(&p.cutOff, "cut-off", false, "print a service control policy that takes every right to change keys from keytend instead")
	flags.BoolVar(&p.revive, "revivable", false, "with --cut-off: leave it the right to switch keys on again (and off)")
	command.MarkFlagsMutuallyExclusive("trust", "cut-off")
	command.MarkFlagsMutuallyExclusive("for", "config")
}

// fromPolicy takes features and scope from the policy file, where one is named;
// flags win.
func (p *permissions) fromPolicy(c *cobra.Command) error {
	if p.config.path == "" {
		if p.caller {
			return usageError{c, errors.New("--caller goes with --config")}
		}
		return nil
	}
	file, err := p.app.loadPolicy(&p.config)
	if err != nil {
		return err
	}
	u := usesOf(file)
	p.features, p.without = nil, u.without
	for _, f := range u.of(p.caller) {
		p.features = append(p.features, string(f))
	}
	s := &p.scope
	s.ExternalID, s.Roles, s.MemberRole = u.scope.ExternalID, u.scope.Roles, cmp.Or(s.MemberRole, u.scope.MemberRole)
	if u.entered && !p.caller && !c.Flags().Changed("as") {
		s.Self = "role/" + s.MemberRole // whose rights are simulated
	}
	if len(s.Secrets) == 0 {
		s.Secrets = u.scope.Secrets
	}
	if len(s.Parameters) == 0 {
		s.Parameters = u.scope.Parameters
	}
	return nil
}

func (p *permissions) text() (string, error) {
	for kind, name := range p.roles {
		if p.scope.Roles == nil {
			p.scope.Roles = map[permission.Kind]string{}
		}
		p.scope.Roles[permission.Kind(kind)] = name
	}
	if err := p.scope.Check(); err != nil {
		return "", err
	}
	switch {
	case p.cutOff:
		return permission.CutOff(p.scope, p.revive).JSON(), nil
	case p.trust != "":
		text, err := json.MarshalIndent(permission.Trust(p.trust, p.external), "", "  ")
		return string(text), err
	case p.revive || p.external != "":
		return "", errors.New("--revivable goes with --cut-off, --external-id with --trust")
	}
	needs, err := p.needs()
	if err != nil {
		return "", err
	}
	switch p.format.value {
	case "terraform":
		return strings.TrimRight(permission.Terraform(needs, p.scope), "\n"), nil
	case "cloudformation":
		return strings.TrimRight(permission.CloudFormation(needs, p.scope), "\n"), nil
	case "table":
		return needsTable(needs), nil
	}
	return permission.Policy(needs, p.scope).JSON(), nil
}

func (p *permissions) needs() ([]permission.Need, error) {
	var features []permission.Feature
	for _, name := range p.features {
		f, err := permission.ParseFeature(strings.TrimSpace(name))
		if err != nil {
			return nil, fmt.Errorf("--for: %w", err)
		}
		features = append(features, f)
	}
	needs := slices.DeleteFunc(permission.Needs(features...), func(n permission.Need) bool { return slices.Contains(p.without, n.Action) })
	for _, k := range p.kinds {
		if !slices.Contains(permission.Kinds(), permission.Kind(k)) {
			return nil, fmt.Errorf("--only: no kind %q: want %v", k, permission.Kinds())
		}
	}
	if len(p.kinds) > 0 {
		needs = slices.DeleteFunc(needs, func(n permission.Need) bool { return !slices.Contains(p.kinds, string(n.Kind)) })
	}
	if len(needs) == 0 {
		return nil, fmt.Errorf("--for %s needs no action of kind %s", strings.Join(p.features, ","), strings.Join(p.kinds, ", "))
	}
	return needs, nil
}

// needsTable lists each action with what it is for, by kind.
func needsTable(needs []permission.Need) string {
	kinds := permission.Kinds()
	needs = slices.Clone(needs)
	slices.SortStableFunc(needs, func(a, b permission.Need) int {
		return cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind))
	})
	var lines []string
	for _, n := range needs {
		lines = append(lines, fmt.Sprintf("%-11s %-45s %s", n.Kind, n.Action, n.Why))
	}
	return strings.Join(lines, "\n")
}
