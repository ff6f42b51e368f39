package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/sandbox"
)

const untrustedHelp = `

With --untrusted, CUE is evaluated in child processes with limits on time and
memory, so that input of others can do no more than fail: what takes longer than
--evaluation-timeout, needs more than 768 MiB, or crashes is told as a mistake
of its file.`

// untrustedFlags say whether, and how long, CUE is evaluated in a process of its own.
type untrustedFlags struct {
	on      bool
	timeout time.Duration
	memory  int64 // bytes; 0: as much as there is by default
}

func (f *untrustedFlags) register(cmd *cobra.Command, on bool) {
	flags := cmd.Flags()
	flags.BoolVar(&f.on, "untrusted", on, "evaluate CUE in child processes with limits on time and memory")
	flags.DurationVar(&f.timeout, "evaluation-timeout", sandbox.DefaultLimits().Time, "with --untrusted: the `DURATION` that one application may take")
}

// outside compiles applications in child processes.
type outside struct {
	ctx  context.Context
	pool *sandbox.Pool
}

// confine has a session compile in child processes from now on, if the flags say so.
func (c *cli) confine(ctx context.Context, s *session, f untrustedFlags) error {
	if !f.on {
		return nil
	}
	o, err := c.newOutside(ctx, f, workerPlatformOf(s.compiler.Platform()))
	s.outside = o
	return err
}

// newOutside makes a pool of children that compile for a platform.
func (c *cli) newOutside(ctx context.Context, f untrustedFlags, platform workerPlatform) (*outside, error) {
	switch {
	case f.timeout < 10*time.Millisecond:
		return nil, usageError{fmt.Errorf("--evaluation-timeout is %v; want 10ms or more", f.timeout)}
	case c.Self.Path == "":
		return nil, errors.New("--untrusted: this program does not know its own executable, which it would run as a child")
	}
	limits := sandbox.DefaultLimits()
	limits.Time = f.timeout
	if f.memory > 0 {
		limits.Memory = f.memory
	}
	program := sandbox.Program{Path: c.Self.Path, Args: append(c.Self.Args, workerCommand)}
	pool := sandbox.NewPool(program, limits, func(ctx context.Context, do func(context.Context, sandbox.Call) error) error {
		var ready workerAnswer
		err := do(ctx, sandbox.Call{Request: workerRequest{Platform: &platform}, Answer: &ready})
		switch {
		case err != nil:
			return &platformError{err, nil}
		case ready.Failed != "":
			return &platformError{errors.New(ready.Failed), nil}
		case diag.HasErrors(ready.List):
			return &platformError{errors.New("the platform has mistakes"), ready.List}
		}
		return nil
	})
	c.closers = append(c.closers, pool.Close)
	return &outside{ctx, pool}, nil
}

// platformError is a child that cannot compile because of the platform.
type platformError struct {
	err  error
	list []diag.Diagnostic
}

func (e *platformError) Error() string { return "read the platform in a child: " + e.err.Error() }
func (e *platformError) Unwrap() error { return e.err }

// tryPlatform evaluates a platform in a child, before this process does, and returns what is wrong with it.
func (o *outside) tryPlatform(pos diag.Pos) ([]diag.Diagnostic, error) {
	var ready workerAnswer
	err := o.pool.Do(o.ctx, sandbox.Call{Request: workerRequest{}, Answer: &ready})
	var broken *platformError
	if !errors.As(err, &broken) {
		return nil, err
	}
	if len(broken.list) > 0 {
		return broken.list, nil
	}
	if d, ok := o.ended(pos, broken.err); ok {
		return []diag.Diagnostic{d}, nil
	}
	return nil, err
}

// compile has an application compiled by a child, as [session.compile] does it here.
func (o *outside) compile(s *session, in *input) (*compiled, error) {
	a, list, err := o.ask(in, workerApp{input: in, VetOnly: s.vetOnly, Within: s.regions, Part: s.regions != nil}.request())
	if err != nil || len(list) > 0 {
		return &compiled{input: in, list: list}, err
	}
	return &compiled{input: in, result: a.Product, list: a.List, allows: a.Allows, read: a.Read}, nil
}

// expectations has files of expectations checked by a child, as [session.expectations] does it here.
func (o *outside) expectations(s *session, in *input, files []expectations, run *regexp.Regexp) (expected, error) {
	app := workerApp{input: in.fresh(), Run: run.String(), Expectations: []workerExpectations{}}
	for _, f := range files {
		app.Expectations = append(app.Expectations, workerExpectations{expectations: f}.written())
	}
	request := app.request()
	for _, f := range files {
		request.inputs = append(request.inputs, f.in)
	}
	a, list, err := o.ask(in, request)
	if err != nil {
		return expected{}, err
	}
	if len(list) > 0 {
		return expected{true, []testCase{{name: filepath.Base(in.path), kind: expectFile, file: in.path, problems: list}}}, nil
	}
	found := expected{any: a.Expected}
	for _, c := range a.Cases {
		found.cases = append(found.cases, testCase{name: c.Name, kind: c.Kind, file: c.File, problems: c.Problems})
	}
	return found, nil
}

// ask has a child do a request about an application. What the child could not do because of the application is a
// diagnostic.
func (o *outside) ask(in *input, r appRequest) (*workerAnswer, []diag.Diagnostic, error) {
	a := new(workerAnswer)
	err := o.pool.Do(o.ctx, sandbox.Call{Request: workerRequest{App: &r.app}, Answer: a, Reply: func(decode func(any) error) (any, error) {
		var q workerQuestion
		if err := decode(&q); err != nil {
			return nil, err
		}
		return r.reply(q), nil
	}})
	var broken *platformError
	if err != nil && !errors.As(err, &broken) {
		if d, ok := o.ended(diag.Pos{File: in.source.Name}, err); ok {
			return nil, []diag.Diagnostic{d}, nil
		}
	}
	if err == nil && a.Failed != "" {
		err = errors.New(a.Failed)
	}
	return a, nil, err
}

// ended is the diagnostic for a child that has ended over its work.
func (o *outside) ended(pos diag.Pos, err error) (diag.Diagnostic, bool) {
	var e *sandbox.Ended
	if !errors.As(err, &e) {
		return diag.Diagnostic{}, false
	}
	limits := o.pool.Limits()
	switch e.Reason {
	case sandbox.Time:
		return diag.New(diag.EvaluationTooLong, pos, "", "the evaluation took longer than %v and was ended", limits.Time), true
	case sandbox.Memory:
		return diag.New(diag.EvaluationDied, pos, "", "the evaluation needed more than %d MiB of memory, or was nested too deeply, and was ended", limits.Memory>>20), true
	case sandbox.Answer:
		return diag.New(diag.EvaluationDied, pos, "", "what the evaluation gives is larger than %d MiB", limits.Answer>>20), true
	}
	return diag.New(diag.EvaluationDied, pos, "", "the evaluation crashed: %s", e.Detail), true
}

// reply answers what a child asks: the files of a package, or those beside app.cue. This process decides what of
// them may be read, as it does for itself.
func (r appRequest) reply(q workerQuestion) workerReply {
	if q.Input < 0 || q.Input >= len(r.inputs) || r.inputs[q.Input] == nil {
		return workerReply{Failed: "no such input"}
	}
	in := r.inputs[q.Input]
	switch {
	case q.Beside != nil:
		list := in.readBeside(q.Beside)
		return workerReply{Files: in.beside, List: list}
	case in.source.Module == nil:
		return workerReply{Missing: true}
	}
	files, err := in.source.Module.Package(q.Package)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return workerReply{Missing: true}
	case err != nil:
		return workerReply{Failed: err.Error()}
	}
	return workerReply{Files: files}
}

// workerPlatformOf is a platform as a child is told of it.
func workerPlatformOf(p *regions.Platform) workerPlatform {
	if p.Embedded {
		return workerPlatform{}
	}
	return workerPlatform{Sources: writtenSources(p.Sources)}
}
