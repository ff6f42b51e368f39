package publish

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// lockWait is how long a branch's lock may be held by somebody else: git holds it for milliseconds.
const lockWait = 5 * time.Second

// localPause is what back-off starts from: an attempt takes a few milliseconds.
const localPause = 4 * time.Millisecond

// readRef reads a branch: its own file first, then packed-refs. Without either it is the zero hash.
func readRef(repo string, ref plumbing.ReferenceName) (plumbing.Hash, error) {
	name := filepath.Join(repo, filepath.FromSlash(ref.String()))
	data, err := os.ReadFile(name)
	if err == nil {
		text := strings.TrimSpace(string(data))
		if !plumbing.IsHash(text) {
			return plumbing.ZeroHash, fmt.Errorf("read branch: %s does not hold a commit", name)
		}
		return plumbing.NewHash(text), nil
	}
	if info, statErr := os.Stat(name); statErr == nil && info.IsDir() {
		err = os.ErrNotExist // a folder of longer names; git leaves empty ones behind
	}
	if !errors.Is(err, os.ErrNotExist) {
		return plumbing.ZeroHash, fmt.Errorf("read branch: %w", err)
	}
	return readPackedRef(repo, ref)
}

func readPackedRef(repo string, ref plumbing.ReferenceName) (plumbing.Hash, error) {
	f, err := os.Open(filepath.Join(repo, "packed-refs"))
	if errors.Is(err, os.ErrNotExist) {
		return plumbing.ZeroHash, nil
	}
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("read branch: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if hash, name, ok := strings.Cut(lines.Text(), " "); ok && name == ref.String() {
			return plumbing.NewHash(hash), nil
		}
	}
	return plumbing.ZeroHash, lines.Err()
}

// checkRef returns a *retryError unless a branch is where it is expected.
func checkRef(repo string, ref plumbing.ReferenceName, from plumbing.Hash) error {
	now, err := readRef(repo, ref)
	if err == nil && now != from {
		return &retryError{err: fmt.Errorf("move branch: %s is at %s, expected %s", ref, now, from), pause: localPause, moved: true}
	}
	return err
}

// moveRef moves a branch as git does, so that each excludes the other: a lock that holds the new value, taken by one
// only, compare the present value, rename.
func moveRef(ctx context.Context, repo string, ref plumbing.ReferenceName, from, to plumbing.Hash) error {
	name := filepath.Join(repo, filepath.FromSlash(ref.String()))
	lock, err := takeLock(ctx, repo, ref, to)
	if err != nil {
		return err
	}
	if err := checkRef(repo, ref, from); err != nil {
		return errors.Join(err, lock.drop())
	}
	if err := lock.move(name); err != nil {
		return fmt.Errorf("move branch: %w", err)
	}
	if err := syncDir(filepath.Dir(name)); err != nil {
		return fmt.Errorf("move branch: %w", err)
	}
	return nil
}
