package docs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReplay runs every command that a page shows, and holds the page to what it prints. The commands of a page share
// one shell, in a fresh repository that has the examples. -update rewrites outputs that are shown whole; what an author
// shortened is compared only.
func TestReplay(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	shell := newShell(t)
	t.Run("tells", func(t *testing.T) { replayTells(t, shell) })
	for _, name := range documents(t) {
		t.Run(strings.TrimPrefix(name, "../"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p, problems := parsePage(string(text))
			for _, problem := range problems {
				t.Errorf("%s:%s", name, problem)
			}
			checkReasons(t, name, p)
			replay(t, shell, name, p)
		})
	}
}

// documents are the pages with commands. docs/mistakes.md is not among them: it runs other tools too, and test/peers
// holds it.
func documents(t *testing.T) []string {
	t.Helper()
	list := []string{"../README.md", "../CONTRIBUTING.md"}
	for _, pattern := range []string{"*.md", "../examples/*/README.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || found == nil {
			t.Fatalf("no page is %s: %v", pattern, err)
		}
		list = append(list, found...)
	}
	return slices.DeleteFunc(list, func(name string) bool { return name == "mistakes.md" })
}

// checkReasons lists the blocks that are not replayed, and finds those that could be.
func checkReasons(t *testing.T, name string, p *page) {
	t.Helper()
	for _, b := range p.blocks {
		if b.reason == "" {
			continue
		}
		t.Logf("%s:%d: not replayed: %s", name, b.line, b.reason)
		if !slices.ContainsFunc(b.commands, func(c *command) bool { return outside(c.text) }) {
			t.Errorf("%s:%d: this can be replayed: it needs no other program and no network; delete the comment above it", name, b.line)
		}
	}
}

// replay compares what the commands of a page print with what it shows, or rewrites it.
func replay(t *testing.T, shell *shell, name string, p *page) {
	t.Helper()
	commands := p.replayed()
	if len(commands) == 0 {
		return
	}
	outcomes := shell.run(t, commands)
	stale, broken := false, false
	for i, c := range commands {
		got := outcomes[i]
		switch {
		case got.fits(c.want):
		case *update && !shortened(c.want) && got.worked():
			c.want, stale = got.lines, true
		default:
			broken = broken || !got.worked()
			t.Errorf("%s:%d: $ %s\nends with %v, and the page is not true (-page +printed):\n%s", name, c.line, c.text, got.statuses, cmp.Diff(strings.Join(c.want, "\n"), strings.Join(got.lines, "\n")))
		}
	}
	if stale && !broken { // what follows a command that does not run is not to be believed
		if err := os.WriteFile(name, []byte(p.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// outcome is what a command came to.
type outcome struct {
	lines    []string // what it printed, on either stream
	statuses []int    // exit status of each program of the pipeline
}

// fits reports whether a page that shows these lines tells the truth. A shortened output may hide why a command failed:
// then it must not have.
func (o outcome) fits(want []string) bool {
	return slices.Equal(want, o.lines) || shortened(want) && o.worked() && match(want, o.lines)
}

// worked reports whether the command was one that can be run: Meridian's 1 is an answer, as is grep's; what is above
// is a wrong command line or a machine that failed. A pipe that the reader closed is no failure.
func (o outcome) worked() bool {
	const brokenPipe = 128 + 13
	return !slices.ContainsFunc(o.statuses, func(status int) bool { return status > 1 && status != brokenPipe })
}

// replayTells holds what a session is, that an untrue page does not fit it, and what -update would not write.
func replayTells(t *testing.T, shell *shell) {
	p, problems := parsePage(strings.Join([]string{
		"```console",
		"$ cd examples/quickstart",
		"$ meridian explain M4011 | head -1",
		"M4011 (error): the host is under no registered domain",
		"$ meridian test . ; FOO=bar",
		"$ cat <<END",
		"> $FOO of ${PWD##*/}",
		"> END",
		"$ meridian explain --nonsense",
		"$ make test",
		"$ printf 'no newline'; ls nothing 2>/dev/null",
		"```", ""}, "\n"))
	if problems != nil {
		t.Fatal(problems)
	}
	got := shell.run(t, p.replayed())
	var statuses [][]int
	for _, o := range got {
		statuses = append(statuses, o.statuses)
	}
	if diff := cmp.Diff([][]int{{0}, {0, 0}, {0}, {0}, {2}, {127}, {2}}, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	for i, want := range map[int][]string{
		0: {},
		1: {"M4011 (error): the host is under no registered domain"},
		3: {"bar of quickstart"},
		6: {"no newline"},
	} {
		if diff := cmp.Diff(want, got[i].lines); diff != "" {
			t.Errorf("command %d (-want +got):\n%s", i, diff)
		}
	}
	if got[1].fits([]string{"M4011 (warning): the host is under no registered domain"}) || got[4].worked() || got[5].worked() {
		t.Error("an untrue page passes")
	}
	if got[4].fits([]string{"…", got[4].lines[len(got[4].lines)-1]}) {
		t.Error("a shortened output hides a failure")
	}
}
