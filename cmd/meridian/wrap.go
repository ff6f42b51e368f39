package main

import (
	"fmt"
	"strings"

	"github.com/meridian-gitops/meridian/report"
)

// textWidth is how wide the texts of reach and diff are where there is no terminal, but for words that are longer.
const textWidth = 80

// proseWidth is how wide a line may be that people read: beyond it the eye loses the next one.
const proseWidth = 120

// widthOf is how wide the texts of reach and diff are: as the terminal, as far as people like to read.
func widthOf(style report.Style) int {
	if style.Width == 0 {
		return textWidth
	}
	return min(max(style.Width, 60), proseWidth)
}

// prose is the style of texts on standard output that are wrapped on a terminal only.
func (c *cli) prose() report.Style {
	style := c.style(c.Stdout)
	style.Width = min(style.Width, proseWidth)
	return style
}

// wrap breaks a text at spaces into lines of at most width columns. Lines after the first begin with indent, which
// counts. A word that is longer stays whole.
func wrap(text, indent string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case report.Columns(line)+1+report.Columns(word) > width:
			lines = append(lines, line)
			line = indent + word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// writeWrapped writes text behind a head, and further lines under its beginning. The head may be coloured; what the
// text holds is made harmless.
func writeWrapped(b *strings.Builder, head, text string, style report.Style) {
	indent := strings.Repeat(" ", report.Columns(head))
	line, empty := head, true
	for word := range strings.FieldsSeq(text) {
		word = report.Harmless(word)
		if !empty && report.Columns(line)+1+report.Columns(word) > widthOf(style) {
			b.WriteString(line + "\n")
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	b.WriteString(line + "\n")
}

// writeLines writes lines, of which the first is not indented yet.
func writeLines(b *strings.Builder, lines []string, indent string) {
	for i, line := range lines {
		if i == 0 {
			line = indent + line
		}
		fmt.Fprintln(b, line)
	}
}

// harmlessLines is report.Harmless for text of several lines.
func harmlessLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = report.Harmless(line)
	}
	return strings.Join(lines, "\n")
}

// unifiedText is a unified diff as it is shown. A pipe is given the bytes as they are; a terminal would obey some.
func unifiedText(diff string, style report.Style) string {
	if style.Width > 0 {
		diff = harmlessLines(diff)
	}
	return style.Unified(diff)
}
