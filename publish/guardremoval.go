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
)

// A removal is massive when it takes away more than so many objects of a region, and more than a tenth of them.
const (
	massObjects = 50
	massShare   = 10 // one in ten
)

// checkRemoval refuses what would remove a large part of a region: usually a mistake in a template, a script or a
// folder's name, and every object would be deleted from the region's cluster.
func (p *plan) checkRemoval(ctx context.Context, changes []FileChange, pos diag.Pos) error {
	if p.options.allows(MassRemoval) {
		return nil
	}
	removed := map[string]map[string]int{} // by region and folder
	for _, c := range changes {
		region, folder, ok := objectFolder(c.Path)
		if !ok || c.Op != Removed {
			continue
		}
		if removed[region] == nil {
			removed[region] = map[string]int{}
		}
		removed[region][folder]++
	}
	var parts []string
	folders := map[string]bool{}
	for _, region := range slices.Sorted(maps.Keys(removed)) {
		n := 0
		for _, count := range removed[region] {
			n += count
		}
		if n <= massObjects {
			continue
		}
		held, err := p.countObjects(ctx, region, n*massShare)
		if err != nil {
			return err
		}
		if held >= n*massShare {
			continue
		}
		parts = append(parts, fmt.Sprintf("%d of %d objects of %s", n, held, region))
		for folder := range removed[region] {
			folders[folder] = true
		}
	}
	if len(parts) > 0 {
		p.report(diag.New(diag.MassRemovalRefused, pos, "", "this would remove %s: of %s",
			strings.Join(parts, ", "), listed(slices.Sorted(maps.Keys(folders)))))
	}
	return nil
}

// objectFolder is the region of a manifest and the application or space that it belongs to.
func objectFolder(file string) (region, folder string, ok bool) {
	parts := strings.Split(file, "/")
	if len(parts) < 6 || parts[0] != regionsDir || parts[2] != "spaces" {
		return "", "", false
	}
	if parts[4] == "apps" {
		return parts[1], parts[3] + "/" + parts[5], true
	}
	return parts[1], "the space " + parts[3], true
}

// countObjects counts the files of a region's spaces in the head. It reads trees and no file, and stops at enough.
func (p *plan) countObjects(ctx context.Context, region string, enough int) (int, error) {
	n, err := p.head.folder(ctx, path.Join(regionsDir, region, "spaces"))
	if n == nil || err != nil {
		return 0, err
	}
	count := 0
	err = countFiles(ctx, p.head.engine, n.base, enough, &count)
	return count, err
}

func countFiles(ctx context.Context, e engine, tree plumbing.Hash, enough int, count *int) error {
	entries, err := readTree(ctx, e, tree)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if *count >= enough {
			return nil
		}
		if entry.Mode != filemode.Dir {
			*count++
			continue
		}
		if err := countFiles(ctx, e, entry.Hash, enough, count); err != nil {
			return err
		}
	}
	return nil
}

// checkSpacesLeft refuses a platform without spaces where there were some.
func (p *plan) checkSpacesLeft(old, now []SpaceRecord, pos diag.Pos) {
	if len(now) > 0 || len(old) == 0 || p.options.allows(Empty) {
		return
	}
	var names []string
	for _, s := range old {
		names = append(names, s.Namespace)
	}
	p.report(diag.New(diag.EmptyResult, pos, "spaces", "the platform has no spaces, and these are published: %s", listed(names)))
}
