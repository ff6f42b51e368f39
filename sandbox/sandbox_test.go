package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/sandbox"
)

const (
	childArgument  = "be-the-child"
	parentArgument = "be-the-parent"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == childArgument {
		fmt.Fprintln(os.Stderr, sandbox.Serve(os.Stdin, os.Stdout, os.Getenv("MERIDIAN_SANDBOX"), deeds{}))
		os.Exit(2)
	}
	if len(os.Args) == 2 && os.Args[1] == parentArgument {
		beParent()
	}
	os.Exit(m.Run())
}

// deeds is a worker that does as it is told, also what nobody should.
type deeds struct{}

// order is a deed and what to do it with.
type order struct {
	Deed string
	Text string
}

func (deeds) Work(decode func(any) error, ask func(question, reply any) error) (any, error) {
	var o order
	if err := decode(&o); err != nil {
		return nil, err
	}
	switch o.Deed {
	case "echo":
		return o.Text, nil
	case "ask":
		var reply string
		err := ask(o.Text, &reply)
		return reply, err
	case "process":
		return strconv.Itoa(os.Getpid()), nil
	case "environment":
		return strings.Join(os.Environ(), "\n"), nil
	case "sleep":
		time.Sleep(time.Hour)
	case "spin":
		for n := 0; ; n++ {
			if n < 0 {
				return nil, nil
			}
		}
	case "allocate":
		var all [][]byte
		for {
			block := make([]byte, 1<<20)
			for i := range block {
				block[i] = byte(i)
			}
			if all = append(all, block); len(all) > 1<<20 {
				return strconv.Itoa(len(all)), nil
			}
		}
	case "recurse":
		return strconv.Itoa(recurse(1 << 40)), nil
	case "panic":
		panic("on purpose")
	case "large":
		return strings.Repeat("x", 5<<20), nil
	case "rubbish":
		fmt.Print(strings.Repeat("\xff", 1000))
		os.Exit(0)
	case "write":
		return nil, os.WriteFile(o.Text, []byte("data"), 0o600)
	case "open":
		for {
			if _, err := os.Open(os.DevNull); err != nil {
				return err.Error(), nil
			}
		}
	}
	return nil, errors.New("no such deed")
}

func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n-1) + 1
}

func program() sandbox.Program {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return sandbox.Program{Path: path, Args: []string{path, childArgument}}
}

func newPool(t *testing.T, limits sandbox.Limits) *sandbox.Pool {
	t.Helper()
	p := sandbox.NewPool(program(), limits, nil)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// generous leaves a slow machine time.
var generous = sandbox.Limits{Time: time.Minute, Memory: 512 << 20, Answer: 1 << 20}

func do(p *sandbox.Pool, deed, text string) (string, error) {
	var answer string
	err := p.Do(context.Background(), sandbox.Call{Request: order{deed, text}, Answer: &answer})
	return answer, err
}

func TestReuse(t *testing.T) {
	p := newPool(t, generous)
	first, err := do(p, "process", "")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if again, err := do(p, "process", ""); err != nil || again != first {
			t.Errorf("process %s, then %s: %v", first, again, err)
		}
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			text := strconv.Itoa(i)
			if got, err := do(p, "echo", text); err != nil || got != text {
				t.Errorf("%q came back as %q: %v", text, got, err)
			}
		})
	}
	group.Wait()
}

func TestQuestions(t *testing.T) {
	p := newPool(t, generous)
	var answer string
	call := sandbox.Call{Request: order{"ask", "what is it?"}, Answer: &answer, Reply: func(decode func(any) error) (any, error) {
		var question string
		err := decode(&question)
		return "to " + question, err
	}}
	if err := p.Do(context.Background(), call); err != nil || answer != "to what is it?" {
		t.Errorf("%q %v", answer, err)
	}
	own := errors.New("the parent cannot")
	call.Reply = func(decode func(any) error) (any, error) { return nil, own }
	if err := p.Do(context.Background(), call); !errors.Is(err, own) {
		t.Errorf("%v", err)
	}
}

// TestEnded holds that whatever a child does, its parent gets an error that says what, and that the next request is
// served.
func TestEnded(t *testing.T) {
	short := generous
	short.Time = time.Second
	tests := []struct {
		deed   string
		limits sandbox.Limits
		want   sandbox.Reason
		detail string
	}{
		{"sleep", short, sandbox.Time, ""},
		{"spin", short, sandbox.Time, ""},
		{"allocate", generous, sandbox.Memory, "out of memory"},
		{"recurse", generous, sandbox.Memory, "stack"},
		{"panic", generous, sandbox.Crash, "panic: on purpose"},
		{"large", generous, sandbox.Answer, "1 MiB"},
		{"rubbish", generous, sandbox.Crash, ""},
		{"ask", generous, sandbox.Crash, ""},
	}
	for _, test := range tests {
		t.Run(test.deed, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" && test.want == sandbox.Memory {
				t.Skip("there is no limit on memory but the runtime's")
			}
			if raceDetector && test.want == sandbox.Memory {
				t.Skip("the race detector needs more memory than there is")
			}
			p := newPool(t, test.limits)
			if _, err := do(p, "echo", "before"); err != nil {
				t.Fatal(err)
			}
			_, err := do(p, test.deed, "")
			var ended *sandbox.Ended
			if !errors.As(err, &ended) || ended.Reason != test.want || !strings.Contains(ended.Detail, test.detail) {
				t.Fatalf("ended as %v", err)
			}
			if got, err := do(p, "echo", "after"); err != nil || got != "after" {
				t.Errorf("the next request: %q %v", got, err)
			}
		})
	}
}

func TestConfined(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the operating system has no such limits")
	}
	t.Setenv("MERIDIAN_TOKEN", "s3cret")
	p := newPool(t, generous)
	if got, err := do(p, "environment", ""); err != nil || !strings.HasPrefix(got, "MERIDIAN_SANDBOX=") || strings.Contains(got, "\n") {
		t.Errorf("environment %q %v", got, err)
	}
	if got, err := do(p, "open", ""); err != nil || !strings.Contains(got, "too many open files") {
		t.Errorf("open files: %q %v", got, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	_, err := do(p, "write", file)
	if data, _ := os.ReadFile(file); err == nil || len(data) > 0 {
		t.Errorf("it could write %q: %v", data, err)
	}
}

func TestCancel(t *testing.T) {
	p := newPool(t, generous)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	var answer string
	err := p.Do(ctx, sandbox.Call{Request: order{"spin", ""}, Answer: &answer})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestPrepare(t *testing.T) {
	prepared := 0
	p := sandbox.NewPool(program(), generous, func(ctx context.Context, do func(context.Context, sandbox.Call) error) error {
		prepared++
		var answer string
		return do(ctx, sandbox.Call{Request: order{"echo", "ready"}, Answer: &answer})
	})
	defer p.Close()
	for _, deed := range []string{"echo", "echo", "panic", "echo"} {
		_, _ = do(p, deed, "")
	}
	// One child for the first three; panic is tried once more in a fresh one, as the first may have ended by itself.
	if prepared != 3 {
		t.Errorf("%d children were prepared", prepared)
	}
}

func TestNoProgram(t *testing.T) {
	p := sandbox.NewPool(sandbox.Program{Path: filepath.Join(t.TempDir(), "absent"), Args: []string{"absent"}}, generous, nil)
	_, err := do(p, "echo", "")
	var ended *sandbox.Ended
	if err == nil || errors.As(err, &ended) {
		t.Errorf("a machine's failure came back as %v", err)
	}
}

// TestServedByHand holds that the child's side does nothing without its parent.
func TestServedByHand(t *testing.T) {
	for _, limits := range []string{"", "1", "-1 5", "x"} {
		if err := sandbox.Serve(strings.NewReader(""), &strings.Builder{}, limits, deeds{}); err == nil {
			t.Errorf("served with limits %q", limits)
		}
	}
}

// beParent starts a child that spins, says its process number, and waits to be killed.
func beParent() {
	p := sandbox.NewPool(program(), generous, nil)
	process, err := do(p, "process", "")
	fmt.Println(process, err)
	_, _ = do(p, "spin", "")
}

// TestOrphan holds that a child does not outlive its parent, also when that is killed.
func TestOrphan(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it looks at /proc")
	}
	parent := exec.Command(program().Path, parentArgument)
	out, err := parent.StdoutPipe()
	if err == nil {
		err = parent.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var process int
	if _, err := fmt.Fscan(out, &process); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // until it spins
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	for deadline := time.Now().Add(time.Minute); alive(process); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives on", process)
		}
	}
}

// alive reports whether a process runs; one that nobody waited for does not.
func alive(process int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	return err == nil && !strings.Contains(string(data), ") Z ")
}

func TestDefaultLimits(t *testing.T) {
	want := sandbox.Limits{Time: 8 * time.Second, Memory: 768 << 20, Answer: 64 << 20}
	if diff := cmp.Diff(want, sandbox.DefaultLimits()); diff != "" {
		t.Error(diff)
	}
}
