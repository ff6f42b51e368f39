//go:build linux

package robustness

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/test/publishing"
)

// TestSockets holds that whatever only looks at sources opens no socket: the kernel is asked, by strace, for every process
// that the program starts. Sources and environment offer what a program that fetches would take up: an import from
// elsewhere, a registry of modules, a proxy. That sockets are seen at all, publishing to a server on this machine shows.
func TestSockets(t *testing.T) {
	tracer(t)
	dir := t.TempDir()
	write(t, dir, "app/app.cue", app("ports: web: 8080"))
	write(t, dir, "fetching/app.cue", imports("evil.example.com/lib:lib")+body+env("lib.x"))
	write(t, dir, "fetching/cue.mod/module.cue", "module: \"mydomain.com/m\"\nlanguage: version: \"v0.9.0\"\ndeps: \"evil.example.com/lib@v0\": v: \"v0.1.0\"\n")
	for _, args := range [][]string{{"init", "-q"}, {"add", "app"}, {"-c", "user.name=a", "-c", "user.email=a@mydomain.com", "commit", "-q", "-m", "a"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write(t, dir, "app/app.cue", app("ports: web: 8081"))
	tests := []struct {
		args []string
		code int
	}{
		{[]string{"vet", "app"}, 0},
		{[]string{"vet", "--untrusted", "app"}, 0},
		{[]string{"vet", "fetching"}, 1},
		{[]string{"vet", "--untrusted", "fetching"}, 1},
		{[]string{"build", "app"}, 0},
		{[]string{"build", "--untrusted", "app"}, 0},
		{[]string{"build", "-o", "out", "app"}, 0},
		{[]string{"test", "--update", "app"}, 0},
		{[]string{"test", "app"}, 0},
		{[]string{"test", "--untrusted", "app"}, 0},
		{[]string{"diff", "app"}, 1},
		{[]string{"diff", "--untrusted", "app"}, 1},
		{[]string{"diff", "--against", "out", "app"}, 0},
		{[]string{"plan", "app"}, 0},
		{[]string{"plan", "--format", "json", "app"}, 0},
		{[]string{"reach", "--to", "1.1.1.1:443", "app"}, 0},
		{[]string{"fmt", "app"}, 0},
		{[]string{"regions"}, 0},
		{[]string{"schema"}, 0},
		{[]string{"explain", "M1001"}, 0},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			code, said, calls := trace(t, dir, test.args...)
			if code != test.code {
				t.Errorf("exit code %d, want %d\n%s", code, test.code, said)
			}
			if len(calls) > 0 {
				t.Errorf("it asks the kernel for the network:\n%s", strings.Join(calls, "\n"))
			}
		})
	}
	t.Run("publish", func(t *testing.T) {
		server := publishing.NewServer(t)
		if o := run(t, dir, "init", "--platform", "platform"); o.code != 0 {
			t.Fatal(o.stderr)
		}
		args := append([]string{"publish", "--platform", "platform", "--spaces", "--to", server.NewRepo("gitops.git", true).URL}, server.Args()...)
		code, said, calls := trace(t, dir, args...)
		for _, call := range []string{"socket(AF_INET", "connect("} {
			if !strings.Contains(strings.Join(calls, "\n"), call) {
				t.Errorf("exit code %d, and %s is not seen in %q\n%s", code, call, calls, said)
			}
		}
	})
}

// tracer makes sure that system calls can be seen.
func tracer(t *testing.T) {
	t.Helper()
	out, err := exec.Command("strace", "-f", "-e", "trace=%network", "true").CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("strace does not work here: %v\n%s", err, out)
	default:
		t.Skipf("strace does not work here, so no system call can be seen: %v\n%s", err, out)
	}
}

// trace runs the program and returns its exit code, what it says, and the calls of its processes that are about the network.
func trace(t *testing.T, dir string, args ...string) (code int, said string, calls []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "calls")
	cmd := exec.CommandContext(t.Context(), "strace", append([]string{"-f", "-qq", "-e", "trace=%network", "-e", "signal=none", "-o", file, publishing.Binary(t)}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "MERIDIAN_CACHE=off", "CUE_REGISTRY=127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9", "HTTPS_PROXY=http://127.0.0.1:9")
	out, _ := cmd.CombinedOutput() // its exit code tells
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, "(") && !strings.Contains(line, "???(") { // the second is strace's own: a thread that ended meanwhile
			calls = append(calls, strings.TrimSpace(line))
		}
	}
	return cmd.ProcessState.ExitCode(), string(out), calls
}
