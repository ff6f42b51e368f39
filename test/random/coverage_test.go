package random

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/schema"
)

// notDrawn are the parts of the schema that no application has, and why.
func notDrawn() map[string]string {
	return map[string]string{}
}

// Every field is in one of the first applications; what an override takes away is in one of more.
const (
	coverageSeeds = 500
	removals      = 3000
	takenAway     = " is taken away"
)

// TestCoverage holds that every field of app.cue, in every form, with every listed word, and every field of an override
// is drawn, and taken away by an override where that can be; else a reason says why not, and no reason is stale (S20).
func TestCoverage(t *testing.T) {
	t.Parallel()
	g := newGenerator(t)
	drawn := map[string]bool{}
	ref := &schema.Ref{Type: g.app}
	for seed := range uint64(removals) {
		parts := map[string]bool{}
		(&coverage{parts}).value(ref, g.Application(seed).value, "", base)
		for part := range parts {
			drawn[part] = drawn[part] || seed < coverageSeeds || strings.HasSuffix(part, takenAway)
		}
	}
	reasons := notDrawn()
	all := map[string]bool{}
	(&coverage{all}).possible(ref, "", base)
	if len(all) < 300 {
		t.Errorf("the schema has only %d parts", len(all))
	}
	for _, part := range slices.Sorted(maps.Keys(all)) {
		switch _, excused := reasons[part]; {
		case !drawn[part] && !excused:
			t.Errorf("%s is not drawn", part)
		case drawn[part] && excused:
			t.Errorf("%s is drawn; the reason why not is stale", part)
		}
	}
	for part := range reasons {
		if !all[part] {
			t.Errorf("there is no %s; the reason why it is not drawn is stale", part)
		}
	}
	for part := range drawn {
		if !all[part] {
			t.Errorf("%s is drawn, and the schema has no such part", part)
		}
	}
	t.Logf("%d parts", len(all))
}

// coverage are parts of the schema: a path, with an asterisk for an entry of a map and brackets for an item of a list;
// behind it, if there is more than one, the form, or the word. In an override a part is a field of a definition: at which
// of its places it is overridden is left open.
type coverage struct{ parts map[string]bool }

// place is where a value is: lists are replaced as a whole, so that nothing is taken away in their items.
type place int

const (
	base place = iota
	override
	replaced
)

func (p place) within(ref *schema.Ref) place {
	if ref.Partial {
		return override
	}
	return p
}

func (p place) item() place {
	if p == override {
		return replaced
	}
	return p
}

func (c *coverage) value(ref *schema.Ref, v *value, path string, where place) {
	c.parts[path+formOf(ref, v)] = true
	where = where.within(ref)
	switch v.kind {
	case text:
		if t := ref.Type; t != nil && len(t.Enum) > 0 && where == base {
			c.parts[path+" = "+v.text] = true
		}
	case list:
		for _, item := range v.items {
			if elem := element(ref); elem != nil {
				c.value(elem, item, path+"[]", where.item())
			}
		}
	case structure:
		for _, f := range v.fields {
			inner := fieldOf(ref, f.name)
			if inner == nil {
				continue // a value that the schema leaves open
			}
			next := step(ref, path, f.name, where)
			if f.value.kind == null {
				c.parts[next+takenAway] = true
				continue
			}
			c.value(inner, f.value, next, where)
		}
	}
}

// step is the part that a field, or an entry of a map, is.
func step(ref *schema.Ref, path, name string, where place) string {
	switch t := structType(ref); {
	case ref.Key != nil:
		return path + ".*"
	case where != base:
		return "override of " + t.Name + "." + name
	default:
		return path + "." + name
	}
}

// formOf names the form that a value has where there are several.
func formOf(ref *schema.Ref, v *value) string {
	if len(ref.Union) == 0 {
		return ""
	}
	switch v.kind {
	case list:
		return " as a list"
	case structure:
		return " as a struct"
	}
	return " as a scalar"
}

// possible adds what a value of a type can be.
func (c *coverage) possible(ref *schema.Ref, path string, where place) {
	where = where.within(ref)
	if len(ref.Union) == 0 {
		c.parts[path] = true
	}
	for _, arm := range ref.Union {
		switch {
		case arm.Elem != nil:
			c.parts[path+" as a list"] = true
		case arm.Type.Leaf():
			c.parts[path+" as a scalar"] = true
		default:
			c.parts[path+" as a struct"] = true
		}
		c.inner(arm, path, where)
	}
	c.inner(ref, path, where)
}

func (c *coverage) inner(ref *schema.Ref, path string, where place) {
	switch {
	case ref.Key != nil:
		c.possible(ref.Elem, path+".*", where)
		if where == override {
			c.parts[path+".* is taken away"] = true
		}
	case ref.Elem != nil:
		c.possible(ref.Elem, path+"[]", where.item())
	case ref.Type != nil && !ref.Type.Leaf():
		for _, f := range ref.Type.Fields {
			if where != base && f.Fixed {
				continue
			}
			next := step(ref, path, f.Name, where)
			c.possible(f.Type, next, where)
			if where == override && !f.Required {
				c.parts[next+takenAway] = true
			}
		}
	case ref.Type != nil && where == base:
		for _, word := range ref.Type.Enum {
			c.parts[path+" = "+word] = true
		}
	}
}
