package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/permission"
)

// TestPermissionsAreEnoughAndNoMore lives through each feature as a role that
// has just what `keytend permissions` prints for it; and again with each action
// taken away, where keytend must say what it lacks or come to another end.
func TestPermissionsAreEnoughAndNoMore(t *testing.T) {
	for _, c := range []struct {
		name     string
		features []permission.Feature
		live     func(*limited)
	}{
		{"rotate", []permission.Feature{permission.Rotate}, limitedRotation},
		{"retire", []permission.Feature{permission.Retire}, limitedRetirement},
		{"migrate", []permission.Feature{permission.Usage, permission.Migrate}, limitedMigration},
		{"revoke", []permission.Feature{permission.Revoke}, limitedRevocation},
		{"secretsmanager", []permission.Feature{permission.Rotate, permission.SecretsManager}, limitedTo("secretsmanager:prod/billing")},
		{"ssm", []permission.Feature{permission.Rotate, permission.SSM}, limitedTo("ssm:/prod/key")},
		{"security hub", []permission.Feature{permission.Scan, permission.SecurityHub}, limitedScan("--securityhub")},
		{"terraform state", []permission.Feature{permission.Scan, permission.TerraformState}, limitedScan("--terraform-state", "s3://example-states/prod.tfstate")},
		{"cloudformation", []permission.Feature{permission.Scan, permission.MakingStacks}, limitedScan("--cloudformation", "us-east-1")},
		{"cloudformation everywhere", []permission.Feature{permission.Scan, permission.AllStacks}, limitedPlan(`{managed: {cloudformation: true}, rules: {disable_unused: 60d}}`)},
		{"identity store", []permission.Feature{permission.Scan, permission.IdentityStore}, limitedScan("--identity-store", "d-1234567890")},
		{"usage", []permission.Feature{permission.Usage}, limitedUsage()},
		{"usage of logs", []permission.Feature{permission.Usage, permission.UsageLogs}, limitedUsage("--logs", "s3://example-trail")},
		{"usage by Athena", []permission.Feature{permission.Usage, permission.UsageAthena}, limitedUsage("--athena", "logs.cloudtrail", "--athena-output", "s3://example-trail/athena")},
		{"usage by Lake", []permission.Feature{permission.Usage, permission.UsageLake}, limitedUsage("--lake", limitedStore)},
		{"locate", []permission.Feature{permission.Locate}, limitedLocate("--regions", "all")},
		{"locate values", []permission.Feature{permission.Locate, permission.LocateValues}, limitedLocate("--read-parameters", "--read-secrets", "--in", "ssm,secretsmanager")},
		{"root", []permission.Feature{permission.Root}, limitedRoots},
		{"escrow", []permission.Feature{permission.Rotate, permission.EscrowKMS}, limitedEscrow},
		{"sns", []permission.Feature{permission.Scan, permission.SNS}, limitedNotice("{sns: 'arn:aws:sns:us-east-1:123456789012:owners'}")},
		{"cloudwatch", []permission.Feature{permission.Scan, permission.CloudWatch}, limitedScan("--cloudwatch")},
		{"monitor", []permission.Feature{permission.Scan, permission.Monitor}, limitedWatch()},
		{"monitor organization", []permission.Feature{permission.Scan, permission.Monitor, permission.MonitorAll}, limitedWatch("--organization")},
		{"scan secrets", []permission.Feature{permission.Scan, permission.ScanSecrets}, limitedScan("--secrets", "us-east-1")},
		{"secret adopt", []permission.Feature{permission.SecretAdopt}, limitedAdoption},
		{"secret create", []permission.Feature{permission.SecretCreate}, limitedFirstKey},
		{"eventbridge", []permission.Feature{permission.Scan, permission.EventBridge}, limitedNotice("{eventbridge: default}")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			enoughAndNoMore(t, c.features, func(needs []permission.Need) *limited { return newLimited(t, needs) }, c.live)
		})
	}
}

// enoughAndNoMore lives through the last of the features in worlds where keytend
// may do just so much.
func enoughAndNoMore(t *testing.T, features []permission.Feature, world func([]permission.Need) *limited, live func(*limited)) {
	t.Helper()
	needs := permission.Needs(features...)
	whole := world(needs)
	live(whole)
	if whole.wrong != "" {
		t.Fatalf("with everything that is printed: %s\n%s", whole.wrong, whole.said.String())
	}
	for _, n := range permission.Needs(features[len(features)-1]) {
		less := world(slices.DeleteFunc(slices.Clone(needs), func(m permission.Need) bool { return m.Action == n.Action }))
		live(less)
		if less.wrong == "" && !strings.Contains(less.said.String(), n.Action) {
			t.Errorf("%s is not needed: without it, the same end and not a word about it", n.Action)
		}
	}
}

// limited is keytend as a role of an account that may do only so much.
type limited struct {
	t      *testing.T
	aws    *fakeaws.AWS
	folder string
	env    []string
	said   strings.Builder
	wrong  string // the first thing that did not go as it should
}

const (
	limitedAccount = "123456789012"
	limitedKey     = "AKIAIOSFODNN7EXAMPLE"
	limitedSecret  = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	limitedKMS     = "1234abcd-12ab-34cd-56ef-1234567890ab"

	limitedStore = "1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d"

	limitedFunction = "arn:aws:lambda:us-east-1:123456789012:function:keytend-rotation"
)

func newLimited(t *testing.T, needs []permission.Need) *limited {
	l := &limited{t: t, folder: t.TempDir()}
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	l.aws = fakeaws.New(fakeaws.Config{Start: start, Seed: 1, Hurried: true})
	l.aws.AddAccount(l.account(needs, start))
	l.aws.AddAccount(fakeaws.AccountSpec{ID: "210987654321", ConfigRecorder: true})
	server := httptest.NewServer(l.aws)
	t.Cleanup(server.Close)
	l.write(".aws/config", "[profile base]\nregion = us-east-1\n[profile keytend]\nrole_arn = arn:aws:iam::"+limitedAccount+":role/ops/keytend\nsource_profile = base\nregion = us-east-1\n")
	for _, user := range l.aws.Snapshot(limitedAccount).Users {
		if user.Name == "base" {
			l.write(".aws/credentials", fmt.Sprintf("[base]\naws_access_key_id = %s\naws_secret_access_key = %s\n", user.Keys[0].ID, user.Keys[0].Secret))
		}
	}
	l.write("app.ini", fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", limitedKey, limitedSecret))
	l.env = append(withoutCredentials(os.Environ()), "HOME="+l.folder, "USERPROFILE="+l.folder, "AWS_PROFILE=keytend", "AWS_ENDPOINT_URL="+server.URL,
		"AWS_CONFIG_FILE="+filepath.Join(l.folder, ".aws", "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(l.folder, ".aws", "credentials"),
		"KEYTEND_SIM_PID="+strconv.Itoa(os.Getpid()), transcriptVariable+"="+l.folder)
	return l
}

// account has the role in question, whoever assumes it, and a worker whose key
// is described, and stored in a secret and a parameter that have a KMS key.
func (l *limited) account(needs []permission.Need, start time.Time) fakeaws.AccountSpec {
	value := fmt.Sprintf(`{"accessKeyId":%q,"secretAccessKey":%q,"host":"billing.example.com"}`, limitedKey, limitedSecret)
	old := start.AddDate(0, 0, -200)
	return fakeaws.AccountSpec{
		ID: limitedAccount, Management: true, RootAccess: []string{"RootSessions"}, SecurityHub: true, ConfigRecorder: true,
		Directories:     []fakeaws.DirectorySpec{{ID: "d-1234567890"}},
		Stacks:          []fakeaws.StackSpec{{Name: "ci", Region: "eu-west-1"}},
		Buckets:         []fakeaws.BucketSpec{{Name: "example-states", Objects: map[string]string{"prod.tfstate": `{"version": 4, "resources": []}`}}, {Name: "example-trail", Trail: "/"}},
		AthenaTables:    []string{"logs.cloudtrail"},
		EventDataStores: []fakeaws.EventDataStoreSpec{{ID: limitedStore, Name: "calls"}},
		OIDCProviders:   []fakeaws.OIDCProviderSpec{{URL: "token.actions.githubusercontent.com", ClientIDs: []string{"sts.amazonaws.com"}}},
		Events:          []fakeaws.EventSpec{{At: start.AddDate(0, 0, -60), Days: 3, Key: limitedKey, Service: "ec2.amazonaws.com", Name: "DescribeInstances", Source: "192.0.2.1", Agent: "acme/1"}},
		Roles: []fakeaws.RoleSpec{{
			Name: "keytend", Path: "/ops/",
			TrustPolicy:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}`,
			InlinePolicies: map[string]string{"keytend": permission.Policy(needs, permission.Scope{Self: "role/ops/keytend"}).JSON()},
		}, {
			Name: "keytend-rotation", InlinePolicies: map[string]string{"keytend": functionPolicy("keytend-rotation")},
			TrustPolicy: lambdaTrust,
		}},
		Functions: []fakeaws.FunctionSpec{{
			Name: "keytend-rotation", Region: "us-east-1", Role: rotationRole, Timeout: time.Minute, ReservedConcurrency: 1, Policy: invokedBy(limitedFunction, limitedAccount),
		}},
		Users: []fakeaws.UserSpec{
			{Name: "base", Created: old, Keys: []fakeaws.KeySpec{{Created: old}},
				InlinePolicies: map[string]string{"base": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`}},
			{Name: "fresh", Created: old},
			{Name: "worker", Created: old, Tags: map[string]string{limitedKey: "the billing job", "owner": "worker@example.com"}, Keys: []fakeaws.KeySpec{{
				ID: limitedKey, Secret: limitedSecret, Created: old, LastUsed: &fakeaws.KeyUse{At: start.AddDate(0, 0, -60), Service: "s3", Region: "us-east-1"}}}},
		},
		KMSKeys:   []string{limitedKMS},
		Secrets:   []fakeaws.SecretSpec{{Name: "prod/billing", Value: value, KMSKey: limitedKMS, Tags: map[string]string{"keytend:user": "worker"}}},
		Topics:    []fakeaws.TopicSpec{{Name: "owners"}},
		Clusters:  []fakeaws.ClusterSpec{{Name: "prod", Services: map[string]string{"web": "web:1"}}},
		Projects:  []fakeaws.ProjectSpec{{Name: "build"}},
		Instances: []fakeaws.InstanceSpec{{ID: "i-0123456789abcdef0"}},

		TaskDefinitions: []fakeaws.TaskDefinitionSpec{{Family: "web"}},
		LaunchTemplates: []fakeaws.LaunchTemplateSpec{{ID: "lt-0123456789abcdef0", Name: "fleet"}},

		Parameters: []fakeaws.ParameterSpec{{Name: "/prod/stage", Value: "prod"}, {Name: "/prod/key", Type: "SecureString", Value: value, KMSKey: limitedKMS}},
	}
}

func (l *limited) write(name, text string) {
	path := filepath.Join(l.folder, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		l.t.Fatal(err)
	}
}

// keytend runs a command on the state file, which is to exit with 0.
func (l *limited) keytend(args ...string) string {
	l.t.Helper()
	return l.run(append(args, "--state", filepath.Join(l.folder, "state.db"))...)
}

func (l *limited) run(args ...string) string {
	l.t.Helper()
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	run := exec.CommandContext(l.t.Context(), self)
	run.Args = append([]string{"keytend"}, args...)
	run.Env, run.Dir = l.env, l.folder
	var out, said strings.Builder
	run.Stdout, run.Stderr = &out, &said
	_ = run.Run() // judged by its exit code
	if code := run.ProcessState.ExitCode(); code != exitOK && l.wrong == "" {
		l.wrong = fmt.Sprintf("keytend %s: exit code %d", strings.Join(args, " "), code)
	}
	l.said.WriteString(out.String() + said.String())
	return out.String()
}

// begin runs a command that puts a record down, with times to be lived through.
func (l *limited) begin(args ...string) {
	l.t.Helper()
	l.keytend(append(args, "--yes", "--settle", "50ms", "--patience", "1s")...)
}

// until resumes the record whenever it wants to be looked at, for so long as
// there is hope.
func (l *limited) until(phase string) {
	l.t.Helper()
	last, same := "", 0
	for range 12 {
		var answer struct {
			Records []struct {
				Phase     string
				NotBefore time.Time `json:"not_before"`
			}
		}
		if l.wrong != "" {
			return
		}
		out := l.keytend("status", "worker", "--output", "json")
		if err := json.Unmarshal([]byte(out), &answer); err != nil || len(answer.Records) == 0 {
			break
		}
		if last == answer.Records[0].Phase {
			same++
		} else {
			last, same = answer.Records[0].Phase, 0
		}
		if last == phase {
			return
		}
		if same == 3 { // nothing comes of waiting
			break
		}
		l.aws.Advance(max(answer.Records[0].NotBefore.Sub(l.aws.Now()), 0) + time.Second)
		l.keytend("resume", "worker", "--patience", "1s")
	}
	if l.wrong == "" {
		l.wrong = fmt.Sprintf("not %s but %s", phase, last)
	}
}

func limitedTo(place string, more ...string) func(*limited) {
	return func(l *limited) {
		l.begin(append([]string{"rotate", "worker", "--deliver", place, "--now", "--lag-margin", "0s", "--rest", "1m", "--prove-span", "100ms"}, more...)...)
		l.until("done")
		l.keytend("audit", "list", "--output", "json")
	}
}

func limitedRotation(l *limited) { limitedTo("credentialsfile:app.ini#default")(l) }

func limitedEscrow(l *limited) {
	limitedTo("credentialsfile:app.ini#default", "--escrow-kms", limitedKMS)(l)
}

func limitedRetirement(l *limited) {
	l.begin("retire", limitedKey, "--notice", "1m", "--idle", "1m", "--lag-margin", "0s", "--delete-after", "1m")
	l.until("done")
	l.keytend("audit", "list", "--output", "json")
}

// limitedMigration has the role that keytend itself runs as take the key's place:
// it is in use all the time.
func limitedMigration(l *limited) {
	l.keytend("migrate", "worker")
	l.begin("migrate", "worker", "--retire", "--role", "keytend", "--idle", "1m", "--lag-margin", "0s", "--delete-after", "1m")
	l.until("done")
	l.keytend("audit", "list", "--output", "json")
}

func limitedScan(more ...string) func(*limited) {
	return func(l *limited) { l.run(append([]string{"scan"}, more...)...) }
}

func limitedUsage(more ...string) func(*limited) {
	return func(l *limited) { l.keytend(append([]string{"usage", "worker"}, more...)...) }
}

// limitedLocate looks for the worker's key.
func limitedLocate(more ...string) func(*limited) {
	return func(l *limited) { l.run(append([]string{"locate", "worker"}, more...)...) }
}

func limitedRoots(l *limited) {
	l.run("root", "audit")
	l.keytend("root", "delete", "--account", "210987654321", "--yes")
}

func limitedRevocation(l *limited) {
	l.begin("revoke", limitedKey, "--deliver", "credentialsfile:app.ini#default")
	l.until("done")
	l.keytend("audit", "list", "--output", "json")
}

// limitedPlan plans what to do about the worker's key.
func limitedPlan(policy string) func(*limited) {
	return func(l *limited) {
		l.write("keytend.yaml", policy+"\n")
		l.keytend("plan")
	}
}

// limitedWatch lives through a watch from its installation to its end.
func limitedWatch(more ...string) func(*limited) {
	return func(l *limited) {
		watch := func(args ...string) { l.run(append(append([]string{"monitor"}, args...), more...)...) }
		watch("install", "--mail", "ops@example.com", "--yes")
		if l.wrong != "" {
			return
		}
		l.aws.Advance(5 * time.Minute)
		watch("status")
		watch("remove", "--yes")
	}
}

// limitedAdoption hands the worker's secret over to the rotation function.
func limitedAdoption(l *limited) {
	l.run("secret", "adopt", "prod/billing", "--user", "worker", "--deliver", "ssm:/prod/key", "--yes")
}

// limitedFirstKey makes a secret with a user's first key, whose secret is lost
// the first time.
func limitedFirstKey(l *limited) {
	l.env = append(l.env, "KEYTEND_SETTLE=20ms")
	l.aws.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		if c.Action == "CreateAccessKey" {
			return fakeaws.LoseAnswer()
		}
		return fakeaws.Proceed()
	})
	create := []string{"secret", "create", "prod/fresh", "--user", "fresh", "--kms", limitedKMS, "--yes"}
	if l.run(create...); !strings.Contains(l.wrong, "exit code 1") || !strings.Contains(l.said.String(), "Run this again") {
		return
	}
	l.wrong = ""
	l.aws.SetFault(nil)
	l.aws.Advance(time.Hour)
	l.run(create...)
}

// limitedNotice tells of the worker's key, which is overdue, through a channel.
func limitedNotice(channel string) func(*limited) {
	return func(l *limited) {
		l.write("keytend.yaml", "notices: {channels: ["+channel+"]}\n")
		l.keytend("notify")
	}
}
