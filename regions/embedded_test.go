package regions

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/schema"
)

var update = flag.Bool("update", false, "rewrite embedded.json")

// TestEmbedded holds embedded.json to the CUE files beside it.
func TestEmbedded(t *testing.T) {
	s, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	node, list, err := evaluate(s, s.Ref("#Platform"), embeddedSource("catalogue/regions.cue"), []schema.Source{DemoSource()})
	if err != nil || len(list) > 0 {
		t.Fatal(err, list)
	}
	data, err := node.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, data, "", " "); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("embedded.json", got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("embedded.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("embedded.json is stale; run go test ./regions -run TestEmbedded -update (-want +got):\n%s", diff)
	}
	read, err := schema.ParseJSON(want)
	if err != nil || !read.Equal(node) {
		t.Errorf("embedded.json does not read back as what it was written from: %v", err)
	}
}
