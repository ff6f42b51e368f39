package network

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// The declaration says what must be, from the words of app.cue and the platform and from the manual (S11, S13, S19). It
// looks at no policy.

// span is what lies between two addresses, both included.
type span struct{ first, last netip.Addr }

func between(first, last string) span {
	return span{netip.MustParseAddr(first), netip.MustParseAddr(last)}
}

func (s span) has(a netip.Addr) bool {
	return s.first.BitLen() == a.BitLen() && s.first.Compare(a) <= 0 && a.Compare(s.last) <= 0
}

// notPublic are addresses that an application may not reach unless somebody says so: those that the registries of special
// addresses call not globally reachable, multicast, and all that stand for an IPv4 address in some way.
var notPublic = []span{
	between("0.0.0.0", "0.255.255.255"),                             // this network
	between("10.0.0.0", "10.255.255.255"),                           // private
	between("100.64.0.0", "100.127.255.255"),                        // carrier-grade NAT
	between("127.0.0.0", "127.255.255.255"),                         // loopback
	between("169.254.0.0", "169.254.255.255"),                       // link-local
	between("172.16.0.0", "172.31.255.255"),                         // private
	between("192.0.0.0", "192.0.0.255"),                             // IETF protocol assignments
	between("192.0.2.0", "192.0.2.255"),                             // documentation
	between("192.88.99.0", "192.88.99.255"),                         // 6to4 relays
	between("192.168.0.0", "192.168.255.255"),                       // private
	between("198.18.0.0", "198.19.255.255"),                         // benchmarks
	between("198.51.100.0", "198.51.100.255"),                       // documentation
	between("203.0.113.0", "203.0.113.255"),                         // documentation
	between("224.0.0.0", "239.255.255.255"),                         // multicast
	between("240.0.0.0", "255.255.255.255"),                         // reserved, and broadcast
	between("::", "::ffff:ffff"),                                    // unspecified, loopback, IPv4-compatible
	between("::ffff:0:0:0", "::ffff:0:ffff:ffff"),                   // IPv4-translated
	between("64:ff9b::", "64:ff9b::ffff:ffff"),                      // NAT64
	between("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),    // local NAT64
	between("100::", "100::ffff:ffff:ffff:ffff"),                    // discarded
	between("100:0:0:1::", "100::1:ffff:ffff:ffff:ffff"),            // dummy
	between("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),     // IETF protocol assignments: Teredo among them
	between("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"), // documentation
	between("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // 6to4
	between("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),     // documentation
	between("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // segment routing
	between("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // unique local
	between("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // link-local
	between("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // site-local
	between("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // multicast
}

// declared reports whether a connection must be possible; if it need not, it must not be.
func (w *world) declared(q question, r reading) bool {
	return w.mayLeave(q, r) && w.mayEnter(q, r)
}

// mayLeave reports whether the source's side lets the connection out. Pods outside of spaces are nobody's concern.
func (w *world) mayLeave(q question, r reading) bool {
	if q.from.pod == nil || w.spaces[q.from.pod.namespace] == "" {
		return true
	}
	plan := w.plans[q.from.pod]
	switch {
	case w.isDNS(q, r):
		return true
	case plan == nil:
		return false
	}
	return w.isBackend(plan, q, r) || w.isCall(plan, q) || w.isPublic(q, r)
}

// isDNS reports whether the connection is one to who answers DNS: that the whole space may (S19).
func (w *world) isDNS(q question, r reading) bool {
	if q.port != 53 || q.protocol == "SCTP" {
		return false
	}
	dns := w.region.Network.DNS
	return w.isAny(dns.Pods, q.to, r) || outside(q.to, r) && hasAny(dns.CIDRs, q.to.address)
}

// isBackend reports whether it is one to a back end that the application names, where that is in the region (S19).
func (w *world) isBackend(plan *compiler.RegionPlan, q question, r reading) bool {
	return outside(q.to, r) && slices.ContainsFunc(plan.Spec.Backends, func(name string) bool {
		backend := w.platform.Spaces[plan.Spec.Space].Backends[name]
		return hasAny(backend.Regions[w.region.ID].CIDRs, q.to.address) && slices.ContainsFunc(backend.Ports, func(p regions.BackendPort) bool {
			return p.Port == q.port && cmp.Or(p.Protocol, "TCP") == q.protocol
		})
	})
}

// isCall reports whether it is one to a port of another application that the application says it calls.
func (w *world) isCall(plan *compiler.RegionPlan, q question) bool {
	callee := w.plans[q.to.pod]
	if callee == nil {
		return false
	}
	for key, call := range plan.Spec.Calls {
		port, has := callee.Spec.Ports[call.Port]
		if has && port.Port == q.port && port.Protocol == q.protocol && cmp.Or(call.Protocol, "TCP") == q.protocol &&
			cmp.Or(call.App, key) == callee.Spec.Name && cmp.Or(call.Space, plan.Spec.Space) == callee.Spec.Space {
			return true
		}
	}
	return false
}

// isPublic reports whether it is one to a public address of a family that the region's pods have.
func (w *world) isPublic(q question, r reading) bool {
	network := w.region.Network
	family := "IPv6"
	if q.to.address.Is4() {
		family = "IPv4"
	}
	own := slices.Concat(network.Pods, network.Services)
	return outside(q.to, r) && slices.Contains(network.Families, family) && !hasAny(own, q.to.address) &&
		!slices.ContainsFunc(notPublic, func(s span) bool { return s.has(q.to.address) })
}

// mayEnter reports whether the target's side lets the connection in.
func (w *world) mayEnter(q question, r reading) bool {
	if q.to.pod == nil || w.spaces[q.to.pod.namespace] == "" {
		return true
	}
	plan := w.plans[q.to.pod]
	if plan == nil {
		return false
	}
	for name, port := range plan.Spec.Ports {
		if port.Port == q.port && port.Protocol == q.protocol && w.mayEnterPort(plan, name, q, r) {
			return true
		}
	}
	return false
}

func (w *world) mayEnterPort(plan *compiler.RegionPlan, name string, q question, r reading) bool {
	monitoring := w.region.Monitoring
	switch {
	case isExposed(plan, name) && w.isAny(w.region.Edge.From, q.from, r):
		return true
	case monitoring != nil && q.protocol == "TCP" && w.isAny(monitoring.From, q.from, r):
		return true
	case q.from.pod == nil:
		return false
	case q.from.pod.namespace == w.platform.Namespace(plan.Spec.Space):
		return true
	}
	for key, accept := range plan.Spec.Accepts {
		space := cmp.Or(accept.Space, plan.Spec.Space)
		if q.from.pod.namespace == w.platform.Namespace(space) && q.from.pod.name == cmp.Or(accept.App, key) &&
			(len(accept.Ports) == 0 || slices.Contains(accept.Ports, name)) {
			return true
		}
	}
	return false
}

// isExposed reports whether the edge leads to a port (S10, S11).
func isExposed(plan *compiler.RegionPlan, name string) bool {
	for _, entry := range plan.Spec.HTTP {
		for _, path := range entry.Paths {
			if cmp.Or(path.Port, entry.Port) == name {
				return true
			}
		}
	}
	for _, list := range []map[string]schema.L4{plan.Spec.TCP, plan.Spec.UDP} {
		for _, entry := range list {
			if entry.To == name {
				return true
			}
		}
	}
	return false
}

// isAny reports whether an end is one of those that a region names.
func (w *world) isAny(peers []regions.Peer, e end, r reading) bool {
	return slices.ContainsFunc(peers, func(p regions.Peer) bool {
		if p.CIDR != "" {
			return outside(e, r) && hasAny([]string{p.CIDR}, e.address)
		}
		return e.pod != nil && within(p.Namespace, w.model.namespaces[e.pod.namespace]) && within(p.Pods, e.pod.labels)
	})
}

// outside reports whether ranges of addresses are meant to have the end.
func outside(e end, r reading) bool { return e.pod == nil || r == podAddresses }

func hasAny(cidrs []string, a netip.Addr) bool {
	return slices.ContainsFunc(cidrs, func(cidr string) bool { return netip.MustParsePrefix(cidr).Contains(a) })
}

// within reports whether labels are all among others.
func within(labels, all map[string]string) bool {
	for key, value := range labels {
		if found, has := all[key]; !has || found != value {
			return false
		}
	}
	return true
}
