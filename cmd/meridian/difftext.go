package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/golden"
	"github.com/meridian-gitops/meridian/report"
)

func diffPrinters() map[string]func(*cli, diffReport) error {
	return map[string]func(*cli, diffReport) error{
		"text":     (*cli).printDiffText,
		"markdown": (*cli).printDiffMarkdown,
		"json":     func(c *cli, r diffReport) error { return printJSON(c, r) },
	}
}

// diffGroup are the changes of the same applications.
type diffGroup struct {
	apps    []change.App
	changes []change.Change
}

// groupChanges puts the changes of the same applications together, in the order of the most dangerous of each.
func groupChanges(changes []change.Change) []diffGroup {
	var groups []diffGroup
	for _, one := range changes {
		i := slices.IndexFunc(groups, func(g diffGroup) bool { return slices.Equal(g.apps, one.Apps) })
		if i < 0 {
			i = len(groups)
			groups = append(groups, diffGroup{apps: one.Apps})
		}
		groups[i].changes = append(groups[i].changes, one)
	}
	return groups
}

// printDiffText prints unified diffs if wanted, then what changes group by group, then one line of counts.
func (c *cli) printDiffText(r diffReport) error {
	if len(r.Changes) == 0 {
		return nil
	}
	_, err := io.WriteString(c.Stdout, c.diffText(r, len(r.Changes)))
	return err
}

// diffText tells so many groups of changes, and counts them all.
func (c *cli) diffText(r diffReport, most int) string {
	var b strings.Builder
	style := c.style(c.Stdout)
	width := widthOf(style)
	if r.Unified != "" {
		fmt.Fprintln(&b, unifiedText(r.Unified, style))
	}
	groups := groupChanges(r.Changes)
	for _, g := range groups[:min(most, len(groups))] {
		fmt.Fprintf(&b, "%s\n%s\n", strings.Join(wrap(report.Words(style.Strong, g.title()), "    ", width), "\n"), g.text("  ", style))
	}
	if len(groups) > most {
		fmt.Fprintf(&b, "%s\n\n", leftOut(groups[most:]))
	}
	const held = "\x00" // keeps a number with what it counts
	total, counts, _ := strings.Cut(summaryText(r.Summary, style), ": ")
	line := total + ": " + strings.ReplaceAll(strings.ReplaceAll(counts, " ", held), ","+held, ", ")
	fmt.Fprintln(&b, strings.ReplaceAll(strings.Join(wrap(line, "    ", width), "\n"), held, " "))
	return b.String()
}

// title names the applications of a group.
func (g diffGroup) title() string {
	if len(g.apps) == 1 {
		return appTitle(g.apps[0])
	}
	apps, spaces := 0, 0
	var names []string
	for _, app := range g.apps {
		name := app.Name
		if name == "" {
			spaces++
			name = app.Namespace
		} else {
			apps++
		}
		names = append(names, name)
	}
	return howMany(apps, spaces) + ": " + strings.Join(fewNames(names), ", ") + g.namespaces()
}

func appTitle(app change.App) string {
	if app.Name == "" {
		return "space " + app.Namespace
	}
	return app.Name + " in " + app.Namespace
}

// namespaces names the one namespace that all applications of a group are in.
func (g diffGroup) namespaces() string {
	first := g.apps[0]
	if first.Name == "" || slices.ContainsFunc(g.apps, func(app change.App) bool { return app.Namespace != first.Namespace }) {
		return ""
	}
	return " in " + first.Namespace
}

// fewNames leaves out what nobody reads.
func fewNames(names []string) []string {
	const most = 10
	if len(names) <= most {
		return names
	}
	return append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
}

func howMany(apps, spaces int) string {
	var words []string
	if apps > 0 {
		words = append(words, count(apps, "application"))
	}
	if spaces > 0 {
		words = append(words, count(spaces, "space"))
	}
	return strings.Join(words, ", ")
}

// text tells the changes of a group, those of the same regions together.
func (g diffGroup) text(indent string, style report.Style) string {
	b := diffWriter{style: style}
	var done []string
	for _, one := range g.changes {
		where := strings.Join(one.Regions, ", ")
		if slices.Contains(done, where) {
			continue
		}
		done = append(done, where)
		if len(one.Regions) > 1 {
			where = fmt.Sprintf("%d regions: %s", len(one.Regions), where)
		}
		b.wrapped("in "+where, indent, "    ")
		for _, other := range g.changes {
			if slices.Equal(other.Regions, one.Regions) {
				b.change(other, indent+"  ")
			}
		}
	}
	return b.String()
}

// diffWriter writes changes as text.
type diffWriter struct {
	strings.Builder
	style report.Style
}

// wrapped writes a text that begins at indent, and further lines of it behind more.
func (b *diffWriter) wrapped(text, indent, more string) {
	writeLines(&b.Builder, wrap(text, indent+more, widthOf(b.style)-len(indent)), indent)
}

// mark is what stands before an object or a field.
func (b *diffWriter) mark(op golden.Op) string {
	switch op {
	case golden.Added:
		return b.style.Good("+") + " "
	case golden.Removed:
		return b.style.Gone("-") + " "
	}
	return b.style.Aside("~") + " "
}

// change tells one change: object and classes, what they mean, what differs.
func (b *diffWriter) change(one change.Change, indent string) {
	b.wrapped(b.mark(one.Op)+report.Harmless(one.Object.String())+": "+classesText(one, b.style), indent, "    ")
	inner := indent + "    "
	for _, note := range one.Notes {
		b.wrapped(b.style.Careful("!")+" "+report.Harmless(note), inner, "  ")
	}
	if len(one.Objects) > 0 {
		var names []string
		for _, object := range one.Objects {
			names = append(names, report.Harmless(object.String()))
		}
		b.wrapped(strings.Join(names, ", "), inner, "")
	}
	if one.Object.Kind == "NetworkPolicy" && len(one.Notes) > 0 {
		return // its lists differ by position: the notes say what it means
	}
	for _, field := range one.Fields {
		b.field(field, inner)
	}
}

func (b *diffWriter) field(f golden.Field, indent string) {
	path, old, new := report.Harmless(f.Path), report.Harmless(f.Old), report.Harmless(f.New)
	sign, values := b.mark(golden.Changed), []string{old, "-> " + new}
	switch {
	case old == "":
		sign, values = b.mark(golden.Added), []string{new}
	case new == "":
		sign, values = b.mark(golden.Removed), []string{old}
	}
	line := indent + sign + path + ": " + strings.Join(values, " ")
	if report.Columns(line) > widthOf(b.style) {
		line = indent + sign + path + ":"
		for _, value := range values {
			line += "\n" + indent + "    " + value
		}
	}
	fmt.Fprintln(b, line)
}

// classesText names the classes of a change, with what pods are replaced for.
func classesText(one change.Change, style report.Style) string {
	var words []string
	for _, class := range one.Classes {
		word := report.Words(classPaint(class, style), classText(class))
		if (class == change.RollingRestart || class == change.Recreate) && len(one.Reasons) > 0 {
			word += " (" + report.Harmless(strings.Join(one.Reasons, ", ")) + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func classText(class change.Class) string { return strings.ReplaceAll(string(class), "-", " ") }

// classPaint is how a class is shown: what may hurt is seen first.
func classPaint(class change.Class, style report.Style) func(string) string {
	switch class {
	case change.Deletion, change.LeftRegion, change.ExposureWider, change.EgressWider, change.PermissionsWider:
		return style.Bad
	case change.AutoscaleGap, change.Recreate, change.RollingRestart:
		return style.Careful
	case change.New, change.EnteredRegion:
		return style.Good
	}
	return func(text string) string { return text }
}

// summaryText is one line: "3 applications: 1 deletion, 2 rolling restarts".
func summaryText(s change.Summary, style report.Style) string {
	var words []string
	for _, n := range s.Classes {
		word := classText(n.Class)
		if len(n.Apps) != 1 {
			word = cmp.Or(plurals()[n.Class], word)
		}
		words = append(words, report.Words(classPaint(n.Class, style), fmt.Sprintf("%d %s", len(n.Apps), word)))
	}
	return howMany(s.Apps, s.Spaces) + ": " + strings.Join(words, ", ")
}

// plurals are of the classes whose names are nouns.
func plurals() map[change.Class]string {
	return map[change.Class]string{
		change.Deletion: "deletions", change.AutoscaleGap: "autoscale gaps", change.Recreate: "recreates",
		change.RollingRestart: "rolling restarts", change.Policy: "policies",
	}
}
