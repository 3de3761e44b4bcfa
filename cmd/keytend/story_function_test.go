package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/programs"
)

// addFunction makes the keytend of the story a function of Lambda that Secrets
// Manager may invoke: sim -lambda keytend-rotation.
func (s *story) addFunction(ts *testscript.TestScript, name string) {
	const region = "us-east-1"
	arn := "arn:aws:lambda:" + region + ":" + s.first + ":function:" + name
	s.aws.AddFunction(s.first, fakeaws.FunctionSpec{Name: name, Region: region, Role: "arn:aws:iam::" + s.first + ":role/" + name,
		Timeout: time.Minute, ReservedConcurrency: 1, Policy: invokedBy(arn, s.first)},
		fakeaws.RoleSpec{Name: name, TrustPolicy: lambdaTrust, InlinePolicies: map[string]string{"keytend": functionPolicy(name), "logs": functionLogs}})
	path, err := exec.LookPath("keytend") // the story's own comes first
	ts.Check(err)
	runner := &programs.Runner{Cloud: s.aws, Endpoint: ts.Getenv("AWS_ENDPOINT_URL"), Other: path, Env: []string{
		"KEYTEND_SIM_PID=" + strconv.Itoa(os.Getpid()), "KEYTEND_SETTLE=20ms", transcriptVariable + "=" + ts.Getenv(transcriptVariable),
	}}
	ts.Defer(runner.Close)
	s.aws.RunFunctions(runner.Run)
}

// secret checks what a secret holds: secret prod/billing holds TEXT, or lacks TEXT.
func (s *story) secret(ts *testscript.TestScript, args []string) {
	if len(args) != 3 || args[1] != "holds" && args[1] != "lacks" {
		ts.Fatalf("usage: secret NAME holds|lacks TEXT")
	}
	for _, secret := range s.only().Secrets {
		if secret.Name != args[0] {
			continue
		}
		if strings.Contains(secret.Value, args[2]) != (args[1] == "holds") {
			ts.Fatalf("secret %s does not %s %s", args[0], strings.TrimSuffix(args[1], "s"), args[2])
		}
		return
	}
	ts.Fatalf("no secret %s", args[0])
}
