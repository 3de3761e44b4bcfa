package main

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

//go:generate go test -run "TestReference|TestLocalSchema" -update .

var update = flag.Bool("update", false, "write docs/reference instead of comparing it")

// TestReference holds docs/reference (Markdown and man pages) to what the
// commands say of themselves.
func TestReference(t *testing.T) {
	want := reference(t)
	root := filepath.Join("..", "..", "docs", "reference")
	if *update {
		writeReference(t, root, want)
	}
	got := readReference(t, root)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("docs/reference/%s has drifted (run go generate ./cmd/keytend):\n%s", name, cmp.Diff(got[name], want[name]))
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("docs/reference/%s is about a command that doesn't exist", name)
	}
}

// reference renders every command as the reader of the documentation sees it:
// no terminal, no environment.
func reference(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, command := range everyCommand() {
		path := command.CommandPath()
		var markdown, man bytes.Buffer
		if err := doc.GenMarkdown(command, &markdown); err != nil {
			t.Fatal(err)
		}
		date := time.Unix(0, 0).UTC()
		if err := doc.GenMan(command, &doc.GenManHeader{Section: "1", Date: &date, Source: "keytend", Manual: "Keytend"}, &man); err != nil {
			t.Fatal(err)
		}
		pages[strings.ReplaceAll(path, " ", "_")+".md"] = markdown.String() // as the pages link to each other
		pages["man/"+strings.ReplaceAll(path, " ", "-")+".1"] = man.String()
	}
	return pages
}

func testApp() *app {
	return &app{
		stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{},
		lookupEnv: func(string) (string, bool) { return "", false }, now: time.Now,
	}
}

// everyCommand returns the visible commands, the root first.
func everyCommand() []*cobra.Command {
	root := rootCommand(testApp())
	root.InitDefaultCompletionCmd()
	var all []*cobra.Command
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		c.DisableAutoGenTag = true
		if c.Hidden {
			return
		}
		all = append(all, c)
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	visit(root)
	return all
}

func writeReference(t *testing.T, root string, pages map[string]string) {
	t.Helper()
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	for name, text := range pages {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func readReference(t *testing.T, root string) map[string]string {
	t.Helper()
	pages := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		pages[filepath.ToSlash(name)] = strings.ReplaceAll(string(text), "\r\n", "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// TestEveryCommandExplainsItself: a summary and an example each, and every
// word-valued flag completes.
func TestEveryCommandExplainsItself(t *testing.T) {
	for _, command := range everyCommand() {
		path := command.CommandPath()
		if strings.HasPrefix(path, "keytend completion") {
			continue // cobra's own
		}
		if command.Short == "" || command.Example == "" {
			t.Errorf("%s: no summary or no example", path)
		}
	}
}
