package publish

import (
	"errors"
	"os"
	"path/filepath"
)

// A held file or folder is one whose maker is known to live: it holds it with flock, and the kernel lets go of that
// when the process ends, however it ends. What nobody holds is a dead publisher's, and may be removed.

// makeHeld makes a file or folder and holds it. A publisher that tidies up may get in between: then another is made.
// Where files cannot be held, the error is errors.ErrUnsupported, and nothing is left.
func makeHeld(make func() (name string, err error)) (*os.File, error) {
	for {
		name, err := make()
		if err != nil {
			return nil, err
		}
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(name))
		}
		held, err := tryLock(f)
		if held && isAt(f, name) {
			return f, nil
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, errors.Join(err, os.RemoveAll(name))
		}
	}
}

// makeHeldFile makes a file with a text.
func makeHeldFile(dir, pattern, text string) (*os.File, error) {
	return makeHeld(func() (string, error) {
		f, err := os.CreateTemp(dir, pattern)
		if err != nil {
			return "", err
		}
		_, err = f.WriteString(text)
		return f.Name(), errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	})
}

// isAt reports whether an open file is what a path leads to.
func isAt(f *os.File, path string) bool {
	here, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(here, there)
}

// eachDead calls use for the files or folders of a folder that match and that nobody holds, each held meanwhile, and
// removes them. What cannot be opened or held is left.
func eachDead(dir string, match func(name string) bool, use func(dead *os.File)) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !match(entry.Name()) {
			continue
		}
		name := filepath.Join(dir, entry.Name())
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		if held, err := tryLock(f); held && err == nil && isAt(f, name) {
			use(f)
			_ = os.RemoveAll(name) // the next one tries again
		}
		_ = f.Close()
	}
}
