package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/golden"
	"github.com/meridian-gitops/meridian/manifest"
)

// tester tests applications. It is used by many goroutines, each with an application of its own.
type tester struct {
	session *session
	update  bool
	run     *regexp.Regexp                  // what names of tests must match
	again   func(*input) (*compiled, error) // compiles an application a second time
}

// test runs all tests of an application and keeps what they came to in app.suite.
func (t *tester) test(app *compiled) error {
	s := &suite{name: app.input.path, golden: filepath.Join(filepath.Dir(app.input.path), goldenDir), sources: map[string][]byte{}}
	app.suite = s
	if !app.ok() {
		s.cases = []testCase{{name: "compile", kind: compileCase, file: s.name, problems: app.list, quiet: true}}
		return nil
	}
	got, err := goldenTree(app.result)
	if err != nil {
		return err
	}
	second := make(chan error, 1)
	var differs []diag.Diagnostic
	again := func() { // a goroutine and an evaluation of its own
		var err error
		differs, err = t.compileAgain(app, got)
		second <- err
	}
	if t.session.outside == nil {
		go again()
	}
	err = t.tests(app, s, got)
	if t.session.outside != nil { // another process asks for the input's files, one after the other
		again()
	}
	if again := <-second; err == nil {
		err = again
	}
	if len(differs) > 0 {
		s.cases = append(s.cases, testCase{name: "compile twice", kind: compileCase, file: s.name, problems: differs})
	}
	return err
}

func (t *tester) tests(app *compiled, s *suite, got manifest.Tree) error {
	files, err := readExpectations(filepath.Dir(app.input.path))
	if err != nil {
		return err
	}
	found, err := t.session.expectations(app, files, t.run)
	if err != nil {
		return err
	}
	if err := t.golden(s, got, found.any); err != nil {
		return err
	}
	s.cases = append(s.cases, found.cases...)
	for _, f := range files {
		s.sources[f.file] = f.data
	}
	return nil
}

// compileAgain compares what compiling the application a second time gives.
func (t *tester) compileAgain(app *compiled, got manifest.Tree) ([]diag.Diagnostic, error) {
	again, err := t.again(app.input.fresh())
	if err != nil {
		return nil, err
	}
	var other manifest.Tree
	if again.ok() {
		if other, err = goldenTree(again.result); err != nil {
			return nil, err
		}
	}
	if difference := golden.Compare(got, other); len(difference) > 0 {
		return []diag.Diagnostic{diag.New(diag.NotDeterministic, diag.Pos{File: app.input.path}, "", "compiling it twice gives two results: %s differs", difference[0].Path)}, nil
	}
	return nil, nil
}

// fresh is the same input, of which nothing beside app.cue has been read.
func (in *input) fresh() *input {
	return &input{path: in.path, from: in.from, source: in.source, module: in.module, beside: map[string][]byte{}, ask: in.ask}
}

// golden compares what is compiled with the golden files, a test a region, or rewrites them.
func (t *tester) golden(s *suite, got manifest.Tree, expected bool) error {
	want, err := readTree(s.golden)
	if err != nil {
		return err
	}
	if t.update {
		if err := t.rewrite(s, want, got); err != nil {
			return err
		}
		want = got
	}
	if want.Len() == 0 {
		if !expected && t.run.MatchString("golden") {
			missing := diag.New(diag.GoldenMissing, diag.Pos{File: s.name}, "", "there are no golden files in %s, and no expectations", s.golden)
			s.cases = append(s.cases, testCase{name: "golden", kind: goldenCase, file: s.name, problems: []diag.Diagnostic{missing}})
		}
		return nil
	}
	difference := golden.Compare(want, got)
	var shown golden.Diff
	for _, region := range folders(want, got) {
		if name := "golden " + region; t.run.MatchString(name) {
			here := below(difference, region)
			shown = append(shown, here...)
			s.cases = append(s.cases, t.region(s, name, region, want.Under(region).Len(), here))
		}
	}
	if len(shown) == 0 {
		return nil
	}
	s.changes = shown.Unified() + "\n" + shown.Summary()
	s.told = append(s.told, diag.New(diag.GoldenDiffers, diag.Pos{File: s.name}, "", "what is compiled differs from %s in %s", s.golden, count(len(shown), "file")))
	return nil
}

// region is the test of a region's golden files.
func (t *tester) region(s *suite, name, region string, files int, difference golden.Diff) testCase {
	c := testCase{name: name, kind: goldenCase, file: s.name, files: files, quiet: true}
	if len(difference) > 0 {
		c.diff = difference.Unified() + "\n" + difference.Summary()
		c.problems = []diag.Diagnostic{diag.New(diag.GoldenDiffers, diag.Pos{File: s.name}, "", "what is compiled differs from %s in %s", filepath.Join(s.golden, region), count(len(difference), "file"))}
	}
	return c
}

// folders returns the first elements of the paths of both trees, sorted.
func folders(trees ...manifest.Tree) []string {
	names := map[string]bool{}
	for _, tree := range trees {
		for path := range tree.Files() {
			folder, _, _ := strings.Cut(path, "/")
			names[folder] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func below(d golden.Diff, folder string) golden.Diff {
	var files golden.Diff
	for _, f := range d {
		if first, _, _ := strings.Cut(f.Path, "/"); first == folder {
			files = append(files, f)
		}
	}
	return files
}

func (t *tester) rewrite(s *suite, want, got manifest.Tree) error {
	s.updated = len(golden.Compare(want, got))
	if s.updated == 0 {
		return nil
	}
	staging, err := stagingDir(s.golden)
	if err != nil {
		return err
	}
	defer os.RemoveAll(staging)
	if err := writeTree(filepath.Join(staging, goldenDir), got); err != nil {
		return err
	}
	return replaceDir(filepath.Join(staging, goldenDir), s.golden)
}
