package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/terraform"
)

// moduleFolder is where --dir puts the module, beside main.tf.
const moduleFolder = "keytend"

// root begins a root module, with the provider that it wants.
func (r *rootModule) root(about string, ignored ...string) *terraform.File {
	f := terraform.New()
	f.Comment(about)
	needs := f.Block("terraform")
	needs.Set("required_version", ">= 1.5.0")
	needs.Block("required_providers").Set("aws", map[string]any{"source": "hashicorp/aws", "version": ">= 5.40.0, < 7.0.0"})
	if r.app.region == "" && len(ignored) == 0 {
		return f
	}
	provider := f.Block("provider", "aws")
	if r.app.region != "" {
		provider.Set("region", r.app.region)
	}
	if len(ignored) > 0 {
		provider.Block("ignore_tags").Set("key_prefixes", ignored)
	}
	return f
}

// call begins the module's block.
func (r *rootModule) call(f *terraform.File) *terraform.Body {
	call := f.Block("module", "keytend")
	call.Set("source", r.source(""))
	return call
}

// source is where the module, or a part of it, is.
func (r *rootModule) source(part string) string {
	if r.folder != "" {
		return "./" + moduleFolder + part
	}
	return moduleSource + part
}

func (r *rootModule) policyPath() string {
	return cmp.Or(r.config.named(r.app), config.DefaultFile)
}

// policySize is how many characters the policy file has, if there is one.
func (r *rootModule) policySize() int {
	text, err := os.ReadFile(r.policyPath())
	if !r.found || err != nil {
		return 0
	}
	return utf8.RuneCount(text)
}

func (r *rootModule) rotation() (string, error) {
	f := r.root("The rotation function, which Secrets Manager calls; the zip is made by\n`keytend terraform package`. The tags are its record, on the secrets.", "keytend:rotation/")
	secrets, err := r.eachSecret(f)
	if err != nil {
		return "", err
	}
	patterns := usesOf(r.policy).scope.Secrets
	for _, pattern := range r.patterns {
		if !slices.Contains(patterns, pattern) {
			patterns = append(patterns, pattern)
		}
	}
	if len(secrets)+len(patterns) == 0 {
		return "", errors.New("no secret to rotate: name them by --secret or --pattern, or in the policy's destinations (mode approve or enforce)")
	}
	if size, room := r.policySize(), 3500; size > room {
		return "", fmt.Errorf("%s has %d characters, and a function's environment has room for %d of them: leave out what is not about these secrets, or comments", r.policyPath(), size, room)
	}
	call := r.call(f)
	call.Set("package", terraform.InModule(filepath.ToSlash(r.zip)))
	call.Set("architecture", r.arch.value)
	if r.found {
		call.Set("policy", "file("+terraform.InModule(config.DefaultFile)+")")
	}
	call.Set("secrets", secrets)
	if len(patterns) > 0 {
		call.Set("secret_patterns", patterns)
	}
	call.Set("mail", r.addresses())
	f.Output("function_arn", "ARN of the rotation function.", "module.keytend.function_arn")
	return f.Text(), nil
}

// eachSecret are the secrets by name, as the module takes them; those that are
// known by name alone are looked up when Terraform runs.
func (r *rootModule) eachSecret(f *terraform.File) (map[string]any, error) {
	every, err := everyDays(r.policy)
	if err != nil {
		return nil, err
	}
	out, labels := map[string]any{}, map[string]bool{}
	for _, given := range r.secrets {
		var arn any = given
		if !strings.HasPrefix(given, "arn:") {
			label := identifier(given)
			for labels[label] {
				label += "_" // of prod/a and prod-a
			}
			labels[label] = true
			f.Block("data", "aws_secretsmanager_secret", label).Set("name", given)
			arn = terraform.Expression("data.aws_secretsmanager_secret." + label + ".arn")
		}
		out[secretName(given)] = map[string]any{"arn": arn, "every_days": every}
	}
	if len(out) < len(r.secrets) {
		return nil, errors.New("--secret names a secret twice")
	}
	return out, nil
}

// everyDays is how often a key must be replaced at least, so that the one before
// is Inactive when it reaches max_age although its overlap took the longest.
func everyDays(p *config.Policy) (int, error) {
	left := time.Duration(p.Rules.MaxAge) - time.Duration(p.Times.OverlapMax) - time.Duration(p.Times.Margin) - policy.Day
	if left < policy.Day {
		return 0, fmt.Errorf("max_age %s leaves no day between rotations: overlap_max %s, margin %s and a day to spare go off it", p.Rules.MaxAge, p.Times.OverlapMax, p.Times.Margin)
	}
	return min(int(left/policy.Day), 1000), nil
}

// identifier is a name for Terraform that is made from another one.
func identifier(name string) string {
	word := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, name)
	return "secret_" + word
}

// addresses are who is told: those that were given, else who owns what nobody
// else owns.
func (r *rootModule) addresses() []string {
	if fallback := r.policy.Owners.Fallback; len(r.mail) == 0 && strings.Contains(fallback, "@") {
		return []string{fallback}
	}
	return append([]string{}, r.mail...)
}

func (r *rootModule) monitoring() (string, error) {
	f := r.root("AWS Config's rules on access keys, in one region, alarms, and who is told. A\nconfiguration recorder must run there.")
	call := r.call(f)
	days := func(d config.Duration) int { return max(int(time.Duration(d)/policy.Day), 1) }
	call.Set("config_rules", map[string]any{
		"max_key_age":  days(r.policy.Rules.MaxAge),
		"max_unused":   days(r.policy.Rules.ReportUnused),
		"organization": r.policy.Accounts.Organization != nil,
	})
	call.Set("alarms", map[string]any{"oldest_key_days": days(r.policy.Rules.MaxAge) + 30, "metrics_from_elsewhere": true})
	call.Set("mail", r.addresses())
	f.Output("topic_arn", "ARN of the topic that is told.", "module.keytend.topic_arn")
	return f.Text(), nil
}

func (r *rootModule) memberRole() (string, error) {
	uses := usesOf(r.policy)
	if len(uses.scope.Roles) > 0 {
		return "", errors.New("the policy's accounts.organization.roles names a role for each kind of act: `keytend permissions --output terraform` writes those")
	}
	f := r.root("The role by which Keytend enters this account.")
	role := f.Block("module", "keytend_member_role")
	role.Set("source", r.source("/modules/member-role"))
	role.Set("name", cmp.Or(r.role, uses.scope.MemberRole, "keytend-member"))
	role.Set("principal", r.principal)
	role.Set("external_id", cmp.Or(r.external, uses.scope.ExternalID))
	role.Set("write", slices.ContainsFunc(layers(r.policy), func(s config.Settings) bool {
		return s.Mode == config.Mode(policy.Approve) || s.Mode == config.Mode(policy.Enforce)
	}))
	f.Output("role_arn", "ARN of the role.", "module.keytend_member_role.role_arn")
	return f.Text(), nil
}
