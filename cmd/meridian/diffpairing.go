package main

import (
	"bytes"
	"maps"
	"path/filepath"
	"slices"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// pairing brings together the two sides of each application.
type pairing struct {
	sides
	differ         *differ
	oldSet, newSet *batch
	old, new       map[identity]manifest.Tree // of those whose other side has not come yet
}

func newPairing(s sides, d *differ) *pairing {
	return &pairing{sides: s, differ: d, oldSet: newBatch(), newSet: newBatch(), old: map[identity]manifest.Tree{}, new: map[identity]manifest.Tree{}}
}

// use takes what one path has become.
func (p *pairing) use(b both) error {
	if b.err != nil {
		return b.err
	}
	if b.new != nil {
		p.newSet.add(b.new)
	}
	switch {
	case b.equal:
		if b.new.ok() {
			p.oldSet.interfaces = append(p.oldSet.interfaces, b.new.result.Interface())
		}
		return nil
	case b.old != nil:
		p.oldSet.add(b.old)
	}
	if b.compared != nil {
		p.differ.add(b.compared)
		return nil
	}
	p.keep(b.old.identity(), b.oldTree, p.old)
	p.keep(b.new.identity(), b.newTree, p.new)
	return nil
}

// keep keeps one side of an application until the other comes: it may lie at another path.
func (p *pairing) keep(id identity, tree manifest.Tree, into map[identity]manifest.Tree) {
	if id == (identity{}) {
		return
	}
	into[id] = tree
	old, was := p.old[id]
	new, is := p.new[id]
	if was && is {
		delete(p.old, id)
		delete(p.new, id)
		p.differ.add(compare(old, new, p.differ.unified))
	}
}

// moved looks for the other side of what has come on one side only in the rest of the work tree: it may have moved out
// of the named folders, or into them. Only files that hold the name are compiled.
func (p *pairing) moved(named map[string]where) ([]diag.Diagnostic, error) {
	if p.root == "" {
		return nil, nil
	}
	full := make(map[string]where, len(named))
	for path, at := range named {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		full[abs] = at
	}
	list, err := p.search(p.sides.new, p.old, p.new, func(path string) bool { return full[path].new })
	if err != nil || len(list) > 0 {
		return list, err
	}
	return p.search(p.sides.old, p.new, p.old, func(path string) bool { return full[path].old })
}

// search looks for applications on a side that has not shown them, and keeps what it finds in into. It returns what is
// wrong with one that cannot be compiled.
func (p *pairing) search(s side, missing, into map[identity]manifest.Tree, known func(path string) bool) ([]diag.Diagnostic, error) {
	if len(missing) == 0 {
		return nil, nil
	}
	paths, err := s.origin.below(p.root, isApp)
	if err != nil {
		return nil, err
	}
	var list []diag.Diagnostic
	for _, path := range slices.DeleteFunc(paths, known) {
		if len(missing) == 0 {
			break
		}
		data, err := s.origin.readFile(path)
		if err != nil || !holdsName(data, missing) {
			continue // it is not among those that were asked for
		}
		done := s.session.from(s.origin, relative(path))
		if done.err != nil {
			return nil, done.err
		}
		if done.app.result == nil {
			continue
		}
		id := identity{done.app.result.App.Space, done.app.result.App.Name}
		if _, ok := missing[id]; !ok {
			continue
		}
		if !done.app.ok() {
			list = append(list, done.app.list...)
			continue
		}
		tree, err := s.session.withEdge(done.app.result)
		if err != nil {
			return nil, err
		}
		p.keep(id, tree, into)
	}
	return list, nil
}

func holdsName(data []byte, apps map[identity]manifest.Tree) bool {
	for id := range apps {
		if bytes.Contains(data, []byte(`"`+id.name+`"`)) {
			return true
		}
	}
	return false
}

// rest compares what has come on one side only with nothing.
func (p *pairing) rest() {
	for _, old := range p.old {
		p.differ.add(compare(old, manifest.Tree{}, p.differ.unified))
	}
	for _, new := range p.new {
		p.differ.add(compare(manifest.Tree{}, new, p.differ.unified))
	}
}

// spaces compares what the two platforms make of their spaces.
func (p *pairing) spaces() error {
	old, err := p.sides.old.session.spaceTree()
	if err != nil {
		return err
	}
	new, err := p.sides.new.session.spaceTree()
	if err != nil {
		return err
	}
	p.differ.add(compare(old, new, p.differ.unified))
	return nil
}

// diagnostics are those of the new side, and what keeps the old one from being compared: it is as it is.
func (p *pairing) diagnostics() []diag.Diagnostic {
	together := compiler.Together(p.newSet.interfaces, !p.partial && wholeSpaces(p.args))
	list := append(p.newSet.list, diag.Silence(together, p.newSet.allows)...)
	old := slices.DeleteFunc(p.oldSet.list, func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
	for _, found := range compiler.Together(p.oldSet.interfaces, false) {
		if found.Code == diag.SameApplication {
			old = append(old, found)
		}
	}
	for _, found := range old {
		if slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return sameMistake(d, found) }) {
			continue // also on the new side
		}
		if p.oldPlatform != "" {
			found = found.WithRelated(diag.Pos{File: p.oldPlatform}, "with this platform")
		}
		list = append(list, found)
	}
	return list
}

func sameMistake(a, b diag.Diagnostic) bool {
	return a.Code == b.Code && a.Pos == b.Pos && a.Path == b.Path && a.Region == b.Region && a.Message == b.Message
}

// sources are the files that diagnostics point into.
func (p *pairing) sources() map[string][]byte {
	all := maps.Clone(p.oldSet.sources)
	maps.Copy(all, p.newSet.sources)
	return all
}
