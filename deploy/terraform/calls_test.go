package module

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What Terraform makes of the examples is taken, given back and taken away by
// the simulated AWS: the calls are those of the real provider, but for what it
// waits for and retries.
func TestTheSimulatedAWSTakesWhatTheModuleMakes(t *testing.T) {
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import boto3").Run() != nil {
		t.Skip("skipped: no boto3: install Debian's python3-boto3")
	}
	c := simulated(t)
	c.hasten(t)
	for _, example := range []string{"one-secret", "monitoring", "organization"} {
		run := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "apply.py"), filepath.Join("testdata", example+".json"))
		run.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }), c.env...)
		if out, err := run.CombinedOutput(); err != nil || !strings.Contains(string(out), "taken away") {
			t.Errorf("%s: %v\n%s", example, err, out)
		}
	}
}
