package main

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
)

// compiled is an application with what was found wrong with it; result is nil when nothing could be read.
type compiled struct {
	input  *input
	result *compiler.Product
	whole  *compiler.Result // result with plans and objects; nil when another process has compiled it
	list   []diag.Diagnostic
	allows []diag.Allow      // of warnings that only several applications together can give
	read   []diag.Diagnostic // those of list that reading app.cue gave
	suite  *suite            // of the test command
}

// ok reports whether the application was compiled.
func (a *compiled) ok() bool { return a.result != nil && a.result.Outputs != nil }

// session is a schema, a platform and the compiler for them.
type session struct {
	schema   *schema.Schema
	compiler *compiler.Compiler
	outside  *outside              // where untrusted applications are compiled; nil: in this process
	regions  []string              // that the compiler is for; nil: all
	vetOnly  bool                  // the manifests themselves are not wanted
	then     func(*compiled) error // what a worker does next, if anything
}

func (c *cli) newSession() (*session, error) {
	s, err := schema.New()
	if err != nil {
		return nil, err
	}
	p, err := c.loadPlatform(s)
	if err != nil {
		return nil, err
	}
	return &session{schema: s, compiler: compiler.New(s, p)}, nil
}

// compile reads and compiles one application.
func (s *session) compile(in *input) (*compiled, error) {
	if s.outside != nil {
		return s.outside.compile(s, in)
	}
	if list := in.nameModule(); len(list) > 0 {
		return &compiled{input: in, list: list}, nil
	}
	app, list := s.schema.App(in.source, s.compiler.Facts())
	if app == nil {
		return &compiled{input: in, list: list}, nil
	}
	return s.finish(in, app, list)
}

// finish compiles an application that was read; list is what reading it gave.
func (s *session) finish(in *input, app *schema.App, list []diag.Diagnostic) (*compiled, error) {
	read := list
	unread := in.readBeside(app.Beside())
	list = append(slices.Clip(list), unread...)
	compile := s.compiler.Compile
	if s.vetOnly || diag.HasErrors(list) { // with a mistake nothing is written, and a name may be none that a file can have
		compile = s.compiler.Check
	}
	result, found, err := compile(app, in.beside)
	if err != nil {
		return nil, err
	}
	if len(unread) > 0 { // what the compiler misses has been told with its reason
		found = slices.DeleteFunc(found, func(d diag.Diagnostic) bool { return d.Code == diag.BesideFile })
	}
	list = append(list, found...)
	if diag.HasErrors(list) {
		result.Outputs = nil
	}
	own, together := allowances(app, result.Outputs != nil && !app.Supposed())
	list = diag.Sort(diag.Silence(list, own))
	return &compiled{input: in, result: result.Product(), whole: result, list: list, allows: together, read: read}, nil
}

// allowances parts an application's @allow attributes by who gives the warning: the application by itself, or several
// together. The first are settled when it was compiled to the end.
func allowances(app *schema.App, compiled bool) (own, together []diag.Allow) {
	for _, a := range app.Allows {
		if diag.Together(a.Code) {
			together = append(together, a)
			continue
		}
		a.Settled = compiled
		own = append(own, a)
	}
	return own, together
}

// each reads and compiles applications with a worker per core, and calls use for each in the order of paths, from
// one goroutine. An application that has been used is dropped: memory does not grow with their number.
func (s *session) each(ctx context.Context, paths []string, use func(*compiled) error) error {
	return inOrder(ctx, paths, s.one, func(done outcome) error {
		if done.err != nil {
			return done.err
		}
		return use(done.app)
	})
}

// inOrder does work on items with a worker per core, and calls use for each result in the order of items, from one
// goroutine. A result that has been used is dropped.
func inOrder[In, Out any](ctx context.Context, items []In, work func(In) Out, use func(Out) error) error {
	workers := min(runtime.GOMAXPROCS(0), len(items))
	window := make(chan struct{}, 4*workers) // how far working may run ahead of using
	slots := make([]chan Out, len(items))
	for i := range slots {
		slots[i] = make(chan Out, 1)
	}
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	var next atomic.Int64
	for range workers {
		group.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case window <- struct{}{}:
				}
				i := int(next.Add(1)) - 1
				if i >= len(items) {
					<-window
					return
				}
				slots[i] <- work(items[i])
			}
		})
	}
	for i := range slots {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case done := <-slots[i]:
			if err := use(done); err != nil {
				return err
			}
			<-window
		}
		slots[i] = nil
	}
	return nil
}

type outcome struct {
	app *compiled
	err error
}

// one reads an application from the disk, compiles it, and does with it what comes next.
func (s *session) one(path string) outcome {
	done := s.from(origin{}, path)
	if s.then != nil && done.err == nil {
		done.err = s.then(done.app)
	}
	return done
}

// from reads an application and compiles it.
func (s *session) from(o origin, path string) outcome {
	in, list, err := o.read(path)
	if err != nil {
		return outcome{nil, err}
	}
	if in == nil {
		return outcome{&compiled{input: &input{path: path}, list: list}, nil}
	}
	app, err := s.compile(in)
	return outcome{app, err}
}

// batch collects what is found over many applications, and checks them against one another in the end.
type batch struct {
	list       []diag.Diagnostic
	sources    map[string][]byte // of the files that diagnostics point into
	interfaces []*compiler.Interface
	allows     []diag.Allow
}

func newBatch() *batch { return &batch{sources: map[string][]byte{}} }

// add notes an application's diagnostics and interface.
func (b *batch) add(app *compiled) {
	b.list = append(b.list, app.list...)
	b.allows = append(b.allows, app.allows...)
	if len(app.list) > 0 && app.input.source.Name != "" {
		maps.Copy(b.sources, app.input.sources())
	}
	if app.ok() {
		b.interfaces = append(b.interfaces, app.result.Interface())
	}
}

// compileAll compiles the applications that args name, calls use for each that has no error, checks them together
// and reports. use may be nil. It returns errReported when something is wrong.
func (c *cli) compileAll(ctx context.Context, s *session, args []string, partial bool, use func(*compiled) error) error {
	b, err := c.compileEach(ctx, s, args, use)
	if err != nil {
		return err
	}
	together := compiler.Together(b.interfaces, !partial && wholeSpaces(args))
	return c.report(append(b.list, diag.Silence(together, b.allows)...), b.sources)
}

// compileEach compiles the applications that args name, and calls use for each that has no error.
func (c *cli) compileEach(ctx context.Context, s *session, args []string, use func(*compiled) error) (*batch, error) {
	paths, list, err := find(args)
	if err != nil {
		return nil, err
	}
	b := newBatch()
	b.list = list
	m := c.newMeter("compiling")
	defer m.stop()
	done := 0
	err = s.each(ctx, paths, func(app *compiled) error {
		done++
		m.say("compiled %d of %d applications", done, len(paths))
		b.add(app)
		if use == nil || !app.ok() {
			return nil
		}
		return use(app)
	})
	return b, err
}

// wholeSpaces reports whether the arguments name all applications there are, so that one that is called and is not
// among them does not exist.
func wholeSpaces(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return strings.HasSuffix(arg, "...") })
}
