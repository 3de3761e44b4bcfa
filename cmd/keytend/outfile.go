package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// forOwner is who may read a report: the list of an account's weakest keys is
// not for everybody.
const forOwner = 0o600

// outPath is a flag that names a file to be written. That its folder is there is
// looked at first of all: not after minutes of reading accounts.
type outPath struct{ path *string }

// String implements pflag.Value.
func (o outPath) String() string {
	if o.path == nil {
		return ""
	}
	return *o.path
}

// Type implements pflag.Value.
func (o outPath) Type() string { return "string" }

// Set implements pflag.Value.
func (o outPath) Set(path string) error {
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is no folder", folder)
	} else if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no folder %s", folder)
	}
	*o.path = path
	return nil
}

// writeOutput lets write write to path, or to stdout where path is empty or
// "-". A file appears whole or not at all.
func (a *app) writeOutput(path string, write func(io.Writer) error) error {
	return a.writeOutputFor(path, forOwner, write)
}

// writeOutputFor is writeOutput with who may read the file.
func (a *app) writeOutputFor(path string, readers os.FileMode, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		if err := write(a.stdout); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		return nil
	}
	if err := replaceFile(path, readers, write); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// replaceFile writes beside path and renames. What is no regular file
// (/dev/null, a pipe) can't be replaced and is written to.
func replaceFile(path string, readers os.FileMode, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeInPlace(path, write)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(readers), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func writeInPlace(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
