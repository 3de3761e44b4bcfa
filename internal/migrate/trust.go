package migrate

import (
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/terraform"
)

// Trust is who may assume a role, and under what conditions.
type Trust struct {
	Actions    []string
	Kind       string // of the principal: AWS, Service, Federated
	Principal  string // a service, an ARN
	Conditions []terraform.Condition
	// NewProvider is an OIDC provider that the account lacks; nil: it has it, or
	// none is needed.
	NewProvider *Provider
	Notes       []string // sentences
}

// token is what a CI service's token says.
type token struct {
	issuer   string // without https://
	audience string
	subject  string // with * where it is a pattern
	never    string // a pattern of subjects that the other would let in by mistake; empty: none
	notes    []string
}

// tokens are the CI services' tokens of a workload. Sources: the
// recommendations'.
func (a Answers) token(w Workload) (token, bool) {
	switch w {
	case GitHubActions:
		return token{issuer: "token.actions.githubusercontent.com", audience: "sts.amazonaws.com", subject: "repo:" + a.Repo + a.githubContext(), notes: a.githubNotes()}, true
	case GitLab:
		return token{issuer: "gitlab.com", audience: "https://gitlab.com", subject: "project_path:" + a.Repo + ":ref_type:branch:ref:" + a.Branch, notes: []string{protect}}, true
	case CircleCI:
		return a.circleCI(), true
	case Bitbucket:
		repo, workspace := braced(a.Repo), strings.Trim(a.Organization, "{}")
		t := token{issuer: "api.bitbucket.org/2.0/workspaces/" + a.Workspace + "/pipelines-config/identity/oidc", audience: "ari:cloud:bitbucket::workspace/" + workspace, subject: repo + ":" + braced(a.Environment) + ":*"}
		if a.Environment == "" {
			t.subject = repo + ":*"
			t.notes = []string{"Bitbucket's token names no branch: every step of every branch of the repository may assume the role. --environment narrows it to one deployment environment, which can be kept to a branch."}
		}
		return t, true
	case HCPTerraform:
		return token{issuer: "app.terraform.io", audience: "aws.workload.identity", subject: "organization:" + a.Organization + ":project:" + a.Project + ":workspace:" + a.Workspace + ":run_phase:*",
			notes: []string{"Plans may assume the role as applies may, and where the workspace plans pull requests, so may theirs: see who can open one."}}, true
	}
	return token{}, false
}

const protect = "Whoever may push to that branch may assume the role: protect it."

// circleCI: the subject of CIRCLE_OIDC_TOKEN_V2 ends in the branch, that of
// CIRCLE_OIDC_TOKEN in the user. A branch may be called x/vcs-ref/refs/heads/main,
// so that its end alone proves nothing.
func (a Answers) circleCI() token {
	t := token{issuer: "oidc.circleci.com/org/" + a.Organization, audience: a.Organization, subject: "org/" + a.Organization + "/project/" + a.Project + "/user/*"}
	if a.Branch == "" {
		t.notes = []string{"Every job of the project may assume the role, of whatever branch. --branch narrows it to one."}
		return t
	}
	t.subject += "/vcs-ref/refs/heads/" + a.Branch
	t.never = "*/vcs-ref/*/vcs-ref/*"
	t.notes = []string{protect, "CIRCLE_OIDC_TOKEN_V2 alone names the branch: the job has to assume the role with that token."}
	return t
}

// githubNotes: since 2026-07-15 new, renamed and transferred repositories have the
// owner's and their own IDs in the subject.
// https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/
func (a Answers) githubNotes() []string {
	notes := []string{protect}
	if a.Environment != "" {
		notes[0] = "A job of any branch may name an environment: restrict its deployment branches in the repository's settings, or every branch may assume the role."
	}
	if !strings.Contains(a.Repo, "@") {
		notes = append(notes, "Repositories made, renamed or transferred since July 2026, and those whose owner wants it, have IDs in their tokens, which this trust does not let in: `gh api repos/"+a.Repo+"/actions/oidc/customization/sub` shows it; give --repo OWNER@ID/NAME@ID then. A name alone goes to whoever has it next.")
	}
	return notes
}

// githubContext: a colon in a value stands as %3A in the subject.
// https://docs.github.com/en/actions/reference/security/oidc
func (a Answers) githubContext() string {
	if a.Environment != "" {
		return ":environment:" + strings.ReplaceAll(a.Environment, ":", "%3A")
	}
	return ":ref:refs/heads/" + a.Branch
}

func braced(uuid string) string { return "{" + strings.Trim(uuid, "{}") + "}" }

// Trust is who is to be trusted with the role of a workload, as narrow as is
// known. externalID is asked for where it is needed.
func (s Surroundings) Trust(r Recommendation, a Answers, externalID func() string) Trust {
	if t, ok := a.token(r.Workload); ok {
		return s.byToken(t)
	}
	switch r.Replacement {
	case InstanceProfile:
		t := byService(s.ec2())
		t.Notes = []string{"EC2 says nothing of the instance when it assumes the role, so that the trust can't be narrowed to one: who may give the profile to instances (iam:PassRole) decides."}
		return t
	case ExecutionRole:
		return byService("lambda.amazonaws.com", s.account(), like("aws:SourceArn", s.arn("lambda", "*", "function:"+or(a.Function, "*"))))
	case TaskRole:
		return byService("ecs-tasks.amazonaws.com", s.account(), like("aws:SourceArn", s.arn("ecs", "*", "*")))
	case PodIdentity:
		t := byService("pods.eks.amazonaws.com", equals("aws:RequestTag/eks-cluster-arn", s.arn("eks", s.Region, "cluster/"+a.Cluster)),
			equals("aws:RequestTag/kubernetes-namespace", a.Namespace), equals("aws:RequestTag/kubernetes-service-account", a.ServiceAccount))
		t.Actions = append(t.Actions, "sts:TagSession")
		return t
	case IRSA:
		p := s.cluster()
		return Trust{Actions: webIdentity, Kind: "Federated", Principal: p.ARN, Conditions: []terraform.Condition{
			equals(p.URL+":aud", "sts.amazonaws.com"), equals(p.URL+":sub", "system:serviceaccount:"+a.Namespace+":"+a.ServiceAccount)},
			Notes: []string{"The cluster is taken for that of the account's one provider, " + p.URL + ": no evidence tells which it is. `aws eks describe-cluster --name … --query cluster.identity.oidc.issuer` does."}}
	case ExternalID:
		return Trust{Actions: []string{"sts:AssumeRole"}, Kind: "AWS", Principal: s.principal(a.Principal), Conditions: []terraform.Condition{equals("sts:ExternalId", a.external(externalID))}}
	case AssumeRole:
		return Trust{Actions: []string{"sts:AssumeRole"}, Kind: "AWS", Principal: a.Principal}
	case RolesAnywhere:
		anchor := terraform.Condition{Test: "ArnEquals", Variable: "aws:SourceArn", Values: terraform.Expression("[aws_rolesanywhere_trust_anchor.servers.arn]")}
		if a.TrustAnchor != "" {
			anchor.Values = []string{a.TrustAnchor}
		}
		t := byService("rolesanywhere.amazonaws.com", anchor, equals("aws:PrincipalTag/x509Subject/CN", a.CommonName))
		t.Actions = append(t.Actions, "sts:SetSourceIdentity", "sts:TagSession")
		return t
	}
	return Trust{}
}

func (a Answers) external(fresh func() string) string {
	if a.ExternalID != "" {
		return a.ExternalID
	}
	return fresh()
}

var webIdentity = []string{"sts:AssumeRoleWithWebIdentity"}

// byToken trusts a CI service's tokens, through the provider that the account has.
func (s Surroundings) byToken(t token) Trust {
	out := Trust{Actions: webIdentity, Kind: "Federated", Principal: "arn:" + s.Partition + ":iam::" + s.Account + ":oidc-provider/" + t.issuer,
		Conditions: []terraform.Condition{equals(t.issuer+":aud", t.audience), equals(t.issuer+":sub", t.subject)}, Notes: t.notes}
	if strings.Contains(t.subject, "*") {
		out.Conditions[1].Test = "StringLike"
	}
	if t.never != "" {
		out.Conditions = append(out.Conditions, terraform.Condition{Test: "StringNotLike", Variable: t.issuer + ":sub", Values: []string{t.never}})
	}
	i := slices.IndexFunc(s.Providers, func(p Provider) bool { return strings.EqualFold(p.URL, t.issuer) })
	if i < 0 {
		out.NewProvider = &Provider{URL: t.issuer, Audiences: []string{t.audience}}
		return out
	}
	out.Principal = s.Providers[i].ARN
	if known := s.Providers[i].Audiences; known != nil && !slices.Contains(known, t.audience) {
		out.Notes = append(out.Notes, "The account's provider "+t.issuer+" doesn't know the audience "+t.audience+": add it to its client IDs.")
	}
	return out
}

// ec2 is what EC2 is called in trust policies: in China otherwise, as the AWS provider's
// aws_service_principal has it since March 2026, IAM's console offers it, and EKS demands
// it of a node's role. AWS's own pages and CDK say ec2.amazonaws.com everywhere. Lambda,
// ECS, EKS Pod Identity and IAM Roles Anywhere have one name in all partitions, and EC2
// has the common one in those of GovCloud and Europe.
// https://github.com/hashicorp/terraform-provider-aws/pull/47141
// https://github.com/aws/aws-cdk/pull/24709
// https://github.com/awslabs/cdk-eks-blueprints/issues/558
// https://docs.amazonaws.cn/en_us/eks/latest/userguide/pod-id-role.html
// https://github.com/pulumi/pulumi-eks/issues/2341
func (s Surroundings) ec2() string {
	if s.Partition == "aws-cn" {
		return "ec2.amazonaws.com.cn"
	}
	return "ec2.amazonaws.com"
}

func byService(name string, conditions ...terraform.Condition) Trust {
	return Trust{Actions: []string{"sts:AssumeRole"}, Kind: "Service", Principal: name, Conditions: conditions}
}

func equals(key, value string) terraform.Condition {
	return terraform.Condition{Test: "StringEquals", Variable: key, Values: []string{value}}
}

func like(key, value string) terraform.Condition {
	return terraform.Condition{Test: "ArnLike", Variable: key, Values: []string{value}}
}

func (s Surroundings) account() terraform.Condition { return equals("aws:SourceAccount", s.Account) }

func (s Surroundings) arn(service, region, resource string) string {
	return "arn:" + s.Partition + ":" + service + ":" + region + ":" + s.Account + ":" + resource
}

// principal is an account's ARN where only the account was given.
func (s Surroundings) principal(given string) string {
	if accountID.MatchString(given) {
		return "arn:" + s.Partition + ":iam::" + given + ":root"
	}
	return given
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
