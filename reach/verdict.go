package reach

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
)

// Outcome is how a question is answered.
type Outcome string

// The outcomes. A [Side] is allowed, denied or unknown.
const (
	Allowed  Outcome = "allowed"
	Denied   Outcome = "denied"
	Partly   Outcome = "partly"    // a range of addresses of which only some are allowed
	OneSided Outcome = "one-sided" // the pod that is known allows it, the other one is not known
	Unknown  Outcome = "unknown"   // the objects do not tell
)

// Verdict is the answer to a [Flow].
type Verdict struct {
	Outcome Outcome
	Parts   []Part // one, unless parts of a range of addresses are answered in different ways
	NoPort  bool   // the target pod has no port of that name and protocol
}

// Part is the answer for a part of a range of addresses, or for all there is.
type Part struct {
	Addresses []netip.Prefix // sorted, as few as can be; empty between pods
	Outcome   Outcome        // never Partly
	Loopback  bool           // it stays inside the pod, which no policy sees
	Egress    *Side          // of the source; nil when that is no pod
	Ingress   *Side          // of the target; nil when that is no pod
}

// Direction is egress or ingress.
type Direction string

// The directions.
const (
	Egress  Direction = "egress"
	Ingress Direction = "ingress"
)

// Side is what one pod's policies say of a flow.
type Side struct {
	Direction Direction
	Pod       *Pod
	Outcome   Outcome  // Allowed, Denied or Unknown
	Isolated  bool     // some policy of this direction selects the pod; if none does, all is allowed
	Policies  []string // names of those policies, sorted; they are of the pod's namespace
	Rules     []Match  // those that admit the flow, by policy and number
	Misses    []Miss   // when nothing admits it: the nearest rules, nearest first
}

// RuleRef names a rule of a policy.
type RuleRef struct {
	Policy string // of the pod's namespace
	Rule   int    // in the direction's list, from 1
}

// Match is a rule that admits a flow.
type Match struct {
	RuleRef
	Peer  Peer   // the one that matches
	Ports []Port // the ones that match; empty means all ports
}

// MissKind says what a rule lacks.
type MissKind string

// The kinds, nearest first.
const (
	MissNumber MissKind = "number" // it admits a port by name, and the target's number for it is not known
	MissPort   MissKind = "port"   // it admits the peer on other ports
	MissExcept MissKind = "except" // it admits the port, and leaves the address out
)

// Miss is a rule that almost admits a flow.
type Miss struct {
	RuleRef
	Kind   MissKind
	Peer   Peer
	Ports  []Port       // that the rule admits
	Except netip.Prefix // MissExcept: what the rule leaves out and the address is in
}

// Peer is one peer of a rule: Block, or selectors. The zero Peer is everybody.
type Peer struct {
	Block        netip.Prefix
	Selects      bool   // pods, by the two below
	OwnNamespace bool   // of the policy's own namespace
	Namespaces   string // the selector of namespaces, as kubectl writes it; empty means all
	Pods         string // the selector of pods; empty means all
}

// String returns the peer in words.
func (p Peer) String() string {
	switch {
	case p.Block.IsValid():
		return p.Block.String()
	case !p.Selects:
		return "everybody"
	}
	pods, namespaces := "all pods", "all namespaces"
	if p.Pods != "" {
		pods = "pods with " + p.Pods
	}
	if p.OwnNamespace {
		namespaces = "its own namespace"
	} else if p.Namespaces != "" {
		namespaces = "namespaces with " + p.Namespaces
	}
	return pods + " of " + namespaces
}

// Port is one port, or range of ports, of a rule.
type Port struct {
	Protocol corev1.Protocol
	Name     string // of a port of the target pod
	From, To int32  // both included; 0 and no name means every port of the protocol
}

// String returns the port as 5432/TCP, 8000-8010/UDP, grpc/TCP or any/TCP.
func (p Port) String() string {
	switch {
	case p.Name != "":
		return p.Name + "/" + string(p.Protocol)
	case p.From == 0:
		return "any/" + string(p.Protocol)
	case p.From == p.To:
		return fmt.Sprintf("%d/%s", p.From, p.Protocol)
	}
	return fmt.Sprintf("%d-%d/%s", p.From, p.To, p.Protocol)
}
