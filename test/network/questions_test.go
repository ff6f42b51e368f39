package network

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/meridian-gitops/meridian/compiler"
)

// wanted is a port that is asked for.
type wanted struct {
	number   int32
	protocol string
}

// known are addresses that must be asked for whatever the tables say.
var known = []string{
	"169.254.169.254", "fd00:ec2::254", "64:ff9b::a9fe:a9fe", "::a9fe:a9fe", "::ffff:0:a9fe:a9fe", "2002:a9fe:a9fe::", // metadata
	"100.100.100.200", "192.0.0.192", "168.63.129.16", "fd20:ce::254", // other clouds' metadata; Azure's is a public address
	"169.254.20.10", "10.96.0.10", "fd00:10:96::a", // DNS
	"224.0.0.1", "239.255.255.250", "255.255.255.255", "ff02::1", "ff0e::1",
	"8.8.8.8", "1.1.1.1", "93.184.216.34", "2001:4860:4860::8888", "2606:4700:4700::1111",
	"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "fd12:3456:789a::1", "fe80::1",
	"64:ff9b::808:808", "64:ff9b:1::a00:1",
}

// addresses are those that a world is asked for: both ends of every range that the tables, the region and the platform
// name, what lies beside them, and for every back end what stands for its IPv4 addresses in IPv6. Loopback addresses are
// left out: they do not leave a pod.
func (w *world) addresses() []netip.Addr {
	var list []netip.Addr
	add := func(more ...netip.Addr) { list = append(list, more...) }
	for _, text := range known {
		add(netip.MustParseAddr(text))
	}
	for _, s := range notPublic {
		add(s.first.Prev(), s.first, s.last, s.last.Next())
	}
	for cidr := range w.ranges() {
		prefix := netip.MustParsePrefix(cidr)
		first, last := prefix.Masked().Addr(), lastOf(prefix)
		add(first.Prev(), first, last, last.Next())
		if first.Is4() {
			add(embedding(first)...)
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	taken := map[netip.Addr]bool{}
	for _, p := range w.pods {
		for _, a := range p.addresses {
			taken[a] = true
		}
	}
	return slices.DeleteFunc(slices.Compact(list), func(a netip.Addr) bool {
		return !a.IsValid() || a.IsLoopback() || a.Is4In6() || taken[a]
	})
}

// ranges are those that the region and the platform name.
func (w *world) ranges() iter.Seq[string] {
	network := w.region.Network
	list := slices.Concat(network.Pods, network.Services, network.DNS.CIDRs, w.region.SourceCIDRs)
	peers := slices.Concat(w.region.Edge.From, network.DNS.Pods)
	if w.region.Monitoring != nil {
		peers = append(peers, w.region.Monitoring.From...)
	}
	for _, peer := range peers {
		if peer.CIDR != "" {
			list = append(list, peer.CIDR)
		}
	}
	for _, space := range w.platform.Spaces {
		for _, backend := range space.Backends {
			for _, region := range backend.Regions {
				list = append(list, region.CIDRs...)
			}
		}
	}
	slices.Sort(list)
	return slices.Values(slices.Compact(list))
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

// embedding are IPv6 addresses that some gateway, tunnel or kernel turns into an IPv4 address: NAT64 (RFC 6052), 6to4 (RFC
// 3056), IPv4-compatible (RFC 4291) and IPv4-translated (RFC 2765). An IPv4-mapped one is the IPv4 address itself.
func embedding(a netip.Addr) []netip.Addr {
	v4 := a.As4()
	at := func(prefix string, offset int) netip.Addr {
		b := netip.MustParseAddr(prefix).As16()
		copy(b[offset:], v4[:])
		return netip.AddrFrom16(b)
	}
	return []netip.Addr{at("64:ff9b::", 12), at("64:ff9b:1::", 12), at("2002::", 2), at("::", 12), at("::ffff:0:0:0", 12)}
}

// questions yields all that a world is asked: every application and every undeclared pod of a space to every address and
// pod, and from them.
func (w *world) questions() iter.Seq[question] {
	return func(yield func(question) bool) {
		addresses := w.addresses()
		for _, own := range w.pods {
			if w.spaces[own.namespace] == "" {
				continue
			}
			for _, address := range addresses {
				if !w.withAddress(own, address, yield) {
					return
				}
			}
			for _, other := range w.pods {
				if !w.withPod(own, other, yield) {
					return
				}
			}
		}
	}
}

// withAddress asks both ways between a pod and an address.
func (w *world) withAddress(own *pod, address netip.Addr, yield func(question) bool) bool {
	there := end{nil, address}
	for _, here := range own.ends() {
		if here.address.Is4() != address.Is4() && len(own.addresses) > 1 {
			continue // asked from its address of the same family; from a pod that has none of it, all the same
		}
		for _, port := range w.portsAt(address) {
			if !yield(question{here, there, port.number, port.protocol}) {
				return false
			}
		}
		for _, port := range portsOf(w.plans[own]) {
			if !yield(question{there, here, port.number, port.protocol}) {
				return false
			}
		}
	}
	return true
}

// withPod asks for a pod from another one, or both ways when that is in no space.
func (w *world) withPod(own, other *pod, yield func(question) bool) bool {
	if own == other {
		return true
	}
	for i, here := range own.ends() {
		there := other.ends()[i]
		for _, port := range portsOf(w.plans[own]) {
			if !yield(question{there, here, port.number, port.protocol}) {
				return false
			}
		}
		if w.spaces[other.namespace] != "" {
			continue
		}
		for _, port := range []wanted{{53, "UDP"}, {53, "TCP"}, {443, "TCP"}, {9153, "TCP"}} {
			if !yield(question{here, there, port.number, port.protocol}) {
				return false
			}
		}
	}
	return true
}

// ends are the pod by each of its addresses.
func (p *pod) ends() []end {
	var list []end
	for _, a := range p.addresses {
		list = append(list, end{p, a})
	}
	return list
}

// portsOf are the ports that an application declares, each by the other protocol too, and one that it does not declare.
func portsOf(plan *compiler.RegionPlan) []wanted {
	list := []wanted{{1, "TCP"}}
	if plan == nil {
		return append(list, wanted{8080, "TCP"})
	}
	for _, port := range plan.Spec.Ports {
		list = append(list, wanted{port.Port, "TCP"}, wanted{port.Port, "UDP"})
	}
	return list
}

// portsAt are the ports that an address is asked on: those of DNS and HTTPS, and at a back end, or beside one, its own, by
// both protocols.
func (w *world) portsAt(address netip.Addr) []wanted {
	list := []wanted{{443, "TCP"}, {53, "UDP"}}
	near := func(cidr string) bool {
		return hasAny([]string{cidr}, address) || hasAny([]string{cidr}, address.Next()) || hasAny([]string{cidr}, address.Prev())
	}
	for _, space := range w.platform.Spaces {
		for _, backend := range space.Backends {
			if !slices.ContainsFunc(backend.Regions[w.region.ID].CIDRs, near) {
				continue
			}
			for _, port := range backend.Ports {
				list = append(list, wanted{port.Port, "TCP"}, wanted{port.Port, "UDP"}, wanted{port.Port, "SCTP"})
			}
		}
	}
	if slices.ContainsFunc(w.region.Network.DNS.CIDRs, near) {
		list = append(list, wanted{53, "TCP"}, wanted{53, "SCTP"}, wanted{54, "UDP"})
	}
	return list
}
