package schema

import (
	"slices"
	"strconv"

	"cuelang.org/go/cue"

	"github.com/meridian-gitops/meridian/diag"
)

// Kind is the kind of a [Node].
type Kind int

// The kinds of a Node.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List
	Struct
	Any // a value that the schema leaves open, kept as CUE
)

// Node is a value of a user's file after evaluation: concrete, without defaults, each part with its position.
// Nodes are never changed once read; merging shares what it does not touch.
type Node struct {
	Kind   Kind
	Text   string // Bool, Int, Float: the literal; String: the string
	Fields []NodeField
	Gone   []NodeField // Struct: fields that an override removed, with the null that did it
	Items  []*Node
	Value  cue.Value // Any
	Pos    diag.Pos  // where the value stands; invalid for a built-in default
}

// NodeField is a field of a Struct node.
type NodeField struct {
	Name string
	Pos  diag.Pos // of the label
	Node *Node
}

// Get returns the value at a path of field names, or nil. A nil Node has no fields.
func (n *Node) Get(path ...string) *Node {
	for _, name := range path {
		n = n.field(name)
	}
	return n
}

func (n *Node) field(name string) *Node {
	if i := n.index(name); i >= 0 {
		return n.Fields[i].Node
	}
	return nil
}

func (n *Node) index(name string) int {
	if n == nil {
		return -1
	}
	return slices.IndexFunc(n.Fields, func(f NodeField) bool { return f.Name == name })
}

// Where returns the position of the deepest part of a path that the user wrote. A path element is a field's name
// or, in a list, an index in decimal.
func (n *Node) Where(path ...string) diag.Pos {
	if n == nil {
		return diag.Pos{}
	}
	pos := n.Pos
	for _, name := range path {
		label := diag.Pos{}
		if n.Kind == List {
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(n.Items) {
				return pos
			}
			n = n.Items[i]
		} else {
			i := n.index(name)
			if i < 0 {
				if removed := n.removed(name); removed.IsValid() {
					return removed
				}
				return pos
			}
			label, n = n.Fields[i].Pos, n.Fields[i].Node
		}
		switch {
		case n.scalar() && n.Pos.IsValid():
			pos = n.Pos
		case label.IsValid():
			pos = label
		case n.Pos.IsValid():
			pos = n.Pos
		}
	}
	return pos
}

// short reports whether a Struct was written as the scalar that stands for it.
func (n *Node) short() bool {
	return n.Kind == Struct && len(n.Fields) == 1 && n.Pos.IsValid() && n.Fields[0].Node.Pos == n.Pos
}

// Label returns the position of a field's name, or that of the deepest part that the user wrote.
func (n *Node) Label(path ...string) diag.Pos {
	last := len(path) - 1
	parent := n.Get(path[:last]...)
	if i := parent.index(path[last]); i >= 0 && parent.Fields[i].Pos.IsValid() {
		return parent.Fields[i].Pos
	}
	return n.Where(path...)
}

func (n *Node) scalar() bool { return n.Kind != Struct && n.Kind != List && n.Kind != Any }

// String returns a short form for messages: the literal, or the kind of a compound.
func (n *Node) String() string {
	switch {
	case n == nil:
		return "nothing"
	case n.Kind == String:
		return strconv.Quote(n.Text)
	case n.Kind == List:
		return "a list"
	case n.Kind == Struct, n.Kind == Any:
		return "a struct"
	case n.Kind == Null:
		return "null"
	default:
		return n.Text
	}
}

// Equal reports whether two nodes have the same value; positions do not count, the order of fields neither.
// An Any node equals only itself.
func (n *Node) Equal(m *Node) bool {
	switch {
	case n == m:
		return true
	case n == nil || m == nil || n.Kind != m.Kind || n.Kind == Any:
		return false
	case n.Kind == Struct:
		return len(n.Fields) == len(m.Fields) && !slices.ContainsFunc(n.Fields, func(f NodeField) bool {
			return !f.Node.Equal(m.field(f.Name))
		})
	case n.Kind == List:
		return slices.EqualFunc(n.Items, m.Items, (*Node).Equal)
	default:
		return n.Text == m.Text
	}
}

// with returns a copy of a Struct node in which one field is set.
func (n *Node) with(field NodeField) *Node {
	changed := *n
	if i := n.index(field.Name); i >= 0 {
		changed.Fields = slices.Clone(n.Fields)
		changed.Fields[i] = field
	} else {
		changed.Fields = append(slices.Clip(n.Fields), field)
	}
	return &changed
}

// Fill returns a Struct node in which a field that is absent is set, with the structs above it.
func (n *Node) Fill(value *Node, path ...string) *Node {
	if len(path) == 0 {
		return n
	}
	child := n.field(path[0])
	switch {
	case child == nil && len(path) == 1:
		return n.with(NodeField{Name: path[0], Node: value})
	case child == nil:
		child = &Node{Kind: Struct}
	case len(path) == 1 || child.Kind != Struct:
		return n
	}
	field := NodeField{Name: path[0], Node: child.Fill(value, path[1:]...)}
	if i := n.index(path[0]); i >= 0 {
		field.Pos = n.Fields[i].Pos
	}
	return n.with(field)
}

// Without returns a Struct node that lacks some fields.
func (n *Node) Without(names ...string) *Node {
	for _, name := range names {
		n = n.without(name)
	}
	return n
}

// FieldList returns the fields of a Struct node; a nil Node has none.
func (n *Node) FieldList() []NodeField {
	if n == nil {
		return nil
	}
	return n.Fields
}

// ItemList returns the items of a List node; a nil Node has none.
func (n *Node) ItemList() []*Node {
	if n == nil {
		return nil
	}
	return n.Items
}

// without returns a copy of a Struct node that lacks one field.
// Removed returns the place of the null by which an override removed what stood at a path, or something above it; it is
// invalid when none did.
func (n *Node) Removed(path ...string) diag.Pos {
	for _, name := range path {
		if n == nil {
			break
		}
		if removed := n.removed(name); removed.IsValid() && n.index(name) < 0 {
			return removed
		}
		n = n.field(name)
	}
	return diag.Pos{}
}

// removed returns the place of the null by which an override removed a field; it is invalid when none did.
func (n *Node) removed(name string) diag.Pos {
	for _, f := range n.Gone {
		if f.Name == name {
			return f.Node.Pos
		}
	}
	return diag.Pos{}
}

func (n *Node) without(name string) *Node {
	i := n.index(name)
	if i < 0 {
		return n
	}
	changed := *n
	changed.Fields = slices.Delete(slices.Clone(n.Fields), i, i+1)
	return &changed
}

// Expand reads a value that the schema leaves open as a tree with the place of each of its parts: structs, lists and
// strings. Anything else in it stays Any.
func (n *Node) Expand() *Node {
	if n == nil || n.Kind != Any {
		return n
	}
	return expand(n.Value, n.Pos)
}

func expand(v cue.Value, label diag.Pos) *Node {
	n := &Node{Kind: Any, Value: v, Pos: valuePos(v, label)}
	switch v.Kind() {
	case cue.StructKind:
		n.Kind = Struct
		fields, err := v.Fields()
		if err != nil {
			return n
		}
		for fields.Next() {
			at := fieldPos(fields.Value())
			n.Fields = append(n.Fields, NodeField{fields.Selector().Unquoted(), at, expand(fields.Value(), at)})
		}
	case cue.ListKind:
		n.Kind = List
		items, err := v.List()
		if err != nil {
			return n
		}
		for items.Next() {
			n.Items = append(n.Items, expand(items.Value(), fieldPos(items.Value())))
		}
	case cue.StringKind:
		n.Kind = String
		n.Text, _ = v.String()
	}
	return n
}
