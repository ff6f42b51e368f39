package random

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// write returns the text of an app.cue.
func write(v *value) string {
	var b strings.Builder
	b.WriteString("package app\n\n")
	for _, f := range v.fields {
		writeField(&b, f, "")
	}
	return b.String()
}

func writeField(b *strings.Builder, f field, indent string) {
	fmt.Fprintf(b, "%s%s: ", indent, label(f.name))
	writeValue(b, f.value, indent)
	b.WriteByte('\n')
}

func writeValue(b *strings.Builder, v *value, indent string) {
	inner := indent + "\t"
	switch v.kind {
	case null:
		b.WriteString("null")
	case text:
		b.WriteString(quote(v.text))
	case list:
		b.WriteString("[")
		for _, item := range v.items {
			b.WriteString("\n" + inner)
			writeValue(b, item, inner)
			b.WriteByte(',')
		}
		if len(v.items) > 0 {
			b.WriteString("\n" + indent)
		}
		b.WriteString("]")
	case structure:
		b.WriteString("{\n")
		for _, f := range v.fields {
			writeField(b, f, inner)
		}
		b.WriteString(indent + "}")
	default:
		b.WriteString(v.text)
	}
}

// plainLabel is a name that needs no quotes and means nothing else in CUE, nor in an app.cue, as region does.
var plainLabel = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z][a-zA-Z]*$`)
})

func label(name string) string {
	switch name {
	case "true", "false", "null", "for", "if", "let", "in", "import", "package", "region":
		return quote(name)
	}
	if plainLabel().MatchString(name) {
		return name
	}
	return quote(name)
}

// quote writes a CUE string of one line. What cannot be seen is written by its number: a CUE file may not hold all of it.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
