package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/report"
)

// junitReporter writes the XML that CI servers read of JUnit: a testsuite an application, a testcase a test. There
// are no times, because none are measured.
type junitReporter struct {
	out  io.Writer
	root junitSuites
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"` // not a test that failed, but one that could not be run
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",cdata"` // a diff can be read in it
}

func (r *junitReporter) suite(s *suite) error {
	out := junitSuite{Name: s.name, Tests: len(s.cases)}
	for i := range s.cases {
		c := junitCase{Name: s.cases[i].name, Class: s.name, File: s.cases[i].file}
		if s.cases[i].failed() {
			problem := junitText(&s.cases[i])
			switch s.cases[i].kind {
			case goldenCase, expectCase:
				c.Failure = problem
				out.Failures++
			default:
				c.Error = problem
				out.Errors++
			}
		}
		out.Cases = append(out.Cases, c)
	}
	r.root.Tests += out.Tests
	r.root.Failures += out.Failures
	r.root.Errors += out.Errors
	r.root.Suites = append(r.root.Suites, out)
	return nil
}

// junitText is what is wrong, the first of it as the message.
func junitText(c *testCase) *junitProblem {
	problem := &junitProblem{}
	var b strings.Builder
	for _, d := range c.problems {
		if problem.Message == "" && d.Severity == diag.Error {
			problem.Message, problem.Type = report.Harmless(d.Message), string(d.Code)
		}
		fmt.Fprintf(&b, "%s\n", report.Harmless(d.String()))
		if d.Hint != "" {
			fmt.Fprintf(&b, "  fix: %s\n", report.Harmless(d.Hint))
		}
	}
	b.WriteString(c.diff)
	problem.Text = xmlText(b.String())
	return problem
}

// xmlText replaces what XML cannot hold, for CDATA is written as it is.
func xmlText(s string) string {
	lines := strings.Split(strings.ToValidUTF8(s, "\uFFFD"), "\n")
	for i := range lines {
		lines[i] = report.Harmless(lines[i])
	}
	return strings.NewReplacer("\uFFFE", "\uFFFD", "\uFFFF", "\uFFFD").Replace(strings.Join(lines, "\n"))
}

func (r *junitReporter) end() error {
	r.root.Name = "meridian test"
	data, err := xml.MarshalIndent(r.root, "", "  ")
	if err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	_, err = fmt.Fprintf(r.out, "%s%s\n", xml.Header, data)
	return err
}
