package fakeaws

import (
	"cmp"
	"slices"
	"strings"
)

// ProjectSpec describes a project of CodeBuild.
type ProjectSpec struct {
	Region      string // empty: us-east-1
	Name        string
	Buildspec   string // its text, or where it is kept
	Environment []BuildVariableSpec
}

// BuildVariableSpec describes an environment variable of builds.
type BuildVariableSpec struct {
	Name, Value string
	Type        string // PLAINTEXT, PARAMETER_STORE, SECRETS_MANAGER; empty: PLAINTEXT
}

// codebuildService is CodeBuild as far as reading its projects goes.
// https://docs.aws.amazon.com/codebuild/latest/APIReference/Welcome.html
func codebuildService() service {
	return service{
		name: "codebuild", source: "codebuild.amazonaws.com", protocol: json11, target: "CodeBuild_20161006",
		actions: map[string]action{
			"ListProjects":     {do: listProjects, reads: true},
			"BatchGetProjects": {do: batchGetProjects, reads: true},
		},
	}
}

func (r *request) projects() []ProjectSpec {
	here := inRegion(r, r.account.spec.Projects, func(p ProjectSpec) string { return p.Region })
	slices.SortFunc(here, func(a, b ProjectSpec) int { return strings.Compare(a.Name, b.Name) })
	return here
}

func listProjects(r *request) (any, *apiError) {
	in, err := decode[struct{ NextToken string }](r)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, p := range r.projects() {
		names = append(names, p.Name)
	}
	page, next, ok := pageOf(r, names, in.NextToken, 100, same)
	if !ok {
		return nil, refusal("InvalidInputException", "Invalid token")
	}
	return struct {
		Projects  []string `json:"projects"`
		NextToken string   `json:"nextToken,omitempty"`
	}{page, next}, nil
}

type projectShape struct {
	Name        string             `json:"name"`
	ARN         string             `json:"arn"`
	Source      projectSource      `json:"source"`
	Environment projectEnvironment `json:"environment"`
}

type projectSource struct {
	Type      string `json:"type"`
	Buildspec string `json:"buildspec,omitempty"`
}

type projectEnvironment struct {
	Type        string          `json:"type"`
	Image       string          `json:"image"`
	ComputeType string          `json:"computeType"`
	Variables   []buildVariable `json:"environmentVariables"`
}

type buildVariable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

func batchGetProjects(r *request) (any, *apiError) {
	in, err := decode[struct{ Names []string }](r)
	if err != nil {
		return nil, err
	}
	if n := len(in.Names); n == 0 || n > 100 {
		return nil, refusal("InvalidInputException", "Invalid input: names must have between 1 and 100 entries")
	}
	found, missing, all := []projectShape{}, []string{}, r.projects()
	for _, name := range in.Names {
		i := slices.IndexFunc(all, func(p ProjectSpec) bool { return p.Name == name })
		if i < 0 {
			missing = append(missing, name)
			continue
		}
		found = append(found, r.projectShape(all[i]))
	}
	return struct {
		Projects []projectShape `json:"projects"`
		Missing  []string       `json:"projectsNotFound"`
	}{found, missing}, nil
}

func (r *request) projectShape(p ProjectSpec) projectShape {
	out := projectShape{
		Name: p.Name, ARN: r.account.in(r.region).arn("codebuild", "project/"+p.Name),
		Source: projectSource{"NO_SOURCE", p.Buildspec},
		Environment: projectEnvironment{
			Type: "LINUX_CONTAINER", Image: "aws/codebuild/standard:7.0", ComputeType: "BUILD_GENERAL1_SMALL", Variables: []buildVariable{},
		},
	}
	for _, v := range p.Environment {
		out.Environment.Variables = append(out.Environment.Variables, buildVariable{v.Name, v.Value, cmp.Or(v.Type, "PLAINTEXT")})
	}
	return out
}
