package awsapi

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// containers is ECS in one region.
type containers struct {
	call func(ctx context.Context, operation string, in, out any) error
}

// Containers yields the containers of ECS in a region: of the latest active
// revision of each family of task definitions, and of the revisions that services
// run (ecs:ListTaskDefinitionFamilies, ecs:DescribeTaskDefinition,
// ecs:ListClusters, ecs:ListServices, ecs:DescribeServices). It ends at the first
// error.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html
func (s *Session) Containers(ctx context.Context, region string) iter.Seq2[Workload, error] {
	e := containers{s.target(region, "ECS", "ecs", "AmazonEC2ContainerServiceV20141113")}
	return func(yield func(Workload, error) bool) {
		run, err := e.run(ctx)
		if err != nil {
			yield(Workload{}, err)
			return
		}
		families, err := e.list(ctx, "ListTaskDefinitionFamilies", map[string]any{"status": "ACTIVE", "maxResults": 100})
		if err != nil {
			yield(Workload{}, err)
			return
		}
		seen := map[string]bool{}
		for _, name := range append(families, slices.Sorted(maps.Keys(run))...) {
			if seen[name] {
				continue
			}
			d, err := e.definition(ctx, name)
			if refusedAs(err, "Client") {
				continue // no revision of it is active any more
			}
			if err != nil {
				yield(Workload{}, err)
				return
			}
			if seen[d.TaskDefinitionARN] {
				continue
			}
			seen[name], seen[d.TaskDefinitionARN] = true, true
			for _, w := range d.workloads(run[d.TaskDefinitionARN]) {
				if !yield(w, nil) {
					return
				}
			}
		}
	}
}

// list reads all pages of a list of names.
func (e containers) list(ctx context.Context, operation string, in map[string]any) ([]string, error) {
	var all []string
	for {
		var page struct {
			ClusterArns, ServiceArns, Families []string
			NextToken                          string
		}
		if err := e.call(ctx, operation, in, &page); err != nil {
			return nil, err
		}
		all = slices.Concat(all, page.ClusterArns, page.ServiceArns, page.Families)
		if page.NextToken == "" {
			return all, nil
		}
		in["nextToken"] = page.NextToken
	}
}

// servicesAtOnce is how many services DescribeServices takes.
const servicesAtOnce = 10

// run tells which revisions of task definitions are run, and by which services.
func (e containers) run(ctx context.Context) (map[string][]string, error) {
	by := map[string][]string{}
	clusters, err := e.list(ctx, "ListClusters", map[string]any{"maxResults": 100})
	for _, cluster := range clusters {
		services, err := e.list(ctx, "ListServices", map[string]any{"cluster": cluster, "maxResults": 100})
		if err != nil {
			return nil, err
		}
		for some := range slices.Chunk(services, servicesAtOnce) {
			var out struct {
				Services []struct {
					ServiceName, TaskDefinition string
					Deployments                 []struct{ TaskDefinition string }
				}
			}
			if err := e.call(ctx, "DescribeServices", map[string]any{"cluster": cluster, "services": some}, &out); err != nil {
				return nil, err
			}
			for _, service := range out.Services {
				name := cluster[strings.LastIndexByte(cluster, '/')+1:] + "/" + service.ServiceName
				by[service.TaskDefinition] = append(by[service.TaskDefinition], name)
				for _, d := range service.Deployments {
					if d.TaskDefinition != service.TaskDefinition {
						by[d.TaskDefinition] = append(by[d.TaskDefinition], name)
					}
				}
			}
		}
	}
	return by, err
}

type definedTask struct {
	TaskDefinitionARN    string
	ContainerDefinitions []struct {
		Name                  string
		Command, EntryPoint   []string
		Environment           []struct{ Name, Value string }
		EnvironmentFiles      []struct{ Value string }
		Secrets               []struct{ Name, ValueFrom string }
		DockerLabels          map[string]string
		HealthCheck           struct{ Command []string }
		LogConfiguration      struct{ Options map[string]string }
		FirelensConfiguration struct{ Options map[string]string }
	}
}

func (e containers) definition(ctx context.Context, name string) (definedTask, error) {
	var out struct{ TaskDefinition definedTask }
	err := e.call(ctx, "DescribeTaskDefinition", map[string]string{"taskDefinition": name}, &out)
	return out.TaskDefinition, err
}

func (d definedTask) workloads(services []string) []Workload {
	var all []Workload
	revision := d.TaskDefinitionARN[strings.LastIndexByte(d.TaskDefinitionARN, '/')+1:]
	for _, c := range d.ContainerDefinitions {
		w := Workload{Name: revision + ", container " + c.Name, ARN: d.TaskDefinitionARN, UsedBy: services}
		for _, v := range c.Environment {
			w.Settings = append(w.Settings, Setting{v.Name, accesskey.NewSecret(v.Value)})
		}
		for _, options := range []map[string]string{c.DockerLabels, c.LogConfiguration.Options, c.FirelensConfiguration.Options} {
			w.Settings = append(w.Settings, settingsOf(options)...)
		}
		command := strings.Join(slices.Concat(c.EntryPoint, c.Command, c.HealthCheck.Command), "\n")
		w.Settings = append(w.Settings, Setting{"command", accesskey.NewSecret(command)})
		for _, secret := range c.Secrets {
			w.References = append(w.References, Reference{secret.Name, storeOf(secret.ValueFrom), secret.ValueFrom})
		}
		for _, file := range c.EnvironmentFiles {
			w.References = append(w.References, Reference{"", "s3", file.Value})
		}
		all = append(all, w)
	}
	return all
}

// storeOf is where the value of a container's secret is kept: Parameter Store, but
// for the ARN of a secret.
func storeOf(valueFrom string) string {
	if part := strings.Split(valueFrom, ":"); len(part) > 2 && part[0] == "arn" {
		return part[2]
	}
	return "ssm"
}
