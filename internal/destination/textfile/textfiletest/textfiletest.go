// Package textfiletest opens places for destinationtest that are text files
// with a key ID and a secret in them.
package textfiletest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"

	"github.com/keytend/keytend/internal/destination/destinationtest"
	"github.com/keytend/keytend/internal/rotation"
)

// Place is a file to be made: Text with two verbs, for key ID and secret, each
// behind the name of its variable.
type Place struct {
	Path, Text, ID, Secret string
}

// Open makes the file with destinationtest.Old in it and opens the destination.
// bad are texts that a check must refuse, by what is wrong with them.
func (p Place) Open(t *testing.T, open func(locks string) (rotation.Destination, error), bad map[string]string) destinationtest.Place {
	t.Helper()
	p.put(t, fmt.Sprintf(p.Text, destinationtest.Old.ID, destinationtest.Old.Secret.Reveal()))
	d, err := open(filepath.Join(t.TempDir(), "locks"))
	if err != nil {
		t.Fatal(err)
	}
	place := destinationtest.Place{
		Destination: d,
		Pair:        p.pair,
		Neighbours:  func() string { return p.neighbours(t) },
		Change:      func() { p.change(t) },
		Put: func(c rotation.Credential) {
			p.put(t, fmt.Sprintf(p.Text, c.ID, c.Secret.Reveal()))
		},
		Break: map[string]func() func(){
			"the file is gone, and a folder stands there": p.folder(t),
		},
	}
	for name, text := range bad {
		place.Break[name] = p.replaced(t, text)
	}
	if runtime.GOOS != "windows" && os.Getuid() != 0 {
		place.Break["the folder is read-only"] = p.mode(t, filepath.Dir(p.Path), 0o500, 0o700)
	}
	if runtime.GOOS != "windows" {
		place.Break["the file is read-only"] = p.mode(t, p.Path, 0o400, 0o600)
	}
	return place
}

// put replaces the file as a careful writer does: whole, by renaming.
func (p Place) put(t *testing.T, text string) {
	t.Helper()
	temp := filepath.Join(t.TempDir(), "new")
	if err := errors.Join(os.WriteFile(temp, []byte(text), 0o600), os.Rename(temp, p.Path)); err != nil {
		t.Fatal(err)
	}
}

func (p Place) form(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)\b` + regexp.QuoteMeta(name) + `\s*=\s*["']?([A-Za-z0-9/+=]*)`)
}

// pair reads as a consumer does: once, whole.
func (p Place) pair() (id, secret string, err error) {
	b, err := os.ReadFile(p.Path)
	if err != nil {
		return "", "", err
	}
	i, s := p.form(p.ID).FindSubmatch(b), p.form(p.Secret).FindSubmatch(b)
	if i == nil || s == nil {
		return "", "", errors.New("no pair in the file")
	}
	return string(i[1]), string(s[1]), nil
}

// neighbours is the file with the two values blanked, and its mode.
func (p Place) neighbours(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(p.Path)
	info, err2 := os.Stat(p.Path)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, name := range []string{p.ID, p.Secret} {
		m := p.form(name).FindStringSubmatchIndex(text)
		text = text[:m[2]] + "…" + text[m[3]:]
	}
	return info.Mode().String() + "\n" + text
}

// change adds a comment before everything else.
func (p Place) change(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	p.put(t, "# somebody was here\n"+string(b))
}

func (p Place) replaced(t *testing.T, text string) func() func() {
	return func() func() {
		was, err := os.ReadFile(p.Path)
		if err != nil {
			t.Fatal(err)
		}
		p.put(t, text)
		return func() { p.put(t, string(was)) }
	}
}

func (p Place) folder(t *testing.T) func() func() {
	return func() func() {
		was, err := os.ReadFile(p.Path)
		if err := errors.Join(err, os.Remove(p.Path), os.Mkdir(p.Path, 0o700)); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := os.Remove(p.Path); err != nil {
				t.Fatal(err)
			}
			p.put(t, string(was))
		}
	}
}

func (p Place) mode(t *testing.T, path string, bad, good os.FileMode) func() func() {
	set := func(m os.FileMode) {
		if err := os.Chmod(path, m); err != nil {
			t.Fatal(err)
		}
	}
	return func() func() {
		set(bad)
		return func() { set(good) }
	}
}
