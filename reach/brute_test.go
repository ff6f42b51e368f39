package reach

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// brute is a second evaluator, written for its plainness: it takes the API's own types, one address at a time, and
// shares no code with the package. Selectors are matched by hand, ranges by the package net.
type brute struct {
	policies   []*networkingv1.NetworkPolicy
	namespaces map[string]map[string]string
}

// bruteEnd is a pod, or an address.
type bruteEnd struct {
	pod *corev1.Pod
	ip  net.IP
}

func (b brute) allowed(from, to bruteEnd, port int32, protocol corev1.Protocol) bool {
	return b.side(from, to, to, port, protocol, true) && b.side(to, from, to, port, protocol, false)
}

func (b brute) side(own, other, target bruteEnd, port int32, protocol corev1.Protocol, egress bool) bool {
	if own.pod == nil {
		return true
	}
	isolated := false
	for _, p := range b.policies {
		if p.Namespace != own.pod.Namespace || !bruteSelects(&p.Spec.PodSelector, own.pod.Labels) || !bruteTypes(p, egress) {
			continue
		}
		isolated = true
		if egress {
			for _, r := range p.Spec.Egress {
				if b.peers(p.Namespace, r.To, other) && brutePorts(r.Ports, target, port, protocol) {
					return true
				}
			}
			continue
		}
		for _, r := range p.Spec.Ingress {
			if b.peers(p.Namespace, r.From, other) && brutePorts(r.Ports, target, port, protocol) {
				return true
			}
		}
	}
	return !isolated
}

func bruteTypes(p *networkingv1.NetworkPolicy, egress bool) bool {
	if p.Spec.PolicyTypes == nil {
		return !egress || len(p.Spec.Egress) > 0
	}
	for _, t := range p.Spec.PolicyTypes {
		if egress == (t == networkingv1.PolicyTypeEgress) {
			return true
		}
	}
	return false
}

func (b brute) peers(namespace string, peers []networkingv1.NetworkPolicyPeer, other bruteEnd) bool {
	if len(peers) == 0 {
		return true
	}
	for _, p := range peers {
		if p.IPBlock != nil {
			if other.ip != nil && bruteBlock(p.IPBlock, other.ip) {
				return true
			}
			continue
		}
		if other.pod == nil {
			continue
		}
		inNamespace := other.pod.Namespace == namespace
		if p.NamespaceSelector != nil {
			inNamespace = bruteSelects(p.NamespaceSelector, b.namespaces[other.pod.Namespace])
		}
		if inNamespace && (p.PodSelector == nil || bruteSelects(p.PodSelector, other.pod.Labels)) {
			return true
		}
	}
	return false
}

func bruteBlock(block *networkingv1.IPBlock, ip net.IP) bool {
	in := func(cidr string) bool {
		_, n, err := net.ParseCIDR(cidr)
		if err != nil {
			panic(err)
		}
		return (len(n.IP) == 4) == (ip.To4() != nil) && n.Contains(ip)
	}
	for _, cidr := range block.Except {
		if in(cidr) {
			return false
		}
	}
	return in(block.CIDR)
}

func brutePorts(ports []networkingv1.NetworkPolicyPort, target bruteEnd, port int32, protocol corev1.Protocol) bool {
	for _, p := range ports {
		if (p.Protocol == nil && protocol != "TCP") || (p.Protocol != nil && *p.Protocol != protocol) {
			continue
		}
		switch {
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			if target.pod == nil {
				continue
			}
			for _, c := range target.pod.Spec.Containers[0].Ports {
				if c.Name == p.Port.StrVal && c.Protocol == protocol && c.ContainerPort == port {
					return true
				}
			}
		case p.EndPort != nil:
			if p.Port.IntVal <= port && port <= *p.EndPort {
				return true
			}
		case p.Port.IntVal == port:
			return true
		}
	}
	return len(ports) == 0
}

func bruteSelects(s *metav1.LabelSelector, labels map[string]string) bool {
	for key, value := range s.MatchLabels {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		got, ok := labels[e.Key]
		in := ok && slices.Contains(e.Values, got)
		holds := map[metav1.LabelSelectorOperator]bool{metav1.LabelSelectorOpIn: in, metav1.LabelSelectorOpNotIn: !in, metav1.LabelSelectorOpExists: ok, metav1.LabelSelectorOpDoesNotExist: !ok}
		if !holds[e.Operator] {
			return false
		}
	}
	return true
}

// dice makes small random clusters.
type dice struct{ *rand.Rand }

func (d dice) one(list ...string) string { return list[d.IntN(len(list))] }

func (d dice) labels() map[string]string {
	labels := map[string]string{}
	for _, key := range []string{"a", "b"} {
		if d.IntN(3) > 0 {
			labels[key] = d.one("x", "y")
		}
	}
	return labels
}

func (d dice) selector() *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	if d.IntN(2) == 0 {
		s.MatchLabels = map[string]string{d.one("a", "b"): d.one("x", "y")}
	}
	switch key := d.one("a", "b"); d.IntN(6) {
	case 0:
		s.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{"x"}}}
	case 1:
		s.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: key, Operator: metav1.LabelSelectorOpNotIn, Values: []string{"y"}}}
	case 2:
		s.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: key, Operator: metav1.LabelSelectorOpDoesNotExist}}
	}
	return s
}

// block is a range of the sixteen addresses that are asked for, or around them, with exceptions inside.
func (d dice) block() *networkingv1.IPBlock {
	base := d.one("10.0.0.0", "2001:db8::")
	width := map[string]int{"10.0.0.0": 32, "2001:db8::": 128}[base]
	cut := func(from int) netip.Prefix {
		addr := netip.MustParseAddr(base)
		for range d.IntN(16) {
			addr = addr.Next()
		}
		return netip.PrefixFrom(addr, from+d.IntN(width-from+1)).Masked()
	}
	whole := cut(width - 5)
	block := &networkingv1.IPBlock{CIDR: whole.String()}
	for range d.IntN(3) {
		if except := cut(width - 4); except.Bits() > whole.Bits() && whole.Contains(except.Addr()) {
			block.Except = append(block.Except, except.String())
		}
	}
	return block
}

func (d dice) peers() []networkingv1.NetworkPolicyPeer {
	var list []networkingv1.NetworkPolicyPeer
	for range d.IntN(3) {
		switch d.IntN(5) {
		case 0, 1:
			list = append(list, networkingv1.NetworkPolicyPeer{IPBlock: d.block()})
		case 2:
			list = append(list, networkingv1.NetworkPolicyPeer{PodSelector: d.selector()})
		case 3:
			list = append(list, networkingv1.NetworkPolicyPeer{NamespaceSelector: d.selector()})
		default:
			list = append(list, networkingv1.NetworkPolicyPeer{NamespaceSelector: d.selector(), PodSelector: d.selector()})
		}
	}
	return list
}

func (d dice) ports() []networkingv1.NetworkPolicyPort {
	var list []networkingv1.NetworkPolicyPort
	for range d.IntN(3) {
		var p networkingv1.NetworkPolicyPort
		if d.IntN(3) > 0 {
			protocol := corev1.Protocol(d.one("TCP", "UDP", "SCTP"))
			p.Protocol = &protocol
		}
		number := intstr.FromInt32(1 + d.Int32N(4))
		name := intstr.FromString(d.one("one", "two"))
		switch d.IntN(4) {
		case 0:
			p.Port = &number
		case 1:
			p.Port = &name
		case 2:
			end := number.IntVal + d.Int32N(3)
			p.Port, p.EndPort = &number, &end
		}
		list = append(list, p)
	}
	return list
}

func (d dice) policy(name string) *networkingv1.NetworkPolicy {
	p := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: d.one("n1", "n2")}}
	p.Spec.PodSelector = *d.selector()
	for range d.IntN(3) {
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: d.peers(), Ports: d.ports()})
	}
	for range d.IntN(3) {
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: d.peers(), Ports: d.ports()})
	}
	switch d.IntN(4) {
	case 0:
		p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	case 1:
		p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}
	case 2:
		p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	}
	return p
}

func (d dice) pod(namespace, name string) *corev1.Pod {
	ports := []corev1.ContainerPort{{Name: "one", ContainerPort: 1 + d.Int32N(4), Protocol: corev1.Protocol(d.one("TCP", "UDP"))}}
	if d.IntN(2) == 0 {
		ports = append(ports, corev1.ContainerPort{Name: "two", ContainerPort: 5, Protocol: "TCP"})
	}
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: d.labels()}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: ports}}}}
}

// TestAgainstBruteForce compares all flows of many small random clusters with the second evaluator.
func TestAgainstBruteForce(t *testing.T) {
	allowed, denied := 0, 0
	for seed := range uint64(150) {
		d := dice{rand.New(rand.NewPCG(seed, 1))}
		b := brute{namespaces: map[string]map[string]string{}}
		var objects []runtime.Object
		var pods []*corev1.Pod
		for _, name := range []string{"n1", "n2"} {
			labels := d.labels()
			objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
			b.namespaces[name] = labels
			pods = append(pods, d.pod(name, "p1"), d.pod(name, "p2"))
		}
		for i := range 1 + d.IntN(4) {
			p := d.policy(fmt.Sprint("policy", i))
			b.policies = append(b.policies, p)
			objects = append(objects, p)
		}
		for _, pod := range pods {
			objects = append(objects, pod)
		}
		c, err := New(objects...)
		if err != nil {
			t.Fatal(seed, err)
		}
		check := bruteCheck{t, seed, c, b, &allowed, &denied}
		check.all(pods)
	}
	if allowed < 10000 || denied < 10000 {
		t.Errorf("the flows are too much alike: %d allowed, %d denied", allowed, denied)
	}
}

type bruteCheck struct {
	*testing.T
	seed            uint64
	c               *Cluster
	b               brute
	allowed, denied *int
}

func (c bruteCheck) all(pods []*corev1.Pod) {
	for _, protocol := range []corev1.Protocol{"TCP", "UDP", "SCTP"} {
		for port := int32(1); port <= 6; port++ {
			for _, pod := range pods {
				for _, other := range pods {
					f := Flow{From: c.end(pod), To: c.end(other), Port: intstr.FromInt32(port), Protocol: protocol}
					c.compare(f, c.c.Ask(f).Outcome, c.b.allowed(bruteEnd{pod: pod}, bruteEnd{pod: other}, port, protocol))
				}
				for _, whole := range []string{"10.0.0.0/28", "2001:db8::/124"} {
					c.addresses(pod, netip.MustParsePrefix(whole), port, protocol)
				}
			}
		}
	}
}

func (c bruteCheck) end(pod *corev1.Pod) Endpoint {
	known, ok := c.c.Pod(pod.Namespace, pod.Name)
	if !ok {
		c.Fatal("there is no pod", pod.Name)
	}
	return PodEnd(known)
}

// addresses asks for a range at once and compares it, address by address, with both evaluators.
func (c bruteCheck) addresses(pod *corev1.Pod, whole netip.Prefix, port int32, protocol corev1.Protocol) {
	out := Flow{From: c.end(pod), To: AddressEnd(whole), Port: intstr.FromInt32(port), Protocol: protocol}
	in := Flow{From: AddressEnd(whole), To: c.end(pod), Port: intstr.FromInt32(port), Protocol: protocol}
	outcomes := [2]Verdict{c.c.Ask(out), c.c.Ask(in)}
	for addr := whole.Addr(); whole.Contains(addr); addr = addr.Next() {
		outside, inside := bruteEnd{ip: net.IP(addr.AsSlice())}, bruteEnd{pod: pod}
		wants := [2]bool{c.b.allowed(inside, outside, port, protocol), c.b.allowed(outside, inside, port, protocol)}
		out.To, in.From = AddressEnd(netip.PrefixFrom(addr, addr.BitLen())), AddressEnd(netip.PrefixFrom(addr, addr.BitLen()))
		for i, f := range []Flow{out, in} {
			c.compare(f, c.c.Ask(f).Outcome, wants[i])
			c.compare(f, partOf(c.T, outcomes[i], addr), wants[i])
		}
	}
}

func partOf(t *testing.T, v Verdict, addr netip.Addr) Outcome {
	t.Helper()
	var found []Outcome
	for _, part := range v.Parts {
		for _, p := range part.Addresses {
			if p.Contains(addr) {
				found = append(found, part.Outcome)
			}
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s is in %d parts", addr, len(found))
	}
	return found[0]
}

func (c bruteCheck) compare(f Flow, got Outcome, want bool) {
	if want {
		*c.allowed++
	} else {
		*c.denied++
	}
	if (got == Allowed) != want || (got != Allowed && got != Denied) {
		c.Fatalf("seed %d: %v/%v → %v/%v port %s/%s: %s, the second evaluator says %v", c.seed, f.From.Pod, f.From.Addresses, f.To.Pod, f.To.Addresses, f.Port.String(), f.Protocol, got, want)
	}
}
