package credentialsfile

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/destination/destinationtest"
	"github.com/keytend/keytend/internal/destination/textfile"
	"github.com/keytend/keytend/internal/destination/textfile/textfiletest"
	"github.com/keytend/keytend/internal/rotation"
)

func TestContract(t *testing.T) {
	const text = "# mine\n[other]\nregion = eu-central-1\nrole_arn=arn:aws:iam::123456789012:role/x\n\n" +
		"[prod] ; the one\naws_access_key_id=%s\r\n# keep me\naws_secret_access_key   =   %s\nregion = us-east-1\n\n[last]\nsso_session = a"
	destinationtest.Run(t, func(t *testing.T) destinationtest.Place {
		path := filepath.Join(t.TempDir(), "credentials")
		place := textfiletest.Place{Path: path, Text: text, ID: keyID, Secret: keySecret}
		return place.Open(t, func(locks string) (rotation.Destination, error) { return Open(path+"#prod", locks) }, map[string]string{
			"the profile twice":    "[prod]\naws_access_key_id=a\naws_secret_access_key=b\n[prod]\nregion=x\n",
			"a key twice":          "[prod]\naws_access_key_id=a\naws_access_key_id=c\naws_secret_access_key=b\n",
			"temporary":            "[prod]\naws_access_key_id=a\naws_secret_access_key=b\naws_session_token=c\n",
			"a credential process": "[prod]\ncredential_process = /bin/x\n",
		})
	})
}

func TestWrite(t *testing.T) {
	const id, secret = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
	const lines = "aws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
	for _, tt := range []struct{ name, before, after string }{
		{"no file", "", "[p]\n" + lines},
		{"no profile", "[q]\nx=y\n", "[q]\nx=y\n\n[p]\n" + lines},
		{"no profile, no last line ending", "[q]\nx=y", "[q]\nx=y\n\n[p]\n" + lines},
		{"an empty profile", "[p]\n[q]\nx=y\n", "[p]\n" + lines + "[q]\nx=y\n"},
		{"an empty profile at the end", "[p]", "[p]\n" + lines},
		{"upper case", "[p]\nAWS_ACCESS_KEY_ID=a\nAWS_Secret_Access_Key=b\n", "[p]\nAWS_ACCESS_KEY_ID=" + id + "\nAWS_Secret_Access_Key=" + secret + "\n"},
		{"Windows line endings", "[p]\r\naws_access_key_id=a\r\naws_secret_access_key=b\r\n", "[p]\r\naws_access_key_id=" + id + "\r\naws_secret_access_key=" + secret + "\r\n"},
		{"the same keys elsewhere", "[q]\naws_access_key_id=a\naws_secret_access_key=b\n[p]\naws_access_key_id=c\naws_secret_access_key=d", "[q]\naws_access_key_id=a\naws_secret_access_key=b\n[p]\naws_access_key_id=" + id + "\naws_secret_access_key=" + secret},
		{"nested values and comments", "[p]\ns3 =\n  aws_access_key_id = no\n#aws_access_key_id=no\naws_access_key_id=a\naws_secret_access_key=b\n", "[p]\ns3 =\n  aws_access_key_id = no\n#aws_access_key_id=no\naws_access_key_id=" + id + "\naws_secret_access_key=" + secret + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := write(tt.before, "p", pair{id, secret})
			if diff := cmp.Diff(tt.after, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
			if back, err := read(got, "p"); err != nil || back != (pair{id, secret}) {
				t.Errorf("read back %v", err)
			}
			gone, err := write(got, "p", pair{})
			if err != nil || strings.Contains(gone, secret) {
				t.Errorf("not taken away: %v", err)
			}
		})
	}
}

// FuzzWrite: whatever the file, writing changes only the pair, or is refused.
func FuzzWrite(f *testing.F) {
	for _, text := range []string{"", "[p]\naws_access_key_id=a\naws_secret_access_key=b", "[q]\n[p]\r\n", "[p", "]", "=\n[p]\n=\n", "[p]\n\taws_access_key_id = x\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		before, err := read(text, "p")
		if err != nil {
			return
		}
		const id, secret = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
		after, err := write(text, "p", pair{id, secret})
		if err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		if got, err := read(after, "p"); err != nil || got != (pair{id, secret}) {
			t.Fatalf("read back %v from\n%q", err, after)
		}
		if before.ID == "" || before.Secret == "" {
			return
		}
		if back, err := write(after, "p", before); err != nil || back != text {
			t.Fatalf("written back: %v\n%q\n%q", err, text, back)
		}
	})
}

func TestSymlinkIsFollowed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: making links wants rights on Windows")
	}
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, []byte("[default]\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	p, err := Open(link, filepath.Join(dir, "locks"))
	if err != nil {
		t.Fatal(err)
	}
	now, err := p.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Deliver(t.Context(), now.Version, destinationtest.New); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(link); err != nil || target != "real" {
		t.Errorf("the link is now %q %v", target, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v %v, want 0640", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestLeftoversAreSwept: a Keytend was killed between writing and renaming. The
// next look, check or write removes what it left, unless somebody is writing.
func TestLeftoversAreSwept(t *testing.T) {
	for name, do := range map[string]func(*Profile) error{
		"current": func(p *Profile) error { _, err := p.Current(t.Context()); return err },
		"check":   func(p *Profile) error { return p.Check(t.Context()) },
		"deliver": func(p *Profile) error {
			now, err := p.Current(t.Context())
			if err == nil {
				_, err = p.Deliver(t.Context(), now.Version, destinationtest.New)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "credentials")
			mine, others := filepath.Join(dir, ".credentials.keytend-123"), filepath.Join(dir, ".credentials2.keytend-123")
			for _, f := range []string{path, mine, others} {
				if err := os.WriteFile(f, []byte("[default]\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p, err := Open(path, filepath.Join(dir, "locks"))
			if err != nil {
				t.Fatal(err)
			}
			if err := do(p); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(mine); !os.IsNotExist(err) {
				t.Errorf("left behind: %v", err)
			}
			if _, err := os.Stat(others); err != nil {
				t.Errorf("another file's was removed: %v", err)
			}
		})
	}
}

// TestWhoWritesIsNotSwept: the file beside may be one that is being written.
func TestWhoWritesIsNotSwept(t *testing.T) {
	dir := t.TempDir()
	path, locks := filepath.Join(dir, "credentials"), filepath.Join(dir, "locks")
	if err := os.WriteFile(path, []byte("[default]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Open(path, locks)
	if err != nil {
		t.Fatal(err)
	}
	writer := textfile.File{Path: path, Locks: locks}
	written := filepath.Join(dir, ".credentials.keytend-1")
	err = writer.Replace(t.Context(), func(text string) (string, error) {
		if err := os.WriteFile(written, nil, 0o600); err != nil {
			return "", err
		}
		if _, err := p.Current(t.Context()); err != nil {
			return "", err
		}
		_, err := os.Stat(written)
		return text, err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	if p, err := Open("/x", ""); err != nil || p.Name() != "credentialsfile:/x#default" {
		t.Errorf("%v", err)
	}
	for _, where := range []string{"", "#prod", "/x#a]b", "/x#a\nb"} {
		if _, err := Open(where, ""); err == nil {
			t.Errorf("Open(%q) succeeded", where)
		}
	}
}
