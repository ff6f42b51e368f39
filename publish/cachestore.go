package publish

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// cacheStore holds objects on the disk, as packs in git's own format, for all runs. Packs are only ever added, or
// replaced by one that holds all they held, so that several processes may read and write at once; who misses an object
// looks into the folder again.
type cacheStore struct {
	dir   string // of the repository in the cache
	packs []*pack
	names []string // of packs, in the same order; empty for one that is not lasting
}

// maxCachePacks is how many packs there may be before they are put together.
const maxCachePacks = 30

func (s *cacheStore) packDir() string { return filepath.Join(s.dir, "objects", "pack") }

// scan opens the packs that have come, and lets go of those that are gone.
func (s *cacheStore) scan() error {
	entries, err := os.ReadDir(s.packDir())
	if err != nil {
		return damaged("read the cache: %w", err)
	}
	there := map[string]bool{"": true}
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), ".idx"); ok && strings.HasPrefix(name, "pack-") {
			there[name] = true
		}
	}
	for i := len(s.names) - 1; i >= 0; i-- {
		if !there[s.names[i]] {
			s.packs[i].close()
			s.packs, s.names = slices.Delete(s.packs, i, i+1), slices.Delete(s.names, i, i+1)
		}
	}
	for name := range there {
		if slices.Contains(s.names, name) || name == "" {
			continue
		}
		p, err := openPack(filepath.Join(s.packDir(), name))
		if errors.Is(err, os.ErrNotExist) {
			continue // it has been replaced this moment
		}
		if err != nil {
			return err
		}
		s.packs, s.names = append(s.packs, p), append(s.names, name)
	}
	return nil
}

// find looks into the packs that are open, and then for others.
func (s *cacheStore) find(hash plumbing.Hash) (*pack, int64, error) {
	for again := range 2 {
		for _, p := range s.packs {
			if offset, err := p.find(hash); offset != 0 || err != nil {
				return p, offset, err
			}
		}
		if again == 0 {
			if err := s.scan(); err != nil {
				return nil, 0, err
			}
		}
	}
	return nil, 0, fmt.Errorf("%s: %w", hash, plumbing.ErrObjectNotFound)
}

func (s *cacheStore) read(kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	p, offset, err := s.find(hash)
	if err != nil {
		return nil, err
	}
	o, err := p.read(hash, offset)
	if err == nil && o.kind != kind {
		return nil, fmt.Errorf("%s is no %s: %w", hash, kind, plumbing.ErrObjectNotFound)
	}
	return o.data, err
}

func (s *cacheStore) has(hash plumbing.Hash) bool {
	_, _, err := s.find(hash)
	return err == nil
}

func (s *cacheStore) receive(in io.Reader, lasting bool) error {
	name, err := receivePack(s.packDir(), in, s)
	if err != nil {
		return err
	}
	if lasting {
		return s.scan()
	}
	p, err := openPack(name)
	if err != nil {
		return err
	}
	s.packs, s.names = append(s.packs, p), append(s.names, "")
	return removePack(name)
}

// add stores objects of our own, and returns the name of their pack.
func (s *cacheStore) add(objects []gitObject) (string, error) {
	name, err := storePack(s.packDir(), func(w *packWriter) error {
		for _, o := range objects {
			if err := w.add(o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return filepath.Base(name), s.scan()
}

// removePack takes a pack away, the index first: without it nobody looks for the other.
func removePack(name string) error {
	return errors.Join(os.Remove(name+".idx"), os.Remove(name+".pack"))
}

func (s *cacheStore) close() error {
	var err error
	for _, p := range s.packs {
		err = errors.Join(err, p.close())
	}
	s.packs, s.names = nil, nil
	return err
}

// bytes is how much the cache holds.
func (s *cacheStore) bytes() int64 {
	var n int64
	for i, p := range s.packs {
		if s.names[i] != "" {
			n += p.size + int64(len(p.index))
		}
	}
	return n
}

// tidy puts small packs together when there are many: each is one more place to look. Those stay that are larger than
// all smaller ones together, so that an object is copied a few times in its life and not each time. The caller holds
// the lock of the cache; whoever held it before may have done this with packs that are still open here.
func (s *cacheStore) tidy() error {
	if err := s.scan(); err != nil || len(s.packs) <= maxCachePacks {
		return err
	}
	order := make([]int, 0, len(s.packs))
	for i := range s.packs {
		if s.names[i] != "" {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(s.packs[a].size, s.packs[b].size) })
	sum, merged := int64(0), 0
	for n, i := range order {
		if s.packs[i].size <= sum {
			merged = n + 1
		}
		sum += s.packs[i].size
	}
	return s.merge(order[:merged])
}

// merge writes some packs as one and removes them.
func (s *cacheStore) merge(which []int) error {
	if len(which) < 2 {
		return nil
	}
	name, err := storePack(s.packDir(), func(w *packWriter) error {
		for _, i := range which {
			if err := s.packs[i].each(w.add); err != nil {
				return err
			}
		}
		return nil
	})
	for _, i := range which {
		if old := filepath.Join(s.packDir(), s.names[i]); err == nil && old != name {
			err = removePack(old)
		}
	}
	return errors.Join(err, s.scan())
}
