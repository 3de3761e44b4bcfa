package textfile

import (
	"io/fs"
	"os"
)

// owner is kept by the folder's access list, which new files inherit.
type owner struct{}

func ownerOf(fs.FileInfo) owner    { return owner{} }
func (owner) give(*os.File) error  { return nil }
func syncFolder(path string) error { _, err := os.Stat(path); return err }
