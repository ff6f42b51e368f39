package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/expect"
	"github.com/meridian-gitops/meridian/schema"
)

// expectSuffix is how the names of files of expectations end.
const expectSuffix = ".expect.cue"

// expectations are those of one file, or what is wrong with it.
type expectations struct {
	file     string
	data     []byte
	in       *input // nil when the file cannot be read
	list     []*schema.Expectation
	problems []diag.Diagnostic
}

// readExpectations reads the files of expectations in a folder, in order of their names; they are not evaluated yet.
func readExpectations(dir string) ([]expectations, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []expectations
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), expectSuffix) || entry.IsDir() {
			continue
		}
		f := expectations{file: filepath.Join(dir, entry.Name())}
		in, list, err := origin{}.read(f.file)
		if err != nil {
			return nil, err
		}
		if f.problems, f.in = list, in; in != nil {
			f.data = in.source.Data
		}
		files = append(files, f)
	}
	return files, nil
}

// expected is what checking an application's expectations came to.
type expected struct {
	any   bool // there are expectations, or what should be some
	cases []testCase
}

// expectations evaluates files of expectations and checks those whose names match.
func (s *session) expectations(app *compiled, files []expectations, run *regexp.Regexp) (expected, error) {
	if len(files) == 0 {
		return expected{}, nil
	}
	if s.outside != nil {
		return s.outside.expectations(s, app.input, files, run)
	}
	var found expected
	checker := &expect.Checker{Platform: s.compiler.Platform(), App: app.whole, Reported: app.list, Suppose: s.suppose(app)}
	for _, f := range files {
		s.evaluate(&f)
		found.any = found.any || len(f.list)+len(f.problems) > 0
		cases, err := f.check(checker, run)
		if err != nil {
			return found, err
		}
		found.cases = append(found.cases, cases...)
	}
	return found, nil
}

// evaluate evaluates a file of expectations.
func (s *session) evaluate(f *expectations) {
	if f.in == nil {
		return
	}
	if f.problems = f.in.nameModule(); len(f.problems) == 0 {
		f.list, f.problems = s.schema.Expectations(f.in.source, s.compiler.Platform().Facts())
	}
}

// check checks the expectations of one file.
func (f expectations) check(checker *expect.Checker, run *regexp.Regexp) ([]testCase, error) {
	var cases []testCase
	if len(f.problems) > 0 {
		cases = append(cases, testCase{name: filepath.Base(f.file), kind: expectFile, file: f.file, problems: f.problems})
	}
	for _, e := range f.list {
		if !run.MatchString(e.Name) {
			continue
		}
		result, err := checker.Check(e)
		if err != nil {
			return nil, fmt.Errorf("check %q of %s: %w", e.Name, f.file, err)
		}
		cases = append(cases, testCase{name: e.Name, kind: expectCase, file: f.file, problems: result.Problems})
	}
	return cases, nil
}

// suppose compiles an application with something put over it.
func (s *session) suppose(app *compiled) func(expect.Given) (*compiler.Result, []diag.Diagnostic, error) {
	return func(given expect.Given) (*compiler.Result, []diag.Diagnostic, error) {
		supposed, err := s.finish(app.input.fresh(), app.whole.App.With(map[string]*schema.Node(given)), app.read)
		if err != nil {
			return nil, nil, err
		}
		return supposed.whole, supposed.list, nil
	}
}
