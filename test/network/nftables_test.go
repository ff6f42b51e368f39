package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// nftables writes a world's policies as the rules of a router that all pods' traffic goes through, the way network
// plugins do: a chain for each pod and direction that isolates it, and connections that are known pass.
func (w *world) nftables() string {
	var jumps, chains strings.Builder
	for i, p := range w.pods {
		for _, direction := range []string{"Egress", "Ingress"} {
			rules, isolated := w.rulesOf(p, direction)
			if !isolated {
				continue
			}
			chain := fmt.Sprintf("%s_%d", strings.ToLower(direction), i)
			for _, a := range p.addresses {
				fmt.Fprintf(&jumps, "\t\t%s jump %s\n", match(a, map[string]string{"Egress": "saddr", "Ingress": "daddr"}[direction], a.String()), chain)
			}
			fmt.Fprintf(&chains, "\tchain %s {\n", chain)
			for _, rule := range rules {
				fmt.Fprintf(&chains, "\t\t%s return\n", rule)
			}
			fmt.Fprintf(&chains, "\t\tgoto denied\n\t}\n")
		}
	}
	return "table inet policies {\n\tchain denied {\n\t\tmeta l4proto tcp reject with tcp reset\n\t\treject with icmpx type port-unreachable\n\t}\n" +
		chains.String() +
		"\tchain forward {\n\t\ttype filter hook forward priority 0; policy accept;\n\t\tct state established,related accept\n" +
		jumps.String() + "\t}\n}\n"
}

// match is an expression on an address, of its family.
func match(a netip.Addr, field, value string) string {
	if a.Is4() {
		return "ip " + field + " " + value
	}
	return "ip6 " + field + " " + value
}

// rulesOf are the expressions that let a pod's traffic through in a direction, if any policy isolates it there.
func (w *world) rulesOf(p *pod, direction string) (rules []string, isolated bool) {
	for _, policy := range w.model.policies {
		if policy.Metadata.Namespace != p.namespace || !policy.isOf(direction) || !policy.Spec.PodSelector.selects(p.labels) {
			continue
		}
		isolated = true
		if direction == "Egress" {
			for _, rule := range policy.Spec.Egress {
				rules = append(rules, w.expressions(p, policy, direction, rule.To, rule.Ports)...)
			}
			continue
		}
		for _, rule := range policy.Spec.Ingress {
			rules = append(rules, w.expressions(p, policy, direction, rule.From, rule.Ports)...)
		}
	}
	return rules, isolated
}

// expressions are those of one rule: every peer with every port.
func (w *world) expressions(own *pod, policy *policy, direction string, peers []peer, ports []policyPort) []string {
	field, target := "daddr", (*pod)(nil)
	if direction == "Ingress" {
		field, target = "saddr", own
	}
	var list []string
	with := func(peer string, target *pod) {
		for _, port := range portExpressions(ports, target) {
			list = append(list, strings.TrimSpace(peer+" "+port))
		}
	}
	if len(peers) == 0 {
		with("", target)
	}
	for _, peer := range peers {
		if peer.IPBlock != nil {
			with(blockExpression(peer, field), target)
			continue
		}
		for _, other := range w.pods {
			if !w.model.peerMatches(peer, policy.Metadata.Namespace, end{pod: other}, labelsAlone) {
				continue
			}
			for _, a := range other.addresses {
				with(match(a, field, a.String()), cmp.Or(target, other))
			}
		}
	}
	return list
}

func blockExpression(p peer, field string) string {
	whole := match(p.IPBlock.CIDR.Addr(), field, p.IPBlock.CIDR.String())
	if p.IPBlock.CIDR.Bits() == 0 { // all of a family
		whole = map[bool]string{true: "meta nfproto ipv4", false: "meta nfproto ipv6"}[p.IPBlock.CIDR.Addr().Is4()]
	}
	if len(p.IPBlock.Except) == 0 {
		return whole
	}
	var except []string
	for _, e := range p.IPBlock.Except {
		except = append(except, e.String())
	}
	return whole + " " + match(p.IPBlock.CIDR.Addr(), field, "!= { "+strings.Join(except, ", ")+" }")
}

// portExpressions are those of a rule's ports; a name is that of a port of the target.
func portExpressions(ports []policyPort, target *pod) []string {
	if len(ports) == 0 {
		return []string{""}
	}
	var list []string
	for _, p := range ports {
		protocol := strings.ToLower(cmp.Or(p.Protocol, "TCP"))
		number, err := strconv.Atoi(p.Port)
		switch {
		case p.Port == "":
			list = append(list, "meta l4proto "+protocol)
		case err == nil:
			list = append(list, fmt.Sprintf("%s dport %d-%d", protocol, number, max(number, int(p.EndPort))))
		case target != nil:
			i := slices.IndexFunc(target.ports, func(own podPort) bool {
				return own.Name == p.Port && strings.EqualFold(cmp.Or(own.Protocol, "TCP"), protocol)
			})
			if i >= 0 {
				list = append(list, fmt.Sprintf("%s dport %d", protocol, target.ports[i].Number))
			}
		}
	}
	return list
}
