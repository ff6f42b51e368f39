package publish

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// Edge computes all regions' aggregates from the claims again and commits what differs: pull requests leave them alone.
// Two that were merged may each have taken one host in another region, or a host and a wildcard over it, which git does not
// see as a conflict; so the claims are checked against one another and against the records first, and nothing is committed
// when they contradict. digest is the platform's that Options.Edge is made from.
func Edge(ctx context.Context, o Options, digest string) (Result, []diag.Diagnostic, error) {
	if o.Edge == nil || o.Base != "" {
		return Result{}, nil, errors.New("compute the edge: nothing says how, or it is for a pull request")
	}
	j := job{message: message(o, "compute the edge of all regions", nil, nil, map[string]bool{digest: true})}
	j.plan = func(ctx context.Context, p *plan) error { return p.publishEdge(ctx, digest) }
	return run(ctx, o, j)
}

func (p *plan) publishEdge(ctx context.Context, digest string) error {
	record, err := p.platform(ctx)
	switch {
	case err != nil:
		return err
	case record == nil:
		p.report(diag.New(diag.NothingPublished, diag.Pos{}, "", "no platform was published here"))
		return nil
	case record.Digest != digest:
		p.report(diag.New(diag.PlatformMismatch, diag.Pos{}, "", "the edge of platform %s, but %s is in force", short(digest), short(record.Digest)))
		return nil
	}
	p.addRegions(record.regions()...)
	if err := p.checkClaims(ctx); err != nil || diag.HasErrors(p.diags) {
		return err
	}
	claimed, err := p.draft.names(ctx, claimsDir, true)
	if err != nil {
		return err
	}
	return p.finish(ctx, append(record.regions(), claimed...)...)
}

// checkClaims holds claims and records against one another.
func (p *plan) checkClaims(ctx context.Context) error {
	owners, err := p.owners(ctx)
	if err != nil {
		return err
	}
	if err := p.draft.prefetch(ctx, claimsDir); err != nil { // each is looked for in every region
		return err
	}
	entered := map[AppID]map[string]bool{} // claim files that hold an entry of an application
	for _, region := range p.regions {
		claims, err := p.book.all(ctx, region)
		if err != nil {
			return err
		}
		for _, c := range claims {
			if err := p.checkHolder(ctx, c); err != nil {
				return err
			}
			id, file := AppID{c.Namespace, c.App}, claimFile(c)
			if c.App == "" {
				continue // reserved for the space
			}
			if entered[id] == nil {
				entered[id] = map[string]bool{}
			}
			entered[id][file] = true
			if owner := owners[id]; owner == nil || !slices.Contains(owner.Claims, file) {
				p.report(diag.New(diag.ClaimOrphaned, claimPos(file), "", "%s is claimed for application %s, %s", claimPlace(c), id, whyOrphaned(owner)))
			}
		}
	}
	p.checkEntered(owners, entered)
	return nil
}

func claimPos(file string) diag.Pos { return diag.Pos{File: path.Join(claimsDir, file)} }

func whyOrphaned(owner *OwnerRecord) string {
	if owner == nil {
		return "which is not in the repository"
	}
	return "which does not claim it"
}

// checkHolder reports a claim whose host another space holds, by the rules of publishing: of the two the later, in the
// order of claims.
func (p *plan) checkHolder(ctx context.Context, c manifest.Claim) error {
	held, err := p.book.hostTaken(ctx, c, p.regions)
	if err != nil || held == nil || held.Compare(c) > 0 {
		return err
	}
	code, other, rule := diag.ClaimedHost, "", "a host belongs"
	if held.Host != c.Host {
		code, other, rule = diag.HostOverlaps, claimName(*held)+" ", "both answer for the same names, which belong"
	}
	d := diag.New(code, claimPos(claimFile(c)), "", "%s is claimed for %s, and in %s %sfor %s; %s to one space in all regions",
		claimName(c), claimant(c), held.Region, other, claimant(*held), rule)
	d = d.WithHint("publish one of the two applications again without the host")
	p.report(d.WithRelated(claimPos(claimFile(*held)), "the other claim"))
	return nil
}

// claimant is who a claim is for: an application, or a space that a host is reserved for.
func claimant(c manifest.Claim) string { return strings.TrimSuffix(c.Namespace+"/"+c.App, "/") }

// owners reads the records of all applications, without their inputs.
func (p *plan) owners(ctx context.Context) (map[AppID]*OwnerRecord, error) {
	ids, err := listApps(ctx, p.draft)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, id := range ids {
		files = append(files, ownerFile(id.Namespace, id.Name))
	}
	if err := p.draft.prefetch(ctx, files...); err != nil {
		return nil, err
	}
	owners := map[AppID]*OwnerRecord{}
	for _, id := range ids {
		if owners[id], err = p.owner(ctx, id.Namespace, id.Name); err != nil {
			return nil, fmt.Errorf("read the record of %s: %w", id, err)
		}
	}
	return owners, nil
}

// checkEntered reports claims that records name and that are not there.
func (p *plan) checkEntered(owners map[AppID]*OwnerRecord, entered map[AppID]map[string]bool) {
	for id, owner := range owners {
		if owner == nil {
			continue
		}
		for _, file := range owner.Claims {
			if !entered[id][file] {
				p.report(diag.New(diag.ClaimMissing, claimPos(file), "", "application %s claims it, and has no entry there", id))
			}
		}
	}
}
