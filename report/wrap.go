package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Columns is how wide text is on a terminal: a Chinese character takes two columns, a mark that is set over another
// character none, and neither does a colour.
func Columns(text string) int {
	n := 0
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			_, text, _ = strings.Cut(rest, "m")
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		n += columnsOf(r)
		text = text[size:]
	}
	return n
}

func columnsOf(r rune) int {
	switch kind := width.LookupRune(r).Kind(); {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case kind == width.EastAsianWide, kind == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Words paints every word of a text by itself, so that it can be wrapped afterwards.
func Words(paint func(string) string, text string) string {
	words := strings.Split(text, " ")
	for i, word := range words {
		if word != "" {
			words[i] = paint(word)
		}
	}
	return strings.Join(words, " ")
}

// Wrap breaks text between words so that it fits the width; lines after the first begin with indent. A word that is
// longer than a line, such as an address, is not broken. Without a width nothing is wrapped.
func (s Style) Wrap(text, indent string) string {
	if s.Width <= len(indent)+20 || Columns(text) <= s.Width {
		return text
	}
	var b strings.Builder
	column := 0
	for i, word := range strings.Split(text, " ") {
		width := Columns(word)
		switch {
		case i == 0:
		case column+1+width > s.Width:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += width
	}
	return b.String()
}
