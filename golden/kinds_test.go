package golden_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// TestEmittedKinds holds the kinds that an expectation may name to those that applications become.
func TestEmittedKinds(t *testing.T) {
	s, err := sharedSchema()
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("cases/*/golden/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var object struct{ Kind string }
		if err := yaml.Unmarshal(data, &object); err != nil {
			t.Fatal(err)
		}
		kinds[object.Kind] = true
	}
	if d := cmp.Diff(s.Type("#EmittedKind").Enum, slices.Sorted(maps.Keys(kinds))); d != "" {
		t.Error(d)
	}
}
