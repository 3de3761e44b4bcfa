package locate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
)

// maxFile is the largest file that is read: credentials files have a few
// hundred lines, and a file of gigabytes is a mistake.
const maxFile = 4 << 20

// file reads one file in whichever format it is. Named says that somebody
// pointed at it, so that it must exist.
func (c *collection) file(path string, named bool) {
	text, mode, err := readFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
		return
	case err != nil:
		c.problems = append(c.problems, Problem{Path: path, Reason: err.Error(), Unread: true})
		return
	}
	if slices.Contains(c.searched, path) {
		return
	}
	c.searched = append(c.searched, path)
	read := readINI
	if named {
		read = readerFor(text)
	}
	sightings, problems := read(text)
	for _, problem := range problems {
		problem.Path = path
		c.problems = append(c.problems, problem)
	}
	for _, s := range sightings {
		s.place.Path = path
		c.add(s)
	}
	if reason := exposure(mode); reason != "" && len(sightings) > 0 {
		c.problems = append(c.problems, Problem{Path: path, Reason: reason})
	}
}

// readFile returns the content and mode of a regular file. Errors don't repeat
// the path.
func readFile(path string) (string, fs.FileMode, error) {
	info, err := os.Stat(path) // before opening: opening a pipe would wait for its writer
	if err != nil {
		return "", 0, bare(err)
	}
	if !info.Mode().IsRegular() {
		return "", 0, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", 0, bare(err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", 0, bare(err)
	}
	if len(content) > maxFile {
		return "", 0, fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	if bytes.IndexByte(content, 0) >= 0 {
		return "", 0, errors.New("not a text file")
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	return strings.ReplaceAll(string(content), "\r\n", "\n"), info.Mode(), nil
}

// bare strips operation and path from a file system error: the path is said
// beside it.
func bare(err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// onDisk is a file system's error in words alone: its number would pass for a
// network's.
func onDisk(err error) error { return errors.New(bare(err).Error()) }

// exposure says who else may use a file that holds keys. Windows has access
// lists instead of these bits.
func exposure(mode fs.FileMode) string {
	switch bits := mode.Perm(); {
	case runtime.GOOS == "windows":
		return ""
	case bits&0o022 != 0:
		return fmt.Sprintf("others on this machine may write it (mode %04o); chmod 600 it", bits)
	case bits&0o044 != 0:
		return fmt.Sprintf("others on this machine may read it (mode %04o); chmod 600 it", bits)
	}
	return ""
}

// readerFor tells the formats apart by their first meaningful line.
func readerFor(text string) func(string) ([]sighting, []Problem) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case line[0] == '[':
			return readINI
		case isConsoleHeader(line):
			return readConsoleCSV
		}
		return readDotenv
	}
	return readINI // nothing in it, whatever it is
}
