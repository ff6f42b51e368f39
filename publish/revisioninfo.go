package publish

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// revisionInfo describes a file; git knows no times.
type revisionInfo struct {
	name string
	mode filemode.FileMode
	size int64
}

func (i revisionInfo) Name() string       { return i.name }
func (i revisionInfo) Size() int64        { return i.size }
func (i revisionInfo) ModTime() time.Time { return time.Time{} }
func (i revisionInfo) IsDir() bool        { return i.mode == filemode.Dir }
func (i revisionInfo) Sys() any           { return nil }

func (i revisionInfo) Mode() fs.FileMode {
	switch i.mode {
	case filemode.Dir:
		return fs.ModeDir | 0o755
	case filemode.Symlink:
		return fs.ModeSymlink | 0o777
	case filemode.Submodule:
		return fs.ModeIrregular
	case filemode.Executable:
		return 0o755
	default:
		return 0o644
	}
}

// revisionEntry is a folder's entry; what it would have to read a file for is read when it is asked for.
type revisionEntry struct {
	fs   *revisionFS
	node *node
	name string
}

func (e revisionEntry) Name() string               { return e.name }
func (e revisionEntry) IsDir() bool                { return e.node.mode == filemode.Dir }
func (e revisionEntry) Type() fs.FileMode          { return revisionInfo{mode: e.node.mode}.Mode().Type() }
func (e revisionEntry) Info() (fs.FileInfo, error) { return e.fs.infoOf(e.node, e.name) }

type revisionFile struct {
	info revisionInfo
	*bytes.Reader
}

func (f *revisionFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *revisionFile) Close() error               { return nil }

type revisionFolder struct {
	info    revisionInfo
	entries []fs.DirEntry
}

func (f *revisionFolder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *revisionFolder) Close() error               { return nil }

func (f *revisionFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: errors.New("it is a folder")}
}

// ReadDir implements [fs.ReadDirFile].
func (f *revisionFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		rest := f.entries
		f.entries = nil
		return rest, nil
	}
	if len(f.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.entries))
	part := f.entries[:n]
	f.entries = f.entries[n:]
	return part, nil
}
