package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// runOnTerminal runs a command line as if on a terminal of 80 columns, with what is typed.
func runOnTerminal(t *testing.T, typed string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, World{
		Stdin: strings.NewReader(typed), Stdout: &out, Stderr: &errs,
		Getenv: func(name string) string { return map[string]string{"NO_COLOR": "1"}[name] },
		Now:    func() time.Time { return time.Unix(1790000000, 0) }, Terminal: func(any) int { return 80 },
	})
	return code, out.String(), errs.String()
}

// TestInitAsks holds that init asks what no flag says, checks each answer, and writes what was answered.
func TestInitAsks(t *testing.T) {
	t.Chdir(t.TempDir())
	typed := strings.Join([]string{
		"App_1", "app1", // refused, then right
		"", // the space
		"team-web@mydomain.com",
		"",                    // the image
		"eighty", "0", "8081", // no number, no port, a port
		"/healthz",
		"app1.elsewhere.com", "app1.mydomain.com",
		"", // editors
		"maybe", "n",
		"jenkins", "github",
		"https://git.mydomain.com/gitops.git",
	}, "\n") + "\n"
	code, stdout, stderr := runOnTerminal(t, typed, "init")
	if code != exitFine {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	want := `wrote app.cue
wrote golden (30 files)
wrote cue.mod/module.cue
wrote cue.mod/pkg/github.com/meridian-gitops/meridian/schema/schema.cue
wrote app_schema.cue
wrote .github/workflows/meridian.yaml
next: edit app.cue, then meridian vet ., meridian test --update .
`
	if d := cmp.Diff(want, stdout); d != "" {
		t.Error(d)
	}
	for _, want := range []string{
		`did you mean "app-1"?`, `"eighty" is not a number`, "0 is not a port number", "answer yes or no", `there is no CI job for "jenkins"`,
		"app1.elsewhere.com is under no registered domain",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not told in\n%s", want, stderr)
		}
	}
	data, err := os.ReadFile("app.cue")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`name:  "app1"`, "ports: web: 8081", `host: "app1.mydomain.com"`, `path: "/healthz"`, `owner: "team-web@mydomain.com"`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%s is not in\n%s", want, data)
		}
	}
	workflow, err := os.ReadFile(".github/workflows/meridian.yaml")
	if err != nil || !strings.Contains(string(workflow), `GITOPS: "https://git.mydomain.com/gitops.git"`) {
		t.Errorf("%v\n%s", err, workflow)
	}
}

// TestInitInputEnds holds that nothing is written unless all is answered.
func TestInitInputEnds(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	code, _, stderr := runOnTerminal(t, "app1\n", "init")
	if code != exitMachine || !strings.Contains(stderr, "nothing was written") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("there is %v", entries)
	}
}

// TestInitAsksAgain holds that Enter takes what was offered first, not an answer that was refused.
func TestInitAsksAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	typed := strings.Join([]string{"app1", "weeb", "", "", "", "eighty", "", "", "elsewhere", "", "", "n", "jenkins", ""}, "\n") + "\n"
	code, _, stderr := runOnTerminal(t, typed, "init")
	if code != exitFine {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	if got := strings.Count(stderr, "web [web]: "); got != 2 {
		t.Errorf("the space is offered %d times, want 2:\n%s", got, stderr)
	}
	data, err := os.ReadFile("app.cue")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `space: "web"`) || strings.Contains(string(data), "elsewhere") {
		t.Errorf("what was refused is written:\n%s", data)
	}
}
