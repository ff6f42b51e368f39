package export

import (
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"

	"github.com/meridian-gitops/meridian/schema"
)

// leaf writes a scalar's type as JSON Schema.
func (w *jsonWriter) leaf(t *schema.Type) object {
	o := object{{"title", w.name(use{t: t})}}
	if t.Doc != "" {
		o = o.with("description", t.Doc)
	}
	if enum := w.enum(t); len(enum) > 0 {
		return o.with("type", "string").with("enum", enum)
	}
	if t.Any {
		return o
	}
	return append(o, translate(t.Expr(), "want "+t.Expect)...)
}

// constraint is what a conjunction of CUE says, as JSON Schema.
type constraint struct {
	kind     string
	bounds   object
	patterns []string
	barred   []string // patterns that must not match
	untold   []string // CUE that JSON Schema has no words for
}

// translate writes a CUE constraint as JSON Schema. message is what editors say of a string that does not match; it
// is a keyword that only they know.
func translate(expr ast.Expr, message string) object {
	if or, ok := unwrap(expr).(*ast.BinaryExpr); ok && or.Op == token.OR {
		return object{{"anyOf", []object{translate(or.X, message), translate(or.Y, message)}}}
	}
	c := &constraint{}
	c.read(expr)
	return c.write(message)
}

func unwrap(expr ast.Expr) ast.Expr {
	for {
		paren, ok := expr.(*ast.ParenExpr)
		if !ok {
			return expr
		}
		expr = paren.X
	}
}

// read adds what an expression says. What it does not know it keeps as it is written.
func (c *constraint) read(expr ast.Expr) {
	expr = unwrap(expr)
	known := false
	switch x := expr.(type) {
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			c.read(x.X)
			c.read(x.Y)
			return
		}
	case *ast.Ident:
		known = c.ident(x.Name)
	case *ast.UnaryExpr:
		known = c.unary(x)
	case *ast.CallExpr:
		known = c.call(x)
	case *ast.SelectorExpr:
		known = c.validator(source(x))
	}
	if !known {
		c.untold = append(c.untold, source(expr))
	}
}

func source(expr ast.Expr) string {
	data, err := format.Node(expr)
	if err != nil {
		return "?"
	}
	return string(data)
}

func (c *constraint) ident(name string) bool {
	kinds := map[string]string{"int": "integer", "bool": "boolean", "string": "string"}
	c.kind = kinds[name]
	return c.kind != ""
}

func (c *constraint) unary(x *ast.UnaryExpr) bool {
	lit, ok := x.X.(*ast.BasicLit)
	if !ok {
		return false
	}
	switch x.Op {
	case token.GEQ, token.LEQ:
		name := map[token.Token]string{token.GEQ: "minimum", token.LEQ: "maximum"}[x.Op]
		return c.bound(name, lit)
	case token.MAT, token.NMAT:
		text, err := strconv.Unquote(lit.Value)
		pattern, ok := ecma(text)
		if err != nil || !ok {
			return false
		}
		c.kind = "string"
		if x.Op == token.MAT {
			c.patterns = append(c.patterns, pattern)
		} else {
			c.barred = append(c.barred, pattern)
		}
		return true
	}
	return false
}

func (c *constraint) call(x *ast.CallExpr) bool {
	name := map[string]string{"strings.MinRunes": "minLength", "strings.MaxRunes": "maxLength"}[source(x.Fun)]
	if name == "" || len(x.Args) != 1 {
		return false
	}
	lit, ok := x.Args[0].(*ast.BasicLit)
	if !ok {
		return false
	}
	c.kind = "string"
	return c.bound(name, lit)
}

func (c *constraint) bound(name string, lit *ast.BasicLit) bool {
	number, err := strconv.ParseInt(lit.Value, 10, 64)
	if err != nil {
		return false
	}
	c.bounds = c.bounds.with(name, number)
	return true
}

// validator knows the forms of CUE's standard library that the schema uses.
func (c *constraint) validator(name string) bool {
	switch name {
	case "net.IP":
		c.patterns = append(c.patterns, anchored(ipAddress()))
	case "net.IPCIDR":
		c.patterns = append(c.patterns, anchored(ipPrefix()))
	default:
		return false
	}
	c.kind = "string"
	return true
}

func (c *constraint) write(message string) object {
	var o object
	if c.kind != "" {
		o = o.with("type", c.kind)
	}
	o = append(o, c.bounds...)
	var more []object
	for i, pattern := range c.patterns {
		p := object{{"pattern", pattern}, {"patternErrorMessage", message}}
		if i == 0 {
			o = append(o, p...)
		} else {
			more = append(more, p)
		}
	}
	for _, pattern := range c.barred {
		more = append(more, object{{"not", object{{"pattern", pattern}}}})
	}
	if len(more) > 0 {
		o = o.with("allOf", more)
	}
	if len(c.untold) > 0 {
		o = o.with("$comment", "Meridian also wants, in CUE: "+strings.Join(c.untold, " & "))
	}
	return o
}
