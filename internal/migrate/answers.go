package migrate

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Answers are what no evidence tells about who is to be trusted.
type Answers struct {
	Repo           string // GitHub: owner/name, or owner@ID/name@ID; GitLab: group/project; Bitbucket: the repository's UUID
	Branch         string
	Environment    string // GitHub: its name; Bitbucket: its UUID
	Organization   string // CircleCI's organization ID, HCP Terraform's organization, Bitbucket's workspace UUID
	Workspace      string // HCP Terraform's, Bitbucket's
	Project        string // CircleCI's project ID, HCP Terraform's project
	Principal      string // who assumes the role: an ARN, or a third party's account
	ExternalID     string // that the third party gives; empty: one is made
	Cluster        string // of EKS
	Namespace      string
	ServiceAccount string
	Function       string // of Lambda
	TrustAnchor    string // ARN of Roles Anywhere's; empty: one is made
	CommonName     string // of the server's certificate
}

// Question is what must be answered before a role can be written.
type Question struct {
	Flags []string // one of them answers it
	Ask   string   // a sentence
}

// questions are what each workload's trust policy needs beside the evidence.
var questions = map[Workload][]Question{
	EKS: {
		{[]string{"namespace"}, "which namespace the pods are in"}, {[]string{"service-account"}, "which service account they run as"},
	},
	OtherAccount: {{[]string{"principal"}, "which role of the other account assumes it (its ARN)"}},
	GitHubActions: {
		{[]string{"repo"}, "which repository the workflow is in (OWNER/NAME)"},
		{[]string{"branch", "environment"}, "which branch or environment it runs for: a role for a whole repository is one for its pull requests too"},
	},
	GitLab: {
		{[]string{"repo"}, "which project the job is in (GROUP/PROJECT)"}, {[]string{"branch"}, "which branch it runs for"},
	},
	CircleCI: {
		{[]string{"ci-organization"}, "the organization's ID"}, {[]string{"project"}, "the project's ID"},
	},
	Bitbucket: {
		{[]string{"workspace"}, "the workspace's name"}, {[]string{"ci-organization"}, "the workspace's UUID"}, {[]string{"repo"}, "the repository's UUID"},
	},
	HCPTerraform: {
		{[]string{"ci-organization"}, "the organization"}, {[]string{"project"}, "the project"}, {[]string{"workspace"}, "the workspace"},
	},
	OnPremises: {{[]string{"common-name"}, "the common name of the server's certificate"}},
	ThirdParty: {{[]string{"principal"}, "which AWS account, or better which role, the third party calls from"}},
}

// forPods is asked besides where EKS Pod Identity is used.
var forPods = Question{[]string{"cluster"}, "which cluster it is"}

func (a Answers) byFlag() map[string]string {
	return map[string]string{
		"repo": a.Repo, "branch": a.Branch, "environment": a.Environment, "ci-organization": a.Organization, "workspace": a.Workspace, "project": a.Project,
		"principal": a.Principal, "principal-external-id": a.ExternalID, "cluster": a.Cluster, "namespace": a.Namespace, "service-account": a.ServiceAccount, "function": a.Function,
		"trust-anchor": a.TrustAnchor, "common-name": a.CommonName,
	}
}

// Missing are the questions about a workload that have no answer yet.
func (a Answers) Missing(r Recommendation) []Question {
	asked := questions[r.Workload]
	if r.Replacement == PodIdentity {
		asked = append(asked[:len(asked):len(asked)], forPods)
	}
	var out []Question
	given := a.byFlag()
	for _, q := range asked {
		answered := false
		for _, flag := range q.Flags {
			answered = answered || given[flag] != ""
		}
		if !answered {
			out = append(out, q)
		}
	}
	return out
}

var (
	ownerAndName = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$`)
	githubRepo   = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+|@\d+/[A-Za-z0-9_.-]+@\d+)$`)
	accountID    = regexp.MustCompile(`^[0-9]{12}$`)
	principalARN = regexp.MustCompile(`^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(role|user|assumed-role)/[\w+=,.@/-]+$`)
	// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
	externalForm = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)
	uuid         = regexp.MustCompile(`^(\{[0-9a-fA-F-]{36}\}|[0-9a-fA-F-]{36})$`)
	anchorARN    = regexp.MustCompile(`^arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]+:[0-9]{12}:trust-anchor/[0-9a-f-]+$`)
)

// uuids are the answers that a CI service's tokens have as UUIDs. Sources: the
// recommendations'.
var uuids = map[Workload][]string{CircleCI: {"ci-organization", "project"}, Bitbucket: {"ci-organization", "repo", "environment"}}

// CheckAccount refuses to let in somebody of the account itself as if of another.
func (a Answers) CheckAccount(r Recommendation, own string) error {
	account := a.Principal
	if parts := strings.SplitN(a.Principal, ":", 6); len(parts) == 6 {
		account = parts[4]
	}
	if (r.Workload == ThirdParty || r.Workload == OtherAccount) && account == own {
		return fmt.Errorf("--principal %q: that is this account itself: want the one that the calls come from", a.Principal)
	}
	return nil
}

// Check refuses answers that would trust more than they name, or can't be right.
func (a Answers) Check(r Recommendation) error {
	for flag, value := range a.byFlag() {
		if strings.ContainsAny(value, "*?$") {
			return fmt.Errorf("--%s %q: want a name, not a pattern: the role would trust more than you mean", flag, value)
		}
	}
	for _, flag := range uuids[r.Workload] {
		if value := a.byFlag()[flag]; value != "" && !uuid.MatchString(value) {
			return fmt.Errorf("--%s %q: want its UUID, as the token has it: a role that trusts a name lets nobody in", flag, value)
		}
	}
	switch {
	case r.Workload == GitLab && a.Repo != "" && !ownerAndName.MatchString(a.Repo):
		return fmt.Errorf("--repo %q: want GROUP/PROJECT", a.Repo)
	case r.Workload == GitHubActions && a.Repo != "" && !githubRepo.MatchString(a.Repo):
		return fmt.Errorf("--repo %q: want OWNER/NAME, or OWNER@ID/NAME@ID", a.Repo)
	case r.Workload == GitHubActions && a.Branch != "" && a.Environment != "":
		return errors.New("--branch and --environment: GitHub's token of a job with an environment names the environment alone: give one of them")
	case r.Workload == ThirdParty && a.Principal != "" && !accountID.MatchString(a.Principal) && !principalARN.MatchString(a.Principal):
		return fmt.Errorf("--principal %q: want an account (12 digits) or the ARN of a role", a.Principal)
	case r.Workload == OtherAccount && a.Principal != "" && !principalARN.MatchString(a.Principal):
		return fmt.Errorf("--principal %q: want the ARN of a role", a.Principal)
	case a.ExternalID != "" && (len(a.ExternalID) > 1224 || !externalForm.MatchString(a.ExternalID)):
		return fmt.Errorf("--principal-external-id %q: want 2 to 1224 letters, digits and _+=,.@:/-", a.ExternalID)
	case a.TrustAnchor != "" && !anchorARN.MatchString(a.TrustAnchor):
		return fmt.Errorf("--trust-anchor %q: want the ARN of a trust anchor of IAM Roles Anywhere", a.TrustAnchor)
	}
	return nil
}
