package export

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue/format"

	"github.com/meridian-gitops/meridian/schema"
)

// ImportPath is the path that the companion of an app.cue imports the schema by.
const ImportPath = "github.com/meridian-gitops/meridian/schema"

// VendorCommand is the command that rewrites what is vendored.
const VendorCommand = "meridian schema vendor"

// Vendored writes the schema of app.cue for a cue.mod: that of [CUE] with the platform's region identifiers, the facts
// that expressions may use, and #AppFile, which is #App beside those facts.
func Vendored(s *schema.Schema, facts []schema.Facts) ([]byte, error) {
	o := Options{Definition: "App", Command: VendorCommand}
	for _, f := range facts {
		o.Regions = append(o.Regions, f.ID)
	}
	c, err := newClosure(s, o)
	if err != nil {
		return nil, err
	}
	w := &cueWriter{closure: c}
	w.head()
	w.file(facts)
	w.definitions()
	return w.source()
}

// file writes what an app.cue is as a whole.
func (w *cueWriter) file(facts []schema.Facts) {
	w.out.WriteString("\n")
	w.comment("", "An app.cue: an application, and the facts of the region that its expressions may use.")
	w.out.WriteString("#AppFile: {\n\t_#AppFields\n")
	w.comment("\t", "The region's facts; Meridian evaluates the file once a region.")
	w.out.WriteString("\tregion: #Facts\n}\n\n")
	w.comment("", "What an expression may say of the region.")
	w.out.WriteString("#Facts: {\n")
	for _, f := range []struct{ name, doc string }{
		{"id", "Its identifier."},
		{"title", "Its name in the manual."},
		{"cloud", "The cloud it is in."},
		{"registry", "The registry's host."},
		{"kubernetes", "The clusters' Kubernetes minor version."},
	} {
		w.comment("\t", f.doc)
		fmt.Fprintf(&w.out, "\t%s!: string\n", f.name)
	}
	w.out.WriteString("}\n\n")
	w.comment("", "The facts of the platform's regions.")
	w.out.WriteString("Regions: [#RegionID]: #Facts\nRegions: {\n")
	for _, f := range facts {
		fmt.Fprintf(&w.out, "\t%s: {id: %q, title: %q, cloud: %q, registry: %q, kubernetes: %q}\n", label(f.ID), f.ID, f.Title, f.Cloud, f.Registry, f.Kubernetes)
	}
	w.out.WriteString("}\n")
}

// LanguageMinor is the minor version of CUE's language v0 that the companion needs: a package that embeds a closed
// definition is closed itself only with the experiment explicitopen, which came with v0.15.
const LanguageMinor = 15

// Companion writes the file of an app.cue's package that tells cue and its language server what the file is. region is
// the one whose facts hold unless another is asked for with --inject region=ID.
func Companion(pkg, region string) ([]byte, error) {
	var b strings.Builder
	b.WriteString(header(VendorCommand))
	b.WriteString("\n// For cue and editors; Meridian itself does not read it. Of a closed definition that a package embeds, CUE keeps the\n" +
		"// closedness only with this experiment: without it every typo would pass.\n")
	fmt.Fprintf(&b, "@experiment(explicitopen)\n\npackage %s\n\nimport %q\n\nschema.#AppFile\n\n", pkg, ImportPath)
	fmt.Fprintf(&b, "// The region whose facts hold here; cue vet --inject region=ID takes another.\n_region: *%q | schema.#RegionID @tag(region)\nregion: schema.Regions[_region]\n", region)
	return format.Source([]byte(b.String()))
}
