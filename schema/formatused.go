package schema

import (
	"slices"

	"cuelang.org/go/cue/ast"
)

// reference is a name that an expression uses, with what it selects of it: ["http", "public", "tls"]. An empty one
// stands for everything.
type reference []string

// usedNames returns the references of a file. It goes by names, not by scopes, and so finds rather too many.
func usedNames(f *ast.File) []reference {
	var list []reference
	labels := map[ast.Node]bool{}
	ast.Walk(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.Field:
			labels[x.Label] = true
		case *ast.SelectorExpr:
			if chain, ok := selected(x); ok {
				list = append(list, chain)
				return false
			}
		case *ast.Ident:
			if !labels[n] {
				chain, _ := selected(x)
				list = append(list, chain)
			}
		}
		return true
	}, nil)
	return list
}

// selected reads an identifier and the names that are selected of it.
func selected(expr ast.Expr) (reference, bool) {
	switch x := expr.(type) {
	case *ast.Ident:
		if x.Name == "self" {
			return reference{}, true
		}
		return reference{x.Name}, true
	case *ast.SelectorExpr:
		chain, ok := selected(x.X)
		name, _, err := ast.LabelName(x.Sel)
		if !ok || err != nil {
			return nil, false
		}
		if len(chain) == 0 {
			return chain, true
		}
		return append(chain, name), true
	}
	return nil, false
}

// isUsed reports whether an expression may see the struct that is looked at: a reference to it or to a struct that
// holds it, from whatever scope.
func (a *arranger) isUsed() bool {
	return slices.ContainsFunc(a.used, func(r reference) bool {
		for i := 0; i+len(r) <= len(a.path); i++ {
			if matches(a.path[i:i+len(r)], r) {
				return true
			}
		}
		return false
	})
}

func matches(path []string, r reference) bool {
	for i, name := range r {
		if path[i] != name && path[i] != anyName {
			return false
		}
	}
	return true
}
