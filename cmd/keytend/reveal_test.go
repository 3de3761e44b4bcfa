package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// TestRevealShowsTheSecretOnce: only on a terminal, only on request, only once,
// and a person who says no changes nothing.
func TestRevealShowsTheSecretOnce(t *testing.T) {
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	cloud := fakeaws.New(fakeaws.Config{Start: start, Seed: 1, Hurried: true})
	cloud.AddAccount(fakeaws.AccountSpec{ID: "123456789012", Admin: "admin", Users: []fakeaws.UserSpec{
		{Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, 0, -1)}}},
		{Name: victim, Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, 0, -100)}}},
	}})
	story := storyOf(cloud)
	server := httptest.NewServer(story)
	defer server.Close()
	home := t.TempDir()
	id, secret := cloud.AdminKey("123456789012")
	for name, value := range map[string]string{
		"HOME": home, "XDG_STATE_HOME": filepath.Join(home, "state"), "AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "",
		"AWS_SESSION_TOKEN": "", "KEYTEND_SIM_PID": fmt.Sprint(os.Getpid()), ageIdentityVariable: "",
	} {
		t.Setenv(name, value)
	}
	keys := func() []fakeaws.KeySpec { return story.only().Users[1].Keys }
	run := func(terminalIs bool, input string, args ...string) (int, string) {
		var out bytes.Buffer
		a := &app{
			stdin: strings.NewReader(input), stdout: &out, stderr: &out, environ: os.Environ(), lookupEnv: os.LookupEnv,
			home: home, now: time.Now, sleep: sleep, in: terminal{is: terminalIs}, out: terminal{is: terminalIs},
		}
		code := a.run(context.Background(), append(args, times...))
		return code, out.String()
	}

	if code, said := run(true, "n\n", "rotate", victim, "--reveal"); code != exitFailed || len(keys()) != 1 || !strings.Contains(said, "nothing was changed") {
		t.Fatalf("no: exit code %d, %d keys: %s", code, len(keys()), said)
	}
	if code, said := run(false, "", "rotate", victim, "--reveal", "--yes"); code != exitUsage || len(keys()) != 1 {
		t.Fatalf("no terminal: exit code %d: %s", code, said)
	}
	if code, said := run(true, "", "rotate", victim, "--reveal", "--now", "--yes"); code != exitUsage || len(keys()) != 1 {
		t.Fatalf("now: exit code %d: %s", code, said)
	}
	code, said := run(true, "y\n", "rotate", victim, "--reveal")
	if code != exitOK || len(keys()) != 2 || strings.Count(said, keys()[1].Secret) != 1 {
		t.Fatalf("yes: exit code %d, %d keys: %s", code, len(keys()), said)
	}
	if code, said := run(true, "", "rotate", victim, "--reveal"); code != exitOK || strings.Contains(said, keys()[1].Secret) {
		t.Fatalf("again: exit code %d: %s", code, said)
	}
	if code, said := run(true, "", "rotate", victim, "--now"); code != exitFailed || !strings.Contains(said, "--now is refused") {
		t.Fatalf("now, later: exit code %d: %s", code, said)
	}
	if leaks := story.leaks(filepath.Join(home, "state")); len(leaks) > 0 {
		t.Fatalf("a secret was written to %s", leaks)
	}
}

func storyOf(cloud *fakeaws.AWS) *story {
	return &story{aws: cloud, past: []*fakeaws.AWS{cloud}, first: "123456789012"}
}
