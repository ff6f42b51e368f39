//go:build unix && !linux

package sandbox

import "syscall"

// attributes make a child a process group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
