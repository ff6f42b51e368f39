package publish

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"

	"github.com/go-git/go-git/v5/plumbing"
)

// packHead is the beginning of a pack of so many objects.
func packHead(objects int) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte(packMagic), 2), uint32(objects))
}

// encodeItem writes an object as it stands in a pack.
func encodeItem(buf *bytes.Buffer, z *zlib.Writer, o gitObject) error {
	size := len(o.data)
	b := byte(o.kind)<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		buf.WriteByte(b | 0x80)
		b = byte(size & 0x7f)
	}
	buf.WriteByte(b)
	z.Reset(buf)
	_, err := z.Write(o.data)
	return errors.Join(err, z.Close())
}

// packWriter writes objects without deltas into a pack on the disk: a new one, or after those of one that has come.
type packWriter struct {
	file     packReaderAt
	at       int64 // where the next object goes
	items    []packItem
	seen     map[plumbing.Hash]bool // what has been added here
	deflater *zlib.Writer
}

func newPackWriter(file packReaderAt, at int64, items []packItem) *packWriter {
	return &packWriter{file: file, at: at, items: items, seen: map[plumbing.Hash]bool{}, deflater: zlib.NewWriter(nil)}
}

// add writes an object, once.
func (w *packWriter) add(o gitObject) error {
	if w.seen[o.hash] {
		return nil
	}
	w.seen[o.hash] = true
	var buf bytes.Buffer
	if err := encodeItem(&buf, w.deflater, o); err != nil {
		return err
	}
	if _, err := w.file.WriteAt(buf.Bytes(), w.at); err != nil {
		return err
	}
	w.items = append(w.items, packItem{offset: w.at, hash: o.hash, kind: uint8(o.kind), crc: crc32.ChecksumIEEE(buf.Bytes())})
	w.at += int64(buf.Len())
	return nil
}

// finish writes the pack's beginning and end, and returns its checksum.
func (w *packWriter) finish() (plumbing.Hash, error) {
	var sum plumbing.Hash
	if _, err := w.file.WriteAt(packHead(len(w.items)), 0); err != nil {
		return sum, err
	}
	sum, err := checksum(io.NewSectionReader(w.file, 0, w.at))
	if err != nil {
		return sum, err
	}
	_, err = w.file.WriteAt(sum[:], w.at)
	return sum, err
}

// storePack makes a pack of what write adds, and returns its name without ending.
func storePack(dir string, write func(*packWriter) error) (string, error) {
	f, err := os.CreateTemp(dir, "tmp_pack_")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name()) // in vain after the rename
	defer f.Close()
	w := newPackWriter(f, packHeader, nil)
	if err := write(w); err != nil {
		return "", err
	}
	sum, err := w.finish()
	if err != nil {
		return "", err
	}
	return install(dir, f, packIndex(w.items, sum), sum)
}
