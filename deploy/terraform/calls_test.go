package module

import (
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
)

// What Terraform makes of the examples is taken, given back and taken away by
// the simulated AWS: the calls are those of the real provider, but for what it
// waits for and retries.
func TestTheSimulatedAWSTakesWhatTheModuleMakes(t *testing.T) {
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import boto3").Run() != nil {
		t.Skip("skipped: no boto3: install Debian's python3-boto3")
	}
	env := simulated(t)
	for _, example := range []string{"one-secret", "monitoring"} {
		run := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "apply.py"), filepath.Join("testdata", example+".json"))
		run.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }), env...)
		if out, err := run.CombinedOutput(); err != nil || !strings.Contains(string(out), "taken away") {
			t.Errorf("%s: %v\n%s", example, err, out)
		}
	}
}

// simulated is a simulated AWS with a secret and a configuration recorder; its
// functions do nothing. It returns the environment of an administrator.
func simulated(t *testing.T) []string {
	t.Helper()
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	aws := fakeaws.New(fakeaws.Config{Start: start, Seed: 1, Hurried: true})
	aws.AddAccount(fakeaws.AccountSpec{
		ID: "123456789012", Admin: "admin", ConfigRecorder: true,
		Users: []fakeaws.UserSpec{{
			Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"},
			Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, -1, 0)}},
		}},
		Secrets: []fakeaws.SecretSpec{{Name: "prod/billing", Value: "{}"}},
	})
	aws.RunFunctions(func(context.Context, fakeaws.FunctionSpec, []byte) ([]byte, error) { return []byte("{}"), nil })
	server := httptest.NewServer(aws)
	t.Cleanup(server.Close)
	key, secret := aws.AdminKey("123456789012")
	return []string{
		"ENDPOINT=" + server.URL, "AWS_ENDPOINT_URL=" + server.URL, "AWS_ACCESS_KEY_ID=" + key, "AWS_SECRET_ACCESS_KEY=" + secret,
		"AWS_SESSION_TOKEN=", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
}
