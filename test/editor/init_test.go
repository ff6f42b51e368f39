package editor

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// actionlint is the version of the public linter of GitHub's workflows that is tried.
const actionlint = "v1.7.7"

// TestInit holds that the real cue command passes what init wrote, and points at the line of each mistake made in it.
func TestInit(t *testing.T) {
	cue, dir := installedCUE(t), t.TempDir()
	meridian(t, dir, "init", "--name", "app1", "--host", "app1.mydomain.com", "--editor", "app1")
	folder := filepath.Join(dir, "app1")
	run(t, folder, offline(), cue, "vet", "-c", ".")
	data, err := os.ReadFile(filepath.Join(folder, "app.cue"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, mistake := range []struct{ name, old, new string }{
		{"a typo at the top", "replicas: 2", "replcas: 2"},
		{"a typo below", "startup: http", "startupp: http"},
		{"a typo in an entry", "port: \"web\"\n}", "prot: \"web\"\n}"},
		{"a wrong type", "replicas: 2", "replicas: \"two\""},
		{"out of range", "replicas: 2", "replicas: -1"},
		{"a bad port", "web: 8080", "web: 80800"},
		{"a bad name", "name:  \"app1\"", "name:  \"App_1\""},
		{"a bad amount", "256Mi", "256MB"},
		{"a bad host", "\"app1.mydomain.com\"", "\"app1_mydomain.com\""},
		{"a struct for a scalar", "web: 8080", "web: {number: 8080}"},
		{"a list for a struct", "liveness: tcp: port: \"web\"", "liveness: [1]"},
		{"an override's typo", "replicas: 2", "replicas: 2\nregions: \"aws-oregon\": replcas: 3"},
		{"a region's typo", "replicas: 2", "replicas: 2\nregions: \"aws-oregn\": replicas: 3"},
		{"a value given twice", "replicas: 2", "replicas: 2\nreplicas: 3"},
	} {
		t.Run(mistake.name, func(t *testing.T) {
			if !strings.Contains(text, mistake.old) {
				t.Fatalf("%q is not in\n%s", mistake.old, text)
			}
			mistaken := strings.Replace(text, mistake.old, mistake.new, 1)
			write(t, folder, map[string]string{"app.cue": mistaken})
			last := mistake.new[strings.LastIndex(strings.TrimSuffix(mistake.new, "\n}"), "\n")+1:] // the line that is wrong
			line := 1 + strings.Count(mistaken[:strings.Index(mistaken, last)], "\n")
			cmd := exec.Command(cue, "vet", "-c", ".")
			cmd.Dir, cmd.Env = folder, offline()
			output, err := cmd.CombinedOutput()
			if at := fmt.Sprintf("./app.cue:%d:", line); err == nil || !strings.Contains(string(output), at) {
				t.Errorf("%v: %s is not in\n%s", err, at, output)
			}
		})
	}
}

// TestWorkflow holds that the public linter finds nothing in the jobs for GitHub Actions: that of applications, which init
// writes, and that of the repository, which bootstrap prints.
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
	edge := meridian(t, dir, "bootstrap", "--ci", "github")
	write(t, dir, map[string]string{".github/workflows/edge.yaml": edge})
	run(t, dir, nil, linter, ".github/workflows/meridian.yaml", ".github/workflows/edge.yaml")
}
