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

var update = flag.Bool("update", false, "rewrite the JSON files")

// TestEmbedded holds the embedded JSON files to the CUE files beside them.
func TestEmbedded(t *testing.T) {
	s, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"catalogue/regions", "demo/platform"} {
		t.Run(name, func(t *testing.T) {
			node, list := s.Value(s.Ref("#Platform"), []schema.Source{embeddedSource(name + ".cue")})
			if len(list) > 0 {
				t.Fatal(list)
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
				if err := os.WriteFile(name+".json", got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s.json is stale; run make generate (-want +got):\n%s", name, diff)
			}
			read, err := schema.ParseJSON(want)
			if err != nil || !read.Equal(node) {
				t.Errorf("%s.json does not read back as what it was written from: %v", name, err)
			}
		})
	}
}
