package golden_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/meridian-gitops/meridian/golden"
	"github.com/meridian-gitops/meridian/schema"
)

// TestFormatted holds that formatting an application changes no manifest: what the formatted file compiles to is, to the
// byte, what the file itself does.
func TestFormatted(t *testing.T) {
	var files []string
	for _, pattern := range []string{"cases/*/app.cue", "../examples/*/app.cue", "../examples/*/*/app.cue"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 60 {
		t.Fatalf("only %d applications", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := newCase(t, filepath.Dir(file))
			want := c.compile(t)
			formatted, list := c.schema.Format(c.schema.Ref("#App"), schema.Source{Name: file, Data: data})
			if len(list) > 0 {
				t.Fatal(list)
			}
			got, err := c.treeOf(file, formatted)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(flatten(want), flatten(got)) {
				t.Errorf("formatting changes manifests:\n%s", golden.Compare(want, got).Unified())
			}
		})
	}
}
