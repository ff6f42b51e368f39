package main

import (
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/golden"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
	"github.com/meridian-gitops/meridian/regions"
)

// diffReport is what `diff --format json` prints. Names and classes are stable.
type diffReport struct {
	From    string          `json:"from"`              // what is compared with: a revision, a folder, a repository, a platform
	To      string          `json:"to"`                // what is compared: a revision, a platform, or the working folder
	Summary change.Summary  `json:"summary"`           // counts of applications
	Changes []change.Change `json:"changes"`           // folded, most dangerous first; empty when nothing differs
	Unified string          `json:"unified,omitempty"` // with --unified: the manifests' unified diffs
}

// differ collects what changes, application by application.
type differ struct {
	unified  bool
	from, to string
	changes  []change.Change
	files    golden.Diff // with unified only
}

// compared is what changes of an application, or of spaces.
type compared struct {
	changes []change.Change
	files   golden.Diff // only if unified diffs are wanted
}

// compare compares manifests as they lie in the repository.
func compare(old, new manifest.Tree, unified bool) *compared {
	c := &compared{changes: change.Compare(old, new)}
	if unified && len(c.changes) > 0 {
		c.files = golden.Compare(old, new)
	}
	return c
}

func (d *differ) add(c *compared) {
	d.changes = append(d.changes, c.changes...)
	d.files = append(d.files, c.files...)
}

func (d *differ) report() diffReport {
	r := diffReport{From: d.from, To: d.to, Changes: change.Fold(d.changes)}
	if r.Changes == nil {
		r.Changes = []change.Change{}
	}
	r.Summary = change.Summarize(r.Changes)
	slices.SortStableFunc(d.files, func(a, b golden.File) int { return strings.Compare(a.Path, b.Path) })
	r.Unified = d.files.Unified()
	return r
}

// withEdge returns an application's manifests as they lie in the repository, and what the regions' proxies read of
// it: of the files that applications share, its own entries.
func (s *session) withEdge(r *compiler.Product) (manifest.Tree, error) {
	tree, err := r.Tree()
	if err != nil {
		return tree, err
	}
	files, err := edgeFiles(s.compiler.Platform(), r.Claims())
	if err != nil || len(files) == 0 {
		return tree, err
	}
	for path, data := range tree.Files() {
		files = append(files, manifest.File{Path: path, Data: data})
	}
	return manifest.NewTree(files)
}

// edgeFiles are the aggregates of claims in all open regions.
func edgeFiles(p *regions.Platform, claims []manifest.Claim) ([]manifest.File, error) {
	byRegion := map[string][]manifest.Claim{}
	for _, claim := range claims {
		if claim.Kind != manifest.ClaimHTTP {
			byRegion[claim.Region] = append(byRegion[claim.Region], claim)
		}
	}
	var files []manifest.File
	for id, list := range byRegion {
		r := p.Region(id)
		if r == nil {
			continue
		}
		made, err := compiler.Edge(r, list)
		if err != nil {
			return nil, err
		}
		for _, file := range made {
			files = append(files, manifest.File{Path: publish.EdgeFolder(id) + "/" + file.Path, Data: file.Data})
		}
	}
	return files, nil
}

// spaceTree is what the platform itself publishes, as it lies in the repository.
func (s *session) spaceTree() (manifest.Tree, error) {
	spaces, err := s.compiler.Spaces()
	if err != nil {
		return manifest.Tree{}, err
	}
	var files []manifest.File
	for _, space := range spaces {
		files = appendTree(files, publish.SpaceFolder(space.Region, space.Namespace), space.Files)
		files = appendTree(files, publish.TenantFolder(space.Region, space.Namespace), space.Tenant)
		files = append(files, manifest.File{Path: publish.SyncFile(space.Region, space.Namespace), Data: space.Sync})
	}
	return manifest.NewTree(files)
}
