package all

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestNamesMeanTheSameEverywhere(t *testing.T) {
	s := Surroundings{Home: filepath.FromSlash("/home/ana"), Folder: filepath.FromSlash("/work"), Locks: t.TempDir()}
	if !filepath.IsAbs(s.Home) {
		s.Home, s.Folder = `C:\home\ana`, `C:\work`
	}
	for name, want := range map[string]string{
		"credentialsfile:~/.aws/credentials#prod": "credentialsfile:" + filepath.Join(s.Home, ".aws", "credentials") + "#prod",
		"credentialsfile:creds":                   "credentialsfile:" + filepath.Join(s.Folder, "creds") + "#default",
		"exec:deliver-key":                        "exec:deliver-key",
		"dotenv:../x/.env":                        "dotenv:" + filepath.Join(s.Folder, "..", "x", ".env"),
	} {
		got, err := Name(name, s)
		if err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", name, got, err, want)
		}
		again, err := Name(got, Surroundings{Locks: s.Locks})
		if err != nil || again != got {
			t.Errorf("%s from elsewhere = %q, %v", got, again, err)
		}
	}
}

func TestWhatIsNoDestination(t *testing.T) {
	for _, name := range []string{"", "dotenv", "dotenv:", "vault:secret/x", ":x", "/etc/passwd"} {
		_, err := Open(name, Surroundings{})
		if err == nil || !strings.Contains(err.Error(), "credentialsfile:PATH#PROFILE") {
			t.Errorf("%q: %v; want the kinds there are", name, err)
		}
	}
}
