package publish

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// replayed is a publication of what a commit has recorded, on the commit's parent: what comes out must be the commit.
type replayed struct {
	*plan    // on the parent's tree
	guard    *guard
	tree     *draft        // the commit's own
	root     plumbing.Hash // of that
	changed  []changedFile
	platform *RecordedPlatform      // of the commit
	record   *PlatformRecord        // of the commit
	old      *PlatformRecord        // of the parent; nil when there is none
	renewed  bool                   // the platform has changed, and with it everything
	edges    []string               // regions whose aggregates have changed
	apps     map[AppID]*entry       // that the commit touches
	recorded map[AppID]*OwnerRecord // of the commit
	writers  map[AppID]string       // the versions of Meridian that wrote the applications' records: one that is not the guard's, if any is
}

// replay publishes the commit's recorded inputs on its parent and tells where the commit differs from that.
func (g *guard) replay(ctx context.Context, parent, root plumbing.Hash, changed []changedFile) error {
	r := &replayed{guard: g, root: root, tree: newDraft(g.engine, root), changed: changed, apps: map[AppID]*entry{}, recorded: map[AppID]*OwnerRecord{}, writers: map[AppID]string{}}
	r.affected()
	if len(r.apps) == 0 && !r.renewed && !slices.ContainsFunc(changed, func(f changedFile) bool { return classOf(f.path).ours() }) {
		return nil // a README, say
	}
	steps := []func(context.Context) error{
		func(ctx context.Context) error { return r.begin(ctx, parent) },
		r.takeOthers, r.writePlatform, r.readApps, r.compileApps, r.releaseApps, r.takeApps, r.writeApps, r.dropSpaces, r.writeEdges, r.compare,
	}
	for _, step := range steps {
		if err := g.broken(step(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// affected finds the applications that a commit touches.
func (r *replayed) affected() {
	for _, f := range r.changed {
		switch c := classOf(f.path); c.kind {
		case appPath:
			r.touch(AppID{c.namespace, c.app})
		case platformPath:
			r.renewed = true
		case aggregatePath:
			r.edges = append(r.edges, c.region)
		}
	}
}

func (r *replayed) touch(id AppID) {
	r.apps[id] = &entry{App: App{Namespace: id.Namespace, Name: id.Name, Pos: diag.Pos{File: ownerFile(id.Namespace, id.Name)}}}
}

// begin reads what is in force before and after.
func (r *replayed) begin(ctx context.Context, parent plumbing.Hash) error {
	var err error
	if r.platform, err = r.guard.platformAt(ctx, r.root); err != nil {
		return err
	}
	after := plan{draft: r.tree}
	if r.record, err = after.platform(ctx); err != nil {
		return err
	}
	if r.record == nil || r.platform == nil {
		r.guard.refuse(diag.NoPlatformYet, platformFile, "the commit has no platform")
		return r.guard.stop()
	}
	o := Options{MeridianVersion: r.guard.MeridianVersion, Edge: r.platform.Edge}
	if r.plan, err = newPlan(ctx, r.guard.engine, o, parent); err != nil {
		return err
	}
	for _, folder := range []string{regionsDir, claimsDir} {
		names, err := r.tree.names(ctx, folder, true)
		if err != nil {
			return err
		}
		r.addRegions(names...)
	}
	r.addRegions(r.record.regions()...)
	if r.old, err = r.plan.platform(ctx); err != nil || r.old == nil {
		return err
	}
	r.options.RemoveFrom = r.regions // whether that is meant was the publisher's to say
	for _, s := range r.old.Spaces {
		r.options.RemoveSpaces = append(r.options.RemoveSpaces, s.Namespace)
	}
	return nil
}

// takeOthers takes over the changes that nothing is computed for: files of nobody, strays, and hosts that an
// administrator reserves for a space by hand.
func (r *replayed) takeOthers(ctx context.Context) error {
	var come []changedFile
	for _, f := range r.changed {
		c := classOf(f.path)
		take := c.kind == nobodys || c.kind == stray
		if c.kind == claimPath && r.guard.owners.admin {
			var err error
			if take, err = r.reservation(ctx, f.path); err != nil {
				return err
			}
		}
		if !take {
			continue
		}
		if f.op != Removed {
			come = append(come, f)
		}
		if f.op != Added {
			if err := r.draft.remove(ctx, f.path); err != nil {
				return err
			}
		}
	}
	for _, f := range come { // what was there has gone: a file may take the place of a folder
		if n, err := r.draft.lookup(ctx, f.path); err == nil && n != nil && n.empty() {
			if err := r.draft.remove(ctx, f.path); err != nil {
				return err
			}
		}
		if err := r.draft.set(ctx, f.path, f.mode, f.hash); err != nil {
			return err
		}
	}
	return nil
}

// set puts an object that the repository has at a path.
func (d *draft) set(ctx context.Context, file string, mode filemode.FileMode, hash plumbing.Hash) error {
	if err := d.put(ctx, file, nil); err != nil {
		return err
	}
	n, err := d.lookup(ctx, file)
	if err != nil {
		return err
	}
	n.mode, n.base, n.hash, n.data = mode, hash, hash, nil // known to the repository: not to be written
	return nil
}

// reservation reports whether a file of claims is, and was, none of an application.
func (r *replayed) reservation(ctx context.Context, file string) (bool, error) {
	for _, d := range []*draft{r.draft, r.tree} {
		record, err := newBook(d).get(ctx, strings.TrimPrefix(file, claimsDir+"/"))
		if err != nil {
			return false, err
		}
		if record != nil && (len(record.Paths) > 0 || record.App != "" || record.Host == "") {
			return false, nil
		}
	}
	return true, nil
}

// writePlatform writes the spaces and the record of a platform that has changed, and has all applications compiled.
func (r *replayed) writePlatform(ctx context.Context) error {
	if !r.renewed {
		return nil
	}
	if err := r.platform.check(); err != nil {
		return err
	}
	for _, d := range []*draft{r.draft, r.tree} {
		ids, err := listApps(ctx, d)
		if err != nil {
			return err
		}
		for _, id := range ids {
			r.touch(id)
		}
	}
	for _, s := range r.platform.Spaces {
		if err := r.writeSpace(ctx, s); err != nil {
			return err
		}
	}
	record := r.platform.Platform.record(r.record.Meridian)
	record.Source = r.record.Source
	if err := r.draft.replace(ctx, platformDir, r.platform.Inputs); err != nil {
		return err
	}
	data, err := encodeRecord(record)
	if err != nil {
		return err
	}
	return r.draft.put(ctx, platformFile, data)
}

// dropSpaces removes the spaces that the platform no longer has, once their applications have gone.
func (r *replayed) dropSpaces(ctx context.Context) error {
	if r.renewed && r.old != nil {
		if err := r.removeSpaces(ctx, r.old.Spaces, r.platform.Platform.record("").Spaces, diag.Pos{File: platformFile}); err != nil {
			return err
		}
	}
	r.guard.found = append(r.guard.found, r.diags...)
	return r.guard.stop()
}

// readApps reads the records of the applications as they were.
func (r *replayed) readApps(ctx context.Context) error {
	for id, e := range r.apps {
		var err error
		if e.old, err = r.owner(ctx, id.Namespace, id.Name); err != nil {
			return err
		}
	}
	return nil
}

// compileApps compiles the applications that the commit has recorded; those that it has not are removed.
func (r *replayed) compileApps(ctx context.Context) error {
	var list []recorded
	for _, id := range sortedApps(r.apps) {
		owner, err := readOwner(ctx, r.tree, id.Namespace, id.Name)
		if err != nil {
			return err
		}
		if owner == nil {
			continue // it is removed, with all that it had
		}
		rec := recorded{namespace: id.Namespace, name: id.Name, owner: owner}
		for _, of := range append([]HeldRecord{owner.newest()}, owner.Held...) {
			tree, err := r.guard.inputs(ctx, r.tree, owner.inputsFolder(of))
			if err != nil {
				return err
			}
			rec.versions = append(rec.versions, version{of, tree})
		}
		rec.inputs = rec.versions[0].tree
		if r.believable(rec) {
			list = append(list, rec)
		}
	}
	if err := r.guard.stop(); err != nil {
		return err
	}
	compiled := recompiler{platform: r.platform.Platform, done: map[string]recompiled{}}
	if err := compiled.compile(ctx, list); err != nil {
		return err
	}
	for _, rec := range list {
		if err := r.compiled(rec, compiled.done[rec.key()]); err != nil {
			return err
		}
	}
	return r.guard.stop()
}

// believable reports whether an application's record fits the inputs beside it, and the platforms that were in force.
func (r *replayed) believable(rec recorded) bool {
	id := AppID{rec.namespace, rec.name}
	file, before := ownerFile(id.Namespace, id.Name), len(r.guard.found)
	was := r.apps[id].old
	rec.versions[0].Inputs = digest(rec.inputs) // which the record's comparison tells of, when all else is known
	for _, v := range rec.versions {
		switch got := digest(v.tree); {
		case v.tree.Len() == 0:
			r.guard.refuse(diag.RecordRefused, file, "application %s has no recorded inputs", id)
		case got != v.Inputs:
			r.guard.refuse(diag.RecordRefused, file, "the record of %s says that it was made of the inputs %s; those beside it are %s", id, short(printable(v.Inputs)), short(got))
		case v.Platform != r.record.Digest && !was.compiledFor(v.Inputs, v.Platform):
			r.guard.refuse(diag.RecordRefused, file, "application %s says it was compiled against platform %s; in force is %s", id, short(printable(v.Platform)), short(r.record.Digest))
		}
	}
	return len(r.guard.found) == before
}

// compiledFor reports whether a record has a version that was compiled from some inputs for some platform.
func (r *OwnerRecord) compiledFor(inputs, platform string) bool {
	return r != nil && slices.ContainsFunc(append([]HeldRecord{r.newest()}, r.Held...), func(h HeldRecord) bool {
		return h.Inputs == inputs && h.Platform == platform
	})
}

// compiled takes an application that was compiled into the replay.
func (r *replayed) compiled(rec recorded, result recompiled) error {
	id := AppID{rec.namespace, rec.name}
	switch {
	case result.err != nil:
		return fmt.Errorf("compile %s: %w", id, result.err)
	case diag.HasErrors(result.diags):
		for _, d := range result.diags {
			if d.Severity == diag.Error {
				r.guard.found = append(r.guard.found, d)
			}
		}
		return nil
	}
	a := result.app
	file := ownerFile(id.Namespace, id.Name)
	if got := (AppID{a.Namespace, a.Name}); got != id {
		r.guard.refuse(diag.RecordRefused, file, "the inputs recorded for %s are those of %s", id, got)
		return nil
	}
	e := r.apps[id]
	a.Pos, a.Where = e.Pos, nil
	if err := a.check(); err != nil {
		return err
	}
	e.App = a
	r.recorded[id] = rec.owner
	for _, v := range rec.versions {
		v.Regions = slices.DeleteFunc(v.Regions, func(region string) bool { _, there := a.Regions[region]; return !there })
		e.versions = append(e.versions, v)
		if writer, known := r.writers[id]; !known || writer == r.guard.MeridianVersion {
			r.writers[id] = v.Meridian
		}
	}
	r.addRegions(a.regionNames()...)
	return nil
}

func sortedApps(apps map[AppID]*entry) []AppID {
	return slices.SortedFunc(maps.Keys(apps), func(a, b AppID) int { return strings.Compare(a.String(), b.String()) })
}

func (r *replayed) releaseApps(ctx context.Context) error {
	for _, id := range sortedApps(r.apps) {
		if e := r.apps[id]; e.old != nil {
			if _, err := r.book.releaseAll(ctx, e.old); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeApps enters the applications' claims and refuses what others hold.
func (r *replayed) takeApps(ctx context.Context) error {
	for _, id := range sortedApps(r.apps) {
		e := r.apps[id]
		if err := r.checkSpaces(ctx, e); err != nil {
			return err
		}
		for _, c := range e.sortedClaims() {
			held, err := r.book.take(ctx, c, r.regions)
			if err != nil {
				return err
			}
			if held != nil {
				d := diag.New(diag.NameHeldTwice, diag.Pos{File: path.Join(claimsDir, claimFile(c))}, "", "%s is used by %s and held by %s", claimPlace(c), id, holderName(*held))
				r.guard.found = append(r.guard.found, d)
			}
		}
	}
	return r.guard.stop()
}

func holderName(c manifest.Claim) string {
	if c.App == "" {
		return "the space " + c.Namespace
	}
	return c.Namespace + "/" + c.App
}

// writeApps puts the applications' manifests, inputs and records in place.
func (r *replayed) writeApps(ctx context.Context) error {
	for _, id := range sortedApps(r.apps) {
		e := r.apps[id]
		for _, region := range r.regions {
			if err := r.draft.replace(ctx, AppFolder(region, id.Namespace, id.Name), e.Regions[region]); err != nil {
				return err
			}
		}
		if err := r.writeRecord(ctx, id, e); err != nil {
			return err
		}
	}
	return nil
}

func (r *replayed) writeRecord(ctx context.Context, id AppID, e *entry) error {
	folder := RecordFolder(id.Namespace, id.Name)
	if len(e.Regions) == 0 {
		return r.draft.replace(ctx, folder, manifest.Tree{})
	}
	if err := r.writeInputs(ctx, e); err != nil {
		return err
	}
	written := *e
	written.old = r.recorded[id] // which says what waits for a promotion
	data, err := encodeRecord(written.record())
	if err != nil {
		return err
	}
	return r.draft.put(ctx, ownerFile(id.Namespace, id.Name), data)
}

// writeEdges writes the claims, and computes the aggregates of the regions that it concerns.
func (r *replayed) writeEdges(ctx context.Context) error {
	regions, err := r.book.flush(ctx)
	if err != nil {
		return err
	}
	if regions = append(regions, r.edges...); r.renewed {
		claimed, err := r.draft.names(ctx, claimsDir, true)
		if err != nil {
			return err
		}
		regions = slices.Concat(regions, r.record.regions(), claimed)
	}
	slices.Sort(regions)
	for _, region := range slices.Compact(regions) {
		if r.guard.EdgeLater && !slices.Contains(r.edges, region) {
			continue
		}
		if err := r.writeEdge(ctx, region); err != nil {
			return err
		}
	}
	return nil
}

// compare tells where the commit is not what was computed.
func (r *replayed) compare(ctx context.Context) error {
	want, objects, err := r.draft.write()
	if err != nil {
		return err
	}
	computed := computedEngine{r.guard.engine, map[plumbing.Hash][]byte{}}
	for _, o := range objects {
		computed.objects[o.hash] = o.data
	}
	w := treeWalk{engine: computed}
	if err := w.compare(ctx, want, r.root, "", 0); err != nil {
		return err
	}
	list := r.withoutOtherVersions(w.list)
	for _, f := range list {
		if err := r.difference(ctx, newDraft(computed, want), f); err != nil {
			return err
		}
	}
	return r.guard.stop()
}

// withoutOtherVersions tells of what another version of Meridian wrote and that differs, perhaps for that alone, and
// returns the other differences.
func (r *replayed) withoutOtherVersions(list []changedFile) []changedFile {
	mine := r.guard.MeridianVersion
	differing := map[AppID]int{} // the platform's own is the empty one
	list = slices.DeleteFunc(list, func(f changedFile) bool {
		c := classOf(f.path)
		id := AppID{c.namespace, c.app}
		version, known := r.writers[id]
		if c.kind == platformPath {
			version, known = r.record.Meridian, true
		}
		other := known && version != mine && (c.kind == platformPath || c.kind == appPath)
		if other {
			differing[id]++
		}
		return other
	})
	for id, n := range differing {
		file, what, version := ownerFile(id.Namespace, id.Name), "application "+id.String(), r.writers[id]
		if id == (AppID{}) {
			file, what, version = platformFile, "the platform", r.record.Meridian
		}
		r.guard.refuse(diag.GuardOtherVersion, file, "%s was written by version %s, the guard is %s: %d of its files differ from what this one makes of the inputs",
			what, printable(orUnknown(version)), orUnknown(mine), n)
	}
	return list
}

// difference tells of a file that is not as computed.
func (r *replayed) difference(ctx context.Context, want *draft, f changedFile) error {
	code := map[classKind]diag.Code{claimPath: diag.ClaimDiffers, aggregatePath: diag.EdgeDiffers}[classOf(f.path).kind]
	if code == "" {
		code = diag.TreeDiffers
	}
	switch f.op {
	case Added:
		r.guard.refuse(code, f.path, "the recorded inputs give no such file")
		return nil
	case Removed:
		r.guard.refuse(code, f.path, "the recorded inputs give this file, and the commit lacks it")
		return nil
	}
	had, _, err := r.tree.file(ctx, f.path)
	if err != nil {
		return err
	}
	wanted, _, err := want.file(ctx, f.path)
	if err != nil {
		return err
	}
	pos, text, more := firstDifference(f.path, had, wanted)
	d := diag.New(code, pos, "", "not what the recorded inputs give, which has no such line")
	if more {
		d.Message = "not what the recorded inputs give; here they give: " + printable(strings.TrimSpace(text))
	}
	r.guard.admitted.Texts[f.path] = had
	r.guard.found = append(r.guard.found, d)
	return nil
}

// computedEngine is a repository with objects that it does not have yet.
type computedEngine struct {
	engine
	objects map[plumbing.Hash][]byte
}

func (e computedEngine) read(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	if data, ok := e.objects[hash]; ok {
		return data, nil
	}
	return e.engine.read(ctx, kind, hash)
}
