package conformance

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

// Debian's programs, by full path: a newer one from elsewhere would make the
// outcome depend on the machine.
const (
	python = "/usr/bin/python3"
	awscli = "/usr/bin/aws"
)

// start serves a simulated organization of two accounts on a loopback socket,
// each answer checked, and returns the environment for its clients.
func start(t *testing.T) (*checked, []string) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	aws := fakeaws.New(fakeaws.Config{Start: now, Seed: 1})
	var ids []string
	for i := range 2 {
		spec := population.Account(1, i, 250, now)
		spec.Management, spec.SecurityHub, spec.ConfigRecorder = i == 0, i == 0, i == 0
		if i == 0 {
			spec.StackSetsAccess = true
			spec.Directories = []fakeaws.DirectorySpec{{ID: "d-1234567890", Addresses: []string{"ana@example.com"}}}
			spec.Buckets = []fakeaws.BucketSpec{{Name: "conf-states", Region: "eu-west-1", Objects: map[string]string{"a dir/b+c.tfstate": "{}"}}}
			spec.EventDataStores = []fakeaws.EventDataStoreSpec{{ID: "1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d", Name: "conf-calls"}, {ID: "2b3c4d5e-6f7a-8b9c-0d1e-2f3a4b5c6d7e", Name: "conf-old", Status: "PENDING_DELETION"}}
			spec.Clusters = []fakeaws.ClusterSpec{{Name: "conf", Services: map[string]string{"web": "conf-web:1"}}}
			spec.TaskDefinitions = []fakeaws.TaskDefinitionSpec{
				{Family: "conf-web", Containers: []fakeaws.ContainerSpec{{Name: "app", Command: []string{"serve"}, Environment: map[string]string{"STAGE": "prod"},
					Secrets: map[string]string{"KEY": "conf/secret"}, EnvironmentFiles: []string{"arn:aws:s3:::conf-states/app.env"}}}},
				{Family: "conf-web", Revision: 2, Containers: []fakeaws.ContainerSpec{{Name: "app"}}},
			}
			spec.Projects = []fakeaws.ProjectSpec{{Name: "conf-build", Buildspec: "version: 0.2", Environment: []fakeaws.BuildVariableSpec{{Name: "STAGE", Value: "prod"}}}}
			spec.Instances = []fakeaws.InstanceSpec{{ID: "i-0123456789abcdef0", UserData: "#!/bin/sh\n", Tags: map[string]string{"Name": "conf"}}, {ID: "i-0123456789abcdef1"}}
			spec.LaunchTemplates = []fakeaws.LaunchTemplateSpec{{ID: "lt-0123456789abcdef0", Name: "conf", UserData: []string{"#!/bin/sh\n", ""}}}
			spec.Stacks = []fakeaws.StackSpec{{Name: "conf-stack", Resources: []fakeaws.StackResourceSpec{
				{Type: "AWS::IAM::AccessKey", LogicalID: "Key", PhysicalID: "AKIAIOSFODNN7EXAMPLE"}, {Type: "AWS::IAM::User", LogicalID: "User", PhysicalID: "alice"},
			}}}
		}
		ids = append(ids, spec.ID)
		aws.AddAccount(spec)
	}
	aws.RunFunctions(rotator(aws))
	c := &checked{
		next:    aws,
		models:  loadModels(t, "iam", "sts", "organizations", "cloudtrail", "config", "secretsmanager", "ssm", "kms", "securityhub", "cloudformation", "identitystore", "sns", "events", "cloudwatch", "lambda", "scheduler", "logs", "ecs", "codebuild"),
		t:       t,
		actions: map[string]int{},
	}
	c.models["monitoring"] = c.models["cloudwatch"] // by which it signs
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	id, secret := aws.AdminKey(ids[0])
	return c, []string{
		"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "PYTHONDONTWRITEBYTECODE=1", "AWS_PAGER=",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=2",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret,
		"AWS_ENDPOINT_URL=" + server.URL, "ENDPOINT=" + server.URL, "MEMBER=" + ids[1], "MANAGEMENT=" + ids[0],
	}
}

func run(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	t.Logf("%s:\n%s", strings.Join(args, " "), out.String())
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
}

// TestBoto3 lets python3-boto3 list, paginate, rotate, report, assume roles,
// sign wrongly and ask for a third key.
func TestBoto3(t *testing.T) {
	if exec.Command(python, "-c", "import boto3").Run() != nil {
		t.Skip("skipped: no boto3: install Debian's python3-boto3")
	}
	c, env := start(t)
	run(t, env, python, filepath.Join("testdata", "boto.py"))
	wantActions(t, c, 145)
}

// TestRails lets python3-boto3 make a function, have it rotate a secret, and set
// rules and schedules upon it.
func TestRails(t *testing.T) {
	if exec.Command(python, "-c", "import boto3").Run() != nil {
		t.Skip("skipped: no boto3: install Debian's python3-boto3")
	}
	c, env := start(t)
	run(t, env, python, filepath.Join("testdata", "rails.py"))
	wantActions(t, c, 50)
}

// TestAWSCLI lets Debian's awscli do the same in a shell.
func TestAWSCLI(t *testing.T) {
	if _, err := os.Stat(awscli); err != nil {
		t.Skip("skipped: no AWS CLI: install Debian's awscli")
	}
	c, env := start(t)
	run(t, env, "/bin/sh", "-eu", filepath.Join("testdata", "cli.sh"))
	wantActions(t, c, 18)
}

// wantActions fails where the client reached fewer actions than it was written
// to: a script that ends early proves nothing.
func wantActions(t *testing.T, c *checked, n int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	names := make([]string, 0, len(c.actions))
	for name := range c.actions {
		names = append(names, name)
	}
	slices.Sort(names)
	t.Logf("%d actions held to the models: %s", len(names), strings.Join(names, " "))
	if len(names) < n {
		t.Errorf("%d actions, want at least %d", len(names), n)
	}
}
