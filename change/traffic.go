package change

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// traffic is what rules of NetworkPolicies of one direction let through: the union of their peers and ports.
type traffic []trafficRule

// trafficRule lets peers through on ports.
type trafficRule struct {
	peers peerSet
	ports []portSpan // empty: all ports of all protocols
}

// portSpan are ports of a protocol: from first to last, both included, or one that a container names.
type portSpan struct {
	protocol    string
	first, last int32
	name        string
}

func (s portSpan) String() string {
	switch {
	case s.name != "":
		return s.protocol + " " + s.name
	case s.first == s.last:
		return s.protocol + " " + strconv.Itoa(int(s.first))
	case s.first == lowestPort && s.last == highestPort:
		return s.protocol
	default:
		return s.protocol + " " + strconv.Itoa(int(s.first)) + "–" + strconv.Itoa(int(s.last))
	}
}

const (
	lowestPort  = 0
	highestPort = 65535
)

func protocols() []string { return []string{"TCP", "UDP", "SCTP"} }

// covers reports whether all ports of t are let through by a rule.
func (r trafficRule) covers(t portSpan) bool {
	return len(r.ports) == 0 || slices.ContainsFunc(r.ports, func(s portSpan) bool {
		return s.protocol == t.protocol && s.name == t.name && s.first <= t.first && t.last <= s.last
	})
}

// peersOn returns who is let through on ports that no rule tells apart.
func (t traffic) peersOn(span portSpan) peerSet {
	var set peerSet
	for _, rule := range t {
		if rule.covers(span) {
			set = set.union(rule.peers)
		}
	}
	return set
}

// spans cuts all ports where a rule of any of the lists begins or ends, so that each rule has each span as a whole or
// not at all.
func spans(lists ...traffic) []portSpan {
	cuts := map[string][]int32{}
	var named []portSpan
	for _, protocol := range protocols() {
		cuts[protocol] = []int32{lowestPort, highestPort + 1}
	}
	for _, list := range lists {
		for _, rule := range list {
			for _, s := range rule.ports {
				if s.name != "" {
					named = append(named, s)
					continue
				}
				cuts[s.protocol] = append(cuts[s.protocol], s.first, s.last+1)
			}
		}
	}
	var out []portSpan
	for _, protocol := range protocols() {
		at := slices.Compact(slices.Sorted(slices.Values(cuts[protocol])))
		for i := range len(at) - 1 {
			out = append(out, portSpan{protocol: protocol, first: at[i], last: at[i+1] - 1})
		}
	}
	slices.SortFunc(named, func(a, b portSpan) int {
		return cmp.Or(cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.name, b.name))
	})
	return append(out, slices.Compact(named)...)
}

// beyond is what t lets through and u does not.
type beyond struct {
	peers peerSet
	ports []portSpan
}

// beyond returns what t lets through and u does not, ports with the same peers together.
func (t traffic) beyond(u traffic) []beyond {
	var list []beyond
	for _, span := range spans(t, u) {
		extra := t.peersOn(span).minus(u.peersOn(span))
		if extra.empty() {
			continue
		}
		i := slices.IndexFunc(list, func(b beyond) bool { return b.peers.equal(extra) })
		if i < 0 {
			list = append(list, beyond{peers: extra})
			i = len(list) - 1
		}
		list[i].ports = joinSpan(list[i].ports, span)
	}
	return list
}

// joinSpan appends a span, or makes the last one longer when the new one begins where it ends.
func joinSpan(list []portSpan, s portSpan) []portSpan {
	if n := len(list); n > 0 && s.name == "" && list[n-1].name == "" && list[n-1].protocol == s.protocol && list[n-1].last+1 == s.first {
		list[n-1].last = s.last
		return list
	}
	return append(list, s)
}

// words names what is let through: "TCP 5432 of 10.20.0.0/16".
func (b beyond) words() string {
	whole := slices.EqualFunc(b.ports, protocols(), func(s portSpan, protocol string) bool {
		return s == portSpan{protocol: protocol, first: lowestPort, last: highestPort}
	})
	named := slices.ContainsFunc(b.ports, func(s portSpan) bool { return s.name != "" })
	if whole && !named {
		return b.peers.words() + " on all ports"
	}
	var list []string
	for _, s := range b.ports {
		list = append(list, s.String())
	}
	return b.peers.words() + " on " + someOf(list)
}

func policyPorts(ports []networkingv1.NetworkPolicyPort) ([]portSpan, bool) {
	var list []portSpan
	for _, port := range ports {
		s := portSpan{protocol: string(corev1.ProtocolTCP), first: lowestPort, last: highestPort}
		if port.Protocol != nil {
			s.protocol = string(*port.Protocol)
		}
		if !slices.Contains(protocols(), s.protocol) {
			return nil, false
		}
		switch {
		case port.Port == nil:
		case port.Port.Type == intstr.String:
			s.name, s.first, s.last = port.Port.StrVal, 0, 0
		default:
			s.first, s.last = port.Port.IntVal, port.Port.IntVal
			if port.EndPort != nil {
				s.last = *port.EndPort
			}
		}
		list = append(list, s)
	}
	return list, true
}

// peersOf understands the peers of a rule; none means everybody.
func peersOf(peers []networkingv1.NetworkPolicyPeer) (peerSet, bool) {
	if len(peers) == 0 {
		return peerSet{everybody: true}, true
	}
	var set peerSet
	for _, peer := range peers {
		if peer.IPBlock == nil {
			set.pods = append(set.pods, newPodPeer(peer))
			continue
		}
		prefix, err := netip.ParsePrefix(peer.IPBlock.CIDR)
		if err != nil {
			return set, false
		}
		block := newPrefixSet(prefix)
		for _, text := range peer.IPBlock.Except {
			hole, err := netip.ParsePrefix(text)
			if err != nil {
				return set, false
			}
			block = block.minus(newPrefixSet(hole))
		}
		set.addresses = set.addresses.union(block)
	}
	return set, true
}
