package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/meridian-gitops/meridian/report"
)

// tapReporter writes the Test Anything Protocol, version 14: an application is a test point with a subtest, and what is
// wrong is in the YAML block below it (https://testanything.org/tap-version-14-specification.html).
type tapReporter struct {
	out    io.Writer
	points int
}

// tapProblem is an entry of a YAML block.
type tapProblem struct {
	Message  string `yaml:"message"`
	Severity string `yaml:"severity"`
	Code     string `yaml:"code"`
	At       string `yaml:"at,omitempty"`
	Region   string `yaml:"region,omitempty"`
	Fix      string `yaml:"fix,omitempty"`
}

type tapBlock struct {
	Problems []tapProblem `yaml:"problems"`
	Diff     string       `yaml:"diff,omitempty"`
}

func (r *tapReporter) suite(s *suite) error {
	var b bytes.Buffer
	if r.points == 0 {
		b.WriteString("TAP version 14\n")
	}
	r.points++
	fmt.Fprintf(&b, "# Subtest: %s\n", tapText(s.name))
	for i, c := range s.cases {
		fmt.Fprintf(&b, "    %s %d - %s\n", tapResult(c.failed()), i+1, tapText(c.name))
		if len(c.problems) == 0 {
			continue
		}
		block, err := yaml.Marshal(blockOf(&c))
		if err != nil {
			return fmt.Errorf("write tap: %w", err)
		}
		b.WriteString("      ---\n")
		for line := range strings.Lines(string(block)) {
			b.WriteString("      " + line)
		}
		b.WriteString("      ...\n")
	}
	fmt.Fprintf(&b, "    1..%d\n%s %d - %s\n", len(s.cases), tapResult(s.failed()), r.points, tapText(s.name))
	_, err := r.out.Write(b.Bytes())
	return err
}

func (r *tapReporter) end() error {
	if r.points == 0 {
		_, err := io.WriteString(r.out, "TAP version 14\n1..0 # SKIP there is nothing to test\n")
		return err
	}
	_, err := fmt.Fprintf(r.out, "1..%d\n", r.points)
	return err
}

func blockOf(c *testCase) tapBlock {
	block := tapBlock{Diff: c.diff}
	for _, d := range c.problems {
		problem := tapProblem{Message: report.Harmless(d.Message), Severity: "fail", Code: string(d.Code), Region: d.Region, Fix: report.Harmless(d.Hint)}
		if d.Severity.String() == "warning" {
			problem.Severity = "comment"
		}
		if d.Pos.IsValid() {
			problem.At = d.Pos.String()
		}
		block.Problems = append(block.Problems, problem)
	}
	return block
}

func tapResult(failed bool) string {
	if failed {
		return "not ok"
	}
	return "ok"
}

// tapText escapes what a description must not hold.
func tapText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(report.Harmless(s))
}
