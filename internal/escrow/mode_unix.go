//go:build !windows

package escrow

import "io/fs"

// tooOpen reports whether group or others have any right to the file.
func tooOpen(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
