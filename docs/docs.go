// Package docs writes the reference pages of this folder from what the program itself knows.
//
// In: the compiled schema, the registry of diagnostics, the ingress dialects. Out: Markdown. It reads and writes no
// file; its test holds the pages current.
package docs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
)

// Reference is the page of a definition and all that it is made of, such as #App.
func Reference(s *schema.Schema, root, title, intro string) string {
	r := &reference{}
	fmt.Fprintf(&r.out, "# %s\n\n%s\n\nThis page is written from the comments of the schema (`schema/*.cue`).\n", title, intro)
	r.collect(s.Type(root))
	for _, t := range r.structs {
		r.section(t)
	}
	r.out.WriteString("\n## Forms of values\n\n| form | what it admits |\n|---|---|\n")
	slices.SortFunc(r.leaves, func(a, b *schema.Type) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range r.leaves {
		fmt.Fprintf(&r.out, "| <a id=%q></a>%s | %s |\n", anchor(t), label(t), cell(t.Expect))
	}
	return r.out.String()
}

type reference struct {
	out     strings.Builder
	structs []*schema.Type
	leaves  []*schema.Type
}

// collect lists the types that a type is made of, each once, in the order in which they are met.
func (r *reference) collect(t *schema.Type) {
	if t.Leaf() {
		if !t.Any && !slices.Contains(r.leaves, t) {
			r.leaves = append(r.leaves, t)
		}
		return
	}
	if slices.Contains(r.structs, t) {
		return
	}
	r.structs = append(r.structs, t)
	for _, f := range t.Fields {
		r.collectRef(f.Type)
	}
}

func (r *reference) collectRef(ref *schema.Ref) {
	switch {
	case ref.Partial: // the reference of app.cue has it
	case ref.Type != nil:
		r.collect(ref.Type)
	case ref.Elem != nil:
		if ref.Key != nil {
			r.collect(ref.Key)
		}
		r.collectRef(ref.Elem)
	}
	for _, arm := range ref.Union {
		r.collectRef(arm)
	}
}

func label(t *schema.Type) string { return "`" + strings.TrimPrefix(t.Name, "#") + "`" }

func anchor(t *schema.Type) string { return strings.ToLower(strings.TrimPrefix(t.Name, "#")) }

func (r *reference) section(t *schema.Type) {
	fmt.Fprintf(&r.out, "\n## %s\n\n%s\n", strings.TrimPrefix(t.Name, "#"), t.Doc)
	if t.Shorthand != "" {
		fmt.Fprintf(&r.out, "\nShort form: a single value stands for `%s`.\n", t.Shorthand)
	}
	for _, group := range t.OneOf {
		var names []string
		for _, alternative := range group.Alternatives {
			names = append(names, "`"+strings.Join(alternative, "`+`")+"`")
		}
		how := "Exactly one of"
		if group.Optional {
			how = "At most one of"
		}
		fmt.Fprintf(&r.out, "\n%s %s.\n", how, strings.Join(names, ", "))
	}
	r.out.WriteString("\n| field | value | default | meaning |\n|---|---|---|---|\n")
	for _, f := range t.Fields {
		name := "`" + f.Name + "`"
		if f.Required {
			name = "**" + name + "**"
		}
		meaning := f.Doc
		if f.Fixed && !strings.Contains(meaning, "region") {
			meaning += " The same in all regions."
		}
		fmt.Fprintf(&r.out, "| %s | %s | %s | %s |\n", name, valueText(f.Type), defaultText(f), cell(meaning))
	}
}

func valueText(ref *schema.Ref) string {
	switch {
	case ref.Partial:
		return "any part of [App](app.md#app)"
	case ref.Type != nil && ref.Type.Any:
		return "any CUE"
	case ref.Type != nil && len(ref.Type.Enum) > 0:
		return "`\"" + strings.Join(ref.Type.Enum, "\"` \\| `\"") + "\"`"
	case ref.Type != nil:
		return fmt.Sprintf("[%s](#%s)", strings.TrimPrefix(ref.Type.Name, "#"), anchor(ref.Type))
	case ref.Key != nil:
		return fmt.Sprintf("by [%s](#%s): %s", strings.TrimPrefix(ref.Key.Name, "#"), anchor(ref.Key), valueText(ref.Elem))
	case ref.Elem != nil:
		return "list of " + valueText(ref.Elem)
	}
	var arms []string
	for _, arm := range ref.Union {
		arms = append(arms, valueText(arm))
	}
	return strings.Join(arms, " or ")
}

func defaultText(f *schema.Field) string {
	switch {
	case f.DefaultDoc == "{}":
		return "that of its fields"
	case f.Default != nil:
		return "`" + cell(f.DefaultDoc) + "`"
	case f.DefaultDoc != "":
		return cell(f.DefaultDoc)
	case f.Required:
		return "required"
	}
	return "–"
}

// cell escapes what would end a table's cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// Errors is the page of all diagnostics.
func Errors() string {
	var b strings.Builder
	b.WriteString("# Diagnostics\n\nEvery diagnostic has a stable code; `meridian explain CODE` prints its entry, and `meridian explain` lists\nall. The examples are what the tests of the command line print. An error stops the run: nothing is\n" +
		"written and nothing is committed. A warning changes the exit code only with `--strict`.\n\n" +
		"| first digit | stage |\n|---|---|\n| M1 | reading and parsing |\n| M2 | the schema's rules for single values |\n| M3 | platform and regions |\n| M4 | an application in its region |\n| M5 | patches |\n| M6 | several applications together |\n| M7 | comparing and testing |\n| M8 | publishing |\n")
	for _, entry := range diag.Codes() {
		severity := ""
		if entry.Severity == diag.Warning {
			severity = " (warning)"
		}
		fmt.Fprintf(&b, "\n<a id=%q></a>\n\n## %s%s: %s\n\n%s\n", strings.ToLower(string(entry.Code)), entry.Code, severity, entry.Title, entry.Cause)
		if example := diag.Example(entry.Code); example != "" {
			fmt.Fprintf(&b, "\n```text\n%s```\n", example)
		}
		fmt.Fprintf(&b, "\nFix: %s.\n", entry.Fix)
	}
	return b.String()
}

// Dialects is the capability table of the ingress dialects.
func Dialects() string {
	var b strings.Builder
	b.WriteString("# Ingress dialects\n\nA region names the dialect that its ingress controller reads. What a dialect cannot express is an error, never dropped.\n\n" +
		"| dialect | allow-list | permanent redirect | redirect only while the certificate is valid | wildcard hosts | TCP | UDP |\n|---|---|---|---|---|---|---|\n")
	dialects := compiler.Dialects()
	var notes []string
	for _, name := range slices.Sorted(maps.Keys(dialects)) {
		c := dialects[name].Capabilities()
		redirect := "no"
		if c.PermanentRedirect {
			redirect = fmt.Sprint(c.RedirectCode)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", name, yes(c.AllowList), redirect, yes(c.RedirectNeedsCert), yes(c.WildcardHost), yes(c.TCP), yes(c.UDP))
		notes = append(notes, fmt.Sprintf("**%s**: %s", name, c.Note))
	}
	b.WriteString("\n" + strings.Join(notes, "\n\n") + "\n")
	return b.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
