package schema

import (
	"cmp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// arrange puts fields in the schema's order. It moves text: what belongs to a field goes with it to the byte, and
// layout is left to the formatter. A text that cannot be taken apart is returned as it is.
func arrange(ref *Ref, text []byte) []byte {
	if ref == nil {
		return text
	}
	f, err := parser.ParseFile("", text, parser.ParseComments)
	if err != nil {
		return text
	}
	a := &arranger{text: string(text), used: usedNames(f), order: bySchema}
	a.body(f.Decls, span{0, len(text)}, ref)
	return []byte(a.with(span{0, len(text)}))
}

// span is a part of a text, in bytes.
type span struct{ from, to int }

// edit replaces a part of the text.
type edit struct {
	span
	text string
}

type arranger struct {
	text  string
	used  []reference
	path  []string // of the struct that is looked at
	edits []edit   // sorted, apart
	order func(run []*slot) bool
}

// with returns a part of the text with the edits in it.
func (a *arranger) with(s span) string {
	var b strings.Builder
	at := s.from
	for _, e := range a.edits {
		if e.from >= s.from && e.to <= s.to {
			b.WriteString(a.text[at:e.from])
			b.WriteString(e.text)
			at = e.to
		}
	}
	b.WriteString(a.text[at:s.to])
	return b.String()
}

// body arranges the declarations of one struct, which stand in a part of the text.
func (a *arranger) body(decls []ast.Decl, inside span, ref *Ref) {
	mark := len(a.edits)
	for _, decl := range decls {
		a.decl(decl, ref)
	}
	r := ref.forStruct()
	if r == nil || r.Key != nil || a.isUsed() {
		return
	}
	layout, ok := a.takeApart(decls, inside, r.Type)
	if !ok || !layout.arrange(a.order) {
		return
	}
	text := layout.String()
	a.edits = append(a.edits[:mark], edit{inside, text})
}

// decl looks for structs in a declaration of a struct of type ref.
func (a *arranger) decl(decl ast.Decl, ref *Ref) {
	switch x := decl.(type) {
	case *ast.EmbedDecl:
		a.expr(x.Expr, ref)
	case *ast.Comprehension:
		a.comprehension(x, ref)
	case *ast.Field:
		r := ref.forStruct()
		if r == nil || x.Alias != nil {
			return
		}
		name, plain := plainLabel(x)
		switch {
		case r.Key != nil && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "#"):
			ref = r.Elem
		case r.Key == nil && plain && r.Type.names[name] != nil:
			ref = r.Type.names[name].Type
		default:
			return
		}
		a.path = append(a.path, name)
		a.expr(x.Value, ref)
		a.path = a.path[:len(a.path)-1]
	}
}

func (a *arranger) comprehension(x *ast.Comprehension, ref *Ref) {
	a.expr(x.Value, ref)
	if x.Fallback != nil {
		a.expr(x.Fallback.Body, ref)
	}
}

// expr looks for structs in an expression whose value is of type ref.
func (a *arranger) expr(expr ast.Expr, ref *Ref) {
	switch x := expr.(type) {
	case *ast.StructLit:
		if x.Lbrace.IsValid() {
			a.body(x.Elts, span{x.Lbrace.Offset() + 1, x.Rbrace.Offset()}, ref)
			return
		}
		for _, decl := range x.Elts {
			a.decl(decl, ref)
		}
	case *ast.ListLit:
		list := ref.forList()
		if list == nil {
			return
		}
		for _, item := range x.Elts {
			a.expr(item, list.Elem)
		}
	case *ast.BinaryExpr:
		if x.Op == token.AND || x.Op == token.OR {
			a.expr(x.X, ref)
			a.expr(x.Y, ref)
		}
	case *ast.UnaryExpr:
		if x.Op == token.MUL {
			a.expr(x.X, ref)
		}
	case *ast.ParenExpr:
		a.expr(x.X, ref)
	case *ast.Comprehension:
		a.comprehension(x, ref)
	}
}

// anyName stands in a path for a name that is computed, or for many.
const anyName = "\x00"

// plainLabel returns a field's name when it is written out, and anyName otherwise.
func plainLabel(field *ast.Field) (string, bool) {
	switch label := field.Label.(type) {
	case *ast.Ident, *ast.BasicLit:
		if name, _, err := ast.LabelName(label); err == nil {
			return name, true
		}
	}
	return anyName, false
}

// rank is the place of a declaration among a type's fields, or -1 for one that keeps its place.
func rank(decl ast.Decl, t *Type) int {
	field, ok := decl.(*ast.Field)
	if !ok {
		return -1
	}
	name, plain := plainLabel(field)
	if _, quoted := field.Label.(*ast.BasicLit); !plain || !quoted && !isData(name) {
		return -1
	}
	return slices.IndexFunc(t.Fields, func(f *Field) bool { return f.Name == name })
}

// arrange sorts what lies between declarations that keep their places, and reports whether the text must be written
// anew: for another order, or because some fields share a line and others do not.
func (l *layout) arrange(order func(run []*slot) bool) bool {
	changed := false
	for from := 0; from < len(l.slots); from++ {
		to := from
		for to < len(l.slots) && l.slots[to].rank >= 0 {
			to++
		}
		changed = order(l.slots[from:to]) || changed
		from = to
	}
	return changed || l.lines && slices.ContainsFunc(l.slots, func(s *slot) bool { return s.sameLine })
}

// bySchema sorts fields that nothing stands between, and reports whether that changes anything.
func bySchema(run []*slot) bool {
	byRank := func(a, b *slot) int { return cmp.Compare(a.rank, b.rank) }
	if slices.IsSortedFunc(run, byRank) {
		return false
	}
	old := run[0]
	slices.SortStableFunc(run, byRank)
	// A blank line before the first field parts it from what stands above, whichever field that is.
	old.blank, run[0].blank = run[0].blank, old.blank
	return true
}
