package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	apitest "k8s.io/cri-api/pkg/apis/testing"
	remote "k8s.io/cri-client/pkg"
	utilexec "k8s.io/utils/exec"
)

// event is something that happened to a container.
type event struct {
	Time    time.Time `json:"time"`
	Pod     string    `json:"pod"`
	Attempt string    `json:"attempt"` // how often the container was made before
	Name    string    `json:"name"`
	Detail  string    `json:"detail,omitempty"`
}

// write appends the event to a file, in one write, so that several processes may.
func (e event) write(file string) error {
	e.Time = time.Now()
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// runtime keeps the kubelet's books as the CRI's own test double does, and runs a process for each container.
type runtime struct {
	*apitest.FakeRuntimeService
	program, network, events string

	mu         sync.Mutex
	pods       int
	containers map[string]*process
}

type process struct {
	pod, attempt string
	env          []string
	cmd          *exec.Cmd
	ended        chan struct{}
}

func newRuntime(network, events string) (*runtime, error) {
	program, err := os.Executable()
	books := apitest.NewFakeRuntimeService()
	books.FakeStatus = &runtimeapi.RuntimeStatus{Conditions: []*runtimeapi.RuntimeCondition{
		{Type: runtimeapi.RuntimeReady, Status: true}, {Type: runtimeapi.NetworkReady, Status: true},
	}}
	return &runtime{FakeRuntimeService: books, program: program, network: network, events: events, containers: map[string]*process{}}, err
}

func (r *runtime) log(p *process, name, format string, args ...any) {
	if err := (event{Pod: p.pod, Attempt: p.attempt, Name: name, Detail: fmt.Sprintf(format, args...)}).write(r.events); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// RunPodSandbox gives the pod an address.
func (r *runtime) RunPodSandbox(ctx context.Context, config *runtimeapi.PodSandboxConfig, handler string) (string, error) {
	id, err := r.FakeRuntimeService.RunPodSandbox(ctx, config, handler)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	r.pods++
	address := fmt.Sprintf("%s.%d", r.network, r.pods)
	r.mu.Unlock()
	r.FakeRuntimeService.Lock()
	defer r.FakeRuntimeService.Unlock()
	r.Sandboxes[id].Network.Ip = address
	return id, nil
}

func (r *runtime) CreateContainer(ctx context.Context, sandbox string, config *runtimeapi.ContainerConfig, pod *runtimeapi.PodSandboxConfig) (string, error) {
	id, err := r.FakeRuntimeService.CreateContainer(ctx, sandbox, config, pod)
	if err != nil {
		return "", err
	}
	status, err := r.PodSandboxStatus(ctx, sandbox, false)
	if err != nil {
		return "", err
	}
	p := &process{pod: pod.Metadata.Name, attempt: fmt.Sprint(config.Metadata.Attempt), ended: make(chan struct{})}
	p.env = []string{"PATH=" + os.Getenv("PATH"), "POD=" + p.pod, "ATTEMPT=" + p.attempt, "ADDRESS=" + status.Status.Network.Ip, "EVENTS=" + r.events}
	for _, variable := range config.Envs {
		p.env = append(p.env, variable.Key+"="+string(variable.Value))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.containers[id] = p
	return id, nil
}

func (r *runtime) process(id string) (*process, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.containers[id]
	if p == nil {
		return nil, fmt.Errorf("container %s not found", id)
	}
	return p, nil
}

func (r *runtime) StartContainer(ctx context.Context, id string) error {
	p, err := r.process(id)
	if err != nil {
		return err
	}
	p.cmd = exec.Command(r.program, "container")
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, os.Stdout, os.Stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := r.FakeRuntimeService.StartContainer(ctx, id); err != nil {
		return err
	}
	r.log(p, "start", "%s", strings.Join(p.env, " "))
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = p.cmd.Wait()
		code := p.cmd.ProcessState.ExitCode()
		r.log(p, "end", "%s", p.cmd.ProcessState)
		r.FakeRuntimeService.Lock()
		if c := r.Containers[id]; c != nil {
			c.State, c.FinishedAt, c.ExitCode = runtimeapi.ContainerState_CONTAINER_EXITED, time.Now().UnixNano(), int32(code)
		}
		r.FakeRuntimeService.Unlock()
		close(p.ended)
	}()
	return nil
}

// StopContainer asks the process to end, and ends it after so many seconds.
func (r *runtime) StopContainer(ctx context.Context, id string, timeout int64) error {
	p, err := r.process(id)
	if err != nil {
		return err
	}
	if p.cmd == nil || p.cmd.Process == nil {
		return r.FakeRuntimeService.StopContainer(ctx, id, timeout)
	}
	r.log(p, "stop", "%d s", timeout)
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(time.Duration(timeout) * time.Second):
	}
	r.log(p, "kill", "")
	_ = p.cmd.Process.Kill()
	<-p.ended
	return nil
}

// ExecSync runs a command with the container's environment.
func (r *runtime) ExecSync(ctx context.Context, id string, cmd []string, timeout time.Duration) ([]byte, []byte, error) {
	p, err := r.process(id)
	if err != nil {
		return nil, nil, err
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	r.log(p, "exec", "%s", strings.Join(cmd, " "))
	var out, errs bytes.Buffer
	command := exec.CommandContext(ctx, cmd[0], cmd[1:]...)
	command.Env, command.Stdout, command.Stderr = p.env, &out, &errs
	err = command.Run()
	var exit *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("%w: %q", remote.ErrCommandTimedOut, strings.Join(cmd, " "))
	case errors.As(err, &exit):
		err = utilexec.CodeExitError{Err: err, Code: exit.ExitCode()}
	}
	return out.Bytes(), errs.Bytes(), err
}
