//go:build unix

package publish

import (
	"io/fs"
	"os"
	"syscall"
)

// exposed reports whether others than its owner can read a key. Like OpenSSH it looks at the user's own files only:
// who mounts a key for another user has to let the group read it.
func exposed(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid() && info.Mode().Perm()&0o077 != 0
}
