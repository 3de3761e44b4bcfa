package migrate

// Rule is one thing that an event may show about who made it.
type Rule struct {
	Name     string
	Workload Workload
	Agent    []string // the user agent has one of these; none: any agent
	Without  []string // … and none of these
	From     []Origin // the call came from one of these; none: from anywhere
	// Confidence is how sure the rule alone makes, from 0 to 1.
	Confidence float64
	Reason     string // a clause after "because"
	Source     string // where that is documented
}

const (
	userAgents    = "https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html, and the SDKs' sources"
	lambdaRuntime = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html (AWS_EXECUTION_ENV)"
	ecsRuntime    = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html (AWS_EXECUTION_ENV)"
	trailRecord   = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html"
	awsRanges     = "https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html"
	partnerAgents = "https://docs.aws.amazon.com/PRM/latest/aws-prm-onboarding-guide/automated-user-agent.html"
	terraformSaid = "https://developer.hashicorp.com/terraform/cli/config/environment-variables (TF_APPEND_USER_AGENT)"
	githubAction  = "https://github.com/aws-actions/configure-aws-credentials"
)

var (
	awsSide     = []Origin{FromOwn, FromAWS, FromStranger, FromPrivate}
	outside     = []Origin{FromOther, FromPrivate}
	macs        = []string{"os/macos", "darwin/", "; darwin;", "md/goos/darwin", "md/goos#darwin", "mac os x", "mac_os_x", "macintosh", "darwin/v"}
	desktops    = []string{"windows/10 ", "windows/11 ", "os/windows#10 ", "os/windows#11 ", "os/windows#10.0.19", "os/windows#10.0.22", "windows_10.0.19", "windows_10.0.22", "windows_nt_10.0.19", "windows_nt_10.0.22", "win32/"}
	servers     = []string{"2008server", "2012server", "2016server", "2019server", "2022server", "2025server", "windows_10.0.14393", "windows_10.0.17763", "windows_10.0.20348", "windows_10.0.26100", "windows_nt_10.0.14393", "windows_nt_10.0.17763", "windows_nt_10.0.20348", "windows_nt_6.", "os/windows#10.0.14393", "os/windows#10.0.17763", "os/windows#10.0.20348"}
	awsKernels  = []string{".amzn1", ".amzn2", "-aws"}
	clusterware = []string{
		"cluster-autoscaler", "elbv2.k8s.aws", "externaldns/", "external-dns/", "cert-manager", "ebs.csi.aws.com", "efs.csi.aws.com", "karpenter",
		"amazon-vpc-cni-k8s", "kubernetes/", "secrets-store-csi-driver", "external-secrets", "argo-cd", "argocd", "fluxcd", "velero", "crossplane",
		"aws-cloud-controller-manager", "k8s.io/",
	}
	linux = []string{"linux", "md/goos/linux"}
	sdks  = []string{"aws-sdk-", "boto3/", "botocore/", "aws-cli/", "minio", "aws-cdk/"}
)

// Rules are asked in this order. The first that fits decides; later ones that
// fit speak for it or against it.
func Rules() []Rule { return rules }

var rules = []Rule{
	{"called by an AWS service", Unknown, nil, nil, []Origin{FromService}, 0.9,
		"an AWS service made the call on the user's behalf, which tells nothing of who asked it to", trailRecord},
	{"another account's VPC endpoint", OtherAccount, nil, nil, []Origin{FromEndpoint}, 0.97,
		"it came through a VPC endpoint of another account", trailRecord},
	{"CloudShell", Human, []string{"exec-env/cloudshell"}, nil, nil, 0.95,
		"it was typed in CloudShell", userAgents},
	{"Lambda's runtime", Lambda, []string{"exec-env/aws_lambda_"}, nil, nil, 0.97,
		"the user agent names a Lambda runtime", lambdaRuntime},
	{"Fargate", ECS, []string{"exec-env/aws_ecs_fargate"}, nil, nil, 0.97,
		"the user agent names ECS on Fargate", ecsRuntime},
	{"ECS on EC2", ECS, []string{"exec-env/aws_ecs"}, nil, nil, 0.9,
		"the user agent names ECS (CodeBuild says the same of itself)", ecsRuntime},
	{"GitHub's action", GitHubActions, []string{"configure-aws-credentials-for-github-actions"}, nil, nil, 0.98,
		"the user agent names the action that GitHub workflows get credentials with", githubAction},
	{"HCP Terraform's agent", HCPTerraform, []string{"tfc-agent"}, nil, nil, 0.95,
		"the user agent names HCP Terraform's agent", terraformSaid},
	{"GitLab by name", GitLab, []string{"gitlab-runner", "gitlab/", "app/gitlab"}, nil, nil, 0.9,
		"the user agent names GitLab", userAgents},
	{"CircleCI by name", CircleCI, []string{"circleci"}, nil, nil, 0.9,
		"the user agent names CircleCI", userAgents},
	{"Bitbucket by name", Bitbucket, []string{"bitbucket"}, nil, nil, 0.9,
		"the user agent names Bitbucket", userAgents},
	{"GitHub's runners", GitHubActions, nil, nil, []Origin{FromGitHub}, 0.9,
		"it came from GitHub's hosted runners", "https://docs.github.com/en/rest/meta/meta (actions)"},
	{"GitLab's runners", GitLab, nil, nil, []Origin{FromGitLab}, 0.85,
		"it came from GitLab.com's addresses", "https://docs.gitlab.com/user/gitlab_com/#ip-range"},
	{"CircleCI's addresses", CircleCI, nil, nil, []Origin{FromCircleCI}, 0.9,
		"it came from CircleCI's published addresses", "https://circleci.com/docs/ip-ranges/"},
	{"Bitbucket's runners", Bitbucket, nil, nil, []Origin{FromBitbucket}, 0.9,
		"it came from Bitbucket Pipelines' published addresses", "https://support.atlassian.com/bitbucket-cloud/docs/what-are-the-bitbucket-cloud-ip-addresses-i-should-use-to-configure-my-corporate-firewall/"},
	{"a partner's product", ThirdParty, []string{"apn/1.0", "apn/1.1", "apn_1.0", "apn_1.1"}, []string{"hashicorp"}, nil, 0.88,
		"the user agent carries the mark of AWS's partners", partnerAgents},
	{"a known service", ThirdParty, []string{"datadog", "snowflake", "fivetran", "newrelic", "new-relic", "databricks", "sumologic", "splunkcloud", "lacework", "prismacloud", "cloudhealth", "cloudability", "segment/", "stitchdata", "hevodata", "wiz-"}, nil, nil, 0.85,
		"the user agent names a third party's product", userAgents},
	{"the VS Code, JetBrains or Visual Studio toolkit", Human, []string{"aws-toolkit-", "awstoolkit"}, nil, nil, 0.93,
		"the user agent is an editor's AWS toolkit", userAgents},
	{"a program with windows", Human, []string{"cyberduck", "s3 browser", "winscp", "mozilla/5.0", "mountain duck", "transmit/", "dbeaver", "nosqlworkbench"}, nil, nil, 0.9,
		"the user agent is a program that people look at", userAgents},
	{"a Mac", Human, macs, nil, []Origin{FromOther, FromPrivate, FromAWS, FromStranger}, 0.92,
		"the call was made on macOS, which people use", userAgents},
	{"Windows' Linux", Human, []string{"microsoft-standard-wsl", "-microsoft "}, nil, nil, 0.9,
		"the call was made in Linux on a Windows computer (WSL)", userAgents},
	{"Docker Desktop", Human, []string{"linuxkit"}, nil, outside, 0.8,
		"the call was made in Docker Desktop's virtual machine", userAgents},
	{"a Windows computer", Human, desktops, servers, []Origin{FromOther, FromPrivate}, 0.88,
		"the call was made on a desktop version of Windows", userAgents},
	{"cluster software", EKS, clusterware, []string{"terraform"}, awsSide, 0.88,
		"the user agent is software that runs in Kubernetes clusters, and it came from AWS", userAgents},
	{"cluster software elsewhere", OnPremises, clusterware, []string{"terraform"}, outside, 0.6,
		"the user agent is software that runs in Kubernetes clusters, and it came from outside AWS", userAgents},
	{"Terraform run by a program", HCPTerraform, []string{"hashicorp-terraform-exec"}, nil, []Origin{FromAWS, FromStranger}, 0.85,
		"Terraform was run by a program, as HCP Terraform does, in AWS and not at one of the account's addresses", terraformSaid},
	{"Terraform in somebody's AWS", HCPTerraform, []string{"hashicorp/1.0 terraform/", "hashicorp-terraform"}, nil, []Origin{FromStranger}, 0.7,
		"Terraform ran in AWS, where HCP Terraform's runs are, and not at one of the account's addresses", terraformSaid},
	{"Terraform in AWS", HCPTerraform, []string{"hashicorp/1.0 terraform/", "hashicorp-terraform"}, nil, []Origin{FromAWS}, 0.5,
		"Terraform ran in AWS, where HCP Terraform's runs are; whether at one of the account's addresses is not known", terraformSaid},
	{"the account's own network", EC2, nil, nil, []Origin{FromOwn}, 0.8,
		"it came from the account's own network and names no Lambda, ECS or cluster software", awsRanges},
	{"somebody else's AWS", OtherAccount, nil, nil, []Origin{FromStranger}, 0.6,
		"it came from AWS's ranges, and from none of the account's own addresses", awsRanges},
	{"Amazon's Linux in AWS", EC2, awsKernels, nil, []Origin{FromAWS, FromPrivate}, 0.65,
		"it ran on a kernel that AWS's images have, in AWS", awsRanges},
	{"in AWS", EC2, sdks, nil, []Origin{FromAWS}, 0.5,
		"it came from AWS's ranges; whether from one of the account's addresses is not known", awsRanges},
	{"a Windows server", OnPremises, servers, nil, outside, 0.82,
		"the call was made on a server version of Windows, outside AWS", userAgents},
	{"a backup program", OnPremises, []string{"rclone", "restic", "veeam", "duplicati", "synology", "qnap", "minio (linux", "commvault", "netbackup", "duplicity", "s3cmd", "s3fs"}, macs, outside, 0.78,
		"the user agent is a program that servers run, outside AWS", userAgents},
	{"Linux outside AWS", OnPremises, linux, macs, outside, 0.75,
		"the call was made on Linux, outside AWS", userAgents},
	{"a script language's SDK outside AWS", OnPremises, []string{"aws-sdk-ruby", "aws-sdk-php", "aws-sdk-java"}, append(macs[:len(macs):len(macs)], desktops...), outside, 0.55,
		"the user agent is an SDK that servers use, outside AWS", userAgents},
}
