package locate

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// kernels reports whether a folder is one of what Linux only makes look like
// files: reading some of them waits for ever.
func kernels(path string) bool {
	return runtime.GOOS == "linux" && (path == "/proc" || path == "/sys")
}

// entered is a folder by a name that is followed where it is a link.
func entered(folder string) string {
	link, err := os.Lstat(folder)
	if err != nil || link.Mode()&fs.ModeSymlink == 0 {
		return folder
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return folder
	}
	return folder + string(filepath.Separator)
}

// below reports whether a path, without links in it, lies below a folder.
func below(path, folder string) bool {
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return false
	}
	within, err := filepath.Rel(root, path)
	return err == nil && filepath.IsLocal(within)
}

// fewFolders is how many are named.
const fewFolders = 5

// link looks at the file that a link leads to. What lies below the root is come by
// without it.
func (w *walk) link(path, root string) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return // it leads nowhere, or round in circles
	}
	info, err := os.Stat(target)
	switch {
	case err != nil || below(target, root):
	case info.IsDir():
		if w.links++; len(w.elsewhere) < fewFolders && !slices.Contains(w.elsewhere, target) {
			w.elsewhere = append(w.elsewhere, target)
		}
	case info.Mode().IsRegular():
		w.file(path)
	}
}
