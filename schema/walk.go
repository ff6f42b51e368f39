package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/meridian-gitops/meridian/diag"
)

// walker turns an evaluated CUE value into a Node and collects every mistake on the way. It goes by the schema's
// types, not by CUE's unification of whole structs: so a mistake hides no other, and none is told twice.
type walker struct {
	schema *Schema
	ctx    *cue.Context
	path   []string
	list   []diag.Diagnostic
	meant  []string // paths of fields that were most likely meant by a name that does not exist
}

// memoLimit bounds the leaf memo: past it, leaves are checked each time.
const memoLimit = 1 << 13

type leafKey struct {
	t    *Type
	kind Kind
	text string
}

func (w *walker) add(code diag.Code, pos diag.Pos, format string, args ...any) *diag.Diagnostic {
	w.list = append(w.list, diag.New(code, pos, joinPath(w.path), format, args...))
	return &w.list[len(w.list)-1]
}

// joinPath prints a path as a user writes it: quoted where CUE wants quotes, indices in brackets.
func joinPath(path []string) string {
	var b strings.Builder
	for _, name := range path {
		switch {
		case strings.HasPrefix(name, "["):
			b.WriteString(name)
			continue
		case b.Len() > 0:
			b.WriteByte('.')
		}
		if ast.IsValidIdent(name) {
			b.WriteString(name)
		} else {
			b.WriteString(strconv.Quote(name))
		}
	}
	return b.String()
}

func (w *walker) at(name string, f func() *Node) *Node {
	w.path = append(w.path, name)
	n := f()
	w.path = w.path[:len(w.path)-1]
	return n
}

// walk reads v as ref. It returns nil when nothing usable is there; a diagnostic then says why.
func (w *walker) walk(ref *Ref, v cue.Value, label diag.Pos, partial bool) *Node {
	removable := partial
	partial = partial || ref.Partial
	if ref.Type != nil && ref.Type.Any {
		if v.IncompleteKind() == cue.BottomKind {
			w.failed(v, label)
			return nil
		}
		return &Node{Kind: Any, Value: v, Pos: valuePos(v, label)}
	}
	if d, ok := v.Default(); ok {
		v = d
	}
	kind := v.Kind()
	if kind == cue.BottomKind {
		return w.bottom(ref, v, label, partial)
	}
	pos := valuePos(v, label)
	switch kind {
	case cue.StructKind:
		if r := ref.forStruct(); r != nil {
			return w.walkStruct(r, v, label, pos, partial)
		}
	case cue.ListKind:
		if r := ref.forList(); r != nil {
			return w.walkList(r, v, pos, partial)
		}
	case cue.NullKind:
		if removable {
			return &Node{Kind: Null, Pos: pos}
		}
		w.add(diag.NullOutsideOverride, pos, "null removes a value in a region; there is nothing to remove here")
		return nil
	default:
		if t := ref.forScalar(kind); t != nil {
			if n := w.walkLeaf(t, v, kind, pos); n != nil {
				return normalize(ref, n)
			}
			return nil
		}
	}
	w.wrongType(ref, v, kind, pos)
	return nil
}

// bottom handles a value that CUE has no concrete value for: an error in it or below it, or a mere type.
func (w *walker) bottom(ref *Ref, v cue.Value, label diag.Pos, partial bool) *Node {
	if v.IncompleteKind() != cue.BottomKind {
		w.add(diag.NotConcrete, valuePos(v, label), "%s has no value, only a type or a choice", name(joinPath(w.path)))
		return nil
	}
	before := len(w.list)
	if r := ref.forStruct(); r != nil {
		if it, err := v.Fields(); err == nil && it.Next() {
			n := w.walkStruct(r, v, label, valuePos(v, label), partial)
			if len(w.list) > before {
				return n
			}
		}
	}
	w.failed(v, label)
	return nil
}

// failed reports why a value could not be computed. A reference to a hidden field that is defined by itself has no
// error of its own, only one that validation finds.
func (w *walker) failed(v cue.Value, label diag.Pos) {
	err := v.Err()
	if err == nil {
		err = v.Validate(cue.Concrete(true))
	}
	found := evaluationErrors(err, joinPath(w.path))
	for i := range found {
		if found[i].Pos.Line == 0 {
			found[i].Pos = valuePos(v, label)
		}
	}
	w.list = append(w.list, found...)
	if len(found) == 0 {
		w.add(diag.NotComputable, valuePos(v, label), "%s cannot be computed", name(joinPath(w.path)))
	}
}

func (w *walker) walkStruct(ref *Ref, v cue.Value, label, pos diag.Pos, partial bool) *Node {
	fields, err := v.Fields()
	if err != nil {
		w.list = append(w.list, evaluationErrors(err, joinPath(w.path))...)
		return nil
	}
	n := &Node{Kind: Struct, Pos: label}
	if !label.IsValid() {
		n.Pos = pos
	}
	for fields.Next() {
		name, value := fields.Selector().Unquoted(), fields.Value()
		at := fieldPos(value)
		child := w.at(name, func() *Node {
			r := w.fieldRef(ref, name, at, partial)
			if r == nil {
				return nil
			}
			return w.walk(r, value, at, partial)
		})
		if child != nil {
			n.Fields = append(n.Fields, NodeField{name, at, child})
		}
	}
	return n
}

// fieldRef returns the type of a field that the user wrote, or nil with a diagnostic.
func (w *walker) fieldRef(ref *Ref, name string, pos diag.Pos, partial bool) *Ref {
	if ref.Key != nil {
		if !w.admits(ref.Key, leafKey{ref.Key, String, name}, func() cue.Value { return w.ctx.Encode(name) }) {
			d := w.add(diag.BadName, pos, "%q is not %s", name, ref.Key.Expect)
			d.Hint = "write " + ref.Key.Expect
			if near := w.admissible(ref.Key, name); near != "" {
				d.Hint = fmt.Sprintf("did you mean %q?", near)
			}
		}
		return ref.Elem
	}
	f := ref.Type.names[name]
	switch {
	case f == nil:
		w.unknownField(ref.Type, name, pos)
		return nil
	case f.Fixed && partial:
		w.add(diag.FixedField, pos, "%s is the same in all regions", name)
		return nil
	}
	return f.Type
}

func (w *walker) unknownField(t *Type, name string, pos diag.Pos) {
	d := w.add(diag.UnknownField, pos, "there is no field %s here", name)
	names := slices.Collect(maps.Keys(t.names))
	slices.Sort(names)
	if near := diag.Nearest(name, names); near != "" {
		d.Hint = fmt.Sprintf("did you mean %s?", near)
		w.meant = append(w.meant, joinPath(append(slices.Clone(w.path[:len(w.path)-1]), near)))
		return
	}
	if len(names) > 12 {
		d.Hint = "remove it, or see the reference of app.cue for the fields there are"
		return
	}
	d.Hint = "the fields here are " + strings.Join(names, ", ")
}

func (w *walker) walkList(ref *Ref, v cue.Value, pos diag.Pos, partial bool) *Node {
	items, err := v.List()
	if err != nil {
		w.list = append(w.list, evaluationErrors(err, joinPath(w.path))...)
		return nil
	}
	n := &Node{Kind: List, Pos: pos}
	for i := 0; items.Next(); i++ {
		value := items.Value()
		item := w.at("["+strconv.Itoa(i)+"]", func() *Node { return w.walk(ref.Elem, value, valuePos(value, pos), false) })
		if item != nil {
			n.Items = append(n.Items, item)
		}
	}
	return n
}

func (w *walker) walkLeaf(t *Type, v cue.Value, kind cue.Kind, pos diag.Pos) *Node {
	n := &Node{Pos: pos}
	switch kind {
	case cue.StringKind:
		text, err := v.String()
		if err != nil {
			w.add(diag.NotComputable, pos, "the string cannot be read")
			return nil
		}
		n.Kind, n.Text = String, text
	case cue.IntKind:
		n.Kind, n.Text = Int, number(v)
	case cue.FloatKind, cue.NumberKind:
		n.Kind, n.Text = Float, number(v)
	case cue.BoolKind:
		b, _ := v.Bool()
		n.Kind, n.Text = Bool, strconv.FormatBool(b)
	}
	if w.admits(t, leafKey{t, n.Kind, n.Text}, func() cue.Value { return w.literal(n) }) {
		return n
	}
	if len(t.Enum) > 0 {
		d := w.add(diag.NotInEnum, pos, "%s is not %s", clip(n.String()), t.Expect)
		if near := diag.Nearest(n.Text, t.Enum); near != "" {
			d.Hint = fmt.Sprintf("did you mean %q?", near)
		} else {
			d.Hint = "write " + t.Expect
		}
		return nil
	}
	d := w.add(diag.BadValue, pos, "%s is not %s", clip(n.String()), t.Expect)
	d.Hint = "write " + t.Expect
	if near := w.admissible(t, n.Text); n.Kind == String && near != "" {
		d.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return nil
}

// admissible returns what a type admits and only differs in case, blanks or underscores, or "".
func (w *walker) admissible(t *Type, text string) string {
	lower := strings.ToLower(strings.TrimSpace(text))
	for _, near := range []string{strings.TrimSpace(text), lower, strings.ReplaceAll(lower, "_", "-")} {
		if near != text && w.admits(t, leafKey{t, String, near}, func() cue.Value { return w.ctx.Encode(near) }) {
			return near
		}
	}
	return ""
}

// literal is a scalar by itself. The evaluated value may refer to an imported package, which the schema's own
// context cannot find.
func (w *walker) literal(n *Node) cue.Value {
	switch n.Kind {
	case String:
		return w.ctx.Encode(n.Text)
	case Bool:
		return w.ctx.Encode(n.Text == "true")
	default:
		return w.ctx.CompileString(n.Text)
	}
}

func number(v cue.Value) string {
	if text, err := v.AppendInt(nil, 10); err == nil {
		return string(text)
	}
	text, err := v.AppendFloat(nil, 'g', -1)
	if err != nil {
		return "?"
	}
	return string(text)
}

// admits asks CUE whether a leaf type admits a value; the answer is remembered, because a thousand applications
// say 256Mi.
func (w *walker) admits(t *Type, key leafKey, value func() cue.Value) bool {
	if known, ok := w.schema.memo.Load(key); ok {
		return known.(bool)
	}
	ok := t.value.Unify(value()).Validate(cue.Concrete(true)) == nil
	if len(key.text) <= 64 && w.schema.memoSize.Load() < memoLimit {
		w.schema.memoSize.Add(1)
		w.schema.memo.Store(key, ok)
	}
	return ok
}

// forStruct returns the arm of a reference that a struct is read as, or nil.
func (r *Ref) forStruct() *Ref {
	switch {
	case r.Type != nil && !r.Type.leaf, r.Key != nil:
		return r
	}
	for _, arm := range r.Union {
		if found := arm.forStruct(); found != nil {
			return found
		}
	}
	return nil
}

// forList returns the arm of a reference that a list is read as, or nil.
func (r *Ref) forList() *Ref {
	if r.Elem != nil && r.Key == nil {
		return r
	}
	for _, arm := range r.Union {
		if found := arm.forList(); found != nil {
			return found
		}
	}
	return nil
}

// forScalar returns the leaf type of a reference that a scalar of a kind is read as, or nil.
func (r *Ref) forScalar(kind cue.Kind) *Type {
	if r.Type != nil && r.Type.leaf && r.Type.kind&kind != 0 {
		return r.Type
	}
	for _, arm := range r.Union {
		if found := arm.forScalar(kind); found != nil {
			return found
		}
	}
	return nil
}

func (r *Ref) admitsKind(kind cue.Kind) bool { return r.forScalar(kind) != nil }

// splitList reads ranges in one string, separated by commas, as a list (S10).
func splitList(n *Node) *Node {
	list := &Node{Kind: List, Pos: n.Pos}
	for item := range strings.SplitSeq(n.Text, ",") {
		list.Items = append(list.Items, &Node{Kind: String, Text: strings.TrimSpace(item), Pos: n.Pos})
	}
	return list
}

// fieldPos is where a field's label stands.
func fieldPos(v cue.Value) diag.Pos {
	return position(v.Pos())
}

// valuePos is where a value stands: right of its label when it is a field of its own.
func valuePos(v cue.Value, label diag.Pos) diag.Pos {
	if field, ok := v.Source().(*ast.Field); ok && field.Value != nil {
		if pos := field.Value.Pos(); pos != token.NoPos {
			return position(pos)
		}
	}
	if pos := position(v.Pos()); pos.IsValid() {
		return pos
	}
	return label
}
