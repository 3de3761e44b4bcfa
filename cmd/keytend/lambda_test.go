package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/permission"
)

const (
	rotationFunction = "arn:aws:lambda:eu-west-1:123456789012:function:keytend-rotation"
	rotationRole     = "arn:aws:iam::123456789012:role/keytend-rotation"
)

// lambdaWorld is a secret with a key in production, and the compiled function,
// under the role and with no more rights than `keytend permissions` says.
type lambdaWorld struct {
	t      *testing.T
	aws    *fakeaws.AWS
	server *httptest.Server
	extra  []string // environment
	latest *sandbox
	logs   strings.Builder
}

func newLambdaWorld(t *testing.T, more ...permission.Feature) *lambdaWorld {
	t.Helper()
	start := time.Now()
	policy := permission.Policy(permission.Needs(append(more, permission.Lambda, permission.Reap, permission.Scan)...), permission.Scope{Self: "role/keytend-rotation"})
	spec := fakeaws.AccountSpec{ID: "123456789012", Admin: "admin", Users: []fakeaws.UserSpec{
		{Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, 0, -1)}}},
		{Name: "billing", Keys: []fakeaws.KeySpec{{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Created: start.AddDate(0, 0, -60)}}},
	}, Roles: []fakeaws.RoleSpec{{
		Name: "keytend-rotation", InlinePolicies: map[string]string{"keytend": policy.JSON()},
		TrustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	}}, Functions: []fakeaws.FunctionSpec{{
		Name: "keytend-rotation", Region: "eu-west-1", Role: rotationRole, Timeout: time.Minute, ReservedConcurrency: 1,
		Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"secretsmanager.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"` + rotationFunction + `"}]}`,
	}}, Secrets: []fakeaws.SecretSpec{{
		Region: "eu-west-1", Name: "prod/billing", Created: start.AddDate(0, 0, -60), Tags: map[string]string{"keytend:user": "billing"},
		Value: `{"AWS_ACCESS_KEY_ID":"AKIAIOSFODNN7EXAMPLE","AWS_SECRET_ACCESS_KEY":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY","endpoint":"https://billing.example.com"}`,
	}}}
	w := &lambdaWorld{t: t, aws: fakeaws.New(fakeaws.Config{Start: start, Seed: 1, Hurried: true, LastUsedLag: time.Hour, TrailDelay: time.Second})}
	w.aws.AddAccount(spec)
	w.server = httptest.NewServer(w.aws)
	t.Cleanup(w.server.Close)
	w.aws.SetFunctionCode(rotationFunction, func(ctx context.Context, event []byte) ([]byte, error) { return w.latest.invoke(ctx, event) })
	w.cold()
	return w
}

// cold starts the function anew, as after a while without work.
func (w *lambdaWorld) cold() {
	w.t.Helper()
	if w.latest != nil {
		w.latest.end()
		w.logs.WriteString(w.latest.said())
	}
	id, secret, token, err := w.aws.RoleSession(rotationRole, "keytend-rotation")
	if err != nil {
		w.t.Fatal(err)
	}
	w.latest = newSandbox(w.t, append([]string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + w.t.TempDir(), "HOME=/nonexistent", transcriptVariable + "=" + w.t.TempDir(),
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=" + token,
		"AWS_ENDPOINT_URL=" + w.server.URL, fmt.Sprintf("KEYTEND_SIM_PID=%d", os.Getpid()), "KEYTEND_SETTLE=20ms",
	}, w.extra...))
}

func (w *lambdaWorld) as(id, secret string) aws.Config {
	return aws.Config{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""), AppID: "billing",
		HTTPClient: &http.Client{Transport: w.aws.RoundTripper()}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func (w *lambdaWorld) secrets() *secretsmanager.Client {
	return secretsmanager.NewFromConfig(w.as(w.aws.AdminKey("123456789012")))
}

// consume reads the secret as a program does, and calls AWS.
func (w *lambdaWorld) consume() (id string) {
	w.t.Helper()
	out, err := w.secrets().GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("prod/billing")})
	if err != nil {
		w.t.Fatal(err)
	}
	var pair map[string]string
	if err := json.Unmarshal([]byte(*out.SecretString), &pair); err != nil {
		w.t.Fatal(err)
	}
	if _, err := sts.NewFromConfig(w.as(pair["AWS_ACCESS_KEY_ID"], pair["AWS_SECRET_ACCESS_KEY"])).GetCallerIdentity(w.t.Context(), nil); err != nil {
		w.t.Fatalf("the consumer fails: %v", err)
	}
	if pair["endpoint"] != "https://billing.example.com" {
		w.t.Errorf("the other fields: %v", pair["endpoint"])
	}
	return pair["AWS_ACCESS_KEY_ID"]
}

func (w *lambdaWorld) user() fakeaws.UserSpec {
	users := w.aws.Snapshot("123456789012").Users
	return users[slices.IndexFunc(users, func(u fakeaws.UserSpec) bool { return u.Name == "billing" })]
}

func (w *lambdaWorld) keys() []string {
	var all []string
	for _, k := range w.user().Keys {
		all = append(all, k.ID+" "+k.Status)
	}
	return all
}

// TestLambda drives the compiled program over the Runtime API through a whole
// rotation.
func TestLambda(t *testing.T) {
	t.Parallel()
	w := newLambdaWorld(t)
	in := &secretsmanager.RotateSecretInput{SecretId: aws.String("prod/billing"), RotationLambdaARN: aws.String(rotationFunction)}
	if _, err := w.secrets().RotateSecret(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	w.aws.RunDue(t.Context())
	fresh := w.consume()
	if fresh == "AKIAIOSFODNN7EXAMPLE" {
		t.Fatalf("the secret holds the old key:\n%s", w.latest.said())
	}
	if tag := w.user().Tags["keytend:secret"]; !strings.HasPrefix(tag, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/billing-") {
		t.Errorf("the user is marked as rotated through %q", tag)
	}
	for range 7 {
		w.consume()
		w.aws.Elapse(t.Context(), 72*time.Hour)
		w.cold()
		out, err := w.latest.invoke(t.Context(), []byte(`{"task":"reap"}`))
		if err != nil {
			t.Fatalf("%v\n%s", err, w.latest.said())
		}
		if !strings.Contains(string(out), `"secrets":1`) {
			t.Fatalf("the reaper answers %s", out)
		}
	}
	if keys := w.keys(); len(keys) != 1 || keys[0] != fresh+" Active" {
		t.Errorf("keys %v, the secret holds %s\n%s", keys, fresh, w.logs.String()+w.latest.said())
	}
	for line := range strings.Lines(w.logs.String() + w.latest.said()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("the log is not made of lines of JSON: %s", line)
		}
	}
	w.commands()
	w.logs.WriteString(w.latest.said())
	for _, u := range w.aws.Snapshot("123456789012").Users {
		for _, k := range u.Keys {
			if strings.Contains(w.logs.String(), k.Secret) {
				t.Errorf("the secret of %s is in the log", k.ID)
			}
		}
	}
}

// commands are what a schedule invokes the function with besides.
func (w *lambdaWorld) commands() {
	w.t.Helper()
	for event, want := range map[string]string{
		`{"args":["scan","--output","ndjson"]}`:                 `{"exit_code":0}`,
		`{"args":["version"]}`:                                  `{"exit_code":0}`,
		`{"args":["apply","--yes"]}`:                            "set KEYTEND_STATE",
		`{"args":["usage","billing"]}`:                          "set KEYTEND_STATE",
		`{"args":["audit","verify","--state","/tmp/state.db"]}`: "lost with the function's sandbox",
		`{"args":["frobnicate"]}`:                               "unknown command",
		`{"Step":"dropSecret","SecretId":"x"}`:                  "none that a rotation has",
		`{}`:                                                    "neither a rotation step",
	} {
		out, err := w.latest.invoke(w.t.Context(), []byte(event))
		if said := fmt.Sprint(string(out), err); !strings.Contains(said, want) {
			w.t.Errorf("%s: %s, want %q", event, said, want)
		}
	}
	for _, metric := range []string{"OldestKeyAge", "RotationsFailed", "RecordsBlocked"} {
		if !strings.Contains(w.latest.said(), `"`+metric+`":`) {
			w.t.Errorf("%s is not in the log", metric)
		}
	}
}

// TestLambdaApplies: scheduled `apply` in the function, with its records on a disk that
// outlasts it: each run is a new process, and the work of the one before goes on. A
// state file that would be lost with the sandbox is refused.
func TestLambdaApplies(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("/var/tmp", "keytend-function") // the test's own folder is below /tmp
	if err != nil {
		folder = t.TempDir() // where there is no /var/tmp, /tmp is no folder for what may be lost either
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	w := newLambdaWorld(t, permission.Rotate, permission.SSM)
	w.consume() // a key that nobody uses is not replaced
	w.aws.Elapse(t.Context(), 3*time.Hour)
	w.extra = []string{"KEYTEND_STATE=/tmp/state.db", "KEYTEND_POLICY=mode: enforce\nrules:\n  max_age: 50d\ndestinations:\n  - ssm:/keys/{user}\n"}
	if err := w.apply(); err == nil || !strings.Contains(err.Error(), "lost with the function's sandbox") {
		t.Fatalf("a state file in /tmp: %v", err)
	}
	w.extra[0] = "KEYTEND_STATE=" + folder + "/state.db"
	for range 8 {
		if err := w.apply(); err != nil {
			t.Fatal(err)
		}
		w.aws.Elapse(t.Context(), time.Hour)
	}
	made := w.aws.Calls()["iam:CreateAccessKey"]
	if said := w.logs.String() + w.latest.said(); made != 1 || len(w.keys()) != 2 || !strings.Contains(said, "under way, waiting") {
		t.Errorf("%d keys were made: %v\n%s", made, w.keys(), said)
	}
}

// apply is a scheduled run in a new process.
func (w *lambdaWorld) apply() error {
	w.cold()
	_, err := w.latest.invoke(w.t.Context(), []byte(`{"args":["apply","--yes","--settle","200ms","--prove-span","200ms"]}`))
	return err
}
