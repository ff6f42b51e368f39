package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// origin is where sources are read from: the disk, or a revision of the git repository that they are in. Paths are
// as the user writes them, from the working folder. The zero origin is the disk.
type origin struct {
	revision string // as the user calls it; empty for the disk
	commit   string
	root     string // of the work tree, absolute
	files    fs.FS  // of the commit
}

// inside returns a path from the root of the work tree. What is not below it does not exist in a revision.
func (o origin) inside(file string) (string, error) {
	full, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(o.root, full)
	if err != nil || !filepath.IsLocal(rel) {
		return "", &fs.PathError{Op: "read", Path: file, Err: fs.ErrNotExist}
	}
	return filepath.ToSlash(rel), nil
}

// name is how diagnostics call a file: in a revision as git does, revision:path from the root.
func (o origin) name(file string) string {
	if o.files == nil {
		return file
	}
	rel, err := o.inside(file)
	if err != nil {
		return file
	}
	return o.revision + ":" + rel
}

func (o origin) stat(file string) (fs.FileInfo, error) {
	if o.files == nil {
		return os.Stat(file)
	}
	rel, err := o.inside(file)
	if err != nil {
		return nil, err
	}
	return fs.Stat(o.files, rel)
}

func (o origin) lstat(file string) (fs.FileInfo, error) {
	if o.files == nil {
		return os.Lstat(file)
	}
	rel, err := o.inside(file)
	if err != nil {
		return nil, err
	}
	return fs.Lstat(o.files, rel)
}

func (o origin) readFile(file string) ([]byte, error) {
	if o.files == nil {
		return os.ReadFile(file)
	}
	rel, err := o.inside(file)
	if err != nil {
		return nil, err
	}
	return fs.ReadFile(o.files, rel)
}

func (o origin) readDir(dir string) ([]fs.DirEntry, error) {
	if o.files == nil {
		return os.ReadDir(dir)
	}
	rel, err := o.inside(dir)
	if err != nil {
		return nil, err
	}
	return fs.ReadDir(o.files, rel)
}

// walk is [filepath.WalkDir].
func (o origin) walk(dir string, visit fs.WalkDirFunc) error {
	if o.files == nil {
		return filepath.WalkDir(dir, visit)
	}
	rel, err := o.inside(dir)
	if err != nil {
		return err
	}
	return fs.WalkDir(o.files, rel, func(found string, entry fs.DirEntry, err error) error {
		below := found
		if rel != "." {
			below = strings.TrimPrefix(found, rel)
		}
		return visit(filepath.Join(dir, filepath.FromSlash(below)), entry, err)
	})
}

// folder opens a folder; no link leads out of it. It must be closed.
func (o origin) folder(dir string) (fs.FS, func() error, error) {
	if o.files == nil {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, nil, err
		}
		return root.FS(), root.Close, nil
	}
	rel, err := o.inside(dir)
	if err != nil {
		return nil, nil, err
	}
	sub, err := fs.Sub(o.files, rel)
	return sub, func() error { return nil }, err
}

// String names the origin for people.
func (o origin) String() string {
	if o.files == nil {
		return "the working folder"
	}
	short := o.commit[:min(12, len(o.commit))]
	if strings.HasPrefix(o.commit, path.Clean(o.revision)) {
		return short
	}
	return fmt.Sprintf("%s (%s)", o.revision, short)
}
