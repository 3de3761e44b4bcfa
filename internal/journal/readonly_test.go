package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/journal/journaltest"
)

// TestOpenToRead: everything can be read, nothing written, and nothing is made
// beside the file.
func TestOpenToRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	j, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	r := journaltest.Record("r1", "ana")
	if _, err := j.Create(t.Context(), r, journaltest.Event(r, "create")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Close(), os.RemoveAll(path+".holders")); err != nil {
		t.Fatal(err)
	}
	j, err = OpenToRead(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := j.List(t.Context(), "", true)
	if err != nil || len(records) != 1 || records[0].Subject.User != "ana" {
		t.Errorf("%+v, %v", records, err)
	}
	if n, err := j.Verify(t.Context()); n != 1 || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
	if err := j.Note(t.Context(), accesskey.Event{What: "x"}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("wrote: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if beside, err := os.ReadDir(filepath.Dir(path)); err != nil || len(beside) != 1 {
		t.Errorf("%v, %v", beside, err)
	}
}

// TestOpenToReadFromALog: what was written last, and is in the log only, is read too,
// or it is said that it can't be.
func TestOpenToReadFromALog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	j, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	r := journaltest.Record("r1", "ana")
	if _, err := j.Create(t.Context(), r, journaltest.Event(r, "create")); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "state.db")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		text, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+suffix, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := OpenToRead(t.Context(), copied)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if records, err := reader.List(t.Context(), "", true); err != nil || len(records) != 1 {
		t.Errorf("%d records, %v", len(records), err)
	}
}
