package main

import (
	"fmt"
	"os"
	"path/filepath"
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
	list     []*schema.Expectation
	problems []diag.Diagnostic
}

// readExpectations reads the files of expectations in a folder, in order of their names.
func (t *tester) readExpectations(dir string) ([]expectations, error) {
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
		if f.problems = list; in != nil {
			f.data = in.source.Data
			f.list, f.problems = t.session.schema.Expectations(in.source, t.session.compiler.Platform().Facts())
		}
		files = append(files, f)
	}
	return files, nil
}

// check checks the expectations of one file.
func (t *tester) check(s *suite, checker *expect.Checker, f expectations) error {
	s.sources[f.file] = f.data
	if len(f.problems) > 0 {
		s.cases = append(s.cases, testCase{name: filepath.Base(f.file), kind: expectFile, file: f.file, problems: f.problems})
	}
	for _, e := range f.list {
		if !t.run.MatchString(e.Name) {
			continue
		}
		result, err := checker.Check(e)
		if err != nil {
			return fmt.Errorf("check %q of %s: %w", e.Name, f.file, err)
		}
		s.cases = append(s.cases, testCase{name: e.Name, kind: expectCase, file: f.file, problems: result.Problems})
	}
	return nil
}

// suppose compiles an application with something put over it.
func (t *tester) suppose(app *compiled) func(expect.Given) (*compiler.Result, []diag.Diagnostic, error) {
	return func(given expect.Given) (*compiler.Result, []diag.Diagnostic, error) {
		supposed, err := t.session.finish(app.input.fresh(), app.result.App.With(map[string]*schema.Node(given)), app.read)
		if err != nil {
			return nil, nil, err
		}
		return supposed.result, supposed.list, nil
	}
}
