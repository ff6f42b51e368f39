package schema

import (
	"fmt"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/meridian-gitops/meridian/diag"
)

func (w *walker) wrongType(ref *Ref, v cue.Value, kind cue.Kind, pos diag.Pos) {
	got := describe(v, kind)
	d := w.add(diag.WrongType, pos, "%s is %s; want %s", name(joinPath(w.path)), got, ref.expect())
	d.Hint = "write " + ref.expect()
	if ref.admitsKind(cue.StringKind) && (kind == cue.IntKind || kind == cue.FloatKind || kind == cue.BoolKind) {
		d.Hint = fmt.Sprintf("put it in quotes: %q", sourceText(v))
	}
	if kind != cue.StructKind && ref.forList() != nil {
		d.Hint = fmt.Sprintf("write a list: [%s]", sourceText(v))
	}
	if kind == cue.StringKind && ref.admitsKind(cue.IntKind) {
		if text, err := v.String(); err == nil {
			if _, err := strconv.Atoi(text); err == nil {
				d.Hint = "write it without quotes: " + text
			}
		}
	}
}

// sourceText is the literal as the user wrote it: 1.10 must not become 1.1.
func sourceText(v cue.Value) string {
	if field, ok := v.Source().(*ast.Field); ok {
		if lit, ok := field.Value.(*ast.BasicLit); ok {
			return lit.Value
		}
	}
	if lit, ok := v.Source().(*ast.BasicLit); ok {
		return lit.Value
	}
	return fmt.Sprint(v)
}

func describe(v cue.Value, kind cue.Kind) string {
	switch kind {
	case cue.StringKind:
		text, _ := v.String()
		return "the string " + clip(strconv.Quote(text))
	case cue.IntKind, cue.FloatKind, cue.NumberKind:
		return "the number " + clip(sourceText(v))
	case cue.BoolKind:
		return sourceText(v)
	case cue.StructKind:
		return "a struct"
	case cue.ListKind:
		return "a list"
	case cue.NullKind:
		return "null"
	default:
		return "bytes"
	}
}

// expect says in words what a reference admits, to a value that is not even of its kind.
func (r *Ref) expect() string {
	switch {
	case r.Type != nil && r.Type.leaf:
		return r.Type.Brief
	case r.Type != nil:
		return "a struct with " + r.Type.fieldNames()
	case r.Key != nil:
		return "a struct of named entries"
	case r.Elem != nil:
		return "a list"
	}
	arms := make([]string, len(r.Union))
	for i, arm := range r.Union {
		arms[i] = arm.expect()
	}
	return strings.Join(arms, ", or ")
}

func (t *Type) fieldNames() string {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	if len(names) > 8 {
		names = append(names[:8], "...")
	}
	return strings.Join(names, ", ")
}

// clip shortens what a message repeats of the user's input.
func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:77]) + "..."
	}
	return s
}
