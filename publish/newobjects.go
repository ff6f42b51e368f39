package publish

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// storeEngine reads trees and commits from a store alone.
type storeEngine struct {
	engine
	store objectStore
}

func (e storeEngine) read(_ context.Context, kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	return e.store.read(kind, hash)
}

// newObjects collects what commits, each the parent of the next, add to the first one's parent. A file that is not in
// the store was not made here, so that the remote has it.
func newObjects(store objectStore, base plumbing.Hash, commits []string) ([]gitObject, error) {
	e := storeEngine{store: store}
	ctx := context.Background()
	found := &newcomers{seen: map[plumbing.Hash]bool{}}
	before, err := treeOf(ctx, e, base)
	if err != nil {
		return nil, err
	}
	for _, text := range commits {
		hash := plumbing.NewHash(text)
		data, err := store.read(plumbing.CommitObject, hash)
		if err != nil {
			return nil, err
		}
		found.add(gitObject{plumbing.CommitObject, hash, data})
		tree, err := treeOf(ctx, e, hash)
		if err != nil {
			return nil, err
		}
		if err := newInTree(ctx, e, before, tree, found); err != nil {
			return nil, err
		}
		before = tree
	}
	return found.objects, nil
}

// newcomers are objects, each once.
type newcomers struct {
	seen    map[plumbing.Hash]bool
	objects []gitObject
}

func (n *newcomers) add(o gitObject) {
	if !n.seen[o.hash] {
		n.seen[o.hash] = true
		n.objects = append(n.objects, o)
	}
}

// newInTree collects what is in a tree and not at the same place in an older one, which may be none.
func newInTree(ctx context.Context, e storeEngine, before, now plumbing.Hash, found *newcomers) error {
	if found.seen[now] || before == now {
		return nil
	}
	data, err := e.store.read(plumbing.TreeObject, now)
	if err != nil {
		return err
	}
	found.add(gitObject{plumbing.TreeObject, now, data})
	entries, err := readTree(ctx, e, now)
	if err != nil {
		return err
	}
	old := map[string]object.TreeEntry{}
	if !before.IsZero() {
		list, err := readTree(ctx, e, before)
		if err != nil {
			return err
		}
		for _, entry := range list {
			old[entry.Name] = entry
		}
	}
	for _, entry := range entries {
		was := old[entry.Name]
		switch {
		case was.Hash == entry.Hash:
			continue
		case entry.Mode == filemode.Dir && was.Mode == filemode.Dir:
			err = newInTree(ctx, e, was.Hash, entry.Hash, found)
		case entry.Mode == filemode.Dir:
			err = newInTree(ctx, e, plumbing.ZeroHash, entry.Hash, found)
		case entry.Mode != filemode.Submodule:
			err = newBlob(e, entry.Hash, found)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
	}
	return nil
}

func newBlob(e storeEngine, hash plumbing.Hash, found *newcomers) error {
	data, err := e.store.read(plumbing.BlobObject, hash)
	switch {
	case isMissing(err):
		return nil
	case err != nil:
		return err
	}
	found.add(gitObject{plumbing.BlobObject, hash, data})
	return nil
}
