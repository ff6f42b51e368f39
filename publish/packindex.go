package publish

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// receivePack stores a pack from the network below a folder, with its index, and returns what both are called but for
// the ending. The index is put in place last: before that, nobody sees the pack.
func receivePack(dir string, in io.Reader, objects objectReader) (string, error) {
	f, err := os.CreateTemp(dir, "tmp_pack_") // a name that git's own clean-up knows
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name()) // in vain after the rename
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<16)
	items, sum, err := newPackScanner(in, out).scan()
	if err != nil {
		return "", err
	}
	if err := out.Flush(); err != nil {
		return "", err
	}
	taken, err := newPackResolver(f, items, objects).resolve()
	if err != nil {
		return "", err
	}
	if len(taken) > 0 {
		length, err := f.Seek(0, io.SeekEnd)
		if err != nil {
			return "", err
		}
		w := newPackWriter(f, length-int64(len(sum)), items) // over the old checksum
		for _, o := range taken {
			if err := w.add(o); err != nil {
				return "", err
			}
		}
		if sum, err = w.finish(); err != nil {
			return "", err
		}
		items = w.items
	}
	return install(dir, f, packIndex(items, sum), sum)
}

// install puts a pack in place, and then its index.
func install(dir string, f *os.File, index []byte, sum plumbing.Hash) (string, error) {
	name := filepath.Join(dir, "pack-"+sum.String())
	if err := f.Chmod(0o400); err != nil {
		return "", err
	}
	if err := os.Rename(f.Name(), name+".pack"); err != nil {
		return "", err
	}
	return name, replaceFile(name+".idx", index)
}

// replaceFile puts a file in place at once. It may not survive a failure of the power: what reads it must find that out.
func replaceFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "tmp_file_")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // in vain after the rename
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func checksum(r io.Reader) (sum plumbing.Hash, err error) {
	hash := sha1.New()
	_, err = io.Copy(hash, r)
	copy(sum[:], hash.Sum(nil))
	return sum, err
}

// The index of a pack, in git's second version: a header, for each first byte how many objects there are up to it, and
// the objects' hashes, checksums and offsets in the order of their hashes.
const (
	indexMagic  = "\xfftOc\x00\x00\x00\x02"
	indexFanout = len(indexMagic)
	indexHashes = indexFanout + 256*4
)

// packIndex writes the index of a pack.
func packIndex(items []packItem, sum plumbing.Hash) []byte {
	slices.SortFunc(items, func(a, b packItem) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	items = slices.CompactFunc(items, func(a, b packItem) bool { return a.hash == b.hash })
	index := make([]byte, 0, indexHashes+len(items)*28+2*len(sum))
	index = append(index, indexMagic...)
	n := 0
	for first := range 256 {
		for n < len(items) && int(items[n].hash[0]) == first {
			n++
		}
		index = binary.BigEndian.AppendUint32(index, uint32(n))
	}
	for _, item := range items {
		index = append(index, item.hash[:]...)
	}
	for _, item := range items {
		index = binary.BigEndian.AppendUint32(index, item.crc)
	}
	var far []int64
	for _, item := range items {
		if item.offset <= math.MaxInt32 {
			index = binary.BigEndian.AppendUint32(index, uint32(item.offset))
			continue
		}
		index = binary.BigEndian.AppendUint32(index, 1<<31|uint32(len(far)))
		far = append(far, item.offset)
	}
	for _, offset := range far {
		index = binary.BigEndian.AppendUint64(index, uint64(offset))
	}
	index = append(index, sum[:]...)
	own := sha1.Sum(index)
	return append(index, own[:]...)
}
