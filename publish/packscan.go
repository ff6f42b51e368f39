package publish

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
)

// packMagic begins every pack, before its version and the number of its objects, four bytes each.
const packMagic = "PACK"

// packHeader is how long that beginning is.
const packHeader = 12

// maxHeld is the size of the largest object that is held in memory to make another one from it.
const maxHeld = 1 << 30

// packScanner reads a pack as it comes from the network, once, and writes it to the disk on the way. What it keeps of
// an object is a few dozen bytes, so that a pack of half a million objects is no burden.
type packScanner struct {
	in        io.Reader
	out       io.Writer
	sum       hash.Hash // of everything so far
	crc       uint32    // of the object so far
	buf       []byte
	kept      int // what lies before it in buf has been written
	next, end int
	base      int64 // where buf begins in the pack
	inflater  io.ReadCloser
}

// packItem is an object as it lies in a pack.
type packItem struct {
	offset int64         // of its header
	size   int64         // inflated: of the object, or of the delta
	on     int64         // the offset of what an offset delta leans on; 0 for none
	onHash plumbing.Hash // what a reference delta leans on; zero for none
	hash   plumbing.Hash // zero while it is not known
	crc    uint32        // of its header and compressed data
	header uint8         // the header's length
	kind   uint8         // of the object; 0 for a delta
}

func (i packItem) delta() bool { return i.kind == 0 }

func newPackScanner(in io.Reader, out io.Writer) *packScanner {
	return &packScanner{in: in, out: out, sum: sha1.New(), buf: make([]byte, 1<<16)}
}

// fill makes room and reads more.
func (s *packScanner) fill() error {
	if err := s.keep(); err != nil {
		return err
	}
	s.base += int64(s.next)
	s.kept, s.next, s.end = 0, 0, 0
	for {
		n, err := s.in.Read(s.buf)
		s.end = n
		switch {
		case n > 0:
			return nil
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
}

// keep writes down what has been consumed.
func (s *packScanner) keep() error {
	part := s.buf[s.kept:s.next]
	s.kept = s.next
	s.crc = crc32.Update(s.crc, crc32.IEEETable, part)
	_, _ = s.sum.Write(part) // a hash takes everything
	_, err := s.out.Write(part)
	return err
}

// ReadByte and Read are what inflating wants, so that it takes no byte too many.
func (s *packScanner) ReadByte() (byte, error) {
	if s.next == s.end {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	s.next++
	return s.buf[s.next-1], nil
}

func (s *packScanner) Read(p []byte) (int, error) {
	if s.next == s.end {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.buf[s.next:s.end])
	s.next += n
	return n, nil
}

func (s *packScanner) offset() int64 { return s.base + int64(s.next) }

// scan reads the whole pack and returns its objects in their order, and its checksum.
func (s *packScanner) scan() ([]packItem, plumbing.Hash, error) {
	var sum plumbing.Hash
	var head [packHeader]byte
	if _, err := io.ReadFull(s, head[:]); err != nil {
		return nil, sum, fmt.Errorf("read pack: %w", err)
	}
	if string(head[:4]) != packMagic || binary.BigEndian.Uint32(head[4:]) != 2 {
		return nil, sum, errors.New("read pack: it does not begin as one")
	}
	var items []packItem
	for range binary.BigEndian.Uint32(head[8:]) {
		item, err := s.item()
		if err != nil {
			return nil, sum, fmt.Errorf("read pack: object %d: %w", len(items), err)
		}
		items = append(items, item)
	}
	if err := s.keep(); err != nil {
		return nil, sum, err
	}
	copy(sum[:], s.sum.Sum(nil))
	var told plumbing.Hash
	if _, err := io.ReadFull(s, told[:]); err != nil {
		return nil, sum, fmt.Errorf("read pack: %w", err)
	}
	if told != sum {
		return nil, sum, errors.New("read pack: its checksum is wrong")
	}
	return items, sum, s.keep()
}

// item reads one object. Of what is no delta it knows the hash at once.
func (s *packScanner) item() (packItem, error) {
	if err := s.keep(); err != nil {
		return packItem{}, err
	}
	s.crc = 0
	item, err := readItem(s, s.offset())
	if err != nil {
		return item, err
	}
	item.header = uint8(s.offset() - item.offset)
	if s.inflater, err = inflate(s.inflater, s); err != nil {
		return item, err
	}
	into := io.Discard
	var hasher plumbing.Hasher
	if !item.delta() {
		hasher = plumbing.NewHasher(plumbing.ObjectType(item.kind), item.size)
		into = hasher
	}
	n, err := io.Copy(into, io.LimitReader(s.inflater, item.size+1))
	switch {
	case err != nil:
		return item, err
	case n != item.size:
		return item, fmt.Errorf("it should have %d bytes", item.size)
	case !item.delta():
		item.hash = hasher.Sum()
	}
	err = s.keep()
	item.crc = s.crc
	return item, err
}

// byteReader is what a header is read from.
type byteReader interface {
	io.Reader
	io.ByteReader
}

// readItem reads an object's header, which lies at an offset.
func readItem(r byteReader, offset int64) (packItem, error) {
	item := packItem{offset: offset}
	b, err := r.ReadByte()
	if err != nil {
		return item, err
	}
	kind := plumbing.ObjectType(b >> 4 & 7)
	item.size = int64(b & 15)
	for shift := 4; b&0x80 != 0; shift += 7 {
		if b, err = r.ReadByte(); err != nil || shift > 50 {
			return item, errors.Join(err, errors.New("its size is malformed"))
		}
		item.size |= int64(b&0x7f) << shift
	}
	switch kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
		item.kind = uint8(kind)
	case plumbing.REFDeltaObject:
		_, err = io.ReadFull(r, item.onHash[:])
	case plumbing.OFSDeltaObject:
		var back int64
		if back, err = readBack(r); err == nil && (back <= 0 || back > offset-packHeader) {
			err = errors.New("its delta leans on nothing")
		}
		item.on = offset - back
	default:
		err = fmt.Errorf("its kind is %d", kind)
	}
	return item, err
}

// readBack reads how far before itself the base of an offset delta lies.
func readBack(r io.ByteReader) (int64, error) {
	var back int64
	for n := 0; ; n++ {
		b, err := r.ReadByte()
		if err != nil || n > 7 {
			return 0, errors.Join(err, errors.New("its delta's base is malformed"))
		}
		back |= int64(b & 0x7f)
		if b&0x80 == 0 {
			return back, nil
		}
		back = (back + 1) << 7
	}
}

// inflate returns a reader of what is compressed; an old one is used again.
func inflate(old io.ReadCloser, r io.Reader) (io.ReadCloser, error) {
	if old == nil {
		return zlib.NewReader(r)
	}
	return old, old.(zlib.Resetter).Reset(r, nil)
}

// inflated reads an object or a delta of known size.
func inflated(r io.Reader, size int64) ([]byte, error) {
	if size > maxHeld {
		return nil, fmt.Errorf("an object of %d bytes is too large", size)
	}
	var buf bytes.Buffer
	buf.Grow(int(size) + bytes.MinRead)
	n, err := io.Copy(&buf, io.LimitReader(r, size+1))
	if err == nil && n != size {
		err = fmt.Errorf("it should have %d bytes", size)
	}
	return buf.Bytes(), err
}
