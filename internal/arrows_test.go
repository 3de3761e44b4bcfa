// Package arrows holds the test that keeps ARCHITECTURE.md's arrows true.
package arrows

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/keytend/keytend/"

// mayImport says, for each room, which of ours it may import. A room that is
// not listed may import nothing of ours. Tests may, besides, import fakeaws.
var mayImport = map[string][]string{
	"internal/accesskey":           {},
	"internal/iampolicy":           {},
	"internal/policy":              {"internal/accesskey"},
	"internal/awsapi":              {"internal/accesskey"},
	"internal/inventory":           {"internal/accesskey", "internal/awsapi", "internal/iampolicy"},
	"internal/network":             {},
	"internal/useragent":           {},
	"internal/migrate":             {"internal/accesskey", "internal/iampolicy", "internal/network", "internal/useragent", "internal/terraform"},
	"internal/usage":               {"internal/accesskey", "internal/network", "internal/useragent"},
	"internal/evidence":            {"internal/accesskey", "internal/awsapi", "internal/usage", "internal/useragent"},
	"internal/kubernetes":          {"internal/accesskey"},
	"internal/locate":              {"internal/accesskey", "internal/awsapi", "internal/kubernetes", "internal/terraform"},
	"internal/rotation":            {"internal/accesskey", "internal/policy"},
	"internal/journal":             {"internal/accesskey", "internal/rotation", "internal/notice", "internal/usage"},
	"internal/journal/journaltest": {"internal/accesskey", "internal/rotation"},
	"internal/escrow":              {},
	"internal/owner":               {},
	"internal/permission":          {"internal/iampolicy", "internal/terraform"},
	"internal/terraform":           {},
	"deploy/terraform":             {"internal/permission", "internal/terraform"},
	"internal/match":               {"internal/accesskey"},
	"internal/nearest":             {},
	"internal/config":              {"internal/accesskey", "internal/policy", "internal/match", "internal/nearest"},
	"internal/monitor":             {"internal/accesskey", "internal/awsapi", "internal/iampolicy", "internal/policy"},
	"internal/fleet":               {"internal/accesskey", "internal/awsapi"},
	"internal/ranking":             {"internal/accesskey", "internal/policy"},
	"internal/report":              {"internal/accesskey", "internal/policy"},
	"internal/notice":              {"internal/accesskey", "internal/policy"},
	"internal/managed":             {"internal/accesskey", "internal/terraform"},
	"internal/notify":              {"internal/accesskey", "internal/notice", "internal/webhook"},
	"internal/webhook":             {},
	"internal/gate":                {"internal/accesskey", "internal/policy", "internal/webhook"},
	"internal/rotationlambda":      {"internal/accesskey", "internal/awsapi", "internal/policy", "internal/rotation", "internal/destination/secretsmanager", "internal/destination/stored"},
	"internal/rotation/onaws":      {"internal/accesskey", "internal/awsapi", "internal/rotation"},
	"internal/fakeaws":             {"internal/iampolicy"},
	"internal/fakeaws/population":  {"internal/fakeaws"},
	"internal/fakeaws/programs":    {"internal/fakeaws"},
	"internal/fakeaws/conformance": {"internal/fakeaws", "internal/fakeaws/population"},
}

// onlyIn says who alone may import a module that is not ours, tests aside.
var onlyIn = map[string][]string{
	"github.com/aws/aws-sdk-go-v2/": {"internal/awsapi"},
	"github.com/spf13/cobra":        {"cmd/keytend"},
	"charm.land/lipgloss":           {"internal/report", "cmd/keytend"},
	"github.com/nicholas-fedor/":    {"internal/notify"},
	"github.com/wneessen/go-mail":   {"internal/notify"},
	"modernc.org/sqlite":            {"internal/journal"},
	"github.com/pressly/goose":      {"internal/journal"},
	"filippo.io/age":                {"internal/escrow"},
	"cel.dev/cel-go":                {"internal/match"},
	"github.com/hashicorp/hcl":      {"internal/terraform"},
	"github.com/goccy/go-yaml":      {"internal/config", "internal/kubernetes", "internal/fakeaws"},
}

// pure rooms decide: they are given the time and the facts.
var pure = []string{"internal/policy", "internal/iampolicy", "internal/accesskey", "internal/match", "internal/config", "internal/notice", "internal/network", "internal/useragent", "internal/usage", "internal/migrate"}

// impure is what a room that decides has no business with.
var impure = []string{"context", "net/http", "os", "io/fs", "math/rand", "math/rand/v2", "crypto/rand", "database/sql"}

type source struct {
	room    string // internal/policy
	file    string
	test    bool
	imports []string
}

func TestArrows(t *testing.T) {
	sources := readSources(t)
	if len(sources) < 10 {
		t.Fatalf("read only %d files: is the walk broken?", len(sources))
	}
	for _, s := range sources {
		for _, imported := range s.imports {
			checkOurs(t, s, imported)
			checkTheirs(t, s, imported)
			checkPure(t, s, imported)
		}
	}
}

func checkOurs(t *testing.T, s source, imported string) {
	room, ours := strings.CutPrefix(imported, module)
	if !ours || room == s.room || strings.HasPrefix(s.room, "cmd/") && !fake(room) {
		return
	}
	if fake(room) && (s.test || s.room == "bench" || s.file == "cmd/keytend/demo.go" || s.file == "cmd/keytend/sim.go") {
		return
	}
	if s.room == "bench" || s.test && (fake(s.room) || ownSuite(s, room) || throughAWS(s, room)) {
		return
	}
	if may := allowed(s.room); !slices.ContainsFunc(may, func(name string) bool { return within(room, name) }) {
		t.Errorf("%s imports %s: %s may import only %v", s.file, room, s.room, may)
	}
}

// ownSuite: a room's tests run the contract suite that lies below it.
func ownSuite(s source, room string) bool { return strings.HasPrefix(room, s.room+"/") }

// throughAWS: the tests of a destination in AWS go the whole way to it, those of
// rotation's ports live through a rotation as policy decides it, and what the
// simulation writes goes into the real journal.
func throughAWS(s source, room string) bool {
	return room == "internal/awsapi" && within(s.room, "internal/destination") ||
		room == "internal/journal" && s.room == "internal/rotation" ||
		room == "internal/policy" && s.room == "internal/rotation/onaws" ||
		s.room == "internal/rotationlambda" && (room == "internal/rotation/onaws" || within(room, "internal/destination"))
}

// allowed is what a room may import. Destinations know the port that they serve
// and what they share among themselves; nobody but cmd knows them.
func allowed(room string) []string {
	if within(room, "internal/destination") {
		return []string{"internal/accesskey", "internal/rotation", "internal/destination"}
	}
	return mayImport[room]
}

// within reports whether a room is name, or a room of the destinations.
func within(room, name string) bool {
	return room == name || name == "internal/destination" && strings.HasPrefix(room, name+"/")
}

func fake(room string) bool { return strings.HasPrefix(room, "internal/fakeaws") }

func checkTheirs(t *testing.T, s source, imported string) {
	for prefix, rooms := range onlyIn {
		if !s.test && s.room != "bench" && strings.HasPrefix(imported, prefix) && !slices.Contains(rooms, s.room) {
			t.Errorf("%s imports %s, which only %v may", s.file, imported, rooms)
		}
	}
}

func checkPure(t *testing.T, s source, imported string) {
	if !s.test && slices.Contains(pure, s.room) && slices.Contains(impure, imported) {
		t.Errorf("%s imports %s: %s decides, and is given everything from outside", s.file, imported, s.room)
	}
}

// TestNoHostClockWhereItDecides looks for time.Now itself, which an import list
// doesn't show.
func TestNoHostClockWhereItDecides(t *testing.T) {
	for _, s := range readSources(t) {
		if s.test || !slices.Contains(pure, s.room) {
			continue
		}
		for _, word := range []string{"time.Now(", "time.Since(", "time.Until(", "time.Sleep("} {
			if strings.Contains(readFile(t, s.file), word) {
				t.Errorf("%s calls %s)", s.file, word)
			}
		}
	}
}

func readSources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return skipOr(err, d)
		}
		if strings.HasSuffix(p, ".go") {
			out = append(out, parse(t, p))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func skipOr(err error, d fs.DirEntry) error {
	if err != nil {
		return err
	}
	if d.IsDir() {
		return filepath.SkipDir
	}
	return nil
}

func parse(t *testing.T, p string) source {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	rel := strings.TrimPrefix(filepath.ToSlash(p), "../")
	s := source{room: path.Dir(rel), file: rel, test: strings.HasSuffix(p, "_test.go")}
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		s.imports = append(s.imports, name)
	}
	return s
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
