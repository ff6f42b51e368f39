package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what scripts and error cases expect; read the difference before you commit it")

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerCommand { // tests that run the command line in this process
		os.Exit(run())
	}
	testscript.Main(m, map[string]func(){"meridian": func() { os.Exit(run()) }})
}

// scripts are the files of TestScripts. Most run one thing after another, in some seven hundred processes, which the race
// detector makes start slowly and finds nothing in: it gets those in which several things happen at once.
func scripts(t *testing.T) []string {
	t.Helper()
	patterns := []string{"*"}
	if raceDetector {
		patterns = []string{"build_*", "exit_codes", "fmt_files", "promote_waves", "publish_local", "publish_platform_change", "test_*", "verify_findings", "vet_ten"}
	}
	var files []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join("testdata", "script", pattern+".txtar"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no script is named %s (%v)", pattern, err)
		}
		files = append(files, found...)
	}
	return files
}

// skippedWithoutRE finds the programs without which a script is skipped.
var skippedWithoutRE = regexp.MustCompile(`(?m)^\[!exec:([^\]]+)\] skip`)

// needsPrograms fails where a script would be skipped for a program that is not installed, in CI.
func needsPrograms(t *testing.T, files []string) {
	t.Helper()
	if os.Getenv("CI") == "" {
		return
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range skippedWithoutRE.FindAllSubmatch(data, -1) {
			if _, err := exec.LookPath(string(found[1])); err != nil {
				t.Errorf("%s needs a program: %v", file, err)
			}
		}
	}
}

// TestScripts runs the real command line. A script is named for the command and its topic, and compares whole
// outputs.
func TestScripts(t *testing.T) {
	files := scripts(t)
	needsPrograms(t, files)
	testscript.Run(t, testscript.Params{
		Files:               files,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			// A commit's hash is a function of these and of the trees: publishing can be compared to the byte.
			env.Setenv("SOURCE_DATE_EPOCH", "1790000000")
			env.Setenv("GIT_AUTHOR_NAME", "Li Wei")
			env.Setenv("GIT_AUTHOR_EMAIL", "li.wei@mydomain.com")
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command that must end with an exit code: exits CODE COMMAND [ARG...].
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var failed *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &failed):
		got = failed.ExitCode()
	case err != nil:
		ts.Fatalf("run %s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("exit code is %d, want %d", got, want)
	}
}
