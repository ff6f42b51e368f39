package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/meridian-gitops/meridian/diag"
)

// report prints diagnostics to standard error and returns errReported if one is an error.
func (c *cli) report(list []diag.Diagnostic, sources map[string][]byte) error {
	var out bytes.Buffer
	errors, warnings := 0, 0
	for _, d := range list {
		if d.Severity == diag.Error {
			errors++
		} else {
			warnings++
		}
		printDiagnostic(&out, d, sources)
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
func printDiagnostic(out *bytes.Buffer, d diag.Diagnostic, sources map[string][]byte) {
	fmt.Fprintln(out, harmless(d.String()))
	if line, ok := sourceLine(d.Pos, sources); ok {
		fmt.Fprintf(out, "    %s\n    %s^\n", harmless(line), caretIndent(line, d.Pos.Col))
	}
	if d.Hint != "" {
		fmt.Fprintf(out, "  fix: %s\n", harmless(d.Hint))
	}
	for _, r := range d.Related {
		fmt.Fprintf(out, "  %s: %s\n", r.Pos, harmless(r.Message))
	}
}

// sourceLine returns the line that a position is in. What was not read for this run, such as the platform's files,
// is read now.
func sourceLine(pos diag.Pos, sources map[string][]byte) (string, bool) {
	data, ok := sources[pos.File]
	if !ok || pos.Line == 0 {
		return "", false
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
