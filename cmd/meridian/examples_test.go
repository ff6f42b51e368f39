package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
)

// TestExamples holds the examples that `explain` and docs/errors.md show to what the cases print: the first
// diagnostic of the code in its first case. With -update they are written again.
func TestExamples(t *testing.T) {
	var out strings.Builder
	seen := map[string]bool{}
	for _, name := range errorCases(t) {
		code := name[:len("M0000")]
		if seen[code] {
			continue
		}
		seen[code] = true
		data, err := os.ReadFile(filepath.Join("testdata", "errors", name, "stderr.golden"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "-- %s --\n%s", code, firstOf(t, code, string(data)))
	}
	file := filepath.Join("..", "..", "diag", "examples.txt")
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(out.String(), string(want)); d != "" {
		t.Errorf("the examples are stale; run make generate (-want +got)\n%s", d)
	}
}

var firstLine = regexp.MustCompile(`^(?:\S.*: )?(error|warning) (M\d{4}): `)

// firstOf cuts the first diagnostic of a code out of a report.
func firstOf(t *testing.T, code, report string) string {
	t.Helper()
	var block strings.Builder
	for line := range strings.Lines(report) {
		found := firstLine.FindStringSubmatch(line)
		switch {
		case block.Len() == 0 && found != nil && found[2] == code:
			block.WriteString(line)
		case block.Len() > 0 && strings.HasPrefix(line, " "):
			block.WriteString(line)
		case block.Len() > 0:
			return block.String()
		}
	}
	if block.Len() == 0 {
		t.Fatalf("%s is not in its case:\n%s", code, report)
	}
	return block.String()
}

// TestExplainShowsAnExample holds that every code that a command line can produce has an example, which names it.
func TestExplainShowsAnExample(t *testing.T) {
	for _, entry := range diag.Codes() {
		example := diag.Example(entry.Code)
		if _, excepted := withoutCase[entry.Code]; excepted {
			if example != "" {
				t.Errorf("%s has an example, although nothing produces it", entry.Code)
			}
			continue
		}
		if !strings.Contains(example, fmt.Sprintf("%s %s:", entry.Severity, entry.Code)) || !strings.Contains(example, "fix: ") {
			t.Errorf("%s has no example with a fix: %q", entry.Code, example)
		}
	}
}
