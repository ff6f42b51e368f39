package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/meridian-gitops/meridian/schema"
)

// mutation is one mistake made in a good file.
type mutation struct {
	file   string
	kind   string // what was done: delete, rename, …
	place  string // base or override
	path   string // of the field, with the user's keys
	shape  string // of the field, without them: mutations of one shape are made once
	field  *target
	lines  []int // of the mistake, in the mutated file
	text   []byte
	detail string
}

// target is a field of the file with what the schema says of it.
type target struct {
	syntax   *ast.Field
	name     string
	path     []string // from the root, with the user's keys
	parent   *schema.Type
	schema   *schema.Field // nil for an entry of a map
	key      *schema.Type  // of an entry of a map: the type of its name
	value    *schema.Ref
	siblings []*target
	braces   bool // its parent has braces of its own
	inList   bool
	above    *target // the field that holds it; nil at the top
}

// targets returns the fields of a file that hold data, in order of the file. What stands in overrides is left out:
// overrides are mutated by writing the base's fields into one.
func targets(s *schema.Schema, file string, data []byte) ([]*target, error) {
	syntax, err := parser.ParseFile(file, data, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var list []*target
	walkFields(syntax.Decls, s.Ref("#App"), &target{braces: true}, &list)
	return list, nil
}

func walkFields(decls []ast.Decl, ref *schema.Ref, above *target, list *[]*target) {
	structType, path := structOf(ref), above.path
	var siblings []*target
	for _, decl := range decls {
		field, ok := decl.(*ast.Field)
		if !ok {
			continue
		}
		name, _, err := ast.LabelName(field.Label)
		if err != nil || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#") || name == "regions" && path == nil {
			continue
		}
		t := &target{syntax: field, name: name, path: append(slices.Clone(path), name), braces: above.braces, inList: above.inList}
		if above.syntax != nil {
			t.above = above
		}
		switch {
		case structType != nil && structType.Field(name) != nil:
			t.parent, t.schema = structType, structType.Field(name)
			t.value = t.schema.Type
		case ref != nil && ref.Key != nil:
			t.key, t.value = ref.Key, ref.Elem
		default:
			continue
		}
		siblings = append(siblings, t)
		*list = append(*list, t)
		t.walkValue(field.Value, t.value, list)
	}
	for _, t := range siblings {
		t.siblings = siblings
	}
}

// walkValue goes into structs, and into the structs of lists.
func (t *target) walkValue(value ast.Expr, ref *schema.Ref, list *[]*target) {
	if isAny(ref) {
		return
	}
	inside := *t
	switch inner := value.(type) {
	case *ast.StructLit:
		inside.braces = inner.Lbrace.IsValid()
		walkFields(inner.Elts, ref, &inside, list)
	case *ast.ListLit:
		elem := listOf(ref)
		if elem == nil {
			return
		}
		inside.inList = true
		for _, item := range inner.Elts {
			if _, ok := item.(*ast.StructLit); ok {
				inside.walkValue(item, elem, list)
			}
		}
	}
}

// listOf returns what the items of a list are, if a reference admits a list.
func listOf(ref *schema.Ref) *schema.Ref {
	if ref.Elem != nil && ref.Key == nil {
		return ref.Elem
	}
	for _, arm := range ref.Union {
		if elem := listOf(arm); elem != nil {
			return elem
		}
	}
	return nil
}

// structOf returns the struct type that a reference admits, or nil.
func structOf(ref *schema.Ref) *schema.Type {
	if ref == nil {
		return nil
	}
	if ref.Type != nil && !ref.Type.Leaf() {
		return ref.Type
	}
	for _, arm := range ref.Union {
		if t := structOf(arm); t != nil {
			return t
		}
	}
	return nil
}

func isAny(ref *schema.Ref) bool { return ref != nil && ref.Type != nil && ref.Type.Any }

// shape is the field's path without the user's keys.
func (t *target) shape() string {
	if t.parent != nil {
		return t.parent.Name + "." + t.name
	}
	return t.key.Name + " of " + strings.Join(t.path[:1], ".")
}

// span is where the field stands in the file, in bytes.
func (t *target) span() (from, to int) { return t.syntax.Pos().Offset(), t.syntax.End().Offset() }

func (t *target) valueSpan() (from, to int) {
	return t.syntax.Value.Pos().Offset(), t.syntax.Value.End().Offset()
}

// mutate makes every mistake that can be made with a field of a file.
func mutate(file string, data []byte, t *target) []*mutation {
	var list []*mutation
	add := func(kind, detail string, text []byte, at int) {
		line := 1 + bytes.Count(text[:min(at, len(text))], []byte("\n"))
		list = append(list, &mutation{file: file, kind: kind, place: "base", path: strings.Join(t.path, "."), shape: t.shape(), field: t, lines: []int{line}, text: text, detail: detail})
	}
	from, to := t.span()
	valueFrom, valueTo := t.valueSpan()
	add("delete", "", deleted(data, t, from, to), from)
	if typo := misspelt(t.name); typo != "" {
		labelTo := t.syntax.Label.End().Offset()
		add("rename", typo, spliced(data, from, labelTo, quoted(typo)), from)
	}
	for _, wrong := range wrongValues(t) {
		add(wrong.kind, wrong.text, spliced(data, valueFrom, valueTo, wrong.text), valueFrom)
	}
	if t.braces || len(t.path) == 1 {
		add("give twice", "", spliced(data, to, to, "\n"+string(data[from:valueFrom])+otherValue(t)), to+1)
	}
	add("bare word", "", spliced(data, valueFrom, valueTo, "nonsense"), valueFrom)
	add("drop the colon", "", spliced(data, t.syntax.Label.End().Offset(), valueFrom, " "), from)
	if next := t.next(); next != nil {
		nextFrom, nextTo := next.span()
		swapped := slices.Concat(data[:from], data[nextFrom:nextTo], data[to:nextFrom], data[from:to], data[nextTo:])
		add("reorder", "", swapped, from)
	}
	if t.parent != nil && (t.braces || len(t.path) == 1) {
		if other := alternative(t); other != "" {
			add("second alternative", other, spliced(data, from, from, other+"\n"), from)
			last := list[len(list)-1]
			last.lines = append(last.lines, last.lines[0]+1)
		}
	}
	return list
}

// next is the sibling after a field, if the two may be swapped as text.
func (t *target) next() *target {
	i := slices.Index(t.siblings, t)
	if i+1 >= len(t.siblings) || !(t.braces || len(t.path) == 1) {
		return nil
	}
	return t.siblings[i+1]
}

func deleted(data []byte, t *target, from, to int) []byte {
	if !t.braces && len(t.path) > 1 {
		return spliced(data, from, to, "{}")
	}
	if to < len(data) && data[to] == ',' {
		to++
	}
	return spliced(data, from, to, "")
}

func spliced(data []byte, from, to int, text string) []byte {
	return slices.Concat(data[:from], []byte(text), data[to:])
}

// misspelt swaps two letters in the middle of a name, or drops one: what a hurried hand does.
func misspelt(name string) string {
	if len(name) < 2 {
		return name + name
	}
	i := len(name) / 2
	if name[i-1] != name[i] && isLetter(name[i-1]) && isLetter(name[i]) {
		return name[:i-1] + string(name[i]) + string(name[i-1]) + name[i+1:]
	}
	return name[:i] + name[i+1:]
}

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

func quoted(name string) string {
	if ast.IsValidIdent(name) {
		return name
	}
	return fmt.Sprintf("%q", name)
}

type wrongValue struct{ kind, text string }

// wrongValues are values that a field should not have: of other types, and of the right type out of its range.
func wrongValues(t *target) []wrongValue {
	if isAny(t.value) {
		return nil
	}
	var list []wrongValue
	retype := func(text string) { list = append(list, wrongValue{"retype", text}) }
	accepts := kindsOf(t.value)
	for _, other := range []struct{ kind, text string }{{"string", `"three"`}, {"number", "7"}, {"bool", "true"}, {"list", `["x"]`}, {"struct", "{nonsense: 1}"}} {
		if !accepts[other.kind] {
			retype(other.text)
		}
	}
	for kind, texts := range map[string][]string{"number": {"-1", "99999999"}, "string": {`"no such thing!\u0000"`, `""`}} {
		if accepts[kind] {
			for _, text := range texts {
				list = append(list, wrongValue{"out of range", text})
			}
		}
	}
	slices.SortFunc(list, func(a, b wrongValue) int { return strings.Compare(a.kind+a.text, b.kind+b.text) })
	return append(list, wrongValue{"null", "null"})
}

// kindsOf returns the kinds of values that a reference admits.
func kindsOf(ref *schema.Ref) map[string]bool {
	kinds := map[string]bool{}
	switch {
	case ref.Partial, ref.Key != nil:
		kinds["struct"] = true
	case ref.Type != nil && !ref.Type.Leaf():
		kinds["struct"] = true
		if ref.Type.Shorthand != "" {
			for kind := range kindsOf(ref.Type.Field(ref.Type.Shorthand).Type) {
				kinds[kind] = true
			}
		}
	case ref.Type != nil:
		for _, kind := range ref.Type.Kinds() {
			kinds[kind] = true
		}
	case ref.Elem != nil:
		kinds["list"] = true
	}
	for _, arm := range ref.Union {
		for kind := range kindsOf(arm) {
			kinds[kind] = true
		}
	}
	return kinds
}

// otherValue is a value of the field's kind that is not the one it has.
func otherValue(t *target) string {
	kinds := kindsOf(t.value)
	switch {
	case kinds["number"]:
		return "23"
	case kinds["string"]:
		return `"other"`
	case kinds["bool"]:
		return "!true & !false"
	case kinds["list"]:
		return `["other"]`
	}
	return "{}"
}

// alternative writes a field that excludes a given one.
func alternative(t *target) string {
	for _, group := range t.parent.OneOf {
		mine := slices.IndexFunc(group.Alternatives, func(names []string) bool { return slices.Contains(names, t.name) })
		if mine < 0 {
			continue
		}
		for i, names := range group.Alternatives {
			if i == mine {
				continue
			}
			if value := sampleOf(t.parent.Field(names[0]).Type); value != "" {
				return quoted(names[0]) + ": " + value
			}
		}
	}
	return ""
}

// sampleOf is a good value of a type, as far as alternatives need one.
func sampleOf(ref *schema.Ref) string {
	kinds := kindsOf(ref)
	switch {
	case kinds["number"]:
		return "3"
	case kinds["list"]:
		return `["true"]`
	case ref.Type != nil && ref.Type.Leaf() && kinds["string"]:
		return `"registry.mydomain.com/x:1"`
	case ref.Type != nil && ref.Type.Field("port") != nil && ref.Type.Field("path") != nil:
		return `{path: "/", port: "web"}`
	case ref.Type != nil && ref.Type.Field("port") != nil:
		return `{port: "web"}`
	case ref.Type != nil && ref.Type.Field("key") != nil:
		return `{name: "x", key: "y"}`
	}
	return ""
}
