//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// open reports whether others may read a file of ours. As for ssh, one that somebody else owns is their business: a
// secret that an orchestrator mounts is readable by a group.
func open(info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Uid) == os.Getuid() && info.Mode().Perm()&0o077 != 0
}
