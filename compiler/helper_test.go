package compiler

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

var sharedSchema = sync.OnceValues(schema.New)

func newSchema(t testing.TB) *schema.Schema {
	t.Helper()
	s, err := sharedSchema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newCompiler returns a compiler for a platform file, or for the demo organisation when there is none.
func newCompiler(t testing.TB, platform ...string) *Compiler {
	t.Helper()
	var sources []schema.Source
	for _, text := range platform {
		sources = append(sources, schema.Source{Name: "platform.cue", Data: []byte(text)})
	}
	p, list, err := regions.Load(newSchema(t), sources)
	if err != nil || p == nil {
		t.Fatal(list, err)
	}
	return New(newSchema(t), p)
}

// header is line 1 of the applications below: what every application needs, in one region.
const header = `name: "app1", space: "web", owner: "team-web", image: {name: "app1", tag: "1.0"}, only: ["aws-oregon"]` + "\n"

// compile compiles an application's text with the files beside it.
func (c *Compiler) compile(t testing.TB, text string, beside ...string) (*Result, []diag.Diagnostic) {
	t.Helper()
	app, list := c.schema.App(schema.Source{Name: "app.cue", Data: []byte(text)}, c.platform.Facts())
	if app == nil {
		t.Fatalf("the application cannot be read: %v", list)
	}
	files := map[string][]byte{}
	for i := 0; i+1 < len(beside); i += 2 {
		files[beside[i]] = []byte(beside[i+1])
	}
	result, found, err := c.Compile(app, files)
	if err != nil {
		t.Fatal(err)
	}
	return result, diag.Sort(append(list, found...))
}

// only compiles an application that has no mistake and is in one region.
func (c *Compiler) only(t testing.TB, text string, beside ...string) Output {
	t.Helper()
	result, list := c.compile(t, text, beside...)
	if diag.HasErrors(list) || len(result.Outputs) != 1 {
		t.Fatalf("%d outputs, %v", len(result.Outputs), list)
	}
	return result.Outputs[0]
}

// object returns the only object of a type, or the zero value.
func object[T runtime.Object](o Output) T {
	var none T
	for _, object := range o.Objects {
		if found, ok := object.Value.(T); ok {
			return found
		}
	}
	return none
}

// brief prints diagnostics as code, line and column.
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

// messages joins what diagnostics say, hints and related places included.
func messages(list []diag.Diagnostic) string {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintln(&b, d, d.Hint, d.Related)
	}
	return b.String()
}
