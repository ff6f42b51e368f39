package publish

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/meridian-gitops/meridian/diag"
)

// Bounds of what a commit may hold: a tree of a few objects can stand for more files than there are atoms.
const (
	mostChanges = 1_000_000
	deepest     = 64
	maxTree     = 64 << 20
	longestName = 255
	maxForeign  = 10 << 20 // of a file outside Meridian's folders
)

// changedFile is a file that differs between two trees.
type changedFile struct {
	path string
	op   Op
	mode filemode.FileMode // of the new one
	hash plumbing.Hash     // of the new one; zero when it was removed
}

// changed compares two trees without reading a file. It refuses what has no place in the new one: anything but files
// and folders, names that git or a file system would take for something else, objects that are too large.
func (g *guard) changed(ctx context.Context, old, new plumbing.Hash) ([]changedFile, error) {
	w := treeWalk{guard: g, engine: g.engine}
	if err := w.compare(ctx, old, new, "", 0); err != nil {
		return nil, err
	}
	return w.list, g.stop()
}

// treeWalk compares trees.
type treeWalk struct {
	guard  *guard // that checks the new tree's entries; nil: they are known
	engine engine
	list   []changedFile
	read   map[plumbing.Hash][]object.TreeEntry // some of the folders: in a tree that stands for too much they recur
}

// mostRemembered bounds the folders that a walk remembers.
const mostRemembered = 1000

func (w *treeWalk) compare(ctx context.Context, old, new plumbing.Hash, prefix string, depth int) error {
	before, err := w.entries(ctx, old, prefix)
	if err != nil {
		return err
	}
	after, err := w.entries(ctx, new, prefix)
	if err != nil {
		return err
	}
	if w.guard != nil && !w.guard.checkNames(after, prefix, depth) {
		return w.guard.stop()
	}
	now := map[string]object.TreeEntry{}
	for _, e := range after {
		now[e.Name] = e
	}
	was := map[string]object.TreeEntry{}
	for _, e := range before {
		was[e.Name] = e
		if _, stays := now[e.Name]; !stays {
			if err := w.one(ctx, e, object.TreeEntry{}, prefix+e.Name, depth); err != nil {
				return err
			}
		}
	}
	for _, e := range after {
		if err := w.one(ctx, was[e.Name], e, prefix+e.Name, depth); err != nil {
			return err
		}
	}
	return nil
}

// entries reads a folder; the zero hash is an empty one.
func (w *treeWalk) entries(ctx context.Context, hash plumbing.Hash, prefix string) ([]object.TreeEntry, error) {
	if hash.IsZero() {
		return nil, nil
	}
	if known, ok := w.read[hash]; ok {
		return known, nil
	}
	if w.guard != nil {
		size, err := w.guard.sources.size(hash)
		if err != nil {
			return nil, err
		}
		if size > maxTree {
			w.guard.refuse(diag.ObjectTooLarge, prefix, "a folder's list of names has %d bytes; at most %d are read", size, maxTree)
			return nil, w.guard.stop()
		}
	}
	entries, err := readTree(ctx, w.engine, hash)
	if err == nil && len(w.read) < mostRemembered {
		if w.read == nil {
			w.read = map[plumbing.Hash][]object.TreeEntry{}
		}
		w.read[hash] = entries
	}
	return entries, err
}

// one compares what was and what is at a path; either may be absent.
func (w *treeWalk) one(ctx context.Context, was, is object.TreeEntry, file string, depth int) error {
	if was.Mode == is.Mode && was.Hash == is.Hash {
		return nil
	}
	oldDir, newDir := was.Mode == filemode.Dir, is.Mode == filemode.Dir
	if w.guard != nil && is.Mode != filemode.Empty {
		if err := w.guard.checkEntry(is, file); err != nil {
			return err
		}
	}
	add := func(op Op) {
		w.list = append(w.list, changedFile{file, op, is.Mode, is.Hash})
	}
	switch there, here := was.Mode != filemode.Empty && !oldDir, is.Mode != filemode.Empty && !newDir; {
	case there && here:
		add(Changed)
	case there:
		add(Removed)
		w.list[len(w.list)-1].hash = plumbing.ZeroHash
	case here:
		add(Added)
	}
	if w.guard != nil && len(w.list) > mostChanges {
		w.guard.refuse(diag.ObjectTooLarge, "", "more than %d files change", mostChanges)
		return w.guard.stop()
	}
	if !oldDir && !newDir {
		return nil
	}
	var from, to plumbing.Hash
	if oldDir {
		from = was.Hash
	}
	if newDir {
		to = is.Hash
	}
	return w.compare(ctx, from, to, file+"/", depth+1)
}

// checkNames looks at the names in a folder.
func (g *guard) checkNames(entries []object.TreeEntry, prefix string, depth int) bool {
	before := len(g.found)
	if depth > deepest {
		g.refuse(diag.EntryRefused, prefix, "folders are nested more than %d deep", deepest)
	}
	seen := map[string]bool{}
	for i, e := range entries {
		problem := nameProblem(e.Name)
		switch {
		case problem != "":
			g.refuse(diag.EntryRefused, prefix+e.Name, "the name %q %s", e.Name, problem)
		case seen[e.Name]:
			g.refuse(diag.EntryRefused, prefix+e.Name, "the folder has two entries of this name")
		case e.Mode == filemode.Empty:
			g.refuse(diag.EntryRefused, prefix+e.Name, "it is %s", entryKind(e.Mode))
		case i > 0 && sortKey(entries[i-1]) > sortKey(e):
			g.refuse(diag.EntryRefused, prefix+e.Name, "the folder's entries are not in git's order")
		}
		seen[e.Name] = true
	}
	return len(g.found) == before
}

// nameProblem says why a name may not be in the repository.
func nameProblem(name string) string {
	plain, _, _ := strings.Cut(strings.ToLower(name), ":") // what follows is a stream of the same file, on Windows
	plain = strings.TrimRight(plain, ". ")
	switch {
	case name == "":
		return "is empty"
	case name == "." || name == "..":
		return "leads to another folder"
	case plain == ".git" || plain == "git~1":
		return "belongs to git"
	case len(name) > longestName:
		return "is too long"
	case strings.ContainsAny(name, `/\`):
		return "holds a separator"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "holds what cannot be printed"
	}
	return ""
}

// PathProblem says why no file may be recorded under a path below an application's folder; it is empty when one may. A
// commit with such a path is refused by git's own checks, or by the guard.
func PathProblem(file string) string {
	for element := range strings.SplitSeq(file, "/") {
		if problem := nameProblem(element); problem != "" {
			return fmt.Sprintf("the name %q %s", element, problem)
		}
	}
	return ""
}

// printable is a path that steers no terminal.
func printable(file string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, file)
}

// checkEntry looks at the kind and the size of what has changed.
func (g *guard) checkEntry(e object.TreeEntry, file string) error {
	ours := classOf(file).ours()
	switch {
	case e.Mode == filemode.Dir:
		return nil
	case !isRegular(e.Mode):
		g.refuse(diag.EntryRefused, file, "it is %s", entryKind(e.Mode))
		return nil
	case ours && e.Mode != filemode.Regular:
		g.refuse(diag.EntryRefused, file, "it has the mode %o; files here have %o", uint32(e.Mode), uint32(filemode.Regular))
	}
	most := int64(maxForeign)
	if ours {
		most = MaxInputs
	}
	size, err := g.sources.size(e.Hash)
	if err == nil && size > most {
		g.refuse(diag.ObjectTooLarge, file, "it has %d bytes; at most %d are taken here", size, most)
	}
	return err
}

func entryKind(mode filemode.FileMode) string {
	switch mode {
	case filemode.Symlink, filemode.Submodule:
		return modeName(mode)
	}
	return fmt.Sprintf("of the unknown mode %o", uint32(mode))
}

// pathClass is whose a path is.
type pathClass struct {
	kind      classKind
	namespace string // of an application
	app       string
	region    string // of an aggregate
}

type classKind int

const (
	nobodys       classKind = iota // outside Meridian's folders
	stray                          // inside them, where nothing of Meridian's is
	appPath                        // an application's manifests, record and inputs
	platformPath                   // spaces, sync, the platform's record and files
	claimPath                      // shared, computed from applications
	aggregatePath                  // shared, computed from claims
)

func (c pathClass) ours() bool { return c.kind != nobodys }

// unit is what a class is told of as: one finding for all files of an application.
func (c pathClass) unit(file string) string {
	if c.kind == appPath {
		return RecordFolder(c.namespace, c.app)
	}
	return file
}

// classOf says whose a file's path is.
func classOf(file string) pathClass {
	parts := strings.Split(file, "/")
	named := func(names ...string) bool { return checkNames("", names...) == nil }
	switch {
	case parts[0] == regionsDir && len(parts) >= 4 && named(parts[1]):
		return regionClass(file, parts)
	case file == platformFile || strings.HasPrefix(file, platformDir+"/"):
		return pathClass{kind: platformPath}
	case strings.HasPrefix(file, appsDir+"/") && len(parts) >= 5 && named(parts[2], parts[3]):
		if len(parts) == 5 && parts[4] == "owner.yaml" || len(parts) > 5 && (parts[4] == inputsDir || parts[4] == heldDir) {
			return pathClass{kind: appPath, namespace: parts[2], app: parts[3]}
		}
	case strings.HasPrefix(file, claimsDir+"/") && claimFileRE().MatchString(strings.TrimPrefix(file, claimsDir+"/")):
		return pathClass{kind: claimPath, region: parts[2]}
	case parts[0] != regionsDir && parts[0] != ".meridian":
		return pathClass{kind: nobodys}
	}
	return pathClass{kind: stray}
}

// regionClass is classOf below a region.
func regionClass(file string, parts []string) pathClass {
	switch {
	case parts[2] == "sync":
		return pathClass{kind: platformPath}
	case parts[2] == "edge" && len(parts) == 4 && path.Ext(file) == ".yaml":
		return pathClass{kind: aggregatePath, region: parts[1]}
	case parts[2] != "spaces" || len(parts) < 6 || checkNames("", parts[3]) != nil:
		return pathClass{kind: stray}
	case parts[4] == "space":
		return pathClass{kind: platformPath}
	case parts[4] == "apps" && len(parts) >= 7 && checkNames("", parts[5]) == nil:
		return pathClass{kind: appPath, namespace: parts[3], app: parts[5]}
	}
	return pathClass{kind: stray}
}

// checkOwned refuses changes of what the identity does not own. An application is told of once.
func (g *guard) checkOwned(changed []changedFile) {
	told := map[string]bool{}
	for _, f := range changed {
		c := classOf(f.path)
		if unit := c.unit(f.path); !told[unit] && !g.owned(c, f.path) {
			told[unit] = true
			g.refuseOwner(c, f.path, unit)
		}
	}
}

// owned reports whether a path may be changed; whether what is shared may be is seen when it is computed again.
func (g *guard) owned(c pathClass, file string) bool {
	switch c.kind {
	case claimPath, aggregatePath:
		return true
	case appPath:
		return g.owners.publishes(c.namespace)
	case nobodys:
		return g.owners.admin || slices.ContainsFunc(g.AllowPaths, func(pattern string) bool { return matches(pattern, file) })
	}
	return g.owners.admin
}

func (g *guard) refuseOwner(c pathClass, file, unit string) {
	switch c.kind {
	case appPath:
		g.refuse(diag.PathNotOwned, file, "application %s/%s is not %s's to change", c.namespace, c.app, g.owners)
		d := &g.found[len(g.found)-1]
		*d = d.WithHint("publishers of %s are: %s", c.namespace, orNobody(g.owners.publishers[c.namespace]))
	case platformPath:
		g.refuse(diag.PlatformNotOwned, unit, "the platform is not %s's to change", g.owners)
	case stray:
		g.refuse(diag.PathOfNobody, unit, "nothing that Meridian writes lies here")
		d := &g.found[len(g.found)-1]
		*d = d.WithHint("leave it out of the push: within Meridian's folders only an administrator may have anything else")
	default:
		g.refuse(diag.PathOfNobody, unit, "the file is nobody's, and %s is no administrator", g.owners)
	}
}

func orNobody(list []string) string {
	if len(list) == 0 {
		return "nobody"
	}
	return strings.Join(list, ", ")
}
