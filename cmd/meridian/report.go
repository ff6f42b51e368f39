package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"strings"
	"unicode"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
)

// report prints diagnostics to standard error and returns errReported if one is an error.
func (c *cli) report(list []diag.Diagnostic, sources map[string][]byte) error {
	var out bytes.Buffer
	errors, warnings := 0, 0
	lines := newLines(list, sources)
	for _, d := range list {
		if d.Severity == diag.Error {
			errors++
		} else {
			warnings++
		}
		printDiagnostic(&out, d, lines)
	}
	if len(list) > 1 {
		fmt.Fprintf(&out, "%s\n", tally(errors, warnings))
	}
	c.warnings = c.warnings || warnings > 0
	if _, err := c.Stderr.Write(out.Bytes()); err != nil {
		return err
	}
	if errors > 0 {
		return errReported
	}
	return nil
}

func tally(errors, warnings int) string {
	var words []string
	for _, n := range []struct {
		count int
		noun  string
	}{{errors, "error"}, {warnings, "warning"}} {
		if n.count > 0 {
			words = append(words, count(n.count, n.noun))
		}
	}
	return strings.Join(words, ", ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// printDiagnostic prints what is wrong, the line it is in, how to mend it, and related places.
func printDiagnostic(out *bytes.Buffer, d diag.Diagnostic, lines *sourceLines) {
	fmt.Fprintln(out, harmless(d.String()))
	if line, ok := lines.line(d.Pos); ok {
		fmt.Fprintf(out, "    %s\n    %s^\n", harmless(line), caretIndent(line, d.Pos.Col))
	}
	if d.Hint != "" {
		fmt.Fprintf(out, "  fix: %s\n", harmless(d.Hint))
	}
	for _, r := range d.Related {
		fmt.Fprintf(out, "  %s: %s\n", r.Pos, harmless(r.Message))
	}
}

// sourceLines are the lines that diagnostics point at.
type sourceLines struct {
	files  map[string][]byte
	secret map[diag.Pos]bool // lines that look as if they held a credential, without columns
}

func newLines(list []diag.Diagnostic, sources map[string][]byte) *sourceLines {
	s := &sourceLines{map[string][]byte{}, map[diag.Pos]bool{}}
	maps.Copy(s.files, sources)
	for _, d := range list {
		if d.Code == diag.LooksLikeCredential {
			s.secret[diag.Pos{File: d.Pos.File, Line: d.Pos.Line}] = true
		}
	}
	return s
}

// line returns the line that a position is in. What is not at hand, such as the platform's files or another
// application's, is read now. A line that seems to hold a credential is never repeated.
func (s *sourceLines) line(pos diag.Pos) (string, bool) {
	if pos.Line == 0 || s.secret[diag.Pos{File: pos.File, Line: pos.Line}] {
		return "", false
	}
	data, known := s.files[pos.File]
	if !known {
		if info, err := os.Stat(pos.File); err == nil && info.Mode().IsRegular() && info.Size() <= schema.MaxSourceBytes {
			data, _ = os.ReadFile(pos.File)
		}
		s.files[pos.File] = data
	}
	lines := bytes.Split(data, []byte("\n"))
	if pos.Line > len(lines) {
		return "", false
	}
	line := string(lines[pos.Line-1])
	return line, strings.TrimSpace(line) != "" && len(line) <= 300
}

// caretIndent puts the caret under a column, whatever the width of what stands before it: tabs stay tabs.
func caretIndent(line string, col int) string {
	before := line[:max(0, min(col-1, len(line)))]
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, before)
}

// harmless replaces what could move the cursor or colour the terminal.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// progress says on standard error what takes long.
func (c *cli) progress(format string, args ...any) {
	fmt.Fprintf(c.Stderr, format+"\n", args...)
}
