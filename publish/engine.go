package publish

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// gitObject is a blob, tree or commit in memory.
type gitObject struct {
	kind plumbing.ObjectType
	hash plumbing.Hash
	data []byte
}

// engine is a repository that can be read at its branch's head and moved on. It is used by one goroutine.
type engine interface {
	// head asks for the branch's present commit: the zero hash when there is no such branch yet.
	head(ctx context.Context) (plumbing.Hash, error)

	// read returns the content of an object that is reachable from the head.
	read(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error)

	// prefetch says which blobs will be read next, so that they can be had in one go.
	prefetch(ctx context.Context, blobs []plumbing.Hash) error

	// advance stores the objects and moves the branch from one commit to another. After an error that is a
	// *retryError the move may or may not have happened; after any other it has not and never will.
	advance(ctx context.Context, from, to plumbing.Hash, objects []gitObject) error

	// close lets go of whatever the engine holds.
	close() error
}

// retryError is a failure that is worth another look at the head: usually somebody else moved it.
type retryError struct {
	err   error
	pause time.Duration // how long an attempt takes, about: what back-off starts from
	moved bool          // the head is known to be another one by now
	head  plumbing.Hash // that one, where the server has said it
	lost  bool          // the server has said that it did not move the branch, in words for a lost race
}

func (e *retryError) Error() string { return e.err.Error() }
func (e *retryError) Unwrap() error { return e.err }

// memoryObject is o as go-git wants it.
func (o gitObject) memoryObject() *plumbing.MemoryObject {
	m := new(plumbing.MemoryObject)
	m.SetType(o.kind)
	m.SetSize(int64(len(o.data)))
	_, _ = m.Write(o.data) // appends to a slice
	return m
}

// encoded is what go-git's trees and commits have in common.
type encoded interface {
	Encode(plumbing.EncodedObject) error
}

// encode turns one of go-git's trees or commits into an object.
func encode(kind plumbing.ObjectType, value encoded) (gitObject, error) {
	m := new(plumbing.MemoryObject)
	if err := value.Encode(m); err != nil {
		return gitObject{}, fmt.Errorf("encode %s: %w", kind, err)
	}
	data, err := readObject(m)
	if err != nil {
		return gitObject{}, fmt.Errorf("encode %s: %w", kind, err)
	}
	return gitObject{kind, m.Hash(), data}, nil
}

func readObject(o plumbing.EncodedObject) ([]byte, error) {
	r, err := o.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var buf bytes.Buffer
	buf.Grow(int(o.Size()))
	_, err = io.Copy(&buf, r)
	return buf.Bytes(), err
}

// readTree decodes a tree by hand, because go-git's decoder turns file modes of old into today's and would so
// change folders that are not ours.
func readTree(ctx context.Context, e engine, hash plumbing.Hash) ([]object.TreeEntry, error) {
	data, err := e.read(ctx, plumbing.TreeObject, hash)
	if err != nil {
		return nil, err
	}
	var entries []object.TreeEntry
	for len(data) > 0 {
		head, rest, ok := bytes.Cut(data, []byte{0})
		mode, name, spaced := strings.Cut(string(head), " ")
		bits, err := strconv.ParseUint(mode, 8, 32)
		if !ok || !spaced || err != nil || len(rest) < len(hash) {
			return nil, fmt.Errorf("decode tree %s: malformed", hash)
		}
		entry := object.TreeEntry{Name: name, Mode: filemode.FileMode(bits)}
		data = rest[copy(entry.Hash[:], rest):]
		entries = append(entries, entry)
	}
	return entries, nil
}

func readCommit(ctx context.Context, e engine, hash plumbing.Hash) (object.Commit, error) {
	var commit object.Commit
	data, err := e.read(ctx, plumbing.CommitObject, hash)
	if err != nil {
		return commit, err
	}
	if err := commit.Decode(gitObject{plumbing.CommitObject, hash, data}.memoryObject()); err != nil {
		return commit, fmt.Errorf("decode commit %s: %w", hash, err)
	}
	return commit, nil
}
