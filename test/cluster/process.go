package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// process is a server that was started here, with its output in a file.
type process struct {
	name  string
	log   string // file
	ended chan struct{}
	cmd   *exec.Cmd
}

// start starts a program in the cluster's folder; it is ended with the test.
func (c *Cluster) start(t testing.TB, p program, env []string, args ...string) *process {
	t.Helper()
	file, err := p.place()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(c.folder, p.name+".log")
	output, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.folder, output, output
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // also when the test is killed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started := &process{name: p.name, log: log, ended: make(chan struct{}), cmd: cmd}
	go func() {
		_ = cmd.Wait()
		output.Close()
		close(started.ended)
	}()
	t.Cleanup(func() { started.stop() })
	return started
}

// stop asks a process to end, and ends it when it does not.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// until waits for a condition of a running process; when it does not come the test fails with the end of the log.
func (p *process) until(t testing.TB, what string, patience time.Duration, ready func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for err := ready(); err != nil; err = ready() {
		select {
		case <-p.ended:
			t.Fatalf("%s ended before it was %s: %v\n%s", p.name, what, err, p.last())
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not %s after %v: %v\n%s", p.name, what, patience, err, p.last())
		}
	}
}

// last is the end of a process's log.
func (p *process) last() string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return tail(string(data), 20)
}

// free returns a port of 127.0.0.1 that nobody listens at.
func free(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// loopback is an address at a free port.
func loopback(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", free(t))
}

// answers returns why an address does not answer with success.
func answers(address string) error {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(address)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}
