package publish

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// recompiler compiles applications against a new platform. It remembers what it did, because a lost race asks
// again, and a fleet that takes a minute to compile would otherwise lose every race.
type recompiler struct {
	platform Platform
	done     map[string]recompiled // by [recorded.key]
}

type recompiled struct {
	app   App
	diags []diag.Diagnostic
	err   error
}

// recorded is an application as the repository has it.
type recorded struct {
	namespace, name string
	owner           *OwnerRecord
	inputs          manifest.Tree // of the newest version
	versions        []version     // the newest first; each with the regions that it is to be compiled for
}

// key identifies what an application is compiled from.
func (r recorded) key() string {
	text := r.namespace + "/" + r.name
	for _, v := range r.versions {
		text += " " + digest(v.tree) + " " + strings.Join(v.Regions, ",")
	}
	return text
}

// recompile compiles every application of the repository and reports what is wrong with them.
func (p *plan) recompile(ctx context.Context, c *recompiler) ([]App, error) {
	list, err := p.recorded(ctx, c.platform.Pos)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].extend(c.platform)
	}
	if err := c.compile(ctx, list); err != nil {
		return nil, err
	}
	var apps []App
	var broken []recorded
	for _, r := range list {
		result := c.done[r.key()]
		if result.err != nil {
			return nil, fmt.Errorf("compile %s/%s: %w", r.namespace, r.name, result.err)
		}
		p.report(result.diags...)
		if diag.HasErrors(result.diags) {
			broken = append(broken, r)
			continue
		}
		a := result.app
		if a.Namespace != r.namespace || a.Name != r.name {
			return nil, fmt.Errorf("compile %s/%s: the result is %s/%s", r.namespace, r.name, a.Namespace, a.Name)
		}
		if err := a.check(); err != nil {
			return nil, err
		}
		apps = append(apps, a)
	}
	p.reportBroken(broken, len(list), c.platform.Pos)
	if len(broken) == 0 {
		p.reportOpened(list, apps, c.platform.Pos)
	}
	return apps, nil
}

// recorded reads all applications and their inputs, in order.
func (p *plan) recorded(ctx context.Context, pos diag.Pos) ([]recorded, error) {
	if err := p.draft.prefetch(ctx, appsDir); err != nil {
		return nil, err
	}
	var list []recorded
	ids, err := listApps(ctx, p.draft)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		owner, err := p.owner(ctx, id.Namespace, id.Name)
		if err != nil {
			return nil, err
		}
		var r recorded
		if owner != nil {
			if r, err = readRecorded(ctx, p.draft, owner); err != nil {
				return nil, err
			}
		}
		if !r.complete() {
			p.report(diag.New(diag.InputsNotRecorded, pos, "", "application %s has no recorded inputs to compile again", id))
			continue
		}
		list = append(list, r)
	}
	return list, nil
}

// readRecorded reads what an application's record names.
func readRecorded(ctx context.Context, d *draft, owner *OwnerRecord) (recorded, error) {
	versions, err := readVersions(ctx, d, owner)
	if err != nil {
		return recorded{}, err
	}
	return recorded{owner.Namespace, owner.Name, owner, versions[0].tree, versions}, nil
}

// complete reports whether the inputs of every version are there.
func (r recorded) complete() bool {
	return len(r.versions) > 0 && !slices.ContainsFunc(r.versions, func(v version) bool { return v.tree.Len() == 0 })
}

// compile fills in what is not done yet. Each worker writes its own element.
func (c *recompiler) compile(ctx context.Context, list []recorded) error {
	results := make([]recompiled, len(list))
	next := make(chan int)
	var workers sync.WaitGroup
	for range max(1, c.platform.Workers) {
		workers.Go(func() {
			for i := range next {
				results[i] = c.platform.compile(list[i])
			}
		})
	}
	var started []int
	for i, r := range list {
		if _, ok := c.done[r.key()]; !ok && ctx.Err() == nil {
			started = append(started, i)
			next <- i
		}
	}
	close(next)
	workers.Wait()
	for _, i := range started {
		c.done[list[i].key()] = results[i]
	}
	return ctx.Err()
}

// compile compiles each version of an application for the regions that carry it, and puts the results together.
func (platform Platform) compile(r recorded) recompiled {
	var whole recompiled
	for i, v := range r.versions {
		app, diags, err := platform.Recompile(r.namespace, r.name, v.tree, v.Source, v.Regions)
		if err != nil {
			return recompiled{err: err}
		}
		whole.diags = append(whole.diags, diags...)
		if diag.HasErrors(diags) {
			continue
		}
		app.Inputs, app.Source, app.PlatformDigest = v.tree, v.Source, platform.Digest
		if i == 0 {
			whole.app = app
			continue
		}
		if app.Namespace != r.namespace || app.Name != r.name {
			return recompiled{err: fmt.Errorf("an earlier version is %s/%s", app.Namespace, app.Name)}
		}
		whole.app = whole.app.beside(app, v)
	}
	if diag.HasErrors(whole.diags) {
		whole.app = App{}
	}
	return whole
}

// Again compiles what a repository had of an application with this platform: each version for the regions that carried it.
func (platform Platform) Again(app *Published) (App, []diag.Diagnostic, error) {
	newest := version{HeldRecord{Regions: app.Owner.Newest(), Source: app.Owner.Source}, app.Inputs}
	r := recorded{app.Owner.Namespace, app.Owner.Name, &app.Owner, app.Inputs, []version{newest}}
	for _, h := range app.Held {
		r.versions = append(r.versions, version{HeldRecord{Regions: h.Regions, Source: h.Source}, h.Inputs})
	}
	done := platform.compile(r)
	return done.app, done.diags, done.err
}

// beside is an application with an earlier version in further regions.
func (a App) beside(earlier App, v version) App {
	where, regions := a.Where, a.Regions
	a.Regions = maps.Clone(a.Regions)
	maps.Copy(a.Regions, earlier.Regions)
	a.Claims = slices.Concat(a.Claims, earlier.Claims)
	a.Held = append(slices.Clip(a.Held), Held{earlier.regionNames(), v.tree, v.Source})
	a.Where = func(claim manifest.Claim) diag.Pos {
		ask := earlier.Where
		if _, newer := regions[claim.Region]; newer {
			ask = where
		}
		if ask == nil {
			return a.Pos
		}
		return ask(claim)
	}
	a.Elsewhere = slices.DeleteFunc(slices.Clone(a.Elsewhere), func(region string) bool {
		_, there := a.Regions[region]
		return there
	})
	return a
}
