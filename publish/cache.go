package publish

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// repoCache is a remote repository's folder in the cache: a bare store of objects, and what is known of them. Nothing in it
// is needed: it may be deleted at any time, and whatever is wrong with it, it is made anew.
//
//	objects/pack/                        packs, as git has them
//	state.json                           what is complete
//	salt                                 makes the names of chains unguessable
//	chain/<name>.json                    commits of publishers on this machine that are on their way, see [chain]
//	store.lock, state.lock, chain/*.lock held with flock, so that a process that dies holds nothing
//	address                              the repository's, for people; its time is that of the last use
type repoCache struct {
	dir   string
	store *cacheStore
	// patience is how long a lock may be held by others before a run goes on without it.
	patience time.Duration
}

// coldPatience is the same while another process may be fetching a whole repository.
func (c *repoCache) coldPatience() time.Duration { return 2 * c.patience }

// cacheState is what a cache is known to hold.
type cacheState struct {
	Version  int               `json:"version"`
	Partial  bool              `json:"partial"`  // without blobs, but for those that were asked for
	Complete map[string]string `json:"complete"` // branch → the commit that is here with all its trees and, unless partial, blobs
	Server   string            `json:"server"`   // what the server can do about fetching, as it has said; it may have changed
	Limit    int64             `json:"limit"`    // when the cache holds more bytes, it is begun afresh
}

const cacheVersion = 1

// unused is how long a repository stays in the cache that nobody publishes to.
const unused = 30 * 24 * time.Hour

// openCache opens a repository's folder below the cache's, and makes it if need be. The key is the address and whether
// there are credentials, never what they are.
func openCache(root, address string, credentials bool, patience time.Duration) (*repoCache, error) {
	if err := ownFolder(root); err != nil {
		return nil, err
	}
	access := "without credentials"
	if credentials {
		access = "with credentials"
	}
	key := sha256.Sum256([]byte(address + "\n" + access))
	dir := filepath.Join(root, hex.EncodeToString(key[:16]))
	if _, err := os.Lstat(dir); errors.Is(err, os.ErrNotExist) {
		sweep(root)
	}
	if err := ownFolder(dir); err != nil {
		return nil, err
	}
	for _, folder := range []string{filepath.Join("objects", "pack"), "chain"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return nil, err
		}
	}
	if err := replaceFile(filepath.Join(dir, "address"), []byte(address+", "+access+"\n")); err != nil {
		return nil, err
	}
	return &repoCache{dir: dir, store: &cacheStore{dir: dir}, patience: patience}, nil
}

// salt is a random number that is made with the cache and never leaves it.
func (c *repoCache) salt(ctx context.Context) ([]byte, error) {
	const name = "salt"
	file := filepath.Join(c.dir, name)
	if salt, err := os.ReadFile(file); err == nil && len(salt) == saltSize {
		return salt, nil
	}
	release, err := c.lock(ctx, name, c.patience)
	if err != nil {
		return nil, err
	}
	defer release()
	salt, err := os.ReadFile(file) // which the lock has made, if nobody did before
	if err != nil || len(salt) == saltSize {
		return salt, err
	}
	salt = make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	return salt, os.WriteFile(file, salt, 0o600)
}

const saltSize = 32

// ownFolder makes a folder, or sees to it that the one that is there is ours alone to write.
func ownFolder(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", dir)
	case !ownedByUs(info):
		return fmt.Errorf("%s belongs to somebody else", dir)
	case info.Mode()&0o022 != 0:
		return fmt.Errorf("%s can be written by others", dir)
	}
	return nil
}

// sweep removes the repositories that nobody has used for long.
func sweep(root string) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := os.Lstat(filepath.Join(root, entry.Name(), "address"))
		if err == nil && time.Since(info.ModTime()) > unused {
			_ = os.RemoveAll(filepath.Join(root, entry.Name()))
		}
	}
}

// lock takes one of the cache's locks, or fails when others hold it for too long.
func (c *repoCache) lock(ctx context.Context, name string, patience time.Duration) (release func(), err error) {
	return c.lockWhile(ctx, name, patience, func() bool { return false })
}

// lockWhile is the same, but as long as goesOn says that the others get something done it has patience.
func (c *repoCache) lockWhile(ctx context.Context, name string, patience time.Duration, goesOn func() bool) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(c.dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	for pause := lockPause; ; pause = min(2*pause, longestLockPause) {
		held, err := tryLock(f)
		if held {
			return func() { _ = f.Close() }, nil
		}
		if goesOn() {
			start = time.Now()
		}
		if err == nil && time.Since(start) > patience {
			err = fmt.Errorf("others have held %s for %s", f.Name(), patience)
		}
		if err == nil {
			err = sleep(ctx, jitter(pause))
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
}

// How long a process waits before it looks again whether a lock is free.
const (
	lockPause        = 3 * time.Millisecond
	longestLockPause = 24 * time.Millisecond
)

func (c *repoCache) stateFile() string { return filepath.Join(c.dir, "state.json") }

// state reads what the cache holds. A cache without a state holds nothing.
func (c *repoCache) state() (cacheState, error) {
	data, err := os.ReadFile(c.stateFile())
	if errors.Is(err, os.ErrNotExist) {
		return cacheState{Version: cacheVersion}, nil
	}
	if err != nil {
		return cacheState{}, damaged("read the cache: %w", err)
	}
	var state cacheState
	if err := json.Unmarshal(data, &state); err != nil {
		return cacheState{}, damaged("read the cache: %w", err)
	}
	if state.Version != cacheVersion {
		return cacheState{}, damaged("the cache has version %d", state.Version)
	}
	for _, hash := range state.Complete {
		if !plumbing.IsHash(hash) {
			return cacheState{}, damaged("the cache is complete for %q, which is no commit", hash)
		}
	}
	return state, nil
}

// changeState changes what the cache is known to hold.
func (c *repoCache) changeState(ctx context.Context, change func(*cacheState)) error {
	release, err := c.lock(ctx, "state.lock", c.patience)
	if err != nil {
		return err
	}
	defer release()
	state, err := c.state()
	if err != nil {
		return err
	}
	if state.Complete == nil {
		state.Complete = map[string]string{}
	}
	change(&state)
	return writeJSON(c.stateFile(), state)
}

func writeJSON(name string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return replaceFile(name, append(data, '\n'))
}

// reset throws away what the cache holds. The caller has the lock of the store.
func (c *repoCache) reset() error {
	err := os.Remove(c.stateFile()) // first: packs without it are only rubbish
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if closed := c.store.close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.RemoveAll(c.store.packDir())
	}
	if err == nil {
		err = os.MkdirAll(c.store.packDir(), 0o700)
	}
	return err
}
