// Package golden compares trees of manifests (S21): golden files with what is compiled, a folder or the GitOps
// repository with what would be published.
//
// In: two [manifest.Tree] values. Out: a [Diff]: files that are missing, that are too many, and that changed, each
// with a unified diff and, for manifests, the fields that differ. It reads and writes no file.
package golden

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/diff"
	"gopkg.in/yaml.v3"

	"github.com/meridian-gitops/meridian/manifest"
)

// Op says how a file differs.
type Op string

// The ways in which a file differs.
const (
	Added   Op = "added"   // only in what is new
	Removed Op = "removed" // only in what was there
	Changed Op = "changed"
)

// File is a file that differs.
type File struct {
	Path    string
	Op      Op
	Object  string  // kind and name of the object in it; empty when it is none
	Fields  []Field // of a changed object, sorted by path
	Unified string  // a unified diff
}

// Field is a field of an object that differs. An absent value is empty.
type Field struct {
	Path string `json:"path"` // spec.template.spec.containers[app1].image
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Diff is what differs between two trees, sorted by path. An empty Diff means that they are equal.
type Diff []File

// Compare compares what was there with what is new.
func Compare(old, new manifest.Tree) Diff {
	var d Diff
	for path, data := range old.Files() {
		other, ok := new.Get(path)
		switch {
		case !ok:
			d = append(d, file(path, Removed, data, nil))
		case !bytes.Equal(data, other):
			d = append(d, file(path, Changed, data, other))
		}
	}
	for path, data := range new.Files() {
		if _, ok := old.Get(path); !ok {
			d = append(d, file(path, Added, nil, data))
		}
	}
	slices.SortFunc(d, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return d
}

func file(path string, op Op, old, new []byte) File {
	f := File{Path: path, Op: op, Unified: string(diff.Diff("a/"+path, old, "b/"+path, new))}
	before, after := decode(old), decode(new)
	f.Object = cmp.Or(objectName(after), objectName(before))
	if op == Changed && objectName(before) != "" && objectName(after) != "" {
		f.Fields = Fields(*before, *after)
	}
	return f
}

// decode reads a manifest; nil when it is none.
func decode(data []byte) *any {
	var value any
	if len(data) == 0 || yaml.Unmarshal(data, &value) != nil {
		return nil
	}
	return &value
}

func objectName(value *any) string {
	if value == nil {
		return ""
	}
	object, _ := (*value).(map[string]any)
	metadata, _ := object["metadata"].(map[string]any)
	kind, ok := object["kind"].(string)
	if !ok {
		return ""
	}
	name, _ := metadata["name"].(string)
	return strings.TrimSpace(kind + " " + name)
}

// Fields returns the fields in which two decoded YAML values differ, sorted by path.
func Fields(old, new any) []Field {
	r := &reporter{}
	old, new = differing(named(old), named(new))
	gocmp.Equal(old, new, gocmp.Reporter(r))
	slices.SortFunc(r.fields, func(a, b Field) int { return strings.Compare(a.Path, b.Path) })
	return r.fields
}

// differing leaves out of maps what is equal, so that the rest is quickly compared.
func differing(old, new any) (any, any) {
	switch a := old.(type) {
	case map[string]any:
		if b, ok := new.(map[string]any); ok {
			a, b = differingKeys(a, b)
			return a, b
		}
	case list:
		if b, ok := new.(list); ok {
			a, b := differingKeys(a, b)
			return list(a), list(b)
		}
	}
	return old, new
}

func differingKeys(a, b map[string]any) (map[string]any, map[string]any) {
	a, b = maps.Clone(a), maps.Clone(b)
	for key, was := range a {
		will, both := b[key]
		switch {
		case both && reflect.DeepEqual(was, will):
			delete(a, key)
			delete(b, key)
		case both:
			a[key], b[key] = differing(was, will)
		}
	}
	return a, b
}

// list is a list whose items have names: containers, ports, variables. It is compared by name, so that an inserted
// item does not make every later one differ.
type list map[string]any

// named turns lists of named items into lists, at every depth.
func named(value any) any {
	switch v := value.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = named(item)
		}
		return m
	case []any:
		byName := list{}
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = named(item)
			if name := itemName(item); name != "" {
				byName[name] = items[i]
			}
		}
		if len(byName) == len(v) && len(v) > 0 {
			return byName
		}
		return items
	}
	return value
}

func itemName(item any) string {
	m, ok := item.(map[string]any)
	if !ok {
		return ""
	}
	for _, key := range []string{"mountPath", "name"} { // a volume may be mounted several times
		if name, ok := m[key].(string); ok {
			return name
		}
	}
	return ""
}

// reporter collects the leaves that go-cmp finds different.
type reporter struct {
	path   gocmp.Path
	fields []Field
}

func (r *reporter) PushStep(step gocmp.PathStep) { r.path = append(r.path, step) }
func (r *reporter) PopStep()                     { r.path = r.path[:len(r.path)-1] }

func (r *reporter) Report(result gocmp.Result) {
	if result.Equal() {
		return
	}
	old, new := r.path.Last().Values()
	r.fields = append(r.fields, Field{pathText(r.path), text(old), text(new)})
}

func pathText(path gocmp.Path) string {
	var b strings.Builder
	inList := false
	for _, step := range path {
		switch s := step.(type) {
		case gocmp.MapIndex:
			key := s.Key().String()
			switch {
			case inList:
				fmt.Fprintf(&b, "[%s]", key)
			case strings.ContainsAny(key, "./"):
				fmt.Fprintf(&b, "[%q]", key)
			case b.Len() > 0:
				b.WriteString("." + key)
			default:
				b.WriteString(key)
			}
			inList = false
		case gocmp.SliceIndex:
			old, new := s.SplitKeys()
			fmt.Fprintf(&b, "[%d]", max(old, new))
		case gocmp.TypeAssertion:
			inList = s.Type() == reflect.TypeFor[list]()
		}
	}
	return b.String()
}

// text prints a value on one line.
func text(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	switch value := v.Interface().(type) {
	case string:
		var read any
		if value == "" || strings.ContainsAny(value, "\n\t") || len(value) > 120 || yaml.Unmarshal([]byte(value), &read) != nil || read != any(value) {
			return strconv.Quote(value[:min(len(value), 120)])
		}
		return value
	case map[string]any, list, []any:
		node := yaml.Node{}
		if err := node.Encode(value); err != nil {
			return fmt.Sprint(value)
		}
		flow(&node)
		data, err := yaml.Marshal(&node)
		if err != nil {
			return fmt.Sprint(value)
		}
		return strings.Join(strings.Fields(string(data)), " ")
	default:
		return fmt.Sprint(value)
	}
}

func flow(n *yaml.Node) {
	n.Style = yaml.FlowStyle
	for _, child := range n.Content {
		if child.Kind != yaml.ScalarNode {
			flow(child)
		}
	}
}

// Summary prints what differs object by object, one line a field.
func (d Diff) Summary() string {
	var b strings.Builder
	for _, f := range d {
		name := f.Path
		if f.Object != "" {
			name += " (" + f.Object + ")"
		}
		fmt.Fprintf(&b, "%s %s\n", f.Op, name)
		for _, field := range f.Fields {
			switch {
			case field.Old == "":
				fmt.Fprintf(&b, "  + %s: %s\n", field.Path, field.New)
			case field.New == "":
				fmt.Fprintf(&b, "  - %s: %s\n", field.Path, field.Old)
			default:
				fmt.Fprintf(&b, "  ~ %s: %s -> %s\n", field.Path, field.Old, field.New)
			}
		}
	}
	return b.String()
}

// Unified prints all unified diffs.
func (d Diff) Unified() string {
	var b strings.Builder
	for _, f := range d {
		b.WriteString(f.Unified)
	}
	return b.String()
}
