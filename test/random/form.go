package random

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/schema"
)

// structType is the struct that a reference leads to, or nil.
func structType(ref *schema.Ref) *schema.Type {
	if ref == nil || ref.Key != nil || ref.Elem != nil {
		return nil
	}
	for _, arm := range ref.Union {
		if t := structType(arm); t != nil {
			return t
		}
	}
	if ref.Type != nil && !ref.Type.Leaf() {
		return ref.Type
	}
	return nil
}

// element is the type of a list's items; nil when it is no list.
func element(ref *schema.Ref) *schema.Ref {
	if ref == nil || ref.Key != nil {
		return nil
	}
	for _, arm := range ref.Union {
		if elem := element(arm); elem != nil {
			return elem
		}
	}
	return ref.Elem
}

// fieldOf is the type of a field of a struct, or of an entry of a map.
func fieldOf(ref *schema.Ref, name string) *schema.Ref {
	if ref != nil && ref.Key != nil {
		return ref.Elem
	}
	if t := structType(ref); t != nil && t.Field(name) != nil {
		return t.Field(name).Type
	}
	return nil
}

// long is a value without its short forms: a scalar that stands for a struct, ranges in one string.
func long(ref *schema.Ref, v *value) *value {
	switch {
	case v == nil || ref == nil:
		return v
	case v.kind == structure:
		whole := structOf()
		for _, f := range v.fields {
			whole.fields = append(whole.fields, field{f.name, long(fieldOf(ref, f.name), f.value)})
		}
		return whole
	case v.kind == list:
		whole := listOf()
		for _, item := range v.items {
			whole.items = append(whole.items, long(element(ref), item))
		}
		return whole
	}
	if t := structType(ref); t != nil && t.Shorthand != "" {
		return structOf(field{t.Shorthand, v})
	}
	if element(ref) != nil && v.kind == text {
		var items []string
		for part := range strings.SplitSeq(v.text, ",") {
			items = append(items, strings.TrimSpace(part))
		}
		return textsOf(items)
	}
	return v
}

// shortest writes some parts of a value in the short form that they may have.
func (d *drawing) shortest(ref *schema.Ref, v *value) *value {
	switch v.kind {
	case structure:
		shorter := structOf()
		for _, f := range v.fields {
			shorter.fields = append(shorter.fields, field{f.name, d.shortest(fieldOf(ref, f.name), f.value)})
		}
		return d.short(ref, shorter)
	case list:
		var items []*value
		var words []string
		for _, item := range v.items {
			items = append(items, d.shortest(element(ref), item))
			words = append(words, item.text)
		}
		if hasScalar(ref) && d.chance(2) {
			return textOf(strings.Join(words, ","))
		}
		return listOf(items...)
	}
	return v
}

// hasScalar says whether a list may be one string as well.
func hasScalar(ref *schema.Ref) bool {
	return ref != nil && slices.ContainsFunc(ref.Union, func(arm *schema.Ref) bool { return arm.Elem == nil && arm.Type.Leaf() })
}

// short is a struct as the scalar that may stand for it, half of the time.
func (d *drawing) short(ref *schema.Ref, v *value) *value {
	t := structType(ref)
	if t == nil || t.Shorthand == "" || len(v.fields) != 1 || v.fields[0].name != t.Shorthand || v.fields[0].value.kind == null || d.chance(2) {
		return v
	}
	return v.fields[0].value
}

// list returns the items of a list; of nothing there are none.
func (v *value) list() []*value {
	if v == nil {
		return nil
	}
	return v.items
}

// fromJSON turns what JSON holds into a value.
func fromJSON(data any) *value {
	switch x := data.(type) {
	case map[string]any:
		v := structOf()
		for _, name := range slices.Sorted(maps.Keys(x)) {
			v.fields = append(v.fields, field{name, fromJSON(x[name])})
		}
		return v
	case []any:
		v := listOf()
		for _, item := range x {
			v.items = append(v.items, fromJSON(item))
		}
		return v
	case string:
		return textOf(x)
	case bool:
		return booleanOf(x)
	case float64:
		return &value{kind: number, text: strconv.FormatFloat(x, 'f', -1, 64)}
	case json.Number:
		return &value{kind: number, text: x.String()}
	}
	return &value{kind: null}
}
