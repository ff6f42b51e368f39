package reach

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Pod is what policies see of the pods of a Deployment, or of a single Pod.
type Pod struct {
	Namespace       string
	Name            string // of the Deployment or Pod; for words only
	NamespaceLabels map[string]string
	Labels          map[string]string
	Ports           []corev1.ContainerPort // each with its protocol

	// Unknown says that neither the pod's ports nor the policies that select it are among the objects: its own side
	// cannot be answered, nor which number a port's name stands for.
	Unknown bool
}

// port returns the number that a name stands for.
func (p *Pod) port(name string, protocol corev1.Protocol) (int32, bool) {
	for _, port := range p.Ports {
		if port.Name == name && port.Protocol == protocol {
			return port.ContainerPort, true
		}
	}
	return 0, false
}

// Endpoint is one end of a flow: Pod, or Addresses when Pod is nil.
type Endpoint struct {
	Pod       *Pod
	Addresses netip.Prefix // one address is a /32 or a /128
}

// PodEnd is an end at a pod.
func PodEnd(p Pod) Endpoint { return Endpoint{Pod: &p} }

// AddressEnd is an end outside of all pods. An IPv4-mapped IPv6 address is the IPv4 address that a socket connects
// to (RFC 4291); one that NAT64 embeds stays what the pod sends to: an IPv6 address.
func AddressEnd(p netip.Prefix) Endpoint {
	p = p.Masked()
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return Endpoint{Addresses: p}
}

// Flow is a connection that somebody may open.
type Flow struct {
	From, To Endpoint
	Port     intstr.IntOrString // of the target pod, 1–65535 or by name; an address has numbers only
	Protocol corev1.Protocol    // empty means TCP
}

// NAT64 returns the IPv4 address that an IPv6 address of the well-known prefix 64:ff9b::/96 stands for: a gateway
// turns it into that one (RFC 6052).
func NAT64(a netip.Addr) (netip.Addr, bool) {
	if !netip.MustParsePrefix("64:ff9b::/96").Contains(a) {
		return netip.Addr{}, false
	}
	b := a.As16()
	return netip.AddrFrom4([4]byte(b[12:])), true
}
