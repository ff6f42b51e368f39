package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/report"
)

// terminal is what a command is run on: the zero value is a pipe.
type terminal struct {
	width   int
	noColor bool
}

func (term terminal) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, World{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: func(name string) string {
			if name == "NO_COLOR" && term.noColor {
				return "1"
			}
			return map[string]string{"SOURCE_DATE_EPOCH": "1790000000"}[name]
		},
		Now: func() time.Time { return time.Unix(1790000000, 0) }, Terminal: func(any) int { return term.width },
		Self: self(),
	})
	return code, out.String(), errs.String()
}

func uncoloured(text string) string {
	return regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(text, "")
}

// lookedAt are command lines whose results people look at, in the folder that inLookedAt makes.
func lookedAt() []string {
	return []string{
		"diff --against before app1", "diff --against before --unified app1", "test app1", "test good",
		"reach --to 10.1.2.3:5432 app1", "reach --from 111.111.0.0/16 --port web app1", "reach --from edge app1", "reach --to payments/ledger:http app1",
		"plan app1", "regions", "explain M4031", "explain", "publish --to gitops.git --dry-run app1",
		"vet broken", "vett", "help diff",
	}
}

// inLookedAt makes and enters a folder with an application that differs from its golden files and from the folder
// before, one that does not, and one that is wrong.
func inLookedAt(t *testing.T) {
	t.Helper()
	source, err := filepath.Abs("../../examples/quickstart")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, dir := range []string{"app1", "good"} {
		if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := (terminal{}).run(t, "build", "-o", "before", "app1"); code != exitFine {
		t.Fatal(stderr)
	}
	replaceIn(t, "app1/app.cue", `max: 24`, `max: 30`, `"mysql", `, ``, `"info"`, `"debug"`, `"111.111.111.0/24"`, `"111.111.0.0/17"`, `"/drain"`, `"/drain-all-connections-and-then-wait-a-while"`)
	replaceIn(t, "good/app.cue", `// The manual`, `// 金山 `)
	if err := os.Mkdir("broken", 0o755); err != nil {
		t.Fatal(err)
	}
	text := "package app\n\nname: \"App_1\"\n\t\towner: \"负责人：金山云平台团队负责人：金山云平台团队负责人：金山云平台团队\", images: \"金山云平台团队负责人：金山云平台团队负责人\"\n"
	if err := os.WriteFile("broken/app.cue", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("git", "init", "--quiet", "--bare", "--initial-branch=main", "gitops.git").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if code, _, stderr := (terminal{}).run(t, "publish", "--to", "gitops.git", "--spaces"); code != exitFine {
		t.Fatal(stderr)
	}
}

func replaceIn(t *testing.T, path string, pairs ...string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(pairs...).Replace(string(data))
	if text == string(data) {
		t.Fatalf("%s is as it was", path)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestColourOnlyAdds holds that colour adds escapes to what is printed and changes nothing else, on a terminal and,
// with --color always, in a pipe.
func TestColourOnlyAdds(t *testing.T) {
	inLookedAt(t)
	for _, line := range lookedAt() {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(line)
			for _, width := range []int{80, 200} {
				code, stdout, stderr := terminal{width: width}.run(t, args...)
				plainCode, plain, plainErr := terminal{width: width, noColor: true}.run(t, args...)
				if strings.Contains(plain+plainErr, "\x1b") {
					t.Error("NO_COLOR is not obeyed")
				}
				if d := cmp.Diff([]any{plainCode, plain, plainErr}, []any{code, uncoloured(stdout), uncoloured(stderr)}); d != "" {
					t.Errorf("at %d columns: %s", width, d)
				}
				if args[0] != "help" && !strings.Contains(stdout+stderr, "\x1b[") {
					t.Errorf("there is no colour in\n%s%s", stdout, stderr)
				}
			}
			_, plain, plainErr := terminal{}.run(t, args...)
			_, stdout, stderr := terminal{}.run(t, append(args, "--color", "always")...)
			if d := cmp.Diff([]string{plain, plainErr}, []string{uncoloured(stdout), uncoloured(stderr)}); d != "" {
				t.Errorf("in a pipe: %s", d)
			}
			if strings.Contains(plain+plainErr, "\x1b") {
				t.Error("a pipe is coloured unasked")
			}
		})
	}
}

// TestFits holds that no line is wider than the terminal, but for words that cannot be broken and for what is quoted.
func TestFits(t *testing.T) {
	inLookedAt(t)
	for _, line := range lookedAt() {
		if strings.Contains(line, "--unified") || strings.HasPrefix(line, "test") || strings.HasPrefix(line, "publish") {
			continue // manifests and their paths
		}
		t.Run(line, func(t *testing.T) {
			_, stdout, stderr := terminal{width: 80}.run(t, strings.Fields(line)...)
			for text := range strings.Lines(stdout + stderr) {
				text = strings.TrimRight(uncoloured(text), "\n")
				words := strings.Fields(text)
				if report.Columns(text) > 80 && len(words) > 2 {
					t.Errorf("%d columns: %s", report.Columns(text), text)
				}
			}
		})
	}
}

// TestRegionsNarrow holds that regions are told one below the other where their table does not fit.
func TestRegionsNarrow(t *testing.T) {
	_, wide, _ := terminal{width: 200, noColor: true}.run(t, "regions")
	_, pipe, _ := terminal{}.run(t, "regions")
	if d := cmp.Diff(pipe, wide); d != "" {
		t.Errorf("a wide terminal and a pipe differ: %s", d)
	}
	_, narrow, _ := terminal{width: 80, noColor: true}.run(t, "regions")
	want := `ksc-beijing6  金山云-北京6
  state         open, control
  registry      cnbj6-repo.cloud.mi.com
  kubernetes    1.36
  dns           A (ICP filing)
  proxies       120.92.209.6 120.92.209.63
  source cidrs  10.1.9.0/24 10.1.10.0/24
`
	if !strings.Contains(narrow, "\n\n"+want+"\n") {
		t.Errorf("want\n%s\nin\n%s", want, narrow)
	}
}
