package manifest

import (
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
)

// File is one file of a [Tree].
type File struct {
	Path string // slash-separated, relative, clean
	Data []byte // must not be changed
}

// Tree is a sorted, immutable set of files. The zero Tree is empty.
type Tree struct{ files []File }

// NewTree sorts files into a Tree. It refuses a path that is absolute, not clean, or leaves its root, that
// another system or git would read as another one (a backslash, a zero byte), and two files of one path.
func NewTree(files []File) (Tree, error) {
	sorted := slices.Clone(files)
	slices.SortFunc(sorted, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	for i, f := range sorted {
		if !fs.ValidPath(f.Path) || f.Path == "." || strings.ContainsAny(f.Path, "\\\x00") {
			return Tree{}, fmt.Errorf("build tree: bad path %q", f.Path)
		}
		if i > 0 && sorted[i-1].Path == f.Path {
			return Tree{}, fmt.Errorf("build tree: two files at %q", f.Path)
		}
	}
	return Tree{sorted}, nil
}

// Len returns the number of files.
func (t Tree) Len() int { return len(t.files) }

// Files yields path and content in path order.
func (t Tree) Files() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, f := range t.files {
			if !yield(f.Path, f.Data) {
				return
			}
		}
	}
}

// Get returns the content at path.
func (t Tree) Get(path string) ([]byte, bool) {
	i, found := slices.BinarySearchFunc(t.files, path, func(f File, p string) int { return strings.Compare(f.Path, p) })
	if !found {
		return nil, false
	}
	return t.files[i].Data, true
}

// Under returns the files below a folder, with their paths relative to it.
func (t Tree) Under(folder string) Tree {
	prefix := strings.TrimSuffix(folder, "/") + "/"
	var sub []File
	for _, f := range t.files {
		if rest, ok := strings.CutPrefix(f.Path, prefix); ok {
			sub = append(sub, File{rest, f.Data})
		}
	}
	return Tree{sub}
}
