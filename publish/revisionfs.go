package publish

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// At returns the files of a commit, by their paths below the work tree's root. Links are followed while they stay
// inside the file system that was asked, as [os.Root] does; [fs.Sub] narrows it. Files come as git stores them:
// line endings and filters of a checkout do not apply. It may be used by many goroutines at once.
func (s *Sources) At(ctx context.Context, commit string) (fs.FS, error) {
	c, err := s.commit(ctx, plumbing.NewHash(commit))
	if err != nil {
		return nil, err
	}
	tree := &revisionTree{ctx: ctx, draft: newDraft(sharedEngine{s}, c.TreeHash)}
	return &revisionFS{tree, tree.draft.root}, nil
}

// sharedEngine lets trees be read through a [Sources].
type sharedEngine struct{ sources *Sources }

func (e sharedEngine) head(context.Context) (plumbing.Hash, error) { return plumbing.ZeroHash, nil }
func (e sharedEngine) read(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	return e.sources.read(ctx, kind, hash)
}
func (e sharedEngine) prefetch(context.Context, []plumbing.Hash) error { return nil }
func (e sharedEngine) advance(context.Context, plumbing.Hash, plumbing.Hash, []gitObject) error {
	return errors.ErrUnsupported
}
func (e sharedEngine) close() error { return nil }

// revisionTree is a commit's tree, read as far as it was looked into.
type revisionTree struct {
	ctx   context.Context
	mu    sync.Mutex
	draft *draft
}

// revisionFS is a folder of a commit and what is below it.
type revisionFS struct {
	tree *revisionTree
	root *node
}

// maxLinks is how many links are followed for one path: what Linux does.
const maxLinks = 40

var (
	errEscapes  = errors.New("link leads out of the folder")
	errTooLinks = errors.New("too many links")
)

// walk returns the node at a path and its name. The last name's link is followed only if follow says so.
func (f *revisionFS) walk(op, name string, follow bool) (*node, error) {
	fail := func(err error) (*node, error) { return nil, &fs.PathError{Op: op, Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	way := []*node{f.root}
	links := 0
	for todo := strings.Split(name, "/"); len(todo) > 0; {
		next := todo[0]
		todo = todo[1:]
		here := way[len(way)-1]
		switch {
		case next == "." || next == "":
			continue
		case next == ".." && len(way) == 1:
			return fail(errEscapes)
		case next == "..":
			way = way[:len(way)-1]
			continue
		case here.mode != filemode.Dir:
			return fail(fs.ErrNotExist)
		}
		kid, err := f.kid(here, next)
		if err != nil {
			return fail(err)
		}
		if kid.mode != filemode.Symlink || !follow && len(todo) == 0 {
			way = append(way, kid)
			continue
		}
		target, err := f.tree.draft.content(f.tree.ctx, kid)
		switch links++; {
		case err != nil:
			return fail(err)
		case path.IsAbs(string(target)):
			return fail(errEscapes)
		case links > maxLinks:
			return fail(errTooLinks)
		}
		todo = append(strings.Split(string(target), "/"), todo...)
	}
	return way[len(way)-1], nil
}

func (f *revisionFS) kid(folder *node, name string) (*node, error) {
	if err := f.tree.draft.open(f.tree.ctx, folder); err != nil {
		return nil, err
	}
	kid, ok := folder.kids[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return kid, nil
}

// Open implements [fs.FS].
func (f *revisionFS) Open(name string) (fs.File, error) {
	n, err := f.walk("open", name, true)
	if err != nil {
		return nil, err
	}
	if n.mode == filemode.Dir {
		entries, err := f.ReadDir(name)
		if err != nil {
			return nil, err
		}
		return &revisionFolder{revisionInfo{path.Base(name), n.mode, 0}, entries}, nil
	}
	data, err := f.content(n)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &revisionFile{revisionInfo{path.Base(name), n.mode, int64(len(data))}, bytes.NewReader(data)}, nil
}

// content is a file's; a submodule's commit is somewhere else.
func (f *revisionFS) content(n *node) ([]byte, error) {
	if n.mode == filemode.Submodule {
		return nil, errors.New("it is a submodule")
	}
	return f.tree.draft.engine.read(f.tree.ctx, plumbing.BlobObject, n.base)
}

// ReadFile implements [fs.ReadFileFS].
func (f *revisionFS) ReadFile(name string) ([]byte, error) {
	n, err := f.walk("read", name, true)
	if err != nil {
		return nil, err
	}
	if n.mode == filemode.Dir {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is a folder")}
	}
	data, err := f.content(n)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return bytes.Clone(data), nil
}

// ReadDir implements [fs.ReadDirFS].
func (f *revisionFS) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := f.walk("readdir", name, true)
	if err != nil {
		return nil, err
	}
	if n.mode != filemode.Dir {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("it is not a folder")}
	}
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	if err := f.tree.draft.open(f.tree.ctx, n); err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	entries := []fs.DirEntry{}
	for _, kid := range slices.Sorted(maps.Keys(n.kids)) {
		entries = append(entries, revisionEntry{f, n.kids[kid], kid})
	}
	return entries, nil
}

// Stat implements [fs.StatFS].
func (f *revisionFS) Stat(name string) (fs.FileInfo, error) { return f.info("stat", name, true) }

// Lstat implements [fs.ReadLinkFS].
func (f *revisionFS) Lstat(name string) (fs.FileInfo, error) { return f.info("lstat", name, false) }

func (f *revisionFS) info(op, name string, follow bool) (fs.FileInfo, error) {
	n, err := f.walk(op, name, follow)
	if err != nil {
		return nil, err
	}
	return f.infoOf(n, path.Base(name))
}

func (f *revisionFS) infoOf(n *node, name string) (fs.FileInfo, error) {
	info := revisionInfo{name, n.mode, 0}
	if isRegular(n.mode) || n.mode == filemode.Symlink {
		data, err := f.content(n)
		if err != nil {
			return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
		}
		info.size = int64(len(data))
	}
	return info, nil
}

// ReadLink implements [fs.ReadLinkFS].
func (f *revisionFS) ReadLink(name string) (string, error) {
	n, err := f.walk("readlink", name, false)
	if err != nil {
		return "", err
	}
	if n.mode != filemode.Symlink {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	data, err := f.content(n)
	return string(data), err
}

// Sub implements [fs.SubFS]: no link leads out of what it returns.
func (f *revisionFS) Sub(dir string) (fs.FS, error) {
	n, err := f.walk("sub", dir, true)
	if err != nil {
		return nil, err
	}
	if n.mode != filemode.Dir {
		return nil, &fs.PathError{Op: "sub", Path: dir, Err: errors.New("it is not a folder")}
	}
	return &revisionFS{f.tree, n}, nil
}
