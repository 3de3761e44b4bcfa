package migrate

import "strings"

// Replacement is what takes a key's place.
type Replacement string

// The replacements.
const (
	InstanceProfile Replacement = "instance profile"
	ExecutionRole   Replacement = "Lambda execution role"
	TaskRole        Replacement = "ECS task role"
	PodIdentity     Replacement = "EKS Pod Identity"
	IRSA            Replacement = "IAM role for a service account (IRSA)"
	AssumeRole      Replacement = "role to be assumed from the other account"
	ExternalID      Replacement = "role to be assumed with an external ID"
	OIDC            Replacement = "role for an OIDC token"
	IdentityCenter  Replacement = "IAM Identity Center"
	Login           Replacement = "aws login"
	RolesAnywhere   Replacement = "IAM Roles Anywhere"
	SplitUp         Replacement = "one replacement for each workload"
	Nothing         Replacement = "nothing: retire the key"
	FindOut         Replacement = "not known: ask its owner"
)

// Effort is how much work a replacement is for the team, by experience.
type Effort string

// The efforts, the least first.
const (
	Minutes Effort = "minutes"
	Hours   Effort = "hours"
	DaysOf  Effort = "days"
	Weeks   Effort = "weeks"
)

// Efforts are all there are, the least first.
func Efforts() []Effort { return []Effort{Minutes, Hours, DaysOf, Weeks} }

// Recommendation is what to do about one workload.
type Recommendation struct {
	Workload    Workload
	Replacement Replacement
	Effort      Effort
	Why         string   // a sentence
	Steps       []string // for the team, in order; {role}, {user} and {key} stand for names
	Source      string
	// Role says that it is a role that Terraform can be written for.
	Role bool
}

// Provider is an OIDC provider of the account.
type Provider struct {
	ARN       string
	URL       string   // without https://
	Audiences []string // client IDs; nil: not read
}

// Surroundings are what of an account bears on what to recommend.
type Surroundings struct {
	Account        string
	Partition      string
	Region         string
	IdentityCenter bool // people sign in through it: its roles are in the account
	Providers      []Provider
}

const (
	retireStep     = "When it works, end the key under the same watch as a rotation: `keytend migrate {user} --retire`. It goes only once the role is seen in use and the key is quiet."
	applyStep      = "Read the Terraform and apply it: `terraform init`, `terraform apply`."
	envNote        = "variables of the environment win over it"
	outsideAccount = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html"
)

// recommendations are the ways, one for each workload. Those that depend on the
// account are refined by Recommend.
var recommendations = map[Workload]Recommendation{
	EC2: {Replacement: InstanceProfile, Effort: Hours, Role: true, Source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html",
		Why: "An instance gets credentials of a role from AWS, renewed by themselves; every SDK finds them.",
		Steps: []string{applyStep,
			"Give the instances the profile: `aws ec2 associate-iam-instance-profile --instance-id i-… --iam-instance-profile Name={role}` (or in their launch template).",
			"Require IMDSv2 there: `aws ec2 modify-instance-metadata-options --instance-id i-… --http-tokens required`.",
			"Take the key out of the program's environment and of ~/.aws/credentials (" + envNote + "), and restart the program.", retireStep}},
	Lambda: {Replacement: ExecutionRole, Effort: Minutes, Role: true, Source: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
		Why: "A function has a role already; a key in its environment is never needed.",
		Steps: []string{applyStep,
			"Compare it with the function's present role: either set the new one (`aws lambda update-function-configuration --function-name … --role …`), or attach the policy to the one it has.",
			"Take AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or what the code reads instead, out of the function's environment.", retireStep}},
	ECS: {Replacement: TaskRole, Effort: Hours, Role: true, Source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
		Why: "A task gets credentials of its task role from the agent, renewed by themselves.",
		Steps: []string{applyStep,
			"Register a revision of the task definition with taskRoleArn of {role}, and without the key in environment and secrets.",
			"Update the service to it, and wait until the old tasks are gone.", retireStep}},
	EKS: {Replacement: PodIdentity, Effort: Hours, Role: true, Source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
		Why: "A pod gets credentials of the role of its service account, renewed by themselves.",
		Steps: []string{"See that the cluster has the add-on eks-pod-identity-agent.", applyStep,
			"Take the key out of the pods' environment and of the Kubernetes Secret (" + envNote + "), and restart them.", retireStep}},
	OtherAccount: {Replacement: AssumeRole, Effort: DaysOf, Role: true, Source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html",
		Why: "A workload in another account has a role of its own there, which may assume one here.",
		Steps: []string{"Give the workload a role in its own account, where it has none (instance profile, execution role, task role).", applyStep,
			"Allow that role `sts:AssumeRole` on {role}, in its own account.",
			"Configure the workload to assume it: a profile with role_arn and credential_source, or the SDK's assume-role provider.", retireStep}},
	GitHubActions: {Replacement: OIDC, Effort: Hours, Role: true, Source: "https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws",
		Why: "GitHub gives each job a token that AWS takes for a role: there is nothing to keep secret.",
		Steps: []string{applyStep,
			"In the workflow: `permissions: {id-token: write, contents: read}`, and aws-actions/configure-aws-credentials with `role-to-assume` of {role} in the place of the key.",
			"Run it from the branch or environment that the role trusts.",
			"Delete the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the repository and of the organization.", retireStep}},
	GitLab: {Replacement: OIDC, Effort: Hours, Role: true, Source: "https://docs.gitlab.com/ci/cloud_services/aws/",
		Why: "GitLab gives each job a token that AWS takes for a role: there is nothing to keep secret.",
		Steps: []string{applyStep,
			"In .gitlab-ci.yml: `id_tokens: {AWS_TOKEN: {aud: https://gitlab.com}}`, write it to a file, and set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE.",
			"Delete the CI/CD variables that hold the key, of the project and its groups.", retireStep}},
	CircleCI: {Replacement: OIDC, Effort: Hours, Role: true, Source: "https://circleci.com/docs/openid-connect-tokens/",
		Why: "CircleCI gives each job a token that AWS takes for a role: there is nothing to keep secret.",
		Steps: []string{applyStep,
			"In .circleci/config.yml: the aws-cli orb's `setup` with `role_arn` of {role}, in a job with a context.",
			"Delete the key from contexts and from the project's environment variables.", retireStep}},
	Bitbucket: {Replacement: OIDC, Effort: Hours, Role: true, Source: "https://support.atlassian.com/bitbucket-cloud/docs/deploy-on-aws-using-bitbucket-pipelines-openid-connect/",
		Why: "Bitbucket gives each step a token that AWS takes for a role: there is nothing to keep secret.",
		Steps: []string{applyStep,
			"In bitbucket-pipelines.yml: `oidc: true` in the step, AWS_ROLE_ARN of {role}, and the token written to AWS_WEB_IDENTITY_TOKEN_FILE.",
			"Delete the repository's, deployment's and workspace's variables that hold the key.", retireStep}},
	HCPTerraform: {Replacement: OIDC, Effort: Hours, Role: true, Source: "https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/aws-configuration",
		Why: "HCP Terraform gives each run a token that AWS takes for a role: there is nothing to keep secret.",
		Steps: []string{applyStep,
			"In the workspace set the environment variables TFC_AWS_PROVIDER_AUTH=true and TFC_AWS_RUN_ROLE_ARN to the ARN of {role}.",
			"Delete AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from the workspace and its variable sets.", retireStep}},
	Human: {Replacement: Login, Effort: Minutes, Source: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html",
		Why: "A person signs in and gets credentials that end by themselves; nothing lies in a file for others to find.",
		Steps: []string{applyStep,
			"The person updates the AWS CLI to 2.32 or newer and types `aws login`; it opens the browser.",
			"They take the key out of ~/.aws/credentials and of their shell's files.",
			"End the key once it is quiet: `keytend retire {key}`."}},
	OnPremises: {Replacement: RolesAnywhere, Effort: Weeks, Role: true, Source: "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/getting-started.html",
		Why: "A server outside AWS shows a certificate of your own authority and gets credentials of a role that end by themselves.",
		Steps: []string{"Have a certificate authority: your own, or AWS Private CA. Let it issue the server a certificate with the common name that the role trusts.", applyStep,
			"Install aws_signing_helper on the server and a profile with `credential_process = aws_signing_helper credential-process …`.",
			"Take the key out of the program's configuration, and restart it.", retireStep}},
	ThirdParty: {Replacement: ExternalID, Effort: DaysOf, Role: true, Source: outsideAccount,
		Why: "A third party assumes a role of yours from its own AWS account, with an external ID that nobody else's customers have.",
		Steps: []string{"Ask the third party which AWS account, or better which role, it calls from, and whether it gives external IDs of its own, as it should: --principal-external-id takes that.", applyStep,
			"Enter the ARN of {role} and the external ID on its side.",
			"Delete the key on its side.", retireStep}},
	Mixed:   {Replacement: SplitUp, Effort: DaysOf, Why: "Each workload gets a role of its own; the key goes when the last has moved."},
	Unused:  {Replacement: Nothing, Effort: Minutes, Why: "Nobody uses it.", Steps: []string{"End it: `keytend retire {key}`. It can be revived as long as it is not deleted."}},
	Unknown: {Replacement: FindOut, Effort: DaysOf, Why: "What was seen doesn't tell who uses it.", Steps: []string{"Ask its owner: `keytend owners suggest` names who that may be.", "Look longer, or at more: a trail with data events shows what the event history doesn't."}},
}

// Recommend says what is to take a key's place for one workload.
func Recommend(w Workload, s Surroundings) Recommendation {
	r := recommendations[w]
	r.Workload = w
	switch {
	case w == Human && s.IdentityCenter:
		r.Replacement, r.Effort, r.Source = IdentityCenter, Hours, "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html"
		r.Why = "People sign in to this account through IAM Identity Center already; the AWS CLI can as well, and its credentials end by themselves."
		r.Steps = []string{applyStep, "The person types `aws configure sso` once, and `aws sso login` each day.",
			"They take the key out of ~/.aws/credentials and of their shell's files.", "End the key once it is quiet: `keytend retire {key}`."}
	case w == EKS && s.cluster() != nil:
		r.Replacement, r.Source = IRSA, "https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html"
		r.Why = "The account's cluster has an OIDC provider already: a pod gets credentials of the role that its service account is annotated with."
		r.Steps = []string{applyStep, "Annotate the service account: `kubectl annotate serviceaccount … eks.amazonaws.com/role-arn=…` with the ARN of {role}.",
			"Take the key out of the pods' environment and of the Kubernetes Secret (" + envNote + "), and restart them.", retireStep}
	}
	return r
}

// cluster is the OIDC provider of the account's one EKS cluster; nil where there
// is none, or one can't tell which.
func (s Surroundings) cluster() *Provider {
	var found *Provider
	for i, p := range s.Providers {
		if strings.HasPrefix(p.URL, "oidc.eks.") {
			if found != nil {
				return nil
			}
			found = &s.Providers[i]
		}
	}
	return found
}

// Spoken are the steps with names in them.
func (r Recommendation) Spoken(user, key, role string) []string {
	names := strings.NewReplacer("{user}", user, "{key}", key, "{role}", role)
	out := make([]string, 0, len(r.Steps))
	for _, s := range r.Steps {
		out = append(out, names.Replace(s))
	}
	return out
}
