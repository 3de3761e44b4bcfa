package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/iampolicy"
	"github.com/keytend/keytend/internal/migrate"
)

// The two accounts: people enter the second through IAM Identity Center, and
// a workload of it uses a key of the first.
const (
	plainAccount  = "123456789012"
	centerAccount = "210987654321"
	anchorARN     = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/11111111-2222-3333-4444-555555555555"
)

// consumerKind is a workload of one kind, with a key of a user of its name.
type consumerKind struct {
	name     string
	account  string // empty: the first
	agent    string
	source   string // address it calls from
	endpoint string // VPC endpoint it calls through
	also     *consumerKind

	says     string // of usage: what uses it, and where; a pattern
	workload migrate.Workload
	instead  migrate.Replacement
	answers  []string

	entry    *fakeaws.Entry // how it comes by the role; nil: by AssumeRole, or there is none
	stranger *fakeaws.Entry // who must not come by it; nil: nobody is told apart
	from     string         // the role of its own account from which it assumes it
}

func byService(name string, facts map[string][]string) *fakeaws.Entry {
	return &fakeaws.Entry{Caller: iampolicy.Caller{Service: name}, Action: "sts:AssumeRole", Facts: facts}
}

func byToken(issuer, audience, subject string) *fakeaws.Entry {
	return &fakeaws.Entry{Caller: iampolicy.Caller{Account: plainAccount, IdP: "arn:aws:iam::" + plainAccount + ":oidc-provider/" + issuer},
		Action: "sts:AssumeRoleWithWebIdentity", Facts: map[string][]string{issuer + ":aud": {audience}, issuer + ":sub": {subject}}}
}

func inAccount(account, arn string) map[string][]string {
	return map[string][]string{"aws:SourceAccount": {account}, "aws:SourceArn": {arn}}
}

func podOf(account string) map[string][]string {
	return map[string][]string{"aws:RequestTag/eks-cluster-arn": {"arn:aws:eks:us-east-1:123456789012:cluster/prod"},
		"aws:RequestTag/kubernetes-namespace": {"dns"}, "aws:RequestTag/kubernetes-service-account": {account}}
}

func certificate(name string) map[string][]string {
	return map[string][]string{"aws:SourceArn": {anchorARN}, "aws:PrincipalTag/x509Subject/CN": {name}}
}

const (
	mac     = "aws-cli/2.28.0 md/awscrt#0.19.19 ua/2.0 os/macos#23.1.0 md/arch#arm64 lang/python#3.11.6 md/command#ec2.describe-addresses"
	windows = "aws-cli/2.28.1 ua/2.1 os/windows#10 lang/python#3.13.4"
	server  = "Boto3/1.24.0 Python/3.8.10 Linux/6.2.16-3-pve Botocore/1.27.0"
)

// kinds are all of them.
func kinds() []*consumerKind {
	return []*consumerKind{
		{name: "machine", agent: "aws-sdk-java/2.20.26 Linux/5.15.0-1031-aws OpenJDK_64-Bit_Server_VM/17.0.6+10 Java/17.0.6", source: "192.0.2.8",
			says: `A Java program on Linux of EC2 uses it from the account's instance i-0example`, workload: migrate.EC2, instead: migrate.InstanceProfile,
			entry: byService("ec2.amazonaws.com", nil), stranger: byService("lambda.amazonaws.com", nil)},
		{name: "function", agent: "aws-sdk-nodejs/2.1354.0 linux/v18.16.0 exec-env/AWS_Lambda_nodejs18.x promise", source: "18.192.1.2",
			says: `A Node\.js program in AWS Lambda uses it from AWS`, workload: migrate.Lambda, instead: migrate.ExecutionRole,
			entry:    byService("lambda.amazonaws.com", inAccount(plainAccount, "arn:aws:lambda:us-east-1:123456789012:function:billing")),
			stranger: byService("lambda.amazonaws.com", inAccount(centerAccount, "arn:aws:lambda:us-east-1:210987654321:function:billing"))},
		{name: "task", agent: "aws-sdk-go-v2/1.21.0 os/linux lang/go#1.20.7 exec-env/AWS_ECS_FARGATE", source: "192.0.2.7",
			says: `A Go program in an ECS task on Fargate uses it from the account's NAT gateway`, workload: migrate.ECS, instead: migrate.TaskRole,
			entry:    byService("ecs-tasks.amazonaws.com", inAccount(plainAccount, "arn:aws:ecs:us-east-1:123456789012:task/prod/1")),
			stranger: byService("ecs-tasks.amazonaws.com", inAccount(centerAccount, "arn:aws:ecs:us-east-1:210987654321:task/prod/1"))},
		{name: "pod", agent: "aws-sdk-go/1.44.311 (go1.20.6; linux; amd64) ExternalDNS/v0.13.5", source: "192.0.2.7",
			says: `ExternalDNS on Linux uses it from the account's NAT gateway`, workload: migrate.EKS, instead: migrate.PodIdentity,
			answers: []string{"--cluster", "prod", "--namespace", "dns", "--service-account", "external-dns"},
			entry:   byService("pods.eks.amazonaws.com", podOf("external-dns")), stranger: byService("pods.eks.amazonaws.com", podOf("default"))},
		{name: "neighbour", agent: "rclone/v1.65.0", source: "10.0.0.9", endpoint: "vpce-0other",
			says: `rclone uses it through VPC endpoint vpce-0other`, workload: migrate.OtherAccount, instead: migrate.AssumeRole,
			answers: []string{"--principal", "arn:aws:iam::210987654321:role/app"}, from: "app"},
		{name: "github", agent: "aws-sdk-js/3.600.0 ua/2.0 os/linux#6.5.0-1022-azure lang/js md/nodejs#20.13.1 api/sts#3.600.0 configure-aws-credentials-for-github-actions", source: "192.0.2.21",
			says: `GitHub Actions on Linux of Azure uses it from 192\.0\.2\.21`, workload: migrate.GitHubActions, instead: migrate.OIDC,
			answers:  []string{"--repo", "example/shop", "--branch", "main"},
			entry:    byToken("token.actions.githubusercontent.com", "sts.amazonaws.com", "repo:example/shop:ref:refs/heads/main"),
			stranger: byToken("token.actions.githubusercontent.com", "sts.amazonaws.com", "repo:example/shop:pull_request")},
		{name: "gitlab", agent: "aws-cli/2.15.0 ua/2.0 os/linux#5.15.154+ lang/python#3.11.6 gitlab-runner/16", source: "192.0.2.22",
			says: `GitLab on Google's Container-Optimized OS uses it from 192\.0\.2\.22`, workload: migrate.GitLab, instead: migrate.OIDC,
			answers:  []string{"--repo", "example/shop", "--branch", "main"},
			entry:    byToken("gitlab.com", "https://gitlab.com", "project_path:example/shop:ref_type:branch:ref:main"),
			stranger: byToken("gitlab.com", "https://gitlab.com", "project_path:example/shop:ref_type:branch:ref:feature")},
		{name: "circleci", agent: "aws-cli/2.15.0 ua/2.0 os/linux#5.15.0-1057-aws lang/python#3.11.6", source: "3.228.39.90",
			says: `The AWS CLI 2 on Linux of EC2 uses it from CircleCI`, workload: migrate.CircleCI, instead: migrate.OIDC,
			answers:  []string{"--ci-organization", "11111111-2222-3333-4444-555555555555", "--project", "66666666-7777-8888-9999-000000000000"},
			entry:    byToken("oidc.circleci.com/org/11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-555555555555", "org/11111111-2222-3333-4444-555555555555/project/66666666-7777-8888-9999-000000000000/user/u"),
			stranger: byToken("oidc.circleci.com/org/11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-555555555555", "org/11111111-2222-3333-4444-555555555555/project/other/user/u")},
		{name: "bitbucket", agent: "Boto3/1.26.0 Python/3.10.0 Linux/5.15.0 Botocore/1.29.0", source: "34.199.54.113",
			says: `A Python program \(boto3\) on Linux uses it from Bitbucket`, workload: migrate.Bitbucket, instead: migrate.OIDC,
			answers:  []string{"--workspace", "example", "--ci-organization", "11111111-2222-3333-4444-555555555555", "--repo", "66666666-7777-8888-9999-000000000000"},
			entry:    byToken("api.bitbucket.org/2.0/workspaces/example/pipelines-config/identity/oidc", "ari:cloud:bitbucket::workspace/11111111-2222-3333-4444-555555555555", "{66666666-7777-8888-9999-000000000000}:{step}"),
			stranger: byToken("api.bitbucket.org/2.0/workspaces/example/pipelines-config/identity/oidc", "ari:cloud:bitbucket::workspace/11111111-2222-3333-4444-555555555555", "{00000000-7777-8888-9999-000000000000}:{step}")},
		{name: "terraform", agent: "TFC/1 APN/1.0 HashiCorp/1.0 Terraform/1.9.8 terraform-provider-aws/5.80.0 aws-sdk-go-v2/1.32.5 os/linux lang/go#1.23", source: "18.192.1.9",
			says: `HCP Terraform on Linux uses it from AWS`, workload: migrate.HCPTerraform, instead: migrate.OIDC,
			answers:  []string{"--ci-organization", "example", "--project", "shop", "--workspace", "prod"},
			entry:    byToken("app.terraform.io", "aws.workload.identity", "organization:example:project:shop:workspace:prod:run_phase:apply"),
			stranger: byToken("app.terraform.io", "aws.workload.identity", "organization:example:project:shop:workspace:test:run_phase:apply")},
		{name: "ana", agent: mac, source: "198.51.100.7", says: `The AWS CLI 2 on macOS uses it from 198\.51\.100\.7`, workload: migrate.Human, instead: migrate.Login},
		{name: "bo", agent: windows, source: "198.51.100.8", says: `The AWS CLI 2 on Windows uses it from 198\.51\.100\.8`, workload: migrate.Human, instead: migrate.Login},
		{name: "cy", account: centerAccount, agent: mac, source: "198.51.100.9", says: `The AWS CLI 2 on macOS uses it from 198\.51\.100\.9`, workload: migrate.Human, instead: migrate.IdentityCenter},
		{name: "di", account: centerAccount, agent: windows, source: "198.51.100.10", says: `The AWS CLI 2 on Windows uses it from 198\.51\.100\.10`, workload: migrate.Human, instead: migrate.IdentityCenter},
		{name: "basement", agent: server, source: "203.0.113.5", says: `A Python program \(boto3\) on Linux of Proxmox uses it from 203\.0\.113\.5`, workload: migrate.OnPremises, instead: migrate.RolesAnywhere,
			answers: []string{"--common-name", "backup.example.com", "--trust-anchor", anchorARN},
			entry:   byService("rolesanywhere.amazonaws.com", certificate("backup.example.com")), stranger: byService("rolesanywhere.amazonaws.com", certificate("mail.example.com"))},
		{name: "vendor", agent: "APN/1.0 Acme/1.0 Backupper/3.1 aws-sdk-java/2.20.0 Linux/5.10 Java/17.0.6", source: "192.0.2.99",
			says: `Acme Backupper on Linux uses it from 192\.0\.2\.99`, workload: migrate.ThirdParty, instead: migrate.ExternalID,
			answers: []string{"--principal", "arn:aws:iam::210987654321:role/app"}, from: "app"},
		{name: "mixed", agent: server, source: "203.0.113.5", also: &consumerKind{agent: mac, source: "198.51.100.7"},
			says: `(?s)Proxmox uses it from 203\.0\.113\.5.*macOS uses it from 198\.51\.100\.7|macOS uses it from 198\.51\.100\.7.*Proxmox uses it from 203\.0\.113\.5`, workload: migrate.Mixed, instead: migrate.SplitUp,
			answers: []string{"--common-name", "backup.example.com", "--trust-anchor", anchorARN},
			entry:   byService("rolesanywhere.amazonaws.com", certificate("backup.example.com")), stranger: byService("rolesanywhere.amazonaws.com", certificate("mail.example.com"))},
		{name: "idle", says: `was never used`, workload: migrate.Unused, instead: migrate.Nothing},
		{name: "riddle", agent: "curl/8.4.0", source: "203.0.113.90", says: `curl uses it from 203\.0\.113\.90`, workload: migrate.Unknown, instead: migrate.FindOut},
	}
}

// TestEveryKindOfWorkloadGoesFromKeyToRole is what `usage` and `migrate` are for,
// whole: on a simulated AWS with a workload of each kind, usage names each,
// migrate recommends what is right for it, the role that it writes lets the
// workload in and nobody else and is enough for what it does, and the key ends
// without a failed call.
func TestEveryKindOfWorkloadGoesFromKeyToRole(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	t.Parallel()
	m := newMove(t)
	for _, k := range m.kinds {
		m.named(k)
		m.recommended(k)
	}
	m.begin()
	m.pass(2)
	for _, k := range m.kinds {
		if k.workload != migrate.Unused && m.status(k) != "Active" {
			t.Errorf("the key of %s was switched off while it was in use", k.name)
		}
	}
	for _, k := range m.kinds {
		m.moves(k)
	}
	m.pass(10)
	m.pass(5)
	for _, k := range m.kinds {
		m.ended(k)
	}
}

// tenant is one workload that makes calls.
type tenant struct {
	kind         *consumerKind
	agent        string
	source       string
	role         string // that it uses by now; empty: the key
	external     string // the external ID that it was told
	gone         bool   // to where no key and no role of this account is asked for
	made, failed int
	complaint    error
}

// move is both accounts, and whoever moves there.
type move struct {
	t       *testing.T
	cloud   *fakeaws.AWS
	env     []string
	kinds   []*consumerKind
	tenants []*tenant
	roles   map[*consumerKind]partJSON
}

func newMove(t *testing.T) *move {
	t.Helper()
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	m := &move{t: t, kinds: kinds(), cloud: fakeaws.New(fakeaws.Config{Start: start, Seed: 1, Hurried: true, LastUsedLag: time.Hour}), roles: map[*consumerKind]partJSON{}}
	for _, account := range []string{plainAccount, centerAccount} {
		m.cloud.AddAccount(m.account(account, start))
	}
	for _, k := range m.kinds {
		for _, part := range []*consumerKind{k, k.also} {
			if part != nil && part.agent != "" {
				m.tenants = append(m.tenants, &tenant{kind: k, agent: part.agent, source: part.source})
			}
		}
	}
	endpoint := httptest.NewServer(m.cloud)
	t.Cleanup(endpoint.Close)
	home := t.TempDir()
	m.env = append(os.Environ(), "HOME="+home, "USERPROFILE="+home, "XDG_STATE_HOME="+home, transcriptVariable+"="+home,
		"AWS_ENDPOINT_URL="+endpoint.URL, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", fmt.Sprintf("KEYTEND_SIM_PID=%d", os.Getpid()))
	return m
}

// account has the users of its kinds, and what they did so far.
func (m *move) account(id string, start time.Time) fakeaws.AccountSpec {
	spec := fakeaws.AccountSpec{ID: id, Admin: "admin", Created: start.AddDate(-5, 0, 0),
		NATGateways: []fakeaws.NATGatewaySpec{{ID: "nat-0example", PublicIP: "192.0.2.7"}},
		Addresses:   []fakeaws.AddressSpec{{PublicIP: "192.0.2.8", AllocationID: "eipalloc-0example", InstanceID: "i-0example"}},
		Users:       []fakeaws.UserSpec{{Name: "admin", Created: start.AddDate(-2, 0, 0), ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, 0, -1)}}}}}
	if id == centerAccount {
		spec.Roles = []fakeaws.RoleSpec{
			{Name: "AWSReservedSSO_Administrator_0123456789abcdef", Path: "/aws-reserved/sso.amazonaws.com/", TrustPolicy: allow("sts:AssumeRoleWithSAML", `,"Principal":{"Federated":"arn:aws:iam::210987654321:saml-provider/sso"}`)},
			{Name: "app", TrustPolicy: allow("sts:AssumeRole", `,"Principal":{"Service":"lambda.amazonaws.com"}`), InlinePolicies: map[string]string{"elsewhere": allow("sts:AssumeRole", `,"Resource":"*"`)}}}
	}
	for i, k := range m.kinds {
		if cmp.Or(k.account, plainAccount) != id {
			continue
		}
		key := fakeaws.KeySpec{ID: fmt.Sprintf("AKIAKIND%02dEXAMPLE000", i), Created: start.AddDate(-1, 0, 0)}
		for _, part := range []*consumerKind{k, k.also} {
			if part != nil && part.agent != "" {
				key.LastUsed = &fakeaws.KeyUse{At: start.Add(-7 * time.Hour), Service: "ec2", Region: "us-east-1"}
				spec.Events = append(spec.Events, fakeaws.EventSpec{At: start.Add(-7 * time.Hour), Days: 20, Key: key.ID, Service: "ec2.amazonaws.com", Name: "DescribeAddresses",
					Source: part.source, VPCEndpoint: part.endpoint, Agent: part.agent})
			}
		}
		spec.Users = append(spec.Users, fakeaws.UserSpec{Name: k.name, Created: start.AddDate(-2, 0, 0), Keys: []fakeaws.KeySpec{key},
			InlinePolicies: map[string]string{"work": allow(`ec2:*","s3:*`, `,"Resource":"*"`)}})
	}
	return spec
}

// allow is a policy of one statement.
func allow(action, more string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + action + `"]` + more + `}]}`
}

// keytend runs it in an account, and wants one of some exit codes.
func (m *move) keytend(account string, codes []int, args ...string) string {
	m.t.Helper()
	id, secret := m.cloud.AdminKey(account)
	cmd := exec.CommandContext(m.t.Context(), "keytend", args...)
	var out, problem bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append(slices.Clone(m.env), "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+secret), &out, &problem
	var failed *exec.ExitError
	err := cmd.Run()
	code := 0
	if errors.As(err, &failed) {
		code, err = failed.ExitCode(), nil
	}
	if err != nil || !slices.Contains(codes, code) {
		m.t.Fatalf("keytend %s: exit code %d, %v\n%s%s", strings.Join(args, " "), code, err, out.String(), problem.String())
	}
	return out.String()
}

func (k *consumerKind) in() string { return cmp.Or(k.account, plainAccount) }

// named sees that usage names the workload.
func (m *move) named(k *consumerKind) {
	m.t.Helper()
	if out := m.keytend(k.in(), []int{exitOK}, "usage", k.name); !regexp.MustCompile(k.says).MatchString(out) {
		m.t.Errorf("usage %s doesn't say %q:\n%s", k.name, k.says, out)
	}
}

// recommended sees that migrate recommends what is right, and makes the role that
// its Terraform would make.
func (m *move) recommended(k *consumerKind) {
	m.t.Helper()
	var w wayJSON
	out := m.keytend(k.in(), []int{exitOK}, append([]string{"migrate", k.name, "--output", "json"}, k.answers...)...)
	if err := json.Unmarshal([]byte(out), &w); err != nil {
		m.t.Fatalf("migrate %s: %v\n%s", k.name, err, out)
	}
	if w.Workload != k.workload || w.Replacement != k.instead {
		m.t.Errorf("%s is taken for %s and goes to %s, want %s and %s", k.name, w.Workload, w.Replacement, k.workload, k.instead)
	}
	for _, p := range w.Parts {
		if p.Workload == migrate.Unknown {
			continue
		}
		if _, wrong := hclparse.NewParser().ParseHCL([]byte(p.TerraformHCL), "main.tf"); wrong.HasErrors() || p.TerraformHCL == "" {
			m.t.Errorf("%s: Terraform: %v\n%s", k.name, wrong, p.TerraformHCL)
		}
		if p.Role != "" {
			m.roles[k] = p
			name := p.Role[strings.LastIndexByte(p.Role, '/')+1:]
			m.admin("CreateRole", "RoleName", name, "AssumeRolePolicyDocument", string(p.Trust), "Tags.member.1.Key", migrate.ReplacesTag, "Tags.member.1.Value", p.Tags[migrate.ReplacesTag])
			m.admin("PutRolePolicy", "RoleName", name, "PolicyName", "rights", "PolicyDocument", string(p.Policy))
		}
	}
	if roles := m.roles[k].Role != ""; roles != (k.entry != nil || k.from != "") {
		m.t.Errorf("%s: a role is written: %v", k.name, roles)
	}
}

// admin makes a call of IAM in the first account.
func (m *move) admin(action string, parameters ...string) {
	m.t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	id, secret := m.cloud.AdminKey(plainAccount)
	if err := (caller{cloud: m.cloud, credentials: aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}}).call("iam", form.Encode()); err != nil {
		m.t.Fatalf("%s %v: %v", action, parameters, err)
	}
}

// begin begins the end of each key that a role takes the place of.
func (m *move) begin() {
	for _, k := range m.kinds {
		if m.roles[k].Role != "" {
			m.keytend(k.in(), []int{exitOK, exitBlocked}, "migrate", k.name, "--retire", "--yes", "--settle", "50ms", "--patience", "1s")
		}
	}
}

// moves has a workload go over to what was recommended; a person signs in from now
// on, which no key is needed for.
func (m *move) moves(k *consumerKind) {
	m.t.Helper()
	if k.stranger != nil {
		if _, _, _, err := m.cloud.Enter(m.roles[k].Role, "stranger", *k.stranger); err == nil {
			m.t.Errorf("the role of %s lets in %+v", k.name, *k.stranger)
		}
	}
	for _, n := range m.tenants {
		switch {
		case n.kind != k || k.workload == migrate.Unknown:
		case m.roles[k].Role != "" && n.agent == k.agent:
			n.role, n.external = m.roles[k].Role, externalID(m.roles[k].Trust)
		default:
			n.gone = true
		}
	}
	if m.roles[k].Role == "" && k.workload != migrate.Unknown {
		m.keytend(k.in(), []int{exitOK, exitBlocked}, "retire", k.name, "--yes", "--settle", "50ms", "--patience", "1s")
	}
}

var externalForm = regexp.MustCompile(`"sts:ExternalId":\s*\[?\s*"([^"]+)"`)

func externalID(trust []byte) string {
	if found := externalForm.FindSubmatch(trust); found != nil {
		return string(found[1])
	}
	return ""
}

// pass lets days pass, in which everybody calls, and has keytend look.
func (m *move) pass(days int) {
	for range 2 * days {
		m.cloud.Advance(12 * time.Hour)
		for _, n := range m.tenants {
			m.call(n)
		}
	}
	for _, account := range []string{plainAccount, centerAccount} {
		m.keytend(account, []int{exitOK, exitBlocked}, "resume", "--patience", "1s")
	}
}

// call makes the call that a workload makes, with what it has.
func (m *move) call(n *tenant) {
	if n.gone {
		return
	}
	c := caller{cloud: m.cloud, agent: n.agent, source: n.source}
	var err error
	if c.credentials, err = m.credentials(n); err == nil {
		err = c.call("ec2", "Action=DescribeAddresses&Version=2016-11-15")
	}
	if n.made++; err != nil {
		n.failed, n.complaint = n.failed+1, err
	}
}

func (m *move) credentials(n *tenant) (aws.Credentials, error) {
	switch {
	case n.role == "":
		for _, u := range m.cloud.Snapshot(n.kind.in()).Users {
			if u.Name == n.kind.name {
				return aws.Credentials{AccessKeyID: u.Keys[0].ID, SecretAccessKey: u.Keys[0].Secret}, nil
			}
		}
	case n.kind.entry != nil:
		id, secret, token, err := m.cloud.Enter(n.role, n.kind.name, *n.kind.entry)
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, err
	}
	return m.fromElsewhere(n)
}

// fromElsewhere assumes the role from one of the workload's own account.
func (m *move) fromElsewhere(n *tenant) (aws.Credentials, error) {
	id, secret, token, err := m.cloud.RoleSession("arn:aws:iam::"+centerAccount+":role/"+n.kind.from, n.kind.name)
	if err != nil {
		return aws.Credentials{}, err
	}
	return assumed(m.t.Context(), m.cloud, aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, n.role, n.external)
}

func (m *move) status(k *consumerKind) string {
	for _, u := range m.cloud.Snapshot(k.in()).Users {
		if u.Name == k.name {
			return u.Keys[0].Status
		}
	}
	return ""
}

// ended sees that the key is off, and that nobody felt it. Whose use nobody
// knows, whose key stays.
func (m *move) ended(k *consumerKind) {
	m.t.Helper()
	want := "Inactive"
	if k.workload == migrate.Unknown {
		want = "Active"
	}
	if got := m.status(k); got != want {
		m.t.Errorf("the key of %s is %s, want %s:\n%s", k.name, got, want, m.keytend(k.in(), []int{exitOK, exitBlocked}, "status", k.name))
	}
	for _, n := range m.tenants {
		if n.kind == k && (n.failed > 0 || n.made < 4 || n.role != "" && n.made < 20) {
			m.t.Errorf("%s: %d calls, %d failed: %v", k.name, n.made, n.failed, n.complaint)
		}
	}
}

// assumed are the credentials of a role that STS gives.
func assumed(ctx context.Context, cloud *fakeaws.AWS, as aws.Credentials, role, externalID string) (aws.Credentials, error) {
	client := sts.New(sts.Options{Region: "us-east-1", HTTPClient: &http.Client{Transport: cloud.RoundTripper()},
		Credentials: credentials.NewStaticCredentialsProvider(as.AccessKeyID, as.SecretAccessKey, as.SessionToken)})
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("app")}
	if externalID != "" {
		in.ExternalId = &externalID
	}
	out, err := client.AssumeRole(ctx, in)
	if err != nil {
		return aws.Credentials{}, err
	}
	return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}, nil
}
