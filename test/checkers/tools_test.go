package checkers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/test/pinned"
)

func TestMain(m *testing.M) {
	code := m.Run()
	pinned.Drop()
	os.Exit(code)
}

// install builds a tool, unless it is there, and returns its file.
func install(t *testing.T, p pinned.Program) string {
	t.Helper()
	if os.Getenv(asked) == "" {
		t.Skipf("set %s=1 to build and run %s %s", asked, p.Name, p.Version)
	}
	file, printed, err := p.Install(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	return file
}

// run runs a tool and returns what it prints; that it found something is no error.
func run(t *testing.T, folder, tool string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool, args...)
	cmd.Dir = folder
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil && len(output) == 0 {
		t.Fatalf("%s: %v\n%s", filepath.Base(tool), err, stderr.String())
	}
	return output
}

// lay writes a tree into a folder that is made, and returns the files' paths in it.
func lay(t *testing.T, folder string, tree tree) []string {
	t.Helper()
	var paths []string
	for name, data := range tree.files.Files() {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, name)
	}
	return paths
}

// finding is what a checker has against an object.
type finding struct {
	check  string // the checker's own name of what it looks for
	kind   string // of the object
	detail string
	tree   tree
}

func (f finding) String() string {
	return fmt.Sprintf("%s: %s: %s: %s", f.tree.from, f.kind, f.check, f.detail)
}

// reason says why some findings are right as they are.
type reason struct {
	check  string
	kind   string         // of the object
	detail *regexp.Regexp // of the finding
	folder string         // how the tree's ends; empty for any
	why    string

	// holds is what must be true of the finding's tree for the reason to be one; nil for nothing.
	holds func(f finding) bool
}

func (r reason) excuses(f finding) bool {
	return r.check == f.check && r.kind == f.kind && r.detail.MatchString(f.detail) && strings.HasSuffix(f.tree.folder, r.folder) &&
		(r.holds == nil || r.holds(f))
}

// judge fails for every finding without a reason, and for every reason without a finding.
func judge(t *testing.T, findings []finding, reasons []reason) {
	t.Helper()
	left, used := sift(findings, reasons)
	for _, f := range left {
		t.Errorf("%s", f)
	}
	for i, r := range reasons {
		if used[i] == 0 {
			t.Errorf("%s finds no %s in a %s any more: the reason is stale: %s", r.check, r.detail, r.kind, r.why)
		}
		t.Logf("%d × %s, %s in a %s: %s", used[i], r.check, r.detail, r.kind, r.why)
	}
}

// sift returns the findings that no reason excuses, and how many each reason does.
func sift(findings []finding, reasons []reason) (left []finding, used []int) {
	used = make([]int, len(reasons))
	for _, f := range findings {
		if i := slices.IndexFunc(reasons, func(r reason) bool { return r.excuses(f) }); i >= 0 {
			used[i]++
		} else {
			left = append(left, f)
		}
	}
	return left, used
}

// unexcused says whether a check found something that no reason excuses.
func unexcused(findings []finding, reasons []reason, check string) bool {
	left, _ := sift(findings, reasons)
	return slices.ContainsFunc(left, func(f finding) bool { return f.check == check })
}

// TestSift holds that a reason excuses what it is written for, and nothing else.
func TestSift(t *testing.T) {
	reasons := []reason{
		{check: "a", kind: "Pod", detail: regexp.MustCompile("^x$"), folder: "/space"},
		{check: "a", kind: "Pod", detail: regexp.MustCompile("^y$"), holds: func(f finding) bool { return f.tree.from == "here" }},
	}
	excused := finding{"a", "Pod", "x", tree{folder: "spaces/web/space"}}
	others := []finding{
		{"b", "Pod", "x", excused.tree}, {"a", "Service", "x", excused.tree}, {"a", "Pod", "xy", excused.tree},
		{"a", "Pod", "x", tree{folder: "spaces/web/apps/shop"}}, {"a", "Pod", "y", tree{from: "elsewhere"}},
	}
	left, used := sift(append(others, excused), reasons)
	if len(left) != len(others) || used[0] != 1 || used[1] != 0 {
		t.Errorf("left %v, used %v", left, used)
	}
}
