package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Reason is why a child has ended without an answer.
type Reason int

const (
	Crash  Reason = iota // a panic, or a signal from elsewhere
	Time                 // it took too long
	Memory               // it needed too much
	Answer               // what it answered is too large, or no answer
)

// Ended is a child that has ended, or was made to, without an answer.
type Ended struct {
	Reason Reason
	Detail string // its last words, one line; may be empty
}

func (e *Ended) Error() string {
	text := map[Reason]string{Crash: "the child crashed", Time: "the child took too long", Memory: "the child needed too much memory", Answer: "the child's answer cannot be used"}[e.Reason]
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// limitsVariable hands the limits to the child: the only variable it has.
const limitsVariable = "MERIDIAN_SANDBOX"

// child is a running process, used by one goroutine at a time.
type child struct {
	stream
	limits  Limits
	command *exec.Cmd
	stdin   io.WriteCloser
	budget  *budget
	words   words
	killed  atomic.Bool
	late    atomic.Bool // it was killed because it took too long
	last    bool        // it has said that it ends
	end     sync.Once
	state   error // how it ended, set by end
}

// start runs the program.
func start(program Program, limits Limits) (*child, error) {
	c := &child{limits: limits, command: &exec.Cmd{Path: program.Path, Args: program.Args, Dir: rootDir,
		Env: []string{limitsVariable + "=" + limits.encode()}, SysProcAttr: attributes()}}
	c.command.Stderr = &c.words
	stdin, err := c.command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a child: %w", err)
	}
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a child: %w", err)
	}
	c.command.WaitDelay = time.Second
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("start a child: %w", err)
	}
	c.stdin, c.budget = stdin, &budget{source: stdout}
	c.stream = newStream(c.budget, stdin)
	return c, nil
}

// do carries out a call. After an error the child is of no more use.
func (c *child) do(ctx context.Context, call Call) error {
	c.budget.left = c.limits.Answer
	timer := time.AfterFunc(c.limits.Time, func() { c.late.Store(true); c.signal() })
	defer timer.Stop()
	stop := context.AfterFunc(ctx, c.signal)
	defer stop()
	err := c.exchange(call)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	var own *ownError
	if errors.As(err, &own) {
		return own.err
	}
	return c.ended(err)
}

// ownError is what the parent's side of an exchange fails with.
type ownError struct{ err error }

func (e *ownError) Error() string { return e.err.Error() }

func (c *child) exchange(call Call) error {
	if err := c.send(request, call.Request); err != nil {
		return err
	}
	for {
		var kind int
		if err := c.decoder.Decode(&kind); err != nil {
			return err
		}
		switch {
		case kind == answer || kind == lastAnswer:
			c.last = kind == lastAnswer
			return c.decoder.Decode(call.Answer)
		case kind != question || call.Reply == nil:
			return errors.New("a message out of turn")
		}
		replied, err := call.Reply(c.decoder.Decode)
		if err != nil {
			return &ownError{err}
		}
		if err := c.send(reply, replied); err != nil {
			return err
		}
	}
}

// ended finds out why an exchange did not come to its end.
func (c *child) ended(cause error) *Ended {
	c.kill()
	text := c.words.String()
	detail, _, _ := strings.Cut(text, "\n")
	var exit *exec.ExitError
	switch {
	case errors.Is(cause, errTooMuch):
		return &Ended{Answer, "it has more than " + strconv.FormatInt(c.limits.Answer>>20, 10) + " MiB"}
	case c.late.Load() || errors.As(c.state, &exit) && exit.ExitCode() == exitTime:
		return &Ended{Time, ""}
	case strings.Contains(text, "out of memory") || strings.Contains(text, "cannot allocate memory") || strings.Contains(text, "stack exceeds") || strings.Contains(text, "stack overflow"):
		return &Ended{Memory, detail}
	case detail == "" && c.state != nil:
		detail = c.state.Error()
	case detail == "":
		detail = cause.Error()
	}
	return &Ended{Crash, detail}
}

// signal kills the child's processes; kill also waits for them.
func (c *child) signal() {
	c.killed.Store(true)
	killGroup(c.command.Process)
}

func (c *child) kill() {
	c.end.Do(func() {
		_ = c.stdin.Close()
		if !c.exits() {
			c.signal()
		}
		c.state = c.command.Wait()
	})
}

// exits reports whether the child is ending by itself: what it says in the end is worth waiting for.
func (c *child) exits() bool {
	if c.killed.Load() {
		return true // it has been made to
	}
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, c.budget.source)
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(2 * time.Second):
		return false
	}
}

// budget reads no more than may come back for one piece of work.
type budget struct {
	source io.Reader
	left   int64
}

var errTooMuch = errors.New("more than may come back")

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.source.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// words keeps the beginning of what a child says on standard error.
type words struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p[:min(len(p), max(0, 4096-w.text.Len()))])
	return len(p), nil
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// encode and decodeLimits are the limits as text.
func (l Limits) encode() string {
	return fmt.Sprintf("%d %d", l.Time, l.Memory)
}

func decodeLimits(text string) (Limits, error) {
	var l Limits
	if _, err := fmt.Sscanf(text, "%d %d", &l.Time, &l.Memory); err != nil || l.Time <= 0 || l.Memory <= 0 {
		return l, fmt.Errorf("this program's %s is %q: it is meant to be started by itself only", limitsVariable, text)
	}
	return l, nil
}
