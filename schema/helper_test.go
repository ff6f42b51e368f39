package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/meridian-gitops/meridian/diag"
)

var sharedSchema = sync.OnceValues(New)

func newSchema(t testing.TB) *Schema {
	t.Helper()
	s, err := sharedSchema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// partial reads text as the all-optional form of an application, without a mistake.
func partial(t testing.TB, file, text string) *Node {
	t.Helper()
	s := newSchema(t)
	n, list := s.Value(&Ref{Type: s.types["#App"], Partial: true}, []Source{{Name: file, Data: []byte(text)}})
	if len(list) > 0 || n == nil {
		t.Fatalf("%s: %v", file, list)
	}
	return n
}

// read reads text as an application.
func read(t testing.TB, text string, facts ...Facts) (*App, []diag.Diagnostic) {
	t.Helper()
	return newSchema(t).App(Source{Name: "app.cue", Data: []byte(text)}, facts)
}

// jsonText prints a node.
func jsonText(t testing.TB, n *Node) string {
	t.Helper()
	if n == nil {
		return "nothing"
	}
	data, err := n.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// brief prints diagnostics as code, line and column, and region.
func brief(list []diag.Diagnostic) []string {
	var lines []string
	for _, d := range list {
		line := fmt.Sprintf("%s %d:%d", d.Code, d.Pos.Line, d.Pos.Col)
		if d.Region != "" {
			line += " " + d.Region
		}
		lines = append(lines, line)
	}
	return lines
}

// goldenInputs are the applications of the golden cases and of the examples, by file.
func goldenInputs(t testing.TB) map[string][]byte {
	t.Helper()
	inputs := map[string][]byte{}
	for _, pattern := range []string{"../golden/cases/*/app.cue", "../examples/*/app.cue", "../examples/*/*/app.cue"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			inputs[path] = data
		}
	}
	if len(inputs) < 60 {
		t.Fatalf("only %d golden inputs", len(inputs))
	}
	return inputs
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
