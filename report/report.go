// Package report prints diagnostics: for people, as JSON, as SARIF, and as annotations of GitHub Actions.
//
// In: sorted [diag.Diagnostic] values and the text of the files they point into. Out: bytes. It reads no file and
// knows no terminal: width and colour are given. What comes from a user's file is made harmless: nothing in it can
// move the cursor, change a colour or forge an annotation, and a line that seems to hold a credential is not shown.
package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/meridian-gitops/meridian/diag"
)

// Format is a way to print diagnostics.
type Format string

// The formats.
const (
	Human  Format = "human"
	JSON   Format = "json"
	SARIF  Format = "sarif"
	GitHub Format = "github"
)

// Formats returns the formats there are.
func Formats() []Format { return []Format{Human, JSON, SARIF, GitHub} }

// Report is what there is to print.
type Report struct {
	List    []diag.Diagnostic // sorted
	Omitted int               // errors and warnings beyond the most that were wanted
	Lines   *Lines
	Version string // of the program, for SARIF
}

// Print prints a report in a format.
func (r Report) Print(format Format, style Style) ([]byte, error) {
	switch format {
	case JSON:
		return r.json()
	case SARIF:
		return r.sarif()
	case GitHub:
		return r.gitHub(), nil
	case Human:
		return r.human(style), nil
	}
	return nil, fmt.Errorf("unknown format %q", format)
}

// Limit keeps the first most diagnostics of severity error, and the warnings before them; 0 keeps all. It returns
// how many were left out.
func Limit(list []diag.Diagnostic, most int) ([]diag.Diagnostic, int) {
	errors := 0
	for i, d := range list {
		if d.Severity != diag.Error {
			continue
		}
		if errors++; most > 0 && errors > most {
			return list[:i], len(list) - i
		}
	}
	return list, 0
}

// Lines are the lines that diagnostics point at.
type Lines struct {
	read   func(file string) []byte
	files  map[string][][]byte
	secret map[diag.Pos]bool // lines that seem to hold a credential, without columns
}

// NewLines prepares to show the lines of files, which read returns; nil for a file that is not to be had. It is
// asked once a file.
func NewLines(list []diag.Diagnostic, read func(file string) []byte) *Lines {
	l := &Lines{read, map[string][][]byte{}, map[diag.Pos]bool{}}
	for _, d := range list {
		if d.Code == diag.LooksLikeCredential {
			l.secret[diag.Pos{File: d.Pos.File, Line: d.Pos.Line}] = true
		}
	}
	return l
}

// at returns the line that a position is in.
func (l *Lines) at(pos diag.Pos) ([]byte, bool) {
	if pos.Line == 0 {
		return nil, false
	}
	lines, known := l.files[pos.File]
	if !known {
		lines = bytes.Split(l.read(pos.File), []byte("\n"))
		l.files[pos.File] = lines
	}
	if pos.Line > len(lines) {
		return nil, false
	}
	return bytes.TrimSuffix(lines[pos.Line-1], []byte("\r")), true
}

// shown returns the line that a position is in, if it may be shown and there is something to see.
func (l *Lines) shown(pos diag.Pos) ([]byte, bool) {
	if l.secret[diag.Pos{File: pos.File, Line: pos.Line}] {
		return nil, false
	}
	line, ok := l.at(pos)
	return line, ok && len(bytes.TrimSpace(line)) > 0
}

// column returns a position's column in characters, as SARIF and GitHub count it, instead of bytes.
func (l *Lines) column(pos diag.Pos) int {
	line, ok := l.at(pos)
	if !ok {
		return max(pos.Col, 1)
	}
	return utf8.RuneCount(line[:ofRune(line, pos.Col)-1]) + 1
}

// ofRune returns the column, in bytes, of the character that a column is in; it is inside the line or just behind it.
func ofRune(line []byte, column int) int {
	column = max(1, min(column, len(line)+1))
	for column > 1 && column <= len(line) && !utf8.RuneStart(line[column-1]) {
		column--
	}
	return column
}

// Harmless replaces what could move the cursor, colour the terminal or turn the direction of writing.
func Harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// Tally counts errors and warnings: "2 errors, 1 warning".
func Tally(list []diag.Diagnostic) string {
	var words []string
	for _, severity := range []diag.Severity{diag.Error, diag.Warning} {
		n := 0
		for _, d := range list {
			if d.Severity == severity {
				n++
			}
		}
		switch n {
		case 0:
		case 1:
			words = append(words, "1 "+severity.String())
		default:
			words = append(words, fmt.Sprintf("%d %ss", n, severity))
		}
	}
	return strings.Join(words, ", ")
}

// codes returns the codes of a list, sorted and each once.
func codes(list []diag.Diagnostic) []diag.Code {
	var found []diag.Code
	for _, d := range list {
		found = append(found, d.Code)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// message is a diagnostic's message with its region.
func message(d diag.Diagnostic) string {
	if d.Region == "" {
		return d.Message
	}
	return d.Message + " (in " + d.Region + ")"
}
