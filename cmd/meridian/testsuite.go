package main

import (
	"slices"

	"github.com/meridian-gitops/meridian/diag"
)

// suite is what testing one application came to.
type suite struct {
	name     string // the path of its app.cue
	cases    []testCase
	together bool              // it is about all applications together
	updated  int               // golden files that were rewritten
	golden   string            // the folder of golden files
	changes  string            // how golden files differ from what is compiled, as text
	told     []diag.Diagnostic // what is told of quiet cases together
	sources  map[string][]byte // of files of expectations that diagnostics point into
}

// testCase is one test of a suite.
type testCase struct {
	name     string
	kind     caseKind
	file     string            // where it is written
	files    int               // golden files that were compared
	problems []diag.Diagnostic // none that is an error when it passed
	diff     string            // of golden files
	quiet    bool              // its problems are told otherwise: of the application as a whole, or when it is compiled
}

// caseKind is what a test is about.
type caseKind int

const (
	compileCase  caseKind = iota // that the application compiles; only when it does not
	goldenCase                   // the golden files of a region
	expectCase                   // an expectation
	expectFile                   // a file of expectations; only when it cannot be read
	togetherCase                 // all applications together; only when something is wrong
)

func (t *testCase) failed() bool { return diag.HasErrors(t.problems) }

func (s *suite) failed() bool {
	for i := range s.cases {
		if s.cases[i].failed() {
			return true
		}
	}
	return false
}

// problems returns what is wrong and has not been told.
func (s *suite) problems() []diag.Diagnostic {
	list := slices.Clone(s.told)
	for _, c := range s.cases {
		if !c.quiet {
			list = append(list, c.problems...)
		}
	}
	return list
}
