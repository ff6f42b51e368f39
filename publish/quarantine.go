package publish

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// OpenGuarded opens the repository that is to be guarded: a bare one, or one with a work tree that holds the folder. What
// is being pushed lies in folders of objects beside those of the repository until it is admitted: git names them to
// its hooks in GIT_OBJECT_DIRECTORY and GIT_ALTERNATE_OBJECT_DIRECTORIES.
func OpenGuarded(dir string, objects []string) (*Sources, error) {
	s, err := openAny(dir)
	if err != nil {
		return nil, err
	}
	own := filepath.Join(s.common, "objects")
	for _, folder := range objects {
		if !filepath.IsAbs(folder) {
			folder = filepath.Join(dir, folder)
		}
		if same(folder, own) {
			continue
		}
		fs := objectsFS{osfs.New(folder, osfs.WithBoundOS())}
		s.pushed = append(s.pushed, filesystem.NewStorageWithOptions(fs, cache.NewObjectLRUDefault(), filesystem.Options{
			KeepDescriptors: true, AlternatesFS: osfs.New("/", osfs.WithBoundOS()),
		}))
	}
	return s, nil
}

func openAny(dir string) (*Sources, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if !looksBare(absolute) {
		return OpenSources(dir)
	}
	e := &localEngine{path: absolute}
	if err := e.checkFormat(); err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	e.openStore()
	return &Sources{root: absolute, common: absolute, local: e}, nil
}

func same(a, b string) bool {
	first, errA := os.Stat(a)
	second, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(first, second)
}

// objectsFS shows a folder of objects where go-git looks for one: below objects, in a repository that holds nothing
// else. It is for reading.
type objectsFS struct{ billy.Filesystem }

func inObjects(name string) (string, error) {
	clean := path.Clean(filepath.ToSlash(name))
	if clean == "objects" {
		return ".", nil
	}
	rest, ok := strings.CutPrefix(clean, "objects/")
	if !ok {
		return "", os.ErrNotExist
	}
	return rest, nil
}

func (f objectsFS) Open(name string) (billy.File, error) {
	inside, err := inObjects(name)
	if err != nil {
		return nil, err
	}
	return f.Filesystem.Open(inside)
}

func (f objectsFS) OpenFile(name string, flag int, perm os.FileMode) (billy.File, error) {
	if flag != os.O_RDONLY {
		return nil, os.ErrPermission
	}
	return f.Open(name)
}

func (f objectsFS) Stat(name string) (os.FileInfo, error) {
	inside, err := inObjects(name)
	if err != nil {
		return nil, err
	}
	return f.Filesystem.Stat(inside)
}

func (f objectsFS) Lstat(name string) (os.FileInfo, error) {
	inside, err := inObjects(name)
	if err != nil {
		return nil, err
	}
	return f.Filesystem.Lstat(inside)
}

func (f objectsFS) ReadDir(name string) ([]os.FileInfo, error) {
	inside, err := inObjects(name)
	if err != nil {
		return nil, err
	}
	return f.Filesystem.ReadDir(inside)
}

// store returns the first storage that has an object: what is being pushed comes first. Its size is read, its content
// is not.
func (s *Sources) store(hash plumbing.Hash) (*filesystem.Storage, int64, error) {
	for _, store := range append(s.pushed[:len(s.pushed):len(s.pushed)], s.local.store) {
		size, err := store.EncodedObjectSize(hash)
		if err == nil {
			return store, size, nil
		}
		if !isMissing(err) {
			return nil, 0, fmt.Errorf("look up %s: %w", hash, err)
		}
	}
	return nil, 0, s.missing(fmt.Errorf("look up %s: %w", hash, plumbing.ErrObjectNotFound))
}

// size returns how many bytes an object has.
func (s *Sources) size(hash plumbing.Hash) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, size, err := s.store(hash)
	return size, err
}

// readPushed reads an object that is being pushed; ok is false when it is not among those.
func (s *Sources) readPushed(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) (data []byte, ok bool, err error) {
	for _, store := range s.pushed {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		o, err := store.EncodedObject(kind, hash)
		switch {
		case err == nil:
			data, err := readObject(o)
			return data, err == nil, err
		case !isMissing(err):
			return nil, false, fmt.Errorf("read %s %s: %w", kind, hash, err)
		}
	}
	return nil, false, nil
}

// closePushed lets go of what is being pushed.
func (s *Sources) closePushed() error {
	var errs []error
	for _, store := range s.pushed {
		errs = append(errs, store.Close())
	}
	return errors.Join(errs...)
}

// SymbolicTarget returns the branch that a reference stands for, or its own name: a push to one that is symbolic
// moves the branch.
func (s *Sources) SymbolicTarget(ref string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 5 {
		r, err := s.local.store.Reference(plumbing.ReferenceName(ref))
		if err != nil || r.Type() != plumbing.SymbolicReference {
			break
		}
		ref = r.Target().String()
	}
	return ref
}
