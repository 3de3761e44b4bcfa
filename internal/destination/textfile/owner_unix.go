//go:build unix

package textfile

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// owner is who a file belongs to; zero: whoever makes it.
type owner struct {
	known    bool
	uid, gid int
}

func ownerOf(info fs.FileInfo) owner {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return owner{true, int(s.Uid), int(s.Gid)}
	}
	return owner{}
}

// give makes the file belong to the owner, or fails where we may not: a
// consumer could no longer read it.
func (o owner) give(f *os.File) error {
	info, err := f.Stat()
	if err != nil || !o.known || ownerOf(info) == o {
		return err
	}
	if err := f.Chown(o.uid, o.gid); err != nil {
		return fmt.Errorf("the file belongs to user %d, group %d, which could not be kept: %w", o.uid, o.gid, err)
	}
	return nil
}

// syncFolder puts a rename onto the disk.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if err2 := d.Close(); err == nil {
		err = err2
	}
	return err
}
