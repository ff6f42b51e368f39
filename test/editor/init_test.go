package editor

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// actionlint is the version of the public linter of GitHub's workflows that is tried.
const actionlint = "v1.7.7"

// TestInit holds that the real cue command passes what init wrote, and no longer when there is a typo in it.
func TestInit(t *testing.T) {
	cue, dir := installedCUE(t), t.TempDir()
	meridian(t, dir, "init", "--name", "app1", "--host", "app1.mydomain.com", "--editor", "app1")
	folder := filepath.Join(dir, "app1")
	run(t, folder, offline(), cue, "vet", "-c", ".")
	text, err := os.ReadFile(filepath.Join(folder, "app.cue"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder, map[string]string{"app.cue": strings.Replace(string(text), "replicas:", "replcas:", 1)})
	cmd := exec.Command(cue, "vet", "-c", ".")
	cmd.Dir, cmd.Env = folder, offline()
	output, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "replcas: field not allowed") {
		t.Errorf("a typo passes: %v\n%s", err, output)
	}
}

// TestWorkflow holds that the public linter finds nothing in the job that init writes for GitHub Actions.
func TestWorkflow(t *testing.T) {
	optIn(t)
	cached := cache(t, "actionlint-"+actionlint)
	linter := filepath.Join(cached, "actionlint")
	if _, err := os.Stat(linter); err != nil {
		run(t, t.TempDir(), append(os.Environ(), "GOBIN="+cached, "GOFLAGS="), "go", "install", "github.com/rhysd/actionlint/cmd/actionlint@"+actionlint)
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{".git/HEAD": "ref: refs/heads/main\n"})
	meridian(t, dir, "init", "--name", "app1", "--ci", "github", "--publish-to", "https://git.mydomain.com/gitops.git", "app1")
	run(t, dir, nil, linter, ".github/workflows/meridian.yaml")
}
