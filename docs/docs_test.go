package docs

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/schema"
)

var update = flag.Bool("update", false, "rewrite the pages")

// TestPages holds the generated pages to what the program knows.
func TestPages(t *testing.T) {
	s, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{
		"app.md": Reference(s, "#App", "Reference of app.cue",
			"An `app.cue` is one application: plain CUE, no import needed. Required fields are bold. Fields of\n`regions` are the same, all optional: structs merge, scalars and lists replace, `null` removes, and\nanother alternative of a one-of replaces the whole alternative."),
		"platform.md": Reference(s, "#Platform", "Reference of the platform",
			"The platform is the CUE files of one folder, given with `--platform` or `$MERIDIAN_PLATFORM`. Its\nregions are merged over the manual's own (`regions/catalogue/regions.cue`). Required fields are bold."),
		"expect.md": Reference(s, "#Expectations", "Reference of expectations",
			"Files `NAME.expect.cue` beside `app.cue` say what must hold of the application; `meridian test` checks them. They are\nplain CUE, may use the region's facts (`region.id` and so on), and each is read by itself: what several need is given\nin each, or imported. Required fields are bold."),
		"errors.md":   Errors(),
		"dialects.md": Dialects(),
	}
	for name, want := range pages {
		t.Run(name, func(t *testing.T) {
			if *update {
				if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("%s is stale; run make docs (-want +got):\n%s", name, diff)
			}
		})
	}
}
