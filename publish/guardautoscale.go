package publish

import (
	"bytes"
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

const (
	deploymentFile = "deployment.yaml"
	autoscalerFile = "horizontalpodautoscaler.yaml"
)

// checkAutoscale refuses to give the number of pods to an autoscaler while the sync still holds it: the next sync
// drops the field, the cluster takes the default of 1 for it, and the autoscaler brings the pods back one by one.
func (p *plan) checkAutoscale(ctx context.Context, e *entry) error {
	if e.old == nil || p.options.allows(AutoscaleGap) {
		return nil
	}
	var files []string
	for _, region := range slices.Sorted(maps.Keys(e.Regions)) {
		drops, err := p.mayDropReplicas(ctx, e, region)
		if err != nil {
			return err
		}
		if drops {
			files = append(files, path.Join(AppFolder(region, e.Namespace, e.Name), deploymentFile))
		}
	}
	if err := p.head.prefetch(ctx, files...); err != nil {
		return err
	}
	for _, file := range files {
		if err := p.checkGap(ctx, e, file); err != nil {
			return err
		}
	}
	return nil
}

// mayDropReplicas looks at what costs nothing: the new manifests, and which files there were. Under an autoscaler the
// old Deployment had no replicas already.
func (p *plan) mayDropReplicas(ctx context.Context, e *entry, region string) (bool, error) {
	tree := e.Regions[region]
	deployment, ok := tree.Get(deploymentFile)
	if !ok || bytes.Contains(deployment, []byte("\n  replicas: ")) {
		return false, nil
	}
	folder, err := p.head.folder(ctx, AppFolder(region, e.Namespace, e.Name))
	if folder == nil || err != nil {
		return false, err
	}
	_, was := folder.kids[deploymentFile]
	_, scaled := folder.kids[autoscalerFile]
	return was && !scaled, nil
}

// checkGap compares a region's Deployment and autoscaler with what they were.
func (p *plan) checkGap(ctx context.Context, e *entry, file string) error {
	before, _, err := p.head.file(ctx, file)
	if err != nil {
		return err
	}
	region := strings.Split(file, "/")[1]
	old, err := manifest.NewTree([]manifest.File{{Path: file, Data: before}})
	if err != nil {
		return err
	}
	var files []manifest.File
	for _, name := range []string{deploymentFile, autoscalerFile} {
		if data, ok := e.Regions[region].Get(name); ok {
			files = append(files, manifest.File{Path: path.Join(path.Dir(file), name), Data: data})
		}
	}
	now, err := manifest.NewTree(files)
	if err != nil {
		return err
	}
	for _, c := range change.Compare(old, now) {
		if c.Is(change.AutoscaleGap) {
			d := diag.New(diag.AutoscalerGap, e.Pos, "autoscale", "application %s: %s", e.id(), strings.Join(c.Notes, "; "))
			p.report(d.WithRegion(region))
		}
	}
	return nil
}
