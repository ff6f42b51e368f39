package schema

import "slices"

// Merge puts an override over a base, both of the form ref (S5): structs merge, scalars and lists replace, null
// removes, and an override that chooses another alternative of a one-of replaces the whole alternative.
// Positions stay those of whichever file put the value there. Neither argument is changed; either may be nil.
func Merge(ref *Ref, base, override *Node) *Node {
	switch {
	case override == nil:
		return base
	case override.Kind == Null:
		return nil
	case base == nil:
		return dropNulls(override)
	case base.Kind != Struct || override.Kind != Struct:
		return dropNulls(override)
	}
	t := ref.structType()
	merged := base
	for _, f := range override.Fields {
		if t != nil {
			merged = t.dropOtherAlternatives(merged, override, f)
		}
		value := Merge(ref.fieldRef(f.Name), merged.field(f.Name), f.Node)
		if value == nil {
			if less := merged.without(f.Name); less != merged {
				less.Gone = append(slices.Clip(less.Gone), f)
				merged = less
			}
			continue
		}
		merged = merged.with(NodeField{f.Name, f.Pos, value})
	}
	return merged
}

// dropOtherAlternatives removes from base the alternatives that an override's field f excludes. A field that the
// override itself gives stays, so that a contradiction inside the override is still seen.
func (t *Type) dropOtherAlternatives(base, override *Node, f NodeField) *Node {
	if f.Node.Kind == Null {
		return base
	}
	for _, group := range t.OneOf {
		chosen := group.alternative(f.Name)
		if chosen < 0 {
			continue
		}
		for i, alternative := range group.Alternatives {
			if i == chosen {
				continue
			}
			for _, name := range alternative {
				if override.field(name) == nil {
					base = base.without(name)
				}
			}
		}
	}
	return base
}

// alternative returns the index of the alternative that a field belongs to, or -1.
func (g Group) alternative(field string) int {
	for i, alternative := range g.Alternatives {
		for _, name := range alternative {
			if name == field {
				return i
			}
		}
	}
	return -1
}

// dropNulls removes nulls from an override that has no base to remove anything from.
func dropNulls(n *Node) *Node {
	if n.Kind != Struct {
		return n
	}
	kept := *n
	kept.Fields = nil
	for _, f := range n.Fields {
		if f.Node.Kind != Null {
			kept.Fields = append(kept.Fields, NodeField{f.Name, f.Pos, dropNulls(f.Node)})
		}
	}
	return &kept
}

// structType returns the struct definition that a reference leads to, or nil.
func (r *Ref) structType() *Type {
	if r == nil {
		return nil
	}
	if r.Type != nil && !r.Type.leaf {
		return r.Type
	}
	for _, arm := range r.Union {
		if t := arm.structType(); t != nil {
			return t
		}
	}
	return nil
}

// Field returns the type of a field of a struct, or of an entry of a map; nil when there is none.
func (r *Ref) Field(name string) *Ref { return r.fieldRef(name) }

// fieldRef returns the type of a field of a struct or of a map's values, or nil.
func (r *Ref) fieldRef(name string) *Ref {
	if r == nil {
		return nil
	}
	if r.Key != nil {
		return r.Elem
	}
	if t := r.structType(); t != nil {
		if f := t.names[name]; f != nil {
			return f.Type
		}
	}
	return nil
}

// ApplyDefaults fills in what is absent and has a default in the schema, at every depth that the node has.
// The node is not changed.
func ApplyDefaults(ref *Ref, n *Node) *Node {
	if n == nil || ref == nil {
		return n
	}
	switch n.Kind {
	case List:
		return n.mapItems(func(item *Node) *Node { return ApplyDefaults(ref.elem(), item) })
	case Struct:
	default:
		return n
	}
	filled := *n
	filled.Fields = make([]NodeField, 0, len(n.Fields)+4)
	for _, f := range n.Fields {
		filled.Fields = append(filled.Fields, NodeField{f.Name, f.Pos, ApplyDefaults(ref.fieldRef(f.Name), f.Node)})
	}
	if t := ref.structType(); t != nil {
		for _, f := range t.Fields {
			if f.Default != nil && n.index(f.Name) < 0 {
				filled.Fields = append(filled.Fields, NodeField{Name: f.Name, Node: ApplyDefaults(f.Type, normalize(f.Type, f.Default))})
			}
		}
	}
	return &filled
}

func (r *Ref) elem() *Ref {
	if r.Elem != nil {
		return r.Elem
	}
	for _, arm := range r.Union {
		if arm.Elem != nil {
			return arm.Elem
		}
	}
	return nil
}

func (n *Node) mapItems(f func(*Node) *Node) *Node {
	changed := *n
	changed.Items = make([]*Node, len(n.Items))
	for i, item := range n.Items {
		changed.Items[i] = f(item)
	}
	return &changed
}

// normalize turns the short form of a value into its full one: a scalar that stands for a struct's field, or
// ranges in one string.
func normalize(ref *Ref, n *Node) *Node {
	if ref == nil {
		return n
	}
	if n.Kind == List && ref.elem() != nil {
		return n.mapItems(func(item *Node) *Node { return normalize(ref.elem(), item) })
	}
	if len(ref.Union) == 0 || !n.scalar() || n.Kind == Null {
		return n
	}
	if t := ref.structType(); t != nil && t.Shorthand != "" {
		return &Node{Kind: Struct, Pos: n.Pos, Fields: []NodeField{{t.Shorthand, n.Pos, n}}}
	}
	if ref.elem() != nil && n.Kind == String {
		return splitList(n)
	}
	return n
}
