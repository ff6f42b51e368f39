package publish

import (
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/storage/memory"
)

// objectStore holds what was fetched from a remote: in memory for one run, or on the disk for all of them.
type objectStore interface {
	// read returns an object. The error is one for [isMissing] when it is not here, and a *damageError when what is
	// here cannot be right.
	read(kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error)

	// has reports whether an object is here.
	has(hash plumbing.Hash) bool

	// receive stores the objects of a pack, whose deltas may lean on objects that are here. What is not lasting is
	// forgotten at the end of the run.
	receive(pack io.Reader, lasting bool) error

	// close lets go of whatever the store holds.
	close() error
}

// damageError says that a store is not as it was written.
type damageError struct{ err error }

func (e *damageError) Error() string { return e.err.Error() }
func (e *damageError) Unwrap() error { return e.err }

func damaged(format string, args ...any) error { return &damageError{fmt.Errorf(format, args...)} }

// memoryStore forgets everything with the run.
type memoryStore struct{ objects *memory.Storage }

func newMemoryStore() memoryStore { return memoryStore{memory.NewStorage()} }

func (s memoryStore) read(kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	o, err := s.objects.EncodedObject(kind, hash)
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", kind, hash, err)
	}
	return readObject(o)
}

func (s memoryStore) has(hash plumbing.Hash) bool { return s.objects.HasEncodedObject(hash) == nil }

func (s memoryStore) receive(pack io.Reader, _ bool) error {
	parser, err := packfile.NewParserWithStorage(packfile.NewScanner(pack), s.objects)
	if err != nil {
		return err
	}
	_, err = parser.Parse()
	return err
}

func (s memoryStore) close() error { return nil }
