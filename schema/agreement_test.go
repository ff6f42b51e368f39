package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"github.com/meridian-gitops/meridian/diag"
)

// TestAgreement holds the walker, which goes by the schema's types, to CUE itself, which unifies with the closed
// definitions of the same files: one refuses a golden input or a mutation of it exactly when the other does (S20). There is no known difference.
// Missing fields are compared by themselves, for the base alone. One-ofs are not in the CUE.
func TestAgreement(t *testing.T) {
	app := plainSchema(t)
	mutations := 0
	for _, sample := range Corpus(t) {
		agreed := agree(t, app, sample.File, sample.What, sample.Text)
		if sample.What == AsItIs {
			continue
		}
		mutations++
		if !agreed {
			t.Errorf("%s: %s: the walker and CUE differ\nwalker: %v\nCUE: %v", sample.File, sample.What, walkerSays(t, sample.Text), cueSays(app, sample.Text))
		}
	}
	if mutations < 150 {
		t.Errorf("only %d mutations", mutations)
	}
	t.Logf("%d mutations", mutations)
}

// Sample is an application of the corpus: a golden input as it is, or with one thing changed.
type Sample struct{ File, What, Text string }

// AsItIs says of a sample that nothing is changed.
const AsItIs = "as it is"

// Corpus is what tests compare the schema's readers by: the golden inputs that are data, and mutations of them, each
// kind once.
func Corpus(t *testing.T) []Sample {
	t.Helper()
	var samples []Sample
	seen := map[string]bool{}
	inputs := goldenInputs(t)
	for _, file := range slices.Sorted(maps.Keys(inputs)) {
		read, list := newSchema(t).App(Source{Name: file, Data: inputs[file]}, fuzzFacts)
		if read == nil || read.Regional() || diag.HasErrors(list) {
			continue
		}
		samples = append(samples, Sample{file, AsItIs, string(inputs[file])})
		data := map[string]any{}
		if err := json.Unmarshal([]byte(jsonText(t, read.Node())), &data); err != nil {
			t.Fatal(err)
		}
		for _, m := range mutationsOf(data) {
			if !seen[m.what] {
				seen[m.what] = true
				samples = append(samples, Sample{file, m.what, m.text})
			}
		}
	}
	return samples
}

// GoldenInputs are the applications of the golden cases and of the examples, by file.
func GoldenInputs(t *testing.T) map[string][]byte { return goldenInputs(t) }

// Leaf is a literal in CUE that a leaf type admits, or does not.
type Leaf struct {
	Type, Literal string
	In            bool
}

// Leaves are the values just inside and just outside of every leaf type.
func Leaves() []Leaf {
	var list []Leaf
	add := func(name string, texts []string, in bool) {
		for _, text := range texts {
			list = append(list, Leaf{name, leafLiteral(text), in})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(leafCases)) {
		add(name, leafCases[name].in, true)
		add(name, leafCases[name].out, false)
	}
	return list
}

// agree compares what both say of values, and, where both say nothing, of missing fields.
func agree(t *testing.T, app cue.Value, file, what, text string) bool {
	t.Helper()
	walker, cueErr := walkerSays(t, text), cueSays(app, text)
	if what == AsItIs && (len(walker) > 0 || cueErr != nil) {
		t.Errorf("%s: %v; CUE: %v", file, walker, cueErr)
	}
	if (len(walker) > 0) != (cueErr != nil) {
		return false
	}
	if cueErr != nil {
		return true
	}
	s := newSchema(t)
	read, _ := s.App(Source{Name: "app.cue", Data: []byte(text)}, nil)
	base := read.Base("")
	missing := slices.ContainsFunc(Check(s.Ref("#App"), base), func(d diag.Diagnostic) bool {
		return d.Code == diag.MissingField && strings.HasSuffix(d.Message, d.Path+" is missing")
	})
	if has(base, Any) {
		return true // patches are not data here
	}
	err := app.Unify(cuecontext.New().Encode(plain(base))).Validate(cue.Concrete(true))
	if missing != (err != nil) {
		t.Errorf("%s: %s: missing fields: the walker says %v, CUE %v", file, what, missing, err)
	}
	return true
}

func walkerSays(t *testing.T, text string) []diag.Diagnostic {
	_, list := newSchema(t).App(Source{Name: "app.cue", Data: []byte(text)}, nil)
	return slices.DeleteFunc(list, func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
}

func cueSays(app cue.Value, text string) error {
	return app.Unify(cuecontext.New().CompileString(text)).Validate()
}

// plainSchema compiles the schema's own files as CUE, with the all-optional form written out from its types.
func plainSchema(t *testing.T) cue.Value {
	t.Helper()
	var text strings.Builder
	for _, name := range []string{"types.cue", "app.cue"} {
		data, err := sources.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(strings.TrimPrefix(string(data), "package schema\n"))
	}
	for _, typ := range newSchema(t).Types() {
		if typ.Leaf() || typ.file != "app.cue" {
			continue
		}
		fmt.Fprintf(&text, "%sOverride: {\n", typ.Name)
		for _, f := range typ.Fields {
			if !f.Fixed {
				fmt.Fprintf(&text, "\t%q?: null | %s\n", f.Name, optionalForm(f.Type))
			}
		}
		text.WriteString("}\n")
	}
	value := cuecontext.New().CompileString(text.String())
	if err := value.Err(); err != nil {
		t.Fatal(err)
	}
	return value.LookupPath(cue.ParsePath("#App"))
}

// optionalForm writes a reference as it is in an override: structs are all-optional, items of lists are not.
func optionalForm(r *Ref) string {
	switch {
	case r.Type != nil && r.Type.Leaf():
		return r.Type.Name
	case r.Type != nil:
		return r.Type.Name + "Override"
	case r.Key != nil:
		return "{[" + r.Key.Name + "]: null | " + optionalForm(r.Elem) + "}"
	case r.Elem != nil:
		return "[..." + plainForm(r.Elem) + "]"
	}
	arms := make([]string, len(r.Union))
	for i, arm := range r.Union {
		arms[i] = optionalForm(arm)
	}
	return strings.Join(arms, " | ")
}

func plainForm(r *Ref) string {
	if r.Type != nil {
		return r.Type.Name
	}
	arms := make([]string, len(r.Union))
	for i, arm := range r.Union {
		arms[i] = plainForm(arm)
	}
	return strings.Join(arms, " | ")
}

// mutation is an application with one thing changed.
type mutation struct{ what, text string }

// replacements are what every value is replaced with: other types, and values out of range.
var replacements = []string{`7`, `-1`, `99999999999`, `1.5`, `"x"`, `""`, `"Ü /"`, `true`, `null`, `{}`, `[]`, `{zzz: 1}`, `["x"]`, `[7]`, `[null]`, `[{}]`}

var entryName = regexp.MustCompile(`^(env|files|scratch|ports|http|tcp|udp|calls|accepts|labels|annotations|headers|regions)$`)

// mutationsOf deletes, renames and replaces every value, adds an unknown field to every struct, and puts what is
// wrong into overrides as well as into the base.
func mutationsOf(data map[string]any) []mutation {
	var list []mutation
	var visit func(value any, path []string, put func(string) string)
	visit = func(value any, path []string, put func(string) string) {
		add := func(kind, text string) {
			list = append(list, mutation{strings.Join(path, ".") + ": " + kind, put(text)})
		}
		for _, text := range replacements {
			add(text, text)
		}
		switch v := value.(type) {
		case map[string]any:
			own := len(path) == 0 || !entryName.MatchString(path[len(path)-1])
			add("with zzz", fieldsWith(v, "", "zzz", `1`))
			add("with Zz_9.", fieldsWith(v, "", "Zz_9.", `{}`))
			for _, name := range slices.Sorted(maps.Keys(v)) {
				label := name
				if !own {
					label = "*"
				}
				at := append(slices.Clone(path), label)
				list = append(list,
					mutation{strings.Join(at, ".") + ": deleted", put(fieldsWith(v, name, "", ""))},
					mutation{strings.Join(at, ".") + ": renamed", put(fieldsWith(v, name, name+"x", cueText(v[name])))})
				visit(v[name], at, func(text string) string { return put(fieldsWith(v, name, name, text)) })
			}
		case []any:
			for i, item := range v {
				visit(item, append(slices.Clone(path), "[]"), func(text string) string { return put(itemsWith(v, i, text)) })
			}
		}
	}
	visit(data, nil, func(text string) string { return text })
	return list
}

// fieldsWith writes a struct without the field old, and with one more.
func fieldsWith(v map[string]any, old, name, text string) string {
	var b strings.Builder
	b.WriteString("{")
	for _, key := range slices.Sorted(maps.Keys(v)) {
		if key != old {
			fmt.Fprintf(&b, "%s: %s\n", strconv.Quote(key), cueText(v[key]))
		}
	}
	if name != "" {
		fmt.Fprintf(&b, "%s: %s\n", strconv.Quote(name), text)
	}
	return b.String() + "}"
}

func itemsWith(v []any, i int, text string) string {
	items := make([]string, len(v))
	for j, item := range v {
		items[j] = cueText(item)
	}
	items[i] = text
	return "[" + strings.Join(items, ", ") + "]"
}

func cueText(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}
