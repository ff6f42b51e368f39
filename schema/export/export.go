// Package export writes the schema for tools that do not know Meridian: as CUE that the cue command and its language
// server read, and as JSON Schema.
//
// In: the compiled [schema.Schema], the name of a definition, and what is known of regions. Out: text, the same for the
// same input. It refuses a definition that there is not. What another tool cannot be told is left out and said in a
// comment: what is written is looser than Meridian, never stricter.
package export

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/schema"
)

// Options say what is written.
type Options struct {
	// Definition is a name that [Definitions] returns, such as App.
	Definition string
	// Regions are the identifiers that an application may name; nil means any that is well-formed.
	Regions []string
	// Known are the regions that a platform starts from, so that it need not describe them (S5).
	Known []string
	// By is the command that a header names as the author.
	By string
}

// AppOverride is the name of what an application may change in a region: the all-optional form of App.
const AppOverride = "AppOverride"

// Definitions returns the names of what can be written, in the order of the schema.
func Definitions(s *schema.Schema) []string {
	var names []string
	for _, t := range s.Types() {
		if t.Leaf() {
			continue
		}
		names = append(names, strings.TrimPrefix(t.Name, "#"))
		if t.Name == "#App" {
			names = append(names, AppOverride)
		}
	}
	return names
}

// form is how a definition is used. Which fields there are is nearly the same in all of them.
type form int

const (
	whole    form = iota // by itself: what must be given must be given here
	override             // merged over another: all is optional, and null removes
	platform             // merged over the manual's regions: null removes, but what must be given must be given here
	base                 // an application whose overrides may give what it does not
)

// complete reports whether what must be given must be given in this form.
func (f form) complete() bool { return f == whole || f == platform }

// null reports whether null removes in this form.
func (f form) null() bool { return f == override || f == platform }

// use is a definition in a form.
type use struct {
	t    *schema.Type
	form form
}

// closure is a definition with all that it is made of.
type closure struct {
	options Options
	root    use
	structs []use // in the order in which they are met
	leaves  []*schema.Type
}

// newClosure collects what a definition is made of.
func newClosure(s *schema.Schema, o Options) (*closure, error) {
	if !slices.Contains(Definitions(s), o.Definition) {
		return nil, fmt.Errorf("there is no definition %s", o.Definition)
	}
	root := use{s.Type("#" + o.Definition), whole}
	switch {
	case o.Definition == AppOverride:
		root = use{s.Type("#App"), override}
	case !ofApp(s, root.t):
		root.form = platform
	}
	c := &closure{options: o, root: root}
	c.add(root)
	met := c.leaves
	c.leaves = nil
	for _, t := range s.Types() {
		if slices.Contains(met, t) {
			c.leaves = append(c.leaves, t)
		}
	}
	return c, nil
}

// ofApp reports whether a definition is a part of an application, which a platform has none of.
func ofApp(s *schema.Schema, t *schema.Type) bool {
	app := &closure{root: use{s.Type("#App"), whole}}
	app.add(app.root)
	return slices.Contains(app.structs, use{t, whole})
}

func (c *closure) add(u use) {
	if u.t.Leaf() {
		if !slices.Contains(c.leaves, u.t) {
			c.leaves = append(c.leaves, u.t)
		}
		return
	}
	if slices.Contains(c.structs, u) {
		return
	}
	c.structs = append(c.structs, u)
	for _, f := range u.fields() {
		c.addRef(f.Type, u.form)
	}
}

func (c *closure) addRef(r *schema.Ref, f form) {
	switch {
	case r.Type != nil:
		c.add(target(r, f))
	case r.Key != nil:
		c.add(use{r.Key, f})
		c.addRef(r.Elem, f)
		if c.known(r) != nil {
			c.addRef(r.Elem, override)
		}
	case r.Elem != nil:
		c.addRef(r.Elem, whole)
	}
	for _, arm := range r.Union {
		c.addRef(arm, f)
	}
}

// target is the definition that a reference names. The items of a list are always whole: a list is replaced, not
// merged.
func target(r *schema.Ref, f form) use {
	if r.Partial {
		f = override
	}
	return use{r.Type, f}
}

// fields are the fields that a definition has in its form: what is the same in all regions is not in an override.
func (u use) fields() []*schema.Field {
	return slices.DeleteFunc(slices.Clone(u.t.Fields), func(f *schema.Field) bool { return f.Fixed && u.form == override })
}

// mandatory reports whether a field must be given.
func (u use) mandatory(f *schema.Field) bool {
	return f.Required && (u.form.complete() || u.form == base && f.Fixed)
}

// nullable reports whether a field may be null.
func (u use) nullable(f *schema.Field) bool { return u.form.null() && !u.mandatory(f) }

// name is the name of a definition in its form, without the #.
func (c *closure) name(u use) string {
	name := strings.TrimPrefix(u.t.Name, "#")
	switch {
	case u.t.Leaf() || u == c.root && u.form != override:
		return name
	case u.form == override:
		return name + "Override"
	case u.form == base:
		return name + "Base"
	case u.form == whole && slices.Contains(c.structs, use{u.t, platform}):
		return name + "Item"
	}
	return name
}

// known returns the names of the entries of a map that are merged over what is there already, or nil.
func (c *closure) known(r *schema.Ref) []string {
	if r.Elem.Type != nil && r.Elem.Type.Name == "#Region" {
		return c.options.Known
	}
	return nil
}

// enum returns the values that a leaf admits, where they are listed.
func (c *closure) enum(t *schema.Type) []string {
	if t.Name == "#RegionID" && c.root.form != platform {
		return c.options.Regions
	}
	return t.Enum
}

// wrap breaks a paragraph into lines of at most width characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
