package export

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/schema"
)

// draft is the dialect of JSON Schema that is written: the one that every editor knows. yaml-language-server has later
// ones since 1.20 only. Nothing that is written means anything else in 2020-12, whose validators know draft-07 as well.
const draft = "http://json-schema.org/draft-07/schema#"

// JSONSchema writes a definition with all that it is made of as a JSON Schema of draft-07. What JSON Schema cannot say
// is left out, and noted in a $comment.
func JSONSchema(s *schema.Schema, o Options) ([]byte, error) {
	c, err := newClosure(s, o)
	if err != nil {
		return nil, err
	}
	w := &jsonWriter{c}
	root := object{{"$schema", draft}, {"$comment", strings.TrimSpace(strings.TrimPrefix(header(o.Command), "// ")) + " " + scope(c.root.form)}, {"title", o.Definition}, {"description", paragraphs(describe(c.root))}}
	if c.root == (use{s.Type("#App"), whole}) {
		c.add(use{c.root.t, base})
		root = append(root, w.byOverrides()...)
	} else {
		root = root.with("allOf", []object{w.pointer(c.root)})
	}
	definitions := object{}
	for _, u := range c.structs {
		definitions = definitions.with(c.name(u), w.structure(u))
	}
	for _, t := range c.leaves {
		definitions = definitions.with(c.name(use{t: t}), w.leaf(t))
	}
	data, err := marshal(root.with("definitions", definitions))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, data, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

type jsonWriter struct{ *closure }

// byOverrides asks for less of an application whose overrides may give the rest.
func (w *jsonWriter) byOverrides() object {
	return object{
		{"if", object{{"required", []string{"regions"}}}},
		{"then", w.pointer(use{w.root.t, base})},
		{"else", w.pointer(w.root)},
	}
}

func (w *jsonWriter) pointer(u use) object {
	return object{{"$ref", "#/definitions/" + w.name(u)}}
}

func paragraphs(text string) string { return strings.ReplaceAll(text, "\n\n", " ") }

func (w *jsonWriter) structure(u use) object {
	o := object{{"title", w.name(u)}, {"description", paragraphs(describe(u))}, {"type", "object"}}
	properties, required := object{}, []string{}
	for _, f := range u.fields() {
		properties = properties.with(f.Name, w.field(u, f))
		if u.mandatory(f) {
			required = append(required, f.Name)
		}
	}
	o = o.with("properties", properties).with("additionalProperties", false)
	if len(required) > 0 {
		o = o.with("required", required)
	}
	var rules []object
	for _, group := range u.t.OneOf {
		if group.Optional || !u.form.complete() {
			rules = append(rules, atMostOne(group, u.form)...)
		} else {
			rules = append(rules, object{{"oneOf", exactlyOne(group, u.form)}})
		}
	}
	if len(rules) > 0 {
		o = o.with("allOf", rules)
	}
	return o
}

// field describes a field. What stands beside a $ref is no rule, only words, as draft-07 wants it.
func (w *jsonWriter) field(u use, f *schema.Field) object {
	o := object{{"description", f.Doc + defaultWords(f)}}
	o = append(o, w.ref(f.Type, u.form, u.nullable(f))...)
	if f.Default != nil {
		if value, err := f.Default.MarshalJSON(); err == nil {
			o = o.with("default", json.RawMessage(bytes.TrimSpace(value)))
		}
	}
	return o
}

// ref writes a use of a type.
func (w *jsonWriter) ref(r *schema.Ref, f form, null bool) object {
	arms := w.arms(r, f)
	if null {
		arms = append(arms, object{{"type", "null"}})
	}
	if len(arms) == 1 {
		return arms[0]
	}
	return object{{"oneOf", arms}}
}

func (w *jsonWriter) arms(r *schema.Ref, f form) []object {
	switch {
	case r.Type != nil && r.Type.Any:
		return []object{{}}
	case r.Type != nil:
		return []object{w.pointer(target(r, f))}
	case r.Key != nil:
		return []object{w.entries(r, f)}
	case r.Elem != nil:
		return []object{{{"type", "array"}, {"items", w.ref(r.Elem, whole, false)}}}
	}
	var list []object
	for _, arm := range r.Union {
		list = append(list, w.arms(arm, f)...)
	}
	return list
}

// entries writes a map: by its names where they are known, else by the form of a name.
func (w *jsonWriter) entries(r *schema.Ref, f form) object {
	o := object{{"type", "object"}}
	names, known := w.enum(r.Key), f
	open := len(names) == 0
	if open {
		names, known = w.known(r), override
	}
	if len(names) > 0 {
		properties := object{}
		for _, name := range names {
			properties = properties.with(name, w.ref(r.Elem, known, f.null()))
		}
		o = o.with("properties", properties)
	}
	if !open {
		return o.with("additionalProperties", false)
	}
	return o.with("propertyNames", w.pointer(use{t: r.Key})).with("additionalProperties", w.ref(r.Elem, f, f.null()))
}

// exactlyOne are the alternatives of a group: each is chosen by its first field and bars those of the others.
func exactlyOne(group schema.Group, f form) []object {
	var list []object
	single := !slices.ContainsFunc(group.Alternatives, func(a []string) bool { return len(a) > 1 })
	for i, alternative := range group.Alternatives {
		o := given(f, alternative[0])
		var barred []object
		for j, other := range group.Alternatives {
			if single || j == i {
				continue // that there is one says it
			}
			for _, name := range other {
				barred = append(barred, given(f, name))
			}
		}
		if len(barred) > 0 {
			o = o.with("not", object{{"anyOf", barred}})
		}
		list = append(list, o)
	}
	return list
}

// atMostOne bars each pair of fields that exclude each other, so that an editor marks the second.
func atMostOne(group schema.Group, f form) []object {
	var list []object
	for i, alternative := range group.Alternatives {
		for _, other := range group.Alternatives[i+1:] {
			for _, a := range alternative {
				for _, b := range other {
					list = append(list, object{{"if", given(f, a)}, {"then", without(f, b, a+" and "+b+" exclude each other")}})
				}
			}
		}
	}
	return list
}

// without admits an object that lacks a field, or has it null where that removes. message is a keyword that only
// editors know.
func without(f form, name, message string) object {
	if f.null() {
		return object{{"properties", object{{name, object{{"type", "null"}, {"errorMessage", message}}}}}}
	}
	return object{{"properties", object{{name, false}}}, {"errorMessage", message}}
}

// given admits an object that has all of some fields; null is none where it removes.
func given(f form, names ...string) object {
	o := object{{"required", names}}
	if !f.null() {
		return o
	}
	properties := object{}
	for _, name := range names {
		properties = properties.with(name, object{{"not", object{{"type", "null"}}}})
	}
	return o.with("properties", properties)
}
