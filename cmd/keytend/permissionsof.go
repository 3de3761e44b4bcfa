package main

import (
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/destination/secretsmanager"
	"github.com/keytend/keytend/internal/destination/ssm"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/permission"
	"github.com/keytend/keytend/internal/policy"
)

// uses is what a policy file uses of keytend.
type uses struct {
	account []permission.Feature // in each account
	caller  []permission.Feature // with the credentials in use, for all of them
	scope   permission.Scope     // of account
	without []string             // actions that no rule of it comes to
	entered bool                 // accounts are entered by roles, so that the caller is somebody else
	apart   bool                 // in its own account too
}

// usesOf finds out what a policy comes to under the modes that stand in it.
func usesOf(p *config.Policy) uses {
	u := uses{account: []permission.Feature{permission.Scan}}
	u.changes(p)
	if !slices.Contains(u.account, permission.SecretsManager) {
		u.without = append(u.without, "secretsmanager:DescribeSecret") // a scan asks for it, and no plan does
	}
	u.elsewhere(p)
	u.calls(permission.IdentityStore, p.Owners.IdentityStore != "")
	for _, c := range p.Notices.Channels {
		u.calls(permission.SNS, c.SNS != "")
		u.calls(permission.EventBridge, c.EventBridge != "")
	}
	u.enters(p.Accounts.Organization)
	return u
}

// calls adds what the caller needs for all accounts.
func (u *uses) calls(f permission.Feature, wanted bool) {
	if wanted && !slices.Contains(u.caller, f) {
		u.caller = append(u.caller, f)
	}
}

// does adds what is done in each account.
func (u *uses) does(f permission.Feature, wanted bool) {
	if wanted && !slices.Contains(u.account, f) {
		u.account = append(u.account, f)
	}
}

// layers are the settings of the file and of every override of it.
func layers(p *config.Policy) []config.Settings {
	all := []config.Settings{p.Settings}
	for _, o := range p.Overrides {
		all = append(all, o.Settings)
	}
	return all
}

// changes adds what is changed, where any mode is more than observing.
func (u *uses) changes(p *config.Policy) {
	all := layers(p)
	any := func(holds func(config.Settings) bool) bool { return slices.ContainsFunc(all, holds) }
	if !any(func(s config.Settings) bool {
		return s.Mode == config.Mode(policy.Approve) || s.Mode == config.Mode(policy.Enforce)
	}) {
		return
	}
	deletes := any(func(s config.Settings) bool { return s.Rules.DeleteInactive > 0 })
	rotates := any(func(s config.Settings) bool { return s.Rules.Rotate }) &&
		any(func(s config.Settings) bool { return len(s.Destinations) > 0 || s.DestinationsTag != "" })
	u.does(permission.Rotate, rotates)
	u.does(permission.Retire, deletes || any(func(s config.Settings) bool { return s.Rules.DisableUnused > 0 }))
	if !rotates && !deletes {
		u.without = []string{"iam:DeleteAccessKey"}
	}
	for _, s := range all {
		for _, name := range s.Destinations {
			u.delivers(name, rotates)
		}
	}
	if rotates && any(func(s config.Settings) bool { return s.DestinationsTag != "" }) { // a tag may name any
		u.does(permission.SecretsManager, true)
		u.does(permission.SSM, true)
		u.scope.Secrets, u.scope.Parameters = nil, nil
	}
}

// anyName stands for what a placeholder will be, while a name is read.
const anyName = "PLACEHOLDER"

var placeholders = strings.NewReplacer("{user}", anyName, "{account}", anyName, "{path}", "/"+anyName)

// delivers adds a destination, with the names that its placeholders may make.
func (u *uses) delivers(name string, rotates bool) {
	kind, where, _ := strings.Cut(placeholders.Replace(name), ":")
	pattern := func(name string) string {
		return strings.ReplaceAll(strings.ReplaceAll(name, "/"+anyName, "/*"), anyName, "*")
	}
	switch {
	case !rotates:
	case kind == secretsmanager.Kind:
		u.does(permission.SecretsManager, true)
		if spec, err := secretsmanager.Parse(where); err == nil { // else config.Load has refused it
			u.scope.Secrets = append(u.scope.Secrets, pattern(secretName(spec.Name)))
		}
	case kind == ssm.Kind:
		u.does(permission.SSM, true)
		if spec, err := ssm.Parse(where); err == nil {
			u.scope.Parameters = append(u.scope.Parameters, pattern(spec.Name))
		}
	}
}

// secretName is a secret's name, also where its ARN is given, which ends in a
// dash and six characters.
func secretName(nameOrARN string) string {
	_, name, isARN := strings.Cut(nameOrARN, ":secret:")
	if !isARN {
		return nameOrARN
	}
	return name[:max(len(name)-len("-AbCdEf"), 0)]
}

// elsewhere adds where other managers of keys are looked for.
func (u *uses) elsewhere(p *config.Policy) {
	everywhere := len(p.Managed.CloudFormationRegions) == 0
	u.does(permission.MakingStacks, p.Managed.CloudFormation && !everywhere)
	u.does(permission.AllStacks, p.Managed.CloudFormation && everywhere)
	u.calls(permission.TerraformState, slices.ContainsFunc(p.Managed.TerraformState, func(place string) bool { return strings.HasPrefix(place, "s3://") }))
}

// enters adds how an organization's accounts are found and entered.
func (u *uses) enters(o *config.Organization) {
	if o == nil {
		return
	}
	u.entered, u.apart = true, !o.Roles.None()
	u.calls(permission.Organization, true)
	for _, text := range slices.Concat(o.Include, o.Exclude) {
		term, _ := fleet.ParseTerm(text) // config.Load has refused what is none
		u.calls(permission.ByTag, term.ByTag())
		u.calls(permission.ByUnit, term.ByName())
	}
	if u.scope.MemberRole = o.Role; o.Role == "" && !u.apart {
		u.scope.MemberRole = fleet.DefaultRole
	}
	u.scope.ExternalID = o.ExternalID
	u.scope.Roles = rolesByKind(rolesOf(o))
}

// rolesByKind are those that are named.
func rolesByKind(r fleet.Roles) map[permission.Kind]string {
	all := map[permission.Kind]string{
		permission.Read: r.Read, permission.Deliver: r.Deliver, permission.Create: r.Create,
		permission.Deactivate: r.Deactivate, permission.Delete: r.Delete,
	}
	for kind, name := range all {
		if name == "" {
			delete(all, kind)
		}
	}
	return all
}

// of are the features of whom a policy is for.
func (u uses) of(caller bool) []permission.Feature {
	switch {
	case u.entered && !caller:
		return u.account
	case caller && u.apart:
		return u.caller
	}
	return slices.Concat(u.account, u.caller) // in its own account the caller is nobody else
}
