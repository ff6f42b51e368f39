package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Ask answers whether a flow is possible. Between two ranges of addresses there is no pod, so that no policy says
// anything: it is allowed. At most one end may be a range of more than one address; of a range, loopback addresses
// count only when it has no others.
func (c *Cluster) Ask(f Flow) Verdict {
	f.Protocol = cmp.Or(f.Protocol, corev1.ProtocolTCP)
	q := question{protocol: f.Protocol, target: f.To.Pod}
	if f.Port.Type == intstr.Int {
		q.number = f.Port.IntVal
	} else if q.name = f.Port.StrVal; f.To.Pod != nil && !f.To.Pod.Unknown {
		number, ok := f.To.Pod.port(q.name, f.Protocol)
		if !ok {
			return Verdict{Outcome: Denied, NoPort: true, Parts: []Part{{Outcome: Denied}}}
		}
		q.number = number
	}
	if f.From.Pod != nil && f.To.Pod != nil {
		part := c.part(q, f.From.Pod, f.To.Pod, netip.Addr{})
		return Verdict{Outcome: part.Outcome, Parts: []Part{part}}
	}
	return c.askRange(q, f)
}

// askRange cuts the range where any rule makes a difference, answers every piece, and puts together those that are
// answered alike.
func (c *Cluster) askRange(q question, f Flow) Verdict {
	whole, pod, direction := f.To.Addresses, f.From.Pod, Egress
	if f.To.Pod != nil {
		whole, pod, direction = f.From.Addresses, f.To.Pod, Ingress
	}
	var v Verdict
	groups := map[string]int{}
	for _, piece := range onNetwork(Split(whole, c.cuts(pod, direction))) {
		part := c.part(q, f.From.Pod, f.To.Pod, piece.Addr())
		part.Addresses = []netip.Prefix{piece}
		key := part.key()
		i, known := groups[key]
		if !known {
			groups[key] = len(v.Parts)
			v.Parts = append(v.Parts, part)
			continue
		}
		v.Parts[i].merge(part)
	}
	v.Outcome = v.Parts[0].Outcome
	for i := range v.Parts {
		v.Parts[i].Addresses = Join(v.Parts[i].Addresses)
		if v.Parts[i].Outcome != v.Outcome {
			v.Outcome = Partly
		}
	}
	return v
}

// onNetwork drops the loopback pieces of a range that has others too: whoever asks for 0.0.0.0/0 means the network.
func onNetwork(pieces []netip.Prefix) []netip.Prefix {
	outside := slices.DeleteFunc(slices.Clone(pieces), func(p netip.Prefix) bool { return p.Addr().IsLoopback() })
	if len(outside) == 0 {
		return pieces
	}
	return outside
}

// cuts are the ranges that a pod's policies tell apart.
func (c *Cluster) cuts(pod *Pod, d Direction) []netip.Prefix {
	list := loopback()
	if pod == nil {
		return list
	}
	for _, p := range c.isolating(pod, d) {
		for _, r := range p.rules[d] {
			for _, peer := range r.peers {
				if peer.told.Block.IsValid() {
					list = append(list, peer.told.Block)
				}
				list = append(list, peer.except...)
			}
		}
	}
	return list
}

// key is equal for parts that are answered alike.
func (p Part) key() string {
	key := fmt.Sprint(p.Outcome, p.Loopback)
	for _, side := range []*Side{p.Egress, p.Ingress} {
		if side != nil {
			key += fmt.Sprint(side.Outcome, side.Rules)
		}
	}
	return key
}

func (p *Part) merge(other Part) {
	p.Addresses = append(p.Addresses, other.Addresses...)
	for _, sides := range [][2]*Side{{p.Egress, other.Egress}, {p.Ingress, other.Ingress}} {
		if sides[0] != nil {
			sides[0].addMisses(sides[1].Misses...)
		}
	}
}

// part answers for one address, or between two pods.
func (c *Cluster) part(q question, from, to *Pod, address netip.Addr) Part {
	if address.IsValid() && address.IsLoopback() {
		return Part{Outcome: Allowed, Loopback: true}
	}
	var part Part
	if from != nil {
		part.Egress = c.side(q, Egress, from, end{to, address})
	}
	if to != nil {
		part.Ingress = c.side(q, Ingress, to, end{from, address})
	}
	part.Outcome = together(part.Egress, part.Ingress)
	return part
}

// together is the outcome of both sides: every side that there is must allow it.
func together(sides ...*Side) Outcome {
	known, unknown, open := 0, 0, false
	for _, side := range sides {
		switch {
		case side == nil:
		case side.Outcome == Denied:
			return Denied
		case side.Pod.Unknown:
			unknown++
		default:
			known++
			open = open || side.Outcome == Unknown
		}
	}
	switch {
	case open || known == 0 && unknown > 0:
		return Unknown
	case unknown > 0:
		return OneSided
	}
	return Allowed
}

func (c *Cluster) isolating(pod *Pod, d Direction) []*policy {
	var list []*policy
	for _, p := range c.policies[pod.Namespace] {
		if _, ok := p.rules[d]; ok && p.selector.Matches(labels.Set(pod.Labels)) {
			list = append(list, p)
		}
	}
	return list
}

// side answers for the policies of one pod. Of a pod that is not known some policies may be, such as the space's
// own; they do not tell, because the others add to them.
func (c *Cluster) side(q question, d Direction, own *Pod, other end) *Side {
	side := &Side{Direction: d, Pod: own, Outcome: Unknown}
	if own.Unknown {
		return side
	}
	policies := c.isolating(own, d)
	if len(policies) == 0 {
		side.Outcome = Allowed
		return side
	}
	side.Isolated = true
	for _, p := range policies {
		side.Policies = append(side.Policies, p.name)
		for i, r := range p.rules[d] {
			match, miss := r.admits(q, own.Namespace, other)
			ref := RuleRef{p.name, i + 1}
			if match != nil {
				match.RuleRef = ref
				side.Rules = append(side.Rules, *match)
			} else if miss != nil {
				miss.RuleRef = ref
				side.addMisses(*miss)
			}
		}
	}
	switch {
	case len(side.Rules) > 0:
		side.Outcome, side.Misses = Allowed, nil
	case len(side.Misses) == 0 || side.Misses[0].Kind != MissNumber:
		side.Outcome = Denied
	}
	return side
}

// addMisses keeps misses nearest first, each once.
func (s *Side) addMisses(list ...Miss) {
	for _, miss := range list {
		if !slices.ContainsFunc(s.Misses, func(m Miss) bool { return m.same(miss) }) {
			s.Misses = append(s.Misses, miss)
		}
	}
	order := []MissKind{MissNumber, MissPort, MissExcept}
	slices.SortStableFunc(s.Misses, func(a, b Miss) int {
		return cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind))
	})
}

func (m Miss) same(other Miss) bool {
	return m.RuleRef == other.RuleRef && m.Kind == other.Kind && m.Peer == other.Peer && m.Except == other.Except
}
