// Package textfile replaces small files that people and programs read: whole or
// not at all, with mode, owner and symbolic links kept, one Keytend at a time.
//
// It never knows what is in them.
package textfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/keytend/keytend/internal/rotation"
)

// maxSize is more than any file of credentials has. A path that leads to a disk
// image is somebody's mistake.
const maxSize = 1 << 20

// File is one text file.
type File struct {
	Path string
	// Locks is a folder for the locks that keep Keytends apart; made where it
	// isn't there. Locks beside the file would litter other people's folders.
	Locks string
	// Create allows a file that isn't there yet: it is made with mode 0600.
	Create bool
}

// Edit returns the new text for what stands in the file now, or the same text
// where nothing is to be done. Its errors must hold no secret.
type Edit func(text string) (string, error)

// Read returns the text; empty where there is no file and Create is set. What a
// Keytend that was killed left beside the file is removed.
func (f File) Read() (string, error) {
	path, err := f.real()
	if err != nil {
		return "", err
	}
	f.tidy(path)
	return f.read(path)
}

func (f File) read(path string) (string, error) {
	in, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && f.Create {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	b, err := io.ReadAll(io.LimitReader(in, maxSize+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxSize {
		return "", fmt.Errorf("%s is larger than %d bytes: no file of credentials", path, maxSize)
	}
	return string(b), nil
}

// real follows symbolic links, so that the file is replaced and not the link.
func (f File) real() (string, error) {
	path, err := filepath.EvalSymlinks(f.Path)
	if errors.Is(err, fs.ErrNotExist) && f.Create {
		return filepath.Abs(f.Path)
	}
	if err != nil {
		return "", err
	}
	return path, nil
}

// Replace runs edit on the file's text and puts the outcome in its place. It
// holds a lock against other Keytends meanwhile, and looks once more right
// before the last step, for writers who know no lock: rotation.ErrChanged where
// somebody wrote in between. Errors wrap rotation.ErrNotDone where nothing was
// changed.
func (f File) Replace(ctx context.Context, edit Edit) error {
	path, err := f.real()
	if err != nil {
		return notDone(err)
	}
	unlock, err := f.lock(ctx, path)
	if err != nil {
		return notDone(err)
	}
	defer unlock()
	if err := sweep(path); err != nil {
		return notDone(err)
	}
	before, err := f.read(path)
	if err != nil {
		return notDone(err)
	}
	after, err := edit(before)
	if err != nil {
		return notDone(err)
	}
	if after == before {
		return nil
	}
	temp, err := f.write(path, after)
	if err != nil {
		return notDone(err)
	}
	return f.swap(ctx, path, temp, before)
}

// beside is how the name of a file begins that is being written beside path.
func beside(path string) string { return "." + filepath.Base(path) + ".keytend-" }

// sweep removes what a Keytend that was killed while writing left beside the
// file: it holds a secret. The lock says that nobody is writing now.
func sweep(path string) error {
	left, err := leftovers(path)
	for _, name := range left {
		err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(path), name)))
	}
	return err
}

func leftovers(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), beside(path)) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// tidy sweeps where nobody is writing now. Whoever only looks is not kept from
// it by what can't be removed: the next Replace tells.
func (f File) tidy(path string) {
	if left, _ := leftovers(path); len(left) == 0 {
		return
	}
	l, err := f.lockOf(path)
	if err != nil {
		return
	}
	if free, err := l.TryLock(); err != nil || !free {
		return
	}
	_ = sweep(path)
	_ = l.Unlock()
}

// swap renames the new file over the old one, if that is still as it was and the
// time for it is not over.
func (f File) swap(ctx context.Context, path, temp, before string) error {
	now, err := f.read(path)
	if err == nil && now != before {
		err = fmt.Errorf("%s: %w", path, rotation.ErrChanged)
	}
	if err == nil {
		err = rotation.InTime(ctx)
	}
	if err != nil {
		return notDone(errors.Join(err, os.Remove(temp)))
	}
	if err := os.Rename(temp, path); err != nil {
		return notDone(errors.Join(err, os.Remove(temp)))
	}
	// Renamed, but perhaps not on disk yet: an error from here on leaves the
	// outcome unknown.
	return syncFolder(filepath.Dir(path))
}

func notDone(err error) error {
	if errors.Is(err, rotation.ErrNotDone) {
		return err
	}
	return fmt.Errorf("%w (%w)", err, rotation.ErrNotDone)
}

// write puts the text in a new file in the same folder, with the old one's mode
// and owner, and onto the disk.
func (f File) write(path, text string) (string, error) {
	mode, owner, err := f.keep(path)
	if err != nil {
		return "", err
	}
	out, err := os.CreateTemp(filepath.Dir(path), beside(path)+"*")
	if err != nil {
		return "", err
	}
	err = errors.Join(out.Chmod(mode), owner.give(out))
	if err == nil {
		_, err = out.WriteString(text)
	}
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return "", errors.Join(err, os.Remove(out.Name()))
	}
	return out.Name(), nil
}

// keep returns the mode and owner that a replacement must have.
func (f File) keep(path string) (fs.FileMode, owner, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && f.Create {
		return 0o600, owner{}, nil
	}
	if err != nil {
		return 0, owner{}, err
	}
	if !info.Mode().IsRegular() {
		return 0, owner{}, fmt.Errorf("%s is no regular file", path)
	}
	return info.Mode().Perm(), ownerOf(info), nil
}

// lock waits until no other Keytend works on the file, or ctx ends.
func (f File) lock(ctx context.Context, path string) (unlock func(), err error) {
	l, err := f.lockOf(path)
	if err != nil {
		return nil, err
	}
	ok, err := l.TryLockContext(ctx, 20*time.Millisecond)
	if err == nil && !ok {
		err = errors.New("locked")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: wait for another keytend: %w", path, err)
	}
	return func() { _ = l.Unlock() }, nil
}

func (f File) lockOf(path string) (*flock.Flock, error) {
	h := sha256.Sum256([]byte(path))
	return flock.New(filepath.Join(f.Locks, hex.EncodeToString(h[:8])+".lock")), os.MkdirAll(f.Locks, 0o700)
}

// Check finds what would make Replace fail: an unreadable file, a folder that
// can't be written to, an owner that can't be kept. It makes and removes an
// empty file beside it, and changes nothing else.
func (f File) Check() error {
	path, err := f.real()
	if err != nil {
		return err
	}
	f.tidy(path)
	if _, err := f.read(path); err != nil {
		return err
	}
	if err := writable(path); err != nil {
		return err
	}
	temp, err := f.write(path, "")
	if err != nil {
		return err
	}
	if err := os.Remove(temp); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil // another keytend has swept it
}

// writable refuses a file that its owner has made read-only. Renaming would
// get past that, but somebody meant it.
func writable(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o200 == 0 {
		return fmt.Errorf("%s is read-only (mode %04o)", path, info.Mode().Perm())
	}
	return nil
}

// VersionOf names a text that may hold a secret, without giving it away: the
// secret has 240 random bits, so its hash can't be searched for.
func VersionOf(parts ...string) rotation.Version {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return rotation.Version(hex.EncodeToString(h.Sum(nil)[:12]))
}
