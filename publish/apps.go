package publish

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// Apps publishes applications in one commit: all of them, or, when a diagnostic is an error, none.
func Apps(ctx context.Context, o Options, apps []App) (Result, []diag.Diagnostic, error) {
	sorted := slices.SortedFunc(slices.Values(apps), func(a, b App) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	for _, a := range sorted {
		if err := a.check(); err != nil {
			return Result{}, nil, err
		}
	}
	if diags := checkTwice(sorted); len(diags) > 0 {
		return Result{}, diags, nil
	}
	j := job{message: appsMessage(o, sorted), guarded: true}
	if len(sorted) > 0 {
		j.pos = sorted[0].Pos
	}
	places := map[plumbing.Hash]Source{}
	j.plan = func(ctx context.Context, p *plan) error {
		p.places = places
		inForce, err := p.platform(ctx)
		if err != nil {
			return err
		}
		if err := p.apps(ctx, sorted, inForce); err != nil {
			return err
		}
		return p.finish(ctx)
	}
	return run(ctx, o, j)
}

// checkTwice compares neighbours in a sorted list.
func checkTwice(sorted []App) []diag.Diagnostic {
	var diags []diag.Diagnostic
	for i := 1; i < len(sorted); i++ {
		a, b := sorted[i-1], sorted[i]
		if a.Namespace == b.Namespace && a.Name == b.Name {
			d := diag.New(diag.AppTwice, b.Pos, "name", "application %s/%s is given twice", b.Namespace, b.Name)
			diags = append(diags, d.WithRelated(a.Pos, "the other one"))
		}
	}
	return diags
}

// entry is one application on its way into a plan.
type entry struct {
	App
	old     *OwnerRecord     // nil when it is new
	held    []manifest.Claim // what it claimed so far, sorted
	left    []string         // regions that it is in and will not be, sorted
	kept    []string         // regions that it is in and that stay as they are, sorted
	changed bool             // anything but the provenance

	versions []version // what it will be compiled from, the newest first
}

// apps plans applications together: all claims are released before the first is taken, so that applications
// of one call may hand a name to each other. What is refused for what it would do comes last: then it is known what
// changes.
func (p *plan) apps(ctx context.Context, apps []App, inForce *PlatformRecord) error {
	if err := p.prefetchApps(ctx, apps); err != nil {
		return err
	}
	entries := make([]entry, len(apps))
	for i, a := range apps {
		entries[i].App = a
		p.addRegions(slices.Collect(maps.Keys(a.Regions))...)
	}
	each := func(step func(context.Context, *entry) error) func() error {
		return func() error { return p.each(ctx, entries, step) }
	}
	all := func(step func(context.Context, []entry) error) func() error {
		return func() error { return p.mistake(step(ctx, entries), p.pos) }
	}
	return inTurn(
		each(func(ctx context.Context, e *entry) error { return p.admit(ctx, e, inForce) }),
		all(p.renames),
		all(p.checkMoved),
		each(p.releaseClaims),
		each(func(ctx context.Context, e *entry) error { return p.takeClaims(ctx, e, entries) }),
		all(p.checkReplaced),
		each(p.graft),
		all(p.checkOrder),
		each(p.checkAutoscale),
		each(p.checkEntries),
	)
}

// each takes a step with every application. One whose records cannot be read keeps no other from being told of.
func (p *plan) each(ctx context.Context, entries []entry, step func(context.Context, *entry) error) error {
	for i := range entries {
		if err := p.mistake(step(ctx, &entries[i]), entries[i].Pos); err != nil {
			return err
		}
	}
	return nil
}

// inTurn takes steps until one fails.
func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// prefetchApps announces the records that planning will read.
func (p *plan) prefetchApps(ctx context.Context, apps []App) error {
	paths := []string{platformFile}
	for _, a := range apps {
		paths = append(paths, ownerFile(a.Namespace, a.Name))
		if a.Within != nil { // what other regions carry becomes an earlier version
			paths = append(paths, RecordFolder(a.Namespace, a.Name))
		}
		for _, c := range a.Claims {
			for _, c.Region = range p.regions {
				paths = append(paths, path.Join(claimsDir, claimFile(c)))
				if c, ok := wildcardOver(c); ok {
					paths = append(paths, path.Join(claimsDir, claimFile(c)))
				}
			}
		}
	}
	return p.draft.prefetch(ctx, paths...)
}

// admit checks everything about an application that does not depend on claims.
func (p *plan) admit(ctx context.Context, e *entry, inForce *PlatformRecord) (err error) {
	if e.old, err = p.owner(ctx, e.Namespace, e.Name); err != nil {
		return err
	}
	if e.old != nil && !samePlace(e.old.Source, e.Source) {
		p.admitOther(e)
	}
	if len(e.Regions) > 0 && inForce != nil && inForce.Digest != e.PlatformDigest {
		d := diag.New(diag.PlatformMismatch, e.Pos, "", "application %s/%s was compiled against platform %s, but %s is in force",
			e.Namespace, e.Name, short(e.PlatformDigest), short(inForce.Digest))
		if source := inForce.Source.String(); source != "" {
			d = d.WithHint("use the platform at %s, or publish yours first: meridian publish --spaces", source)
		}
		p.report(d)
	}
	if n := size(e.Inputs); n > MaxInputs {
		p.report(diag.New(diag.InputsTooLarge, e.Pos, "", "the inputs of %s/%s are %d bytes, more than the %d that are recorded",
			e.Namespace, e.Name, n, MaxInputs))
	}
	if err := p.checkSpaces(ctx, e); err != nil {
		return err
	}
	for _, region := range p.regions {
		if _, stays := e.Regions[region]; stays {
			continue
		}
		n, err := p.draft.lookup(ctx, AppFolder(region, e.Namespace, e.Name))
		switch {
		case err != nil:
			return err
		case n == nil:
		case e.Within == nil || slices.Contains(e.Within, region):
			e.left = append(e.left, region)
		default:
			e.kept = append(e.kept, region)
		}
	}
	return p.arrange(ctx, e)
}

// arrange says which version each region will carry: what is published, and in the regions that are kept what is
// there already.
func (p *plan) arrange(ctx context.Context, e *entry) error {
	e.versions = e.App.versions(p.options.MeridianVersion)
	if len(e.kept) == 0 || e.old == nil {
		return nil
	}
	carried, err := readVersions(ctx, p.draft, e.old)
	if err != nil {
		return err
	}
	changing := slices.DeleteFunc(slices.Clone(e.old.Regions), func(region string) bool { return slices.Contains(e.kept, region) })
	rest := outside(carried, changing)
	if !e.promoted {
		e.versions = joined(append(e.versions, rest...))
		return nil
	}
	for i := range rest {
		if rest[i].Inputs == digest(e.Inputs) {
			rest[i].Regions = append(rest[i].Regions, e.regionNames()...)
		}
	}
	e.versions = joined(rest)
	return nil
}

// admitOther lets an application be published from another source than it was, if that is meant.
func (p *plan) admitOther(e *entry) {
	if slices.Contains(p.options.TakeOver, e.id()) {
		p.trailers = append(p.trailers, fmt.Sprintf("Meridian-Taken-Over: application %s from %s", e.id(), e.old.Source))
		return
	}
	d := diag.New(diag.AppTaken, e.Pos, "name", "application %s%s was published from %s, this one is from %s", e.id(), ownedBy(e.old.Owner), e.old.Source, e.Source)
	p.report(d.WithHint("rename the application, or, if it has moved or has been handed over, add --take-over %s", e.id()))
}

// ownedBy says whom to ask about an application.
func ownedBy(owner string) string {
	if owner == "" {
		return ""
	}
	return ", owned by " + owner + ","
}

// samePlace reports whether two sources may be one: what is not known does not differ.
func samePlace(a, b Source) bool {
	if a.Repository == "" || b.Repository == "" {
		return true
	}
	if a.Path == "" || b.Path == "" {
		a.Path, b.Path = "", ""
	}
	return a.place() == b.place()
}

// short is as much of a digest as a reader compares.
func short(digest string) string {
	if digest == "" {
		return "(unknown)"
	}
	kind, sum, ok := strings.Cut(digest, ":")
	if !ok {
		kind, sum = "", digest
	} else {
		kind += ":"
	}
	return kind + sum[:min(12, len(sum))]
}

func (p *plan) checkSpaces(ctx context.Context, e *entry) error {
	var missing []string
	for _, region := range slices.Sorted(maps.Keys(e.Regions)) {
		n, err := p.draft.folder(ctx, SpaceFolder(region, e.Namespace))
		if err != nil {
			return err
		}
		if n == nil || n.empty() {
			missing = append(missing, region)
		}
	}
	if len(missing) > 0 {
		p.report(diag.New(diag.SpaceMissing, e.Pos, "space", "space %s is not in the repository for %s",
			e.Namespace, strings.Join(missing, ", ")))
	}
	return nil
}

// graft puts an application's folders, inputs and record in place.
func (p *plan) graft(ctx context.Context, e *entry) error {
	for _, region := range p.regions {
		if slices.Contains(e.kept, region) {
			continue
		}
		if err := p.draft.replace(ctx, AppFolder(region, e.Namespace, e.Name), e.Regions[region]); err != nil {
			return err
		}
	}
	if len(e.versions) == 0 {
		return p.draft.replace(ctx, RecordFolder(e.Namespace, e.Name), manifest.Tree{})
	}
	if err := p.writeInputs(ctx, e); err != nil {
		return err
	}
	return p.writeOwner(ctx, e)
}

// writeInputs records what an application was compiled from, version by version.
func (p *plan) writeInputs(ctx context.Context, e *entry) error {
	record := RecordFolder(e.Namespace, e.Name)
	if err := p.draft.replace(ctx, path.Join(record, inputsDir), e.versions[0].tree); err != nil {
		return err
	}
	earlier, err := heldTree(e.versions)
	if err != nil {
		return err
	}
	return p.draft.replace(ctx, path.Join(record, heldDir), earlier)
}

// writeOwner records who owns the application. While nothing else about it changes, the record keeps the
// provenance that it has: a commit for every commit of the source would make every cluster sync for nothing.
func (p *plan) writeOwner(ctx context.Context, e *entry) error {
	record := e.record()
	var err error
	if e.changed, err = p.appChanged(ctx, e); err != nil {
		return err
	}
	if !e.changed && e.old != nil {
		record.keepProvenance(e.old)
		if e.Source.Repository != "" && !p.sameRecordedPlace(e) {
			record.Source = e.Source.public()
		}
	}
	data, err := encodeRecord(record)
	if err != nil {
		return err
	}
	return p.draft.put(ctx, ownerFile(e.Namespace, e.Name), data)
}

// keepProvenance takes over where the versions that both records have came from.
func (r *OwnerRecord) keepProvenance(old *OwnerRecord) {
	r.Source, r.Platform, r.Meridian = old.Source, old.Platform, old.Meridian
	for i := range r.Held {
		for _, h := range old.Held {
			if h.Inputs == r.Held[i].Inputs {
				r.Held[i].Source, r.Held[i].Platform, r.Held[i].Meridian = h.Source, h.Platform, h.Meridian
			}
		}
	}
}

// sameRecordedPlace is false where an application has been taken over: that must be recorded.
func (p *plan) sameRecordedPlace(e *entry) bool {
	return e.old.Source.Repository != "" && samePlace(e.old.Source, e.Source)
}

// record says what will be there.
func (e *entry) record() OwnerRecord {
	newest := e.versions[0]
	r := OwnerRecord{
		Header: Header{recordVersion, "Owner"}, Name: e.Name, Namespace: e.Namespace, Owner: e.Owner,
		Regions: slices.Sorted(slices.Values(append(e.regionNames(), e.kept...))), Inputs: newest.Inputs,
		Awaiting: e.awaiting(), Source: newest.Source, Platform: newest.Platform, Meridian: newest.Meridian,
	}
	for _, v := range e.versions[1:] {
		r.Held = append(r.Held, v.HeldRecord)
	}
	for _, c := range e.Claims {
		r.Claims = append(r.Claims, claimFile(c))
	}
	slices.Sort(r.Claims)
	r.Claims = slices.Compact(r.Claims)
	return r
}

// awaiting are the regions that an application selects and will enter when it is promoted to them: those that a
// publication in waves left out, or that have waited before.
func (e *entry) awaiting() []string {
	if e.promoted {
		return slices.DeleteFunc(slices.Clone(e.old.Awaiting), func(region string) bool { return slices.Contains(e.Within, region) })
	}
	var list []string
	for _, region := range e.Elsewhere {
		waited := e.Within != nil || e.old != nil && slices.Contains(e.old.Awaiting, region)
		if waited && !slices.Contains(e.kept, region) {
			list = append(list, region)
		}
	}
	return list
}

// appChanged reports whether anything of an application but its record's provenance changes.
func (p *plan) appChanged(ctx context.Context, e *entry) (bool, error) {
	if !slices.Equal(e.held, e.sortedClaims()) || e.old == nil || e.old.Owner != e.Owner {
		return true, nil
	}
	record := RecordFolder(e.Namespace, e.Name)
	folders := []string{path.Join(record, inputsDir), path.Join(record, heldDir)}
	for _, region := range p.regions {
		folders = append(folders, AppFolder(region, e.Namespace, e.Name))
	}
	for _, folder := range folders {
		if changed, err := p.draft.changed(ctx, p.head, folder); changed || err != nil {
			return changed, err
		}
	}
	return false, nil
}

func (e *entry) sortedClaims() []manifest.Claim {
	return slices.SortedFunc(slices.Values(e.Claims), manifest.Claim.Compare)
}
