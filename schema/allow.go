package schema

import (
	"bytes"
	"strings"

	"cuelang.org/go/cue/ast"

	"github.com/meridian-gitops/meridian/diag"
)

// allowances reads the @allow attributes of a file: which warnings its author means, where and why.
func (f *file) allowances() ([]diag.Allow, []diag.Diagnostic) {
	if !bytes.Contains(f.source.Data, []byte("@allow")) {
		return nil, nil
	}
	var allows []diag.Allow
	var list []diag.Diagnostic
	behind := map[*ast.Attribute]bool{}
	ast.Walk(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, attr := range n.Attrs {
				behind[attr] = true
				allow, problem := readAllow(n, attr)
				switch {
				case problem != "":
					list = append(list, diag.New(diag.AllowUnreadable, position(attr.Pos()), "", "%s", problem))
				case allow != nil:
					allows = append(allows, *allow)
				}
			}
		case *ast.Attribute:
			if key, _ := n.Split(); key == "allow" && !behind[n] {
				list = append(list, diag.New(diag.AllowUnreadable, position(n.Pos()), "", "@allow stands behind no field"))
			}
		}
		return true
	}, nil)
	return allows, list
}

// readAllow reads an attribute; both results are empty when it is another one.
func readAllow(field *ast.Field, attr *ast.Attribute) (*diag.Allow, string) {
	key, body := attr.Split()
	if key != "allow" {
		return nil, ""
	}
	code, rest, _ := strings.Cut(body, ",")
	allow := &diag.Allow{Code: diag.Code(strings.TrimSpace(code)), From: position(field.Pos()), At: position(attr.Pos())}
	allow.File = allow.At.File
	entry, known := diag.Find(allow.Code)
	switch {
	case !known:
		return nil, "@allow names no code: " + quoteName(string(allow.Code)) + " is not one"
	case entry.Severity == diag.Error:
		return nil, string(allow.Code) + " is an error (" + entry.Title + ") and cannot be allowed"
	}
	name, reason, ok := strings.Cut(strings.TrimSpace(rest), "=")
	if !ok || strings.TrimSpace(name) != "reason" {
		return nil, "@allow gives no reason"
	}
	if allow.Reason = unquoted(strings.TrimSpace(reason)); allow.Reason == "" {
		return nil, "@allow gives an empty reason"
	}
	return allow, ""
}

// unquoted is the value of an attribute's argument, which may be quoted.
func unquoted(text string) string {
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	return strings.TrimSpace(text)
}
