package migrate

import (
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/useragent"
)

// Rule is one thing that an event may show about who made it. It fits a place
// that has one of each list that is not empty.
type Rule struct {
	Name     string
	Workload Workload

	Families []useragent.Family
	Kinds    []useragent.Kind
	Systems  []useragent.System
	Hosts    []useragent.Host
	Runtimes []useragent.Runtime
	Words    []string // a part of the application ID or of the program's own name, in lower case
	From     []Origin

	Confidence float64 // how sure the rule alone makes, from 0 to 1
	Reason     string  // a clause after "because"
	Source     string  // where that is documented
}

// fits reports whether a rule is about a place.
func (r Rule) fits(p Place) bool {
	a := p.Agent
	called := strings.ToLower(a.App + " " + a.Program)
	return one(r.Families, a.Family, a.Also) && one(r.Kinds, a.Kind()) && one(r.Systems, a.System) &&
		one(r.Hosts, a.Host) && one(r.Runtimes, a.Runtime) && one(r.From, p.From) &&
		(len(r.Words) == 0 || slices.ContainsFunc(r.Words, func(word string) bool { return strings.Contains(called, word) }))
}

// one reports whether one of the values is wanted, or nothing particular is.
func one[T comparable](wanted []T, values ...T) bool {
	return len(wanted) == 0 || slices.ContainsFunc(values, func(v T) bool { return slices.Contains(wanted, v) })
}

const (
	userAgents     = "https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html, and the SDKs' sources"
	lambdaRuntime  = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html (AWS_EXECUTION_ENV)"
	ecsRuntime     = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html (AWS_EXECUTION_ENV)"
	trailRecord    = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html"
	awsRanges      = "https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html"
	partnerAgents  = "https://docs.aws.amazon.com/PRM/latest/aws-prm-onboarding-guide/automated-user-agent.html"
	terraformSaid  = "https://developer.hashicorp.com/terraform/cli/config/environment-variables (TF_APPEND_USER_AGENT)"
	githubAction   = "https://github.com/aws-actions/configure-aws-credentials"
	desktopKernels = "https://archlinux.org/packages/core/x86_64/linux/, https://github.com/zen-kernel/zen-kernel, https://github.com/linux-surface/linux-surface"
	cloudKernels   = "https://ubuntu.com/kernel (linux-gcp, linux-oracle)"
	bitbucketIPs   = "https://support.atlassian.com/bitbucket-cloud/docs/what-are-the-bitbucket-cloud-ip-addresses-i-should-use-to-configure-my-corporate-firewall/"
)

// unproven is said of what a user agent claims and the address doesn't bear out.
const unproven = "but the address is none that AWS is known to have: the company's own way out, an image run elsewhere, or a forged user agent"

var (
	inAWS   = []Origin{FromOwn, FromAWS, FromStranger}
	outside = []Origin{FromOther, FromPrivate}
	within  = []Origin{FromOwn, FromAWS, FromStranger, FromPrivate} // where AWS's runtimes are
	nowhere = []Origin{FromOther}
	theirs  = []useragent.Family{"datadog", "new-relic", "snowflake", "databricks", "splunk", "fivetran", "sumo-logic", "lacework", "cloudhealth"}
)

// Rules are asked in this order. The first that fits decides; later ones that
// fit speak for it or against it. The slice is shared: don't change it.
func Rules() []Rule { return rules }

var rules = []Rule{
	{Name: "called by an AWS service", Workload: Unknown, From: []Origin{FromService}, Confidence: 0.9, Source: trailRecord,
		Reason: "an AWS service made the call on the user's behalf, which tells nothing of who asked it to"},
	{Name: "another account's VPC endpoint", Workload: OtherAccount, From: []Origin{FromEndpoint}, Confidence: 0.97, Source: trailRecord,
		Reason: "it came through a VPC endpoint that is not the account's own"},
	{Name: "CloudShell", Workload: Human, Runtimes: []useragent.Runtime{useragent.CloudShell}, Confidence: 0.95, Source: userAgents,
		Reason: "it was typed in CloudShell"},
	{Name: "Lambda's runtime", Workload: Lambda, Runtimes: []useragent.Runtime{useragent.Lambda}, From: within, Confidence: 0.97, Source: lambdaRuntime,
		Reason: "the user agent names a Lambda runtime"},
	{Name: "Fargate", Workload: ECS, Runtimes: []useragent.Runtime{useragent.Fargate}, From: within, Confidence: 0.97, Source: ecsRuntime,
		Reason: "the user agent names ECS on Fargate"},
	{Name: "ECS on EC2", Workload: ECS, Runtimes: []useragent.Runtime{useragent.ECSOnEC2}, From: within, Confidence: 0.9, Source: ecsRuntime,
		Reason: "the user agent names ECS (CodeBuild says the same of itself)"},
	{Name: "an EKS add-on", Workload: EKS, Runtimes: []useragent.Runtime{useragent.EKSAddon}, From: within, Confidence: 0.95, Source: userAgents,
		Reason: "the user agent names an add-on of EKS"},
	{Name: "Lambda's runtime, not in AWS", Workload: Lambda, Runtimes: []useragent.Runtime{useragent.Lambda}, From: nowhere, Confidence: 0.5, Source: lambdaRuntime,
		Reason: "the user agent names a Lambda runtime, " + unproven},
	{Name: "ECS, not in AWS", Workload: ECS, Runtimes: []useragent.Runtime{useragent.Fargate, useragent.ECSOnEC2}, From: nowhere, Confidence: 0.5, Source: ecsRuntime,
		Reason: "the user agent names ECS, " + unproven},
	{Name: "an EKS add-on, not in AWS", Workload: EKS, Runtimes: []useragent.Runtime{useragent.EKSAddon}, From: nowhere, Confidence: 0.5, Source: userAgents,
		Reason: "the user agent names an add-on of EKS, " + unproven},
	{Name: "a service with a role of its own", Workload: Unknown, Runtimes: []useragent.Runtime{useragent.CodeBuild, useragent.SageMaker, useragent.AppRunner}, Confidence: 0.9, Source: userAgents,
		Reason: "it ran in CodeBuild, SageMaker or App Runner, each of which has a service role to be used instead"},
	{Name: "GitHub's actions", Workload: GitHubActions, Families: []useragent.Family{useragent.GitHubActions}, Confidence: 0.98, Source: githubAction,
		Reason: "the user agent names an action of GitHub's workflows"},
	{Name: "HCP Terraform's agent", Workload: HCPTerraform, Families: []useragent.Family{"hcp-terraform"}, Confidence: 0.95, Source: terraformSaid,
		Reason: "the user agent names HCP Terraform"},
	{Name: "GitLab's runner", Workload: GitLab, Families: []useragent.Family{"gitlab-runner"}, Confidence: 0.9, Source: "https://gitlab.com/gitlab-org/gitlab-runner",
		Reason: "the user agent names GitLab"},
	{Name: "Bitbucket's pipes", Workload: Bitbucket, Families: []useragent.Family{"bitbucket-pipelines"}, Confidence: 0.95, Source: "https://bitbucket.org/atlassian/aws-s3-deploy",
		Reason: "the user agent names Bitbucket Pipelines"},
	{Name: "GitHub by name", Workload: GitHubActions, Words: []string{"github-actions"}, Confidence: 0.9, Source: userAgents,
		Reason: "the program calls itself after GitHub Actions"},
	{Name: "GitLab by name", Workload: GitLab, Words: []string{"gitlab"}, Confidence: 0.9, Source: userAgents,
		Reason: "the program calls itself after GitLab"},
	{Name: "CircleCI by name", Workload: CircleCI, Words: []string{"circleci"}, Confidence: 0.9, Source: userAgents,
		Reason: "the program calls itself after CircleCI"},
	{Name: "Bitbucket by name", Workload: Bitbucket, Words: []string{"bitbucket"}, Confidence: 0.9, Source: userAgents,
		Reason: "the program calls itself after Bitbucket"},
	{Name: "GitHub's runners", Workload: GitHubActions, From: []Origin{FromGitHub}, Confidence: 0.9, Source: "https://docs.github.com/en/rest/meta/meta (actions)",
		Reason: "it came from GitHub's addresses"},
	{Name: "GitLab's addresses", Workload: GitLab, From: []Origin{FromGitLab}, Confidence: 0.85, Source: "https://docs.gitlab.com/user/gitlab_com/#ip-range",
		Reason: "it came from GitLab.com's addresses"},
	{Name: "CircleCI's addresses", Workload: CircleCI, From: []Origin{FromCircleCI}, Confidence: 0.9, Source: "https://circleci.com/docs/ip-ranges/",
		Reason: "it came from CircleCI's published addresses"},
	{Name: "Bitbucket's addresses", Workload: Bitbucket, From: []Origin{FromBitbucket}, Confidence: 0.9, Source: bitbucketIPs,
		Reason: "it came from Bitbucket Pipelines' published addresses"},
	{Name: "a partner's product", Workload: ThirdParty, Families: []useragent.Family{useragent.Partner}, Confidence: 0.88, Source: partnerAgents,
		Reason: "the user agent carries the mark of AWS's partners"},
	{Name: "a partner's application ID", Workload: ThirdParty, Words: []string{"apn_1", "apn/1"}, Confidence: 0.88, Source: partnerAgents,
		Reason: "the application ID is a product code of AWS's partners"},
	{Name: "a known service", Workload: ThirdParty, Families: theirs, Confidence: 0.85, Source: userAgents,
		Reason: "the user agent names a third party's product"},
	{Name: "a program with windows", Workload: Human, Kinds: []useragent.Kind{useragent.Desktop}, Confidence: 0.92, Source: userAgents,
		Reason: "the user agent is a program that people look at"},
	{Name: "the console", Workload: Human, Families: []useragent.Family{useragent.Console}, Confidence: 0.9, Source: trailRecord,
		Reason: "the call was made by the console"},
	{Name: "a Mac", Workload: Human, Systems: []useragent.System{useragent.MacOS}, Confidence: 0.85, Source: userAgents,
		Reason: "the call was made on macOS, which people use"},
	{Name: "Windows' Linux", Workload: Human, Hosts: []useragent.Host{useragent.WSL}, Confidence: 0.9, Source: userAgents,
		Reason: "the call was made in Linux on a Windows computer (WSL)"},
	{Name: "Docker Desktop", Workload: Human, Hosts: []useragent.Host{useragent.DockerDesktop}, Confidence: 0.8, Source: userAgents,
		Reason: "the call was made in Docker Desktop's virtual machine"},
	{Name: "a Windows computer", Workload: Human, Hosts: []useragent.Host{useragent.WindowsDesktop}, From: outside, Confidence: 0.8, Source: userAgents,
		Reason: "the call was made on a desktop version of Windows"},
	{Name: "a desktop's Linux", Workload: Human, Hosts: []useragent.Host{useragent.DesktopLinux}, From: outside, Confidence: 0.65, Source: desktopKernels,
		Reason: "the call was made on a kernel that people have on their own computers"},
	{Name: "cluster software", Workload: EKS, Kinds: []useragent.Kind{useragent.Cluster}, From: inAWS, Confidence: 0.88, Source: userAgents,
		Reason: "the user agent is software that runs in Kubernetes clusters, and it came from AWS"},
	{Name: "cluster software elsewhere", Workload: OnPremises, Kinds: []useragent.Kind{useragent.Cluster}, From: outside, Confidence: 0.6, Source: userAgents,
		Reason: "the user agent is software that runs in Kubernetes clusters, and it came from outside AWS"},
	{Name: "Terraform in somebody's AWS", Workload: HCPTerraform, Families: []useragent.Family{useragent.Terraform}, From: []Origin{FromStranger}, Confidence: 0.7, Source: terraformSaid,
		Reason: "Terraform ran in AWS, where HCP Terraform's runs are, and not at one of the account's addresses"},
	{Name: "Terraform in AWS", Workload: HCPTerraform, Families: []useragent.Family{useragent.Terraform}, From: []Origin{FromAWS}, Confidence: 0.5, Source: terraformSaid,
		Reason: "Terraform ran in AWS, where HCP Terraform's runs are; whether at one of the account's addresses is not known"},
	{Name: "EC2's Linux in the account's own network", Workload: EC2, Hosts: []useragent.Host{useragent.AmazonLinux, useragent.EC2Kernel}, From: []Origin{FromOwn}, Confidence: 0.75, Source: awsRanges,
		Reason: "it ran on a kernel that AWS's images have, in the account's own network"},
	{Name: "the account's own network", Workload: EC2, From: []Origin{FromOwn}, Confidence: 0.55, Source: awsRanges,
		Reason: "it came from the account's own network and names no Lambda, ECS or cluster software, as not all do that run there"},
	{Name: "somebody else's AWS", Workload: OtherAccount, From: []Origin{FromStranger}, Confidence: 0.45, Source: awsRanges,
		Reason: "it came from AWS's ranges, and from none of the account's Elastic IPs, NAT gateways and endpoints (an instance with an address from AWS's pool looks the same)"},
	{Name: "Amazon's Linux in AWS", Workload: EC2, Hosts: []useragent.Host{useragent.AmazonLinux, useragent.EC2Kernel}, From: []Origin{FromAWS, FromPrivate}, Confidence: 0.5, Source: awsRanges,
		Reason: "it ran on a kernel that AWS's images have, in AWS"},
	{Name: "in AWS", Workload: EC2, From: []Origin{FromAWS}, Confidence: 0.4, Source: awsRanges,
		Reason: "it came from AWS's ranges; whether from one of the account's addresses is not known"},
	{Name: "a Windows server", Workload: OnPremises, Hosts: []useragent.Host{useragent.WindowsServer}, From: outside, Confidence: 0.82, Source: userAgents,
		Reason: "the call was made on a server version of Windows, outside AWS"},
	{Name: "a program of servers", Workload: OnPremises, Kinds: []useragent.Kind{useragent.Agentry}, From: outside, Confidence: 0.78, Source: userAgents,
		Reason: "the user agent is a program that servers run, outside AWS"},
	{Name: "Azure's Linux", Workload: GitHubActions, Hosts: []useragent.Host{useragent.Azure}, From: outside, Confidence: 0.55, Source: githubAction,
		Reason: "it ran on a kernel that GitHub's hosted runners have, as other machines in Azure do"},
	{Name: "Google's Container-Optimized OS", Workload: GitLab, Hosts: []useragent.Host{useragent.ContainerOS}, From: outside, Confidence: 0.45, Source: "https://docs.gitlab.com/ci/runners/hosted_runners/linux/",
		Reason: "it ran on the system that GitLab's hosted runners have, as other containers in Google Cloud do"},
	{Name: "another cloud's Linux", Workload: OnPremises, Hosts: []useragent.Host{useragent.GoogleCloud, useragent.OracleCloud}, From: outside, Confidence: 0.45, Source: cloudKernels,
		Reason: "it ran in another cloud: on a server there, or on a third party's"},
	{Name: "a server's Linux", Workload: OnPremises, Hosts: []useragent.Host{useragent.RedHat, useragent.Proxmox}, From: outside, Confidence: 0.7, Source: userAgents,
		Reason: "it ran on a system that servers have, outside AWS"},
	{Name: "Linux outside AWS", Workload: OnPremises, Systems: []useragent.System{useragent.Linux}, From: outside, Confidence: 0.55, Source: userAgents,
		Reason: "the call was made on Linux, outside AWS: by a server, as people's computers seldom have it, but some do"},
	{Name: "an SDK of servers outside AWS", Workload: OnPremises, Families: []useragent.Family{"aws-sdk-ruby", "aws-sdk-php", "aws-sdk-java"}, From: outside, Confidence: 0.55, Source: userAgents,
		Reason: "the user agent is an SDK that servers use, outside AWS"},
}
