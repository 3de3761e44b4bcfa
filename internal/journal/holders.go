package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Holder is this process, as others see it: while it lives, it holds a lock in
// the folder beside the state file. The operating system frees the lock when
// the process ends, however it ends, so a free lock proves its holder dead.
type Holder struct {
	name string
	lock *flock.Flock
}

// Enter takes the lock of a holder of the given name, which must be unique and
// of letters, digits and "-" (a random UUID, say).
func (j *Journal) Enter(name string) (*Holder, error) {
	if err := os.MkdirAll(j.holders(), 0o700); err != nil {
		return nil, fmt.Errorf("enter as %s: %w", name, err)
	}
	lock := flock.New(j.lockOf(name))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("enter as %s: %w", name, err)
	}
	if !ok {
		return nil, fmt.Errorf("enter as %s: another process has that name", name)
	}
	return &Holder{name: name, lock: lock}, nil
}

// alone runs f while no other process does: two that make the tables of a new
// file at once would trip over each other's.
func (j *Journal) alone(ctx context.Context, f func() error) (err error) {
	if err := os.MkdirAll(j.holders(), 0o700); err != nil {
		return err
	}
	lock := flock.New(j.lockOf("open"), flock.SetFlag(os.O_CREATE|os.O_RDWR)) // a place where nothing can be written is found here
	if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
		return fmt.Errorf("wait for another keytend that opens it: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return f()
}

// lockPause is how long to wait before a lock is tried again.
const lockPause = 10 * time.Millisecond

// Name returns the holder's name.
func (h *Holder) Name() string { return h.name }

// Leave frees the lock. The file stays: while it does, Dead can prove that its
// holder has gone.
func (h *Holder) Leave() error { return h.lock.Unlock() }

// Dead reports whether the process of that name is gone for certain: it has
// entered here, and its lock is free. Of a holder on another host, or one that
// never entered, nothing is certain.
func (j *Journal) Dead(_ context.Context, name string) bool {
	path := j.lockOf(name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false
	}
	lock := flock.New(path)
	ok, err := lock.TryLock()
	if err != nil || !ok {
		return false
	}
	return lock.Unlock() == nil
}

func (j *Journal) holders() string { return j.path + ".holders" }

// lockOf keeps a name from the journal inside the folder.
func (j *Journal) lockOf(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	return filepath.Join(j.holders(), clean+".lock")
}
