package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestReplaceFileIsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	say := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			if _, werr := io.WriteString(w, text); werr != nil {
				return werr
			}
			return err
		}
	}
	if err := replaceFile(path, forOwner, say("first", nil)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := replaceFile(path, forOwner, say("half", broken)); !errors.Is(err, broken) {
		t.Fatalf("error = %v", err)
	}
	expect(t, path, "first")
	if err := replaceFile(path, forOwner, say("second", nil)); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "second")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v %v", entries, err)
	}
	if err := replaceFile(filepath.Join(dir, "no", "such"), forOwner, say("", nil)); err == nil {
		t.Error("no error for a folder that doesn't exist")
	}
	if err := replaceFile(os.DevNull, forOwner, say("gone", nil)); err != nil {
		t.Error(err)
	}
}

func expect(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s = %q %v, want %q", path, got, err, want)
	}
}
