package migrate

import (
	"fmt"
	"strings"

	"github.com/keytend/keytend/internal/terraform"
)

// Versions is the file that says once which provider all of them need: from 5.81
// on OIDC providers take no thumbprint.
func Versions() string {
	f := terraform.New()
	required := f.Block("terraform").Block("required_providers")
	required.Set("aws", map[string]any{"source": "hashicorp/aws", "version": ">= 5.81"})
	return f.Text()
}

// Terraform is the file that makes the role, with what a reader has to know; it
// goes beside Versions. Migrations that are not Ready have none.
func (m Migration) Terraform() string {
	f := terraform.New()
	m.write(f, func(string) *terraform.File { return f })
	return f.Text()
}

// Files is Terraform for a folder that several migrations are written into, by
// name: what they have in common is in a file of its own, the same from each.
func (m Migration) Files() map[string]string {
	own, common := terraform.New(), map[string]*terraform.File{}
	m.write(own, func(name string) *terraform.File {
		common[name] = terraform.New()
		return common[name]
	})
	texts := map[string]string{m.RoleName + ".tf": own.Text()}
	for name, f := range common {
		texts[name+".tf"] = f.Text()
	}
	return texts
}

// common is the file that holds what is made once, however many need it.
type common func(name string) *terraform.File

func (m Migration) write(f *terraform.File, shared common) {
	f.Comment(m.heading())
	name := roleLabel(m.RoleName)
	switch m.Recommendation.Replacement {
	case Login:
		m.login(f, name)
	case IdentityCenter:
		m.permissionSet(f, name, shared)
	default:
		m.role(f, name, shared)
	}
}

func (m Migration) heading() string {
	lines := []string{
		fmt.Sprintf("%s takes the place of the keys of %s in account %s: %s.", capital(string(m.Recommendation.Replacement)), m.Holder.Name, m.Around.Account, m.Part.Workload),
		"Its rights are those seen used from " + m.Window.Text + " that the user has now, and no others.",
	}
	lines = append(append(lines, m.Window.Unseen()...), m.Grant.Notes...)
	return strings.Join(append(append(lines, m.Trust.Notes...), m.Notes...), "\n")
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func (m Migration) role(f *terraform.File, name string, shared common) {
	trust := m.trust(shared)
	r := terraform.Role{Label: name, Name: m.RoleName, Trust: []terraform.Statement{trust}, Settings: map[string]any{
		"description": "Takes the place of keys of the IAM user " + m.Holder.Name, "tags": m.Tags(),
	}}
	if m.Grant.Boundary != "" {
		r.Settings["permissions_boundary"] = m.Grant.Boundary
	}
	if len(m.Grant.Actions) > 0 {
		r.Policies = m.policies(name)
	}
	role := f.Role(r)
	m.extras(f, name, role, shared)
	f.Output(name+"_arn", "The role that takes the key's place", role+".arn")
}

// trust is the statement of who may assume the role; a provider that the account
// lacks is made, without thumbprints: IAM verifies by its own trust store.
func (m Migration) trust(shared common) terraform.Statement {
	t := m.Trust
	var who any = []string{t.Principal}
	if p := t.NewProvider; p != nil {
		name := label(p.URL)
		f := shared("oidc-" + name)
		f.Comment("Keep this: once it is applied the account has the provider, keytend migrate writes it no more, and Terraform would take it away.")
		provider := f.Block("resource", "aws_iam_openid_connect_provider", name)
		provider.Set("url", "https://"+p.URL)
		provider.Set("client_id_list", p.Audiences)
		who = []any{terraform.Expression("aws_iam_openid_connect_provider." + name + ".arn")}
	}
	return terraform.Statement{Actions: t.Actions, Principals: []terraform.Principal{{Type: t.Kind, Identifiers: who}}, Conditions: t.Conditions}
}

// extras are what beside the role its kind of workload needs.
func (m Migration) extras(f *terraform.File, name string, role terraform.Expression, shared common) {
	switch m.Recommendation.Replacement {
	case InstanceProfile:
		profile := f.Block("resource", "aws_iam_instance_profile", name)
		profile.Set("name", m.RoleName)
		profile.Set("role", role+".name")
		f.Output(name+"_instance_profile", "What instances are given", terraform.Expression("aws_iam_instance_profile."+name+".name"))
	case PodIdentity:
		pods := f.Block("resource", "aws_eks_pod_identity_association", name)
		pods.Set("cluster_name", m.Answers.Cluster)
		pods.Set("namespace", m.Answers.Namespace)
		pods.Set("service_account", m.Answers.ServiceAccount)
		pods.Set("role_arn", role+".arn")
	case RolesAnywhere:
		m.rolesAnywhere(f, name, role, shared)
	case ExternalID:
		for _, c := range m.Trust.Conditions {
			if c.Variable == "sts:ExternalId" {
				f.Output(name+"_external_id", "What the third party has to send along; it is no secret, but theirs alone", terraform.Expression(fmt.Sprintf("%q", c.Values.([]string)[0])))
			}
		}
	}
}

func (m Migration) rolesAnywhere(f *terraform.File, name string, role terraform.Expression, shared common) {
	anchor := terraform.Expression(fmt.Sprintf("%q", m.Answers.TrustAnchor))
	if m.Answers.TrustAnchor == "" {
		servers := shared("trust-anchor")
		servers.Variable(terraform.Variable{Name: "ca_certificate", Description: "The certificate, in PEM, of the authority that issues the servers' certificates", Type: "string"})
		made := servers.Block("resource", "aws_rolesanywhere_trust_anchor", "servers")
		made.Set("name", "servers")
		made.Set("enabled", true)
		source := made.Block("source")
		source.Set("source_type", "CERTIFICATE_BUNDLE")
		source.Block("source_data").Set("x509_certificate_data", terraform.Expression("var.ca_certificate"))
		anchor = "aws_rolesanywhere_trust_anchor.servers.arn"
	}
	profile := f.Block("resource", "aws_rolesanywhere_profile", name)
	profile.Set("name", m.RoleName)
	profile.Set("enabled", true)
	profile.Set("role_arns", []any{role + ".arn"})
	f.Output(name+"_trust_anchor_arn", "For credential_process of aws_signing_helper", anchor)
	f.Output(name+"_profile_arn", "For credential_process of aws_signing_helper", terraform.Expression("aws_rolesanywhere_profile."+name+".arn"))
}

// login lets the user sign in from the command line: its rights stay its own.
func (m Migration) login(f *terraform.File, name string) {
	attachment := f.Block("resource", "aws_iam_user_policy_attachment", name)
	attachment.Set("user", m.Holder.Name)
	attachment.Set("policy_arn", "arn:"+m.Around.Partition+":iam::aws:policy/SignInLocalDevelopmentAccess")
}

func (m Migration) permissionSet(f *terraform.File, name string, shared common) {
	f.Variable(terraform.Variable{Name: name + "_principal_id", Description: "The person, or better a group, in IAM Identity Center's directory", Type: "string"})
	f.Variable(terraform.Variable{Name: name + "_principal_type", Description: "GROUP or USER", Type: "string", Default: "GROUP"})
	shared("identity-center").Block("data", "aws_ssoadmin_instances", "this")
	instance := terraform.Expression("tolist(data.aws_ssoadmin_instances.this.arns)[0]")
	set := f.Block("resource", "aws_ssoadmin_permission_set", name)
	set.Set("name", m.RoleName[:min(len(m.RoleName), 32)]) // AWS's limit
	set.Set("instance_arn", instance)
	self := terraform.Expression("aws_ssoadmin_permission_set." + name + ".arn")
	if len(m.Grant.Actions) > 0 {
		document := f.Policy(name, statements(m.Grant.Statements))
		inline := f.Block("resource", "aws_ssoadmin_permission_set_inline_policy", name)
		inline.Set("instance_arn", instance)
		inline.Set("permission_set_arn", self)
		inline.Set("inline_policy", document)
	}
	m.bounded(f, name, instance, self)
	assignment := f.Block("resource", "aws_ssoadmin_account_assignment", name)
	assignment.Set("instance_arn", instance)
	assignment.Set("permission_set_arn", self)
	assignment.Set("principal_id", terraform.Expression("var."+name+"_principal_id"))
	assignment.Set("principal_type", terraform.Expression("var."+name+"_principal_type"))
	assignment.Set("target_id", m.Around.Account)
	assignment.Set("target_type", "AWS_ACCOUNT")
}

// bounded gives the permission set the user's boundary: without, it would be
// wider.
func (m Migration) bounded(f *terraform.File, name string, instance, set terraform.Expression) {
	if m.Grant.Boundary == "" {
		return
	}
	attachment := f.Block("resource", "aws_ssoadmin_permissions_boundary_attachment", name)
	attachment.Set("instance_arn", instance)
	attachment.Set("permission_set_arn", set)
	boundary := attachment.Block("permissions_boundary")
	_, policy, _ := strings.Cut(m.Grant.Boundary, ":policy/")
	if strings.Contains(m.Grant.Boundary, ":iam::aws:policy/") {
		boundary.Set("managed_policy_arn", m.Grant.Boundary)
		return
	}
	at := strings.LastIndexByte(policy, '/') + 1
	reference := boundary.Block("customer_managed_policy_reference")
	reference.Set("name", policy[at:])
	reference.Set("path", "/"+policy[:at])
}
