// Package migrate shows the way from a key to a role: it tells from evidence
// what kind of workload uses a key, with its confidence and what spoke for it,
// recommends what is to take the key's place, and works out the role: who may
// assume it and what it may do.
//
// It does no I/O, reads no clock and makes no random numbers. It never grants
// what the key's user may not do now, and never guesses whom to trust: what the
// evidence doesn't tell must be given.
package migrate

// Workload is what kind of thing uses a key.
type Workload string

// The workloads.
const (
	EC2           Workload = "ec2"
	Lambda        Workload = "lambda"
	ECS           Workload = "ecs"
	EKS           Workload = "eks"
	OtherAccount  Workload = "other-account"
	GitHubActions Workload = "github-actions"
	GitLab        Workload = "gitlab"
	CircleCI      Workload = "circleci"
	Bitbucket     Workload = "bitbucket"
	HCPTerraform  Workload = "hcp-terraform"
	Human         Workload = "human"
	OnPremises    Workload = "on-premises"
	ThirdParty    Workload = "third-party"
	Mixed         Workload = "mixed"  // of a key: several of the above
	Unused        Workload = "unused" // of a key
	Unknown       Workload = "unknown"
)

// Workloads are all there are, in the order in which they are told of.
func Workloads() []Workload {
	return []Workload{
		EC2, Lambda, ECS, EKS, OtherAccount, GitHubActions, GitLab, CircleCI, Bitbucket, HCPTerraform,
		Human, OnPremises, ThirdParty, Mixed, Unused, Unknown,
	}
}

// String is the workload for people.
func (w Workload) String() string {
	if name, ok := spoken[w]; ok {
		return name
	}
	return string(w)
}

var spoken = map[Workload]string{
	EC2: "EC2 instance", Lambda: "Lambda function", ECS: "ECS task", EKS: "Kubernetes on EKS",
	OtherAccount: "workload in another AWS account", GitHubActions: "GitHub Actions", GitLab: "GitLab CI/CD",
	CircleCI: "CircleCI", Bitbucket: "Bitbucket Pipelines", HCPTerraform: "HCP Terraform",
	Human: "person at a command line", OnPremises: "server outside AWS", ThirdParty: "third party's service",
	Mixed: "several workloads", Unused: "nobody", Unknown: "not known",
}
