package compiler

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
)

// checkWidening warns where a region's override lets more clients in than the base does, or lets them in less
// safely: an allow-list dropped or widened, the redirect or TLS off.
func (p *RegionPlan) checkWidening(base *schema.Spec) []diag.Diagnostic {
	if base == nil {
		return nil
	}
	c := &planCheck{RegionPlan: p}
	for _, name := range slices.Sorted(maps.Keys(p.Spec.HTTP)) {
		before, existed := base.HTTP[name]
		if !existed {
			continue
		}
		after := p.Spec.HTTP[name]
		at := func(field string) []string { return []string{"http", name, field} }
		switch {
		case before.AllowFrom != nil && after.AllowFrom == nil:
			c.addOverride(at("allowFrom"), "the allow-list of http.%s is dropped: all clients are let in", name)
		case !covered(after.AllowFrom, before.AllowFrom):
			c.addOverride(at("allowFrom"), "the allow-list of http.%s lets in clients that it keeps out elsewhere", name)
		}
		if before.RedirectToHTTPS && !after.RedirectToHTTPS {
			c.addOverride(at("redirectToHTTPS"), "http.%s no longer redirects to HTTPS", name)
		}
		if before.TLS != nil && after.TLS == nil {
			c.addOverride(at("tls"), "http.%s no longer has HTTPS", name)
		}
	}
	return c.list
}

// addOverride points at the override, also where it removed what the merged application no longer has.
func (c *planCheck) addOverride(path []string, format string, args ...any) {
	full := append([]string{"regions", c.Region.ID}, path...)
	root := c.App.Node()
	d := diag.New(diag.ExposureWidened, root.Where(full...), fieldPath(full), format, args...)
	c.list = append(c.list, d.WithRelated(root.Where(path...), "elsewhere it is as here"))
}

// covered reports whether every range of a list lies inside one of another. A nil other list covers everything.
func covered(list, other []string) bool {
	if other == nil {
		return true
	}
	return !slices.ContainsFunc(list, func(cidr string) bool {
		inner, err := netip.ParsePrefix(cidr)
		return err == nil && !slices.ContainsFunc(other, func(o string) bool {
			outer, err := netip.ParsePrefix(o)
			return err == nil && outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
		})
	})
}
