package compiler

import (
	"net/netip"
	"slices"

	"github.com/meridian-gitops/meridian/regions"
)

// Special ranges are what an application may not reach unless a back end or a call says so (S19): private and
// reserved addresses of the IANA special-purpose registries (RFC 6890 and its successors), and multicast. Three
// kinds differ from the registries on purpose: ranges that the registries call globally reachable (AS112,
// AMT) are not here; those of IPv6 that stand for any IPv4 address, private ones too, are: 64:ff9b::/96, which a NAT64
// turns into it, and two that tunnels and translators did; of these ::ffff:0:0/96 is not, because the API server
// refuses IPv4-mapped ranges and a socket takes such an address for the IPv4 address itself.
var (
	specialIPv4 = prefixes(
		"0.0.0.0/8",       // this network, RFC 791
		"10.0.0.0/8",      // private, RFC 1918
		"100.64.0.0/10",   // carrier-grade NAT, RFC 6598
		"127.0.0.0/8",     // loopback, RFC 1122
		"169.254.0.0/16",  // link-local, RFC 3927: metadata services, NodeLocal DNSCache
		"172.16.0.0/12",   // private, RFC 1918
		"192.0.0.0/24",    // IETF protocol assignments, RFC 6890
		"192.0.2.0/24",    // documentation, RFC 5737
		"192.88.99.0/24",  // 6to4 relay anycast, deprecated, RFC 7526
		"192.168.0.0/16",  // private, RFC 1918
		"198.18.0.0/15",   // benchmarking, RFC 2544
		"198.51.100.0/24", // documentation, RFC 5737
		"203.0.113.0/24",  // documentation, RFC 5737
		"224.0.0.0/4",     // multicast, RFC 5771
		"240.0.0.0/4",     // reserved and broadcast, RFC 1112, RFC 8190
	)
	specialIPv6 = prefixes(
		"::/96",           // unspecified, loopback, and IPv4-compatible, deprecated: RFC 4291
		"::ffff:0:0:0/96", // IPv4-translated, RFC 2765
		"64:ff9b::/96",    // NAT64, RFC 6052
		"64:ff9b:1::/48",  // local-use NAT64, RFC 8215
		"100::/64",        // discard only, RFC 6666
		"100:0:0:1::/64",  // dummy prefix, RFC 9780
		"2001::/23",       // IETF protocol assignments, RFC 2928: Teredo, ORCHIDv2 and others
		"2001:db8::/32",   // documentation, RFC 3849
		"2002::/16",       // 6to4, RFC 3056: it too embeds IPv4 addresses
		"3fff::/20",       // documentation, RFC 9637
		"5f00::/16",       // segment routing SIDs, RFC 9602
		"fc00::/7",        // unique local, RFC 4193
		"fe80::/10",       // link-local, RFC 4291
		"fec0::/10",       // site-local, deprecated, RFC 3879
		"ff00::/8",        // multicast, RFC 4291
	)
)

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
}

// privateRanges returns what an application may not reach in a region by address, of one family: the special
// ranges and the cluster's own, sorted and without ranges that lie inside others.
func privateRanges(network regions.Network, ipv6 bool) []string {
	all := slices.Clone(specialIPv4)
	if ipv6 {
		all = slices.Clone(specialIPv6)
	}
	for _, cidr := range slices.Concat(network.Pods, network.Services) {
		if prefix, err := netip.ParsePrefix(cidr); err == nil && prefix.Addr().Is6() == ipv6 {
			all = append(all, prefix)
		}
	}
	slices.SortFunc(all, netip.Prefix.Compare)
	var kept []string
	var last netip.Prefix
	for _, prefix := range all {
		if last.IsValid() && last.Bits() <= prefix.Bits() && last.Contains(prefix.Addr()) {
			continue
		}
		last = prefix
		kept = append(kept, prefix.String())
	}
	return kept
}
