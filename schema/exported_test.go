package schema_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
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

// TestExportedCUE holds the exported CUE, as plain CUE unifies with it, to Meridian's own reading (S20): one refuses a
// sample of the corpus exactly when the other does. CUE asks for what must be given in the application itself.
func TestExportedCUE(t *testing.T) {
	text, err := export.CUE(newSchema(t), export.Options{Definition: "App", Command: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	pkg := cuecontext.New().CompileBytes(text)
	if err := pkg.Err(); err != nil {
		t.Fatal(err)
	}
	app := pkg.LookupPath(cue.ParsePath("#App"))
	for _, sample := range schema.Corpus(t) {
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
	compiled := compileJSONSchema(t, export.Options{Definition: "App", Command: "a test"})
	inputs := schema.GoldenInputs(t)
	for _, file := range slices.Sorted(maps.Keys(inputs)) {
		if err := compiled.Validate(asWritten(t, file, string(inputs[file]))); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, sample := range schema.Corpus(t) {
		got := compiled.Validate(asWritten(t, sample.What, sample.Text))
		switch v := judge(t, sample.Text); {
		case v.read && v.merged && got != nil:
			t.Errorf("%s: %s: Meridian admits it, the JSON Schema does not: %v", sample.File, sample.What, got)
		case !(v.read && v.merged && v.overrides) && got == nil && !afterMerging(sample.Text, v):
			t.Errorf("%s: %s: Meridian refuses it, the JSON Schema does not", sample.File, sample.What)
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
			if definition.Unify(pkg.Context().CompileString("zzz: 1")).Validate() == nil {
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
