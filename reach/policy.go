package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// policy is a NetworkPolicy, read.
type policy struct {
	name     string
	selector labels.Selector
	rules    map[Direction][]rule // a direction that is not a key is not isolated by the policy
}

type rule struct {
	peers []peer // none means everybody
	ports []Port // none means all ports
}

// peer is a range of addresses without exceptions, or pods by selectors.
type peer struct {
	told       Peer
	except     []netip.Prefix
	namespaces labels.Selector // nil means the policy's own
	pods       labels.Selector
}

func readPolicy(o *networkingv1.NetworkPolicy) (*policy, error) {
	selector, err := metav1.LabelSelectorAsSelector(&o.Spec.PodSelector)
	if err != nil {
		return nil, err
	}
	p := &policy{name: o.Name, selector: selector, rules: map[Direction][]rule{}}
	types := o.Spec.PolicyTypes
	if len(types) == 0 {
		types = defaultTypes(o.Spec)
	}
	if slices.Contains(types, networkingv1.PolicyTypeIngress) {
		p.rules[Ingress] = make([]rule, len(o.Spec.Ingress))
		for i, r := range o.Spec.Ingress {
			if p.rules[Ingress][i], err = readRule(r.From, r.Ports); err != nil {
				return nil, fmt.Errorf("ingress rule %d: %w", i+1, err)
			}
		}
	}
	if slices.Contains(types, networkingv1.PolicyTypeEgress) {
		p.rules[Egress] = make([]rule, len(o.Spec.Egress))
		for i, r := range o.Spec.Egress {
			if p.rules[Egress][i], err = readRule(r.To, r.Ports); err != nil {
				return nil, fmt.Errorf("egress rule %d: %w", i+1, err)
			}
		}
	}
	return p, nil
}

// defaultTypes are the API server's: always ingress, egress only when there are rules for it.
func defaultTypes(spec networkingv1.NetworkPolicySpec) []networkingv1.PolicyType {
	if len(spec.Egress) > 0 {
		return []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	}
	return []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
}

func readRule(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) (rule, error) {
	var r rule
	for _, p := range peers {
		read, err := readPeer(p)
		if err != nil {
			return rule{}, err
		}
		r.peers = append(r.peers, read)
	}
	for _, p := range ports {
		read, err := readPort(p)
		if err != nil {
			return rule{}, err
		}
		r.ports = append(r.ports, read)
	}
	return r, nil
}

func readPeer(p networkingv1.NetworkPolicyPeer) (peer, error) {
	switch {
	case p.IPBlock != nil && (p.PodSelector != nil || p.NamespaceSelector != nil):
		return peer{}, errors.New("a peer has a range of addresses and a selector")
	case p.IPBlock != nil:
		return readBlock(p.IPBlock)
	case p.PodSelector == nil && p.NamespaceSelector == nil:
		return peer{}, errors.New("a peer is empty")
	}
	read := peer{told: Peer{Selects: true, OwnNamespace: p.NamespaceSelector == nil}, pods: labels.Everything()}
	var err error
	if p.PodSelector != nil {
		if read.pods, err = metav1.LabelSelectorAsSelector(p.PodSelector); err != nil {
			return peer{}, err
		}
	}
	read.told.Pods = read.pods.String()
	if p.NamespaceSelector != nil {
		if read.namespaces, err = metav1.LabelSelectorAsSelector(p.NamespaceSelector); err != nil {
			return peer{}, err
		}
		read.told.Namespaces = read.namespaces.String()
	}
	return read, nil
}

func readBlock(block *networkingv1.IPBlock) (peer, error) {
	whole, err := readRange(block.CIDR)
	if err != nil {
		return peer{}, err
	}
	read := peer{told: Peer{Block: whole}}
	for _, cidr := range block.Except {
		except, err := readRange(cidr)
		if err != nil {
			return peer{}, err
		}
		if except.Bits() <= whole.Bits() || !whole.Contains(except.Addr()) {
			return peer{}, fmt.Errorf("the exception %s is not inside of %s", except, whole)
		}
		read.except = append(read.except, except)
	}
	return read, nil
}

func readRange(cidr string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return netip.Prefix{}, err
	}
	if prefix.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%s is an IPv4-mapped range", cidr)
	}
	return prefix.Masked(), nil
}

func readPort(p networkingv1.NetworkPolicyPort) (Port, error) {
	read := Port{Protocol: corev1.ProtocolTCP}
	if p.Protocol != nil {
		read.Protocol = *p.Protocol
	}
	if !slices.Contains([]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}, read.Protocol) {
		return Port{}, fmt.Errorf("unknown protocol %q", read.Protocol)
	}
	switch {
	case p.Port == nil && p.EndPort != nil:
		return Port{}, errors.New("a range of ports has no beginning")
	case p.Port == nil:
		return read, nil
	case p.Port.Type == intstr.String && p.EndPort != nil:
		return Port{}, fmt.Errorf("a range of ports begins with the name %q", p.Port.StrVal)
	case p.Port.Type == intstr.String && p.Port.StrVal == "":
		return Port{}, errors.New("a port's name is empty")
	case p.Port.Type == intstr.String:
		read.Name = p.Port.StrVal
		return read, nil
	}
	read.From, read.To = p.Port.IntVal, p.Port.IntVal
	if p.EndPort != nil {
		read.To = *p.EndPort
	}
	if read.From < 1 || read.To > 65535 || read.To < read.From {
		return Port{}, fmt.Errorf("ports %d to %d are not within 1 to 65535, in order", read.From, read.To)
	}
	return read, nil
}
