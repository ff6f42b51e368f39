package publish

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// Admission says who pushes, and by what rules commits are admitted to a branch.
type Admission struct {
	Identities []string // a user, and the groups it is in
	Bootstrap  bool     // it counts as an administrator while the platform names none
	AllowPaths []string // patterns of paths outside Meridian's folders that anybody may change
	EdgeLater  bool     // aggregates may stay as they were

	MeridianVersion string

	// Platform reads a platform that a commit has recorded. It is called again only when the files have changed, and after
	// the one before has been closed.
	Platform func(ctx context.Context, inputs manifest.Tree) (*RecordedPlatform, []diag.Diagnostic, error)
}

var errNoIdentity = errors.New("nobody is named as who pushes")

// Check reports what is missing in an Admission.
func (a Admission) Check() error {
	if len(a.Identities) == 0 || slices.Contains(a.Identities, "") {
		return errNoIdentity
	}
	for _, pattern := range a.AllowPaths {
		if err := CheckPattern(pattern); err != nil {
			return err
		}
	}
	return nil
}

// RecordedPlatform is a platform as the guard needs it.
type RecordedPlatform struct {
	Platform
	Edge       EdgeFunc
	Admins     []string
	Publishers map[string][]string // by namespace
	Close      func() error        // lets go of what compiles for it; nil: there is nothing to let go of
}

// Admitted says what was looked at.
type Admitted struct {
	Commits int               // that were admitted
	Texts   map[string][]byte // what the files that findings have a line of hold
}

// Admit judges the commits from one to another before a branch is moved. Everything about them is taken for hostile:
// paths, kinds and sizes are looked at before anything is read, who owns what is asked of the platform at old, and
// what the commits hold must be what publishing their recorded inputs there would give. Findings are positioned in the
// repository. old is empty when there is no branch yet.
func (s *Sources) Admit(ctx context.Context, old, new string, a Admission) (Admitted, []diag.Diagnostic, error) {
	engine := sharedEngine{s}
	g := &guard{Admission: a, sources: s, engine: engine, rings: newKeyrings(engine), admitted: Admitted{Texts: map[string][]byte{}}}
	defer g.forget()
	err := g.run(ctx, plumbing.NewHash(old), plumbing.NewHash(new))
	var stop *stopped
	if errors.As(err, &stop) {
		err = nil
	}
	return g.admitted, diag.Sort(g.found), err
}

// guard is one admission on its way.
type guard struct {
	Admission
	sources  *Sources
	engine   engine
	rings    keyrings
	platform *RecordedPlatform // the one that was needed last, and
	of       plumbing.Hash     // the tree of its folder
	owners   owners
	several  bool // commits are judged: each finding names its own
	found    []diag.Diagnostic
	admitted Admitted
}

// stopped ends an admission after what was found.
type stopped struct{}

func (*stopped) Error() string { return "refused" }

// refuse notes what is wrong with a place in the repository.
func (g *guard) refuse(code diag.Code, file, format string, args ...any) {
	g.found = append(g.found, diag.New(code, diag.Pos{File: printable(file)}, "", format, args...))
}

// stop ends the admission when something was found: what comes after it would only be its consequence.
func (g *guard) stop() error {
	if diag.HasErrors(g.found) {
		return &stopped{}
	}
	return nil
}

func (g *guard) run(ctx context.Context, old, new plumbing.Hash) error {
	line, aside, err := g.lines(ctx, old, new)
	if err != nil {
		return err
	}
	g.several = len(line)+len(aside) > 1
	if g.owners, err = g.ownersOf(ctx, old, new); err != nil {
		return err
	}
	for _, c := range aside {
		if err := g.commit(ctx, c, true); err != nil {
			return err
		}
	}
	for i := len(line) - 1; i >= 0; i-- {
		if err := g.commit(ctx, line[i], false); err != nil {
			return err
		}
	}
	return nil
}

// lines returns the commits that the branch would go through, newest first, which are first parents of one another
// down to old, and those that merges bring in beside them.
func (g *guard) lines(ctx context.Context, old, new plumbing.Hash) (line, aside []ancestor, err error) {
	seen := map[plumbing.Hash]bool{}
	merges := false
	for hash := new; hash != old; {
		c, err := g.readCommit(ctx, hash)
		if err != nil {
			return nil, nil, err
		}
		line, seen[hash] = append(line, c), true
		merges = merges || len(c.commit.ParentHashes) > 1
		if len(c.commit.ParentHashes) == 0 {
			if !old.IsZero() {
				g.refuse(diag.BranchRewritten, "", "the commits do not build on the branch's head: it would lose what it has")
				return nil, nil, g.stop()
			}
			break
		}
		hash = c.commit.ParentHashes[0]
	}
	if merges {
		aside, err = g.beside(ctx, old, line, seen)
	}
	return line, aside, err
}

// beside returns the commits that can be reached from merges of a line, and not from old.
func (g *guard) beside(ctx context.Context, old plumbing.Hash, line []ancestor, seen map[plumbing.Hash]bool) ([]ancestor, error) {
	if !old.IsZero() { // everything before old was admitted when it came
		if err := g.reach(ctx, []plumbing.Hash{old}, seen, func(ancestor) {}); err != nil {
			return nil, err
		}
	}
	var from []plumbing.Hash
	for _, c := range line {
		from = append(from, c.commit.ParentHashes[min(1, len(c.commit.ParentHashes)):]...)
	}
	var list []ancestor
	err := g.reach(ctx, from, seen, func(c ancestor) { list = append(list, c) })
	slices.Reverse(list)
	return list, err
}

// reach visits the commits that can be reached from others and have not been seen, the nearest first.
func (g *guard) reach(ctx context.Context, from []plumbing.Hash, seen map[plumbing.Hash]bool, visit func(ancestor)) error {
	for len(from) > 0 {
		hash := from[0]
		from = from[1:]
		if seen[hash] {
			continue
		}
		seen[hash] = true
		c, err := g.readCommit(ctx, hash)
		if err != nil {
			return err
		}
		visit(c)
		from = append(from, c.commit.ParentHashes...)
	}
	return nil
}

// maxCommit is the size up to which a commit is read.
const maxCommit = 1 << 20

func (g *guard) readCommit(ctx context.Context, hash plumbing.Hash) (ancestor, error) {
	size, err := g.sources.size(hash)
	if err != nil {
		return ancestor{}, err
	}
	if size > maxCommit {
		g.refuse(diag.ObjectTooLarge, "", "commit %s has %d bytes; at most %d are read", short12(hash), size, maxCommit)
		return ancestor{}, g.stop()
	}
	commit, err := g.sources.commit(ctx, hash)
	return ancestor{hash, commit}, err
}

// commit judges one commit against its parents.
func (g *guard) commit(ctx context.Context, c ancestor, aside bool) error {
	before := len(g.found)
	err := g.judge(ctx, c, aside)
	for i := range g.found[before:] {
		if g.several {
			g.found[before+i].Message += " (commit " + short12(c.hash) + ")"
		}
	}
	if err == nil {
		g.admitted.Commits++
	}
	return err
}

func (g *guard) judge(ctx context.Context, c ancestor, aside bool) error {
	parents, err := g.trees(ctx, c.commit)
	if err != nil {
		return err
	}
	changed, err := g.changed(ctx, parents[0], c.commit.TreeHash)
	if err != nil {
		return err
	}
	merge := aside && len(parents) > 1
	if merge { // what it takes over from either side was judged there
		if changed, err = g.fromNeither(ctx, changed, parents[1:], c.commit.TreeHash); err != nil {
			return err
		}
	}
	g.checkOwned(changed)
	if err := g.stop(); err != nil || merge {
		return err
	}
	if err := g.signature(ctx, c, parents[0]); err != nil {
		return err
	}
	if err := g.replay(ctx, parents[0], c.commit.TreeHash, changed); err != nil {
		return err
	}
	return g.stop()
}

// trees returns the root trees of a commit's parents; a commit without any has the empty one.
func (g *guard) trees(ctx context.Context, commit object.Commit) ([]plumbing.Hash, error) {
	var list []plumbing.Hash
	for _, hash := range commit.ParentHashes {
		parent, err := g.readCommit(ctx, hash)
		if err != nil {
			return nil, err
		}
		list = append(list, parent.commit.TreeHash)
	}
	if len(list) == 0 {
		list = append(list, plumbing.ZeroHash)
	}
	return list, nil
}

// fromNeither keeps of a merge's changes those that no other parent has either.
func (g *guard) fromNeither(ctx context.Context, changed []changedFile, others []plumbing.Hash, tree plumbing.Hash) ([]changedFile, error) {
	for _, other := range others {
		list, err := g.changed(ctx, other, tree)
		if err != nil {
			return nil, err
		}
		there := map[string]bool{}
		for _, f := range list {
			there[f.path] = true
		}
		changed = slices.DeleteFunc(changed, func(f changedFile) bool { return !there[f.path] })
	}
	return changed, nil
}

// signature refuses a commit that none of the signers in force before it has signed, or, where it changes who they are,
// none of those that it brings. A record that does not say who they are ends the admission.
func (g *guard) signature(ctx context.Context, c ancestor, parent plumbing.Hash) error {
	before, beforeFile, err := g.rings.of(ctx, parent)
	if err != nil {
		return g.broken(err)
	}
	after, afterFile, err := g.rings.of(ctx, c.commit.TreeHash)
	if err != nil {
		return g.broken(err)
	}
	data, err := g.engine.read(ctx, plumbing.CommitObject, c.hash)
	if err != nil {
		return err
	}
	if before != nil {
		g.found = append(g.found, CheckSignature(c.hash.String(), data, before)...)
	}
	if after != nil && beforeFile != afterFile && !diag.HasErrors(g.found) {
		g.found = append(g.found, CheckSignature(c.hash.String(), data, after)...)
	}
	return g.stop()
}

// owners are who owns what, by the platform in force.
type owners struct {
	admin      bool
	publishers map[string][]string // by namespace
	identities []string
	named      bool // the platform names administrators
}

// ownersOf asks the platform at old; before there is one, that of the commits themselves, of which an administrator
// must be who pushes them.
func (g *guard) ownersOf(ctx context.Context, old, new plumbing.Hash) (owners, error) {
	o := owners{identities: g.Identities}
	root := plumbing.ZeroHash
	if !old.IsZero() {
		c, err := g.readCommit(ctx, old)
		if err != nil {
			return o, err
		}
		root = c.commit.TreeHash
	}
	p, err := g.platformAt(ctx, root)
	if err != nil {
		return o, err
	}
	if p != nil {
		o.publishers, o.named = p.Publishers, len(p.Admins) > 0
		o.admin = o.any(p.Admins) || !o.named && g.Bootstrap
		return o, nil
	}
	c, err := g.readCommit(ctx, new)
	if err != nil {
		return o, err
	}
	if o.admin = g.Bootstrap; o.admin {
		return o, nil
	}
	if p, err = g.platformAt(ctx, c.commit.TreeHash); err != nil {
		return o, err
	}
	if o.admin = p != nil && o.any(p.Admins); !o.admin {
		g.refuse(diag.NoPlatformYet, platformFile, "no platform is in force here, and the one that is pushed does not name %s as an administrator", o)
	}
	return o, g.stop()
}

// any reports whether one of the identities is in a list.
func (o owners) any(list []string) bool {
	return slices.ContainsFunc(o.identities, func(id string) bool { return slices.Contains(list, id) })
}

// String names who pushes.
func (o owners) String() string {
	if len(o.identities) == 0 {
		return "nobody"
	}
	return printable(strings.Join(o.identities, ", "))
}

// publishes reports whether applications of a namespace are the identity's.
func (o owners) publishes(namespace string) bool { return o.admin || o.any(o.publishers[namespace]) }

// platformAt compiles the platform that a tree has recorded; nil when it has none. What is wrong with it is told, and
// ends the admission.
func (g *guard) platformAt(ctx context.Context, root plumbing.Hash) (*RecordedPlatform, error) {
	if root.IsZero() {
		return nil, nil
	}
	d := newDraft(g.engine, root)
	n, err := d.folder(ctx, platformDir)
	if _, ok := Problem(err); ok {
		return nil, g.broken(err)
	}
	if n == nil || err != nil {
		return nil, err
	}
	if g.platform != nil && g.of == n.base {
		return g.platform, nil
	}
	g.forget()
	inputs, err := g.inputs(ctx, d, platformDir)
	if err != nil {
		return nil, err
	}
	p, list, err := g.Platform(ctx, inputs)
	if err != nil {
		return nil, err
	}
	g.found = append(g.found, list...)
	if p == nil {
		return nil, errors.Join(g.stop(), fmt.Errorf("read the platform of the repository: %v", list))
	}
	g.platform, g.of = p, n.base
	return p, g.stop()
}

// forget closes the platform that was needed last: whoever pushes decides how many there are.
func (g *guard) forget() {
	if g.platform != nil && g.platform.Close != nil {
		_ = g.platform.Close() // nothing is written there
	}
	g.platform = nil
}

// inputs reads recorded files, which have been seen to be regular and not to be large.
func (g *guard) inputs(ctx context.Context, d *draft, folder string) (manifest.Tree, error) {
	total := int64(0)
	err := d.walk(ctx, folder, func(file string, n *node) error {
		size, err := g.sources.size(n.hash)
		if total += size; err == nil && total > MaxInputs {
			g.refuse(diag.ObjectTooLarge, folder, "the inputs have more than the %d bytes that are recorded", MaxInputs)
			err = g.stop()
		}
		return err
	})
	if err != nil {
		return manifest.Tree{}, g.broken(err)
	}
	tree, err := d.tree(ctx, folder)
	return tree, g.broken(err)
}

// broken tells of an error that the repository's content causes, and ends the admission; any other it returns.
func (g *guard) broken(err error) error {
	d, ok := Problem(err)
	if !ok {
		return err
	}
	var record *recordError
	if errors.As(err, &record) {
		d = diag.New(diag.RecordRefused, diag.Pos{File: printable(record.path)}, "", "%v", record.err)
	}
	g.found = append(g.found, d)
	return g.stop()
}

func short12(hash plumbing.Hash) string { return hash.String()[:12] }

// matches reports whether a path matches a pattern: path.Match's, where ** stands for any folders.
func matches(pattern, file string) bool {
	parts, names := strings.Split(pattern, "/"), strings.Split(file, "/")
	return matchParts(parts, names)
}

func matchParts(parts, names []string) bool {
	for len(parts) > 0 {
		if parts[0] == "**" {
			for i := range len(names) + 1 {
				if matchParts(parts[1:], names[i:]) {
					return true
				}
			}
			return false
		}
		if len(names) == 0 {
			return false
		}
		if ok, err := path.Match(parts[0], names[0]); err != nil || !ok {
			return false
		}
		parts, names = parts[1:], names[1:]
	}
	return len(names) == 0
}

// CheckPattern reports what is wrong with a pattern of [Admission.AllowPaths].
func CheckPattern(pattern string) error {
	for part := range strings.SplitSeq(pattern, "/") {
		if _, err := path.Match(part, ""); err != nil || part == "" || part == "." || part == ".." {
			return fmt.Errorf("%q is not a pattern of paths below the repository's root", pattern)
		}
	}
	return nil
}
