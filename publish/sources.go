package publish

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// ErrNoRepository says that a folder is in no work tree of git.
var ErrNoRepository = errors.New("not in a git repository")

// Sources is the git repository that the sources are in, for reading: its revisions are looked up and read without
// checking anything out. It may be used by many goroutines at once and must be closed.
type Sources struct {
	root   string // of the work tree
	common string // the .git folder, of the main work tree where there are several
	mu     sync.Mutex
	local  *localEngine
	pushed []*filesystem.Storage // of [OpenGuarded]
}

// OpenSources finds the repository whose work tree holds a folder; an error that is [ErrNoRepository] says that there
// is none. Linked work trees and submodules are understood.
func OpenSources(dir string) (*Sources, error) {
	root, gitDir, err := findGitDir(dir)
	if err != nil {
		return nil, err
	}
	common, err := commonDir(gitDir)
	if err != nil {
		return nil, fmt.Errorf("open the repository of %s: %w", dir, err)
	}
	if !looksBare(common) {
		return nil, fmt.Errorf("open the repository of %s: %s is not a git repository", dir, common)
	}
	e := &localEngine{path: common}
	if err := e.checkFormat(); err != nil {
		return nil, fmt.Errorf("open the repository of %s: %w", dir, err)
	}
	// HEAD is the work tree's own, all else the repository's.
	both := dotgit.NewRepositoryFilesystem(osfs.New(gitDir, osfs.WithBoundOS()), osfs.New(common, osfs.WithBoundOS()))
	e.store = filesystem.NewStorageWithOptions(both, cache.NewObjectLRUDefault(), filesystem.Options{
		KeepDescriptors: true,
		AlternatesFS:    osfs.New("/", osfs.WithBoundOS()),
	})
	return &Sources{root: root, common: common, local: e}, nil
}

// Root is the folder of the work tree, absolute.
func (s *Sources) Root() string { return s.root }

// Close lets go of the repository.
func (s *Sources) Close() error { return errors.Join(s.closePushed(), s.local.close()) }

// findGitDir goes up from a folder to the one that holds .git: a folder, or in linked work trees and submodules a
// file that says where it is.
func findGitDir(dir string) (root, gitDir string, err error) {
	root, err = filepath.Abs(dir)
	if err != nil {
		return "", "", err
	}
	for {
		gitDir = filepath.Join(root, ".git")
		info, err := os.Stat(gitDir)
		switch {
		case err == nil && info.IsDir():
			return root, gitDir, nil
		case err == nil:
			gitDir, err = readPointer(gitDir, "gitdir: ")
			return root, gitDir, err
		case !errors.Is(err, os.ErrNotExist):
			return "", "", err
		}
		parent := filepath.Dir(root)
		if parent == root {
			return "", "", fmt.Errorf("%s is %w", dir, ErrNoRepository)
		}
		root = parent
	}
}

// commonDir is the folder of what all work trees share.
func commonDir(gitDir string) (string, error) {
	common, err := readPointer(filepath.Join(gitDir, "commondir"), "")
	if errors.Is(err, os.ErrNotExist) {
		return gitDir, nil
	}
	return common, err
}

// readPointer reads a file that names a folder, relative to its own.
func readPointer(file, prefix string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	target, ok := strings.CutPrefix(strings.TrimRight(line, "\r"), prefix)
	if !ok || target == "" {
		return "", fmt.Errorf("%s does not say where the repository is", file)
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(file), target)
	}
	return target, nil
}

// read reads an object, and says what to do about one that a clone has left out.
func (s *Sources) read(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data, ok, err := s.readPushed(ctx, kind, hash); ok || err != nil {
		return data, err
	}
	data, err := s.local.read(ctx, kind, hash)
	if err != nil && isMissing(err) {
		return nil, s.missing(err)
	}
	return data, err
}

func isMissing(err error) bool {
	return errors.Is(err, plumbing.ErrObjectNotFound) || errors.Is(err, dotgit.ErrPackfileNotFound)
}

// shallow reports whether the clone has only the latest part of the history.
func (s *Sources) shallow() bool {
	_, err := os.Stat(filepath.Join(s.common, "shallow"))
	return err == nil
}

// missing explains why an object is not there.
func (s *Sources) missing(err error) error {
	if s.shallow() {
		return fmt.Errorf("the clone is shallow and does not reach that far: fetch more with `git fetch --deepen=100`, or all with `git fetch --unshallow`; in a CI job check out with fetch-depth: 0 (GitHub) or GIT_DEPTH: 0 (GitLab): %w", err)
	}
	return fmt.Errorf("the clone does not hold all objects; if it was made with --filter: `git fetch --refetch --no-filter`: %w", err)
}
