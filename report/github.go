package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
)

// gitHub prints workflow commands, which GitHub Actions shows as annotations at the lines of a pull request.
func (r Report) gitHub() []byte {
	var out bytes.Buffer
	for _, d := range r.List {
		fmt.Fprintf(&out, "::%s %s::%s\n", d.Severity, r.properties(d), commandData(text(d)))
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&out, "::notice::%d more are not shown (--max-errors)\n", r.Omitted)
	}
	return out.Bytes()
}

func (r Report) properties(d diag.Diagnostic) string {
	var list []string
	if d.Pos.IsValid() {
		list = append(list, "file="+commandProperty(Harmless(d.Pos.File)))
	}
	if d.Pos.Line > 0 {
		list = append(list, fmt.Sprintf("line=%d,col=%d", d.Pos.Line, r.Lines.column(d.Pos)))
	}
	return strings.Join(append(list, "title="+commandProperty(fmt.Sprintf("%s: %s", d.Code, diag.Lookup(d.Code).Title))), ",")
}

// text is all that a diagnostic says beside its place, for formats that have one text.
func text(d diag.Diagnostic) string {
	lines := []string{Harmless(message(d))}
	if d.Hint != "" {
		lines = append(lines, "fix: "+Harmless(d.Hint))
	}
	for _, related := range d.Related {
		lines = append(lines, Harmless(related.Pos.String()+": "+related.Message))
	}
	return strings.Join(lines, "\n")
}

// commandData escapes the text of a workflow command, as GitHub's own toolkit does.
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// commandProperty escapes a property of a workflow command.
func commandProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
