package network

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// A model of NetworkPolicy, from https://kubernetes.io/docs/concepts/services-networking/network-policies/ and the
// comments of the API's types. It reads manifests by itself, one address at a time, and is written to be read.

// policy is a NetworkPolicy as it is written. A field that is not here is an error: it might mean something.
type policy struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name      string            `yaml:"name"`
		Namespace string            `yaml:"namespace"`
		Labels    map[string]string `yaml:"labels"`
	} `yaml:"metadata"`
	Spec struct {
		PodSelector selector      `yaml:"podSelector"`
		PolicyTypes []string      `yaml:"policyTypes"`
		Ingress     []ingressRule `yaml:"ingress"`
		Egress      []egressRule  `yaml:"egress"`
	} `yaml:"spec"`
}

type ingressRule struct {
	From  []peer       `yaml:"from"`
	Ports []policyPort `yaml:"ports"`
}

type egressRule struct {
	To    []peer       `yaml:"to"`
	Ports []policyPort `yaml:"ports"`
}

// peer is ipBlock alone, or one or both selectors.
type peer struct {
	PodSelector       *selector `yaml:"podSelector"`
	NamespaceSelector *selector `yaml:"namespaceSelector"`
	IPBlock           *struct {
		CIDR   netip.Prefix   `yaml:"cidr"`
		Except []netip.Prefix `yaml:"except"`
	} `yaml:"ipBlock"`
}

type policyPort struct {
	Protocol string `yaml:"protocol"` // absent means TCP
	Port     string `yaml:"port"`     // number or name; absent means all
	EndPort  int32  `yaml:"endPort"`
}

type selector struct {
	MatchLabels      map[string]string `yaml:"matchLabels"`
	MatchExpressions []struct {
		Key      string   `yaml:"key"`
		Operator string   `yaml:"operator"`
		Values   []string `yaml:"values"`
	} `yaml:"matchExpressions"`
}

func readPolicy(data []byte) (*policy, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	p := &policy{}
	if err := decoder.Decode(p); err != nil {
		return nil, err
	}
	if p.APIVersion != "networking.k8s.io/v1" || p.Metadata.Namespace == "" {
		return nil, fmt.Errorf("%s %q of the namespace %q", p.APIVersion, p.Metadata.Name, p.Metadata.Namespace)
	}
	return p, nil
}

// pod is what policies see of a pod.
type pod struct {
	namespace, name string
	labels          map[string]string
	ports           []podPort
	addresses       []netip.Addr // at most one a family
}

type podPort struct {
	Name     string `yaml:"name"`
	Number   int32  `yaml:"containerPort"`
	Protocol string `yaml:"protocol"` // absent means TCP
}

func (p *pod) String() string { return p.namespace + "/" + p.name }

// end is one end of a connection: a pod by one of its addresses, or, when pod is nil, an address that is no pod's.
type end struct {
	pod     *pod
	address netip.Addr
}

func (e end) String() string {
	if e.pod == nil {
		return e.address.String()
	}
	return e.pod.String()
}

// question is a connection that one end opens to a port of the other.
type question struct {
	from, to end
	port     int32
	protocol string // TCP, UDP or SCTP
}

func (q question) String() string {
	return fmt.Sprintf("%s > %s %d/%s", q.from, q.to, q.port, q.protocol)
}

// reading is how the plugin reads a range of addresses, which Kubernetes leaves open for addresses of pods.
type reading bool

const (
	labelsAlone  reading = false // pods are matched by their labels, and ranges are of addresses outside
	podAddresses reading = true  // a range matches pods too that have an address in it
)

// model is a cluster as policies see it.
type model struct {
	namespaces map[string]map[string]string // labels
	policies   []*policy
}

// allows answers a question: the egress of its source and the ingress of its target must both allow it.
func (m *model) allows(q question, r reading) bool {
	return m.sideAllows("Egress", q.from, q.to, q, r) && m.sideAllows("Ingress", q.to, q.from, q, r)
}

// sideAllows answers for one pod: all is allowed unless a policy of that type selects the pod; then what any rule of
// those policies allows.
func (m *model) sideAllows(direction string, own, other end, q question, r reading) bool {
	if own.pod == nil {
		return true
	}
	isolated := false
	for _, p := range m.policies {
		if p.Metadata.Namespace != own.pod.namespace || !p.Spec.PodSelector.selects(own.pod.labels) || !p.isOf(direction) {
			continue
		}
		isolated = true
		if m.rulesAllow(p, direction, other, q, r) {
			return true
		}
	}
	return !isolated
}

// isOf reports whether the policy is of a type. Without types it is of ingress, and of egress if it has such rules.
func (p *policy) isOf(direction string) bool {
	if len(p.Spec.PolicyTypes) == 0 {
		return direction == "Ingress" || len(p.Spec.Egress) > 0
	}
	return slices.Contains(p.Spec.PolicyTypes, direction)
}

func (m *model) rulesAllow(p *policy, direction string, other end, q question, r reading) bool {
	if direction == "Egress" {
		return slices.ContainsFunc(p.Spec.Egress, func(rule egressRule) bool {
			return m.peersMatch(rule.To, p.Metadata.Namespace, other, r) && portsMatch(rule.Ports, q)
		})
	}
	return slices.ContainsFunc(p.Spec.Ingress, func(rule ingressRule) bool {
		return m.peersMatch(rule.From, p.Metadata.Namespace, other, r) && portsMatch(rule.Ports, q)
	})
}

// peersMatch reports whether one of the peers is the other end. No peers are everybody.
func (m *model) peersMatch(peers []peer, namespace string, other end, r reading) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p peer) bool { return m.peerMatches(p, namespace, other, r) })
}

func (m *model) peerMatches(p peer, namespace string, other end, r reading) bool {
	switch {
	case p.IPBlock != nil:
		in := func(block netip.Prefix) bool { return block.Contains(other.address) }
		return (other.pod == nil || r == podAddresses) && in(p.IPBlock.CIDR) && !slices.ContainsFunc(p.IPBlock.Except, in)
	case other.pod == nil:
		return false
	case p.NamespaceSelector == nil && other.pod.namespace != namespace:
		return false
	case p.NamespaceSelector != nil && !p.NamespaceSelector.selects(m.namespaces[other.pod.namespace]):
		return false
	}
	return p.PodSelector == nil || p.PodSelector.selects(other.pod.labels)
}

// portsMatch reports whether one of the ports is the one asked for. No ports are all.
func portsMatch(ports []policyPort, q question) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p policyPort) bool { return p.matches(q) })
}

func (p policyPort) matches(q question) bool {
	if cmp.Or(p.Protocol, "TCP") != q.protocol {
		return false
	}
	if p.Port == "" {
		return true
	}
	number, err := strconv.ParseInt(p.Port, 10, 32)
	if err != nil {
		return q.to.pod != nil && slices.ContainsFunc(q.to.pod.ports, func(own podPort) bool {
			return own.Name == p.Port && own.Number == q.port && cmp.Or(own.Protocol, "TCP") == q.protocol
		})
	}
	return int32(number) <= q.port && q.port <= max(int32(number), p.EndPort)
}

// selects reports whether labels satisfy a selector: all of it. An empty one selects everything.
func (s selector) selects(labels map[string]string) bool {
	for key, value := range s.MatchLabels {
		if found, has := labels[key]; !has || found != value {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		value, has := labels[e.Key]
		listed := has && slices.Contains(e.Values, value)
		switch e.Operator {
		case "In":
			has = listed
		case "NotIn":
			has = !listed
		case "DoesNotExist":
			has = !has
		case "Exists":
		default:
			panic("no operator of selectors: " + e.Operator)
		}
		if !has {
			return false
		}
	}
	return true
}
