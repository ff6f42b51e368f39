package main

import (
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/report"
)

// maxComment is how many characters a comment on GitHub may have. Bytes are counted, which are never fewer.
const maxComment = 65536

// printDiffMarkdown prints a comment for a pull request: counts first, then a folded part an application, the most
// dangerous first, as far as there is room. What comes from users stands in code, where nothing is markup.
func (c *cli) printDiffMarkdown(r diffReport) error {
	_, err := io.WriteString(c.Stdout, markdownReport(r, maxComment))
	return err
}

func markdownReport(r diffReport, limit int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### Meridian: %s → %s\n\n", code(r.From), code(r.To))
	if len(r.Changes) == 0 {
		b.WriteString("Nothing changes.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "**%s**\n\n| change | where |\n|---|---|\n", howMany(r.Summary.Apps, r.Summary.Spaces))
	for _, n := range r.Summary.Classes {
		fmt.Fprintf(&b, "| %s | %s |\n", classText(n.Class), appCodes(n.Apps))
	}
	const reserve = 300 // for the sentence on what was left out
	groups := groupChanges(r.Changes)
	for i, g := range groups {
		part := g.markdown()
		if b.Len()+len(part) > limit-reserve {
			left := 0
			for _, other := range groups[i:] {
				left += len(other.changes)
			}
			fmt.Fprintf(&b, "\n_%s of %d left out: a comment holds %d characters. The most dangerous come first; `meridian diff` prints all._\n", count(left, "change"), len(r.Changes), limit)
			return b.String()
		}
		b.WriteString(part)
	}
	if r.Unified == "" {
		return b.String()
	}
	unified := details("the manifests' unified diffs", "diff", harmlessLines(r.Unified))
	if b.Len()+len(unified) > limit-reserve {
		fmt.Fprintf(&b, "\n_The unified diffs, %d characters, are left out: a comment holds %d._\n", len(r.Unified), limit)
		return b.String()
	}
	b.WriteString(unified)
	return b.String()
}

// appCodes names a few applications, each in code.
func appCodes(apps []change.App) string {
	const most = 5
	var names []string
	for i, app := range apps {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(apps)-most))
			break
		}
		names = append(names, code(appTitle(app)))
	}
	return strings.Join(names, ", ")
}

func (g diffGroup) markdown() string {
	classes := change.Summarize(g.changes).Classes
	var words []string
	for _, n := range classes {
		words = append(words, classText(n.Class))
	}
	return details(html.EscapeString(g.title())+": "+strings.Join(words, ", "), "text", g.text("", report.Style{}))
}

// details is a folded part with a block of text in a fence that the text cannot close.
func details(title, language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fmt.Sprintf("\n<details><summary>%s</summary>\n\n%s%s\n%s%s\n\n</details>\n", title, fence, language, text, fence)
}

// code puts a text of one line into code, in a table too.
func code(text string) string {
	text = strings.ReplaceAll(report.Harmless(strings.Join(strings.Fields(text), " ")), "|", `\|`)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}
