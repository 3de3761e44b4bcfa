package evidence

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Folder is a folder of log files, or one.
type Folder string

// String implements Store.
func (f Folder) String() string { return string(f) }

// List implements Store. The folder itself may be a link; one to a folder within it
// is listed, for Open to say that it is not followed.
func (f Folder) List(_ context.Context, _ time.Time, each func(string) error) error {
	root := string(f)
	if linked, err := filepath.EvalSymlinks(root); err == nil {
		root = linked
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path != root:
			return each(path) // which can't be opened either; the rest can
		case err != nil:
			return err
		case d.IsDir() && aside(d.Name()):
			return filepath.SkipDir
		case d.IsDir() || !isLog(path) && !linksFolder(path, d):
			return nil
		}
		return each(path)
	})
}

func linksFolder(path string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink == 0 {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Open implements Store.
func (f Folder) Open(_ context.Context, name string, read func(io.Reader) error) error {
	info, err := os.Stat(name) // before opening: opening a pipe would wait for its writer
	switch {
	case err != nil:
		return err
	case info.IsDir():
		if _, err := os.ReadDir(name); err != nil {
			return err
		}
		return errors.New("a link to another folder, which is not followed: give that one, too")
	case !info.Mode().IsRegular():
		return errors.New("not a regular file")
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(read(file), file.Close())
}
