package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/reach"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// local is one connection in one region.
type local struct {
	*asking
	id     string
	region *regions.Region
	plan   *compiler.RegionPlan // of the asked application

	number  intstr.IntOrString // the port, by number where the target is known
	name    string             // its name at the target; empty when that is not known
	service int32              // the Service's port that was asked for in its place, or 0
}

func (a *asking) local(id string) *local {
	l := &local{asking: a, id: id, region: a.platform.Region(id), plan: a.app.plans[id], number: a.port.port, name: a.port.port.StrVal}
	if a.target == nil {
		return l
	}
	ports := a.target.plans[id].Spec.Ports
	if l.name != "" {
		l.number = intstr.FromInt32(ports[l.name].Port)
		return l
	}
	if l.name = a.named(ports, func(p schema.Port) int32 { return p.Port }); l.name != "" {
		return l
	}
	if l.name = a.named(ports, func(p schema.Port) int32 { return p.ServicePort }); l.name != "" {
		l.service, l.number = a.port.port.IntVal, intstr.FromInt32(ports[l.name].Port)
	}
	return l
}

// named returns the name of the declared port whose number, by one of its two, is the one that was asked for.
func (a *asking) named(ports map[string]schema.Port, number func(schema.Port) int32) string {
	for name, port := range ports {
		if number(port) == a.port.port.IntVal && corev1.Protocol(port.Protocol) == a.port.protocol {
			return name
		}
	}
	return ""
}

func (l *local) ask(other reach.Endpoint) reach.Verdict {
	own := reach.PodEnd(l.pod(l.app.appName, l.id))
	flow := reach.Flow{From: own, To: other, Port: l.number, Protocol: l.port.protocol}
	if l.inbound {
		flow.From, flow.To = other, own
	}
	return l.clusters[l.id].Ask(flow)
}

// portText is the port with its number and protocol.
func (l *local) portText() string { return l.number.String() + "/" + string(l.port.protocol) }

// portNotes says what the number that was asked for is to the target.
func (l *local) portNotes() []string {
	switch {
	case l.peerApp == l.app.appName:
		return []string{"a pod always reaches itself; this is about one pod and another"}
	case l.service != 0:
		return []string{fmt.Sprintf("port %d of the Service %s leads to port %s of its pods", l.service, l.target.app, l.number.String())}
	case l.target != nil && l.name == "":
		return []string{fmt.Sprintf("%s declares no port %s; its ports are %s", l.target.words(), l.portText(), declaredPorts(l.target.plans[l.id].Spec.Ports))}
	}
	return nil
}

// declaredPorts lists an application's ports.
func declaredPorts(ports map[string]schema.Port) string {
	var list []string
	for name, port := range ports {
		list = append(list, fmt.Sprintf("%s (%d/%s)", name, port.Port, port.Protocol))
	}
	if len(list) == 0 {
		return "none"
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// addressNotes says what an address is beyond what policies see of it. What they deny of the cluster's own ranges
// is not known: of pods the labels count, and a Service's address becomes a pod's on the way.
func (l *local) addressNotes(answer *regionAnswer) []string {
	whole := l.other.addresses
	if !whole.IsValid() {
		return nil
	}
	notes := l.embeddedNotes(whole)
	if !l.hasFamily() {
		family := map[bool]string{true: "IPv6", false: "IPv4"}[whole.Addr().Is6()]
		notes = append(notes, "pods have no "+family+" addresses here")
	}
	for _, own := range l.ownRanges() {
		ranges := prefixes(own.cidrs)
		switch {
		case reach.Covers(ranges, whole):
			notes = append(notes, fmt.Sprintf("%s is in %s own range: %s; ask for the application itself, by [SPACE/]APP", rangeText(whole), own.whose, own.why))
			if answer.Outcome == reach.Denied {
				answer.Outcome = reach.Unknown
			}
		case reach.Overlaps(ranges, whole):
			notes = append(notes, fmt.Sprintf("a part of it is %s own range, %s: %s", own.whose, strings.Join(own.cidrs, ", "), own.why))
		}
	}
	return notes
}

// ownRange is a range of the cluster itself, and why policies on addresses do not tell about it.
type ownRange struct {
	cidrs      []string
	whose, why string
}

// ownRanges are those that the other end's address may be in; no request comes from a Service's.
func (l *local) ownRanges() []ownRange {
	list := []ownRange{{l.region.Network.Pods, "the pods'", "of a pod its labels count, not its address"}}
	if !l.inbound {
		list = append(list, ownRange{l.region.Network.Services, "the Services'", "it becomes a pod's on the way"})
	}
	return list
}

// hasFamily reports whether the region's pods have addresses of the other end's family.
func (l *local) hasFamily() bool {
	if l.other.addresses.Addr().Is6() {
		return l.region.Network.HasIPv6()
	}
	return l.region.Network.HasIPv4()
}

// embeddedNotes says which IPv4 address an IPv6 address stands for.
func (l *local) embeddedNotes(whole netip.Prefix) []string {
	if given, err := netip.ParseAddr(l.other.text); err == nil && given.Is4In6() {
		return []string{fmt.Sprintf("%s is the IPv4 address %s in the form of IPv6", given, given.Unmap())}
	}
	if v4, ok := reach.NAT64(whole.Addr()); ok && l.other.single() {
		return []string{fmt.Sprintf("behind a NAT64 gateway this is %s; policies see the IPv6 address", v4)}
	}
	return nil
}

// prefixes reads ranges that have been checked.
func prefixes(cidrs []string) []netip.Prefix {
	list := make([]netip.Prefix, len(cidrs))
	for i, cidr := range cidrs {
		list[i] = netip.MustParsePrefix(cidr).Masked()
	}
	return list
}
