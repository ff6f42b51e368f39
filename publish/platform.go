package publish

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// PublishPlatform publishes a platform: its spaces in all regions, its record, and, compiled again from their
// recorded inputs, all applications that are there, in one commit. Their rules hold as in [Apps].
func PublishPlatform(ctx context.Context, o Options, platform Platform) (Result, []diag.Diagnostic, error) {
	if err := platform.check(); err != nil {
		return Result{}, nil, err
	}
	if n := size(platform.Inputs); n > MaxInputs {
		d := diag.New(diag.InputsTooLarge, platform.Pos, "", "the platform's files are %d bytes, more than the %d that are recorded", n, MaxInputs)
		return Result{}, []diag.Diagnostic{d.WithHint("keep only the platform's CUE files in its folder")}, nil
	}
	compiled := recompiler{platform: platform, done: map[string]recompiled{}}
	j := job{message: platformMessage(o, platform), pos: platform.Pos, guarded: true, long: true}
	j.plan = func(ctx context.Context, p *plan) error { return p.publishPlatform(ctx, platform, &compiled) }
	return run(ctx, o, j)
}

// check refuses a Platform that cannot be stored, which is a fault of the program that built it.
func (platform Platform) check() error {
	seen := map[string]bool{}
	for _, s := range platform.Spaces {
		if err := checkNames("namespace", s.Namespace); err != nil {
			return err
		}
		if seen[s.Namespace] {
			return fmt.Errorf("space %s is given twice", s.Namespace)
		}
		seen[s.Namespace] = true
		for region, tree := range s.Regions {
			if err := checkNames("region", region); err != nil {
				return err
			}
			if err := checkFiles(tree); err != nil {
				return err
			}
			if tree.Len() == 0 {
				return fmt.Errorf("space %s has no files in %s", s.Namespace, region)
			}
		}
		for region := range s.Sync {
			if _, ok := s.Regions[region]; !ok {
				return fmt.Errorf("space %s is synced in %s, where it is not", s.Namespace, region)
			}
		}
		for region, tree := range s.Tenant {
			if _, ok := s.Regions[region]; !ok {
				return fmt.Errorf("space %s is bounded in %s, where it is not", s.Namespace, region)
			}
			if err := checkFiles(tree); err != nil {
				return err
			}
		}
	}
	return checkFiles(platform.Inputs)
}

func (p *plan) publishPlatform(ctx context.Context, platform Platform, compiled *recompiler) error {
	old, err := p.platform(ctx)
	if err != nil {
		return err
	}
	record := platform.record(p.options.MeridianVersion)
	p.addRegions(record.regions()...)
	for _, s := range platform.Spaces {
		if err := p.writeSpace(ctx, s); err != nil {
			return err
		}
	}
	if old != nil { // said first: compiled again, their applications would only miss the space
		if p.checkSpacesLeft(old.Spaces, record.Spaces, platform.Pos); diag.HasErrors(p.diags) {
			return nil
		}
		if err := p.spacesInUse(ctx, old.Spaces, record.Spaces, platform.Pos); err != nil || diag.HasErrors(p.diags) {
			return err
		}
	}
	apps, err := p.recompile(ctx, compiled)
	if err != nil {
		return err
	}
	if diag.HasErrors(p.diags) {
		return nil
	}
	if err := p.apps(ctx, apps, &record); err != nil {
		return err
	}
	if old != nil {
		if err := p.removeSpaces(ctx, old.Spaces, record.Spaces, platform.Pos); err != nil {
			return err
		}
	}
	if err := p.writePlatform(ctx, platform, old, record); err != nil {
		return err
	}
	claimed, err := p.draft.names(ctx, claimsDir, true)
	if err != nil {
		return err
	}
	return p.finish(ctx, append(record.regions(), claimed...)...)
}

func (platform Platform) record(version string) PlatformRecord {
	r := PlatformRecord{
		Header: Header{recordVersion, "Platform"}, Digest: platform.Digest, Inputs: digest(platform.Inputs),
		Source: platform.Source.public(), Meridian: version, Signers: signerRecords(platform.Signers),
	}
	for _, s := range platform.Spaces {
		r.Spaces = append(r.Spaces, SpaceRecord{s.Namespace, slices.Sorted(maps.Keys(s.Regions))})
	}
	slices.SortFunc(r.Spaces, func(a, b SpaceRecord) int { return strings.Compare(a.Namespace, b.Namespace) })
	return r
}

// regions are the regions that a platform has spaces in.
func (r PlatformRecord) regions() []string {
	var list []string
	for _, s := range r.Spaces {
		list = append(list, s.Regions...)
	}
	return list
}

func (p *plan) writeSpace(ctx context.Context, s Space) error {
	for region, tree := range s.Regions {
		if err := p.draft.replace(ctx, SpaceFolder(region, s.Namespace), tree); err != nil {
			return err
		}
		if err := p.draft.replace(ctx, TenantFolder(region, s.Namespace), s.Tenant[region]); err != nil {
			return err
		}
		file := SyncFile(region, s.Namespace)
		if data, ok := s.Sync[region]; ok {
			if err := p.draft.put(ctx, file, data); err != nil {
				return err
			}
		} else if err := p.draft.remove(ctx, file); err != nil {
			return err
		}
	}
	return nil
}

// removeSpaces removes what the last platform wrote and this one does not, if that is meant. What nobody recorded
// stays.
func (p *plan) removeSpaces(ctx context.Context, old, now []SpaceRecord, pos diag.Pos) error {
	for _, s := range old {
		stays := map[string]bool{}
		i := slices.IndexFunc(now, func(n SpaceRecord) bool { return n.Namespace == s.Namespace })
		if i >= 0 {
			for _, region := range now[i].Regions {
				stays[region] = true
			}
		}
		var left []string
		for _, region := range s.Regions {
			if stays[region] {
				continue
			}
			there, err := p.holdsSpace(ctx, s.Namespace, region)
			if err != nil {
				return err
			}
			if there {
				left = append(left, region)
			}
			if err := p.removeSpace(ctx, s.Namespace, region, pos); err != nil {
				return err
			}
		}
		p.checkSpaceLeft(s.Namespace, left, i < 0, pos)
	}
	return nil
}

// holdsSpace reports whether the head has a space in a region.
func (p *plan) holdsSpace(ctx context.Context, namespace, region string) (bool, error) {
	for _, place := range []string{SpaceFolder(region, namespace), SyncFile(region, namespace)} {
		if n, err := p.head.lookup(ctx, place); n != nil || err != nil {
			return n != nil, err
		}
	}
	return false, nil
}

// checkSpaceLeft refuses to delete a space from regions unless it is named, or they are.
func (p *plan) checkSpaceLeft(namespace string, left []string, gone bool, pos diag.Pos) {
	if gone {
		if len(left) > 0 && !slices.Contains(p.options.RemoveSpaces, namespace) {
			d := diag.New(diag.SpaceGone, pos, "spaces", "space %s would be deleted from %s", namespace, strings.Join(left, ", "))
			p.report(d.WithHint("if that is meant, add --remove-space %s", namespace))
		}
		return
	}
	for _, region := range left {
		if !slices.Contains(p.options.RemoveFrom, region) {
			p.report(diag.New(diag.RegionLeft, pos, "spaces", "space %s would be deleted", namespace).WithRegion(region))
		}
	}
}

// spacesInUse reports the spaces that are gone from all regions while applications are in them.
func (p *plan) spacesInUse(ctx context.Context, old, now []SpaceRecord, pos diag.Pos) error {
	for _, s := range old {
		if slices.ContainsFunc(now, func(n SpaceRecord) bool { return n.Namespace == s.Namespace }) {
			continue
		}
		for _, region := range s.Regions {
			if _, err := p.inUse(ctx, s.Namespace, region, pos); err != nil {
				return err
			}
		}
	}
	return nil
}

// inUse reports a space that is to go from a region while applications are in it.
func (p *plan) inUse(ctx context.Context, namespace, region string, pos diag.Pos) (bool, error) {
	if err := checkNames("recorded", namespace, region); err != nil {
		return false, &recordError{platformFile, err}
	}
	apps, err := p.draft.folder(ctx, path.Dir(AppFolder(region, namespace, "any")))
	if err != nil || apps == nil || apps.empty() {
		return false, err
	}
	names := strings.Join(slices.Sorted(maps.Keys(apps.kids)), ", ")
	p.report(diag.New(diag.SpaceInUse, pos, "spaces", "space %s is gone, but these applications are there: %s", namespace, names).WithRegion(region))
	return true, nil
}

func (p *plan) removeSpace(ctx context.Context, namespace, region string, pos diag.Pos) error {
	if used, err := p.inUse(ctx, namespace, region, pos); used || err != nil {
		return err
	}
	for _, folder := range []string{SpaceFolder(region, namespace), TenantFolder(region, namespace)} {
		if err := p.draft.replace(ctx, folder, manifest.Tree{}); err != nil {
			return err
		}
	}
	return p.draft.remove(ctx, SyncFile(region, namespace))
}

// writePlatform records the platform, and keeps the provenance while nothing else has changed.
func (p *plan) writePlatform(ctx context.Context, platform Platform, old *PlatformRecord, record PlatformRecord) error {
	if err := p.draft.replace(ctx, platformDir, platform.Inputs); err != nil {
		return err
	}
	if old != nil && old.Digest == record.Digest && old.Inputs == record.Inputs {
		changed, err := p.draft.changed(ctx, p.head, regionsDir)
		if err != nil {
			return err
		}
		if !changed {
			record.Source, record.Meridian = old.Source, old.Meridian
		}
	}
	data, err := encodeRecord(record)
	if err != nil {
		return err
	}
	return p.draft.put(ctx, platformFile, data)
}
