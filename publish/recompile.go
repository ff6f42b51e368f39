package publish

import (
	"context"
	"fmt"
	"path"
	"sync"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// recompiler compiles applications against a new platform. It remembers what it did, because a lost race asks
// again, and a fleet that takes a minute to compile would otherwise lose every race.
type recompiler struct {
	platform Platform
	done     map[string]recompiled // by namespace/name and digest of the inputs
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
	inputs          manifest.Tree
}

func (r recorded) key() string { return r.namespace + "/" + r.name + " " + digest(r.inputs) }

// recompile compiles every application of the repository and reports what is wrong with them.
func (p *plan) recompile(ctx context.Context, c *recompiler) ([]App, error) {
	list, err := p.recorded(ctx, c.platform.Pos)
	if err != nil {
		return nil, err
	}
	if err := c.compile(ctx, list); err != nil {
		return nil, err
	}
	var apps []App
	for _, r := range list {
		result := c.done[r.key()]
		if result.err != nil {
			return nil, fmt.Errorf("compile %s/%s: %w", r.namespace, r.name, result.err)
		}
		p.report(result.diags...)
		if diag.HasErrors(result.diags) {
			continue
		}
		a := result.app
		if a.Namespace != r.namespace || a.Name != r.name {
			return nil, fmt.Errorf("compile %s/%s: the result is %s/%s", r.namespace, r.name, a.Namespace, a.Name)
		}
		a.Inputs, a.Source, a.PlatformDigest = r.inputs, r.owner.Source, c.platform.Digest
		if err := a.check(); err != nil {
			return nil, err
		}
		apps = append(apps, a)
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
		r := recorded{namespace: id.Namespace, name: id.Name}
		if r.owner, err = p.owner(ctx, r.namespace, r.name); err != nil {
			return nil, err
		}
		if r.inputs, err = p.draft.tree(ctx, path.Join(RecordFolder(r.namespace, r.name), inputsDir)); err != nil {
			return nil, err
		}
		if r.owner == nil || r.inputs.Len() == 0 {
			p.report(diag.New(diag.InputsNotRecorded, pos, "", "application %s/%s has no recorded inputs to compile again", r.namespace, r.name))
			continue
		}
		list = append(list, r)
	}
	return list, nil
}

// compile fills in what is not done yet. Each worker writes its own element.
func (c *recompiler) compile(ctx context.Context, list []recorded) error {
	results := make([]recompiled, len(list))
	next := make(chan int)
	var workers sync.WaitGroup
	for range max(1, c.platform.Workers) {
		workers.Go(func() {
			for i := range next {
				r, out := list[i], &results[i]
				out.app, out.diags, out.err = c.platform.Recompile(r.namespace, r.name, r.inputs, r.owner.Source)
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
