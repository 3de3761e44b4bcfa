package population

import (
	"fmt"

	"github.com/keytend/keytend/internal/fakeaws"
)

// putAway puts the Active keys of the account's first users where people put keys.
func putAway(spec *fakeaws.AccountSpec) {
	var keys []fakeaws.KeySpec
	for _, u := range spec.Users {
		if u.Name == Admin {
			continue
		}
		for _, k := range u.Keys {
			if k.Status == "Active" {
				keys = append(keys, k)
				break
			}
		}
	}
	for i, put := range []func(*fakeaws.AccountSpec, fakeaws.KeySpec){putIntoService, putIntoBuild, putIntoMachines} {
		if i < len(keys) {
			put(spec, keys[i])
		}
	}
}

// pairIn is a key as a JSON object.
func pairIn(k fakeaws.KeySpec) string {
	return fmt.Sprintf(`{"accessKeyId":%q,"secretAccessKey":%q}`, k.ID, k.Secret)
}

// putIntoService: a service reads a secret, and a function has a copy of its own.
func putIntoService(spec *fakeaws.AccountSpec, k fakeaws.KeySpec) {
	spec.Secrets = append(spec.Secrets, fakeaws.SecretSpec{Name: "prod/web", Value: pairIn(k)})
	spec.Functions = append(spec.Functions, fakeaws.FunctionSpec{
		Name: "nightly-export", Role: "arn:aws:iam::" + spec.ID + ":role/service-role/nightly-export", Environment: map[string]string{"EXPORT_KEY_ID": k.ID, "EXPORT_SECRET": k.Secret},
	})
	spec.Clusters = append(spec.Clusters, fakeaws.ClusterSpec{Name: "prod", Services: map[string]string{"web": "web:1"}})
	spec.TaskDefinitions = append(spec.TaskDefinitions, fakeaws.TaskDefinitionSpec{Family: "web", Containers: []fakeaws.ContainerSpec{{
		Name: "app", Environment: map[string]string{"STAGE": "prod"},
		Secrets: map[string]string{"KEY": "arn:aws:secretsmanager:us-east-1:" + spec.ID + ":secret:prod/web"},
	}}})
}

// putIntoBuild: a build has the key in its settings, and a parameter is kept for
// the next one.
func putIntoBuild(spec *fakeaws.AccountSpec, k fakeaws.KeySpec) {
	spec.Projects = append(spec.Projects, fakeaws.ProjectSpec{Name: "release", Environment: []fakeaws.BuildVariableSpec{
		{Name: "AWS_ACCESS_KEY_ID", Value: k.ID}, {Name: "AWS_SECRET_ACCESS_KEY", Value: k.Secret},
	}})
	spec.Parameters = append(spec.Parameters, fakeaws.ParameterSpec{Name: "/release/key", Type: "SecureString", Value: pairIn(k)})
}

// putIntoMachines: instances get the key when they start, and a parameter tells
// people its ID.
func putIntoMachines(spec *fakeaws.AccountSpec, k fakeaws.KeySpec) {
	start := "#!/bin/sh\nexport AWS_ACCESS_KEY_ID=" + k.ID + "\nexport AWS_SECRET_ACCESS_KEY=" + k.Secret + "\n"
	spec.Instances = append(spec.Instances, fakeaws.InstanceSpec{ID: "i-0123456789abcdef0", UserData: start, Tags: map[string]string{"Name": "bastion"}})
	spec.LaunchTemplates = append(spec.LaunchTemplates, fakeaws.LaunchTemplateSpec{ID: "lt-0123456789abcdef0", Name: "workers", UserData: []string{start}})
	spec.Parameters = append(spec.Parameters, fakeaws.ParameterSpec{Name: "/workers/key-id", Value: k.ID})
}
