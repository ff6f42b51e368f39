package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/sandbox"
	"github.com/meridian-gitops/meridian/schema"
)

// workerCommand is the argument with which the program runs as a child of itself. It is no command for people: without
// its parent it does nothing.
const workerCommand = "evaluate-in-child"

// workerRequest is what a child is asked: first to read a platform, then to compile applications for it. An empty one
// asks nothing.
type workerRequest struct {
	Platform *workerPlatform
	App      *workerApp
}

// workerPlatform is a platform's sources; none are the embedded demo organisation.
type workerPlatform struct{ Sources []workerSource }

// workerSource is a file of CUE, with its module's file where it has a module.
type workerSource struct {
	Name   string
	Data   []byte
	Module *workerModule
}

type workerModule struct {
	Root string
	Data []byte // of cue.mod/module.cue
}

// workerApp is an application to compile, and expectations to check.
type workerApp struct {
	Path     string
	Source   workerSource
	Recorded *manifest.Tree // instead of Source: what a repository has recorded of it
	VetOnly  bool
	Part     bool // only the regions Within are compiled for
	Within   []string

	Check        bool // the expectations, rather than what is compiled, are wanted
	Expectations []workerExpectations
	Run          string // what names of expectations must match

	input *input // of the parent
}

type workerExpectations struct {
	File     string
	Source   *workerSource // nil when it cannot be read
	Problems []diag.Diagnostic

	expectations expectations // of the parent
}

// workerQuestion asks for files: of a package of the module, or beside app.cue.
type workerQuestion struct {
	Input   int // 0 is the application, the others are its files of expectations
	Package string
	Beside  []schema.Beside
}

type workerReply struct {
	Files   map[string][]byte
	List    []diag.Diagnostic
	Missing bool // there is no such folder
	Failed  string
}

// workerAnswer is what a child found.
type workerAnswer struct {
	Product    *compiler.Product
	List, Read []diag.Diagnostic
	Allows     []diag.Allow
	Expected   bool
	Cases      []workerCase
	Failed     string // a machine's failure
}

type workerCase struct {
	Name     string
	Kind     caseKind
	File     string
	Problems []diag.Diagnostic
}

// appRequest is a request, and the inputs that questions may be about.
type appRequest struct {
	app    workerApp
	inputs []*input
}

// request completes what is asked about an application.
func (a workerApp) request() appRequest {
	in := a.input
	a.Path, a.Check = in.path, a.Expectations != nil
	if in.whole {
		a.Recorded = new(manifest.Tree)
		if tree, err := in.recorded(); err == nil { // it was a tree before
			*a.Recorded = tree
		}
	} else {
		a.Source = in.written()
	}
	return appRequest{a, []*input{in}}
}

func (in *input) written() workerSource {
	s := workerSource{Name: in.source.Name, Data: in.source.Data}
	if in.source.Module != nil {
		s.Module = &workerModule{in.source.Module.Root, in.module[moduleFile]}
	}
	return s
}

func (e workerExpectations) written() workerExpectations {
	f := e.expectations
	e.File, e.Problems = f.file, f.problems
	if f.in != nil {
		s := f.in.written()
		e.Source = &s
	}
	return e
}

func writtenSources(sources []schema.Source) []workerSource {
	var list []workerSource
	for _, s := range sources {
		list = append(list, workerSource{Name: s.Name, Data: s.Data})
	}
	return list
}

// runWorker is the child.
func runWorker(in io.Reader, out, errs io.Writer, getenv func(string) string) int {
	err := sandbox.Serve(in, out, getenv("MERIDIAN_SANDBOX"), &worker{})
	fmt.Fprintln(errs, "meridian:", err)
	return exitMachine
}

// worker does what the parent asks.
type worker struct{ session *session }

// Work implements [sandbox.Worker].
func (w *worker) Work(decode func(any) error, ask func(question, reply any) error) (any, error) {
	var r workerRequest
	if err := decode(&r); err != nil {
		return nil, err
	}
	var a workerAnswer
	var err error
	switch {
	case r.Platform != nil:
		a.List, err = w.platform(r.Platform)
	case r.App != nil && w.session != nil:
		a, err = w.app(r.App, ask)
	}
	if err != nil {
		a = workerAnswer{Failed: err.Error()}
	}
	return a, nil
}

// platform reads the platform that all that follows is compiled for.
func (w *worker) platform(p *workerPlatform) ([]diag.Diagnostic, error) {
	s, err := schema.New()
	if err != nil {
		return nil, err
	}
	var sources []schema.Source
	for _, src := range p.Sources {
		sources = append(sources, schema.Source{Name: src.Name, Data: src.Data})
	}
	platform, list, err := regions.Load(s, sources)
	if platform != nil {
		w.session = &session{schema: s, compiler: compiler.New(s, platform)}
	}
	return list, err
}

// app compiles an application, or checks its expectations.
func (w *worker) app(a *workerApp, ask func(question, reply any) error) (workerAnswer, error) {
	s := *w.session
	if a.Part {
		s = *s.within(a.Within)
	}
	s.vetOnly = a.VetOnly
	in := a.Source.input(a.Path, 0, ask)
	if a.Recorded != nil {
		in = fromRecord(a.Path[:len(a.Path)-len("/"+appFile)], *a.Recorded)
	}
	done, err := s.compile(in)
	if err != nil {
		return workerAnswer{}, err
	}
	if a.Check {
		return w.expectations(&s, done, a, ask)
	}
	return workerAnswer{Product: done.result, List: done.list, Read: done.read, Allows: done.allows}, nil
}

func (w *worker) expectations(s *session, app *compiled, a *workerApp, ask func(question, reply any) error) (workerAnswer, error) {
	if !app.ok() {
		return workerAnswer{}, errors.New("what compiled before does not compile again")
	}
	run, err := regexp.Compile(a.Run)
	if err != nil {
		return workerAnswer{}, err
	}
	var files []expectations
	for i, e := range a.Expectations {
		f := expectations{file: e.File, problems: e.Problems}
		if e.Source != nil {
			f.in = e.Source.input(e.File, i+1, ask)
		}
		files = append(files, f)
	}
	found, err := s.expectations(app, files, run)
	answer := workerAnswer{Expected: found.any}
	for _, c := range found.cases {
		answer.Cases = append(answer.Cases, workerCase{c.name, c.kind, c.file, c.problems})
	}
	return answer, err
}

// input is an input whose further files the parent is asked for.
func (s workerSource) input(path string, number int, ask func(question, reply any) error) *input {
	in := &input{path: path, source: schema.Source{Name: s.Name, Data: s.Data}, beside: map[string][]byte{}}
	in.ask = func(wanted []schema.Beside) (map[string][]byte, []diag.Diagnostic) {
		var r workerReply
		if err := ask(workerQuestion{Input: number, Beside: wanted}, &r); err != nil {
			panic(err) // the parent is gone
		}
		if r.Files == nil {
			r.Files = map[string][]byte{}
		}
		return r.Files, r.List
	}
	if s.Module == nil {
		return in
	}
	in.module = map[string][]byte{moduleFile: s.Module.Data}
	in.source.Module = &schema.Module{Root: s.Module.Root, Package: func(folder string) (map[string][]byte, error) {
		var r workerReply
		if err := ask(workerQuestion{Input: number, Package: folder}, &r); err != nil {
			panic(err) // the parent is gone
		}
		switch {
		case r.Missing:
			return nil, fs.ErrNotExist
		case r.Failed != "":
			return nil, errors.New(r.Failed)
		}
		return r.Files, nil
	}}
	return in
}
