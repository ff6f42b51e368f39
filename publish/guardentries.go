package publish

import (
	"context"
	"slices"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// checkEntries refuses an http entry that is new in a region and has host and path of one that goes there: it was
// renamed. The clusters make its Ingress before they delete the other one, and where ingress-nginx's admission webhook is
// on, it refuses the new one as long as the other is there, which the failed sync does not prune.
func (p *plan) checkEntries(_ context.Context, e *entry) error {
	if p.options.allows(RenamedEntry) {
		return nil
	}
	for _, c := range e.sortedClaims() {
		if c.Kind != manifest.ClaimHTTP || hasIngress(e.held, c) {
			continue
		}
		i := slices.IndexFunc(e.held, func(held manifest.Claim) bool {
			return held.Kind == c.Kind && held.Region == c.Region && held.Host == c.Host && held.Path == c.Path && !hasIngress(e.Claims, held)
		})
		if i < 0 {
			continue
		}
		pos := e.Pos
		if e.Where != nil {
			pos = e.Where(c)
		}
		d := diag.New(diag.EntryRenamed, pos, "http."+c.Entry, "the http entry %s of application %s is now called %s, with the same host %s: the clusters make a new Ingress and delete the old one",
			e.held[i].Entry, e.id(), c.Entry, c.Host)
		p.report(d.WithHint("keep the name %s; if the new one is meant, add --allow %s", e.held[i].Entry, RenamedEntry).WithRegion(c.Region))
	}
	return nil
}

// hasIngress reports whether claims hold one of the same entry in the same region: an entry has an Ingress, named for it.
func hasIngress(claims []manifest.Claim, c manifest.Claim) bool {
	return slices.ContainsFunc(claims, func(other manifest.Claim) bool {
		return other.Kind == c.Kind && other.Region == c.Region && other.Entry == c.Entry
	})
}
