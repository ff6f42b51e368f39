//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package publish

import (
	"os"
	"syscall"
)

// ownedByUs reports whether a file is the user's who runs this.
func ownedByUs(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
