package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
)

// withoutCase are codes that no folder of inputs can produce, and why.
var withoutCase = map[diag.Code]string{
	diag.NotExpressible:     "the only dialect there is expresses everything that app.cue can say",
	diag.AppTwice:           "the command line tells M6006 before it publishes; only a program that uses the package can meet it",
	diag.TargetMoved:        "it takes a server; publish's TestRedirect meets it",
	diag.CertificateRefused: "it takes a server; publish's TestHTTPS meets it",
	diag.AccessDenied:       "it takes a server; publish's TestHTTPS and TestFaults meet it",
	diag.PushRejected:       "it takes a server; publish's TestHook meets it",
	diag.PlainHTTP:          "it takes a server on another machine; publish's TestPlainHTTP meets it",
	diag.HostUnknown:        "it takes a server; publish's TestKnownHosts meets it",
	diag.HostKeyChanged:     "it takes a server; publish's TestKnownHosts meets it",
	diag.SignatureBad:       "it tells a commit's hash, which every change of a manifest changes; publish's TestForgedSignatures meets it",
	diag.ChangedMeanwhile:   "it takes somebody who publishes at the same time; TestRaced meets it",
	diag.EvaluationDied:     "it takes a gigabyte of memory; TestHostile meets it with less",
	diag.NotDeterministic:   "no input is known that compiles to two results; TestCompileTwice injects a fault",
}

// TestErrors runs each mistake below testdata/errors and compares all that a user reads of it. A case is a folder
// named for its code with an app.cue or folders of them, optionally a platform, and optionally a command line in args.
// With a file steps, the case runs in a copy of the folder, after its lines: command lines that must succeed, or, after
// a $, lines for the shell.
func TestErrors(t *testing.T) {
	cases := errorCases(t)
	for i, name := range cases {
		if raceDetector && i%8 != 0 {
			continue // it takes ten times longer with it, and all take the same ways
		}
		t.Run(name, func(t *testing.T) {
			dir, err := filepath.Abs(filepath.Join("testdata", "errors", name))
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			takeSteps(t, dir)
			code := diag.Code(name[:len("M0000")])
			want := exitInput
			if diag.Lookup(code).Severity == diag.Warning {
				want = exitFine
			}
			got, stderr := runCase(t)
			if got != want {
				t.Errorf("exit code is %d, want %d", got, want)
			}
			if !strings.Contains(stderr, string(code)+":") {
				t.Errorf("%s is not told", code)
			}
			compareStderr(t, filepath.Join(dir, "stderr.golden"), stderr)
		})
	}
}

// TestEveryCodeHasACase fails when a code of the schema, the platform or an application has no case above.
func TestEveryCodeHasACase(t *testing.T) {
	has := map[diag.Code]bool{}
	for _, name := range errorCases(t) {
		has[diag.Code(name[:len("M0000")])] = true
	}
	for _, entry := range diag.Codes() {
		reason, excepted := withoutCase[entry.Code]
		switch {
		case has[entry.Code] && excepted:
			t.Errorf("%s has a case, although %s", entry.Code, reason)
		case !has[entry.Code] && !excepted:
			t.Errorf("%s (%s) has no case", entry.Code, entry.Title)
		}
	}
}

func errorCases(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "errors", "M[0-9][0-9][0-9][0-9]-*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for i, path := range paths {
		paths[i] = filepath.Base(path)
	}
	return paths
}

// runCase runs the command line of the case in the working folder.
func runCase(t *testing.T) (int, string) {
	t.Helper()
	args := []string{"vet"}
	if _, err := os.Stat(appFile); err != nil {
		args = append(args, "./...")
	}
	if line, err := os.ReadFile("args"); err == nil {
		args = strings.Fields(string(line))
	}
	if _, err := os.Stat("platform"); err == nil {
		args = append(args, "--platform", "platform")
	}
	code, _, stderr := runLine(t, args)
	return code, stderr
}

func runLine(t *testing.T, args []string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, World{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" },
		Now:    func() time.Time { return time.Unix(1790000000, 0) },
		Self:   self(),
	})
	return code, out.String(), errs.String()
}

// takeSteps does what a case needs done before its command line, in a copy of its folder.
func takeSteps(t *testing.T, dir string) {
	t.Helper()
	steps, err := os.ReadFile("steps")
	if err != nil {
		return
	}
	scratch := t.TempDir()
	if err := os.CopyFS(scratch, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(scratch)
	for line := range strings.Lines(string(steps)) {
		line = strings.TrimSpace(line)
		if shell, ok := strings.CutPrefix(line, "$ "); ok {
			cmd := exec.Command("sh", "-ec", shell)
			cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+scratch, "GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@mydomain.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@mydomain.com")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", line, err, out)
			}
			continue
		}
		if code, _, stderr := runLine(t, strings.Fields(line)); code != exitFine {
			t.Fatalf("%s: exit code %d\n%s", line, code, stderr)
		}
	}
}

func compareStderr(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("what is told differs; if that is meant: go test ./cmd/meridian -update\n%s", d)
	}
}
