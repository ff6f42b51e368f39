package schema

import (
	"strings"

	"cuelang.org/go/cue/ast"
)

// layout is the inside of a struct taken apart: every declaration with the comments that belong to it.
type layout struct {
	file  bool   // not between braces
	lines bool   // spread over lines, not written in one
	open  string // the comment behind the opening brace
	head  []string
	slots []*slot
	tail  []string
	gap   bool // a blank line before tail
}

// slot is a declaration and what moves with it.
type slot struct {
	rank     int      // its place in the schema, or -1
	preamble bool     // package or import
	blank    bool     // a blank line before it and its comments
	lead     []string // groups of comments before it
	apart    bool     // a blank line after the last of them
	text     string
	line     string   // the comment behind it
	after    []string // groups of comments that stay below it; a blank line follows
	below    bool     // the first of them stands directly below it
	sameLine bool     // it stands on the line of the one before
}

// gap is what stands between two declarations.
type gap struct {
	line    string   // the comment on the line of what is before
	groups  []string // comments on lines of their own, parted by blank lines
	first   bool     // a blank line before the first group, or any when there is none
	last    bool     // a blank line after the last group, or any when there is none
	newline bool
}

// takeApart splits the inside of a struct. It gives up on anything but blanks, commas and comments between two
// declarations: then their positions are not what they should be.
func (a *arranger) takeApart(decls []ast.Decl, inside span, t *Type) (*layout, bool) {
	l := &layout{file: inside == span{0, len(a.text)}}
	at := inside.from
	for i, decl := range decls {
		own := span{decl.Pos().Offset(), decl.End().Offset()}
		if own.from < at || own.to < own.from || own.to > inside.to {
			return nil, false
		}
		g, ok := readGap(a.text[at:own.from], l.file && i == 0, false)
		if !ok {
			return nil, false
		}
		s := &slot{rank: rank(decl, t), text: a.with(own)}
		switch decl.(type) {
		case *ast.Package, *ast.ImportDecl:
			s.preamble = true
		}
		l.add(g, s)
		at = own.to
	}
	g, ok := readGap(a.text[at:inside.to], l.file && len(decls) == 0, l.file)
	if !ok || len(decls) == 0 {
		return nil, false
	}
	l.slots[len(l.slots)-1].line = g.line
	l.tail, l.gap = g.groups, g.first
	l.lines = l.lines || l.file || g.newline
	return l, true
}

// add appends a declaration and deals the comments before it out: those at the head of the struct or file stay there,
// those directly below a declaration stay with it, all others go with what they stand before.
func (l *layout) add(g gap, s *slot) {
	if len(l.slots) == 0 {
		l.open = g.line
		l.head, s.lead = splitAt(g.groups, g.apart())
	} else {
		before := l.slots[len(l.slots)-1]
		before.line = g.line
		s.blank, s.sameLine = g.first || g.apart() > 0, !g.newline
		switch {
		case before.preamble:
			before.after, s.lead = splitAt(g.groups, g.apart())
			before.below = !g.first
		case !g.first && g.apart() > 0 && g.line == "": // CUE's formatter parts it from a field with a comment behind it
			before.after, s.lead = splitAt(g.groups, 1)
			before.below = true
		default:
			s.lead = g.groups
		}
		s.apart = g.last && len(s.lead) > 0
	}
	l.lines = l.lines || g.newline
	l.slots = append(l.slots, s)
}

// apart is how many groups a blank line parts from what follows the gap.
func (g gap) apart() int {
	if len(g.groups) > 0 && !g.last {
		return len(g.groups) - 1
	}
	return len(g.groups)
}

func splitAt(list []string, n int) ([]string, []string) { return list[:n], list[n:] }

// readGap reads what stands between declarations. start and end say that the text begins or ends a file there.
func readGap(text string, start, end bool) (gap, bool) {
	if start {
		text = "\n" + text
	}
	if end {
		text += "\n"
	}
	lines := strings.Split(text, "\n")
	g := gap{newline: len(lines) > 1}
	blank := false
	for i, line := range lines {
		line = strings.Trim(line, " \t\r,")
		comment := strings.HasPrefix(line, "//")
		switch {
		case line != "" && !comment, comment && i == len(lines)-1:
			return gap{}, false
		case comment && i == 0:
			g.line = line
		case comment && len(g.groups) > 0 && !blank:
			g.groups[len(g.groups)-1] += "\n" + line
		case comment:
			g.first = g.first || blank && len(g.groups) == 0
			g.groups = append(g.groups, line)
		}
		if comment {
			blank = false
		} else if i > 0 && i < len(lines)-1 {
			blank = true
		}
	}
	g.last = blank
	if len(g.groups) == 0 {
		g.first = blank
	}
	return g, true
}

// String writes the inside of the struct.
func (l *layout) String() string {
	if !l.lines {
		texts := make([]string, len(l.slots))
		for i, s := range l.slots {
			texts[i] = s.text
		}
		return strings.Join(texts, ", ")
	}
	var b strings.Builder
	if !l.file {
		b.WriteString(l.open + "\n")
	}
	for _, group := range l.head {
		b.WriteString(group + "\n\n")
	}
	for i, s := range l.slots {
		if i > 0 && (s.blank || len(l.slots[i-1].after) > 0) {
			b.WriteString("\n")
		}
		s.write(&b)
	}
	if len(l.tail) > 0 {
		if l.gap {
			b.WriteString("\n")
		}
		b.WriteString(strings.Join(l.tail, "\n\n") + "\n")
	}
	return b.String()
}

func (s *slot) write(b *strings.Builder) {
	b.WriteString(strings.Join(s.lead, "\n\n"))
	if len(s.lead) > 0 {
		b.WriteString("\n")
	}
	if s.apart {
		b.WriteString("\n")
	}
	b.WriteString(s.text)
	if s.line != "" {
		b.WriteString(" " + s.line)
	}
	b.WriteString("\n")
	if len(s.after) == 0 {
		return
	}
	if !s.below {
		b.WriteString("\n")
	}
	b.WriteString(strings.Join(s.after, "\n\n") + "\n")
}
