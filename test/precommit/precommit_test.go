// Package precommit runs the hooks of .pre-commit-hooks.yaml the way https://pre-commit.com does for `language: golang`:
// it builds the binary into an environment of its own and calls the entry from the root of the user's repository, with
// the names of the changed files that match appended. `make precommit` runs the real tool, where it is installed.
package precommit

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// hook is what the tests need of an entry of .pre-commit-hooks.yaml.
type hook struct {
	ID            string `yaml:"id"`
	Name          string `yaml:"name"`
	Language      string `yaml:"language"`
	Entry         string `yaml:"entry"`
	Files         string `yaml:"files"`
	PassFilenames *bool  `yaml:"pass_filenames"`
}

const module = "../.."

const app = `package app

name:  "app1"
space: "web"
owner: "team-web@mydomain.com"
image: {name: "app1", tag: "1.0"}
files: "/etc/app1.yaml": file: "config/app1.yaml"
patches: [{target: kind: "Deployment", path: "patches/deployment.yaml"}]
only: ["aws-oregon"]
`

// beside are the files beside it.
var beside = map[string]string{"config/app1.yaml": "greeting: hello\n", "patches/deployment.yaml": "spec: {minReadySeconds: 5}\n"}

// TestHooks holds pre-commit validation (S21): a changed app.cue that is right passes, one that is wrong fails.
func TestHooks(t *testing.T) {
	for _, program := range []string{"git", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	hooks := readHooks(t)
	bin := install(t)
	tests := []struct {
		name    string
		hook    string
		files   map[string]string // written over a repository that is right
		changed []string
		want    int
		says    string // on either stream
		writes  string // the status of what the hook changed, as git says it; pre-commit fails a hook that changes files
	}{
		{name: "fmt: right", hook: "meridian-fmt", changed: []string{"services/app1/app.cue"}},
		{name: "fmt: no file matches", hook: "meridian-fmt", changed: []string{"services/app1/config/app1.yaml", "lib/myapp.cue"}},
		{
			name: "fmt: another order", hook: "meridian-fmt", changed: []string{"services/app1/app.cue"},
			files: map[string]string{"services/app1/app.cue": strings.Replace(app, "package app\n", "package app\nreplicas: 2\n", 1)},
			says:  "services/app1/app.cue", writes: "MM services/app1/app.cue\n",
		},
		{
			name: "fmt: expectations", hook: "meridian-fmt", changed: []string{"services/app1/sizes.expect.cue", "services/app1/sizes.cue"},
			files: map[string]string{"services/app1/sizes.expect.cue": "expect:   {}\n", "services/app1/sizes.cue": "a:   1\n"},
			says:  "services/app1/sizes.expect.cue", writes: "A  services/app1/sizes.cue\nAM services/app1/sizes.expect.cue\n",
		},
		{
			name: "fmt: a mistake", hook: "meridian-fmt", changed: []string{"services/app1/app.cue"}, want: 1,
			files: map[string]string{"services/app1/app.cue": "name: {\n"}, says: "error M1002",
		},
		{name: "vet: right", hook: "meridian-vet", changed: []string{"services/app1/app.cue"}},
		{name: "vet: no file matches", hook: "meridian-vet", changed: []string{"README.md", "lib/myapp.cue"}},
		{
			name: "vet: wrong", hook: "meridian-vet", changed: []string{"services/app1/app.cue", "README.md"}, want: 1,
			files: map[string]string{"services/app1/app.cue": app + "replicsa: 3\n"}, says: "services/app1/app.cue:10:1: error M2001",
		},
		{
			name: "vet: one of several is wrong", hook: "meridian-vet", changed: []string{"services/app1/app.cue", "with a blank/app.cue"}, want: 1,
			files: map[string]string{"with a blank/app.cue": strings.Replace(app, "1.0", "latest", 1)}, says: "with a blank/app.cue:6:",
		},
		{
			name: "vet: what has not changed is not looked at", hook: "meridian-vet", changed: []string{"services/app1/app.cue"},
			files: map[string]string{"other/app.cue": "this is no CUE {"},
		},
		{
			name: "vet: a patch beside it is wrong", hook: "meridian-vet", changed: []string{"services/app1/patches/deployment.yaml"}, want: 1,
			files: map[string]string{"services/app1/patches/deployment.yaml": "spec: {replicsa: 1}\n"}, says: "error M5004",
		},
		{name: "test: right", hook: "meridian-test", changed: []string{"services/app1/app.cue"}, says: "1 passed, 0 failed"},
		{
			name: "test: differs", hook: "meridian-test", changed: []string{"services/app1/app.cue"}, want: 1,
			files: map[string]string{"services/app1/app.cue": strings.Replace(app, "1.0", "1.1", 1)}, says: "error M7001",
		},
		{
			name: "test: a configuration file beside it has changed", hook: "meridian-test", changed: []string{"services/app1/config/app1.yaml"}, want: 1,
			files: map[string]string{"services/app1/config/app1.yaml": "greeting: howdy\n"}, says: "error M7001",
		},
		{
			name: "test: an expectation has changed", hook: "meridian-test", changed: []string{"services/app1/app.expect.cue"}, want: 1,
			files: map[string]string{"services/app1/app.expect.cue": "expect: \"an ingress\": object: kind: \"Ingress\"\n"}, says: "error M7004",
		},
		{name: "test: files of no application", hook: "meridian-test", changed: []string{"README.md", "lib/myapp.cue"}},
		{
			name: "test: an extra golden file", hook: "meridian-test", changed: []string{"services/app1/golden/aws-oregon/extra.yaml"}, want: 1,
			files: map[string]string{"services/app1/golden/aws-oregon/extra.yaml": "kind: Service\n"}, says: "removed aws-oregon/extra.yaml",
		},
		{
			name: "test: without golden files", hook: "meridian-test", changed: []string{"new/app.cue"}, want: 1,
			files: map[string]string{"new/app.cue": strings.ReplaceAll(app, "app1", "new"), "new/config/new.yaml": "", "new/patches/deployment.yaml": "{}"}, says: "error M7002",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			repository := newRepository(t, bin)
			write(t, repository, test.files)
			git(t, repository, "add", "--all")
			before := git(t, repository, "status", "--porcelain")
			got, output := run(t, hooks[test.hook], bin, repository, test.changed)
			if got != test.want {
				t.Errorf("exit code is %d, want %d\n%s", got, test.want, output)
			}
			if !strings.Contains(output, test.says) {
				t.Errorf("it does not say %q:\n%s", test.says, output)
			}
			if test.writes != "" {
				before = test.writes
			}
			if d := cmp.Diff(before, git(t, repository, "status", "--porcelain")); d != "" {
				t.Errorf("the hook changed files:\n%s", d)
			}
		})
	}
}

func TestHooksFile(t *testing.T) {
	for id, h := range readHooks(t) {
		if h.Name == "" || h.Language != "golang" || h.PassFilenames != nil && !*h.PassFilenames || !strings.HasPrefix(h.Entry, "meridian ") {
			t.Errorf("%s is not as `language: golang` wants it: %+v", id, h)
		}
		if _, err := regexp.Compile(h.Files); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func readHooks(t *testing.T) map[string]hook {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(module, ".pre-commit-hooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var list []hook
	if err := yaml.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	hooks := map[string]hook{}
	for _, h := range list {
		hooks[h.ID] = h
	}
	for _, id := range []string{"meridian-fmt", "meridian-vet", "meridian-test"} {
		if hooks[id].Entry == "" {
			t.Fatalf("there is no hook %s", id)
		}
	}
	return hooks
}

// install builds the binary into a folder of its own and returns that.
func install(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	cmd := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/meridian")
	cmd.Dir = module
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	return bin
}

// newRepository makes a repository with one application and its golden files, committed.
func newRepository(t *testing.T, bin string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, map[string]string{"services/app1/app.cue": app, "README.md": "readme\n", "lib/myapp.cue": "package lib\n"})
	for path, text := range beside {
		write(t, dir, map[string]string{"services/app1/" + path: text})
	}
	cmd := exec.Command(filepath.Join(bin, "meridian"), "test", "--update", "services/app1")
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("write golden files: %v\n%s", err, output)
	}
	git(t, dir, "init", "-q")
	git(t, dir, "add", "--all")
	git(t, dir, "-c", "user.name=Li Wei", "-c", "user.email=li.wei@mydomain.com", "commit", "-q", "-m", "first")
	return dir
}

// run calls a hook as pre-commit does: not at all when no file matches, else with the names of those that do.
func run(t *testing.T, h hook, bin, repository string, changed []string) (int, string) {
	t.Helper()
	args := strings.Fields(h.Entry)
	matching := 0
	for _, file := range changed {
		if regexp.MustCompile(h.Files).MatchString(file) {
			args = append(args, file)
			matching++
		}
	}
	if matching == 0 {
		return 0, ""
	}
	cmd := exec.Command(filepath.Join(bin, args[0]), args[1:]...)
	cmd.Dir = repository
	output, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(output)
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for path, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}
