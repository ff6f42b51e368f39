package compiler

import (
	"slices"
	"strings"

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
	ingress, _ := p.ingressRules()
	egress, _ := p.egressRules()
	return manifest.Object{File: "networkpolicy.yaml", Value: &networkingv1.NetworkPolicy{
		TypeMeta:   typeMeta("networking.k8s.io/v1", "NetworkPolicy"),
		ObjectMeta: p.meta(p.Spec.Name),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: p.selector()},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress:     ingress,
			Egress:      egress,
		},
	}}
}

// Origins says of each rule of a NetworkPolicy, in order, which words of app.cue it comes from, such as http.public
// or backends: mysql.
type Origins struct{ Ingress, Egress []string }

// Origins returns the origins of the rules that hold for the application's pods, by the policy's name: its own
// policy, and the space's.
func (p *RegionPlan) Origins() map[string]Origins {
	_, ingress := p.ingressRules()
	_, egress := p.egressRules()
	return map[string]Origins{
		p.Spec.Name: {ingress, egress},
		spacePolicy: {nil, []string{"DNS, for the whole space"}},
	}
}

// ingressRules returns the rules, and what each comes from.
func (p *RegionPlan) ingressRules() ([]networkingv1.NetworkPolicyIngressRule, []string) {
	all := sortedKeys(p.Spec.Ports)
	if len(all) == 0 {
		return nil, nil
	}
	var rules []networkingv1.NetworkPolicyIngressRule
	var origins []string
	allow := func(origin string, peers []networkingv1.NetworkPolicyPeer, names []string) {
		if len(names) > 0 && len(peers) > 0 {
			rules = append(rules, networkingv1.NetworkPolicyIngressRule{From: peers, Ports: p.policyPorts(names)})
			origins = append(origins, origin)
		}
	}
	allow(strings.Join(p.exposures(), ", "), peers(p.Region.Edge.From), p.exposedPorts())
	allow("the same space", []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}, all)
	for _, name := range sortedKeys(p.Spec.Accepts) {
		accept := p.Spec.Accepts[name]
		if accept.Space == p.Spec.Space {
			continue
		}
		ports := accept.Ports
		if len(ports) == 0 {
			ports = all
		}
		allow(fieldPath([]string{"accepts", name}), []networkingv1.NetworkPolicyPeer{p.appPeer(accept.Space, accept.App)}, slices.Sorted(slices.Values(ports)))
	}
	if p.Region.Monitoring != nil {
		allow("monitoring", peers(p.Region.Monitoring.From), p.tcpPorts())
	}
	return rules, origins
}

// egressRules returns the rules, and what each comes from.
func (p *RegionPlan) egressRules() ([]networkingv1.NetworkPolicyEgressRule, []string) {
	var rules []networkingv1.NetworkPolicyEgressRule
	var origins []string
	allow := func(origin string, rule networkingv1.NetworkPolicyEgressRule) {
		rules, origins = append(rules, rule), append(origins, origin)
	}
	allow("DNS", dnsRule(p.Region))
	if p.Region.Network.HasIPv4() {
		allow("public addresses", publicRule("0.0.0.0/0", privateRanges(p.Region.Network, false)))
	}
	if p.Region.Network.HasIPv6() {
		allow("public addresses", publicRule("::/0", privateRanges(p.Region.Network, true)))
	}
	for _, name := range slices.Sorted(slices.Values(p.Spec.Backends)) {
		allow("backends: "+name, p.backendRule(p.Space.Backends[name]))
	}
	for _, name := range sortedKeys(p.Spec.Calls) {
		call := p.Spec.Calls[name]
		allow(fieldPath([]string{"calls", name}), networkingv1.NetworkPolicyEgressRule{
			To:    []networkingv1.NetworkPolicyPeer{p.appPeer(call.Space, call.App)},
			Ports: []networkingv1.NetworkPolicyPort{{Protocol: ptr(corev1.Protocol(call.Protocol)), Port: ptr(intstr.FromString(call.Port))}},
		})
	}
	return rules, origins
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

// exposures are the entries of app.cue that the edge serves.
func (p *RegionPlan) exposures() []string {
	var list []string
	add := func(kind string, names []string) {
		for _, name := range names {
			list = append(list, fieldPath([]string{kind, name}))
		}
	}
	add("http", sortedKeys(p.Spec.HTTP))
	add("tcp", sortedKeys(p.Spec.TCP))
	add("udp", sortedKeys(p.Spec.UDP))
	return list
}

func (p *RegionPlan) tcpPorts() []string {
	return slices.DeleteFunc(sortedKeys(p.Spec.Ports), func(name string) bool { return p.Spec.Ports[name].Protocol != "TCP" })
}
