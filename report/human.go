package report

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/meridian-gitops/meridian/diag"
)

// longLine is how much of a line is shown where the width is not known, in characters.
const longLine = 160

// human prints what is wrong, the line it is in, how to mend it, and related places.
func (r Report) human(style Style) []byte {
	var out bytes.Buffer
	for i, d := range r.List {
		if i > 0 && style.Width > 0 { // a terminal has room; a log is read by programs too
			out.WriteByte('\n')
		}
		r.diagnostic(&out, d, style)
	}
	if len(r.List) > 1 && style.Width > 0 {
		out.WriteByte('\n')
	}
	switch {
	case r.Omitted > 0:
		fmt.Fprintf(&out, "%s; %d more are not shown (--max-errors)\n", Tally(r.List), r.Omitted)
	case len(r.List) > 1:
		fmt.Fprintln(&out, Tally(r.List))
	}
	return out.Bytes()
}

func (r Report) diagnostic(out *bytes.Buffer, d diag.Diagnostic, style Style) {
	// The text is wrapped before it is coloured: a colour has no width.
	text := style.Wrap(Harmless(d.String()), "  ")
	kind := fmt.Sprintf("%s %s:", d.Severity, d.Code)
	place, rest, found := strings.Cut(text, kind)
	if !found { // broken within; a terminal this narrow gets no colour
		fmt.Fprintln(out, text)
	} else {
		paint := style.Bad
		if d.Severity == diag.Warning {
			paint = style.Careful
		}
		fmt.Fprintln(out, style.Strong(place)+paint(kind)+style.Strong(rest))
	}
	if line, ok := r.Lines.shown(d.Pos); ok {
		text, caret := window(line, d.Pos.Col, style)
		fmt.Fprintf(out, "    %s\n    %s\n", text, caret[:len(caret)-1]+style.Bad("^"))
	}
	if d.Hint != "" {
		fix, _ := strings.CutPrefix(style.Wrap("  fix: "+Harmless(d.Hint), "       "), "  fix:")
		fmt.Fprintln(out, "  "+style.Good("fix:")+fix)
	}
	for _, related := range d.Related {
		note := style.Wrap("  "+Harmless(related.Pos.String()+": "+related.Message), "    ")
		fmt.Fprintln(out, style.Aside(note))
	}
}

// window returns a line, or the part of it around a column if it is too long, and a line with a caret under the
// column. Tabs stay tabs in both, so that the caret stands right whatever their width.
func window(line []byte, column int, style Style) (text, caret string) {
	most, measure := longLine, utf8.RuneCountInString
	if style.Width > 40 {
		most, measure = style.Width-8, sourceColumns
	}
	column = ofRune(line, column)
	// A line of a megabyte with thousands of mistakes is looked at around each of them only: what follows keeps no more.
	near := (most + 2) * utf8.UTFMax
	before := []rune(Harmless(string(line[max(0, column-1-near) : column-1])))
	after := []rune(Harmless(string(line[column-1 : min(len(line), column-1+near)])))
	left, right := "", ""
	// No line shows more characters than columns: the rest of a very long one need not be measured.
	if n := len(before) - most - 1; n > 0 {
		before, left = before[n:], "…"
	}
	if len(after) > most+1 {
		after, right = after[:most+1], "…"
	}
	if measure(string(before)+string(after)) > most {
		for measure(string(before)) > most*2/3 {
			before, left = before[1:], "…"
		}
		for len(after) > 0 && measure(string(before)+string(after)) > most {
			after, right = after[:len(after)-1], "…"
		}
	}
	return left + string(before) + string(after) + right, blank(left+string(before)) + "^"
}

// sourceColumns is how wide a line of a source is where it is shown: behind four blanks, with a tab to every eighth column.
func sourceColumns(line string) int {
	const indent, tab = 4, 8
	column := indent
	for _, r := range line {
		if r == '\t' {
			column += tab - column%tab
		} else {
			column += Columns(string(r))
		}
	}
	return column - indent
}

// blank is as wide as text and shows nothing.
func blank(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r == '\t' {
			b.WriteByte('\t')
			continue
		}
		b.WriteString(strings.Repeat(" ", Columns(string(r))))
	}
	return b.String()
}
