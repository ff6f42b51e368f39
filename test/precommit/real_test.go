package precommit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPreCommit runs the real pre-commit over the hooks of this repository's last commit (S21): it clones it, builds it
// in an environment of its own and calls the hooks. That takes a while, so it wants MERIDIAN_PRECOMMIT=1.
func TestPreCommit(t *testing.T) {
	if os.Getenv("MERIDIAN_PRECOMMIT") == "" {
		t.Skip("set MERIDIAN_PRECOMMIT=1 to run the real pre-commit")
	}
	source, err := filepath.Abs(module)
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PRE_COMMIT_HOME="+t.TempDir(), "GOFLAGS=-modcacherw "+os.Getenv("GOFLAGS"),
		"GOMODCACHE="+output(t, source, nil, "go", "env", "GOMODCACHE"), "GOCACHE="+output(t, source, nil, "go", "env", "GOCACHE"))
	repository := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(repository, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	revision := output(t, source, nil, "git", "rev-parse", "HEAD")
	write(".pre-commit-config.yaml", "repos:\n- repo: "+source+"\n  rev: "+revision+"\n  hooks:\n  - id: meridian-fmt\n  - id: meridian-vet\n")
	write("services/app1/app.cue", app)
	for path, text := range beside {
		write("services/app1/"+path, text)
	}
	output(t, repository, nil, "git", "init", "-q")
	output(t, repository, nil, "git", "add", "-A")
	if said := output(t, repository, env, "pre-commit", "run"); strings.Count(said, "Passed") != 2 {
		t.Errorf("pre-commit says of an application that is right:\n%s", said)
	}
	output(t, repository, nil, "git", "-c", "user.name=Li Wei", "-c", "user.email=li.wei@mydomain.com", "commit", "-q", "--no-verify", "-m", "first")
	fails := func(path, text, want string) {
		t.Helper()
		write(path, text)
		output(t, repository, nil, "git", "add", "-A")
		cmd := exec.Command("pre-commit", "run")
		cmd.Dir, cmd.Env = repository, env
		said, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(said), want) {
			t.Errorf("pre-commit does not say %q of %s (%v):\n%s", want, path, err, said)
		}
	}
	fails("services/app1/patches/deployment.yaml", "spec: {replicsa: 1}\n", "error M5004")
	fails("services/app1/app.cue", strings.Replace(app, "owner:", "ownre:", 1), "did you mean owner?")
	fails("services/app1/app.cue", strings.Replace(app, "package app\n", "package app\nreplicas: 2\n", 1), "files were modified by this hook")
}

// output runs a program that must succeed, and returns what it says.
func output(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, env
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
	}
	return strings.TrimSpace(string(said))
}
