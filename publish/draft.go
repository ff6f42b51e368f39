package publish

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/meridian-gitops/meridian/manifest"
)

// draft is a tree of the repository that can be changed in memory. A folder is read when a path first leads
// through it; everything else stays the hash that it is.
type draft struct {
	engine engine
	root   *node
}

// node is a file or folder of a draft.
type node struct {
	mode filemode.FileMode
	base plumbing.Hash    // in the head; zero when the head has no such file or folder
	hash plumbing.Hash    // a file's present content
	data []byte           // a file's content where it differs from the head's
	kids map[string]*node // an opened folder; nil for a file and for a folder not looked into
}

// wayError says that something of another kind stands where Meridian expects a folder or a file.
type wayError struct {
	path string
	mode filemode.FileMode
}

func (e *wayError) Error() string { return fmt.Sprintf("%s is %s", e.path, modeName(e.mode)) }

func modeName(mode filemode.FileMode) string {
	switch mode {
	case filemode.Symlink:
		return "a symlink"
	case filemode.Submodule:
		return "a submodule"
	case filemode.Dir:
		return "a folder"
	default:
		return "a file"
	}
}

func isRegular(mode filemode.FileMode) bool {
	return mode == filemode.Regular || mode == filemode.Executable || mode == filemode.Deprecated
}

// newDraft starts from a root tree, or from nothing when the hash is zero.
func newDraft(e engine, root plumbing.Hash) *draft {
	d := &draft{e, &node{mode: filemode.Dir, base: root}}
	if root.IsZero() {
		d.root.kids = map[string]*node{}
	}
	return d
}

// open reads a folder's entries, once.
func (d *draft) open(ctx context.Context, n *node) error {
	if n.kids != nil {
		return nil
	}
	entries, err := readTree(ctx, d.engine, n.base)
	if err != nil {
		return err
	}
	n.kids = make(map[string]*node, len(entries))
	for _, e := range entries {
		n.kids[e.Name] = &node{mode: e.Mode, base: e.Hash, hash: e.Hash}
	}
	return nil
}

// lookup returns the node at a path, nil when there is none, and opens the folders on the way.
func (d *draft) lookup(ctx context.Context, path string) (*node, error) {
	n, walked := d.root, ""
	for name := range strings.SplitSeq(path, "/") {
		if n.mode != filemode.Dir {
			return nil, &wayError{walked, n.mode}
		}
		if err := d.open(ctx, n); err != nil {
			return nil, err
		}
		kid, ok := n.kids[name]
		if !ok {
			return nil, nil
		}
		n, walked = kid, strings.TrimPrefix(walked+"/"+name, "/")
	}
	return n, nil
}

// folder returns the opened folder at a path, nil when there is none.
func (d *draft) folder(ctx context.Context, path string) (*node, error) {
	n, err := d.lookup(ctx, path)
	if n == nil || err != nil {
		return nil, err
	}
	if n.mode != filemode.Dir {
		return nil, &wayError{path, n.mode}
	}
	return n, d.open(ctx, n)
}

// names returns the sorted names of a folder's files, or of its folders.
func (d *draft) names(ctx context.Context, path string, folders bool) ([]string, error) {
	n, err := d.folder(ctx, path)
	if n == nil || err != nil {
		return nil, err
	}
	var names []string
	for name, kid := range n.kids {
		if folders == (kid.mode == filemode.Dir) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// file returns the content of the file at a path and whether there is one.
func (d *draft) file(ctx context.Context, path string) ([]byte, bool, error) {
	n, err := d.lookup(ctx, path)
	if n == nil || err != nil {
		return nil, false, err
	}
	if !isRegular(n.mode) {
		return nil, false, &wayError{path, n.mode}
	}
	data, err := d.content(ctx, n)
	return data, err == nil, err
}

func (d *draft) content(ctx context.Context, n *node) ([]byte, error) {
	if n.hash == n.base {
		return d.engine.read(ctx, plumbing.BlobObject, n.hash)
	}
	return n.data, nil
}

// walk calls visit with every file below a folder. Only regular files may be there.
func (d *draft) walk(ctx context.Context, path string, visit func(path string, n *node) error) error {
	n, err := d.folder(ctx, path)
	if n == nil || err != nil {
		return err
	}
	return d.walkNode(ctx, n, path, visit)
}

func (d *draft) walkNode(ctx context.Context, n *node, path string, visit func(path string, n *node) error) error {
	switch {
	case isRegular(n.mode):
		return visit(path, n)
	case n.mode != filemode.Dir:
		return &wayError{path, n.mode}
	}
	if err := d.open(ctx, n); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(n.kids)) {
		if err := d.walkNode(ctx, n.kids[name], path+"/"+name, visit); err != nil {
			return err
		}
	}
	return nil
}

// tree returns the files below a folder, with their paths relative to it.
func (d *draft) tree(ctx context.Context, path string) (manifest.Tree, error) {
	if err := d.prefetch(ctx, path); err != nil {
		return manifest.Tree{}, err
	}
	var files []manifest.File
	err := d.walk(ctx, path, func(file string, n *node) error {
		data, err := d.content(ctx, n)
		files = append(files, manifest.File{Path: strings.TrimPrefix(file, path+"/"), Data: data})
		return err
	})
	if err != nil {
		return manifest.Tree{}, err
	}
	return manifest.NewTree(files)
}

// prefetch announces that some files, or all files below some folders, will be read.
func (d *draft) prefetch(ctx context.Context, paths ...string) error {
	var blobs []plumbing.Hash
	for _, path := range paths {
		n, err := d.lookup(ctx, path)
		if err != nil {
			return err
		}
		if n == nil {
			continue
		}
		err = d.walkNode(ctx, n, path, func(_ string, n *node) error {
			if n.hash == n.base {
				blobs = append(blobs, n.hash)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return d.engine.prefetch(ctx, blobs)
}

// put writes a file and the folders that lead to it.
func (d *draft) put(ctx context.Context, path string, data []byte) error {
	n, walked := d.root, ""
	names := strings.Split(path, "/")
	for i, name := range names {
		if n.mode != filemode.Dir {
			return &wayError{walked, n.mode}
		}
		if err := d.open(ctx, n); err != nil {
			return err
		}
		kid, ok := n.kids[name]
		switch {
		case ok:
		case i == len(names)-1:
			kid = &node{mode: filemode.Regular}
		default:
			kid = &node{mode: filemode.Dir, kids: map[string]*node{}}
		}
		n.kids[name] = kid
		n, walked = kid, strings.TrimPrefix(walked+"/"+name, "/")
	}
	if !isRegular(n.mode) {
		return &wayError{path, n.mode}
	}
	n.mode, n.data = filemode.Regular, nil
	if n.hash = plumbing.ComputeHash(plumbing.BlobObject, data); n.hash != n.base {
		n.data = data
	}
	return nil
}

// remove takes away a file or folder; there need not be one. Folders that become empty vanish in write.
func (d *draft) remove(ctx context.Context, path string) error {
	parent, name := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		parent, name = path[:i], path[i+1:]
	}
	n := d.root
	if parent != "" {
		var err error
		if n, err = d.folder(ctx, parent); n == nil || err != nil {
			return err
		}
	} else if err := d.open(ctx, n); err != nil {
		return err
	}
	delete(n.kids, name)
	return nil
}

// replace makes a folder hold exactly the files of a tree, and removes it when there are none.
func (d *draft) replace(ctx context.Context, path string, files manifest.Tree) error {
	var stale []string
	err := d.walk(ctx, path, func(file string, _ *node) error {
		if _, ok := files.Get(strings.TrimPrefix(file, path+"/")); !ok {
			stale = append(stale, file)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, file := range stale {
		if err := d.remove(ctx, file); err != nil {
			return err
		}
	}
	if n, err := d.folder(ctx, path); n != nil && err == nil {
		n.prune()
	}
	for file, data := range files.Files() {
		if err := d.put(ctx, path+"/"+file, data); err != nil {
			return err
		}
	}
	if files.Len() == 0 {
		return d.remove(ctx, path)
	}
	return nil
}

// prune removes the empty folders below an opened one, so that a file may take the place of one.
func (n *node) prune() {
	for name, kid := range n.kids {
		kid.prune()
		if kid.empty() {
			delete(n.kids, name)
		}
	}
}

// empty reports whether n is a folder without any file in it.
func (n *node) empty() bool {
	if n.kids == nil {
		return false
	}
	for _, kid := range n.kids {
		if !kid.empty() {
			return false
		}
	}
	return true
}

// write returns the hash of the draft's root tree, and the objects that the head does not have.
func (d *draft) write() (plumbing.Hash, []gitObject, error) {
	var objects []gitObject
	seen := map[plumbing.Hash]bool{}
	add := func(o gitObject) {
		if !seen[o.hash] {
			seen[o.hash] = true
			objects = append(objects, o)
		}
	}
	hash, err := d.root.write(add)
	return hash, objects, err
}

func (n *node) write(add func(gitObject)) (plumbing.Hash, error) {
	if n.mode != filemode.Dir {
		if n.hash != n.base {
			add(gitObject{plumbing.BlobObject, n.hash, n.data})
		}
		return n.hash, nil
	}
	if n.kids == nil {
		return n.base, nil
	}
	var tree object.Tree
	for name, kid := range n.kids {
		if kid.empty() {
			continue
		}
		hash, err := kid.write(add)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		tree.Entries = append(tree.Entries, object.TreeEntry{Name: name, Mode: kid.mode, Hash: hash})
	}
	slices.SortFunc(tree.Entries, func(a, b object.TreeEntry) int { return strings.Compare(sortKey(a), sortKey(b)) })
	o, err := encode(plumbing.TreeObject, &tree)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if o.hash != n.base {
		add(o)
	}
	return o.hash, nil
}

// sortKey orders tree entries as git does: a folder as if its name ended in a slash.
func sortKey(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}
