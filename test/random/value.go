package random

import (
	"slices"
	"strconv"
)

// kind is the kind of a [value].
type kind int

const (
	null kind = iota
	boolean
	number
	text
	expression // CUE that is evaluated in each region
	list
	structure
)

// value is a part of an app.cue. Values are never changed once an application holds them.
type value struct {
	kind   kind
	text   string // of a boolean, a number, a text, an expression
	fields []field
	items  []*value
}

type field struct {
	name  string
	value *value
}

func textOf(s string) *value          { return &value{kind: text, text: s} }
func numberOf(n int) *value           { return &value{kind: number, text: strconv.Itoa(n)} }
func booleanOf(b bool) *value         { return &value{kind: boolean, text: strconv.FormatBool(b)} }
func listOf(items ...*value) *value   { return &value{kind: list, items: items} }
func structOf(fields ...field) *value { return &value{kind: structure, fields: fields} }

func textsOf(texts []string) *value {
	items := make([]*value, len(texts))
	for i, s := range texts {
		items[i] = textOf(s)
	}
	return listOf(items...)
}

// get returns the part at a path of field names, or nil.
func (v *value) get(path ...string) *value {
	for _, name := range path {
		i := v.index(name)
		if i < 0 {
			return nil
		}
		v = v.fields[i].value
	}
	return v
}

func (v *value) index(name string) int {
	if v == nil {
		return -1
	}
	return slices.IndexFunc(v.fields, func(f field) bool { return f.name == name })
}

// names are the names of a struct's fields, in order.
func (v *value) names() []string {
	if v == nil {
		return nil
	}
	names := make([]string, len(v.fields))
	for i, f := range v.fields {
		names[i] = f.name
	}
	return names
}

// with returns a struct with a field set, in its place or at the end; nil takes it away.
func (v *value) with(name string, part *value) *value {
	changed := value{kind: structure}
	if v != nil {
		changed.fields = slices.Clone(v.fields)
	}
	switch i := changed.index(name); {
	case part == nil && i >= 0:
		changed.fields = slices.Delete(changed.fields, i, i+1)
	case part == nil:
	case i >= 0:
		changed.fields[i].value = part
	default:
		changed.fields = append(changed.fields, field{name, part})
	}
	return &changed
}

// integer is a number; 0 when there is none.
func (v *value) integer() int {
	if v == nil || v.kind != number {
		return 0
	}
	n, _ := strconv.Atoi(v.text)
	return n
}

// word is a text; empty when there is none.
func (v *value) word() string {
	if v == nil || v.kind != text {
		return ""
	}
	return v.text
}

func equal(a, b *value) bool {
	switch {
	case a == nil || b == nil:
		return a == b
	case a.kind != b.kind || a.text != b.text || len(a.fields) != len(b.fields) || len(a.items) != len(b.items):
		return false
	}
	for i := range a.items {
		if !equal(a.items[i], b.items[i]) {
			return false
		}
	}
	for _, f := range a.fields {
		if other := b.get(f.name); other == nil || !equal(f.value, other) {
			return false
		}
	}
	return true
}
