package compiler

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
)

// networkPolicy says who may reach the application and what it may reach (S19). Nothing else passes: the space
// denies both ways.
func (p *RegionPlan) networkPolicy() manifest.Object {
	return manifest.Object{File: "networkpolicy.yaml", Value: &networkingv1.NetworkPolicy{
		TypeMeta:   typeMeta("networking.k8s.io/v1", "NetworkPolicy"),
		ObjectMeta: p.meta(p.Spec.Name),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: p.selector()},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress:     p.ingressRules(),
			Egress:      p.egressRules(),
		},
	}}
}

func (p *RegionPlan) ingressRules() []networkingv1.NetworkPolicyIngressRule {
	all := sortedKeys(p.Spec.Ports)
	if len(all) == 0 {
		return nil
	}
	var rules []networkingv1.NetworkPolicyIngressRule
	allow := func(peers []networkingv1.NetworkPolicyPeer, names []string) {
		if len(names) > 0 && len(peers) > 0 {
			rules = append(rules, networkingv1.NetworkPolicyIngressRule{From: peers, Ports: p.policyPorts(names)})
		}
	}
	allow(peers(p.Region.Edge.From), p.exposedPorts())
	allow([]networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}, all) // the same space is granted
	for _, name := range sortedKeys(p.Spec.Accepts) {
		accept := p.Spec.Accepts[name]
		if accept.Space == p.Spec.Space {
			continue
		}
		ports := accept.Ports
		if len(ports) == 0 {
			ports = all
		}
		allow([]networkingv1.NetworkPolicyPeer{p.appPeer(accept.Space, accept.App)}, slices.Sorted(slices.Values(ports)))
	}
	if p.Region.Monitoring != nil {
		allow(peers(p.Region.Monitoring.From), p.tcpPorts())
	}
	return rules
}

func (p *RegionPlan) egressRules() []networkingv1.NetworkPolicyEgressRule {
	rules := []networkingv1.NetworkPolicyEgressRule{dnsRule(p.Region)}
	if p.Region.Network.HasIPv4() {
		rules = append(rules, publicRule("0.0.0.0/0", privateRanges(p.Region.Network, false)))
	}
	if p.Region.Network.HasIPv6() {
		rules = append(rules, publicRule("::/0", privateRanges(p.Region.Network, true)))
	}
	for _, name := range slices.Sorted(slices.Values(p.Spec.Backends)) {
		rules = append(rules, p.backendRule(p.Space.Backends[name]))
	}
	for _, name := range sortedKeys(p.Spec.Calls) {
		call := p.Spec.Calls[name]
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{
			To:    []networkingv1.NetworkPolicyPeer{p.appPeer(call.Space, call.App)},
			Ports: []networkingv1.NetworkPolicyPort{{Protocol: ptr(corev1.Protocol(call.Protocol)), Port: ptr(intstr.FromString(call.Port))}},
		})
	}
	return rules
}

func publicRule(all string, except []string) networkingv1.NetworkPolicyEgressRule {
	return networkingv1.NetworkPolicyEgressRule{To: []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: all, Except: except}}}}
}

func (p *RegionPlan) backendRule(b regions.Backend) networkingv1.NetworkPolicyEgressRule {
	rule := networkingv1.NetworkPolicyEgressRule{}
	for _, cidr := range b.Regions[p.Region.ID].CIDRs {
		rule.To = append(rule.To, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr}})
	}
	for _, port := range b.Ports {
		rule.Ports = append(rule.Ports, policyPort(port.Port, port.Protocol))
	}
	return rule
}

func policyPort(number int32, protocol string) networkingv1.NetworkPolicyPort {
	return networkingv1.NetworkPolicyPort{Protocol: ptr(corev1.Protocol(protocol)), Port: ptr(intstr.FromInt32(number))}
}

// dnsRule lets queries through to the cluster's DNS pods and to addresses that answer for them.
func dnsRule(r *regions.Region) networkingv1.NetworkPolicyEgressRule {
	to := peers(r.Network.DNS.Pods)
	for _, cidr := range r.Network.DNS.CIDRs {
		to = append(to, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr}})
	}
	return networkingv1.NetworkPolicyEgressRule{To: to, Ports: []networkingv1.NetworkPolicyPort{policyPort(53, "UDP"), policyPort(53, "TCP")}}
}

func peers(list []regions.Peer) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for _, peer := range list {
		if peer.CIDR != "" {
			out = append(out, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: peer.CIDR}})
			continue
		}
		p := networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: peer.Namespace}}
		if len(peer.Pods) > 0 {
			p.PodSelector = &metav1.LabelSelector{MatchLabels: peer.Pods}
		}
		out = append(out, p)
	}
	return out
}

// appPeer is another application: by the name of its namespace, which the API server itself labels, and its own.
func (p *RegionPlan) appPeer(space, app string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{labelNamespace: p.Platform.Namespace(space)}},
		PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{labelName: app}},
	}
}

// policyPorts are ports of the application, by number: a policy on the receiving side needs no name to be looked up.
func (p *RegionPlan) policyPorts(names []string) []networkingv1.NetworkPolicyPort {
	var ports []networkingv1.NetworkPolicyPort
	for _, name := range names {
		if port, ok := p.Spec.Ports[name]; ok {
			ports = append(ports, policyPort(port.Port, port.Protocol))
		}
	}
	return ports
}

// exposedPorts are the ports that the edge leads to, sorted.
func (p *RegionPlan) exposedPorts() []string {
	var names []string
	for _, entry := range p.Spec.HTTP {
		for _, path := range entry.Paths {
			names = append(names, path.Port)
		}
	}
	for _, entry := range p.Spec.TCP {
		names = append(names, entry.To)
	}
	for _, entry := range p.Spec.UDP {
		names = append(names, entry.To)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (p *RegionPlan) tcpPorts() []string {
	return slices.DeleteFunc(sortedKeys(p.Spec.Ports), func(name string) bool { return p.Spec.Ports[name].Protocol != "TCP" })
}
