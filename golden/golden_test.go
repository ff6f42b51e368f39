package golden_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/meridian-gitops/meridian/golden"
	"github.com/meridian-gitops/meridian/manifest"
)

// tree makes a tree of path, content, path, content …
func tree(t testing.TB, pairs ...string) manifest.Tree {
	t.Helper()
	var files []manifest.File
	for i := 0; i < len(pairs); i += 2 {
		files = append(files, manifest.File{Path: pairs[i], Data: []byte(pairs[i+1])})
	}
	made, err := manifest.NewTree(files)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app1
spec:
  replicas: 2
`

func TestCompare(t *testing.T) {
	type file struct {
		Path   string
		Op     golden.Op
		Object string
		Fields []golden.Field
	}
	changed := strings.Replace(deployment, "2", "3", 1)
	tests := []struct {
		name     string
		old, new []string
		want     []file
	}{
		{name: "both empty"},
		{name: "equal", old: []string{"a.yaml", deployment}, new: []string{"a.yaml", deployment}},
		{name: "added", new: []string{"a.yaml", deployment}, want: []file{{"a.yaml", golden.Added, "Deployment app1", nil}}},
		{name: "removed", old: []string{"a.yaml", deployment}, want: []file{{"a.yaml", golden.Removed, "Deployment app1", nil}}},
		{
			name: "changed", old: []string{"a.yaml", deployment}, new: []string{"a.yaml", changed},
			want: []file{{"a.yaml", golden.Changed, "Deployment app1", []golden.Field{{Path: "spec.replicas", Old: "2", New: "3"}}}},
		},
		{
			name: "moved to another path", old: []string{"b.yaml", deployment}, new: []string{"a.yaml", deployment},
			want: []file{{"a.yaml", golden.Added, "Deployment app1", nil}, {"b.yaml", golden.Removed, "Deployment app1", nil}},
		},
		{
			name: "sorted by path", old: []string{"c", "1\n", "a", "1\n"}, new: []string{"b", "1\n", "c", "2\n"},
			want: []file{{"a", golden.Removed, "", nil}, {"b", golden.Added, "", nil}, {"c", golden.Changed, "", nil}},
		},
		{
			name: "same value in other bytes", old: []string{"a.yaml", "kind: A\n"}, new: []string{"a.yaml", "kind: \"A\"\n"},
			want: []file{{"a.yaml", golden.Changed, "A", nil}},
		},
		{
			name: "no YAML", old: []string{"a.yaml", "a: [\n"}, new: []string{"a.yaml", "a: [1\n"},
			want: []file{{"a.yaml", golden.Changed, "", nil}},
		},
		{
			name: "emptied", old: []string{"a.yaml", deployment}, new: []string{"a.yaml", ""},
			want: []file{{"a.yaml", golden.Changed, "Deployment app1", nil}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []file
			for _, f := range golden.Compare(tree(t, test.old...), tree(t, test.new...)) {
				if f.Unified == "" {
					t.Errorf("%s has no unified diff", f.Path)
				}
				got = append(got, file{f.Path, f.Op, f.Object, f.Fields})
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFields(t *testing.T) {
	tests := []struct {
		name     string
		old, new string
		want     []golden.Field
	}{
		{"equal", "a: {b: [1, 2]}", "a: {b: [1, 2]}", nil},
		{"scalar", "a: {b: 1}", "a: {b: 2}", []golden.Field{{Path: "a.b", Old: "1", New: "2"}}},
		{"another type", "a: 1", `a: "1"`, []golden.Field{{Path: "a", Old: "1", New: `"1"`}}},
		{"added", "a: 1", "{a: 1, b: {c: x}}", []golden.Field{{Path: "b", New: "{c: x}"}}},
		{"removed", "{a: 1, b: [x, z]}", "a: 1", []golden.Field{{Path: "b", Old: "[x, z]"}}},
		{"key with dots", "a: {mydomain.com/x: 1}", "a: {mydomain.com/x: 2}", []golden.Field{{Path: `a["mydomain.com/x"]`, Old: "1", New: "2"}}},
		{
			"inserted item of a named list", "c: [{name: b, x: 1}, {name: c, x: 1}]", "c: [{name: a, x: 1}, {name: b, x: 1}, {name: c, x: 2}]",
			[]golden.Field{{Path: "c[a]", New: "{name: a, x: 1}"}, {Path: "c[c].x", Old: "1", New: "2"}},
		},
		{
			"mounts are named by their path", "m: [{mountPath: /a, name: v, subPath: a}, {mountPath: /b, name: v, subPath: b}]", "m: [{mountPath: /b, name: v, subPath: c}]",
			[]golden.Field{{Path: "m[/a]", Old: "{mountPath: /a, name: v, subPath: a}"}, {Path: "m[/b].subPath", Old: "b", New: "c"}},
		},
		{"item of a list without names", "a: [1, 2, 3]", "a: [1, 9, 3]", []golden.Field{{Path: "a[1]", Old: "2", New: "9"}}},
		{"names that are not unique", "a: [{name: x, y: 1}, {name: x, y: 2}]", "a: [{name: x, y: 1}, {name: x, y: 3}]", []golden.Field{{Path: "a[1].y", Old: "2", New: "3"}}},
		{"nested", "a: [{name: x, e: [{name: P, value: v}]}]", "a: [{name: x, e: [{name: P, value: w}]}]", []golden.Field{{Path: "a[x].e[P].value", Old: "v", New: "w"}}},
		{"empty string", `a: x`, `a: ""`, []golden.Field{{Path: "a", Old: "x", New: `""`}}},
		{"lines", `a: x`, "a: |\n  x\n  y\n", []golden.Field{{Path: "a", Old: "x", New: `"x\ny\n"`}}},
		{"whole value", "[1]", "x: 1", []golden.Field{{Path: "", Old: "[1]", New: "{x: 1}"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, golden.Fields(decode(t, test.old), decode(t, test.new))); d != "" {
				t.Error(d)
			}
		})
	}
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSummary(t *testing.T) {
	old := tree(t, "d.yaml", deployment, "gone.yaml", "kind: Service\nmetadata: {name: app1}\n", "note.txt", "one\n")
	new := tree(t, "d.yaml", strings.Replace(deployment, "  replicas: 2\n", "  paused: true\n", 1), "new.yaml", "kind: Ingress\nmetadata: {name: app1}\n", "note.txt", "two\n")
	want := `changed d.yaml (Deployment app1)
  + spec.paused: true
  - spec.replicas: 2
removed gone.yaml (Service app1)
added new.yaml (Ingress app1)
changed note.txt
`
	if d := cmp.Diff(want, golden.Compare(old, new).Summary()); d != "" {
		t.Error(d)
	}
	if got := golden.Compare(old, old).Summary(); got != "" {
		t.Errorf("summary of equal trees is %q", got)
	}
}

func TestUnified(t *testing.T) {
	old := tree(t, "a.yaml", "a: 1\nb: 2\n", "b.yaml", "x\n")
	new := tree(t, "a.yaml", "a: 1\nb: 3\n", "c.yaml", "y\n")
	want := `diff a/a.yaml b/a.yaml
--- a/a.yaml
+++ b/a.yaml
@@ -1,2 +1,2 @@
 a: 1
-b: 2
+b: 3
diff a/b.yaml b/b.yaml
--- a/b.yaml
+++ b/b.yaml
@@ -1,1 +0,0 @@
-x
diff a/c.yaml b/c.yaml
--- a/c.yaml
+++ b/c.yaml
@@ -0,0 +1,1 @@
+y
`
	if d := cmp.Diff(want, golden.Compare(old, new).Unified()); d != "" {
		t.Error(d)
	}
}

func ExampleCompare() {
	was, _ := manifest.NewTree([]manifest.File{{Path: "deployment.yaml", Data: []byte("kind: Deployment\nmetadata: {name: app1}\nspec: {replicas: 2}\n")}})
	is, _ := manifest.NewTree([]manifest.File{{Path: "deployment.yaml", Data: []byte("kind: Deployment\nmetadata: {name: app1}\nspec: {replicas: 3}\n")}})
	fmt.Print(golden.Compare(was, is).Summary())
	// Output:
	// changed deployment.yaml (Deployment app1)
	//   ~ spec.replicas: 2 -> 3
}
