package reach

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// question is a flow's port, resolved at the target as far as it can be.
type question struct {
	protocol corev1.Protocol
	number   int32  // 0 when only the name is known
	name     string // empty when a number was asked for
	target   *Pod   // nil for an address
}

// end is the other end of a flow: a pod, or an address.
type end struct {
	pod     *Pod
	address netip.Addr
}

// answer is no, perhaps or yes.
type answer int

const (
	no answer = iota
	perhaps
	yes
)

// admits returns how a rule matches, or what it misses if it is near.
func (r rule) admits(q question, namespace string, other end) (*Match, *Miss) {
	ports, how := q.matching(r.ports)
	who, found, except := r.matching(namespace, other)
	switch {
	case found && how == yes:
		return &Match{Peer: who, Ports: ports}, nil
	case found && how == perhaps:
		return nil, &Miss{Kind: MissNumber, Peer: who, Ports: ports}
	case found:
		return nil, &Miss{Kind: MissPort, Peer: who, Ports: r.ports}
	case except.IsValid() && how == yes:
		return nil, &Miss{Kind: MissExcept, Peer: who, Ports: ports, Except: except}
	}
	return nil, nil
}

// matching returns the first peer that the other end is; else the one, if any, that has it but for an exception.
func (r rule) matching(namespace string, other end) (who Peer, found bool, except netip.Prefix) {
	if len(r.peers) == 0 {
		return Peer{}, true, netip.Prefix{}
	}
	for _, p := range r.peers {
		matches, left := p.matches(namespace, other)
		if matches {
			return p.told, true, netip.Prefix{}
		}
		if left.IsValid() && !except.IsValid() {
			who, except = p.told, left
		}
	}
	return who, false, except
}

// matches reports whether the other end is the peer, and if an exception alone prevents it, which.
func (p peer) matches(namespace string, other end) (bool, netip.Prefix) {
	if p.told.Block.IsValid() {
		if other.pod != nil || !p.told.Block.Contains(other.address) {
			return false, netip.Prefix{}
		}
		for _, except := range p.except {
			if except.Contains(other.address) {
				return false, except
			}
		}
		return true, netip.Prefix{}
	}
	switch {
	case other.pod == nil:
		return false, netip.Prefix{}
	case p.namespaces == nil && other.pod.Namespace != namespace:
		return false, netip.Prefix{}
	case p.namespaces != nil && !p.namespaces.Matches(labels.Set(other.pod.NamespaceLabels)):
		return false, netip.Prefix{}
	}
	return p.pods.Matches(labels.Set(other.pod.Labels)), netip.Prefix{}
}

// matching returns the ports of a rule that are the one asked for; or those that may be, when a name and a number
// cannot be compared. No port in a rule is all ports.
func (q question) matching(ports []Port) ([]Port, answer) {
	if len(ports) == 0 {
		return nil, yes
	}
	var certain, possible []Port
	for _, port := range ports {
		switch q.matches(port) {
		case yes:
			certain = append(certain, port)
		case perhaps:
			possible = append(possible, port)
		}
	}
	switch {
	case len(certain) > 0:
		return certain, yes
	case len(possible) > 0:
		return possible, perhaps
	}
	return nil, no
}

func (q question) matches(port Port) answer {
	switch {
	case port.Protocol != q.protocol:
		return no
	case port.Name == "" && port.From == 0:
		return yes
	case port.Name != "":
		return q.named(port.Name)
	case q.number == 0:
		return perhaps
	}
	return truth(port.From <= q.number && q.number <= port.To)
}

// named compares with a port of that name. An address has no names; the names of a pod that is not known are as
// good as different numbers, for two names of one number make no sense.
func (q question) named(name string) answer {
	switch {
	case q.target == nil:
		return no
	case q.target.Unknown && q.name == "":
		return perhaps
	case q.target.Unknown:
		return truth(q.name == name)
	}
	number, ok := q.target.port(name, q.protocol)
	return truth(ok && number == q.number)
}

func truth(b bool) answer {
	if b {
		return yes
	}
	return no
}
