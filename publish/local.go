package publish

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/config"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// localEngine is a bare repository on this machine's disk. It reads through go-git and writes by itself,
// because go-git neither syncs what it writes nor excludes git while it moves a branch.
type localEngine struct {
	path  string
	ref   plumbing.ReferenceName
	store *filesystem.Storage // nil while there is no repository
}

func openLocal(path string, ref plumbing.ReferenceName) (engine, error) {
	path, err := filepath.Abs(path) // the store refuses a path with .. in it
	if err != nil {
		return nil, err
	}
	e := &localEngine{path: path, ref: ref}
	if !looksBare(path) {
		return e, nil // created when something is written
	}
	if err := e.checkFormat(); err != nil {
		return nil, err
	}
	e.openStore()
	return e, nil
}

func (e *localEngine) openStore() {
	fs := osfs.New(e.path, osfs.WithBoundOS())
	e.store = filesystem.NewStorageWithOptions(fs, cache.NewObjectLRUDefault(), filesystem.Options{
		KeepDescriptors: true,
		AlternatesFS:    osfs.New("/", osfs.WithBoundOS()),
	})
}

// checkFormat refuses repositories in formats that this package would damage.
func (e *localEngine) checkFormat() error {
	f, err := os.Open(filepath.Join(e.path, "config"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	cfg := config.New()
	if err := config.NewDecoder(f).Decode(cfg); err != nil {
		return fmt.Errorf("read config: %w", err)
	}
	for _, option := range cfg.Section("extensions").Options {
		switch strings.ToLower(option.Key) {
		case "objectformat", "refstorage":
			if value := strings.ToLower(option.Value); value != "sha1" && value != "files" {
				return fmt.Errorf("the repository uses %s %s, which is not supported", option.Key, option.Value)
			}
		}
	}
	return nil
}

func (e *localEngine) head(ctx context.Context) (plumbing.Hash, error) {
	if err := ctx.Err(); err != nil {
		return plumbing.ZeroHash, err
	}
	if e.store == nil {
		if !looksBare(e.path) {
			return plumbing.ZeroHash, nil
		}
		e.openStore() // somebody else has created it since
	}
	return readRef(e.path, e.ref)
}

// read looks again when an object is not there: it may be in a pack that has come since, or everything may
// have been packed. go-git takes note of a pack whose index is still being moved into place and then fails for
// every object, so that it may take a few looks.
func (e *localEngine) read(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for pause := time.Millisecond; ; pause *= 2 {
		o, err := e.store.EncodedObject(kind, hash)
		if err == nil {
			return readObject(o)
		}
		missing := errors.Is(err, plumbing.ErrObjectNotFound) || errors.Is(err, dotgit.ErrPackfileNotFound)
		if !missing || pause > 50*time.Millisecond {
			return nil, fmt.Errorf("read %s %s: %w", kind, hash, err)
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
		e.store.Reindex()
	}
}

func (e *localEngine) prefetch(context.Context, []plumbing.Hash) error { return nil }

func (e *localEngine) advance(ctx context.Context, from, to plumbing.Hash, objects []gitObject) error {
	if e.store == nil {
		if err := initBare(e.path, e.ref); err != nil {
			return fmt.Errorf("create %s: %w", e.path, err)
		}
	}
	if err := checkRef(e.path, e.ref, from); err != nil {
		return err // before there are objects that nobody needs
	}
	release, err := writeObjects(ctx, filepath.Join(e.path, "objects"), objects)
	if err != nil {
		return fmt.Errorf("write objects to %s: %w", e.path, err)
	}
	defer release()
	return moveRef(ctx, e.path, e.ref, from, to)
}

func (e *localEngine) close() error {
	if e.store == nil {
		return nil
	}
	return e.store.Close()
}

// initBare makes an empty bare repository at a path where there is nothing, or an empty folder. It appears in
// one step; when two publishers do it at once, the first one's stays.
func initBare(path string, head plumbing.ReferenceName) error {
	parent := filepath.Dir(filepath.Clean(path))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	tmp, release, err := makeFolder(parent)
	if err != nil {
		return err
	}
	defer release()
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	for _, dir := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags", "info"} {
		if err := os.MkdirAll(filepath.Join(tmp, dir), 0o755); err != nil {
			return err
		}
	}
	const cfg = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
	files := map[string]string{"HEAD": "ref: " + head.String() + "\n", "config": cfg}
	for name, text := range files {
		if err := writeSynced(filepath.Join(tmp, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, path); err != nil && !looksBare(path) {
		return err
	}
	return syncDir(parent)
}

// makeFolder makes a folder in another to be renamed, and removes those of publishers that died.
func makeFolder(parent string) (name string, release func(), err error) {
	const prefix = ".meridian-init-"
	eachDead(parent, func(name string) bool { return strings.HasPrefix(name, prefix) }, func(*os.File) {})
	held, err := makeHeld(func() (string, error) { return os.MkdirTemp(parent, prefix) })
	if errors.Is(err, errors.ErrUnsupported) {
		name, err := os.MkdirTemp(parent, ".meridian-new-") // that nobody takes for a dead one's
		return name, func() { _ = os.RemoveAll(name) }, err
	}
	if err != nil {
		return "", nil, err
	}
	return held.Name(), func() { _ = os.RemoveAll(held.Name()); _ = held.Close() }, nil
}

// writeSynced creates a file that must not exist yet and waits until it is on the disk.
func writeSynced(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes the entries of a folder last.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
