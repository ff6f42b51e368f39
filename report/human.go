package report

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/text/width"

	"github.com/meridian-gitops/meridian/diag"
)

// longLine is how much of a line is shown where the width is not known, in characters.
const longLine = 160

// human prints what is wrong, the line it is in, how to mend it, and related places.
func (r Report) human(style Style) []byte {
	var out bytes.Buffer
	for _, d := range r.List {
		r.diagnostic(&out, d, style)
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
	text := style.Wrap(Harmless(d.String()), "    ")
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
		note := style.Wrap("  "+related.Pos.String()+": "+Harmless(related.Message), "    ")
		fmt.Fprintln(out, style.Aside(note))
	}
}

// window returns a line, or the part of it around a column if it is too long, and a line with a caret under the
// column. Tabs stay tabs in both, so that the caret stands right whatever their width.
func window(line []byte, column int, style Style) (text, caret string) {
	most := longLine
	if style.Width > 40 {
		most = style.Width - 8
	}
	column = ofRune(line, column)
	before, after := []rune(Harmless(string(line[:column-1]))), []rune(Harmless(string(line[column-1:])))
	left, right := "", ""
	if len(before)+len(after) > most {
		if keep := most * 2 / 3; len(before) > keep {
			before, left = before[len(before)-keep:], "…"
		}
		if keep := most - len(before); len(after) > keep {
			after, right = after[:keep], "…"
		}
	}
	return left + string(before) + string(after) + right, blank(left+string(before)) + "^"
}

// blank is as wide as text and shows nothing.
func blank(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r == '\t' {
			b.WriteByte('\t')
			continue
		}
		b.WriteString(strings.Repeat(" ", columns(string(r))))
	}
	return b.String()
}

// columns is how wide text is on a terminal: a Chinese character takes two columns.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n++
		if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}
