package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// side is sources and what they are compiled with.
type side struct {
	origin  origin
	session *session
}

// sides are what is compared.
type sides struct {
	old, new    side
	args        []string
	partial     bool
	root        string // of the work tree that both are in; empty where the sides differ in nothing but the platform
	oldPlatform string // its folder, where they do
	same        bool   // both are compiled with the same platform
	untrusted   untrustedFlags
}

// both is one path compiled on both sides; a side that does not have it is nil.
type both struct {
	old, new         *compiled
	oldTree, newTree manifest.Tree
	equal            bool      // the inputs are: new stands for both
	compared         *compared // what changes, where both sides are one application
	err              error
}

// identity is what an application is known by, wherever its file lies.
type identity struct{ space, name string }

// diffSides compiles the applications of both sides and compares them.
func (c *cli) diffSides(ctx context.Context, s sides, d *differ) error {
	s.same = samePlatform(s.old.session, s.new.session)
	for _, side := range []side{s.old, s.new} {
		if err := c.confine(ctx, side.session, s.untrusted); err != nil {
			return err
		}
	}
	paths, list, err := s.paths()
	if err != nil {
		return err
	}
	p := newPairing(s, d)
	err = inOrder(ctx, slices.Sorted(maps.Keys(paths)), func(path string) both { return s.compare(path, paths[path], d.unified) }, p.use)
	if err != nil {
		return err
	}
	list = append(list, p.diagnostics()...)
	if err := c.report(diag.Sort(list), p.sources()); err != nil {
		return err
	}
	if list, err := p.moved(paths); err != nil || diag.HasErrors(list) {
		return errors.Join(err, c.report(diag.Sort(list), p.sources()))
	}
	p.rest()
	if s.same {
		return nil
	}
	return p.spaces()
}

// where says which sides have a path.
type where struct{ old, new bool }

// paths finds the applications of both sides. What an argument names is missing when neither side has it.
func (s sides) paths() (map[string]where, []diag.Diagnostic, error) {
	paths := map[string]where{}
	var list []diag.Diagnostic
	for _, arg := range orHere(s.args) {
		old, errOld := s.old.origin.find(arg)
		new, errNew := s.new.origin.find(arg)
		for _, err := range []error{errOld, errNew} {
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, nil, err
			}
		}
		switch {
		case errOld != nil && errNew != nil:
			list = append(list, diag.New(diag.SourceUnreadable, diag.Pos{File: arg}, "", "there is no such file"))
		case len(old)+len(new) == 0:
			list = append(list, diag.New(diag.NothingToCompile, diag.Pos{File: arg}, "", "there is no %s below it", appFile))
		}
		for _, path := range old {
			paths[path] = where{true, paths[path].new}
		}
		for _, path := range new {
			paths[path] = where{paths[path].old, true}
		}
	}
	return paths, list, nil
}

// compile compiles a path on the sides that have it, once where nothing differs.
func (s sides) compile(path string, at where) both {
	var b both
	if at.new {
		done := s.new.session.from(s.new.origin, path)
		b.new, b.err = done.app, done.err
	}
	if !at.old || b.err != nil {
		return b
	}
	if at.new && s.same {
		b.equal, b.err = s.equal(b.new.input, path)
		if b.equal || b.err != nil {
			return b
		}
	}
	done := s.old.session.from(s.old.origin, path)
	b.old, b.err = done.app, done.err
	return b
}

// compare compiles a path and compares what is there, as far as one path tells.
func (s sides) compare(path string, at where, unified bool) both {
	b := s.compile(path, at)
	if b.err != nil || b.equal {
		return b
	}
	if b.old != nil && b.old.ok() {
		b.oldTree, b.err = s.old.session.withEdge(b.old.result)
	}
	if b.new != nil && b.new.ok() && b.err == nil {
		b.newTree, b.err = s.new.session.withEdge(b.new.result)
	}
	if b.err == nil && b.old.identity() != (identity{}) && b.old.identity() == b.new.identity() {
		b.compared = compare(b.oldTree, b.newTree, unified)
	}
	return b
}

// identity is the zero one of what could not be compiled.
func (a *compiled) identity() identity {
	if a == nil || !a.ok() {
		return identity{}
	}
	return identity{a.result.App.Space, a.result.App.Name}
}

// equal reports whether all that was read of an application on the new side is the same on the old one.
func (s sides) equal(in *input, path string) (bool, error) {
	if in == nil {
		return false, nil
	}
	other, _, err := s.old.origin.read(path)
	if err != nil || other == nil || !bytes.Equal(in.source.Data, other.source.Data) || (in.module == nil) != (other.module == nil) {
		return false, err
	}
	return in.sameModule(other) && in.sameBeside(other), nil
}

// sameModule reads the folders of the module that were read, and compares.
func (in *input) sameModule(other *input) bool {
	for file := range in.module {
		if file == moduleFile {
			continue
		}
		if _, err := other.source.Module.Package(path.Dir(file)); err != nil {
			return false
		}
	}
	return maps.EqualFunc(in.module, other.module, bytes.Equal)
}

// sameBeside reads the files beside app.cue that were read, and compares. Where one could not be read, what the
// other side has is not known.
func (in *input) sameBeside(other *input) bool {
	if len(in.wanted) != len(in.beside) {
		return false
	}
	return len(other.readBeside(in.wanted)) == 0 && maps.EqualFunc(in.beside, other.beside, bytes.Equal)
}
