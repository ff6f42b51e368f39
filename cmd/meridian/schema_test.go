package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/schema/export"
)

// TestDefinitionsHelp holds the list in the help to what there is.
func TestDefinitionsHelp(t *testing.T) {
	s, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.ReplaceAll(definitionsHelp, ",\n", ", "), ", ")
	if diff := cmp.Diff(export.Definitions(s), got); diff != "" {
		t.Errorf("the help's list is stale (-want +got):\n%s", diff)
	}
}
