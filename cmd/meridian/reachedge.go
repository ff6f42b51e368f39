package main

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/meridian-gitops/meridian/reach"
)

// exposureAnswer is an exposure that leads from outside to the port that was asked for.
type exposureAnswer struct {
	Entry     string        `json:"entry"`               // http.public
	Leads     string        `json:"leads"`               // a host with a path, or a port of the proxy servers
	AllowFrom []string      `json:"allowFrom,omitempty"` // absent means everybody
	Outcome   reach.Outcome `json:"outcome"`             // what becomes of the addresses that were asked for
	Why       string        `json:"why"`

	ranges []netip.Prefix // that are let in
}

// exposures adds how requests from addresses outside come in: through the edge, if an exposure leads to the port,
// its allow-list has the address, and the application admits the edge. Whether an address reaches the edge at all,
// no object says.
func (l *local) exposures(answer *regionAnswer) {
	if l.name == "" || answer.Outcome == reach.Allowed || l.ownRange() || !l.edgeAdmitted() {
		return
	}
	answer.Exposures = l.leading()
	if len(answer.Exposures) == 0 {
		return
	}
	var direct, let []netip.Prefix
	for _, part := range answer.Parts {
		if part.Outcome == reach.Allowed {
			direct = append(direct, part.part.Addresses...)
		} else {
			part.Ingress.Why = "not directly: " + part.Ingress.Why
		}
	}
	for _, exposure := range answer.Exposures {
		let = append(let, exposure.ranges...)
	}
	before := answer.Outcome
	answer.Outcome = within(l.other.addresses, append(direct, let...))
	if answer.Outcome != before {
		answer.Through = keywordEdge
	}
	answer.Notes = append(answer.Notes, l.edgeNotes(answer.Exposures)...)
}

// edgeAdmitted reports whether the application's policies admit every kind of the edge's pods to the port.
func (l *local) edgeAdmitted() bool {
	for _, peer := range l.region.Edge.From {
		if l.ask(peerEnd(peer)).Outcome != reach.Allowed {
			return false
		}
	}
	return true
}

// leading are the exposures that lead to the port, sorted.
func (l *local) leading() []exposureAnswer {
	var list []exposureAnswer
	for _, name := range sortedNames(l.plan.Spec.HTTP) {
		entry := l.plan.Spec.HTTP[name]
		var leads []string
		for _, path := range entry.Paths {
			if path.Port == l.name {
				leads = append(leads, entry.Host+path.Path)
			}
		}
		if len(leads) > 0 {
			list = append(list, l.exposure("http."+quoteLabel(name), strings.Join(leads, ", "), entry.AllowFrom))
		}
	}
	l4, kind := l.plan.Spec.TCP, "tcp"
	if l.port.protocol == "UDP" {
		l4, kind = l.plan.Spec.UDP, "udp"
	}
	for _, name := range sortedNames(l4) {
		if l4[name].To == l.name {
			leads := fmt.Sprintf("port %d/%s of %s", l4[name].Port, strings.ToUpper(kind), strings.Join(l.region.Proxies, ", "))
			list = append(list, l.exposure(kind+"."+quoteLabel(name), leads, nil))
		}
	}
	return list
}

func (l *local) exposure(entry, leads string, allowFrom []string) exposureAnswer {
	e := exposureAnswer{Entry: entry, Leads: leads, AllowFrom: allowFrom, Outcome: reach.Allowed}
	whole := l.other.addresses
	if len(allowFrom) == 0 {
		e.Why, e.ranges = "it has no allow-list", []netip.Prefix{whole}
		return e
	}
	e.ranges = prefixes(allowFrom)
	e.Outcome = within(whole, e.ranges)
	switch e.Outcome {
	case reach.Allowed:
		e.Why = "its allow-list has " + rangeText(whole)
	case reach.Denied:
		e.Why = "its allow-list does not have " + rangeText(whole)
	default:
		e.Why = "its allow-list has only " + strings.Join(overlapping(whole, e.ranges), ", ") + " of it"
	}
	return e
}

// within says how much of a range lies in others.
func within(whole netip.Prefix, ranges []netip.Prefix) reach.Outcome {
	in, out := 0, 0
	for _, piece := range reach.Split(whole, ranges) {
		if reach.Covers(ranges, piece) {
			in++
		} else {
			out++
		}
	}
	switch {
	case out == 0:
		return reach.Allowed
	case in == 0:
		return reach.Denied
	}
	return reach.Partly
}

func overlapping(whole netip.Prefix, ranges []netip.Prefix) []string {
	var list []string
	for _, r := range ranges {
		if whole.Overlaps(r) {
			list = append(list, rangeText(r))
		}
	}
	return list
}

// edgeNotes says how the edge knows the client's address, where an allow-list counts, and what is not told here.
func (l *local) edgeNotes(exposures []exposureAnswer) []string {
	var notes []string
	for _, e := range exposures {
		if len(e.AllowFrom) == 0 {
			continue
		}
		notes = append(notes, map[string]string{
			"preserved":     "allow-lists go by the address that the edge sees, which is the client's here",
			"proxyProtocol": "allow-lists go by the address that the PROXY protocol tells the edge",
			"xForwardedFor": "allow-lists go by the address that X-Forwarded-For tells the edge",
		}[l.region.Edge.ClientAddress])
		break
	}
	return append(notes, "whether it reaches the edge at all, no object says")
}
