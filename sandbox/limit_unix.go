//go:build unix

package sandbox

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// rootDir is where a child runs: it opens no file.
const rootDir = "/"

// maxFiles is how many files a child may have open: its pipes, and what the Go runtime needs.
const maxFiles = 16

// confine sets the limits that hold for the whole life of the process. None can be raised again.
func confine(l Limits) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM) // at a terminal they are the parent's, who then closes the input
	limits := []struct {
		resource int
		most     uint64
	}{
		{syscall.RLIMIT_CORE, 0},
		{syscall.RLIMIT_FSIZE, 0},
		{syscall.RLIMIT_NOFILE, maxFiles},
		{syscall.RLIMIT_DATA, uint64(l.Memory)},
	}
	for _, limit := range limits {
		if err := setLimit(limit.resource, limit.most, limit.most); err != nil {
			return err
		}
	}
	spent := make(chan os.Signal, 1)
	signal.Notify(spent, syscall.SIGXCPU) // which the Go runtime would ignore
	go func() {
		<-spent
		os.Exit(exitTime)
	}()
	return nil
}

// allow gives the process processor time for one more piece of work. The limit is in whole seconds, for all cores.
func allow(l Limits) error {
	const cores = 4 // the collector runs beside the work
	seconds := (used() + cores*l.Time).Seconds()
	most := (lifetime + 2*cores*l.Time).Seconds()
	return setLimit(syscall.RLIMIT_CPU, uint64(seconds)+1, uint64(most)+1)
}

// used is the processor time that the process has used.
func used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// killGroup kills a process and all that it has started.
func killGroup(p *os.Process) {
	if err := syscall.Kill(-p.Pid, syscall.SIGKILL); err != nil {
		_ = p.Kill()
	}
}
