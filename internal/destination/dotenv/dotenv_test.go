package dotenv

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/destination/destinationtest"
	"github.com/keytend/keytend/internal/destination/pairs"
	"github.com/keytend/keytend/internal/destination/textfile/textfiletest"
	"github.com/keytend/keytend/internal/rotation"
)

func TestContract(t *testing.T) {
	const text = "# billing\r\nDB_URL='postgres://x?y=z'\nexport AWS_ACCESS_KEY_ID=\"%s\" # the key\nAWS_SECRET_ACCESS_KEY=%s\n\nPORT=80"
	destinationtest.Run(t, func(t *testing.T) destinationtest.Place {
		path := filepath.Join(t.TempDir(), ".env")
		place := textfiletest.Place{Path: path, Text: text, ID: "AWS_ACCESS_KEY_ID", Secret: "AWS_SECRET_ACCESS_KEY"}
		return place.Open(t, func(locks string) (rotation.Destination, error) { return Open(path, locks) }, map[string]string{
			"a variable twice": "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\nAWS_ACCESS_KEY_ID=c\n",
			"a session token":  "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\nAWS_SESSION_TOKEN=c\n",
			"a strange value":  "AWS_ACCESS_KEY_ID=a b\nAWS_SECRET_ACCESS_KEY=b\n",
		})
	})
}

func TestFormat(t *testing.T) {
	want := pairs.Pair{ID: destinationtest.New.ID, Secret: destinationtest.New.Secret}
	const id, secret = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
	for _, tt := range []struct{ name, prefix, before, after string }{
		{"plain", "", "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n", "AWS_ACCESS_KEY_ID=" + id + "\nAWS_SECRET_ACCESS_KEY=" + secret + "\n"},
		{"quotes, export, spaces, comment", "", "export AWS_ACCESS_KEY_ID = 'a'  # x\nAWS_SECRET_ACCESS_KEY=\"b\"", "export AWS_ACCESS_KEY_ID = '" + id + "'  # x\nAWS_SECRET_ACCESS_KEY=\"" + secret + "\""},
		{"empty values", "", "AWS_ACCESS_KEY_ID=\nAWS_SECRET_ACCESS_KEY=\r\n", "AWS_ACCESS_KEY_ID=" + id + "\nAWS_SECRET_ACCESS_KEY=" + secret + "\r\n"},
		{"nothing there", "", "A=1", "A=1\nAWS_ACCESS_KEY_ID=" + id + "\nAWS_SECRET_ACCESS_KEY=" + secret + "\n"},
		{"one there", "", "AWS_SECRET_ACCESS_KEY=b\n", "AWS_SECRET_ACCESS_KEY=" + secret + "\nAWS_ACCESS_KEY_ID=" + id + "\n"},
		{"empty file", "", "", "AWS_ACCESS_KEY_ID=" + id + "\nAWS_SECRET_ACCESS_KEY=" + secret + "\n"},
		{"prefix leaves others alone", "B_", "AWS_ACCESS_KEY_ID=a\nB_AWS_ACCESS_KEY_ID=b\nB_AWS_SECRET_ACCESS_KEY=c\n", "AWS_ACCESS_KEY_ID=a\nB_AWS_ACCESS_KEY_ID=" + id + "\nB_AWS_SECRET_ACCESS_KEY=" + secret + "\n"},
		{"a comment is no assignment", "", "#AWS_ACCESS_KEY_ID=a\nAWS_ACCESS_KEY_ID=b\nAWS_SECRET_ACCESS_KEY=c\n", "#AWS_ACCESS_KEY_ID=a\nAWS_ACCESS_KEY_ID=" + id + "\nAWS_SECRET_ACCESS_KEY=" + secret + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Open("/x#"+tt.prefix, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			got, err := v.Format.Write(tt.before, want)
			if diff := cmp.Diff(tt.after, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
			back, err := v.Format.Read(got)
			if err != nil || back.ID != want.ID || back.Secret.Reveal() != secret {
				t.Errorf("read back %v %v", back, err)
			}
			gone, err := v.Format.Write(got, pairs.Pair{})
			if err != nil || strings.Contains(gone, id) || strings.Contains(gone, secret) {
				t.Errorf("not taken away: %v", err)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	for _, where := range []string{"", "#B_", "/x#a b", "/x#9-"} {
		if _, err := Open(where, ""); err == nil {
			t.Errorf("Open(%q) succeeded", where)
		}
	}
	v, err := Open(filepath.Join(t.TempDir(), "missing"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Check(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
