package publish

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// RemoveSpace removes a space from all regions in one commit: its folders, its sync objects, the hosts that are
// reserved for it, and its entry in the platform's record. It is refused while applications are in the space.
func RemoveSpace(ctx context.Context, o Options, namespace string) (Result, []diag.Diagnostic, error) {
	if err := checkNames("namespace", namespace); err != nil {
		return Result{}, nil, err
	}
	trailers := []string{"Meridian-Space: " + namespace}
	j := job{message: message(o, "remove space "+namespace, trailers, nil, nil)}
	j.plan = func(ctx context.Context, p *plan) error { return p.dropSpace(ctx, namespace) }
	return run(ctx, o, j)
}

func (p *plan) dropSpace(ctx context.Context, namespace string) error {
	there, apps, err := p.inSpace(ctx, namespace)
	switch {
	case err != nil:
		return err
	case len(apps) > 0:
		p.report(diag.New(diag.SpaceInUse, diag.Pos{}, "", "space %s has applications: %s", namespace, strings.Join(apps, ", ")).
			WithHint("remove them first: meridian remove"))
		return nil
	case !there:
		p.report(diag.New(diag.SpaceUnknown, diag.Pos{}, "", "there is no space %s", namespace))
		return nil
	}
	for _, region := range p.regions {
		if err := p.removeSpace(ctx, namespace, region, diag.Pos{}); err != nil {
			return err
		}
		if err := p.dropReservations(ctx, namespace, region); err != nil {
			return err
		}
	}
	record, err := p.platform(ctx)
	if err != nil {
		return err
	}
	if record != nil {
		record.Spaces = slices.DeleteFunc(record.Spaces, func(s SpaceRecord) bool { return s.Namespace == namespace })
		data, err := encodeRecord(record)
		if err != nil {
			return err
		}
		if err := p.draft.put(ctx, platformFile, data); err != nil {
			return err
		}
	}
	return p.finish(ctx)
}

// inSpace reports whether a space is anywhere, and the names of the applications in it, sorted.
func (p *plan) inSpace(ctx context.Context, namespace string) (there bool, apps []string, err error) {
	apps, err = p.draft.names(ctx, path.Join(appsDir, namespace), true)
	if err != nil {
		return false, nil, err
	}
	for _, region := range p.regions {
		names, err := p.draft.names(ctx, path.Dir(AppFolder(region, namespace, "any")), true)
		if err != nil {
			return false, nil, err
		}
		apps = append(apps, names...)
		for _, place := range []string{SpaceFolder(region, namespace), TenantFolder(region, namespace), SyncFile(region, namespace)} {
			n, err := p.draft.lookup(ctx, place)
			if err != nil {
				return false, nil, err
			}
			there = there || n != nil
		}
	}
	slices.Sort(apps)
	return there, slices.Compact(apps), nil
}

// dropReservations gives free the hosts of a region that are reserved for a space without an application.
func (p *plan) dropReservations(ctx context.Context, namespace, region string) error {
	claims, err := p.book.all(ctx, region)
	if err != nil {
		return err
	}
	for _, c := range claims {
		if c.Kind == manifest.ClaimHTTP && c.Namespace == namespace && c.App == "" {
			if err := p.book.unreserve(ctx, claimFile(c)); err != nil {
				return err
			}
		}
	}
	return nil
}
