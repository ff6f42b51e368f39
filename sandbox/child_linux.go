package sandbox

import "syscall"

// attributes make a child a process group of its own that is killed with its parent.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
