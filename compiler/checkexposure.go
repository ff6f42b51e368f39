package compiler

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

func (c *planCheck) http() {
	type route struct{ host, path, kind string }
	routes, tls := map[route][]string{}, map[string][]string{}
	capabilities := dialectOf(c.Region).Capabilities()
	for _, name := range slices.Sorted(maps.Keys(c.Spec.HTTP)) {
		entry := c.Spec.HTTP[name]
		at := func(rest ...string) []string { return append([]string{"http", name}, rest...) }
		c.host(entry, at)
		c.port(entry.Port, "TCP", at("port")...)
		for i, path := range entry.Paths {
			where := at("paths", strconv.Itoa(i))
			if path.Port != entry.Port {
				c.port(path.Port, "TCP", append(where, "port")...)
			}
			key := route{entry.Host, path.Path, path.Type}
			if other, taken := routes[key]; taken {
				c.add(diag.DuplicatePath, where, "%s %s of %s is given twice", path.Type, path.Path, entry.Host).
					Related = []diag.Related{{Pos: c.Where(other...), Message: "the other one"}}
			}
			routes[key] = where
		}
		if len(entry.Paths) == 0 {
			c.add(diag.BadValue, at("paths"), "an exposure without a path leads nowhere").Hint = `leave paths out for ["/"], or name one`
		}
		secret := ""
		if entry.TLS != nil {
			secret = entry.TLS.Secret
		}
		if other, seen := tls[entry.Host]; seen && other[0] != secret {
			d := c.add(diag.HostTLSDiffers, at("tls"), "%s has two TLS settings: here %s, in http.%s %s", entry.Host, orNone(secret), other[1], orNone(other[0]))
			*d = d.WithRelated(c.Where("http", other[1], "tls"), "the other one")
		}
		tls[entry.Host] = []string{secret, name}
		if entry.RedirectToHTTPS && entry.TLS == nil {
			c.clash(diag.RedirectWithoutTLS, at("redirectToHTTPS"), at("tls"), "there is no HTTPS to redirect to: http.%s has no tls", name)
		}
		c.allowFrom(entry, capabilities, at("allowFrom"))
		c.capabilities(entry, capabilities, at)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (c *planCheck) host(entry schema.HTTP, at func(...string) []string) {
	name, domain, ok := c.Platform.Domain(entry.Host)
	own := c.Platform.DelegatedPaths(entry.Host, c.Spec.Space)
	switch {
	case !ok:
		c.add(diag.HostNotRegistered, at("host"), "%s is under no registered domain", entry.Host).
			Hint = "registered are " + joinWords(slices.Sorted(maps.Keys(c.Platform.Domains))) + "; the platform's team registers another (S7)"
		return
	case len(own) == 0 && len(domain.Spaces) > 0 && !slices.Contains(domain.Spaces, c.Spec.Space):
		c.add(diag.DomainOtherSpace, at("host"), "%s is registered to %s, not to the space %s", name, joinWords(domain.Spaces), c.Spec.Space)
		return
	}
	for i, path := range entry.Paths {
		where := at("paths", strconv.Itoa(i))
		if !c.written(at("paths")).IsValid() { // the path is the default
			where = at("host")
		}
		switch space, prefix, delegated := c.Platform.Delegate(entry.Host, path.Path); {
		case delegated && space != c.Spec.Space:
			c.add(diag.DomainOtherSpace, where, "%s of %s is delegated to the space %s, not to %s", prefix, entry.Host, space, c.Spec.Space).
				Hint = "use a path outside of it, or have the platform delegate it otherwise"
		case !delegated && len(own) > 0:
			c.add(diag.DomainOtherSpace, where, "of %s only %s and what is below are the space %s's, not %s", entry.Host, joinWords(own), c.Spec.Space, path.Path).
				Hint = "use a path below " + own[0]
		}
	}
}

func (c *planCheck) allowFrom(entry schema.HTTP, can Capabilities, path []string) {
	for i, cidr := range entry.AllowFrom {
		if problem := regions.CIDRProblem(cidr); problem != "" {
			c.add(diag.CIDRHostBits, append(path, strconv.Itoa(i)), "%s", problem)
		} else if prefix := netip.MustParsePrefix(cidr); prefix.Bits() == 0 {
			c.add(diag.AllowAll, append(path, strconv.Itoa(i)), "%s lets every client in, as no list at all would", cidr)
		}
	}
	if entry.AllowFrom == nil {
		return
	}
	switch {
	case len(entry.AllowFrom) == 0:
		c.add(diag.BadValue, path, "an empty list lets nobody in, or everybody: clusters differ").Hint = "leave allowFrom out for all clients, or name the ranges"
	case c.Region.Edge.ClientAddress == "lost":
		c.add(diag.ClientAddressLost, path, "the region's edge does not see the client's address, so an allow-list would refuse everybody or nobody")
	case !can.AllowList:
		c.add(diag.NotExpressible, path, "the region's edge (%s) has no allow-lists", c.Region.Edge.HTTP.Dialect)
	}
}

// capabilities reports what the region's dialect cannot express; it is never dropped.
func (c *planCheck) capabilities(entry schema.HTTP, can Capabilities, at func(...string) []string) {
	if entry.RedirectToHTTPS && !can.PermanentRedirect {
		c.add(diag.NotExpressible, at("redirectToHTTPS"), "the region's edge (%s) has no permanent redirect", c.Region.Edge.HTTP.Dialect)
	}
	if strings.HasPrefix(entry.Host, "*.") && !can.WildcardHost {
		c.add(diag.NotExpressible, at("host"), "the region's edge (%s) has no wildcard hosts", c.Region.Edge.HTTP.Dialect)
	}
}

func (c *planCheck) l4(field string, entries map[string]schema.L4, protocol string) {
	taken := map[int32]string{}
	for _, name := range c.asWritten(field, sortedKeys(entries)) {
		entry, path := entries[name], []string{field, name}
		c.port(entry.To, protocol, append(path, "to")...)
		if other, twice := taken[entry.Port]; twice {
			c.clash(diag.DuplicatePort, append(slices.Clone(path), "port"), []string{field, other, "port"}, "%s port %d is taken by %s.%s too", protocol, entry.Port, field, other)
		}
		taken[entry.Port] = name
		edge := c.Region.Edge.L4
		switch {
		case edge == nil:
			c.add(diag.L4NotOffered, path, "the region offers no TCP and UDP exposure")
		case slices.Contains(edge.Reserved, entry.Port):
			c.add(diag.L4PortRefused, append(path, "port"), "port %d is reserved at the region's edge", entry.Port)
		case len(edge.Ports) > 0 && !slices.ContainsFunc(edge.Ports, func(r regions.PortRange) bool { return r.From <= entry.Port && entry.Port <= r.To }):
			c.add(diag.L4PortRefused, append(path, "port"), "port %d is not among those that the region offers: %s", entry.Port, portRanges(edge.Ports))
		case len(c.Region.Proxies) == 0:
			c.add(diag.L4NotOffered, path, "the region has no proxy servers")
		}
	}
}

func portRanges(list []regions.PortRange) string {
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = fmt.Sprintf("%d–%d", r.From, r.To)
	}
	return joinWords(words)
}
