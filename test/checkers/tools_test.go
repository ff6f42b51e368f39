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
	from   string // the tree
}

func (f finding) String() string {
	return fmt.Sprintf("%s: %s: %s: %s", f.from, f.kind, f.check, f.detail)
}

// reason says why some findings are right as they are.
type reason struct {
	check  string
	kinds  []string       // of objects
	detail *regexp.Regexp // of the finding
	why    string
}

func (r reason) excuses(f finding) bool {
	return r.check == f.check && slices.Contains(r.kinds, f.kind) && r.detail.MatchString(f.detail)
}

// judge fails for every finding without a reason, and for every reason without a finding.
func judge(t *testing.T, findings []finding, reasons []reason) {
	t.Helper()
	used := make([]int, len(reasons))
	for _, f := range findings {
		i := slices.IndexFunc(reasons, func(r reason) bool { return r.excuses(f) })
		if i < 0 {
			t.Errorf("%s", f)
			continue
		}
		used[i]++
	}
	for i, r := range reasons {
		if used[i] == 0 {
			t.Errorf("nothing is found by %s in %v any more: the reason %q is stale", r.check, r.kinds, r.why)
		}
		t.Logf("%d of %s in %v: %s", used[i], r.check, r.kinds, r.why)
	}
}
