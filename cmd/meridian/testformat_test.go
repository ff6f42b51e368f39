package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/joshdk/go-junit"
	"gopkg.in/yaml.v3"

	"github.com/meridian-gitops/meridian/diag"
)

// testSuites are one that passes, one with every kind of failure and text that is awkward to write, and one of all
// applications.
func testSuites() []*suite {
	at := diag.Pos{File: "b/app.cue", Line: 3, Col: 2}
	awkward := "a ]]> b\n... \n  ---\nnot ok 7\x00\x1b[31m é\xff\n+ # \\ <&>\"'\n"
	return []*suite{
		{name: "a/app.cue", cases: []testCase{{name: "golden aws-oregon", kind: goldenCase, files: 3}, {name: "it holds", kind: expectCase}}},
		{name: "b/app.cue", changes: "the changes\n", cases: []testCase{
			{name: "golden aws-oregon", kind: goldenCase, file: "b/app.cue", files: 2, diff: awkward, problems: []diag.Diagnostic{diag.New(diag.GoldenDiffers, at, "", "it differs")}},
			{name: `# skip \ "x" <&> ]]>`, kind: expectCase, problems: []diag.Diagnostic{
				diag.New(diag.ExpectationFails, at, "", "not %s", awkward).WithRegion("aws-oregon"),
				diag.New(diag.ExpectationFails, at, "", "a second"),
			}},
			{name: "it holds, with a warning", kind: expectCase, problems: []diag.Diagnostic{diag.New(diag.StaleExpression, at, "", "a warning")}},
			{name: "compile twice", kind: compileCase, problems: []diag.Diagnostic{diag.New(diag.NotDeterministic, at, "", "they differ")}},
		}},
		{name: "all applications", together: true, cases: []testCase{{name: "together", kind: togetherCase, problems: []diag.Diagnostic{diag.New(diag.ClaimedTwice, at, "", "twice")}}}},
	}
}

func write(t *testing.T, make func(*bytes.Buffer) reporter, suites []*suite) string {
	t.Helper()
	var out bytes.Buffer
	r := make(&out)
	for _, s := range suites {
		if err := r.suite(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestJUnit reads what is written with a parser that is not ours.
func TestJUnit(t *testing.T) {
	text := write(t, func(out *bytes.Buffer) reporter { return &junitReporter{out: out} }, testSuites())
	suites, err := junit.Ingest([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var got []string
	for _, s := range suites {
		got = append(got, fmt.Sprintf("%s: %d passed, %d failed, %d errors", s.Name, s.Totals.Passed, s.Totals.Failed, s.Totals.Error))
		for _, c := range s.Tests {
			line := fmt.Sprintf("  %s: %s: %s", c.Classname, c.Name, c.Status)
			if c.Message != "" {
				line += ": " + c.Message
			}
			got = append(got, line)
		}
	}
	want := []string{
		"a/app.cue: 2 passed, 0 failed, 0 errors",
		"  a/app.cue: golden aws-oregon: passed",
		"  a/app.cue: it holds: passed",
		"b/app.cue: 1 passed, 2 failed, 1 errors",
		"  b/app.cue: golden aws-oregon: failed: it differs",
		`  b/app.cue: # skip \ "x" <&> ]]>: failed: not a ]]> b�... �  ---�not ok 7��[31m é��+ # \ <&>"'�`,
		"  b/app.cue: it holds, with a warning: passed",
		"  b/app.cue: compile twice: error: they differ",
		"all applications: 0 passed, 0 failed, 1 errors",
		"  all applications: together: error: twice",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if failure := suites[1].Tests[0].Error; !strings.Contains(failure.Error(), "a ]]> b\n... \n  ---\nnot ok 7��[31m é�\n+ # \\ <&>\"'\n") {
		t.Errorf("the diff is lost: %s", failure)
	}
}

// TestTAP reads what is written by the letter of the specification, and with Perl's own harness where there is one.
func TestTAP(t *testing.T) {
	text := write(t, func(out *bytes.Buffer) reporter { return &tapReporter{out: out} }, testSuites())
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "TAP version 14\n" {
		t.Fatalf("it begins with %q", lines[0])
	}
	got, rest := readTAP(t, lines[1:], "")
	want := []string{
		"ok 1 - a/app.cue", "  ok 1 - golden aws-oregon", "  ok 2 - it holds",
		"not ok 2 - b/app.cue", "  not ok 1 - golden aws-oregon [M7001]", `  not ok 2 - \# skip \\ "x" <&> ]]> [M7004 M7004]`,
		"  ok 3 - it holds, with a warning [M1013]", "  not ok 4 - compile twice [M7005]",
		"not ok 3 - all applications", "  not ok 1 - together [M6005]",
	}
	if d := cmp.Diff(want, got); d != "" || len(rest) > 0 {
		t.Errorf("left is %q\n%s\n%s", rest, d, text)
	}
	prove(t, text, 3, []string{"2", "3"})
}

var testPoint = regexp.MustCompile(`^((?:not )?ok) (\d+) - (.*)$`)

// readTAP reads the test points of one level up to its plan; every point is followed by its YAML block, and one that has
// a subtest is preceded by it.
func readTAP(t *testing.T, lines []string, indent string) (points, rest []string) {
	t.Helper()
	var below []string
	subtest, number := "", 0
	for len(lines) > 0 {
		line, ok := strings.CutPrefix(strings.TrimSuffix(lines[0], "\n"), indent)
		switch match := testPoint.FindStringSubmatch(line); {
		case !ok:
			t.Fatalf("%q is not indented by %q", lines[0], indent)
		case strings.HasPrefix(line, "# Subtest: "):
			subtest = strings.TrimPrefix(line, "# Subtest: ")
			below, lines = readTAP(t, lines[1:], indent+"    ")
			continue
		case match != nil:
			number++
			if match[2] != strconv.Itoa(number) || subtest != "" && match[3] != subtest {
				t.Fatalf("%q is not point %d of %q", line, number, subtest)
			}
			var problems string
			problems, lines = readBlock(t, lines[1:], indent+"  ")
			points = append(points, line+problems)
			for _, point := range below {
				points = append(points, "  "+point)
			}
			below, subtest = nil, ""
			continue
		case line == fmt.Sprintf("1..%d", number):
			return points, lines[1:]
		}
		t.Fatalf("%q is not TAP", lines[0])
	}
	t.Fatal("there is no plan")
	return nil, nil
}

// readBlock reads the YAML below a test point, if there is any, and returns its codes.
func readBlock(t *testing.T, lines []string, indent string) (string, []string) {
	t.Helper()
	if len(lines) == 0 || lines[0] != indent+"---\n" {
		return "", lines
	}
	var text strings.Builder
	for i, line := range lines[1:] {
		if line == indent+"...\n" {
			var block tapBlock
			if err := yaml.Unmarshal([]byte(text.String()), &block); err != nil {
				t.Fatalf("%v\n%s", err, text.String())
			}
			var codes []string
			for _, problem := range block.Problems {
				codes = append(codes, problem.Code)
			}
			return fmt.Sprint(" ", codes), lines[i+2:]
		}
		unindented, ok := strings.CutPrefix(line, indent)
		if !ok {
			t.Fatalf("%q is not indented by %q", line, indent)
		}
		text.WriteString(unindented)
	}
	t.Fatal("a block does not end")
	return "", nil
}

// prove runs Perl's harness over a report. It may know no version after 13, of which subtests are comments.
func prove(t *testing.T, text string, total int, failed []string) {
	t.Helper()
	for _, program := range []string{"prove", "cat"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Logf("%s is not installed", program)
			return
		}
	}
	file := filepath.Join(t.TempDir(), "report.tap")
	if err := writeNew(file, []byte(strings.Replace(text, "TAP version 14", "TAP version 13", 1))); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("prove", "--exec", "cat", file).CombinedOutput()
	if err == nil || strings.Contains(string(said), "Parse errors") ||
		!strings.Contains(string(said), fmt.Sprintf("Failed %d/%d subtests", len(failed), total)) {
		t.Errorf("prove: %v\n%s", err, said)
	}
}

// TestText holds that totals are counted, and that what is not there is not told.
func TestText(t *testing.T) {
	text := func(suites ...*suite) string {
		return write(t, func(out *bytes.Buffer) reporter { return &textReporter{out: out} }, suites)
	}
	want := "the changes\nFAIL b/app.cue: golden aws-oregon, \"# skip \\\\ \\\"x\\\" <&> ]]>\", compile twice\nFAIL all applications: together\n" +
		"2 applications: 1 passed, 1 failed (5 golden files, 3 expectations)\n"
	if d := cmp.Diff(want, text(testSuites()...)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff("updated x/golden: 1 file\n1 application: 1 passed, 0 failed, 1 updated\n", text(&suite{name: "x/app.cue", golden: "x/golden", updated: 1})); d != "" {
		t.Error(d)
	}
	if got := text(); got != "" {
		t.Errorf("of nothing it says %q", got)
	}
}
