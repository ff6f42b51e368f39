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
	var b strings.Builder
	if r.Unified != "" {
		fmt.Fprintln(&b, r.Unified)
	}
	for _, g := range groupChanges(r.Changes) {
		fmt.Fprintf(&b, "%s\n%s\n", strings.Join(wrap(g.title(), "    ", textWidth), "\n"), g.text("  "))
	}
	const held = "\x00" // keeps a number with what it counts
	total, counts, _ := strings.Cut(summaryText(r.Summary), ": ")
	line := total + ": " + strings.ReplaceAll(strings.ReplaceAll(counts, " ", held), ","+held, ", ")
	fmt.Fprintln(&b, strings.ReplaceAll(strings.Join(wrap(line, "    ", textWidth), "\n"), held, " "))
	_, err := io.WriteString(c.Stdout, b.String())
	return err
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
func (g diffGroup) text(indent string) string {
	var b strings.Builder
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
		writeLines(&b, wrap("in "+where, indent+"    ", textWidth-len(indent)), indent)
		for _, other := range g.changes {
			if slices.Equal(other.Regions, one.Regions) {
				writeChange(&b, other, indent+"  ")
			}
		}
	}
	return b.String()
}

func writeLines(b *strings.Builder, lines []string, indent string) {
	for i, line := range lines {
		if i == 0 {
			line = indent + line
		}
		fmt.Fprintln(b, line)
	}
}

// marks are what stands before an object.
func mark(op golden.Op) string {
	switch op {
	case golden.Added:
		return "+ "
	case golden.Removed:
		return "- "
	}
	return "~ "
}

// writeChange tells one change: object and classes, what they mean, what differs.
func writeChange(b *strings.Builder, one change.Change, indent string) {
	head := mark(one.Op) + report.Harmless(one.Object.String()) + ": " + classesText(one)
	writeLines(b, wrap(head, indent+"    ", textWidth-len(indent)), indent)
	inner := indent + "    "
	for _, note := range one.Notes {
		writeLines(b, wrap("! "+report.Harmless(note), inner+"  ", textWidth-len(inner)), inner)
	}
	if len(one.Objects) > 0 {
		var names []string
		for _, object := range one.Objects {
			names = append(names, report.Harmless(object.String()))
		}
		writeLines(b, wrap(strings.Join(names, ", "), inner, textWidth-len(inner)), inner)
	}
	if one.Object.Kind == "NetworkPolicy" && len(one.Notes) > 0 {
		return // its lists differ by position: the notes say what it means
	}
	for _, field := range one.Fields {
		writeField(b, field, inner)
	}
}

func writeField(b *strings.Builder, f golden.Field, indent string) {
	path, old, new := report.Harmless(f.Path), report.Harmless(f.Old), report.Harmless(f.New)
	sign, values := "~ ", []string{old, "-> " + new}
	switch {
	case old == "":
		sign, values = "+ ", []string{new}
	case new == "":
		sign, values = "- ", []string{old}
	}
	line := indent + sign + path + ": " + strings.Join(values, " ")
	if len(line) > textWidth {
		line = indent + sign + path + ":"
		for _, value := range values {
			line += "\n" + indent + "    " + value
		}
	}
	fmt.Fprintln(b, line)
}

// classesText names the classes of a change, with what pods are replaced for.
func classesText(one change.Change) string {
	var words []string
	for _, class := range one.Classes {
		word := classText(class)
		if (class == change.RollingRestart || class == change.Recreate) && len(one.Reasons) > 0 {
			word += " (" + report.Harmless(strings.Join(one.Reasons, ", ")) + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func classText(class change.Class) string { return strings.ReplaceAll(string(class), "-", " ") }

// summaryText is one line: "3 applications: 1 deletion, 2 rolling restarts".
func summaryText(s change.Summary) string {
	var words []string
	for _, n := range s.Classes {
		word := classText(n.Class)
		if len(n.Apps) != 1 {
			word = cmp.Or(plurals()[n.Class], word)
		}
		words = append(words, fmt.Sprintf("%d %s", len(n.Apps), word))
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

// wrap breaks a text at spaces into lines of at most width characters. Lines after the first begin with indent, which
// counts. A word that is longer stays whole.
func wrap(text, indent string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			lines = append(lines, line)
			line = indent + word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
