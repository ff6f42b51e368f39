package main

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/reach"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// fixes says what would let through what is denied, each once.
func (l *local) fixes(answer regionAnswer) []string {
	var list []string
	add := func(more ...string) {
		for _, fix := range more {
			if fix != "" && !slices.Contains(list, fix) {
				list = append(list, fix)
			}
		}
	}
	for _, part := range answer.Parts {
		if e := part.part.Egress; e != nil && e.Outcome == reach.Denied {
			add(l.egressFixes(part.part)...)
		} else if e != nil && e.Outcome == reach.Unknown && !e.Pod.Unknown {
			add("ask for the port by its name, or add the app.cue of " + l.peerApp.words() + " to the arguments")
		}
		if i := part.part.Ingress; i != nil && i.Outcome == reach.Denied && len(answer.Exposures) == 0 {
			add(l.ingressFix(i.Pod))
		}
	}
	for _, exposure := range answer.Exposures {
		if exposure.Outcome != reach.Allowed && l.other.addresses.Bits() > 0 {
			add(fmt.Sprintf("add %s to %s.allowFrom", rangeText(l.other.addresses), exposure.Entry))
		}
	}
	return list
}

func (l *local) egressFixes(part reach.Part) []string {
	plan := l.planOf(part.Egress.Pod)
	switch {
	case plan == nil:
		return nil
	case part.Ingress == nil:
		return l.backendFixes(plan, part.Addresses)
	case l.target != nil && l.name == "":
		return []string{fmt.Sprintf("ask for a port that %s declares", l.target.words())}
	}
	callee := l.peerApp
	if l.inbound {
		callee = l.app.appName
	}
	return []string{"in the app.cue of " + plan.Spec.Name + ": " + l.call(plan.Spec, callee)}
}

// call is the entry of calls that lets an application call another.
func (l *local) call(from *schema.Spec, callee appName) string {
	port := l.name
	if port == "" {
		port = "<its port's name>"
	}
	key := callee.app
	if _, taken := from.Calls[key]; taken {
		key += "-" + l.name
	}
	var fields []string
	if callee.space != from.Space {
		fields = append(fields, "space: "+strconv.Quote(callee.space))
	}
	if key != callee.app {
		fields = append(fields, "app: "+strconv.Quote(callee.app))
	}
	fields = append(fields, "port: "+strconv.Quote(port))
	if l.port.protocol != "TCP" {
		fields = append(fields, "protocol: "+strconv.Quote(string(l.port.protocol)))
	}
	if len(fields) == 1 {
		return fmt.Sprintf("calls: %s: %s", quoteLabel(key), fields[0])
	}
	return fmt.Sprintf("calls: %s: {%s}", quoteLabel(key), strings.Join(fields, ", "))
}

// backendFixes names the back ends of the space that have some of the addresses in this region, or says that none
// has.
func (l *local) backendFixes(plan *compiler.RegionPlan, denied []netip.Prefix) []string {
	if l.ownRange() || !l.hasFamily() || len(denied) > 4 || slices.ContainsFunc(denied, noBackend) {
		return nil
	}
	var list []string
	for _, name := range sortedNames(plan.Space.Backends) {
		ranges := prefixes(plan.Space.Backends[name].Regions[l.id].CIDRs)
		if slices.ContainsFunc(denied, func(p netip.Prefix) bool { return reach.Overlaps(ranges, p) }) {
			list = append(list, l.backendFix(plan.Spec, name, plan.Space.Backends[name]))
		}
	}
	if len(list) == 0 {
		var ranges []string
		for _, p := range denied {
			ranges = append(ranges, rangeText(p))
		}
		return []string{fmt.Sprintf("have the platform add a back end with %s and port %s here, then name it in backends", strings.Join(ranges, ", "), l.portText())}
	}
	return list
}

// noBackend reports whether no back end can be at an address: a metadata service is at a link-local one, and what
// is behind a NAT64 gateway is given by its IPv4 address.
func noBackend(p netip.Prefix) bool {
	addr := p.Addr()
	_, nat64 := reach.NAT64(addr)
	return nat64 || addr.IsLinkLocalUnicast() || addr.IsMulticast() || addr.IsUnspecified()
}

func (l *local) backendFix(spec *schema.Spec, name string, b regions.Backend) string {
	named := slices.Contains(spec.Backends, name)
	wanted := regions.BackendPort{Port: l.number.IntVal, Protocol: string(l.port.protocol)}
	then := ""
	if !named {
		then = ", then name it in backends"
	}
	switch {
	case !slices.Contains(b.Ports, wanted):
		return fmt.Sprintf("have the platform add port %s to the back end %s%s", l.portText(), name, then)
	case len(b.Apps) > 0 && !slices.Contains(b.Apps, spec.Name):
		return fmt.Sprintf("have the platform let %s use the back end %s%s", spec.Name, name, then)
	}
	all := slices.Sorted(slices.Values(append([]string{name}, spec.Backends...)))
	for i, name := range all {
		all[i] = strconv.Quote(name)
	}
	return fmt.Sprintf("in the app.cue of %s: backends: [%s]", spec.Name, strings.Join(slices.Compact(all), ", "))
}

// ownRange reports whether the addresses are the cluster's own.
func (l *local) ownRange() bool {
	return slices.ContainsFunc(l.ownRanges(), func(own ownRange) bool { return reach.Covers(prefixes(own.cidrs), l.other.addresses) })
}

func (l *local) ingressFix(pod *reach.Pod) string {
	plan := l.planOf(pod)
	switch {
	case plan == nil || l.name == "":
		return ""
	case l.other.keyword == keywordMonitoring, l.other.addresses.IsValid() && l.ownRange():
		return "" // nothing in app.cue opens it
	case l.other.keyword == keywordEdge, l.other.addresses.IsValid():
		kinds := "http or tcp"
		if l.port.protocol == "UDP" {
			kinds = "udp"
		}
		return fmt.Sprintf("expose the port %s in the app.cue of %s, by %s", l.name, plan.Spec.Name, kinds)
	}
	caller := l.app.appName
	if l.inbound {
		caller = l.peerApp
	}
	for _, key := range sortedNames(plan.Spec.Accepts) {
		if accept := plan.Spec.Accepts[key]; accept.App == caller.app && accept.Space == caller.space {
			return fmt.Sprintf("in the app.cue of %s: add %q to accepts.%s.ports", plan.Spec.Name, l.name, quoteLabel(key))
		}
	}
	return fmt.Sprintf("in the app.cue of %s: accepts: %s: {space: %q, ports: [%q]}", plan.Spec.Name, quoteLabel(caller.app), caller.space, l.name)
}

// quoteLabel writes a name as CUE wants it where a field's name stands.
func quoteLabel(name string) string {
	if strings.Contains(name, "-") {
		return strconv.Quote(name)
	}
	return name
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
