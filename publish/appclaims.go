package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// releaseClaims takes an application's claims out of the book and refuses what would be given up unasked.
func (p *plan) releaseClaims(ctx context.Context, e *entry) error {
	if e.old != nil {
		held, err := p.book.releaseAll(ctx, e.old)
		if err != nil {
			return err
		}
		e.held = held
	}
	for _, region := range p.regions {
		if !slices.Contains(p.options.RemoveFrom, region) {
			p.checkGivenUp(e, region)
		}
	}
	return nil
}

// checkGivenUp reports what an application would lose in a region: all of it, or hosts and ports.
func (p *plan) checkGivenUp(e *entry, region string) {
	keeps := map[string]bool{}
	for _, c := range e.Claims {
		if c.Region == region {
			keeps[claimName(c)] = true
		}
	}
	var lost []string
	for _, c := range e.held {
		if c.Region == region && !keeps[claimName(c)] {
			lost = append(lost, claimName(c))
		}
	}
	slices.Sort(lost)
	names := strings.Join(slices.Compact(lost), ", ")
	var d diag.Diagnostic
	switch {
	case slices.Contains(e.left, region):
		with := ""
		if names != "" {
			with = " and give up " + names
		}
		d = diag.New(diag.RegionLeft, e.Pos, "only", "application %s/%s would be deleted%s", e.Namespace, e.Name, with)
	case names != "":
		d = diag.New(diag.ExposureDropped, e.Pos, "", "application %s/%s would give up %s", e.Namespace, e.Name, names)
	default:
		return
	}
	p.report(d.WithRegion(region))
}

// takeClaims enters an application's claims and reports those that somebody else holds, unless they may be taken.
func (p *plan) takeClaims(ctx context.Context, e *entry, entries []entry) error {
	for _, c := range e.sortedClaims() {
		held, err := p.book.take(ctx, c, p.regions)
		for err == nil && held != nil {
			var passed bool
			if passed, err = p.takeOver(ctx, e, *held, entries); err != nil || !passed {
				break
			}
			held, err = p.book.take(ctx, c, p.regions)
		}
		if err != nil {
			return err
		}
		if held == nil || p.moved[AppID{held.Namespace, held.App}] { // that it moved has been told
			continue
		}
		holder, err := p.holder(ctx, *held, entries)
		if err != nil {
			return err
		}
		p.report(claimTaken(e.App, c, *held, holder))
	}
	return nil
}

// claimTaken is the diagnostic for a claim that is in the way of another.
func claimTaken(a App, c, held manifest.Claim, holder string) diag.Diagnostic {
	pos, field := a.Pos, string(c.Kind)+"."+c.Entry
	if a.Where != nil {
		pos = a.Where(c)
	}
	var d diag.Diagnostic
	instead := "another host"
	switch {
	case c.Kind == manifest.ClaimHTTP && held.Host != c.Host:
		d = diag.New(diag.HostOverlaps, pos, field, "%s and %s of %s would answer for the same names: %s holds it", claimName(c), claimName(held), held.Namespace, holder)
	case c.Kind == manifest.ClaimHTTP && (held.Namespace == c.Namespace || held.Delegated || c.Delegated):
		d = diag.New(diag.ClaimedPath, pos, field, "%s (%s) of host %s is held by %s", c.Path, c.PathType, c.Host, holder).WithRegion(c.Region)
		instead = "another path or host"
	case c.Kind == manifest.ClaimHTTP:
		d = diag.New(diag.ClaimedHost, pos, field, "%s belongs to %s in all regions: %s holds it", claimName(c), held.Namespace, holder)
	default:
		d = diag.New(diag.ClaimedPort, pos, field, "%s is held by %s", claimName(c), holder).WithRegion(c.Region)
		instead = "another port"
	}
	if held.App == "" {
		return d
	}
	return d.WithHint("choose %s, or have its holder give it up first; if this one replaces that application as a whole, add --take-over %s/%s, which removes it", instead, held.Namespace, held.App)
}

// holder describes who holds a claim: entry, application, namespace, whom to ask, and where it was published from.
func (p *plan) holder(ctx context.Context, held manifest.Claim, entries []entry) (string, error) {
	if held.App == "" {
		return "space " + held.Namespace, nil
	}
	id := AppID{held.Namespace, held.App}
	var source Source
	var owner string
	if i := slices.IndexFunc(entries, func(e entry) bool { return e.id() == id }); i >= 0 {
		source, owner = entries[i].Source, entries[i].Owner
	} else {
		record, err := p.owner(ctx, held.Namespace, held.App)
		if err != nil {
			return "", err
		}
		if record != nil {
			source, owner = record.Source, record.Owner
		}
	}
	text := fmt.Sprintf("application %s (entry %s)", id, held.Entry)
	if owner != "" {
		text += " of " + owner
	}
	if from := source.String(); from != "" {
		text += " from " + from
	}
	return text, nil
}
