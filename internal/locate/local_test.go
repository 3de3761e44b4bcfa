package locate

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
)

const (
	exampleID     = "AKIAIOSFODNN7EXAMPLE"
	otherID       = "AKIAI44QH8DHBEXAMPLE"
	sessionID     = "ASIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	otherSecret   = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
)

// sight is a key in a place, as these tables write it.
type sight struct {
	id     accesskey.ID
	line   int
	name   string
	secret string
	token  string
}

// complaint is a problem, as these tables write it.
type complaint struct {
	line   int
	reason string
}

func TestFormats(t *testing.T) {
	tests := []struct {
		name     string
		text     string
		want     []sight
		problems []complaint
	}{
		{
			name: "credentials file",
			text: "# mine\n[default]\naws_access_key_id = " + exampleID + "\naws_secret_access_key = " + exampleSecret +
				"\n\n[other]\nAWS_SECRET_ACCESS_KEY=" + otherSecret + "\nAWS_ACCESS_KEY_ID=" + otherID + " # old\n",
			want: []sight{
				{exampleID, 3, "default", exampleSecret, ""},
				{otherID, 8, "other", otherSecret, ""},
			},
		},
		{
			name: "config file with a session and a nested setting",
			text: "[profile \"a b\"]\nregion = eu-west-1\ns3 =\n  max_concurrent_requests = 20\n  aws_access_key_id = " + otherID +
				"\naws_access_key_id=" + sessionID + "\naws_session_token = FwoGZXIvYXdzEXAMPLE==\n",
			want: []sight{{sessionID, 6, "a b", "", "FwoGZXIvYXdzEXAMPLE=="}},
		},
		{
			name: "garbage in a credentials file",
			text: "[default\naws_access_key_id = " + exampleID + "\nthis is my " + exampleSecret + "\naws_access_key_id = " + exampleSecret + "\n",
			want: []sight{{exampleID, 2, "default", "", ""}},
			problems: []complaint{
				{1, "section header that doesn't end with ]"},
				{3, "neither a section nor a setting (name = value)"},
				{4, "aws_access_key_id is not an access key ID"},
			},
		},
		{
			name: "dotenv",
			text: "export AWS_ACCESS_KEY_ID='" + exampleID + "'\nAWS_SECRET_ACCESS_KEY=\"" + exampleSecret + "\" # x\n" +
				"CERT=\"-----BEGIN\nabc\n-----END\"\nS3_ACCESS_KEY=" + otherID + " # bucket\nS3_SECRET_KEY=" + otherSecret + "\n",
			want: []sight{
				{exampleID, 1, "AWS_ACCESS_KEY_ID", exampleSecret, ""},
				{otherID, 6, "S3_ACCESS_KEY", otherSecret, ""},
			},
		},
		{
			name: "garbage in a dotenv file",
			text: "A=1\n" + exampleSecret + "\nAWS_ACCESS_KEY_ID=" + exampleID + "\nB=\"open\n",
			want: []sight{{exampleID, 3, "AWS_ACCESS_KEY_ID", "", ""}},
			problems: []complaint{
				{2, "not NAME=value"},
				{4, "quote that is never closed"},
			},
		},
		{
			name: "what the console offers for download",
			text: "User name,Password,Access key ID,Secret access key,Console login link\n" +
				"alice,," + exampleID + "," + exampleSecret + ",https://example.com\n",
			want: []sight{{exampleID, 2, "alice", exampleSecret, ""}},
		},
		{
			name:     "a console file cut short",
			text:     "Access key ID,Secret access key\n" + exampleSecret + "\n\"" + exampleSecret,
			problems: []complaint{{2, "no access key ID in its column"}, {3, "not a table (CSV)"}},
		},
		{name: "empty", text: ""},
		{name: "AKIA in a longer word", text: "X=" + exampleID + strings.Repeat("A", 20) + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found, problems := readerFor(test.text)(test.text)
			var got []sight
			for _, s := range found {
				got = append(got, sight{s.id, s.place.Line, s.place.Name, s.secret, s.token})
			}
			var said []complaint
			for _, p := range problems {
				said = append(said, complaint{p.Line, p.Reason})
			}
			both := cmp.AllowUnexported(sight{}, complaint{})
			if diff := cmp.Diff(test.want, got, both); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.problems, said, both); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// write puts a file into a fresh home directory.
func write(t *testing.T, home, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(home, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return path
}

func TestFindLocalMergesPlaces(t *testing.T) {
	home := t.TempDir()
	pair := "aws_access_key_id=" + exampleID + "\naws_secret_access_key=" + exampleSecret + "\n"
	credentials := write(t, home, ".aws/credentials", "[default]\n"+pair, 0o600)
	config := write(t, home, ".aws/config", "[profile old]\naws_access_key_id="+exampleID+"\naws_secret_access_key="+otherSecret+"\n", 0o600)
	dotenv := write(t, home, "app/.env", "AWS_ACCESS_KEY_ID="+otherID+"\n", 0o600)

	got := FindLocal(Machine{
		Home:    home,
		Environ: []string{"AWS_ACCESS_KEY_ID=" + exampleID, "HOME=/elsewhere", "=C:=C:\\", "broken"},
		Files:   []string{dotenv, dotenv},
	})
	want := []LocalKey{
		{ID: otherID, Places: []Place{{Path: dotenv, Line: 1, Name: "AWS_ACCESS_KEY_ID"}}},
		{ID: exampleID, SecretsDiffer: true, Places: []Place{
			{Name: "AWS_ACCESS_KEY_ID"},
			{Path: credentials, Line: 2, Name: "default"},
			{Path: config, Line: 2, Name: "old"},
		}},
	}
	secret := cmp.FilterValues(func(_, _ accesskey.Secret) bool { return true }, cmp.Ignore())
	if diff := cmp.Diff(want, got.Keys, secret); diff != "" {
		t.Error(diff)
	}
	if len(got.Problems) != 0 {
		t.Errorf("problems: %v", got.Problems)
	}
	if diff := cmp.Diff([]string{credentials, config, dotenv}, got.Searched); diff != "" {
		t.Error(diff)
	}
	if got.Keys[1].Secret.Reveal() != exampleSecret {
		t.Error("the first secret beside the key is lost")
	}
}

func TestFindLocalFollowsTheEnvironment(t *testing.T) {
	home := t.TempDir()
	write(t, home, ".aws/credentials", "[default]\naws_access_key_id="+exampleID+"\n", 0o600)
	write(t, home, "elsewhere", "[x]\naws_access_key_id="+otherID+"\n", 0o600)
	got := FindLocal(Machine{Home: home, Environ: []string{"AWS_SHARED_CREDENTIALS_FILE=~/elsewhere"}})
	if len(got.Keys) != 1 || got.Keys[0].ID != otherID {
		t.Fatalf("keys = %v", got.Keys)
	}
}

func TestFindLocalSaysWhatItCouldNotRead(t *testing.T) {
	home := t.TempDir()
	binary := write(t, home, "binary", "\x00\x01"+exampleID, 0o600)
	large := write(t, home, "large", strings.Repeat("A=1\n", maxFile/4+1), 0o600)
	missing := filepath.Join(home, "missing")
	got := FindLocal(Machine{Home: home, Files: []string{missing, home, binary, large}})
	var reasons []string
	for _, p := range got.Problems {
		if !p.Unread {
			t.Errorf("%v is not said to be unread", p)
		}
		reasons = append(reasons, filepath.Base(p.Path)+": "+p.Reason)
	}
	if len(reasons) != 4 || !strings.HasPrefix(reasons[0], "missing: ") || strings.Contains(reasons[0], home) ||
		reasons[1] != filepath.Base(home)+": not a regular file" || reasons[2] != "binary: not a text file" || reasons[3] != "large: larger than 4 MiB" {
		t.Errorf("%q", reasons)
	}
}

func TestExposure(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has access lists instead")
	}
	home := t.TempDir()
	for _, test := range []struct {
		mode os.FileMode
		want string
	}{
		{0o600, ""},
		{0o400, ""},
		{0o711, ""}, // executing is not reading
		{0o640, "others on this machine may read it (mode 0640); chmod 600 it"},
		{0o604, "others on this machine may read it (mode 0604); chmod 600 it"},
		{0o666, "others on this machine may write it (mode 0666); chmod 600 it"},
	} {
		path := write(t, home, "f", "AWS_ACCESS_KEY_ID="+exampleID+"\n", test.mode)
		got := FindLocal(Machine{Files: []string{path}})
		said := ""
		for _, p := range got.Problems {
			said += p.Reason
		}
		if said != test.want {
			t.Errorf("%04o: %q, want %q", test.mode, said, test.want)
		}
	}
	// A file without keys may be read by everybody.
	path := write(t, home, "f", "A=1\n", 0o644)
	if got := FindLocal(Machine{Files: []string{path}}); len(got.Problems) != 0 {
		t.Errorf("%v", got.Problems)
	}
}

// FuzzReaders holds every reader to what its users rely on: no panic, lines
// that exist, and not one word of the file in a problem.
func FuzzReaders(f *testing.F) {
	f.Add("[default]\naws_access_key_id = " + exampleID + "\naws_secret_access_key = " + exampleSecret + "\n")
	f.Add("export A='x\ny'\nB=\"" + exampleID + "\n")
	f.Add("Access key ID,Secret access key\n" + exampleID + ",\"" + exampleSecret + "\n")
	f.Add("[a\n]b\n = \n[]#\n[x];\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n") + 1
		for _, read := range []func(string) ([]sighting, []Problem){readerFor(text), readINI, readDotenv, readConsoleCSV} {
			found, problems := read(text)
			for _, s := range found {
				if _, err := accesskey.ParseID(string(s.id)); err != nil || s.place.Line < 1 || s.place.Line > lines {
					t.Errorf("%q at line %d of %d: %v", s.id, s.place.Line, lines, err)
				}
			}
			for _, p := range problems {
				if p.Line < 0 || p.Line > lines || p.Reason == "" || !knownReasons[p.Reason] {
					t.Errorf("problem %+v in %d lines", p, lines)
				}
			}
		}
	})
}

// knownReasons are fixed texts, so no problem can quote a file.
var knownReasons = map[string]bool{
	"section header that doesn't end with ]":         true,
	"neither a section nor a setting (name = value)": true,
	"aws_access_key_id is not an access key ID":      true,
	"not NAME=value":                 true,
	"quote that is never closed":     true,
	"no access key ID in its column": true,
	"not a table (CSV)":              true,
}

func TestFoundSecretsNeverPrint(t *testing.T) {
	home := t.TempDir()
	write(t, home, ".aws/credentials", "[default]\naws_access_key_id="+exampleID+"\naws_secret_access_key="+exampleSecret+"\n", 0o644)
	got := FindLocal(Machine{Home: home})
	if len(got.Keys) != 1 {
		t.Fatal(got)
	}
	if printed := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(printed, exampleSecret) {
		t.Fatal("the secret was printed: " + printed)
	}
}
