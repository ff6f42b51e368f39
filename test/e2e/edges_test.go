package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/test/cluster"
)

// TestEdges holds the schema's restrictions beside the API server's. Values just inside are taken by both. A value
// just outside is refused by Meridian, and, put into the object by hand, by the API server, unless it is said why
// Meridian is stricter; then the API server has to take it, so that the reason cannot outlive its cause.
func TestEdges(t *testing.T) {
	onFirst(t, cluster.API, func(t *testing.T, c *cluster.Cluster) {
		for _, e := range edges {
			t.Run(e.leaf+" of "+e.field, func(t *testing.T) { e.test(t, c) })
		}
	})
}

// TestEdgesCover holds that every leaf type of the schema that a field of an application has is in the table, or has
// a reason not to be.
func TestEdgesCover(t *testing.T) {
	var covered []string
	for _, e := range edges {
		covered = append(covered, e.leaf)
	}
	for leaf := range withoutEdges {
		covered = append(covered, leaf)
	}
	slices.Sort(covered)
	if diff := cmp.Diff(leaves(t), slices.Compact(covered)); diff != "" {
		t.Errorf("leaf types of the schema (-), and of the table (+):\n%s", diff)
	}
}

// edge is a restriction of a field.
type edge struct {
	leaf  string // the schema's type
	field string
	lines string // of app.cue, with %s for the value
	in    []any  // values that both take
	out   []any  // values that both refuse
	kind  string // of the object that the value ends up in
	at    string // where in it: fields and indices, separated by blanks; a last "*" stands for the key itself

	// stricter are values that Meridian refuses and the API server takes, and why.
	stricter map[string][]any
}

func (e edge) test(t *testing.T, c *cluster.Cluster) {
	var target []byte
	for _, value := range e.in {
		objects := compile(t, demo(t), "app.cue", []byte(e.app(t, value)), noFiles)
		prepare(t, c, objects)
		for _, o := range objects {
			check(t, c, fmt.Sprintf("%.60q", value), o.data)
			pod := podOf(t, o)
			if pod != nil {
				check(t, c, fmt.Sprintf("%.60q: its pod", value), pod)
			}
			switch {
			case o.GetKind() == e.kind:
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

// app is an application with a value.
func (e edge) app(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value) // which is CUE
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{strings.ReplaceAll(e.lines, "%s", string(text))}
	for _, line := range strings.Split(strings.TrimSpace(app("edge", "ports: web: 8080")), "\n") {
		field, _, _ := strings.Cut(line, ":")
		if field == "package app" || field == "" || strings.Contains("\n"+lines[0], "\n"+field+":") {
			continue
		}
		lines = append(lines, line)
	}
	return "package app\n" + strings.Join(lines, "\n") + "\n"
}

// refused holds that Meridian refuses a value with a diagnostic.
func (e edge) refused(t *testing.T, value any) {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	c := demo(t)
	app, list := s.App(schema.Source{Name: "app.cue", Data: []byte(e.app(t, value))}, c.Platform().Facts())
	if app != nil {
		files := map[string][]byte{}
		for _, wanted := range app.Beside() {
			files[wanted.Path] = nil
		}
		_, found, err := c.Compile(app, files)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found...)
	}
	if !diag.HasErrors(list) {
		t.Errorf("Meridian takes %.80q", fmt.Sprint(value))
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
	changed, err := yaml.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// set sets what a path leads to. The parent has to be there.
func set(o any, path []string, value any) error {
	switch parent := o.(type) {
	case map[string]any:
		switch {
		case path[0] == "*":
			parent[value.(string)] = "x"
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

// leaves are the leaf types that an application's fields have, sorted.
func leaves(t *testing.T) []string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var names []string
	var walk func(r *schema.Ref)
	walk = func(r *schema.Ref) {
		if r == nil {
			return
		}
		walk(r.Elem)
		for _, form := range r.Union {
			walk(form)
		}
		if r.Key != nil {
			walk(&schema.Ref{Type: r.Key})
		}
		if r.Type == nil || seen[r.Type.Name] || r.Type.Any {
			return
		}
		seen[r.Type.Name] = true
		if r.Type.Leaf() {
			names = append(names, r.Type.Name)
		}
		for _, field := range r.Type.Fields {
			walk(field.Type)
		}
	}
	walk(s.Ref("#App"))
	slices.Sort(names)
	return names
}
