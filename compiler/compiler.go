// Package compiler turns an application and a platform into Kubernetes objects, region by region (S20).
//
// In: a checked [schema.App], the contents of the files beside it, a [regions.Platform]. Out: an [Output] a
// region: typed objects of k8s.io/api, their YAML, the names they claim, and what must be done outside the
// cluster. It is pure: no file, clock, environment, randomness or log. It refuses, with a diagnostic at the
// user's line, whatever a region cannot express; on an error diagnostic there is no output at all.
package compiler

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// Compiler compiles applications for one platform. It is immutable and may be used by many goroutines at once.
type Compiler struct {
	schema   *schema.Schema
	platform *regions.Platform
	within   []string // nil: every region that an application selects
}

// New returns a compiler for a platform.
func New(s *schema.Schema, p *regions.Platform) *Compiler { return &Compiler{schema: s, platform: p} }

// Within returns a compiler that compiles applications for some regions and no others, whatever they select: what
// was published to these regions stays there when the platform opens another.
func (c *Compiler) Within(regions []string) *Compiler {
	return &Compiler{c.schema, c.platform, regions}
}

// Facts returns the facts of the open regions that are compiled for, in order; [schema.Schema.App] wants them.
func (c *Compiler) Facts() []schema.Facts {
	all := c.platform.Facts()
	kept := slices.DeleteFunc(slices.Clone(all), func(f schema.Facts) bool { return c.within != nil && !slices.Contains(c.within, f.ID) })
	if len(kept) == 0 {
		return all // planning will say that no region is left; without facts, expressions would be wrong, too
	}
	return kept
}

// Platform returns the platform that the compiler compiles for.
func (c *Compiler) Platform() *regions.Platform { return c.platform }

// Result is an application compiled for every region it is in.
type Result struct {
	App       *schema.App
	Namespace string
	Plans     []RegionPlan // sorted by region
	Outputs   []Output     // one a plan, in the same order; nil when a diagnostic is an error
	Elsewhere []string     // regions that it selects and [Compiler.Within] leaves out, sorted
}

// Output is what an application becomes in one region.
type Output struct {
	Region  string
	Objects []manifest.Object // in the order in which they are best applied
	Files   manifest.Tree     // the objects' YAML, by file name
	Claims  []manifest.Claim  // sorted
	Outside []Task            // what no object can do
}

// Compile plans, checks and builds an application, and encodes what it becomes. beside holds the files that
// [schema.App.Beside] names.
func (c *Compiler) Compile(app *schema.App, beside map[string][]byte) (*Result, []diag.Diagnostic, error) {
	result, list, err := c.Check(app, beside)
	if err != nil {
		return nil, nil, err
	}
	for i := range result.Outputs {
		output := &result.Outputs[i]
		if output.Files, err = Encode(output.Objects); err != nil {
			return nil, nil, fmt.Errorf("compile %s for %s: %w", app.Name, output.Region, err)
		}
	}
	return result, list, nil
}

// Check does all that [Compiler.Compile] does but for encoding: its outputs have no files.
func (c *Compiler) Check(app *schema.App, beside map[string][]byte) (*Result, []diag.Diagnostic, error) {
	result := &Result{App: app, Namespace: c.platform.Namespace(app.Space)}
	plans, list := c.Plan(app)
	result.Plans, result.Elsewhere = plans, c.elsewhere(app)
	list = append(list, c.constraints(plans)...)
	failed := diag.HasErrors(list)
	list = slices.DeleteFunc(list, app.Echo)
	if failed {
		return result, diag.Sort(list), nil
	}
	found := map[string][]diag.Diagnostic{}
	for i := range plans {
		output, problems, err := c.output(&plans[i], beside)
		if err != nil {
			return nil, nil, fmt.Errorf("compile %s for %s: %w", app.Name, plans[i].Region.ID, err)
		}
		found[plans[i].Region.ID] = problems
		result.Outputs = append(result.Outputs, output)
	}
	list = append(list, diag.Fold(found, len(plans))...)
	if diag.HasErrors(list) {
		result.Outputs = nil
	}
	return result, diag.Sort(list), nil
}

func (c *Compiler) output(p *RegionPlan, beside map[string][]byte) (Output, []diag.Diagnostic, error) {
	objects, list := p.objects(beside)
	if diag.HasErrors(list) {
		return Output{}, list, nil
	}
	objects, problems, err := p.patch(objects, beside)
	list = append(list, problems...)
	if err != nil || diag.HasErrors(list) {
		return Output{}, list, err
	}
	list = append(list, p.checkObjects(objects, beside)...)
	return Output{Region: p.Region.ID, Objects: objects, Claims: p.claims(), Outside: p.outside()}, list, nil
}

// Encode writes objects as YAML, one a file.
func Encode(objects []manifest.Object) (manifest.Tree, error) {
	files := make([]manifest.File, len(objects))
	scratch := make([]byte, 0, 1<<12) // what is kept is cut to size
	for i, object := range objects {
		data, err := manifest.AppendYAML(scratch[:0], object.Value)
		if err != nil {
			return manifest.Tree{}, fmt.Errorf("encode %s: %w", object.File, err)
		}
		files[i] = manifest.File{Path: object.File, Data: bytes.Clone(data)}
		scratch = data
	}
	return manifest.NewTree(files)
}

// AppFolder is where an application's manifests are in a region, below the repository's root.
func AppFolder(region, namespace, app string) string {
	return "regions/" + region + "/spaces/" + namespace + "/apps/" + app
}
