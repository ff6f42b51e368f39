package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/test/cluster"
)

// TestEdges holds the schema's restrictions beside the API server's. Values just inside are taken by both. A value
// just outside is refused by Meridian, at its field and for what it is, and, put into the object by hand, by the API
// server, unless it is said why Meridian is stricter; then the API server has to take it, so that the reason cannot
// outlive its cause.
func TestEdges(t *testing.T) {
	onEach(t, cluster.API, func(t *testing.T, c *cluster.Cluster) {
		definitions(t, c)
		for _, e := range edges() {
			t.Run(e.path, func(t *testing.T) { e.test(t, c) })
		}
	})
}

// TestEdgesRefused holds Meridian's half of the table without an API server: what is inside compiles, what is outside is
// refused at its field and for what it is.
func TestEdgesRefused(t *testing.T) {
	for _, e := range edges() {
		t.Run(e.path, func(t *testing.T) {
			for _, value := range e.in {
				e.objects(t, value)
			}
			for _, value := range slices.Concat(append(slices.Collect(maps.Values(e.stricter)), e.out, e.late)...) {
				e.refused(t, value)
			}
		})
	}
}

// TestEdgesCover holds that every field of an application and of the platform is in the table, or is said to be tried
// with another one of its type, or has a reason not to be.
func TestEdgesCover(t *testing.T) {
	all, used := leaves(t), map[string]bool{}
	rows := map[string]bool{}
	for _, e := range edges() {
		if rows[e.path] = true; all[e.path] == nil {
			t.Errorf("the schema has no field %s (any more)", e.path)
		}
	}
	for path, leaf := range all {
		from, excused := above(path, withoutEdges)
		byType := withoutEdges[leaf.Name] != ""
		if rows[path] || excused || byType {
			used[from] = used[from] || !rows[path]
			used[leaf.Name] = used[leaf.Name] || byType
			continue
		}
		row := path
		for range len(asElsewhere) {
			from, found := above(row, asElsewhere)
			if !found || rows[row] {
				break
			}
			used[from] = true
			row = asElsewhere[from] + strings.TrimPrefix(row, from)
		}
		switch {
		case !rows[row]:
			t.Errorf("no row tries %s, which is %s (looked for %s)", path, leaf.Name, row)
		case all[row].Name != leaf.Name:
			t.Errorf("%s is %s, and %s, whose row is to try it, %s", path, leaf.Name, row, all[row].Name)
		}
	}
	for _, table := range []map[string]string{withoutEdges, asElsewhere} {
		for from := range table {
			if !used[from] {
				t.Errorf("nothing needs %s any more", from)
			}
		}
	}
}

// above returns the entry of a table that a path is, or is below.
func above(path string, table map[string]string) (string, bool) {
	best, found := "", false
	for from := range table {
		rest, ok := strings.CutPrefix(path, from)
		if ok && (rest == "" || strings.ContainsAny(rest[:1], ".[{")) && len(from) > len(best) {
			best, found = from, true
		}
	}
	return best, found
}

// edge is a restriction of a field.
type edge struct {
	path  string // of the field in the schema, see [leaves]
	lines string // of app.cue, or of platform.cue if the path begins with "platform.", with %s for the value
	with  string // beside lines of platform.cue: more of app.cue
	in    []any  // values that both take
	out   []any  // values that both refuse
	kind  string // of the object that the value ends up in, with /name where there are several
	at    string // where in it: fields and indices, separated by blanks; a last "*" stands for the key itself

	// code is what Meridian says where it is not a rule of the field's type that is broken.
	code diag.Code

	// stricter are values that Meridian refuses and the API server takes, and why.
	stricter map[string][]any

	// late are values that both refuse, but API servers only from some version on.
	late []any
}

func (e edge) test(t *testing.T, c *cluster.Cluster) {
	var target []byte
	kind, name, _ := strings.Cut(e.kind, "/")
	for _, value := range e.in {
		objects := e.objects(t, value)
		prepare(t, c, objects)
		for _, o := range objects {
			check(t, c, fmt.Sprintf("%.60q", value), o.data)
			pod := podOf(t, o)
			if pod != nil {
				check(t, c, fmt.Sprintf("%.60q: its pod", value), pod)
			}
			switch {
			case o.GetKind() == kind && (name == "" || o.GetName() == name):
				target = o.data
			case e.kind == "Pod" && pod != nil:
				target = pod
			}
		}
	}
	if target == nil {
		t.Fatalf("no %s is made of it", e.kind)
	}
	for _, value := range e.out {
		e.refused(t, value)
		if err := e.sent(t, c, target, value); !judged(err) {
			t.Errorf("the API server does not refuse %.80q: %v", fmt.Sprint(value), err)
		}
	}
	for _, value := range e.late {
		e.refused(t, value)
		if err := e.sent(t, c, target, value); err != nil && !judged(err) {
			t.Errorf("the API server neither takes nor refuses %.80q: %v", fmt.Sprint(value), err)
		}
	}
	for reason, values := range e.stricter {
		for _, value := range values {
			e.refused(t, value)
			if err := e.sent(t, c, target, value); err != nil {
				t.Errorf("the API server refuses %.80q, too, so that this is no reason: %s\n%v", fmt.Sprint(value), reason, err)
			}
		}
	}
}

// sent gives the API server an object with a value that Meridian would not write.
func (e edge) sent(t *testing.T, c *cluster.Cluster, object []byte, value any) error {
	t.Helper()
	_, err := c.Admin.Apply(t.Context(), put(t, object, e.at, value), true)
	return err
}

// judged reports whether an object was refused for what it says: not read, not valid, or not admitted by Pod Security.
func judged(err error) bool {
	var refusal *cluster.Refusal
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Code {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return true
	}
	return strings.Contains(refusal.Message, "violates PodSecurity") ||
		strings.Contains(refusal.Message, "failed to convert new object") // what is no quantity is told with 500
}

// ofPlatform reports whether the field is one of the platform's.
func (e edge) ofPlatform() bool { return strings.HasPrefix(e.path, "platform.") }

// source is app.cue, or platform.cue, with a value; it stands in the second line.
func (e edge) source(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value) // which is CUE
	if err != nil {
		t.Fatal(err)
	}
	rest, name := app("edge", "ports: web: 8080"), "app"
	if e.ofPlatform() {
		rest, name = smallPlatform, "platform"
	}
	lines := []string{strings.ReplaceAll(e.lines, "%s", string(text))}
	for _, line := range strings.Split(strings.TrimSpace(rest), "\n") {
		field, _, _ := strings.Cut(line, ":")
		if field == "package "+name || field == "" || strings.Contains("\n"+lines[0], "\n"+field+":") {
			continue
		}
		lines = append(lines, line)
	}
	return "package " + name + "\n" + strings.Join(lines, "\n") + "\n"
}

// smallPlatform is what a row of the platform adds its lines to.
const smallPlatform = `package platform
org: "myorg"
projects: ["myorg"]
domains: "mydomain.com": {}
spaces: web: only: ["` + region + `"]
sync: repository: "https://git.mydomain.com/gitops.git"
`

// made is what becomes of a value: all objects of an application, and of the edge that leads to it; for a field of the
// platform of its spaces and of bootstrap as well. And what Meridian has against it.
func (e edge) made(t *testing.T, value any) ([]object, []diag.Diagnostic) {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	var platform []schema.Source
	text := e.source(t, value)
	if e.ofPlatform() {
		platform = []schema.Source{{Name: "platform.cue", Data: []byte(text)}}
		text = app("edge", "ports: web: 8080", e.with)
	}
	p, list, err := regions.Load(s, platform)
	if err != nil || p == nil {
		return nil, list
	}
	c := compiler.New(s, p)
	a, found := s.App(schema.Source{Name: "app.cue", Data: []byte(text)}, p.Facts())
	if list = append(list, found...); a == nil {
		return nil, list
	}
	files := map[string][]byte{}
	for _, wanted := range a.Beside() {
		files[wanted.Path] = nil
	}
	result, found, err := c.Compile(a, files)
	if err != nil {
		t.Fatal(err)
	}
	if list = append(list, found...); diag.HasErrors(list) {
		return nil, list
	}
	var objects []object
	add := func(path string, data []byte) {
		o, err := read(path, data)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	for _, output := range result.Outputs {
		for path, data := range output.Files.Files() {
			add(path, data)
		}
	}
	edge, err := compiler.Edge(p.Region(region), result.Product().Claims()) // of the one region that it is in
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range edge {
		add(file.Path, file.Data)
	}
	if !e.ofPlatform() {
		return objects, list
	}
	spaces, err := c.Spaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, space := range spaces {
		add("sync", space.Sync)
		for _, tree := range []manifest.Tree{space.Files, space.Tenant} {
			for path, data := range tree.Files() {
				add(path, data)
			}
		}
	}
	bootstrap, found, err := c.Bootstrap(region)
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range bootstrap.Files.Files() {
		add(path, data)
	}
	return objects, append(list, found...)
}

// objects are what becomes of a value that Meridian takes.
func (e edge) objects(t *testing.T, value any) []object {
	t.Helper()
	objects, list := e.made(t, value)
	if diag.HasErrors(list) || len(objects) == 0 {
		t.Fatalf("Meridian does not take %.80q: %v", fmt.Sprint(value), list)
	}
	return objects
}

// refused holds that Meridian refuses a value: where it stands, as a value of its field, and for what it is.
func (e edge) refused(t *testing.T, value any) {
	t.Helper()
	_, list := e.made(t, value)
	code, path := e.code, place(e.path)
	if leaf := leaves(t)[e.path]; code == "" && leaf != nil {
		switch code = diag.BadValue; {
		case strings.HasSuffix(e.path, "{}"):
			code = diag.BadName
		case len(leaf.Enum) > 0:
			code = diag.NotInEnum
		}
	}
	if !slices.ContainsFunc(list, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && d.Code == code && d.Pos.Line == 2 && path.MatchString(d.Path)
	}) {
		t.Errorf("Meridian does not refuse %.80q as %s of %s, but says %v", fmt.Sprint(value), code, e.path, list)
	}
}

// place matches the paths that diagnostics give a field of the schema.
func place(path string) *regexp.Regexp {
	const key, index = `\.("(\\.|[^"\\])*"|[^."\[]+)`, `(\[\d+\]|\.\d+)`
	var b strings.Builder
	for i, name := range strings.Split(strings.TrimPrefix(path, "platform."), ".") {
		bare := strings.TrimRight(name, "[]{}")
		switch {
		case bare == "*":
			b.WriteString(key)
		case i == 0:
			b.WriteString(`"?` + bare + `"?`)
		default:
			b.WriteString(`\."?` + bare + `"?`)
		}
		b.WriteString(strings.NewReplacer("[]", index, "{}", key).Replace(name[len(bare):]))
	}
	return regexp.MustCompile("^" + b.String() + "$")
}

// TestPlace holds that a field's place is that field's alone.
func TestPlace(t *testing.T) {
	for _, test := range []struct {
		path, told string
		right      bool
	}{
		{"image", "image", true}, {"image", "image.name", false}, {"image.name", "image", false},
		{"env{}", "env.A", true}, {"env{}", `env."A.\"B"`, true}, {"env{}", "env.A.value", false}, {"env{}", `env.""`, true},
		{"http.*.paths[].path", "http.public.paths[0].path", true}, {"http.*.paths[]", "http.public.paths[0].path", false},
		{"resources.limits.ephemeral-storage", `resources.limits."ephemeral-storage"`, true},
		{"platform.sync.name", "sync.name", true}, {"platform.sync.name", "sync.namespace", false},
	} {
		if got := place(test.path).MatchString(test.told); got != test.right {
			t.Errorf("%s as %s: %t", test.told, test.path, got)
		}
	}
}

func noFiles(string) ([]byte, error) { return nil, nil }

// put writes a value into an object.
func put(t *testing.T, data []byte, at string, value any) []byte {
	t.Helper()
	var o any
	if err := yaml.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	if err := set(o, strings.Fields(at), value); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var changed strings.Builder // of ASCII alone: readers of YAML want control characters escaped
	for _, r := range string(text) {
		if r < 0x7f {
			changed.WriteRune(r)
			continue
		}
		fmt.Fprintf(&changed, `\u%04x`, r)
	}
	return []byte(changed.String())
}

// set sets what a path leads to. The parent has to be there.
func set(o any, path []string, value any) error {
	switch parent := o.(type) {
	case map[string]any:
		switch {
		case path[0] == "*":
			parent[fmt.Sprint(value)] = "x"
			return nil
		case len(path) == 1:
			parent[path[0]] = value
			return nil
		case parent[path[0]] == nil:
			return fmt.Errorf("there is no %s", path[0])
		}
		return set(parent[path[0]], path[1:], value)
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(parent) {
			return fmt.Errorf("there is no item %s", path[0])
		}
		if len(path) == 1 {
			parent[i] = value
			return nil
		}
		return set(parent[i], path[1:], value)
	}
	return fmt.Errorf("%s leads nowhere", path[0])
}

// leaves are the types of all fields that have no fields of their own, by their paths: of an application, and behind
// "platform." of a platform. A "*" stands for any key of a map, "{}" behind its name for the key itself, "[]" for an item.
func leaves(t *testing.T) map[string]*schema.Type {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*schema.Type{}
	var walk func(path string, r *schema.Ref)
	walk = func(path string, r *schema.Ref) {
		switch {
		case r.Partial: // an override has the fields of an application again
		case r.Key != nil:
			found[path+"{}"] = r.Key
			walk(path+".*", r.Elem)
		case r.Elem != nil:
			walk(path+"[]", r.Elem)
		case len(r.Union) > 0:
			for _, form := range r.Union {
				walk(path, form)
			}
		case r.Type.Any:
		case r.Type.Leaf():
			found[path] = r.Type
		default:
			for _, field := range r.Type.Fields {
				walk(strings.TrimPrefix(path+"."+field.Name, "."), field.Type)
			}
		}
	}
	walk("", s.Ref("#App"))
	walk("platform", s.Ref("#Platform"))
	return found
}
