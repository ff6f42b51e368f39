package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/schema/export"
)

var sharedSchema = sync.OnceValues(schema.New)

func newSchema(t *testing.T) *schema.Schema {
	t.Helper()
	s, err := sharedSchema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verdict is what Meridian says of an application by itself, with no platform.
type verdict struct {
	read      bool // every value by itself is right
	base      bool // it lacks nothing, and nothing excludes another
	overrides bool // nothing excludes another inside of an override
	merged    bool // the same as base, after each override; where there is none, of the base
}

func judge(t *testing.T, text string) verdict {
	t.Helper()
	s := newSchema(t)
	app, list := s.App(schema.Source{Name: "app.cue", Data: []byte(text)}, nil)
	v := verdict{read: !diag.HasErrors(list), overrides: true, merged: true}
	if app == nil {
		return verdict{}
	}
	ref := s.Ref("#App")
	v.base = len(schema.Check(ref, app.Base(""))) == 0
	if app.Overrides == nil {
		v.merged = v.base
	}
	for _, f := range app.Overrides.FieldList() {
		partial := &schema.Ref{Type: ref.Type, Partial: true}
		if own := schema.Merge(ref, nil, f.Node); own != nil {
			v.overrides = v.overrides && len(schema.Check(partial, own)) == 0
		}
		v.merged = v.merged && len(schema.Check(ref, schema.Merge(ref, app.Base(""), f.Node))) == 0
	}
	return v
}

// corpus is every n-th of the samples, or fewer where even that would take too long.
func corpus(t *testing.T, n int) []schema.Sample {
	t.Helper()
	var samples []schema.Sample
	for i, sample := range schema.Corpus(t) {
		if i%(n*rare) == 0 {
			samples = append(samples, sample)
		}
	}
	return samples
}

// TestExportedCUE holds the exported CUE, as plain CUE unifies with it, to Meridian's own reading (S20): one refuses a
// sample of the corpus exactly when the other does. CUE asks for what must be given in the application itself.
func TestExportedCUE(t *testing.T) {
	t.Parallel()
	text, err := export.CUE(newSchema(t), export.Options{Definition: "App", Command: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	pkg := cuecontext.New().CompileBytes(text)
	if err := pkg.Err(); err != nil {
		t.Fatal(err)
	}
	app := pkg.LookupPath(cue.ParsePath("#App"))
	for _, sample := range corpus(t, 1) {
		got := app.Unify(cuecontext.New().CompileString(sample.Text)).Validate(cue.Concrete(true))
		v := judge(t, sample.Text)
		want := v.read && v.base && v.overrides
		if want && !v.merged {
			continue // what a merge shows, such as a list of an override that lacks something, CUE may or may not see
		}
		if want != (got == nil) {
			t.Errorf("%s: %s: Meridian admits it: %v; CUE says %v", sample.File, sample.What, want, got)
		}
	}
}

// TestCompanion holds the same of an app.cue beside its companion, where the definition is embedded in a package: there
// CUE has lost closedness that it has elsewhere.
func TestCompanion(t *testing.T) {
	t.Parallel()
	var facts []schema.Facts // of all that the corpus calls a region
	for _, id := range []string{"aws-beijing", "aws-oregon", "aws-frankfurt", "ksc-beijing6", "ksc-russia", "lab-berlin", "x", "aws-beijingx"} {
		facts = append(facts, schema.Facts{ID: id})
	}
	vendored, err := export.Vendored(newSchema(t), facts)
	if err != nil {
		t.Fatal(err)
	}
	companion, err := export.Companion("app", "aws-oregon")
	if err != nil {
		t.Fatal(err)
	}
	vet := newVet(t, vendored, companion)
	for _, sample := range corpus(t, 4) {
		text := sample.Text
		if sample.What != schema.AsItIs {
			if text[0] != '{' {
				continue // no file
			}
			text = "package app\n" + text
		}
		got := vet(text)
		v := judge(t, sample.Text)
		want := v.read && v.base && v.overrides
		if want && !v.merged {
			continue
		}
		if want != (got == nil) {
			t.Errorf("%s: %s: Meridian admits it: %v; CUE says %v", sample.File, sample.What, want, got)
		}
	}
}

// newVet returns what evaluates an app.cue with its companion. The schema that it imports is compiled once.
func newVet(t *testing.T, vendored, companion []byte) func(app string) error {
	t.Helper()
	var imported *build.Instance
	builder := build.NewContext(build.Loader(func(_ token.Pos, path string) *build.Instance {
		if path == export.ImportPath {
			return imported
		}
		return nil // the standard library
	}))
	instance := func(folder string, files ...[]byte) *build.Instance {
		in := builder.NewInstance(folder, nil)
		for i, data := range files {
			file, err := parser.ParseFile(fmt.Sprintf("%d.cue", i), data, parser.ParseComments)
			if err == nil {
				err = in.AddSyntax(file)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := in.Complete(); err != nil {
			in.Err = errors.Promote(err, "build")
		}
		return in
	}
	imported = instance(export.ImportPath, vendored)
	ctx := cuecontext.New()
	return func(app string) error {
		in := instance("app", []byte(app), companion)
		if in.Err != nil {
			return in.Err
		}
		return ctx.BuildInstance(in).Validate(cue.Concrete(true))
	}
}

func compileJSONSchema(t *testing.T, o export.Options) *jsonschema.Schema {
	t.Helper()
	text, err := export.JSONSchema(newSchema(t), o)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler() // checks against the meta-schema that $schema names
	if err := c.AddResource("meridian.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("meridian.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// asWritten is an application as JSON, with short forms, in a region.
func asWritten(t *testing.T, name, text string) any {
	t.Helper()
	ctx := cuecontext.New()
	facts := ctx.Encode(map[string]any{"region": schema.Facts{ID: "aws-oregon", Cloud: "AWS", Registry: "us-repo.cloud.mi.com", Kubernetes: "1.36"}})
	data, err := ctx.CompileString(text, cue.Scope(facts)).MarshalJSON()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// TestExportedJSONSchema holds the exported JSON Schema to Meridian's own reading (S20): it admits every golden input,
// as it is written; of the corpus it admits all that Meridian may admit, and refuses all that Meridian refuses of a
// value by itself or of an application without overrides.
func TestExportedJSONSchema(t *testing.T) {
	t.Parallel()
	compiled := compileJSONSchema(t, export.Options{Definition: "App", Command: "a test"})
	inputs := schema.GoldenInputs(t)
	for _, file := range slices.Sorted(maps.Keys(inputs)) {
		if err := compiled.Validate(asWritten(t, file, string(inputs[file]))); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, sample := range corpus(t, 1) {
		got := compiled.Validate(asWritten(t, sample.What, sample.Text))
		switch v := judge(t, sample.Text); {
		case v.read && v.merged && got != nil:
			t.Errorf("%s: %s: Meridian admits it, the JSON Schema does not: %v", sample.File, sample.What, got)
		case !(v.read && v.merged && v.overrides) && got == nil && !afterMerging(sample.Text, v):
			t.Errorf("%s: %s: Meridian refuses it, the JSON Schema does not", sample.File, sample.What)
		}
	}
}

// TestExportedLeaves holds each leaf of the JSON Schema to values just inside and just outside of its rule (S20), and to
// the same in the later draft 2020-12.
func TestExportedLeaves(t *testing.T) {
	const latest = "https://json-schema.org/draft/2020-12/schema"
	ctx := cuecontext.New()
	for _, dialect := range []string{"http://json-schema.org/draft-07/schema#", latest} {
		c := jsonschema.NewCompiler()
		documents := []string{"App", "Platform", "Expectations"}
		for _, name := range documents {
			text, err := export.JSONSchema(newSchema(t), export.Options{Definition: name, Command: "a test"})
			if err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			doc.(map[string]any)["$schema"] = dialect
			if err := c.AddResource(name+".json", doc); err != nil {
				t.Fatal(err)
			}
		}
		for _, leaf := range schema.Leaves() {
			location := "#/definitions/" + strings.TrimPrefix(leaf.Type, "#")
			var compiled *jsonschema.Schema
			var err error
			for _, name := range documents {
				if compiled, err = c.Compile(name + ".json" + location); err == nil {
					break
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			data, err := ctx.CompileString(leaf.Literal).MarshalJSON()
			if err != nil {
				continue // a number that JSON has no room for
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(value); (err == nil) != leaf.In {
				t.Errorf("%s: %s: %.80s: want it admitted: %v, got %v", dialect, leaf.Type, leaf.Literal, leaf.In, err)
			}
		}
	}
}

// TestExportedPlatform holds both exports of #Platform to the platforms of the golden cases and the demo's (S5): they
// say of a region of the manual only what differs.
func TestExportedPlatform(t *testing.T) {
	o := export.Options{Definition: "Platform", Command: "a test", Known: []string{"aws-beijing", "aws-frankfurt", "aws-oregon", "aws-singapore", "ksc-beijing6", "ksc-russia"}}
	text, err := export.CUE(newSchema(t), o)
	if err != nil {
		t.Fatal(err)
	}
	definition := cuecontext.New().CompileBytes(text).LookupPath(cue.ParsePath("#Platform"))
	compiled := compileJSONSchema(t, o)
	files, err := filepath.Glob("../golden/*/*/platform/*.cue")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	tests := map[string]bool{}
	for _, file := range append(files, "../regions/demo/platform.cue", "../regions/catalogue/regions.cue") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests[string(data)] = !strings.Contains(file, "catalogue") // which has no organisation
	}
	const rest = "org: \"myorg\"\nprojects: [\"myorg\"]\n"
	for text, right := range map[string]bool{
		rest: true, "projects: [\"myorg\"]\n": false, rest + "orgs: 3\n": false, rest + "spaces: web: null\n": true, rest + "org: null\n": false,
		rest + "regions: \"aws-oregon\": null\n": true, rest + "regions: \"aws-oregon\": open: false\n": true, rest + "regions: \"aws-oregon\": opn: false\n": false,
		rest + "regions: \"lab-berlin\": open: false\n": false, rest + "regions: \"lab-berlin\": null\n": true, rest + "regions: Lab: null\n": false,
		rest + "spaces: web: backends: db: ports: [3306]\n": false, rest + "spaces: web: auditors: [{group: \"a\", user: \"b\"}]\n": false,
		rest + "defaults: {replicas: 3, autoscale: {min: 1}}\n": false, rest + "defaults: {replicas: 3, autoscale: null}\n": true, rest + "defaults: name: \"x\"\n": false,
	} {
		tests[text] = right
	}
	for text, right := range tests {
		if err := definition.Unify(cuecontext.New().CompileString(text)).Validate(cue.Concrete(true)); (err == nil) != right {
			t.Errorf("CUE: want it admitted: %v, got %v:\n%s", right, err, text)
		}
		if strings.Contains(text, "org: null") {
			text = strings.Replace(text, "org: \"myorg\"\n", "", 1)
		}
		if err := compiled.Validate(asWritten(t, "platform", text)); (err == nil) != right {
			t.Errorf("JSON Schema: want it admitted: %v, got %v:\n%s", right, err, text)
		}
	}
}

// afterMerging is the one exception: what only shows when an override is merged.
func afterMerging(text string, v verdict) bool {
	return v.read && v.overrides && !v.merged && strings.Contains(text, `"regions"`)
}

// TestExportedDefinitions holds that every definition can be written in both languages, is valid there, closed, the same
// each time, and without what only Meridian understands.
func TestExportedDefinitions(t *testing.T) {
	s := newSchema(t)
	for _, name := range export.Definitions(s) {
		t.Run(name, func(t *testing.T) {
			o := export.Options{Definition: name, Command: "a test", Known: []string{"aws-oregon"}}
			text, err := export.CUE(s, o)
			if err != nil {
				t.Fatal(err)
			}
			pkg := cuecontext.New().CompileBytes(text)
			definition := pkg.LookupPath(cue.MakePath(cue.Def(name)))
			if err := definition.Validate(); err != nil {
				t.Error(err)
			}
			if definition.Unify(cuecontext.New().CompileString("zzz: 1")).Validate() == nil {
				t.Error("a field that there is not is admitted")
			}
			if attributes := slices.Collect(words(text, "@")); len(attributes) > 0 {
				t.Errorf("attributes are left: %q", attributes)
			}
			again, _ := export.CUE(s, o)
			if !bytes.Equal(text, again) {
				t.Error("the CUE differs from run to run")
			}
			compiled := compileJSONSchema(t, o)
			if compiled.Validate(map[string]any{"zzz": json.Number("1")}) == nil {
				t.Error("the JSON Schema admits a field that there is not")
			}
		})
	}
	if _, err := export.CUE(s, export.Options{Definition: "Nothing"}); err == nil {
		t.Error("a definition that there is not is written")
	}
}

// words are the words of code, outside of comments, that begin with a prefix.
func words(text []byte, prefix string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(strings.TrimSpace(line), "//") {
				continue
			}
			for word := range strings.FieldsSeq(line) {
				if strings.HasPrefix(word, prefix) && !yield(word) {
					return
				}
			}
		}
	}
}
