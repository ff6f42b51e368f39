package main

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/reach"
	"github.com/meridian-gitops/meridian/regions"
)

// connection is one connection that was asked for, as `reach --format json` prints it.
type connection struct {
	From     string         `json:"from"` // space/app, an address, a range, edge or monitoring
	To       string         `json:"to"`
	Port     string         `json:"port,omitempty"` // number or name; absent when the target declares none
	Protocol string         `json:"protocol,omitempty"`
	Regions  []regionAnswer `json:"regions"`

	title string
}

// regionAnswer is the answer in one region.
type regionAnswer struct {
	Region    string           `json:"region"`
	Outcome   reach.Outcome    `json:"outcome"`
	Through   string           `json:"through,omitempty"` // edge: not directly, but by the exposures
	Parts     []partAnswer     `json:"parts,omitempty"`
	Exposures []exposureAnswer `json:"exposures,omitempty"`
	Notes     []string         `json:"notes,omitempty"`
	Fixes     []string         `json:"fixes,omitempty"`
}

// answerAll asks every application.
func (w *survey) answerAll(q question) []connection {
	var list []connection
	for _, app := range w.apps {
		if other := w.otherName(q, app); len(app.ids) == 0 || len(w.apps) > 1 && other == app.appName {
			continue
		}
		list = append(list, w.answerApp(q, app)...)
	}
	return list
}

// otherName is the application at the other end, if one is.
func (w *survey) otherName(q question, app *surveyed) appName {
	if q.other.app == "" {
		return appName{}
	}
	if q.other.space == "" {
		return appName{app.space, q.other.app}
	}
	return appName{q.other.space, q.other.app}
}

// answerApp asks one application for every port that the question means.
func (w *survey) answerApp(q question, app *surveyed) []connection {
	target := app
	if !q.inbound {
		target = w.find(w.otherName(q, app))
	}
	var list []connection
	for _, port := range portsOf(q, target) {
		a := asking{survey: w, question: q, app: app, peerApp: w.otherName(q, app), target: target, port: port}
		list = append(list, a.connection())
	}
	return list
}

// wantedPort is one port of the called end.
type wantedPort struct {
	port     intstr.IntOrString // the zero value: none is declared
	protocol corev1.Protocol
}

func (p wantedPort) none() bool { return p.port == intstr.IntOrString{} }

func (p wantedPort) String() string { return p.port.String() + "/" + string(p.protocol) }

// portsOf returns the port that was asked for, or all that the target declares in any of its regions. A name's
// protocol is that of the port.
func portsOf(q question, target *surveyed) []wantedPort {
	declared := map[string]corev1.Protocol{}
	if target != nil {
		for _, id := range slices.Backward(target.ids) {
			for name, port := range target.plans[id].Spec.Ports {
				declared[name] = corev1.Protocol(port.Protocol)
			}
		}
	}
	if q.port != nil {
		wanted := wantedPort{*q.port, corev1.ProtocolTCP}
		if protocol, ok := declared[q.port.StrVal]; ok {
			wanted.protocol = protocol
		}
		if q.protocol != "" {
			wanted.protocol = q.protocol
		}
		return []wantedPort{wanted}
	}
	var list []wantedPort
	for _, name := range sortedNames(declared) {
		if q.protocol == "" || q.protocol == declared[name] {
			list = append(list, wantedPort{intstr.FromString(name), declared[name]})
		}
	}
	if len(list) == 0 {
		return []wantedPort{{protocol: q.protocol}}
	}
	return list
}

// asking is one connection of one application.
type asking struct {
	*survey
	question
	app     *surveyed
	peerApp appName   // the application at the other end, if one is
	target  *surveyed // the called application; nil for an address, and when it is not among the arguments
	port    wantedPort
}

// connection asks in every region.
func (a *asking) connection() connection {
	end := a.other.text
	name := end
	if a.peerApp.app != "" {
		name, end = a.peerApp.String(), a.peerApp.words()
	}
	answer := connection{From: a.app.String(), To: name, Protocol: string(a.port.protocol)}
	from, to := a.app.words(), end
	if a.inbound {
		answer.From, answer.To = answer.To, answer.From
		from, to = to, from
	}
	if !a.port.none() {
		answer.Port = a.port.port.String()
		if a.other.addresses.IsValid() && !a.inbound {
			to = withPort(to, a.port.String())
		} else {
			to += ", port " + a.port.String()
		}
	}
	answer.title = from + " → " + to
	for _, id := range a.app.ids {
		answer.Regions = append(answer.Regions, a.inRegion(id))
	}
	return answer
}

// inRegion answers in one region.
func (a *asking) inRegion(id string) regionAnswer {
	answer := regionAnswer{Region: id, Outcome: reach.Denied}
	switch why, fix := a.impossible(id); {
	case why != "":
		answer.Notes, answer.Fixes = []string{why}, fix
		return answer
	case a.other.keyword != "":
		return a.fromKeyword(id)
	}
	l := a.local(id)
	other := reach.AddressEnd(a.other.addresses)
	if a.peerApp.app != "" {
		other = reach.PodEnd(a.pod(a.peerApp, id))
	}
	verdict := l.ask(other)
	answer.Outcome, answer.Parts = verdict.Outcome, l.parts(verdict, "")
	answer.Notes = append(l.portNotes(), l.addressNotes(&answer)...)
	if a.inbound && a.other.addresses.IsValid() {
		l.exposures(&answer)
	}
	if answer.Outcome != reach.Allowed && answer.Outcome != reach.OneSided {
		answer.Fixes = l.fixes(answer)
	}
	return answer
}

// impossible says why there is no connection whatever the policies are: one end is not in the region, or the port
// is not declared.
func (a *asking) impossible(id string) (why string, fixes []string) {
	if a.peerApp.app != "" {
		found := a.find(a.peerApp)
		switch {
		case !slices.Contains(a.platform.SpaceRegions(a.peerApp.space), id):
			return fmt.Sprintf("the space %s is not in this region", a.peerApp.space), []string{"have the platform put the space there"}
		case found != nil && found.plans[id] == nil:
			return fmt.Sprintf("%s is not in this region", a.peerApp.words()), []string{fmt.Sprintf("deploy %s there, by only and except in its app.cue", a.peerApp.app)}
		}
	}
	if a.target == nil {
		return "", nil
	}
	ports := a.target.plans[id].Spec.Ports
	name := a.port.port.StrVal
	switch port, ok := ports[name]; {
	case a.port.none() && len(ports) > 0:
		return fmt.Sprintf("%s declares no %s port", a.target.words(), a.port.protocol), []string{"its ports are " + declaredPorts(ports)}
	case a.port.none():
		return fmt.Sprintf("%s declares no port", a.target.words()), []string{fmt.Sprintf("declare one in ports, in the app.cue of %s", a.target.app)}
	case name == "":
		return "", nil
	case !ok:
		return fmt.Sprintf("%s has no port %s", a.target.words(), name), []string{"ask for one of its ports: " + declaredPorts(ports)}
	case corev1.Protocol(port.Protocol) != a.port.protocol:
		return fmt.Sprintf("the port %s of %s is %s, not %s", name, a.target.words(), port.Protocol, a.port.protocol), []string{"ask for one of its ports: " + declaredPorts(ports)}
	}
	return "", nil
}

// fromKeyword asks for every kind of pods, or range, that the region gives for the edge or for monitoring.
func (a *asking) fromKeyword(id string) regionAnswer {
	l := a.local(id)
	answer := regionAnswer{Region: id}
	peers := l.region.Edge.From
	if a.other.keyword == keywordMonitoring {
		if l.region.Monitoring == nil {
			answer.Outcome = reach.Denied
			answer.Notes = []string{"the region names nobody who scrapes metrics"}
			answer.Fixes = []string{"have the platform say who does: monitoring: from, in the region"}
			return answer
		}
		peers = l.region.Monitoring.From
	}
	for _, peer := range peers {
		verdict := l.ask(peerEnd(peer))
		answer.Parts = append(answer.Parts, l.parts(verdict, peerWords(peer))...)
		if answer.Outcome == "" {
			answer.Outcome = verdict.Outcome
		} else if answer.Outcome != verdict.Outcome {
			answer.Outcome = reach.Partly
		}
	}
	answer.Notes = l.portNotes()
	if a.other.keyword == keywordMonitoring && a.port.protocol != corev1.ProtocolTCP {
		answer.Notes = append(answer.Notes, "monitoring is let in to TCP ports only")
	}
	if answer.Outcome != reach.Allowed {
		answer.Fixes = l.fixes(answer)
	}
	return answer
}

// peerEnd is the end of a flow that a region describes by labels or a range.
func peerEnd(peer regions.Peer) reach.Endpoint {
	if peer.CIDR != "" {
		return reach.AddressEnd(netip.MustParsePrefix(peer.CIDR))
	}
	return reach.PodEnd(reach.Pod{Namespace: peer.Namespace[corev1.LabelMetadataName], NamespaceLabels: peer.Namespace, Labels: peer.Pods})
}
