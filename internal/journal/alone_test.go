package journal

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestAlone: on network storage there is no shared memory, and whoever opens the
// file meanwhile is refused; a file of the usual kind is taken over.
func TestAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	usual, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := usual.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		j, err := OpenAlone(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		for _, beside := range []string{"-wal", "-shm"} {
			if _, err := os.Stat(path + beside); err == nil {
				t.Errorf("%s is there", beside)
			}
		}
		short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if other, err := OpenAlone(short, path); err == nil {
			t.Error("two have it open")
			_ = other.Close()
		}
		cancel()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
