package publish

import (
	"context"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// changes compares the draft with the head that it started from.
func (d *draft) changes(ctx context.Context) ([]FileChange, error) {
	var list []FileChange
	report := func(path string, op Op) { list = append(list, FileChange{path, op}) }
	err := d.compare(ctx, d.root, "", report)
	slices.SortFunc(list, func(a, b FileChange) int { return strings.Compare(a.Path, b.Path) })
	return list, err
}

// compare reports the changes below a folder that the head has too. Only opened folders can differ.
func (d *draft) compare(ctx context.Context, n *node, path string, report func(string, Op)) error {
	if n.kids == nil {
		return nil
	}
	before := map[string]object.TreeEntry{}
	if !n.base.IsZero() {
		entries, err := readTree(ctx, d.engine, n.base)
		if err != nil {
			return err
		}
		for _, e := range entries {
			before[e.Name] = e
		}
	}
	for name, old := range before {
		if kid, ok := n.kids[name]; ok && kid.base == old.Hash {
			continue
		}
		if err := d.each(ctx, old, path+name, func(file string) { report(file, Removed) }); err != nil {
			return err
		}
	}
	for name, kid := range n.kids {
		if kid.mode == filemode.Dir {
			if err := d.compare(ctx, kid, path+name+"/", report); err != nil {
				return err
			}
			continue
		}
		switch old, ok := before[name]; {
		case !ok || kid.base.IsZero():
			report(path+name, Added)
		case old.Hash != kid.hash || old.Mode != kid.mode:
			report(path+name, Changed)
		}
	}
	return nil
}

// each calls visit with every file below an entry of the head.
func (d *draft) each(ctx context.Context, e object.TreeEntry, path string, visit func(string)) error {
	if e.Mode != filemode.Dir {
		visit(path)
		return nil
	}
	entries, err := readTree(ctx, d.engine, e.Hash)
	if err != nil {
		return err
	}
	for _, kid := range entries {
		if err := d.each(ctx, kid, path+"/"+kid.Name, visit); err != nil {
			return err
		}
	}
	return nil
}

// changed reports whether a file or folder differs from the head's. A removed one has changed.
func (d *draft) changed(ctx context.Context, head *draft, path string) (bool, error) {
	before, err := head.lookup(ctx, path)
	if err != nil {
		return false, err
	}
	now, err := d.lookup(ctx, path)
	if err != nil {
		return false, err
	}
	if now == nil || now.empty() || before == nil {
		return (now == nil || now.empty()) != (before == nil), nil
	}
	hash, err := now.write(func(gitObject) {})
	return hash != before.base || now.mode != before.mode, err
}

// treeOf returns the root tree of a commit; the zero hash has none.
func treeOf(ctx context.Context, e engine, commit plumbing.Hash) (plumbing.Hash, error) {
	if commit.IsZero() {
		return plumbing.ZeroHash, nil
	}
	c, err := readCommit(ctx, e, commit)
	return c.TreeHash, err
}
