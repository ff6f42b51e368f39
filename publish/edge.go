package publish

import (
	"context"
	"fmt"
	"path"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// writeEdge computes a region's aggregates again. The folder's YAML files are all Meridian's; others stay.
func (p *plan) writeEdge(ctx context.Context, region string) error {
	if p.options.Edge == nil {
		return nil
	}
	claims, err := p.book.all(ctx, region)
	if err != nil {
		return err
	}
	files, diags, err := p.options.Edge(region, claims)
	p.report(diags...)
	if err != nil {
		return fmt.Errorf("compute the edge of %s: %w", region, err)
	}
	if diag.HasErrors(diags) {
		return nil
	}
	tree, err := manifest.NewTree(files)
	if err != nil {
		return fmt.Errorf("compute the edge of %s: %w", region, err)
	}
	folder := EdgeFolder(region)
	var stale []string
	err = p.draft.walk(ctx, folder, func(file string, _ *node) error {
		if _, ok := tree.Get(file[len(folder)+1:]); !ok && path.Ext(file) == ".yaml" {
			stale = append(stale, file)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, file := range stale {
		if err := p.draft.remove(ctx, file); err != nil {
			return err
		}
	}
	for file, data := range tree.Files() {
		if err := p.draft.put(ctx, path.Join(folder, file), data); err != nil {
			return err
		}
	}
	return nil
}
