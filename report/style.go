package report

import "strings"

// Style is how text is shown: on a terminal of some width, with colour or without. The zero Style is for pipes:
// no colour, nothing wrapped.
//
// The colours are the six that every terminal theme, dark or light, keeps readable; nothing is told by colour alone.
type Style struct {
	Colour bool
	Width  int // in columns; 0 when unknown
}

const (
	bold    = "1"
	red     = "31"
	green   = "32"
	magenta = "35"
	cyan    = "36"
)

func (s Style) paint(text string, attributes ...string) string {
	if !s.Colour || text == "" {
		return text
	}
	return "\x1b[" + strings.Join(attributes, ";") + "m" + text + "\x1b[0m"
}

// Strong is for what is to be seen first.
func (s Style) Strong(text string) string { return s.paint(text, bold) }

// Bad is for errors, and for what is taken away.
func (s Style) Bad(text string) string { return s.paint(text, bold, red) }

// Careful is for warnings.
func (s Style) Careful(text string) string { return s.paint(text, bold, magenta) }

// Good is for what is right, mended or added.
func (s Style) Good(text string) string { return s.paint(text, green) }

// Gone is for what is taken away.
func (s Style) Gone(text string) string { return s.paint(text, red) }

// Aside is for places and notes.
func (s Style) Aside(text string) string { return s.paint(text, cyan) }

// Unified colours a unified diff by the first character of its lines.
func (s Style) Unified(diff string) string {
	if !s.Colour {
		return diff
	}
	lines := strings.SplitAfter(diff, "\n")
	for i, line := range lines {
		text, end := strings.CutSuffix(line, "\n")
		switch {
		case strings.HasPrefix(text, "---"), strings.HasPrefix(text, "+++"), strings.HasPrefix(text, "diff "):
			text = s.Strong(text)
		case strings.HasPrefix(text, "@@"):
			text = s.Aside(text)
		case strings.HasPrefix(text, "+"):
			text = s.Good(text)
		case strings.HasPrefix(text, "-"):
			text = s.Gone(text)
		}
		if end {
			text += "\n"
		}
		lines[i] = text
	}
	return strings.Join(lines, "")
}
