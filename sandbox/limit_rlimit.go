//go:build unix && !freebsd && !dragonfly

package sandbox

import "syscall"

// setLimit lowers a limit of the operating system; it never raises what the process came with.
func setLimit(resource int, soft, hard uint64) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(resource, &now); err != nil {
		return err
	}
	hard = min(hard, now.Max)
	return syscall.Setrlimit(resource, &syscall.Rlimit{Cur: min(soft, hard), Max: hard})
}
