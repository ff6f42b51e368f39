package schema

import (
	"bytes"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/meridian-gitops/meridian/diag"
)

// Format writes a file in its canonical form: the fields of every struct that the schema describes in the schema's
// order, and CUE's own formatting. ref is what the file is, such as that of #App; nil leaves the order as it is.
//
// Entries of maps keep the user's order, and so does whatever is not a plain field that the schema knows: package,
// imports, let, hidden fields, definitions, attributes, embeddings, comprehensions, dynamic and pattern fields,
// unknown ones. These keep their places and nothing moves across them. Comments move with the field they belong to:
// the one they stand before, or behind on its line, or directly below when a blank line follows. CUE tells no order
// of fields apart but where a struct is iterated over or written out as text; so a struct that an expression refers
// to, by its name or by an alias, keeps its order with all that is in it.
//
// What is returned has the same declarations and comments as the source; where CUE's own formatter would lose one,
// the file is returned as it is. With diagnostics, which are about syntax, nothing is returned.
func (s *Schema) Format(ref *Ref, src Source) ([]byte, []diag.Diagnostic) {
	if d, ok := tooLarge(src); ok {
		return nil, []diag.Diagnostic{d}
	}
	before, err := parser.ParseFile(src.Name, src.Data, parser.ParseComments)
	if err != nil {
		return nil, syntaxErrors(err, src)
	}
	want := outlineOf(before)
	for _, r := range []*Ref{ref, nil} {
		text, ok := canonical(r, src.Data)
		if !ok {
			continue
		}
		if after, err := parser.ParseFile(src.Name, text, parser.ParseComments); err == nil && want.equal(outlineOf(after)) {
			return text, nil
		}
	}
	return src.Data, nil
}

// formatRounds bounds how often a text is formatted until it no longer changes: CUE's formatter may want a second look
// at comments that it has moved.
const formatRounds = 6

// canonical arranges and formats until nothing changes.
func canonical(ref *Ref, text []byte) ([]byte, bool) {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	for range formatRounds {
		next, err := format.Source(arrange(ref, text))
		if err != nil {
			return nil, false
		}
		next = append(bytes.TrimSpace(next), '\n')
		if bytes.Equal(next, text) {
			return text, true
		}
		text = next
	}
	return nil, false
}

// outline is what formatting must not change: the declarations, each struct's in any order, and the comments.
type outline struct {
	syntax   string
	comments []string // sorted
}

func (o outline) equal(p outline) bool {
	return o.syntax == p.syntax && slices.Equal(o.comments, p.comments)
}

func outlineOf(f *ast.File) outline {
	var o outline
	open := [][]string{nil} // of every node that is being walked, what is known of its children
	ast.Walk(f, func(n ast.Node) bool {
		if c, ok := n.(*ast.Comment); ok {
			o.comments = append(o.comments, strings.TrimSpace(c.Text))
		}
		open = append(open, nil)
		return true
	}, func(n ast.Node) {
		last := len(open) - 1
		children := open[last]
		open = open[:last]
		switch n.(type) {
		case *ast.Comment, *ast.CommentGroup:
			return
		case *ast.StructLit, *ast.File:
			slices.Sort(children)
		}
		open[last-1] = append(open[last-1], own(n)+"("+strings.Join(children, " ")+")")
	})
	slices.Sort(o.comments)
	o.syntax = strings.Join(open[0], " ")
	return o
}

// own is what a node says by itself, without its children.
func own(n ast.Node) string {
	switch x := n.(type) {
	case *ast.Ident:
		return "ident " + x.Name
	case *ast.BasicLit:
		if text, err := literal.Unquote(x.Value); err == nil {
			return "string " + text
		}
		return "literal " + x.Value
	case *ast.Attribute:
		return x.Text
	case *ast.Field:
		return "field" + constraint(x.Constraint)
	case *ast.UnaryExpr:
		return "unary" + x.Op.String()
	case *ast.BinaryExpr:
		return "binary" + x.Op.String()
	case *ast.PostfixExpr:
		return "postfix" + x.Op.String()
	case *ast.StructLit:
		return "struct"
	case *ast.ListLit:
		return "list"
	case *ast.SelectorExpr, *ast.IndexExpr, *ast.CallExpr, *ast.ParenExpr, *ast.Interpolation:
		return "expression"
	}
	return "node"
}

func constraint(t token.Token) string {
	if t == token.ILLEGAL {
		return ""
	}
	return t.String()
}
