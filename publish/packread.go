package publish

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sort"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// pack is a pack of the cache, open for reading. It can be read even after its files were removed.
type pack struct {
	file     *os.File
	size     int64
	index    []byte
	count    int
	buffer   *bufio.Reader
	inflater io.ReadCloser
	bases    map[int64]gitObject // what deltas lean on, as it was last needed
	held     int                 // bytes in bases
}

// openPack opens a pack by its name without ending, and looks whether it is as long as it should be.
func openPack(name string) (*pack, error) {
	index, err := os.ReadFile(name + ".idx")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name + ".pack")
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	p := &pack{file: f, size: info.Size(), index: index, buffer: bufio.NewReaderSize(nil, 4096), bases: map[int64]gitObject{}}
	if err := p.check(); err != nil {
		f.Close()
		return nil, err
	}
	return p, nil
}

// check compares what the two files say of each other.
func (p *pack) check() error {
	var sum, told plumbing.Hash
	if len(p.index) < indexHashes+2*len(sum) || string(p.index[:len(indexMagic)]) != indexMagic {
		return damaged("the index of a pack in the cache is malformed")
	}
	p.count = p.upTo(255)
	if rest := len(p.index) - indexHashes - 28*p.count - 2*len(sum); rest < 0 || rest%8 != 0 {
		return damaged("the index of a pack in the cache is too short")
	}
	copy(told[:], p.index[len(p.index)-2*len(sum):])
	if _, err := p.file.ReadAt(sum[:], p.size-int64(len(sum))); err != nil || sum != told {
		return damaged("a pack in the cache does not end as it should")
	}
	return nil
}

// upTo is how many objects have a hash whose first byte is not above one.
func (p *pack) upTo(first int) int {
	return int(binary.BigEndian.Uint32(p.index[indexFanout+4*first:]))
}

func (p *pack) hash(n int) []byte { return p.index[indexHashes+20*n : indexHashes+20*n+20] }

// find returns where an object is; 0 when it is not here.
func (p *pack) find(hash plumbing.Hash) (int64, error) {
	from, to := 0, p.upTo(int(hash[0]))
	if hash[0] > 0 {
		from = p.upTo(int(hash[0]) - 1)
	}
	if from > to || to > p.count {
		return 0, damaged("the index of a pack in the cache is malformed")
	}
	n := from + sort.Search(to-from, func(i int) bool { return bytes.Compare(p.hash(from+i), hash[:]) >= 0 })
	if n == to || !bytes.Equal(p.hash(n), hash[:]) {
		return 0, nil
	}
	offset := int64(binary.BigEndian.Uint32(p.index[indexHashes+24*p.count+4*n:]))
	if offset&(1<<31) != 0 {
		at := indexHashes + 28*p.count + 8*int(offset&^(1<<31))
		if at > len(p.index)-48 {
			return 0, damaged("the index of a pack in the cache is malformed")
		}
		offset = int64(binary.BigEndian.Uint64(p.index[at:]))
	}
	return offset, nil
}

// read returns an object that [pack.find] has found, and holds it to its hash.
func (p *pack) read(hash plumbing.Hash, offset int64) (gitObject, error) {
	o, err := p.at(offset, 0)
	if err != nil {
		return o, damaged("read %s in the cache: %w", hash, err)
	}
	h := sha1.New() // against disks, not against attackers: those were looked for when the pack came
	fmt.Fprintf(h, "%s %d\x00", o.kind, len(o.data))
	_, _ = h.Write(o.data)
	if !bytes.Equal(h.Sum(nil), hash[:]) {
		return o, damaged("object %s in the cache has another content", hash)
	}
	o.hash = hash
	return o, nil
}

// maxChain is how many deltas may lean on each other: git makes 50, and takes 4095.
const maxChain = 5000

// maxBases is how many bytes are kept of what deltas lean on.
const maxBases = 8 << 20

// at reads the object at an offset.
func (p *pack) at(offset int64, chain int) (gitObject, error) {
	if o, ok := p.bases[offset]; ok {
		return o, nil
	}
	if offset < packHeader || offset >= p.size-20 || chain > maxChain {
		return gitObject{}, fmt.Errorf("nothing can be at %d", offset)
	}
	p.buffer.Reset(io.NewSectionReader(p.file, offset, p.size-20-offset))
	item, err := readItem(p.buffer, offset)
	if err != nil {
		return gitObject{}, err
	}
	if p.inflater, err = inflate(p.inflater, p.buffer); err != nil {
		return gitObject{}, err
	}
	data, err := inflated(p.inflater, item.size)
	if err != nil || !item.delta() {
		return p.keep(offset, gitObject{kind: plumbing.ObjectType(item.kind), data: data}), err
	}
	if item.on == 0 {
		if item.on, err = p.find(item.onHash); err != nil {
			return gitObject{}, err
		}
	}
	base, err := p.at(item.on, chain+1)
	if err != nil {
		return gitObject{}, err
	}
	data, err = packfile.PatchDelta(base.data, data)
	return p.keep(offset, gitObject{kind: base.kind, data: data}), err
}

// keep remembers an object: what deltas lean on is needed again and again.
func (p *pack) keep(offset int64, o gitObject) gitObject {
	if len(o.data) > maxBases/4 {
		return o
	}
	if p.held += len(o.data); p.held > maxBases {
		clear(p.bases)
		p.held = len(o.data)
	}
	p.bases[offset] = o
	return o
}

// each calls visit with every object, in the order of their hashes.
func (p *pack) each(visit func(gitObject) error) error {
	for n := range p.count {
		hash := plumbing.Hash(p.hash(n))
		offset, err := p.find(hash)
		if err != nil {
			return err
		}
		o, err := p.read(hash, offset)
		if err != nil {
			return err
		}
		if err := visit(o); err != nil {
			return err
		}
	}
	return nil
}

func (p *pack) close() error { return p.file.Close() }
