package regions

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/signature"
)

// check reports what contradicts itself in a platform whose single values are right.
func (p *Platform) check() []diag.Diagnostic {
	var list []diag.Diagnostic
	add := func(code diag.Code, path []string, format string, args ...any) {
		list = append(list, diag.New(code, p.Where(path...), strings.Join(path, "."), format, args...))
	}
	if len(p.Projects) == 0 {
		add(diag.PlatformIncomplete, []string{"projects"}, "projects is empty; a company has at least one project in the registry")
	}
	for _, space := range slices.Sorted(maps.Keys(p.Spaces)) {
		p.checkSpace(space, add)
	}
	for _, domain := range slices.Sorted(maps.Keys(p.Domains)) {
		for i, space := range p.Domains[domain].Spaces {
			if _, ok := p.Spaces[space]; !ok {
				add(diag.UnknownSpace, []string{"domains", domain, "spaces", fmt.Sprint(i)}, "domain %s is registered to the space %q, which does not exist", domain, space)
			}
		}
		p.checkDelegated(domain, add)
	}
	p.checkControl(add)
	for i := range p.Regions {
		p.checkRegion(&p.Regions[i], add)
	}
	list = append(list, p.checkSigners()...)
	p.checkSync(add)
	return list
}

// checkSync keeps what syncs apart: the objects of `bootstrap` lie in one namespace with those of the spaces, which
// are named like their namespaces.
func (p *Platform) checkSync(add adder) {
	if p.Sync.Engine == "argocd" && p.Sync.Repository == "" {
		add(diag.PlatformIncomplete, []string{"sync", "repository"}, "an Argo CD Application needs sync.repository")
	}
	for _, name := range []string{p.Sync.Name, p.Sync.Name + "-sync", p.Sync.Name + "-edge"} {
		for _, space := range slices.Sorted(maps.Keys(p.Spaces)) {
			if p.Namespace(space) == name {
				add(diag.SyncNameTaken, []string{"sync", "name"}, "%s would be both an object of bootstrap and the sync object of the space %q", name, space)
			}
		}
	}
}

type adder func(code diag.Code, path []string, format string, args ...any)

// ReservedNamespace reports whether a namespace belongs to the cluster itself, to a controller or to a region's edge.
func (p *Platform) ReservedNamespace(name string) bool {
	if name == "default" || strings.HasPrefix(name, "kube-") || name == p.Sync.Namespace || name == "flux-system" || name == "argocd" {
		return true
	}
	return slices.ContainsFunc(p.Regions, func(r Region) bool { return r.Edge.L4 != nil && r.Edge.L4.Namespace == name })
}

func (p *Platform) checkSpace(name string, add adder) {
	space := p.Spaces[name]
	path := []string{"spaces", name}
	namespace := p.Namespace(name)
	switch {
	case strings.Contains(name, p.Org):
		add(diag.SpaceNameHasOrg, path, "the space's name %q contains the organisation's name %q, which is put before it anyway", name, p.Org)
	case len(namespace) > 63:
		add(diag.NamespaceTooLong, path, "the namespace %q has %d characters; at most 63 are possible", namespace, len(namespace))
	case p.ReservedNamespace(namespace):
		add(diag.NamespaceReserved, path, "the namespace %q is reserved", namespace)
	}
	for i, id := range space.Only {
		if p.Region(id) == nil {
			add(diag.UnknownRegion, append(path, "only", fmt.Sprint(i)), "there is no region %q", id)
		}
	}
	for _, backend := range slices.Sorted(maps.Keys(space.Backends)) {
		for _, id := range slices.Sorted(maps.Keys(space.Backends[backend].Regions)) {
			at := append(slices.Clone(path), "backends", backend, "regions", id)
			if p.Region(id) == nil {
				add(diag.UnknownRegion, at, "there is no region %q", id)
			}
			checkCIDRs(space.Backends[backend].Regions[id].CIDRs, append(at, "cidrs"), add)
			p.checkOutside(p.Region(id), space.Backends[backend].Regions[id].CIDRs, append(at, "cidrs"), add)
		}
	}
}

// checkOutside refuses a back end in the cluster's own ranges: it would open pods and Services by address, past all
// other policies.
func (p *Platform) checkOutside(r *Region, cidrs, path []string, add adder) {
	if r == nil {
		return
	}
	for i, cidr := range cidrs {
		backend, err := netip.ParsePrefix(cidr)
		if err != nil || CIDRProblem(cidr) != "" {
			continue // told before
		}
		for _, own := range slices.Concat(r.Network.Pods, r.Network.Services) {
			if prefix, err := netip.ParsePrefix(own); err == nil && prefix.Overlaps(backend) {
				add(diag.BackendInCluster, append(slices.Clone(path), fmt.Sprint(i)), "%s overlaps %s, which is the cluster's own in %s", cidr, own, r.ID)
				break
			}
		}
	}
}

// checkSigners reads every key once, so that a platform whose keys nobody can use is not published.
func (p *Platform) checkSigners() []diag.Diagnostic {
	var list []diag.Diagnostic
	report := func(code diag.Code, path []string, hint, format string, args ...any) {
		d := diag.New(code, p.Where(path...), strings.Join(path, "."), format, args...)
		list = append(list, d.WithHint("%s", hint))
	}
	const line, armored = "give one line of a .pub file: ed25519, ECDSA, RSA of 2048 bits or more", "give one key as it is printed: gpg --armor --export KEY"
	for _, s := range p.Signers {
		path := []string{"repository", "signers", s.Name}
		if len(s.SSH)+len(s.OpenPGP) == 0 {
			report(diag.PlatformIncomplete, path, "give it ssh or openpgp", "the signer %s has no key", s.Name)
		}
		for i, text := range s.SSH {
			if err := signature.CheckSSH(text); err != nil {
				report(diag.KeyUnusable, append(slices.Clone(path), "ssh", fmt.Sprint(i)), line, "the key cannot be used: %v", err)
			}
		}
		for i, text := range s.OpenPGP {
			if err := signature.CheckOpenPGP(text); err != nil {
				report(diag.KeyUnusable, append(slices.Clone(path), "openpgp", fmt.Sprint(i)), armored, "the key cannot be used: %v", err)
			}
		}
	}
	return list
}

func (p *Platform) checkControl(add adder) {
	var control []string
	for _, r := range p.Regions {
		if r.Control {
			control = append(control, r.ID)
		}
	}
	if len(control) > 1 {
		own := slices.IndexFunc(control, func(id string) bool {
			n := p.node.Get("regions", id, "control")
			return n != nil && n.Pos.IsValid()
		})
		add(diag.PlatformIncomplete, []string{"regions", control[max(own, 0)], "control"}, "%s are all control regions; there is one", strings.Join(control, ", "))
	}
}

func (p *Platform) checkRegion(r *Region, add adder) {
	path := func(rest ...string) []string { return append([]string{"regions", r.ID}, rest...) }
	checkCIDRs(r.Network.Pods, path("network", "pods"), add)
	checkCIDRs(r.Network.Services, path("network", "services"), add)
	checkCIDRs(r.Network.DNS.CIDRs, path("network", "dns", "cidrs"), add)
	checkCIDRs(r.SourceCIDRs, path("sourceCIDRs"), add)
	if r.Edge.L4 != nil {
		for i, ports := range r.Edge.L4.Ports {
			if ports.From > ports.To {
				add(diag.PlatformIncomplete, path("edge", "l4", "ports", fmt.Sprint(i)), "the range of ports ends at %d, before it begins at %d", ports.To, ports.From)
			}
		}
	}
}

// checkCIDRs reports ranges with bits behind the mask: 10.0.0.1/8 is 10.0.0.0/8 or 10.0.0.1/32.
func checkCIDRs(cidrs []string, path []string, add adder) {
	for i, cidr := range cidrs {
		if problem := CIDRProblem(cidr); problem != "" {
			add(diag.CIDRHostBits, append(slices.Clone(path), fmt.Sprint(i)), "%s", problem)
		}
	}
}

// CIDRProblem says what is wrong with an address range that has the right form, or "".
func CIDRProblem(cidr string) string {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return fmt.Sprintf("%s is not an address range", cidr)
	}
	if prefix.Addr().Is4In6() {
		return fmt.Sprintf("%s is an IPv4 range in IPv6 form, which Kubernetes refuses", cidr)
	}
	if masked := prefix.Masked(); masked != prefix {
		return fmt.Sprintf("%s has address bits behind its mask; it means %s, or %s for the one address", cidr, masked, netip.PrefixFrom(prefix.Addr(), prefix.Addr().BitLen()))
	}
	if prefix.String() != cidr {
		return fmt.Sprintf("%s is written %s", cidr, prefix)
	}
	return ""
}

// Constraint is a rule of the platform for applications.
type Constraint struct {
	Name    string
	Message string   // empty when the rule says nothing of its own
	Spaces  []string // empty means all
	Regions []string // empty means all
	App     *schema.Node
	Pos     diag.Pos
}

type constraint struct {
	Message string       `json:"message"`
	Spaces  []string     `json:"spaces"`
	Regions []string     `json:"regions"`
	App     *schema.Node `json:"app"`
}

func constraints(byName map[string]constraint, node *schema.Node) []Constraint {
	var list []Constraint
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		c := byName[name]
		list = append(list, Constraint{name, c.Message, c.Spaces, c.Regions, c.App, node.Where("constraints", name)})
	}
	return list
}

// Applies reports whether the rule holds for a space in a region.
func (c Constraint) Applies(space, region string) bool {
	return (len(c.Spaces) == 0 || slices.Contains(c.Spaces, space)) && (len(c.Regions) == 0 || slices.Contains(c.Regions, region))
}
