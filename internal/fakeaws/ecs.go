package fakeaws

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ClusterSpec describes a cluster of ECS.
type ClusterSpec struct {
	Region   string // empty: us-east-1
	Name     string
	Services map[string]string // name → task definition, as family:revision
}

// TaskDefinitionSpec describes a task definition of ECS, of status ACTIVE.
type TaskDefinitionSpec struct {
	Region     string // empty: us-east-1
	Family     string
	Revision   int // zero: 1
	Containers []ContainerSpec
}

// ContainerSpec describes a container of a task definition.
type ContainerSpec struct {
	Name             string
	Image            string // empty: the name
	Command          []string
	Environment      map[string]string
	Secrets          map[string]string // name → ARN of a secret or a parameter, or a parameter's name
	EnvironmentFiles []string          // ARNs of objects in S3
}

// ecsService is ECS as far as reading goes: clusters, services and task definitions.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html
func ecsService() service {
	return service{
		name: "ecs", source: "ecs.amazonaws.com", protocol: json11, target: "AmazonEC2ContainerServiceV20141113",
		actions: map[string]action{
			"ListClusters":               {do: listClusters, reads: true},
			"ListServices":               {do: listClusterServices, reads: true},
			"DescribeServices":           {do: describeClusterServices, reads: true},
			"ListTaskDefinitionFamilies": {do: listTaskFamilies, reads: true},
			"DescribeTaskDefinition":     {do: describeTaskDefinition, reads: true},
		},
	}
}

// inRegion keeps what is in the request's region.
func inRegion[T any](r *request, all []T, region func(T) string) []T {
	var here []T
	for _, one := range all {
		if cmp.Or(region(one), standardRegion) == r.region {
			here = append(here, one)
		}
	}
	return here
}

func (r *request) clusters() []ClusterSpec {
	here := inRegion(r, r.account.spec.Clusters, func(c ClusterSpec) string { return c.Region })
	slices.SortFunc(here, func(a, b ClusterSpec) int { return strings.Compare(a.Name, b.Name) })
	return here
}

func (r *request) taskDefinitions() []TaskDefinitionSpec {
	return inRegion(r, r.account.spec.TaskDefinitions, func(d TaskDefinitionSpec) string { return d.Region })
}

// ecsPage is what calls of ECS that list say of pages.
type ecsPage struct {
	Cluster, NextToken, Status string
	MaxResults                 int
}

func errECSToken() *apiError { return refusal("InvalidParameterException", "Invalid token.") }

func listClusters(r *request) (any, *apiError) {
	in, err := decode[ecsPage](r)
	if err != nil {
		return nil, err
	}
	arns := []string{}
	for _, c := range r.clusters() {
		arns = append(arns, r.account.in(r.region).arn("ecs", "cluster/"+c.Name))
	}
	page, next, ok := pageOf(r, arns, in.NextToken, cmp.Or(in.MaxResults, 100), same)
	if !ok {
		return nil, errECSToken()
	}
	return struct {
		ClusterARNs []string `json:"clusterArns"`
		NextToken   string   `json:"nextToken,omitempty"`
	}{page, next}, nil
}

func same(text string) string { return text }

// cluster finds a cluster by name or ARN; neither: the one named default.
func (r *request) cluster(text string) (ClusterSpec, *apiError) {
	name := cmp.Or(text[strings.LastIndexByte(text, '/')+1:], "default")
	for _, c := range r.clusters() {
		if c.Name == name {
			return c, nil
		}
	}
	return ClusterSpec{}, refusal("ClusterNotFoundException", "Cluster not found.")
}

func listClusterServices(r *request) (any, *apiError) {
	in, err := decode[ecsPage](r)
	if err != nil {
		return nil, err
	}
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	arns := []string{}
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		arns = append(arns, r.account.in(r.region).arn("ecs", "service/"+c.Name+"/"+name))
	}
	page, next, ok := pageOf(r, arns, in.NextToken, cmp.Or(in.MaxResults, 10), same)
	if !ok {
		return nil, errECSToken()
	}
	return struct {
		ServiceARNs []string `json:"serviceArns"`
		NextToken   string   `json:"nextToken,omitempty"`
	}{page, next}, nil
}

type clusterService struct {
	ServiceARN     string `json:"serviceArn"`
	ServiceName    string `json:"serviceName"`
	ClusterARN     string `json:"clusterArn"`
	Status         string `json:"status"`
	DesiredCount   int    `json:"desiredCount"`
	RunningCount   int    `json:"runningCount"`
	TaskDefinition string `json:"taskDefinition"`
}

type ecsFailure struct {
	ARN    string `json:"arn"`
	Reason string `json:"reason"`
}

func describeClusterServices(r *request) (any, *apiError) {
	in, err := decode[struct {
		Cluster  string
		Services []string
	}](r)
	if err != nil {
		return nil, err
	}
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if n := len(in.Services); n == 0 || n > 10 {
		return nil, refusal("InvalidParameterException", "Services cannot be empty and must have at most 10 entries.")
	}
	found, failures, home := []clusterService{}, []ecsFailure{}, r.account.in(r.region)
	for _, text := range in.Services {
		name := text[strings.LastIndexByte(text, '/')+1:]
		arn := home.arn("ecs", "service/"+c.Name+"/"+name)
		task, there := c.Services[name]
		if !there {
			failures = append(failures, ecsFailure{arn, "MISSING"})
			continue
		}
		found = append(found, clusterService{arn, name, home.arn("ecs", "cluster/"+c.Name), "ACTIVE", 1, 1, home.arn("ecs", "task-definition/"+task)})
	}
	return struct {
		Services []clusterService `json:"services"`
		Failures []ecsFailure     `json:"failures"`
	}{found, failures}, nil
}

func listTaskFamilies(r *request) (any, *apiError) {
	in, err := decode[ecsPage](r)
	if err != nil {
		return nil, err
	}
	families := []string{}
	if in.Status != "INACTIVE" {
		for _, d := range r.taskDefinitions() {
			families = append(families, d.Family)
		}
	}
	slices.Sort(families)
	page, next, ok := pageOf(r, slices.Compact(families), in.NextToken, cmp.Or(in.MaxResults, 100), same)
	if !ok {
		return nil, errECSToken()
	}
	return struct {
		Families  []string `json:"families"`
		NextToken string   `json:"nextToken,omitempty"`
	}{page, next}, nil
}

// describeTaskDefinition tells of the latest revision of a family where none is named.
func describeTaskDefinition(r *request) (any, *apiError) {
	in, err := decode[struct{ TaskDefinition string }](r)
	if err != nil {
		return nil, err
	}
	name := in.TaskDefinition[strings.LastIndexByte(in.TaskDefinition, '/')+1:]
	family, revision, exact := strings.Cut(name, ":")
	var found *TaskDefinitionSpec
	for _, d := range r.taskDefinitions() {
		if number := max(1, d.Revision); d.Family == family && (exact && strconv.Itoa(number) == revision || !exact && (found == nil || number > found.Revision)) {
			d.Revision = number
			found = &d
		}
	}
	if found == nil {
		return nil, refusal("ClientException", "Unable to describe task definition.")
	}
	return struct {
		TaskDefinition taskDefinition `json:"taskDefinition"`
	}{r.taskShape(*found)}, nil
}

type taskDefinition struct {
	ARN        string          `json:"taskDefinitionArn"`
	Family     string          `json:"family"`
	Revision   int             `json:"revision"`
	Status     string          `json:"status"`
	Containers []taskContainer `json:"containerDefinitions"`
}

type taskContainer struct {
	Name             string           `json:"name"`
	Image            string           `json:"image"`
	Essential        bool             `json:"essential"`
	Command          []string         `json:"command,omitempty"`
	Environment      []lowerPair      `json:"environment"`
	EnvironmentFiles []environmentAt  `json:"environmentFiles,omitempty"`
	Secrets          []taskSecretFrom `json:"secrets,omitempty"`
}

type lowerPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type environmentAt struct {
	Value string `json:"value"`
	Type  string `json:"type"`
}

type taskSecretFrom struct {
	Name      string `json:"name"`
	ValueFrom string `json:"valueFrom"`
}

func (r *request) taskShape(d TaskDefinitionSpec) taskDefinition {
	out := taskDefinition{
		ARN:    r.account.in(r.region).arn("ecs", "task-definition/"+d.Family+":"+strconv.Itoa(d.Revision)),
		Family: d.Family, Revision: d.Revision, Status: "ACTIVE", Containers: []taskContainer{},
	}
	for _, c := range d.Containers {
		shape := taskContainer{Name: c.Name, Image: cmp.Or(c.Image, c.Name), Essential: true, Command: c.Command, Environment: []lowerPair{}}
		for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
			shape.Environment = append(shape.Environment, lowerPair{name, c.Environment[name]})
		}
		for _, name := range slices.Sorted(maps.Keys(c.Secrets)) {
			shape.Secrets = append(shape.Secrets, taskSecretFrom{name, c.Secrets[name]})
		}
		for _, arn := range c.EnvironmentFiles {
			shape.EnvironmentFiles = append(shape.EnvironmentFiles, environmentAt{arn, "s3"})
		}
		out.Containers = append(out.Containers, shape)
	}
	return out
}
