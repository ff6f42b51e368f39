package publish

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// A pack costs two files now and a look into its index for every later reader; a loose object costs a file
// each. Packs are therefore made of many objects, and of fewer only while there are not many packs: git itself
// would begin to tidy up at manyPacks (gc.autoPackLimit), but nobody may be running it here.
const (
	fewObjects  = 32
	manyObjects = 1000
	manyPacks   = 50
)

// packWorthy reports whether n objects should become a pack.
func packWorthy(dir string, n int) bool {
	if n < fewObjects || n >= manyObjects {
		return n >= manyObjects
	}
	packs, err := filepath.Glob(filepath.Join(dir, "pack", "*.idx"))
	return err == nil && len(packs) < manyPacks
}

// writeObjects stores objects below a repository's objects folder. When it returns, they are on the disk, and
// git will not tidy them away before release has been called: to git they are rubbish until a branch has them.
func writeObjects(ctx context.Context, dir string, objects []gitObject) (release func(), err error) {
	if packWorthy(dir, len(objects)) {
		return writePack(dir, objects)
	}
	return func() {}, writeAllLoose(ctx, dir, objects)
}

// writeAllLoose stores each object in a file of its own. Git leaves young ones alone; one that is there already
// may be old, and is written again.
func writeAllLoose(ctx context.Context, dir string, objects []gitObject) error {
	fresh := map[string]bool{dir: true} // folders with new entries
	z := zlib.NewWriter(nil)            // one for all: each has a megabyte of tables
	for _, o := range objects {
		if err := ctx.Err(); err != nil {
			return err
		}
		folder := filepath.Join(dir, o.hash.String()[:2])
		fresh[folder] = true
		if err := writeLoose(z, folder, o); err != nil {
			return err
		}
	}
	for folder := range fresh {
		if err := syncDir(folder); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// writeLoose stores one object as a file of its own.
func writeLoose(z *zlib.Writer, folder string, o gitObject) error {
	name := filepath.Join(folder, o.hash.String()[2:])
	var buf bytes.Buffer
	z.Reset(&buf)
	_, err := fmt.Fprintf(z, "%s %d\x00", o.kind, len(o.data))
	if err == nil {
		_, err = z.Write(o.data)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		return err
	}
	for range 10 { // git removes a folder that it finds empty, also one that was made this moment
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err = writeReadOnly(folder, name, buf.Bytes()); !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return err
}

// writeReadOnly puts a file in place at once: temporary file in the same folder, sync, rename.
func writeReadOnly(dir, name string, data []byte) error {
	f, err := os.CreateTemp(dir, "tmp_obj_") // a name that git's own clean-up knows
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // in vain after the rename
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o444), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// writePack stores objects as one pack. The index comes before the pack: git takes a pack for complete when it
// has both files, go-git when it sees the pack. A .keep file comes before either, as when git itself receives a
// pack: `git repack -a -d` deletes every other pack whose objects no branch has.
func writePack(dir string, objects []gitObject) (release func(), err error) {
	var pack bytes.Buffer
	sum, err := encodePack(&pack, objects)
	if err != nil {
		return nil, err
	}
	table, err := indexPack(pack.Bytes())
	if err != nil {
		return nil, err
	}
	packs := filepath.Join(dir, "pack")
	if err := os.MkdirAll(packs, 0o755); err != nil {
		return nil, err
	}
	base := filepath.Join(packs, "pack-"+sum.String())
	release, err = keepPack(packs, base)
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		writeReadOnly(packs, base+".idx", table),
		writeReadOnly(packs, base+".pack", pack.Bytes()),
		syncDir(packs), syncDir(dir))
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// keepText is what a .keep file of ours says.
const keepText = "meridian publish\n"

// keepPack makes a pack's .keep file, and removes those of publishers that died. One that is there is another
// publisher's, who writes the same.
func keepPack(packs, base string) (release func(), err error) {
	eachDead(packs, func(name string) bool {
		text, err := os.ReadFile(filepath.Join(packs, name))
		return filepath.Ext(name) == ".keep" && err == nil && string(text) == keepText
	}, func(*os.File) {})
	name := base + ".keep"
	held, err := makeHeldFile(packs, "tmp_keep_", keepText)
	if err == nil {
		err = os.Link(held.Name(), name)
		_ = os.Remove(held.Name()) // has its name, or is of no use
		if err == nil {
			return func() { _ = os.Remove(name); _ = held.Close() }, nil
		}
		_ = held.Close()
	}
	if !errors.Is(err, os.ErrExist) { // files cannot be held here, or have two names
		err = writeSynced(name, []byte("meridian publish, perhaps still\n"), 0o444)
	}
	switch {
	case errors.Is(err, os.ErrExist):
		return func() {}, nil
	case err != nil:
		return nil, err
	}
	return func() { _ = os.Remove(name) }, nil // one that stays does no harm
}

// indexPack computes the index file of a pack.
func indexPack(pack []byte) ([]byte, error) {
	index := new(idxfile.Writer)
	parser, err := packfile.NewParser(packfile.NewScanner(bytes.NewReader(pack)), index)
	if err != nil {
		return nil, fmt.Errorf("index pack: %w", err)
	}
	if _, err := parser.Parse(); err != nil {
		return nil, fmt.Errorf("index pack: %w", err)
	}
	idx, err := index.Index()
	if err != nil {
		return nil, fmt.Errorf("index pack: %w", err)
	}
	var table bytes.Buffer
	if _, err := idxfile.NewEncoder(&table).Encode(idx); err != nil {
		return nil, fmt.Errorf("index pack: %w", err)
	}
	return table.Bytes(), nil
}

// encodePack writes objects as a pack without deltas and returns its checksum.
func encodePack(buf *bytes.Buffer, objects []gitObject) (plumbing.Hash, error) {
	begin := buf.Len()
	buf.Write(packHead(len(objects)))
	z := zlib.NewWriter(nil)
	for _, o := range objects {
		if err := encodeItem(buf, z, o); err != nil {
			return plumbing.ZeroHash, fmt.Errorf("write pack: %w", err)
		}
	}
	sum := plumbing.Hash(sha1.Sum(buf.Bytes()[begin:]))
	buf.Write(sum[:])
	return sum, nil
}
