package change

import (
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meridian-gitops/meridian/golden"
)

// side is an application's files in one region as they were, or as they will be. Each is decoded when it is first
// asked for.
type side struct {
	files map[string][]byte
	memo  *memo
	names bool // ports are told apart by their names: what these stand for is the same on both sides
}

// memo remembers what the regions of an application have in common.
type memo struct {
	objects map[string]map[string]any    // decoded, by content
	fields  map[[2]string][]golden.Field // that differ, by both contents
}

func newMemo() *memo { return &memo{map[string]map[string]any{}, map[[2]string][]golden.Field{}} }

// differing returns the fields in which two contents differ.
func (m *memo) differing(old, new []byte) []golden.Field {
	key := [2]string{string(old), string(new)}
	fields, ok := m.fields[key]
	if !ok {
		fields = golden.Fields(anyOf(m.decode(old)), anyOf(m.decode(new)))
		m.fields[key] = fields
	}
	return fields
}

// decode reads an object; nil when there is none.
func (m *memo) decode(data []byte) map[string]any {
	object, ok := m.objects[string(data)]
	if !ok {
		if yaml.Unmarshal(data, &object) != nil {
			object = nil
		}
		m.objects[string(data)] = object
	}
	return object
}

// anyOf keeps a missing object from becoming a map that is nil.
func anyOf(object map[string]any) any {
	if object == nil {
		return nil
	}
	return object
}

func (s *side) has(file string) bool { _, ok := s.files[file]; return ok }

// sorted returns the files' names, sorted.
func (s *side) sorted() []string { return slices.Sorted(maps.Keys(s.files)) }

// object decodes a file; nil when there is none, or when it holds no object.
func (s *side) object(file string) map[string]any { return s.memo.decode(s.files[file]) }

// named returns a file's object by kind and name, or by the file's name when it holds none.
func (s *side) named(file string) Object {
	object := s.object(file)
	kind, _ := object["kind"].(string)
	name, _ := at(object, "metadata", "name").(string)
	if kind == "" {
		return Object{"File", file}
	}
	return Object{kind, name}
}

// count returns how many files there are of a kind in lower case.
func (s *side) count(kind string) int {
	n := 0
	for file := range s.files {
		if strings.HasPrefix(file, kind) {
			n++
		}
	}
	return n
}

// kind returns the objects of a kind in order of their files. Files are named for the kind of their objects, so that
// no other is decoded.
func (s *side) kind(kind string) []map[string]any {
	var list []map[string]any
	for _, file := range s.sorted() {
		if !strings.HasPrefix(file, strings.ToLower(kind)) {
			continue
		}
		if object := s.object(file); object["kind"] == kind {
			list = append(list, object)
		}
	}
	return list
}

// as turns a decoded object into its type; ok is false when it does not fit. A nil object is the empty one.
func as[T any](object map[string]any) (value T, ok bool) {
	if object == nil {
		return value, true
	}
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, &value)
	return value, err == nil
}

// at walks maps down to a value; nil when there is none.
func at(object map[string]any, path ...string) any {
	var value any = object
	for _, key := range path {
		m, _ := value.(map[string]any)
		value = m[key]
	}
	return value
}
