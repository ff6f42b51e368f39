package publish

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// refLock is a branch's lock as git has it: the file <ref>.lock, which becomes the branch's own. git leaves one behind
// when it is killed, and then goes no further until somebody removes it. Ours can be told from a living one's: it
// is a second name of a file below meridian/locks that its owner holds. A lock that has no such other name is git's
// and is left alone.
type refLock struct {
	path string
	own  *os.File // the first name; nil where files cannot be held or have two names
}

// locksFolder is where first names of locks are.
func locksFolder(repo string) string { return filepath.Join(repo, "meridian", "locks") }

// lockPrefix begins the first names of a branch's locks, and of no other's.
func lockPrefix(ref plumbing.ReferenceName) string { return url.PathEscape(ref.String()) + "," }

// takeLock locks a branch with its new value, and waits a while for a lock that is there to go away.
func takeLock(ctx context.Context, repo string, ref plumbing.ReferenceName, to plumbing.Hash) (*refLock, error) {
	l := &refLock{path: filepath.Join(repo, filepath.FromSlash(ref.String())) + ".lock"}
	text := to.String() + "\n"
	removeDeadLock(repo, ref, l.path)
	if err := l.prepare(locksFolder(repo), lockPrefix(ref), text); err != nil {
		return nil, fmt.Errorf("lock branch: %w", err)
	}
	if err := l.wait(ctx, repo, ref, text); err != nil {
		l.letGo()
		return nil, fmt.Errorf("lock branch: %w", err)
	}
	return l, nil
}

// prepare makes the first name, where that is possible.
func (l *refLock) prepare(dir, prefix, text string) error {
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		l.own, err = makeHeldFile(dir, prefix, text)
	}
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrPermission) {
		return nil
	}
	return err
}

func (l *refLock) wait(ctx context.Context, repo string, ref plumbing.ReferenceName, text string) error {
	var waited time.Duration
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		if err := os.MkdirAll(filepath.Dir(l.path), 0o755); err != nil {
			return err
		}
		err := l.place(text)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, os.ErrNotExist) && waited < lockWait:
			waited += pause // git has removed the folder because it was empty
			continue
		case !errors.Is(err, os.ErrExist):
			return err
		case removeDeadLock(repo, ref, l.path):
			continue
		case waited >= lockWait:
			return fmt.Errorf("%s has existed for %s; if no git process is running, one has died: remove the file", l.path, lockWait)
		}
		if err := sleep(ctx, jitter(pause)); err != nil {
			return fmt.Errorf("%s exists: %w", l.path, err)
		}
		waited += pause
	}
}

// place puts the lock where git looks for it, unless there is one.
func (l *refLock) place(text string) error {
	if l.own != nil {
		err := os.Link(l.own.Name(), l.path)
		if err == nil || errors.Is(err, os.ErrExist) || errors.Is(err, os.ErrNotExist) {
			return err
		}
		l.letGo() // files have one name here
	}
	err := writeSynced(l.path, []byte(text), 0o644)
	if err != nil && !errors.Is(err, os.ErrExist) && !errors.Is(err, os.ErrNotExist) {
		err = errors.Join(err, os.Remove(l.path)) // written in part
	}
	return err
}

// letGo ends what has been prepared; a lock that is in place stays. A first name that cannot be removed is one of the dead.
func (l *refLock) letGo() {
	if l.own != nil {
		_ = os.Remove(l.own.Name())
		_ = l.own.Close()
		l.own = nil
	}
}

// move makes the lock the branch. From then on a file of the lock's name is somebody else's.
func (l *refLock) move(name string) error {
	if err := os.Rename(l.path, name); err != nil {
		return errors.Join(err, l.drop())
	}
	l.letGo()
	return nil
}

// drop removes the lock.
func (l *refLock) drop() error {
	defer l.letGo()
	return os.Remove(l.path)
}

// removeDeadLock removes what publishers that died have left of a branch's lock, and reports whether there was a lock.
func removeDeadLock(repo string, ref plumbing.ReferenceName, path string) bool {
	found := false
	ours := func(name string) bool { return strings.HasPrefix(name, lockPrefix(ref)) }
	eachDead(locksFolder(repo), ours, func(dead *os.File) {
		if isAt(dead, path) && os.Remove(path) == nil {
			found = true
		}
	})
	return found
}
