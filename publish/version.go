package publish

import (
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/meridian-gitops/meridian/manifest"
)

// version is what an application is compiled from in some of its regions: its record has the newest one, and those
// that other regions carry until it is promoted to them.
type version struct {
	HeldRecord
	tree manifest.Tree // the inputs
}

var digestRE = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^sha256:[0-9a-f]{64}$`) })

// check refuses a record whose versions cannot be: each region carries one, and a digest becomes a folder's name.
func (r *OwnerRecord) check() error {
	seen := map[string]bool{}
	for _, h := range r.Held {
		if !digestRE().MatchString(h.Inputs) || h.Inputs == r.Inputs {
			return fmt.Errorf("%q is not the digest of an earlier version", h.Inputs)
		}
		for _, region := range h.Regions {
			if seen[region] || !slices.Contains(r.Regions, region) {
				return fmt.Errorf("%s does not carry the version %s", region, short(h.Inputs))
			}
			seen[region] = true
		}
	}
	return nil
}

// newest is the version whose inputs are not held, without them.
func (r *OwnerRecord) newest() HeldRecord {
	regions := slices.DeleteFunc(slices.Clone(r.Regions), func(region string) bool {
		return slices.ContainsFunc(r.Held, func(h HeldRecord) bool { return slices.Contains(h.Regions, region) })
	})
	return HeldRecord{Regions: regions, Inputs: r.Inputs, Source: r.Source, Platform: r.Platform, Meridian: r.Meridian}
}

// Newest are the regions that carry the newest version, sorted.
func (r *OwnerRecord) Newest() []string { return r.newest().Regions }

// heldName is the name of the folder of an earlier version's inputs.
func heldName(digest string) string {
	return strings.TrimPrefix(digest, "sha256:")[:12]
}

// inputsFolder is where the inputs of a version are: those of the newest have a folder that never changes its name.
func (r *OwnerRecord) inputsFolder(v HeldRecord) string {
	record := RecordFolder(r.Namespace, r.Name)
	if v.Inputs == r.Inputs {
		return path.Join(record, inputsDir)
	}
	return path.Join(record, heldDir, heldName(v.Inputs))
}

// readVersions reads an application's versions with their inputs, the newest first.
func readVersions(ctx context.Context, d *draft, owner *OwnerRecord) ([]version, error) {
	list := []version{{HeldRecord: owner.newest()}}
	for _, h := range owner.Held {
		list = append(list, version{HeldRecord: h})
	}
	for i := range list {
		var err error
		if list[i].tree, err = d.tree(ctx, owner.inputsFolder(list[i].HeldRecord)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// joined puts versions of the same inputs together, drops those that no region carries, and sorts regions.
func joined(list []version) []version {
	var kept []version
	for _, v := range list {
		i := slices.IndexFunc(kept, func(k version) bool { return k.Inputs == v.Inputs })
		if i >= 0 {
			kept[i].Regions = append(kept[i].Regions, v.Regions...)
		} else if len(v.Regions) > 0 {
			v.Regions = slices.Clone(v.Regions)
			kept = append(kept, v)
		}
	}
	for i := range kept {
		slices.Sort(kept[i].Regions)
		kept[i].Regions = slices.Compact(kept[i].Regions)
	}
	return kept
}

// versions are what an application was compiled from, the newest first; all of them by one version of Meridian.
func (a App) versions(meridian string) []version {
	newest := version{HeldRecord: HeldRecord{Inputs: digest(a.Inputs), Source: a.Source.public(), Platform: a.PlatformDigest, Meridian: meridian}, tree: a.Inputs}
	list := []version{newest}
	held := map[string]bool{}
	for _, h := range a.Held {
		list = append(list, version{HeldRecord{h.Regions, digest(h.Inputs), h.Source.public(), a.PlatformDigest, meridian}, h.Inputs})
		for _, region := range h.Regions {
			held[region] = true
		}
	}
	for region := range a.Regions {
		if !held[region] {
			list[0].Regions = append(list[0].Regions, region)
		}
	}
	return joined(list)
}

// outside drops the versions' regions that are given, and the versions that have no other.
func outside(list []version, regions []string) []version {
	var kept []version
	for _, v := range list {
		v.Regions = slices.DeleteFunc(slices.Clone(v.Regions), func(region string) bool { return slices.Contains(regions, region) })
		kept = append(kept, v)
	}
	return joined(kept)
}

// heldTree is the content of an application's folder of earlier versions.
func heldTree(list []version) (manifest.Tree, error) {
	var files []manifest.File
	for _, v := range list[min(1, len(list)):] {
		for file, data := range v.tree.Files() {
			files = append(files, manifest.File{Path: path.Join(heldName(v.Inputs), file), Data: data})
		}
	}
	return manifest.NewTree(files)
}

// held are versions but the first as [App] and [Published] have them.
func held(list []version) []Held {
	var out []Held
	for _, v := range list[min(1, len(list)):] {
		out = append(out, Held{v.Regions, v.tree, v.Source})
	}
	return out
}

// regionNames are the regions that an application was compiled for, sorted.
func (a App) regionNames() []string { return slices.Sorted(maps.Keys(a.Regions)) }
