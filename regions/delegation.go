package regions

import (
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
)

// Delegate returns the space that a path of a host is delegated to, with the prefix that says so; ok is false when it
// goes with the host.
func (p *Platform) Delegate(host, path string) (space, prefix string, ok bool) {
	_, domain, _ := p.Domain(host)
	for prefix, space := range domain.Delegated[host] {
		if Below(path, prefix) {
			return space, prefix, true
		}
	}
	return "", "", false
}

// DelegatedPaths returns the prefixes of a host that are delegated to a space, sorted.
func (p *Platform) DelegatedPaths(host, space string) []string {
	_, domain, _ := p.Domain(host)
	var prefixes []string
	for prefix, to := range domain.Delegated[host] {
		if to == space {
			prefixes = append(prefixes, prefix)
		}
	}
	slices.Sort(prefixes)
	return prefixes
}

// Below reports whether a path is a prefix or below it, element by element: /payments is not below /pay.
func Below(path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// checkDelegated reports delegations that leave open whose a path is, or that nobody could use.
func (p *Platform) checkDelegated(name string, add adder) {
	domain := p.Domains[name]
	for _, host := range slices.Sorted(maps.Keys(domain.Delegated)) {
		path := []string{"domains", name, "delegated", host}
		if under, _, _ := p.Domain(host); under != name {
			add(diag.PlatformIncomplete, path, "%s is not a host of the domain %s", host, name)
			continue
		}
		prefixes := slices.Sorted(maps.Keys(domain.Delegated[host]))
		for i, prefix := range prefixes {
			p.checkPrefix(domain, prefix, domain.Delegated[host][prefix], append(slices.Clone(path), prefix), add)
			for _, other := range prefixes[:i] {
				if other != "/" && Below(prefix, other) {
					add(diag.PlatformIncomplete, append(slices.Clone(path), prefix), "%s of %s is delegated already, with %s", prefix, host, other)
				}
			}
		}
	}
}

func (p *Platform) checkPrefix(domain Domain, prefix, space string, path []string, add adder) {
	switch _, known := p.Spaces[space]; {
	case !known:
		add(diag.UnknownSpace, path, "%s is delegated to the space %q, which does not exist", prefix, space)
	case prefix == "/":
		add(diag.PlatformIncomplete, path, "the whole host is delegated: register a domain of that name to the space %s instead", space)
	case strings.HasSuffix(prefix, "/"):
		add(diag.PlatformIncomplete, path, "%s ends in a slash: write %s for the path and all that is below it", prefix, strings.TrimSuffix(prefix, "/"))
	case len(domain.Spaces) == 1 && domain.Spaces[0] == space:
		add(diag.PlatformIncomplete, path, "%s is delegated to the space %s, which has the domain for itself", prefix, space)
	}
}
