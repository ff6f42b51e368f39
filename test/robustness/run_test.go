//go:build unix

package robustness

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/meridian-gitops/meridian/test/publishing"
)

// outcome is how a run of the program ended, and what it took.
type outcome struct {
	args   []string
	code   int
	stdout string
	stderr string
	took   time.Duration
	peak   int64 // bytes of memory that the processes had at most, together
}

// longest is when a run is given up on: long after what it may take.
const longest = time.Minute

// run runs the program in a folder and waits for it and for all that it has started.
func run(t *testing.T, dir string, args ...string) outcome {
	t.Helper()
	binary := publishing.Binary(t) // which takes a while the first time
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append(os.Environ(), "MERIDIAN_CACHE="+filepath.Join(dir, "cache"), "NO_COLOR=1", "SOURCE_DATE_EPOCH=1800000000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	peak := make(chan int64)
	go func() { peak <- watch(cmd.Process.Pid, stop) }()
	err := cmd.Wait()
	took := time.Since(begin)
	close(stop)
	most := <-peak
	var exit *exec.ExitError
	if err != nil && ctx.Err() == nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		most = max(most, usage.Maxrss<<10) // of the largest process: none is overlooked that was too quick to be seen
	}
	if ctx.Err() != nil {
		t.Errorf("%s: it did not end within %v", strings.Join(args, " "), longest)
	}
	return outcome{args, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), took, most}
}
