package change

import (
	"reflect"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/meridian-gitops/meridian/golden"
)

// direction is one of the two ways that a NetworkPolicy looks.
type direction struct {
	policyType               networkingv1.PolicyType
	wider, narrower, changed Class
	widerNote, narrowerNote  string
	rules                    func(networkingv1.NetworkPolicySpec) (traffic, bool)
	openNote, closedNote     string
}

func directions() []direction {
	return []direction{
		{
			networkingv1.PolicyTypeIngress, ExposureWider, ExposureNarrower, ExposureChanged,
			"lets in ", "no longer lets in ", ingressTraffic,
			"nothing keeps anybody out of the namespace's pods any more", "what no policy lets in is kept out now",
		},
		{
			networkingv1.PolicyTypeEgress, EgressWider, EgressNarrower, EgressChanged,
			"may reach ", "may no longer reach ", egressTraffic,
			"nothing keeps the namespace's pods from reaching anybody any more", "what no policy allows cannot be reached now",
		},
	}
}

// networkPolicy compares what a policy lets through with what all policies for the same pods let through on the
// other side.
func (p *pair) networkPolicy(c *Change, before, after map[string]any) {
	was, okWas := as[networkingv1.NetworkPolicy](before)
	will, okWill := as[networkingv1.NetworkPolicy](after)
	if !okWas || !okWill {
		c.add(ExposureChanged)
		c.add(EgressChanged)
		return
	}
	if c.Op == golden.Changed && !reflect.DeepEqual(was.Spec.PodSelector, will.Spec.PodSelector) {
		c.add(ExposureChanged, "it holds for other pods now")
		c.add(EgressChanged)
		return
	}
	for _, d := range directions() {
		p.direction(c, d, before != nil, was.Spec, after != nil, will.Spec)
	}
}

func (p *pair) direction(c *Change, d direction, existed bool, was networkingv1.NetworkPolicySpec, exists bool, will networkingv1.NetworkPolicySpec) {
	held, holds := existed && slices.Contains(was.PolicyTypes, d.policyType), exists && slices.Contains(will.PolicyTypes, d.policyType)
	if held != holds && everyPod(was, existed) && everyPod(will, exists) {
		if held {
			c.add(d.wider, d.openNote)
		} else {
			c.add(d.narrower, d.closedNote)
		}
		return
	}
	var t, u traffic
	okWas, okWill := true, true
	if held {
		t, okWas = d.rules(was)
	}
	if holds {
		u, okWill = d.rules(will)
	}
	allOld, okOld := p.old.traffic(d, was, will, existed)
	allNew, okNew := p.new.traffic(d, will, was, exists)
	if !okWas || !okWill || !okOld || !okNew {
		c.add(d.changed)
		return
	}
	for _, b := range u.beyond(allOld) {
		c.add(d.wider, d.widerNote+b.words())
	}
	for _, b := range t.beyond(allNew) {
		c.add(d.narrower, d.narrowerNote+b.words())
	}
}

// everyPod reports whether a policy holds for all pods of its namespace: it decides then what happens where no policy
// says anything. One that does not exist is no objection.
func everyPod(spec networkingv1.NetworkPolicySpec, exists bool) bool {
	return !exists || len(requirements(&spec.PodSelector)) == 0
}

// traffic is what all policies for the same pods let through.
func (s *side) traffic(d direction, spec, other networkingv1.NetworkPolicySpec, exists bool) (traffic, bool) {
	if !exists {
		spec = other
	}
	if exists && s.count("networkpolicy") == 1 {
		if !slices.Contains(spec.PolicyTypes, d.policyType) {
			return nil, true
		}
		return d.rules(spec) // it is the only one
	}
	var all traffic
	for _, object := range s.kind("NetworkPolicy") {
		policy, ok := as[networkingv1.NetworkPolicy](object)
		if !ok {
			return nil, false
		}
		if !slices.Contains(policy.Spec.PolicyTypes, d.policyType) || !reflect.DeepEqual(policy.Spec.PodSelector, spec.PodSelector) {
			continue
		}
		list, ok := d.rules(policy.Spec)
		if !ok {
			return nil, false
		}
		all = append(all, list...)
	}
	return all, true
}

func ingressTraffic(spec networkingv1.NetworkPolicySpec) (traffic, bool) {
	var list traffic
	for _, rule := range spec.Ingress {
		one, ok := newTrafficRule(rule.From, rule.Ports)
		if !ok {
			return nil, false
		}
		list = append(list, one)
	}
	return list, true
}

func egressTraffic(spec networkingv1.NetworkPolicySpec) (traffic, bool) {
	var list traffic
	for _, rule := range spec.Egress {
		one, ok := newTrafficRule(rule.To, rule.Ports)
		if !ok {
			return nil, false
		}
		list = append(list, one)
	}
	return list, true
}

func newTrafficRule(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) (trafficRule, bool) {
	set, okPeers := peersOf(peers)
	spans, okPorts := policyPorts(ports)
	return trafficRule{set, spans}, okPeers && okPorts
}
