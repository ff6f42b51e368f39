package schema

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"

	"github.com/meridian-gitops/meridian/diag"
)

func TestFormat(t *testing.T) {
	tests := []struct{ name, give, want string }{
		{
			name: "the schema's order at every level",
			give: `package app
owner: "o"
image: {tag: "1", name: "a"}
name: "n"
http: public: {
	tls: secret: "s"
	paths: [{type: "Exact", path: "/"}, "/b"]
	host: "h"
}
`,
			want: `package app

name:  "n"
owner: "o"
image: {name: "a", tag: "1"}
http: public: {
	host: "h"
	paths: [{path: "/", type: "Exact"}, "/b"]
	tls: secret: "s"
}
`,
		},
		{
			name: "maps keep the user's order",
			give: "env: {\n\tB: \"1\"\n\tA: \"2\"\n}\nregions: {\n\tz: {user: 2, name: \"n\"}\n\ta: {}\n}\nports: {web: 1, admin: {protocol: \"TCP\", port: 2}}\n",
			want: "env: {\n\tB: \"1\"\n\tA: \"2\"\n}\nports: {web: 1, admin: {port: 2, protocol: \"TCP\"}}\nregions: {\n\tz: {name: \"n\", user: 2}\n\ta: {}\n}\n",
		},
		{
			name: "nothing moves across what is not a plain field",
			give: `package app

owner: "o"
name:  "n"

_x: 1

space: "s"
name:  "n"
let y = 2
if true {
	space: "s"
	name:  "n"
}
user:     7
"\(_x)":  1
replicas: 2
args: []
nme: 1
image: {name: "a"}
space: "s"
`,
			want: `package app

name:  "n"
owner: "o"

_x: 1

name:  "n"
space: "s"
let y = 2
if true {
	name:  "n"
	space: "s"
}
user:    7
"\(_x)": 1
args: []
replicas: 2
nme:      1
space:    "s"
image: {name: "a"}
`,
		},
		{
			name: "comments go with their field",
			give: `// About the file.

package app

// About all of it.

// doc of space
space: "s" // behind space

// heading of name

// doc of name
name: "n" // behind name
// before replicas

replicas: 2
// below replicas

owner: {// inside
	b: 1
}

// at the end
`,
			want: `// About the file.

package app

// About all of it.

// heading of name

// doc of name
name: "n" // behind name

// doc of space
space: "s" // behind space

owner: {// inside
	b: 1
}

// before replicas

replicas: 2
// below replicas

// at the end
`,
		},
		{
			name: "blank lines go with their field, one at most",
			give: "package app\n\n\nspace: \"s\"\n\n\n\nname: \"n\"\nowner: \"o\"\nresources: {\n\n\tlimits: cpu: \"1\"\n\n\trequests: cpu: \"1\"\n\n}\n",
			want: "package app\n\nname: \"n\"\n\nspace: \"s\"\nowner: \"o\"\nresources: {\n\trequests: cpu: \"1\"\n\n\tlimits: cpu: \"1\"\n}\n",
		},
		{
			name: "one line, or a line a field",
			give: "image: {\n\ttag: \"1\", name: \"a\"}\nhealth: {startup: {tcp: {port: \"web\"}\n}}\n",
			want: "image: {\n\tname: \"a\"\n\ttag:  \"1\"\n}\nhealth: {startup: {tcp: {port: \"web\"}\n}}\n",
		},
		{
			name: "what an expression refers to keeps its order",
			give: `resources: {
	limits: memory: "2Gi", requests: cpu: "1"
}
rollout: {maxSurge: 1, strategy: "RollingUpdate"}
autoscale: {max: 3, min: 1}
spread: S={nodes: "None", zones: S.nodes}
args: [for k, _ in resources {k}, rollout.strategy]
`,
			want: `args: [for k, _ in resources {k}, rollout.strategy]
resources: {
	limits: memory: "2Gi", requests: cpu: "1"
}
autoscale: {min: 1, max: 3}
rollout: {strategy: "RollingUpdate", maxSurge: 1}
spread: S={nodes: "None", zones: S.nodes}
`,
		},
		{
			name: "a patch is the user's own",
			give: "patches: [{patch: {b: 1, a: 2}, target: kind: \"Deployment\"}]\n",
			want: "patches: [{target: kind: \"Deployment\", patch: {b: 1, a: 2}}]\n",
		},
		{
			name: "repeated fields keep their order",
			give: "tcp: b: port: 1\nhttp: z: host: \"h\"\ntcp: a: port: 2\nhttp: a: host: \"h\"\n",
			want: "http: z: host: \"h\"\nhttp: a: host: \"h\"\ntcp: b: port:  1\ntcp: a: port:  2\n",
		},
		{
			name: "windows' line ends",
			give: "space: \"s\" // c\r\n// d\r\nname: \"n\"\r\nfiles: \"/a\": \"\"\"\r\n\ta\r\n\tb\r\n\t\"\"\"\r\n",
			want: "// d\nname:  \"n\"\nspace: \"s\" // c\nfiles: \"/a\": \"\"\"\n\ta\n\tb\n\t\"\"\"\n",
		},
		{name: "nothing", give: "", want: "\n"},
		{name: "only a comment", give: "// a", want: "// a\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSchema(t)
			got, list := s.Format(s.Ref("#App"), Source{Name: "app.cue", Data: []byte(test.give)})
			if d := cmp.Diff(test.want, string(got)); d != "" || len(list) > 0 {
				t.Errorf("%v\n%s", list, d)
			}
			again, _ := s.Format(s.Ref("#App"), Source{Name: "app.cue", Data: got})
			if d := cmp.Diff(string(got), string(again)); d != "" {
				t.Errorf("formatting again changes it:\n%s", d)
			}
		})
	}
}

// TestFormatKept holds that what cannot be formatted is told, and what cannot be arranged safely is left.
func TestFormatKept(t *testing.T) {
	s := newSchema(t)
	if got, list := s.Format(s.Ref("#App"), Source{Name: "app.cue", Data: []byte("a: {\n")}); got != nil || len(list) != 1 || list[0].Code != "M1002" {
		t.Errorf("an open brace: %q %v", got, list)
	}
	large := bytes.Repeat([]byte("// x\n"), MaxSourceBytes/5+1)
	if got, list := s.Format(s.Ref("#App"), Source{Name: "app.cue", Data: large}); got != nil || len(list) != 1 || list[0].Code != "M1001" {
		t.Errorf("a large file: %d bytes, %v", len(got), list)
	}
	got, _ := s.Format(nil, Source{Name: "lib.cue", Data: []byte("space:   1\nname: 2\n")})
	if d := cmp.Diff("space: 1\nname:  2\n", string(got)); d != "" {
		t.Errorf("without a type the order stays:\n%s", d)
	}
}

// TestFormatProperties holds, for every golden input and for permutations of it: formatting again changes nothing; the
// order in which fields were given is not seen in the result; nothing is lost; and the file says the same as before.
func TestFormatProperties(t *testing.T) {
	s := newSchema(t)
	ref := s.Ref("#App")
	random := rand.New(rand.NewPCG(1, 2))
	inputs := goldenInputs(t)
	for _, file := range slices.Sorted(maps.Keys(inputs)) {
		data := inputs[file]
		want := formatted(t, s, ref, file, data)
		for i := range 8 {
			shuffled := shuffle(t, random, data)
			got := formatted(t, s, ref, file, shuffled)
			if d := cmp.Diff(words(want), words(got)); d != "" {
				t.Errorf("%s: permutation %d is formatted to something else:\n%s\n%s", file, i, d, shuffled)
			}
			sameMeaning(t, s, file, data, shuffled)
		}
	}
}

// formatted formats what must be formatted completely, and checks what holds for any text.
func formatted(t *testing.T, s *Schema, ref *Ref, file string, data []byte) []byte {
	t.Helper()
	text, ok := canonical(ref, data)
	got, list := s.Format(ref, Source{Name: file, Data: data})
	if !ok || len(list) > 0 || !bytes.Equal(text, got) {
		t.Fatalf("%s is not formatted: %v\n%s", file, list, data)
	}
	again, _ := s.Format(ref, Source{Name: file, Data: got})
	if d := cmp.Diff(string(got), string(again)); d != "" {
		t.Errorf("%s: formatting again changes it:\n%s", file, d)
	}
	if before, after := comments(t, data), comments(t, got); !slices.Equal(before, after) {
		t.Errorf("%s: comments are %q, were %q", file, after, before)
	}
	if plain, err := format.Source(got); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%s: cue fmt would change it: %v\n%s", file, err, cmp.Diff(string(got), string(plain)))
	}
	sameMeaning(t, s, file, data, got)
	return got
}

// sameMeaning compares what two texts evaluate to, and what is wrong with them.
func sameMeaning(t *testing.T, s *Schema, file string, before, after []byte) {
	t.Helper()
	want, wrong := s.App(Source{Name: file, Data: before}, fuzzFacts)
	got, found := s.App(Source{Name: file, Data: after}, fuzzFacts)
	if d := cmp.Diff(codes(wrong), codes(found)); d != "" {
		t.Errorf("%s: what is wrong differs:\n%s", file, d)
	}
	for _, region := range []string{"aws-oregon", "ksc-beijing6"} {
		for _, part := range []func(*App) *Node{func(a *App) *Node { return a.Base(region) }, func(a *App) *Node { return a.Override(region) }} {
			if d := cmp.Diff(plainText(part(want)), plainText(part(got))); d != "" {
				t.Errorf("%s in %s: the value differs:\n%s\n%s", file, region, d, after)
			}
		}
	}
}

func codes(list []diag.Diagnostic) []string {
	var found []string
	for _, d := range list {
		found = append(found, string(d.Code)+" "+d.Path)
	}
	slices.Sort(found)
	return found
}

// plainText prints a node in the order of its fields' names, open CUE as text.
func plainText(n *Node) string {
	switch {
	case n == nil:
		return "nothing"
	case n.Kind == Any:
		return fmt.Sprint(n.Value)
	case n.Kind == Struct:
		var fields []string
		for _, f := range n.Fields {
			fields = append(fields, f.Name+": "+plainText(f.Node))
		}
		return "{" + strings.Join(sorted(fields), "\n") + "}"
	case n.Kind == List:
		var items []string
		for _, item := range n.Items {
			items = append(items, plainText(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return n.String()
}

// words are a text without its layout.
func words(data []byte) []string { return strings.Fields(string(data)) }

func comments(t *testing.T, data []byte) []string {
	t.Helper()
	f, err := parser.ParseFile("", data, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return outlineOf(f).comments
}

// shuffle permutes the fields of every struct that the schema orders, between those that keep their places.
func shuffle(t *testing.T, random *rand.Rand, data []byte) []byte {
	t.Helper()
	s := newSchema(t)
	f, err := parser.ParseFile("", data, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	a := &arranger{text: string(data), used: usedNames(f), order: func(run []*slot) bool {
		old := slices.Clone(run)
		random.Shuffle(len(run), func(i, j int) { run[i], run[j] = run[j], run[i] })
		byRank := map[int][]*slot{} // fields of one name keep their order
		for _, s := range old {
			byRank[s.rank] = append(byRank[s.rank], s)
		}
		for i, s := range run {
			run[i], byRank[s.rank] = byRank[s.rank][0], byRank[s.rank][1:]
		}
		return true
	}}
	a.body(f.Decls, span{0, len(data)}, s.Ref("#App"))
	text := []byte(a.with(span{0, len(data)}))
	if _, err := parser.ParseFile("", text, parser.ParseComments); err != nil {
		t.Fatalf("the permutation is no CUE: %v\n%s", err, text)
	}
	return text
}

// FuzzFormat holds that no text panics or is damaged: what comes out is CUE with the same declarations and comments,
// formatting it again changes nothing, and it evaluates to the same.
func FuzzFormat(f *testing.F) {
	for _, data := range goldenInputs(f) {
		f.Add(data)
	}
	for _, text := range []string{
		"// a\n\n// b\nspace: 1 // c\n// d\n\nname: 2\n// e", "a: {// x\n}", "owner: _|_\nname: 1", "name: 1, space: 2", "image: {tag: 1 @a(b), name: 2}",
		"{space: 1\nname: 2}", "for x in [1] {space: x\nname: x}", "files: \"/a\": #\"\"\"\n  a\n    b\n  \"\"\"#\nenv: A: \"\"", "space: [\n1, // a\n\n// b\n]\nname: 1",
		"regions: [string]: {space: 1, name: 2}", "X=space: 1\nname: X", "space~X: 1\nname: X", "if true {space: 1\nname: 2} else {space: 1\nname: 2}", "@extern(embed)\npackage app\nspace: 1\nname: 2",
		"resources: {limits: 1, requests: 2}\nx: self", "image: *{tag: 1, name: 2} | {tag: 3, name: 4}", "\ufeffspace: 1\nname: 2", "space: 1\r\nname: 2\r",
	} {
		f.Add([]byte(text))
	}
	s := newSchema(f)
	ref := s.Ref("#App")
	f.Fuzz(func(t *testing.T, data []byte) {
		got, list := s.Format(ref, Source{Name: "app.cue", Data: data})
		for _, d := range list {
			checkDiagnostic(t, d, data)
		}
		before, err := parser.ParseFile("", data, parser.ParseComments)
		if (err != nil) != (len(list) > 0) || (got == nil) != (len(list) > 0) {
			t.Fatalf("%v, but %v", err, list)
		}
		if err != nil {
			return
		}
		after, err := parser.ParseFile("", got, parser.ParseComments)
		if err != nil || !outlineOf(before).equal(outlineOf(after)) {
			t.Fatalf("it is damaged: %v\n%s", err, got)
		}
		if _, ok := canonical(ref, data); ok {
			again, _ := s.Format(ref, Source{Name: "app.cue", Data: got})
			if d := cmp.Diff(string(got), string(again)); d != "" {
				t.Errorf("formatting again changes it:\n%s", d)
			}
		}
		want, wrong := s.App(Source{Name: "app.cue", Data: data}, fuzzFacts)
		now, found := s.App(Source{Name: "app.cue", Data: got}, fuzzFacts)
		if (want == nil) != (now == nil) || len(wrong) == 0 != (len(found) == 0) {
			t.Fatalf("what is wrong differs: %v\n%v\n%s", wrong, found, got)
		}
		if want != nil && len(wrong) == 0 && plainText(want.Node()) != plainText(now.Node()) {
			t.Errorf("the value differs:\n%s\n%s", plainText(want.Node()), plainText(now.Node()))
		}
	})
}

// TestFormatPlatform holds for the platforms that there are what is held for applications.
func TestFormatPlatform(t *testing.T) {
	s := newSchema(t)
	ref := s.Ref("#Platform")
	var files []string
	for _, pattern := range []string{"../regions/*/*.cue", "../golden/*/*/platform/*.cue"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 10 {
		t.Fatalf("only %d platforms", len(files))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, list := s.Format(ref, Source{Name: file, Data: data})
		again, _ := s.Format(ref, Source{Name: file, Data: got})
		if len(list) > 0 || !bytes.Equal(got, again) {
			t.Errorf("%s: %v\n%s", file, list, cmp.Diff(string(got), string(again)))
		}
		want, _ := s.Value(ref, []Source{{Name: file, Data: data}})
		now, _ := s.Value(ref, []Source{{Name: file, Data: got}})
		if d := cmp.Diff(plainText(want), plainText(now)); d != "" {
			t.Errorf("%s: the value differs:\n%s", file, d)
		}
	}
}
