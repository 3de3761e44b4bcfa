package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/awsapi"
)

// quietly runs a command line as a process with no terminal would.
func quietly(ctx context.Context, stdout io.Writer, args ...string) (code int, stderr string) {
	var said bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: stdout, stderr: &said, lookupEnv: func(string) (string, bool) { return "", false }}
	return a.run(ctx, args), said.String()
}

var exportLine = regexp.MustCompile(`^export ([A-Z_]+)=(\S*)$`)

// startSim runs `keytend sim` until stop is called, which returns its exit
// code. The environment is read as a shell's $(…) would: up to the end.
func startSim(t *testing.T, args ...string) (environment map[string]string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		code, said := quietly(ctx, in, append([]string{"sim", "--listen", "127.0.0.1:0"}, args...)...)
		if code != 0 {
			t.Log(said)
		}
		_ = in.Close()
		ended <- code
	}()
	text, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	environment = map[string]string{}
	for line := range strings.Lines(string(text)) {
		parts := exportLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if parts == nil {
			t.Fatalf("no export: %q", line)
		}
		environment[parts[1]] = parts[2]
	}
	return environment, func() int { cancel(); return <-ended }
}

func TestSimPrintsWhatAClientNeeds(t *testing.T) {
	environment, stop := startSim(t, "--users", "12", "--seed", "7")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_SESSION_TOKEN", "left over from another session")
	for name, value := range environment {
		t.Setenv(name, value)
	}
	session, err := awsapi.Open(t.Context(), awsapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	who, err := session.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if who.ARN != "arn:aws:iam::123456789012:user/keytend-admin" {
		t.Errorf("the key belongs to %s", who.ARN)
	}
	if code := stop(); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	if _, err := http.Get(environment["AWS_ENDPOINT_URL"] + "/_sim/now"); err == nil {
		t.Error("it still answers after it was stopped")
	}
}

// TestSimWritesTheTruthFirst: whoever has the environment can read the truth.
func TestSimWritesTheTruthFirst(t *testing.T) {
	file := filepath.Join(t.TempDir(), "truth.json")
	_, stop := startSim(t, "--users", "15", "--accounts", "3", "--now", "2026-03-01T12:00:00Z", "--truth", file)
	defer stop()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var truth struct {
		Now      time.Time
		Accounts []struct{ Users []json.RawMessage }
	}
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	if late := truth.Now.Sub(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)); late < 0 || late > time.Minute {
		t.Errorf("the truth is of %s", truth.Now)
	}
	if len(truth.Accounts) != 3 {
		t.Fatalf("%d accounts", len(truth.Accounts))
	}
	for _, account := range truth.Accounts {
		if len(account.Users) != 15 {
			t.Errorf("%d users", len(account.Users))
		}
	}
	if secret := regexp.MustCompile(`"[A-Za-z0-9/+]{40}"`).Find(text); secret != nil {
		t.Errorf("the truth tells a secret: %s", secret)
	}
}

func TestSimRefuses(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		say  string
	}{
		{"--listen 0.0.0.0:0", exitFailed, "--allow-remote"},
		{"--listen :0", exitFailed, "--allow-remote"},
		{"--listen [::]:0", exitFailed, "--allow-remote"},
		{"--listen nonsense", exitFailed, "nonsense"},
		{"--users -1", exitUsage, "--users -1"},
		{"--accounts 0", exitUsage, "--accounts 0"},
		{"--throttle -1", exitUsage, "--throttle"},
		{"--now yesterday", exitUsage, "RFC 3339"},
		{"--latency -5s", exitUsage, "latency"},
		{"--report-age 5h", exitUsage, "4h"},
		{"--truth /nowhere/at/all/truth.json --listen 127.0.0.1:0", exitFailed, "write truth"},
		{"--lambda rotation=/nowhere/at/all", exitUsage, "NAME=PROGRAM"},
		{"surplus", exitUsage, "surplus"},
	} {
		var stdout bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // what is not refused serves until it is stopped
		code, stderr := quietly(ctx, &stdout, append([]string{"sim"}, strings.Fields(c.args)...)...)
		cancel()
		if code != c.code || !strings.Contains(stderr, c.say) || stdout.Len() > 0 {
			t.Errorf("sim %s: code %d, stdout %q, stderr %q", c.args, code, stdout.String(), stderr)
		}
	}
}

func TestSimSaysWhenTheAddressIsTaken(t *testing.T) {
	environment, stop := startSim(t)
	defer stop()
	taken := strings.TrimPrefix(environment["AWS_ENDPOINT_URL"], "http://")
	var stdout bytes.Buffer
	code, stderr := quietly(t.Context(), &stdout, "sim", "--listen", taken)
	if code != exitFailed || !strings.Contains(stderr, taken) || stdout.Len() > 0 {
		t.Errorf("code %d, stdout %q, stderr %q", code, stdout.String(), stderr)
	}
}

func TestSimBeyondLoopbackIfAllowed(t *testing.T) {
	environment, stop := startSim(t, "--listen", "0.0.0.0:0", "--allow-remote")
	if url := environment["AWS_ENDPOINT_URL"]; !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("endpoint %s", url)
	}
	if code := stop(); code != 0 {
		t.Errorf("stopped with %d", code)
	}
}
