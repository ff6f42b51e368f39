package main

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// The rules, which docs/mistakes.md repeats in words:
//
//   - A mistake is caught when a command fails on it; it is silent otherwise.
//   - The place is "its line" when the output has the user's file with the line of the mistake, "its line among others"
//     when it has other lines as well. Otherwise it is what there is of: the user's file by name, the field by name (or
//     the wrong value), a line of another place.
//   - Of all four, those are told whose line, field or wrong value the output of the one run with all of them has.
//   - A fix is told when the output has words for what would be right: a type, a range, a form or a name.
//
// The output is standard error, and standard output where it is not the manifests.

// finding is what a tool's output has about one mistake made alone.
type finding struct {
	caught               bool
	line                 bool // the user's file and the line of the mistake
	file, field, another bool // the user's file, the field's name, a line that is not the mistake's
	fix                  bool
}

// fixes are the words that tools write before or around what would be right.
func fixes() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\bfix:|did you mean|\bwant\b|expected|must be|minimum|out of bound|mismatched types|of type|does not match pattern|does not satisfy`)
}

// positions are the forms in which tools write a line.
func positions() *regexp.Regexp {
	return regexp.MustCompile(`[\w./-]+\.(?:yaml|json|cue|jsonnet|libsonnet|tpl):\d+|\bline \d+`)
}

// find judges a run with one mistake.
func find(t trial, m mistake, e edit, line int) finding {
	said := t.said()
	if !t.failed() {
		return finding{}
	}
	return finding{
		caught:  true,
		line:    atLine(said, e.file, line),
		file:    strings.Contains(said, path.Base(e.file)),
		field:   m.mark.MatchString(said),
		another: elsewhere(said, e.file, line),
		fix:     fixes().MatchString(said),
	}
}

// atLine reports whether a text has a file with a line, as file:3 or as file followed by "line 3".
func atLine(text, file string, line int) bool {
	pattern := fmt.Sprintf(`(^|[^\w-])%s(:|:? .{0,40}\bline )%d\b`, regexp.QuoteMeta(path.Base(file)), line)
	return regexp.MustCompile(pattern).MatchString(text)
}

// elsewhere reports whether a text has a line that is not that one.
func elsewhere(text, file string, line int) bool {
	for _, position := range positions().FindAllString(text, -1) {
		if !atLine(position, file, line) && position != fmt.Sprintf("line %d", line) {
			return true
		}
	}
	return false
}

// told counts the mistakes that the run with all of them has.
func (r *record) told() int {
	n := 0
	if !r.together.failed() {
		return n
	}
	said := r.together.said()
	for i, m := range mistakes() {
		if m.mark.MatchString(said) || atLine(said, r.edits[i].file, r.lines[i]) {
			n++
		}
	}
	return n
}

func (f finding) String() string {
	if !f.caught {
		return "silent"
	}
	switch {
	case f.line && f.another:
		return "caught: its line among others"
	case f.line:
		return "caught: its line"
	}
	var parts []string
	for _, p := range []struct {
		has  bool
		name string
	}{{f.file, "file"}, {f.field, "field"}, {f.another, "a line elsewhere"}} {
		if p.has {
			parts = append(parts, p.name)
		}
	}
	if len(parts) == 0 {
		return "caught: no place"
	}
	return "caught: " + strings.Join(parts, ", ")
}
