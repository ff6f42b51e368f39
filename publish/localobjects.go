package publish

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/storage/memory"
)

// unpackLimit is git's receive.unpackLimit: fewer objects become loose files, more become one pack. Each pack
// costs every later reader, each loose object costs a sync now.
const unpackLimit = 32

// writeObjects stores objects below a repository's objects folder. When it returns, they are on the disk.
func writeObjects(ctx context.Context, dir string, objects []gitObject) error {
	if len(objects) >= unpackLimit {
		return writePack(dir, objects)
	}
	fresh := map[string]bool{dir: true} // folders with new entries
	z := zlib.NewWriter(nil)            // one for all: each has a megabyte of tables
	for _, o := range objects {
		if err := ctx.Err(); err != nil {
			return err
		}
		folder := filepath.Join(dir, o.hash.String()[:2])
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		fresh[folder] = true
		if err := writeLoose(z, dir, folder, o); err != nil {
			return err
		}
	}
	for folder := range fresh {
		if err := syncDir(folder); err != nil {
			return err
		}
	}
	return nil
}

// writeLoose stores one object as a file of its own.
func writeLoose(z *zlib.Writer, dir, folder string, o gitObject) error {
	name := filepath.Join(folder, o.hash.String()[2:])
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	var buf bytes.Buffer
	z.Reset(&buf)
	_, err := fmt.Fprintf(z, "%s %d\x00", o.kind, len(o.data))
	if err == nil {
		_, err = z.Write(o.data)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		return err
	}
	return writeReadOnly(folder, name, buf.Bytes())
}

// writeReadOnly puts a file in place at once: temporary file, sync, rename. dir is on the same file system.
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

// writePack stores objects as one pack. Its index comes last: it is what makes a pack visible.
func writePack(dir string, objects []gitObject) error {
	var pack bytes.Buffer
	sum, err := encodePack(&pack, objects)
	if err != nil {
		return err
	}
	index := new(idxfile.Writer)
	parser, err := packfile.NewParser(packfile.NewScanner(bytes.NewReader(pack.Bytes())), index)
	if err != nil {
		return fmt.Errorf("index pack: %w", err)
	}
	if _, err := parser.Parse(); err != nil {
		return fmt.Errorf("index pack: %w", err)
	}
	idx, err := index.Index()
	if err != nil {
		return fmt.Errorf("index pack: %w", err)
	}
	var table bytes.Buffer
	if _, err := idxfile.NewEncoder(&table).Encode(idx); err != nil {
		return fmt.Errorf("index pack: %w", err)
	}
	packs := filepath.Join(dir, "pack")
	if err := os.MkdirAll(packs, 0o755); err != nil {
		return err
	}
	base := filepath.Join(packs, "pack-"+sum.String())
	if err := writeReadOnly(packs, base+".pack", pack.Bytes()); err != nil {
		return err
	}
	if err := writeReadOnly(packs, base+".idx", table.Bytes()); err != nil {
		return err
	}
	return errors.Join(syncDir(packs), syncDir(dir))
}

// encodePack writes objects as a pack without deltas and returns its checksum.
func encodePack(buf *bytes.Buffer, objects []gitObject) (plumbing.Hash, error) {
	store := memory.NewStorage()
	hashes := make([]plumbing.Hash, len(objects))
	for i, o := range objects {
		hash, err := store.SetEncodedObject(o.memoryObject())
		if err != nil {
			return plumbing.ZeroHash, fmt.Errorf("write pack: %w", err)
		}
		hashes[i] = hash
	}
	sum, err := packfile.NewEncoder(buf, store, false).Encode(hashes, 0)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("write pack: %w", err)
	}
	return sum, nil
}
