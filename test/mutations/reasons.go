package main

import (
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
)

// right says why a mutation that is not caught is right, or returns "". It goes by the schema and by what was done,
// never by what the program said.
func right(v *verdict, same bool) string {
	t := v.field
	switch v.kind {
	case "reorder":
		if same {
			return "the order of fields means nothing: the manifests are the same"
		}
	case "delete":
		switch {
		case t.key != nil:
			return "an entry of the user's own: without it there is one fewer"
		case !t.schema.Required:
			return "an optional field: without it the default applies"
		}
	case "null":
		if v.place == "override" && (t.key != nil || !t.schema.Required) {
			return "null removes what the base gives, and the field is optional"
		}
	case "rename":
		if t.key != nil {
			return "a name of the user's own"
		}
	case "out of range":
		if why := admits(t, v.detail); why != "" {
			return why
		}
	case "give twice":
		if t.value != nil && kindsOf(t.value)["struct"] {
			return "two structs are one with the fields of both"
		}
	}
	return ""
}

// free are the types that admit what looks wrong, by kind of value, and why.
var free = []struct{ leaf, text, why string }{
	{"#Text", `"`, "any text: the value of a variable, an argument, a file"},
	{"#LabelValue", `""`, "a label may be empty (Kubernetes)"},
	{"#UserID", "99999999", "user numbers go far (images of other platforms have such)"},
}

// admits says why a value that looks wrong is right for a field.
func admits(t *target, text string) string {
	for _, name := range leavesOf(t) {
		for _, f := range free {
			if f.leaf == name && strings.HasPrefix(text, f.text) && !strings.Contains(text, `\u0000`) {
				return f.why
			}
		}
	}
	return ""
}

// leavesOf names the leaf types that a field's value may have.
func leavesOf(t *target) []string {
	var names []string
	if t.value.Type != nil {
		names = append(names, t.value.Type.Name)
		if s := t.value.Type.Shorthand; s != "" {
			if short := t.value.Type.Field(s).Type; short.Type != nil {
				names = append(names, short.Type.Name)
			}
		}
	}
	for _, arm := range t.value.Union {
		if arm.Type != nil {
			names = append(names, arm.Type.Name)
		}
	}
	return names
}

// elsewhere says why a mistake is told at another line than its own, or returns "".
func elsewhere(v *verdict) string {
	t := v.field
	gone := slices.Contains([]string{"delete", "rename", "null"}, v.kind)
	switch {
	case t.path[0] == "ports" && gone:
		return "a port is gone: told where it is named"
	case t.key != nil && gone && v.list[0].Region != "":
		return "an override is left alone: told there, with its region"
	case v.kind == "drop the colon" && v.list[0].Code == diag.Syntax && v.within(v.list[0].Pos.Line):
		return "what CUE's parser cannot read comes later in the same field"
	}
	return ""
}

func (v *verdict) within(line int) bool {
	return v.field.syntax.Pos().Line() <= line && line <= v.field.syntax.End().Line()
}
