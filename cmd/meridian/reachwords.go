package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/reach"
	"github.com/meridian-gitops/meridian/regions"
)

// partAnswer is the answer for a part of a range of addresses, for one kind of the edge's or of monitoring's pods,
// or for all there is.
type partAnswer struct {
	Source    string        `json:"source,omitempty"`    // which kind of the edge's or monitoring's
	Addresses []string      `json:"addresses,omitempty"` // ranges, sorted
	Outcome   reach.Outcome `json:"outcome"`
	Egress    *sideAnswer   `json:"egress,omitempty"`  // absent when the source is no pod
	Ingress   *sideAnswer   `json:"ingress,omitempty"` // absent when the target is no pod
	Note      string        `json:"note,omitempty"`

	part reach.Part
}

// sideAnswer is what the policies of one end say.
type sideAnswer struct {
	Pod      string        `json:"pod,omitempty"` // namespace/application
	Known    bool          `json:"known"`         // whether its app.cue is among the arguments, or it is nobody's
	Isolated bool          `json:"isolated"`
	Outcome  reach.Outcome `json:"outcome"`
	Why      string        `json:"why"`
	Rules    []ruleAnswer  `json:"rules,omitempty"`   // that admit it
	Nearest  []ruleAnswer  `json:"nearest,omitempty"` // that do not, but almost
}

// ruleAnswer is a rule of a NetworkPolicy.
type ruleAnswer struct {
	Policy string   `json:"policy"`
	Rule   int      `json:"rule"`             // from 1
	Origin string   `json:"origin,omitempty"` // what in app.cue it comes from
	Peer   string   `json:"peer"`
	Ports  []string `json:"ports"`           // empty means all
	Lacks  string   `json:"lacks,omitempty"` // of the nearest: number, port or except
	Except string   `json:"except,omitempty"`
}

func (l *local) parts(verdict reach.Verdict, source string) []partAnswer {
	var list []partAnswer
	for _, part := range verdict.Parts {
		p := partAnswer{Source: source, Outcome: part.Outcome, Egress: l.side(part.Egress), Ingress: l.side(part.Ingress), part: part}
		for _, a := range part.Addresses {
			p.Addresses = append(p.Addresses, rangeText(a))
		}
		if part.Loopback {
			p.Note = "this never leaves the pod: no policy sees it"
		}
		list = append(list, p)
	}
	return list
}

func (l *local) side(s *reach.Side) *sideAnswer {
	if s == nil {
		return nil
	}
	answer := &sideAnswer{Known: !s.Pod.Unknown, Isolated: s.Isolated, Outcome: s.Outcome}
	if s.Pod.Name != "" {
		answer.Pod = s.Pod.Namespace + "/" + s.Pod.Name
	}
	for _, match := range s.Rules {
		answer.Rules = append(answer.Rules, l.rule(s, match.RuleRef, match.Peer, match.Ports))
	}
	for _, miss := range s.Misses {
		rule := l.rule(s, miss.RuleRef, miss.Peer, miss.Ports)
		rule.Lacks = string(miss.Kind)
		if miss.Except.IsValid() {
			rule.Except = rangeText(miss.Except)
		}
		answer.Nearest = append(answer.Nearest, rule)
	}
	answer.Why = l.why(s, answer)
	return answer
}

func (l *local) rule(s *reach.Side, ref reach.RuleRef, peer reach.Peer, ports []reach.Port) ruleAnswer {
	r := ruleAnswer{Policy: ref.Policy, Rule: ref.Rule, Origin: l.origin(s, ref), Peer: selectedWords(peer, s.Pod.Namespace), Ports: []string{}}
	for _, port := range ports {
		r.Ports = append(r.Ports, port.String())
	}
	return r
}

// origin is what in app.cue, or of the space, a rule comes from.
func (l *local) origin(s *reach.Side, ref reach.RuleRef) string {
	plan := l.planOf(s.Pod)
	if plan == nil {
		return ""
	}
	origins := l.origins(plan)[ref.Policy]
	list := origins.Egress
	if s.Direction == reach.Ingress {
		list = origins.Ingress
	}
	if ref.Rule > len(list) {
		return ""
	}
	return list[ref.Rule-1]
}

// planOf returns the plan of one of the two applications, or nil.
func (l *local) planOf(pod *reach.Pod) *compiler.RegionPlan {
	for _, app := range []*surveyed{l.app, l.find(l.peerApp)} {
		if app == nil || app.plans[l.id] == nil {
			continue
		}
		if plan := app.plans[l.id]; plan.Namespace == pod.Namespace && plan.Spec.Name == pod.Name {
			return plan
		}
	}
	return nil
}

// why says in words why a side answers as it does.
func (l *local) why(s *reach.Side, answer *sideAnswer) string {
	switch {
	case s.Pod.Unknown:
		return fmt.Sprintf("not known: the app.cue of %s is not among the arguments", l.peerApp.words())
	case !s.Isolated && s.Pod.Name == "":
		return "no policy that is known here selects these pods"
	case !s.Isolated:
		return "no policy selects these pods"
	case s.Outcome == reach.Allowed:
		rule := answer.Rules[0]
		return fmt.Sprintf("NetworkPolicy %s, %s: %s, %s", rule.Policy, ruleWords(rule), rule.Peer, portWords(rule.Ports))
	}
	var words []string
	if s.Outcome == reach.Denied {
		words = append(words, "no rule admits it")
	}
	misses := l.misses(answer.Nearest)
	words = append(words, misses[:min(len(misses), 3)]...)
	if more := len(misses) - 3; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, "; ")
}

// misses says what the nearest rules lack, nearest first: what one rule leaves out in one breath, and what the
// space's own policy repeats only once.
func (l *local) misses(nearest []ruleAnswer) []string {
	var kept []ruleAnswer
	leftOut := map[string][]string{} // by peer, in order
	for _, rule := range nearest {
		leftOut[rule.Peer] = append(leftOut[rule.Peer], rule.Except)
		if !slices.ContainsFunc(kept, func(k ruleAnswer) bool {
			return k.Lacks == rule.Lacks && k.Peer == rule.Peer && slices.Equal(k.Ports, rule.Ports)
		}) {
			kept = append(kept, rule)
		}
	}
	words := make([]string, len(kept))
	for i, rule := range kept {
		words[i] = l.missWords(rule, leftOut[rule.Peer])
	}
	return words
}

func (l *local) missWords(rule ruleAnswer, leftOut []string) string {
	switch reach.MissKind(rule.Lacks) {
	case reach.MissExcept:
		return fmt.Sprintf("%s leaves out %s", ruleWords(rule), someOf(leftOut))
	case reach.MissNumber:
		return fmt.Sprintf("%s admits %s, and whether that is %s is not known: the app.cue of %s is not among the arguments",
			ruleWords(rule), portWords(rule.Ports), l.number.String(), l.peerApp.words())
	}
	return fmt.Sprintf("%s admits %s on %s only", ruleWords(rule), rule.Peer, portWords(rule.Ports))
}

func ruleWords(rule ruleAnswer) string {
	if rule.Origin == "" {
		return fmt.Sprintf("rule %d", rule.Rule)
	}
	return fmt.Sprintf("rule %d (%s)", rule.Rule, rule.Origin)
}

func portWords(ports []string) string {
	switch len(ports) {
	case 0:
		return "all ports"
	case 1:
		return "port " + ports[0]
	}
	return "ports " + strings.Join(ports, ", ")
}

// The label of namespaces that holds their name, and the label of pods that holds their application's.
const (
	nameLabel      = "kubernetes.io/metadata.name="
	nameOfPodLabel = "app.kubernetes.io/name="
)

// selectedWords is a peer of a rule in words, with names in place of the labels that hold them.
func selectedWords(peer reach.Peer, namespace string) string {
	if !peer.Selects {
		return peer.String()
	}
	of := "all namespaces"
	switch name, named := strings.CutPrefix(peer.Namespaces, nameLabel); {
	case peer.OwnNamespace:
		of = namespace
	case named && !strings.Contains(name, ","):
		of = name
	case peer.Namespaces != "":
		of = "namespaces with " + peer.Namespaces
	}
	switch name, named := strings.CutPrefix(peer.Pods, nameOfPodLabel); {
	case peer.Pods == "":
		return "all pods of " + of
	case named && !strings.Contains(name, ","):
		return name + " of " + of
	}
	return "pods with " + peer.Pods + " of " + of
}

// peerWords is who the edge or monitoring is, in words.
func peerWords(peer regions.Peer) string {
	if peer.CIDR != "" {
		return peer.CIDR
	}
	return selectedWords(reach.Peer{Selects: true, Namespaces: labelText(peer.Namespace), Pods: labelText(peer.Pods)}, "")
}

func labelText(labels map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, key+"="+labels[key])
	}
	return strings.Join(list, ",")
}
