package compiler

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/schema"
)

// TestIncomplete takes every line out of every golden input, one at a time: what is left is checked as far as it goes,
// and nothing panics, whatever is missing.
func TestIncomplete(t *testing.T) {
	files, err := filepath.Glob("../golden/cases/*/app.cue")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	c := newCompiler(t)
	compiled := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		for i := range lines {
			text := strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "\n")
			app, _ := c.schema.App(schema.Source{Name: file, Data: []byte(text)}, c.platform.Facts())
			if app == nil {
				continue
			}
			compiled++
			if _, _, err := c.Compile(app, nil); err != nil {
				t.Errorf("%s without line %d: %v", file, i+1, err)
			}
		}
	}
	if compiled < len(files) {
		t.Errorf("only %d inputs could be compiled", compiled)
	}
}

// TestMissingHidesNothing holds that a field that is missing is told beside the other mistakes, and once.
func TestMissingHidesNothing(t *testing.T) {
	text := strings.Join([]string{
		`name: "a", space: "web", owner: "o", image: name: "x"`,
		`ports: web: 8080`,
		`http: public: {port: "wbe"}`,
		`health: startup: http: {pth: "/", port: "web"}`,
		`backends: ["nope"]`,
		`tcp: x: {port: 443}`,
	}, "\n")
	c := newCompiler(t)
	app, list := c.schema.App(schema.Source{Name: "app.cue", Data: []byte(text)}, c.platform.Facts())
	_, found, err := c.Compile(app, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"M2001 4:25", "M4002 1:38", "M2002 3:7", "M4009 3:22", "M4024 5:12", "M2002 6:6", "M4020 6:16"}
	if diff := cmp.Diff(want, brief(append(list, found...))); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}
