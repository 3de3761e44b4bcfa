package locate

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// maxTreeFile is the largest file of a folder that is read.
const maxTreeFile = 16 << 20

// machine looks where the AWS programs of this computer look.
func (h *hunt) machine() {
	local := FindLocal(*h.Machine)
	for _, key := range local.Keys {
		if _, wanted := h.Wanted[key.ID]; !wanted && !h.Strangers || key.ID.Temporary() {
			continue
		}
		for _, place := range key.Places {
			if place.Path == "" {
				h.add(Find{Key: key.ID, Kind: InEnviron, Part: place.Name})
				continue
			}
			h.add(Find{Key: key.ID, Kind: InFile, Where: place.Path, Line: place.Line, Part: place.Name, Format: AsProfile})
		}
	}
	for _, p := range local.Problems {
		if p.Unread {
			h.gap(Gap{Where: p.Path, Why: p.Reason})
		}
	}
}

// folder looks at a folder and everything below it, and at the history of the git
// repositories in it where that was asked for.
func (h *hunt) folder(ctx context.Context, root string) error {
	w, root := walk{hunt: h}, entered(root)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && path == root:
			return onDisk(err)
		case err != nil:
			w.unread.failed(path, bare(err))
			return nil
		case entry.IsDir() && path != root && kernels(path):
			h.gap(Gap{Where: path, Why: "it is the kernel's, and holds no files", Chosen: true})
			return fs.SkipDir
		case entry.Type()&fs.ModeSymlink != 0:
			w.link(path, root)
		case entry.IsDir() && entry.Name() == ".git":
			w.repositories = append(w.repositories, filepath.Dir(path))
			w.file(filepath.Join(path, "config"))
			return fs.SkipDir
		case entry.Type().IsRegular() && entry.Name() == ".git": // of a working tree elsewhere, or a submodule
			w.repositories = append(w.repositories, filepath.Dir(path))
		case entry.Type().IsRegular():
			w.file(path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.unread.what, w.unread.where = "file", "below "+root
	w.unread.tell(h)
	if w.links > 0 {
		h.gap(Gap{Where: plural(w.links, "link") + " below " + root + " to folders elsewhere", Why: "links to folders are not followed", Hint: "name those with --dir: " + strings.Join(w.elsewhere, ", "), Chosen: true})
	}
	if w.large > 0 {
		h.gap(Gap{Where: plural(w.large, "file") + " below " + root, Why: "larger than 16 MiB, which is not read", Chosen: true})
	}
	if above := repositoryAbove(root); above != "" && len(w.repositories) == 0 {
		h.gap(Gap{Where: "git history of " + above, Why: root + " is only a part of it", Hint: "name the whole with --dir, and --history", Chosen: true})
	}
	return h.histories(ctx, root, w.repositories)
}

// repositoryAbove is the git repository that a folder lies in; empty: none.
func repositoryAbove(folder string) string {
	for {
		above := filepath.Dir(folder)
		if above == folder {
			return ""
		}
		if _, err := os.Lstat(filepath.Join(above, ".git")); err == nil {
			return above
		}
		folder = above
	}
}

// histories looks at what the repositories in a folder held.
func (h *hunt) histories(ctx context.Context, root string, repositories []string) error {
	if !h.History && len(repositories) > 0 {
		h.gap(Gap{Where: "history of " + repositoriesIn(len(repositories)) + " in " + root, Why: "only the files that are checked out were read", Hint: "--history reads all commits", Chosen: true})
	}
	if !h.History {
		return nil
	}
	for _, repository := range repositories {
		if err := h.history(ctx, repository); err != nil {
			h.gap(Gap{Where: "git history of " + repository, Why: err.Error()})
		}
	}
	return nil
}

func repositoriesIn(n int) string {
	if n == 1 {
		return "1 git repository"
	}
	return fmt.Sprintf("%d git repositories", n)
}

// walk is a folder that is gone through.
type walk struct {
	hunt         *hunt
	repositories []string
	unread       unread
	large        int
	links        int      // to folders elsewhere
	elsewhere    []string // the first of these folders
}

// file looks at one file, be it a text or not.
func (w *walk) file(path string) {
	text, err := readText(path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // gone meanwhile, or a repository without settings
		return
	case errors.Is(err, errLarge):
		w.large++
		return
	case err != nil:
		w.unread.failed(path, bare(err))
		return
	}
	if strings.HasSuffix(path, ".tfstate") && w.hunt.stateText(bytes.NewReader(text), path) == nil {
		return
	}
	w.hunt.text(path, text)
}

// text looks at a file's text, and for what its format calls the keys.
func (h *hunt) text(path string, text []byte) {
	var named []sighting
	for at, id := range h.matcher.IDs(text) {
		if _, wanted := h.Wanted[id]; !wanted && !h.Strangers {
			continue
		}
		if named == nil {
			named = sightings(string(text))
		}
		f := Find{Key: id, Kind: InFile, Where: path, Line: 1 + bytes.Count(text[:at], []byte("\n"))}
		if bytes.IndexByte(text, 0) >= 0 {
			f.Line, f.Note = 0, "it is no text"
		}
		i := slices.IndexFunc(named, func(s sighting) bool { return s.id == id && s.place.Line == f.Line })
		if i >= 0 && (named[i].format != AsVariable || variableForm.MatchString(named[i].place.Name)) {
			f.Part, f.Format = named[i].place.Name, named[i].format
		}
		h.add(f)
	}
}

// variableForm is what programs take for a variable; others set other things so.
var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// sightings reads a text as a credentials or a dotenv file.
func sightings(text string) []sighting {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	found, _ := readerFor(text)(text) // a line that makes no sense to it is only text
	return found
}

var errLarge = errors.New("too large")

// readText reads a file, a text as UTF-8.
func readText(path string) ([]byte, error) {
	info, err := os.Stat(path) // before opening: opening a pipe would wait for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxTreeFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > maxTreeFile:
		return nil, errLarge
	case bytes.HasPrefix(content, []byte("\xff\xfe")):
		return fromUTF16(content[2:], binary.LittleEndian), nil
	case bytes.HasPrefix(content, []byte("\xfe\xff")):
		return fromUTF16(content[2:], binary.BigEndian), nil
	}
	return content, nil
}

// fromUTF16 is what Windows writes, as UTF-8.
func fromUTF16(content []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(content)/2)
	for i := range units {
		units[i] = order.Uint16(content[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// stateText is a state that lies in a folder.
func (h *hunt) stateText(text io.Reader, name string) error {
	found, err := keysInState(text, h.keys)
	if err != nil {
		return err
	}
	for _, f := range found {
		f.Where = name
		h.add(f)
	}
	return nil
}
