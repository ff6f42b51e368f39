package publish

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// packResolver finds out what the deltas of a pack are. It follows them from what they lean on, so that it holds no
// more than one chain of them at a time.
type packResolver struct {
	file     packReaderAt
	items    []packItem
	byOffset []int32 // deltas, by the offset that they lean on
	byHash   []int32 // deltas, by the object that they lean on
	objects  objectReader
	buffer   *bufio.Reader
	inflater io.ReadCloser
	left     int
}

// packReaderAt is a pack on the disk.
type packReaderAt interface {
	io.ReaderAt
	io.WriterAt
}

// objectReader is what holds the objects that a thin pack leaves out.
type objectReader interface {
	read(kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error)
}

func newPackResolver(file packReaderAt, items []packItem, objects objectReader) *packResolver {
	r := &packResolver{file: file, items: items, objects: objects, buffer: bufio.NewReaderSize(nil, 4096)}
	for i, item := range items {
		switch {
		case !item.delta():
			continue
		case item.on != 0:
			r.byOffset = append(r.byOffset, int32(i))
		default:
			r.byHash = append(r.byHash, int32(i))
		}
	}
	r.left = len(r.byOffset) + len(r.byHash)
	slices.SortFunc(r.byOffset, func(a, b int32) int { return cmp.Compare(items[a].on, items[b].on) })
	slices.SortFunc(r.byHash, func(a, b int32) int { return bytes.Compare(items[a].onHash[:], items[b].onHash[:]) })
	return r
}

// leaning are the deltas that lean on an object.
func (r *packResolver) leaning(item packItem) []int32 {
	from, found := slices.BinarySearchFunc(r.byOffset, item.offset, func(i int32, offset int64) int { return cmp.Compare(r.items[i].on, offset) })
	to := from
	for found && to < len(r.byOffset) && r.items[r.byOffset[to]].on == item.offset {
		to++
	}
	if len(r.byHash) == 0 {
		return r.byOffset[from:to]
	}
	return append(slices.Clone(r.byOffset[from:to]), r.leaningOn(item.hash)...)
}

func (r *packResolver) leaningOn(hash plumbing.Hash) []int32 {
	from, found := slices.BinarySearchFunc(r.byHash, hash, func(i int32, hash plumbing.Hash) int { return bytes.Compare(r.items[i].onHash[:], hash[:]) })
	to := from
	for found && to < len(r.byHash) && r.items[r.byHash[to]].onHash == hash {
		to++
	}
	return r.byHash[from:to]
}

// resolve finds the kind and hash of every delta. It returns the objects that had to be taken from elsewhere.
func (r *packResolver) resolve() ([]gitObject, error) {
	for i := range r.items {
		if item := r.items[i]; item.delta() || r.left == 0 || len(r.leaning(item)) == 0 {
			continue
		}
		data, err := r.data(r.items[i])
		if err == nil {
			err = r.follow(r.items[i], data)
		}
		if err != nil {
			return nil, fmt.Errorf("read pack: %w", err)
		}
	}
	return r.outside()
}

// outside resolves what leans on objects that are not in the pack.
func (r *packResolver) outside() ([]gitObject, error) {
	var taken []gitObject
	for left := -1; r.left != left; { // once more while that helps: a base may itself lean on what comes later
		left = r.left
		for _, i := range r.byHash {
			if !r.items[i].delta() {
				continue
			}
			base, err := r.base(r.items[i].onHash)
			if isMissing(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("read pack: %w", err)
			}
			taken = append(taken, base)
			for _, child := range r.leaningOn(base.hash) {
				if err := r.child(child, uint8(base.kind), base.data); err != nil {
					return nil, fmt.Errorf("read pack: %w", err)
				}
			}
		}
	}
	if r.left > 0 {
		return nil, fmt.Errorf("read pack: %d deltas lean on what is not there", r.left)
	}
	return taken, nil
}

// base reads an object that is not in the pack.
func (r *packResolver) base(hash plumbing.Hash) (gitObject, error) {
	for _, kind := range []plumbing.ObjectType{plumbing.TreeObject, plumbing.BlobObject} {
		data, err := r.objects.read(kind, hash)
		if err == nil || !isMissing(err) {
			return gitObject{kind, hash, data}, err
		}
	}
	data, err := r.objects.read(plumbing.CommitObject, hash)
	return gitObject{plumbing.CommitObject, hash, data}, err
}

// follow resolves what leans on an object, and what leans on that.
func (r *packResolver) follow(item packItem, data []byte) error {
	for _, child := range r.leaning(item) {
		if err := r.child(child, item.kind, data); err != nil {
			return err
		}
	}
	return nil
}

func (r *packResolver) child(i int32, kind uint8, base []byte) error {
	item := &r.items[i]
	if !item.delta() {
		return nil
	}
	delta, err := r.data(*item)
	if err != nil {
		return err
	}
	data, err := packfile.PatchDelta(base, delta)
	if err != nil {
		return fmt.Errorf("object at %d: %w", item.offset, err)
	}
	item.kind, item.hash = kind, plumbing.ComputeHash(plumbing.ObjectType(kind), data)
	r.left--
	return r.follow(*item, data)
}

// data inflates an object or a delta.
func (r *packResolver) data(item packItem) ([]byte, error) {
	at := item.offset + int64(item.header)
	r.buffer.Reset(io.NewSectionReader(r.file, at, 1<<62))
	var err error
	if r.inflater, err = inflate(r.inflater, r.buffer); err != nil {
		return nil, err
	}
	return inflated(r.inflater, item.size)
}
