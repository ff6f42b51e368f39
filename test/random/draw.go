package random

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// drawing is one application while it is drawn.
type drawing struct {
	*rand.Rand
	generator *Generator
	space     string
	regions   []*regions.Region // those that what is drawn must be right in
	app       *value            // what is there already of what is drawn
	beside    map[string][]byte
	factual   bool // texts may be expressions over the region's facts

	// Names and numbers that nothing else of the application may have, in any region.
	paths  []mount
	ports  map[string]bool // number/protocol, in the container and of the Service
	edge   map[string]bool // number/protocol, of the proxies
	routes map[string]bool // host, path and type
	hosts  map[string]*value
}

// mount is a path in the container.
type mount struct {
	path string
	file bool
}

// rule draws a definition, or a field of one, that the schema's model does not say everything of. owner is the struct
// that the field belongs to, as far as it is drawn. Nothing is returned where nothing is possible.
type rule func(d *drawing, owner *value) *value

// chance is true with a probability of 1 to n.
func (d *drawing) chance(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d *drawing, list []T) T { return list[d.IntN(len(list))] }

// ref draws a value of a type.
func (d *drawing) ref(r *schema.Ref) *value {
	switch {
	case len(r.Union) > 0:
		return d.ref(pick(d, r.Union))
	case r.Key != nil:
		return d.entries(d.few(), func(int) string { return d.leaf(r.Key).text }, func() *value { return d.ref(r.Elem) })
	case r.Elem != nil:
		items := make([]*value, d.few())
		for i := range items {
			items[i] = d.ref(r.Elem)
		}
		return listOf(items...)
	}
	return d.definition(r.Type)
}

func (d *drawing) definition(t *schema.Type) *value {
	if r, ok := d.generator.rules[t.Name]; ok {
		return r(d, nil)
	}
	if t.Leaf() {
		return d.leaf(t)
	}
	return d.structure(t)
}

// few is a number of entries of a list or a map: mostly one.
func (d *drawing) few() int { return []int{0, 1, 1, 1, 2, 2, 3}[d.IntN(7)] }

// entries draws a map; an entry that cannot be drawn, or whose name is taken, is left out.
func (d *drawing) entries(n int, name func(int) string, entry func() *value) *value {
	m := structOf()
	for i := range n {
		key := name(i)
		if m.index(key) >= 0 {
			continue
		}
		if v := entry(); v != nil {
			m.fields = append(m.fields, field{key, v})
		}
	}
	return m
}

// structure draws the required fields of a struct, one alternative of each one-of, and some of the others.
func (d *drawing) structure(t *schema.Type) *value {
	owner := structOf()
	excluded := d.excluded(t)
	for _, f := range t.Fields {
		if excluded[f.Name] || !f.Required && !d.wants(t, f) {
			continue
		}
		if v := d.field(t, f, owner); v != nil {
			owner.fields = append(owner.fields, field{f.Name, v})
		}
	}
	return owner
}

// field draws one field of a struct.
func (d *drawing) field(t *schema.Type, f *schema.Field, owner *value) *value {
	if r, ok := d.generator.rules[t.Name+"."+f.Name]; ok {
		return r(d, owner)
	}
	return d.ref(f.Type)
}

// wants says whether an optional field is drawn; the first of an alternative was chosen with it.
func (d *drawing) wants(t *schema.Type, f *schema.Field) bool {
	for _, group := range t.OneOf {
		for _, alternative := range group.Alternatives {
			if alternative[0] == f.Name {
				return true
			}
		}
	}
	return d.chance(2)
}

// excluded chooses an alternative of each one-of, or none where none is needed, and returns the fields of the others.
func (d *drawing) excluded(t *schema.Type) map[string]bool {
	without := map[string]bool{}
	for _, group := range t.OneOf {
		n := len(group.Alternatives)
		if group.Optional {
			n++
		}
		chosen := d.IntN(n)
		for i, alternative := range group.Alternatives {
			for _, name := range alternative {
				if i != chosen {
					without[name] = true
				}
			}
		}
	}
	return without
}

// leaf draws a scalar: one of the listed ones, or one of those that this package keeps for the type.
func (d *drawing) leaf(t *schema.Type) *value {
	if len(t.Enum) > 0 {
		return textOf(pick(d, t.Enum))
	}
	draw, ok := d.generator.leaves[t.Name]
	if !ok {
		panic(fmt.Sprintf("random: no values for %s: add them to leaves.go", t.Name))
	}
	return draw(d)
}

// everywhere says whether something holds in all regions.
func (d *drawing) everywhere(holds func(*regions.Region) bool) bool {
	return !slices.ContainsFunc(d.regions, func(r *regions.Region) bool { return !holds(r) })
}

// portsOf are the names of the ports that there are, of one protocol or of any.
func (d *drawing) portsOf(protocol string) []string {
	var names []string
	for _, name := range d.app.get("ports").names() {
		if protocol == "" || protocolOf(d.app.get("ports", name)) == protocol {
			names = append(names, name)
		}
	}
	return names
}

func protocolOf(port *value) string {
	if protocol := port.get("protocol").word(); protocol != "" {
		return protocol
	}
	return "TCP"
}
