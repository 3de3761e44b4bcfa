package migrate

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/keytend/keytend/internal/iampolicy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story is one workload and what is known about it.
type story struct {
	name     string
	workload Workload
	around   Surroundings
	answers  Answers
	boundary string
}

func stories() []story {
	plain := Surroundings{Account: "123456789012", Partition: "aws", Region: "eu-central-1"}
	withProviders := plain
	withProviders.Providers = []Provider{
		{ARN: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", URL: "token.actions.githubusercontent.com", Audiences: []string{"sts.amazonaws.com"}},
		{ARN: "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE", URL: "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE"},
	}
	center := plain
	center.IdentityCenter = true
	const boundary = "arn:aws:iam::123456789012:policy/team/limits"
	pods := Answers{Cluster: "prod", Namespace: "billing", ServiceAccount: "worker"}
	anchor := "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/1234abcd-12ab-34cd-56ef-1234567890ab"
	return []story{
		{"ec2", EC2, plain, Answers{}, boundary},
		{"lambda", Lambda, plain, Answers{}, ""},
		{"lambda-function", Lambda, plain, Answers{Function: "billing"}, ""},
		{"ecs", ECS, plain, Answers{}, ""},
		{"eks-pod-identity", EKS, plain, pods, ""},
		{"eks-irsa", EKS, withProviders, pods, ""},
		{"other-account", OtherAccount, plain, Answers{Principal: "arn:aws:iam::210987654321:role/worker"}, ""},
		{"github-branch", GitHubActions, plain, Answers{Repo: "example/shop", Branch: "main"}, ""},
		{"github-environment", GitHubActions, withProviders, Answers{Repo: "example/shop", Environment: "production"}, ""},
		{"gitlab", GitLab, plain, Answers{Repo: "example/shop", Branch: "main"}, ""},
		{"circleci", CircleCI, plain, Answers{Organization: "11111111-2222-3333-4444-555555555555", Project: "66666666-7777-8888-9999-000000000000"}, ""},
		{"circleci-branch", CircleCI, plain, Answers{Organization: "11111111-2222-3333-4444-555555555555", Project: "66666666-7777-8888-9999-000000000000", Branch: "main"}, ""},
		{"bitbucket", Bitbucket, plain, Answers{Workspace: "example", Organization: "{11111111-2222-3333-4444-555555555555}", Repo: "66666666-7777-8888-9999-000000000000"}, ""},
		{"hcp-terraform", HCPTerraform, plain, Answers{Organization: "example", Project: "shop", Workspace: "prod"}, ""},
		{"human-login", Human, plain, Answers{}, ""},
		{"human-identity-center", Human, center, Answers{}, boundary},
		{"on-premises", OnPremises, plain, Answers{CommonName: "backup.example.com"}, ""},
		{"on-premises-anchor", OnPremises, plain, Answers{CommonName: "backup.example.com", TrustAnchor: anchor}, ""},
		{"third-party", ThirdParty, plain, Answers{Principal: "210987654321"}, ""},
		{"third-party-id", ThirdParty, plain, Answers{Principal: "210987654321", ExternalID: "example:customer-7"}, ""},
	}
}

func (s story) plan(t testing.TB) Migration {
	t.Helper()
	h := holder(t, `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["s3:*","ec2:Describe*"],"Resource":"*"},
		{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:sqs:*:123456789012:payroll","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-central-1"}}},
		{"Effect":"Deny","Action":"s3:Put*","Resource":"arn:aws:s3:::example/locked/*"}]}`)
	h.Name, h.ID = "billing", "AIDACKCEVSQ6C2EXAMPLE"
	if s.boundary != "" {
		h.Boundary = &iampolicy.NamedDocument{ARN: s.boundary, Document: iampolicy.FullAccess()}
	}
	part := Part{Workload: s.workload, Confidence: 0.9, Calls: 9, Share: 1, Seen: []Seen{
		called("s3", "PutObject", "arn:aws:s3:::example/a"), called("ec2", "DescribeInstances"), called("sqs", "ListQueues"),
	}}
	m, err := Plan(h, part, false, s.around, s.answers, Window{Text: "2026-08-25 to 2026-11-23"}, func(string) string { return "0123456789abcdef0123456789abcdef" })
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return m
}

func TestTerraform(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			m := s.plan(t)
			if !m.Ready() {
				t.Fatalf("not ready: %v", m.Missing)
			}
			text := m.Terraform()
			golden(t, filepath.Join("testdata", "terraform", s.name+".tf"), text)
			if again := string(hclwrite.Format([]byte(text))); again != text {
				t.Errorf("formatting changes it:\n%s", cmp.Diff(text, again))
			}
			checkReferences(t, text)
			for _, never := range []string{"thumbprint", `"repo:*`} {
				if strings.Contains(text, never) {
					t.Errorf("has %q", never)
				}
			}
		})
	}
}

// A policy that IAM would refuse for its size is several, which together say the
// same; all that is denied stays so.
func TestRightsAreCutToIAMsSize(t *testing.T) {
	m := story{name: "many", workload: EC2, around: Surroundings{Account: "123456789012", Partition: "aws"}}.plan(t)
	var seen []Seen
	for i := range 600 {
		seen = append(seen, called("ec2", fmt.Sprintf("DescribeSomethingOrOtherNumber%d", i)))
	}
	m.Grant = holder(t, statement("Allow", "*", "*", ""), statement("Deny", "ec2:*1", "arn:aws:ec2:*:*:vpc/*", "")).Grant(seen)
	parts := m.Grant.parts()
	if len(parts) < 4 || len(parts) > 8 {
		t.Errorf("%d policies", len(parts))
	}
	var allowed, denied int
	for _, p := range parts {
		if n := len(strings.Join(strings.Fields(document(p)), "")); n > 6144 {
			t.Errorf("a policy of %d characters", n)
		}
		for _, s := range p {
			if s.Effect == iampolicy.Allow {
				allowed += len(s.Actions)
			} else {
				denied += len(s.Actions)
			}
		}
	}
	if allowed != 600 || denied != 60 {
		t.Errorf("%d actions allowed, %d denied", allowed, denied)
	}
	text := m.Terraform()
	checkReferences(t, text)
	if got := strings.Count(text, `resource "aws_iam_role_policy_attachment"`); got != len(parts) {
		t.Errorf("%d of %d policies are attached", got, len(parts))
	}
}

// Files of several users fit into one folder: nothing is declared twice, and all
// that is referred to is there.
func TestFilesOfManyInOneFolder(t *testing.T) {
	folder := map[string]string{}
	for _, user := range []string{"billing", "audit"} {
		for _, s := range stories() {
			m := s.plan(t)
			if s.boundary == "" { // it has the names of another story
				m.Holder.Name = user
			}
			m.RoleName = user + "-" + s.name
			for name, text := range m.Files() {
				if was, there := folder[name]; there && was != text {
					t.Errorf("%s is not the same from %s of %s:\n%s", name, s.name, user, cmp.Diff(was, text))
				}
				folder[name] = text
			}
		}
	}
	var all strings.Builder
	declared := map[string]bool{}
	for name, text := range folder {
		file, wrong := hclparse.NewParser().ParseHCL([]byte(text), name)
		if wrong.HasErrors() {
			t.Fatal(wrong)
		}
		for _, b := range file.Body.(*hclsyntax.Body).Blocks {
			what := b.Type + " " + strings.Join(b.Labels, ".")
			if declared[what] {
				t.Errorf("%s: %s is declared twice", name, what)
			}
			declared[what] = true
		}
		all.WriteString(text)
	}
	checkReferences(t, all.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", path, diff)
	}
}

// checkReferences parses a file and finds each reference declared in it.
func checkReferences(t *testing.T, text string) {
	t.Helper()
	file, wrong := hclparse.NewParser().ParseHCL([]byte(text), "main.tf")
	if wrong.HasErrors() {
		t.Fatal(wrong)
	}
	body := file.Body.(*hclsyntax.Body)
	declared := map[string]bool{}
	for _, b := range body.Blocks {
		switch b.Type {
		case "variable":
			declared["var."+b.Labels[0]] = true
		case "resource":
			declared[strings.Join(b.Labels, ".")] = true
		case "data":
			declared["data."+strings.Join(b.Labels, ".")] = true
		}
	}
	_ = hclsyntax.VisitAll(body, func(node hclsyntax.Node) hcl.Diagnostics {
		if e, ok := node.(*hclsyntax.ScopeTraversalExpr); ok {
			if name := reference(e.Traversal); name != "string" && !declared[name] {
				t.Errorf("%s is not declared in\n%s", name, text)
			}
		}
		return nil
	})
}

// reference is what a traversal refers to: aws_iam_role.x, data.aws_x.y, var.z.
func reference(path hcl.Traversal) string {
	parts := []string{path.RootName()}
	length := 2
	if path.RootName() == "data" {
		length = 3
	}
	for _, step := range path[1:] {
		if attr, ok := step.(hcl.TraverseAttr); ok && len(parts) < length {
			parts = append(parts, attr.Name)
		}
	}
	return strings.Join(parts, ".")
}

// What isn't answered is asked, and nothing is trusted in its place.
func TestWhomToTrustIsNeverGuessed(t *testing.T) {
	for w, flags := range map[Workload]string{
		GitHubActions: "repo branch|environment", GitLab: "repo branch", CircleCI: "ci-organization project", Bitbucket: "workspace ci-organization repo",
		HCPTerraform: "ci-organization project workspace", OtherAccount: "principal", ThirdParty: "principal", OnPremises: "common-name",
		EKS: "namespace service-account cluster", EC2: "", Lambda: "", ECS: "", Human: "",
	} {
		m := story{name: string(w), workload: w, around: Surroundings{Account: "123456789012", Partition: "aws"}}.plan(t)
		var asked []string
		for _, q := range m.Missing {
			asked = append(asked, strings.Join(q.Flags, "|"))
		}
		if got := strings.Join(asked, " "); got != flags || m.Ready() != (flags == "") {
			t.Errorf("%s: asks %q, want %q; ready %v", w, got, flags, m.Ready())
		}
	}
}

func TestAnswersThatTrustTooMuchAreRefused(t *testing.T) {
	for _, c := range []struct {
		w    Workload
		a    Answers
		fine bool
	}{
		{GitHubActions, Answers{Repo: "example/*", Branch: "main"}, false},
		{GitHubActions, Answers{Repo: "example/shop", Branch: "*"}, false},
		{GitHubActions, Answers{Repo: "example", Branch: "main"}, false},
		{GitHubActions, Answers{Repo: "example/shop", Branch: "main", Environment: "prod"}, false},
		{GitHubActions, Answers{Repo: "example/shop", Branch: "main"}, true},
		{GitHubActions, Answers{Repo: "example@1234/shop@5678", Branch: "main"}, true},
		{GitHubActions, Answers{Repo: "example@1234/shop", Branch: "main"}, false},
		{GitHubActions, Answers{Repo: "example/team/shop", Branch: "main"}, false},
		{GitLab, Answers{Repo: "example/team/shop", Branch: "main"}, true},
		{ThirdParty, Answers{Principal: "*"}, false},
		{ThirdParty, Answers{Principal: "123456789012"}, false}, // the account itself
		{ThirdParty, Answers{Principal: "arn:aws:iam::123456789012:role/vendor"}, false},
		{OtherAccount, Answers{Principal: "arn:aws:iam::123456789012:role/worker"}, false},
		{CircleCI, Answers{Organization: "example", Project: "66666666-7777-8888-9999-000000000000"}, false},
		{CircleCI, Answers{Organization: "11111111-2222-3333-4444-555555555555", Project: "shop"}, false},
		{Bitbucket, Answers{Workspace: "example", Organization: "{11111111-2222-3333-4444-555555555555}", Repo: "example/shop"}, false},
		{Bitbucket, Answers{Workspace: "example", Organization: "{11111111-2222-3333-4444-555555555555}", Repo: "66666666-7777-8888-9999-000000000000"}, true},
		{ThirdParty, Answers{Principal: "210987654321"}, true},
		{ThirdParty, Answers{Principal: "210987654321", ExternalID: "x"}, false},
		{ThirdParty, Answers{Principal: "210987654321", ExternalID: "a b"}, false},
		{ThirdParty, Answers{Principal: "210987654321", ExternalID: "*customer"}, false},
		{OtherAccount, Answers{Principal: "210987654321"}, false},
		{OtherAccount, Answers{Principal: "arn:aws:iam::210987654321:role/app/worker"}, true},
		{OnPremises, Answers{CommonName: "*.example.com"}, false},
		{OnPremises, Answers{CommonName: "a", TrustAnchor: "anchor"}, false},
	} {
		_, err := Plan(holder(t), Part{Workload: c.w}, false, Surroundings{Account: "123456789012"}, c.a, Window{}, func(string) string { return "e" })
		if (err == nil) != c.fine {
			t.Errorf("%s %+v: %v", c.w, c.a, err)
		}
	}
}

// Every role's trust policy is one that IAM takes, and lets in whom it names and
// nobody else: judged by the policy language.
func TestTrustLetsInWhomItNames(t *testing.T) {
	github := Answers{Repo: "example/shop", Branch: "main"}
	circle := Answers{Organization: "11111111-2222-3333-4444-555555555555", Project: "66666666-7777-8888-9999-000000000000", Branch: "main"}
	job := "org/" + circle.Organization + "/project/" + circle.Project + "/user/99999999-0000-0000-0000-000000000000"
	for _, c := range []struct {
		workload Workload
		answers  Answers
		subject  string
		in       bool
	}{
		{GitHubActions, github, "repo:example/shop:ref:refs/heads/main", true},
		{GitHubActions, github, "repo:example/shop:ref:refs/heads/main2", false},
		{GitHubActions, github, "repo:example/shop:pull_request", false},
		{GitHubActions, github, "repo:example/other:ref:refs/heads/main", false},
		{GitHubActions, github, "repo:example/shop:environment:main", false},
		{GitHubActions, Answers{Repo: "example@1/shop@2", Branch: "main"}, "repo:example@1/shop@2:ref:refs/heads/main", true},
		{GitHubActions, Answers{Repo: "example@1/shop@2", Branch: "main"}, "repo:example@3/shop@4:ref:refs/heads/main", false},
		{GitHubActions, Answers{Repo: "example/shop", Environment: "Production:V1"}, "repo:example/shop:environment:Production%3AV1", true},
		{CircleCI, circle, job + "/vcs-origin/github.com/example/shop/vcs-ref/refs/heads/main", true},
		{CircleCI, circle, job + "/vcs-origin/github.com/example/shop/vcs-ref/refs/heads/other", false},
		{CircleCI, circle, job, false}, // the first token names no branch
		// Anybody who may push a branch names it as they like.
		{CircleCI, circle, job + "/vcs-origin/github.com/example/shop/vcs-ref/refs/heads/x/vcs-ref/refs/heads/main", false},
		{CircleCI, circle, job + "/vcs-origin/github.com/example/shop/vcs-ref/refs/heads/x/vcs-origin/github.com/example/shop/vcs-ref/refs/heads/main", false},
	} {
		m := story{name: string(c.workload), workload: c.workload, around: Surroundings{Account: "123456789012", Partition: "aws"}, answers: c.answers}.plan(t)
		trust, err := iampolicy.Parse(m.Trust.Document())
		if err != nil {
			t.Fatal(err)
		}
		if err := iampolicy.CheckTrust(m.Trust.Document()); err != nil {
			t.Fatal(err)
		}
		issued, _ := c.answers.token(c.workload)
		d := iampolicy.Evaluate(nil, nil, nil, &trust, iampolicy.Request{
			Caller: iampolicy.Caller{Account: "123456789012", IdP: m.Trust.Principal}, Action: "sts:AssumeRoleWithWebIdentity", Resource: m.RoleARN(),
			Context: map[string][]string{issued.issuer + ":sub": {c.subject}, issued.issuer + ":aud": {issued.audience}},
		})
		if d.Allowed() != c.in {
			t.Errorf("%s: %s", c.subject, d.Outcome)
		}
	}
}

func TestEC2IsCalledOtherwiseInChina(t *testing.T) {
	for partition, want := range map[string]string{"aws": "ec2.amazonaws.com", "aws-cn": "ec2.amazonaws.com.cn", "aws-us-gov": "ec2.amazonaws.com", "aws-eusc": "ec2.amazonaws.com"} {
		around := Surroundings{Account: "123456789012", Partition: partition}
		if got := around.Trust(Recommend(EC2, around), Answers{}, nil).Principal; got != want {
			t.Errorf("%s: %s, want %s", partition, got, want)
		}
	}
}

func TestEveryWorkloadHasAWay(t *testing.T) {
	for _, w := range Workloads() {
		r := Recommend(w, Surroundings{})
		if r.Replacement == "" || r.Effort == "" || r.Why == "" || w != Mixed && len(r.Steps) == 0 {
			t.Errorf("%s: no whole recommendation: %+v", w, r)
		}
		if w.String() == string(w) {
			t.Errorf("%s has no name for people", w)
		}
	}
}

// One data event shows that a trail has some, not that it has all.
func TestAWindowIsNeverSaidToHaveEverything(t *testing.T) {
	for data, want := range map[bool]string{false: "Data events are not in it", true: "only of those buckets"} {
		if got := strings.Join((Window{Data: data}).Unseen(), " "); !strings.Contains(got, want) {
			t.Errorf("data events %v: %s", data, got)
		}
	}
}
