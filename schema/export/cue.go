package export

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"

	"github.com/meridian-gitops/meridian/schema"
)

// CUE writes a definition with all that it is made of as one file of a package schema, which needs nothing but CUE's
// standard library. It has no defaults: Meridian sets them itself, and a comment says which. Its structs are closed.
func CUE(s *schema.Schema, o Options) ([]byte, error) {
	c, err := newClosure(s, o)
	if err != nil {
		return nil, err
	}
	w := &cueWriter{closure: c}
	w.head()
	w.definitions()
	return w.source()
}

const packageClause = "package schema\n"

// header is the first line of a file.
func header(command string) string {
	return fmt.Sprintf("%s Rewrite it with `%s`.\n", Generated, command)
}

// scope is what a file says of the rules that it has.
func scope(form form) string {
	text := "The rules for single values, and for what excludes what, as Meridian checks them. Rules between values of a merged application, " +
		"such as whether a port is declared, are Meridian's alone."
	if form == whole {
		text += " What must be given is asked for in the application itself; Meridian also takes it from the platform's defaults " +
			"or from an override."
	}
	return text
}

type cueWriter struct {
	*closure
	out     strings.Builder
	imports []string // of CUE's standard library
}

func (w *cueWriter) head() {
	w.out.WriteString(header(w.options.Command) + "\n")
	w.comment("", scope(w.root.form))
	w.out.WriteString(packageClause)
}

// source formats what was written, with the imports that it needs.
func (w *cueWriter) source() ([]byte, error) {
	imports := ""
	slices.Sort(w.imports)
	for _, name := range slices.Compact(w.imports) {
		imports += fmt.Sprintf("\t%q\n", name)
	}
	if imports != "" {
		imports = "\nimport (\n" + imports + ")\n"
	}
	return format.Source([]byte(strings.Replace(w.out.String(), packageClause, packageClause+imports, 1)))
}

func (w *cueWriter) definitions() {
	for _, u := range w.structs {
		w.structure(u)
	}
	for _, t := range w.leaves {
		w.leaf(t)
	}
}

// comment writes text as a comment, paragraph by paragraph.
func (w *cueWriter) comment(indent, text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			fmt.Fprintf(&w.out, "%s//\n", indent)
		}
		for _, line := range wrap(paragraph, 116-4*len(indent)) {
			fmt.Fprintf(&w.out, "%s// %s\n", indent, line)
		}
	}
}

// structure writes a struct. That one of some fields must be given is a validator beside a closed definition of them:
// inside, it would admit every field.
func (w *cueWriter) structure(u use) {
	name, exclusions := w.name(u), exclusions(u)
	rules := needs(u)
	if len(rules) == 0 && exclusions != "" {
		rules = []string{"struct.MinFields(0)"} // a struct with a comprehension would admit a scalar
		w.imports = append(w.imports, "struct")
	}
	w.out.WriteString("\n")
	w.comment("", describe(u))
	if len(rules) > 0 {
		fmt.Fprintf(&w.out, "#%s: _#%sFields & %s\n\n_", name, name, strings.Join(rules, " & "))
		name += "Fields"
	}
	fmt.Fprintf(&w.out, "#%s: {\n", name)
	for _, f := range u.fields() {
		w.field(u, f)
	}
	w.out.WriteString(exclusions + "}\n")
}

// describe is what is said of a definition.
func describe(u use) string {
	text := u.t.Doc
	switch u.form {
	case base:
		text += " Its overrides may give what it lacks."
	case override:
		text = lowerFirst(strings.TrimSuffix(text, "."))
		text = "What is merged over " + text + ": all of it is optional, and null removes."
	}
	if u.t.Shorthand != "" {
		text += "\n\nIn short, a single value stands for " + u.t.Shorthand + "."
	}
	return text
}

func lowerFirst(s string) string {
	if s == "" || len(s) > 1 && strings.ToUpper(s[:2]) == s[:2] {
		return s // an abbreviation
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func (w *cueWriter) field(u use, f *schema.Field) {
	w.comment("\t", f.Doc+defaultWords(f))
	mark, null := "?", ""
	if u.mandatory(f) {
		mark = "!"
	}
	if u.nullable(f) {
		null = "null | "
	}
	fmt.Fprintf(&w.out, "\t%s%s: %s%s\n", label(f.Name), mark, null, w.ref(f.Type, u.form))
}

// defaultWords says what Meridian does where a field is absent.
func defaultWords(f *schema.Field) string {
	if f.DefaultDoc == "" || f.DefaultDoc == "{}" {
		return ""
	}
	return " Default: " + f.DefaultDoc + "."
}

func label(name string) string {
	if ast.IsValidIdent(name) {
		return name
	}
	return strconv.Quote(name)
}

// ref writes a use of a type.
func (w *cueWriter) ref(r *schema.Ref, f form) string {
	switch {
	case r.Type != nil:
		return "#" + w.name(target(r, f))
	case r.Key != nil:
		return w.entries(r, f)
	case r.Elem != nil:
		return "[..." + w.ref(r.Elem, whole) + "]"
	}
	arms := make([]string, len(r.Union))
	for i, arm := range r.Union {
		arms[i] = w.ref(arm, f)
	}
	return strings.Join(arms, " | ")
}

// entries writes a map: by its names where they are known, else by a pattern.
func (w *cueWriter) entries(r *schema.Ref, f form) string {
	null := ""
	if f.null() {
		null = "null | "
	}
	var list []string
	entry := func(name string, known form) {
		list = append(list, fmt.Sprintf("%s?: %s%s", label(name), null, w.ref(r.Elem, known)))
	}
	if names := w.enum(r.Key); len(names) > 0 {
		for _, name := range names {
			entry(name, f)
		}
		return "{\n" + strings.Join(list, "\n") + "\n}"
	}
	key := r.Key.Name
	if known := w.known(r); len(known) > 0 {
		for _, name := range known {
			entry(name, override)
		}
		key += fmt.Sprintf(" & !~%q", "^("+strings.Join(known, "|")+")$")
	}
	rest := fmt.Sprintf("[%s]: %s%s", key, null, w.ref(r.Elem, f))
	if len(list) == 0 {
		return "{" + rest + "}"
	}
	return "{\n" + strings.Join(append(list, rest), "\n") + "\n}"
}

// leaf writes a scalar's type: its constraint is CUE already.
func (w *cueWriter) leaf(t *schema.Type) {
	text := "#" + w.name(use{t: t}) + ": "
	if enum := w.enum(t); len(enum) > 0 {
		quoted := make([]string, len(enum))
		for i, value := range enum {
			quoted[i] = strconv.Quote(value)
		}
		text += strings.Join(quoted, " | ")
	} else {
		data, err := format.Node(t.Expr())
		if err != nil {
			panic("export: " + t.Name + ": " + err.Error()) // it was parsed before
		}
		text += string(data)
		w.importsOf(t.Expr())
	}
	w.out.WriteString("\n")
	doc := t.Doc
	if t.Expect != "" && len(t.Enum) == 0 {
		doc = strings.TrimSpace(doc + "\n\nWanted: " + t.Expect + ".")
	}
	w.comment("", strings.TrimPrefix(doc, "\n\n"))
	w.out.WriteString(text + "\n")
}

// importsOf notes the packages that an expression uses.
func (w *cueWriter) importsOf(expr ast.Expr) {
	ast.Walk(expr, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := sel.X.(*ast.Ident); ok {
				w.imports = append(w.imports, pkg.Name)
			}
		}
		return true
	}, nil)
}
