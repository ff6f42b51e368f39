package compiler

import (
	"net/netip"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/meridian-gitops/meridian/regions"
)

var dualStack = regions.Network{
	Pods:     []string{"20.0.0.0/16", "2600:1::/56"},
	Services: []string{"10.96.0.0/12", "2600:2::/112"},
	Families: []string{"IPv4", "IPv6"},
}

// TestSpecialRanges holds which addresses an application may not reach by default (S19).
func TestSpecialRanges(t *testing.T) {
	tests := []struct {
		address string
		special bool
	}{
		{"0.0.0.0", true},
		{"10.0.0.1", true},
		{"10.255.255.255", true},
		{"9.255.255.255", false},
		{"11.0.0.0", false},
		{"100.63.255.255", false},
		{"100.64.0.1", true}, // shared address space
		{"100.127.255.255", true},
		{"100.128.0.0", false},
		{"127.0.0.1", true},
		{"169.254.169.254", true}, // the clouds' metadata service
		{"169.254.20.10", true},   // NodeLocal DNSCache has a rule of its own
		{"169.253.255.255", false},
		{"172.15.255.255", false},
		{"172.16.0.1", true},
		{"172.31.255.255", true},
		{"172.32.0.0", false},
		{"192.0.0.1", true},
		{"192.0.1.0", false},
		{"192.0.2.1", true},
		{"192.31.196.1", false}, // AS112: globally reachable
		{"192.52.193.1", false}, // AMT: globally reachable
		{"192.88.99.1", true},
		{"192.168.1.1", true},
		{"192.167.255.255", false},
		{"192.169.0.0", false},
		{"198.17.255.255", false},
		{"198.18.0.0", true},
		{"198.19.255.255", true},
		{"198.20.0.0", false},
		{"198.51.100.1", true},
		{"203.0.113.1", true},
		{"223.255.255.255", false},
		{"224.0.0.1", true},
		{"240.0.0.1", true},
		{"255.255.255.255", true},
		{"8.8.8.8", false},
		{"20.0.7.7", true}, // the cluster's pods
		{"20.1.0.0", false},
		{"::", true},
		{"::1", true},
		{"::a9fe:a9fe", true}, // IPv4-compatible form of 169.254.169.254
		{"::ffff:ffff", true},
		{"0:0:0:0:0:1::", false},
		{"::ffff:0:a9fe:a9fe", true}, // IPv4-translated
		{"::ffff:1:0:0", false},
		{"64:ff9b::a00:1", true}, // NAT64 of 10.0.0.1
		{"64:ff9b::808:808", true},
		{"64:ff9b:1::1", true},
		{"64:ff9b:2::1", false},
		{"100::1", true},
		{"100:0:0:1::1", true},
		{"100:0:0:2::1", false},
		{"2001::1", true}, // Teredo
		{"2001:1ff::1", true},
		{"2001:200::1", false},
		{"2001:4860:4860::8888", false},
		{"2001:db8::1", true},
		{"2002:a00:1::1", true}, // 6to4 of 10.0.0.1
		{"3fff::1", true},
		{"3fff:1000::", false},
		{"5f00::1", true},
		{"fc00::1", true},
		{"fd00:ec2::254", true}, // the metadata service over IPv6
		{"fe80::1", true},
		{"fec0::1", true},
		{"ff02::1", true},
		{"2600:1::1", true}, // the cluster's pods
		{"2600:1:0:100::1", false},
		{"2600:2::1", true}, // the cluster's Services
	}
	for _, test := range tests {
		t.Run(test.address, func(t *testing.T) {
			address := netip.MustParseAddr(test.address)
			if got := inside(address, privateRanges(dualStack, address.Is6())); got != test.special {
				t.Errorf("special: %v, want %v", got, test.special)
			}
			if inside(address, privateRanges(dualStack, !address.Is6())) {
				t.Error("it is inside a range of the other family")
			}
		})
	}
}

func inside(address netip.Addr, ranges []string) bool {
	return slices.ContainsFunc(ranges, func(r string) bool { return netip.MustParsePrefix(r).Contains(address) })
}

// TestSpecialRangesForm holds what the API server asks of an except list: each range strictly inside the block, of
// its family, masked, none an IPv4-mapped one, and none inside another.
func TestSpecialRangesForm(t *testing.T) {
	networks := map[string]regions.Network{
		"dual stack":      dualStack,
		"inside private":  {Pods: []string{"10.244.0.0/16"}, Services: []string{"10.96.0.0/12"}},
		"around a range":  {Pods: []string{"192.0.0.0/16", "2001::/16"}},
		"the same twice":  {Pods: []string{"20.0.0.0/16"}, Services: []string{"20.0.0.0/16"}},
		"nothing special": {},
	}
	for name, network := range networks {
		t.Run(name, func(t *testing.T) {
			for _, ipv6 := range []bool{false, true} {
				checkRanges(t, privateRanges(network, ipv6), ipv6)
			}
		})
	}
}

func checkRanges(t *testing.T, list []string, ipv6 bool) {
	t.Helper()
	if len(list) == 0 {
		t.Error("no range at all")
	}
	for i, a := range list {
		p := netip.MustParsePrefix(a)
		if p.Bits() == 0 || p.Masked() != p || p.Addr().Is6() != ipv6 || p.Addr().Is4In6() || p.String() != a {
			t.Errorf("%s is not a range that an except list may have", a)
		}
		for j, b := range list {
			if i != j && netip.MustParsePrefix(b).Overlaps(p) {
				t.Errorf("%s and %s overlap", a, b)
			}
		}
	}
}

// TestExcept holds the rendered policy to the same: the block is everything of its family, IPv6 only where pods
// have it.
func TestExcept(t *testing.T) {
	c := newCompiler(t, platformText+`regions: "aws-oregon": network: {pods: ["20.0.0.0/16", "2600:1::/56"], families: ["IPv4", "IPv6"]}`)
	blocks := map[string]map[string][]string{}
	for _, region := range []string{"aws-oregon", "aws-beijing"} {
		policy := object[*networkingv1.NetworkPolicy](c.only(t, `name: "app1", space: "web", owner: "o", image: {name: "app1", tag: "1"}, only: ["`+region+`"]`))
		blocks[region] = map[string][]string{}
		for _, rule := range policy.Spec.Egress {
			for _, to := range rule.To {
				if to.IPBlock != nil && len(to.IPBlock.Except) > 0 {
					blocks[region][to.IPBlock.CIDR] = to.IPBlock.Except
				}
			}
		}
	}
	if len(blocks["aws-beijing"]) != 1 || len(blocks["aws-oregon"]) != 2 {
		t.Fatalf("blocks: %v", blocks)
	}
	for cidr, except := range blocks["aws-oregon"] {
		checkRanges(t, except, cidr == "::/0")
	}
	if !slices.Contains(blocks["aws-oregon"]["0.0.0.0/0"], "20.0.0.0/16") || !slices.Contains(blocks["aws-oregon"]["::/0"], "2600:1::/56") {
		t.Error("the cluster's own ranges are not excepted")
	}
}

// platformText is a platform with two spaces, on which tests put what they are about.
const platformText = `org: "myorg"
projects: ["myorg", "second"]
domains: {"mydomain.com": {icpFiling: "12345678"}, "pay.org": spaces: ["payments"]}
spaces: {web: {}, payments: {}}
`
