package exec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/destination/destinationtest"
	"github.com/keytend/keytend/internal/rotation"
)

// TestMain lets the test's own binary be the program: it does what KEYTEND_TEST
// says.
func TestMain(m *testing.M) {
	if mode, ok := os.LookupEnv("KEYTEND_TEST"); ok {
		os.Exit(program(mode))
	}
	os.Exit(m.Run())
}

// program keeps what it is given in the file named by KEYTEND_FILE.
func program(mode string) int {
	in, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	var r request
	if err := json.Unmarshal(in, &r); err != nil || r.Version != Version || len(os.Args) > 1 {
		return 2
	}
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "AWS_") {
			return 3
		}
	}
	file := os.Getenv("KEYTEND_FILE")
	if _, err := os.Stat(file + ".broken"); err == nil || mode == "fail" {
		fmt.Fprintf(os.Stderr, "cannot store %s: %s\nbye", r.Secret, in)
		return 1
	}
	switch mode {
	case "unchanged":
		fmt.Fprintln(os.Stderr, strings.Repeat("x", 1990)+r.Secret)
		return notChanged
	case "noisy":
		_, _ = fmt.Fprint(os.Stderr, strings.Repeat("y", 1<<20))
		_, _ = fmt.Fprint(os.Stdout, strings.Repeat("y", 1<<20), r.Secret)
	}
	if r.Action != "deliver" {
		return 0
	}
	return map[bool]int{true: 0, false: 1}[os.WriteFile(file, in, 0o600) == nil]
}

func open(t *testing.T, mode string) (*Program, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kept")
	p, err := Open(self, append(os.Environ(), "AWS_SECRET_ACCESS_KEY=not for you", "KEYTEND_TEST="+mode, "KEYTEND_FILE="+file))
	if err != nil {
		t.Fatal(err)
	}
	return p, file
}

func TestContract(t *testing.T) {
	destinationtest.Run(t, func(t *testing.T) destinationtest.Place {
		p, file := open(t, "keep")
		if _, err := p.Deliver(t.Context(), "", destinationtest.Old); err != nil {
			t.Fatal(err)
		}
		return destinationtest.Place{
			Destination: p, Unreadable: true,
			Pair: func() (string, string, error) {
				b, err := os.ReadFile(file)
				if err != nil {
					return "", "", err
				}
				var r request
				err = json.Unmarshal(b, &r)
				return string(r.ID), r.Secret, err
			},
			Break: map[string]func() func(){"the program says no": func() func() {
				if err := os.WriteFile(file+".broken", nil, 0o600); err != nil {
					t.Fatal(err)
				}
				return func() { _ = os.Remove(file + ".broken") }
			}},
		}
	})
}

func TestOutcomes(t *testing.T) {
	for _, tt := range []struct {
		mode      string
		ok        bool
		unchanged bool
		says      string
	}{
		{"keep", true, false, ""},
		{"noisy", true, false, ""},
		{"fail", false, false, "cannot store REDACTED"},
		{"unchanged", false, true, "nothing was changed"},
	} {
		p, _ := open(t, tt.mode)
		_, err := p.Deliver(t.Context(), rotation.Version(destinationtest.Old.ID), destinationtest.New)
		if (err == nil) != tt.ok || errors.Is(err, rotation.ErrNotDone) != tt.unchanged || !strings.Contains(fmt.Sprint(err), tt.says) {
			t.Errorf("%s: %v", tt.mode, err)
		}
		if strings.Contains(fmt.Sprint(err), destinationtest.New.Secret.Reveal()) || strings.Contains(fmt.Sprint(err), "je7MtGb") {
			t.Errorf("%s: the error holds the secret or a part of it: %v", tt.mode, err)
		}
		if len(fmt.Sprint(err)) > 4000 {
			t.Errorf("%s: an error of %d bytes", tt.mode, len(fmt.Sprint(err)))
		}
	}
}

func TestPreviousKeyIsTold(t *testing.T) {
	p, file := open(t, "keep")
	if _, err := p.Deliver(t.Context(), rotation.Version(destinationtest.Old.ID), destinationtest.New); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(b), `"previous_access_key_id":"AKIAIOSFODNN7EXAMPLE"`) {
		t.Errorf("previous key not told: %v", err)
	}
}

func TestMissingProgram(t *testing.T) {
	p, err := Open(filepath.Join(t.TempDir(), "missing"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context()); err == nil {
		t.Error("check finds nothing")
	}
	if _, err := p.Deliver(t.Context(), "", destinationtest.New); !errors.Is(err, rotation.ErrNotDone) {
		t.Errorf("%v, want ErrNotDone: it never ran", err)
	}
	if _, err := Open("", nil); err == nil {
		t.Error("opened nothing")
	}
}
