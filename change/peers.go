package change

import (
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// peerSet is who is on the other end: addresses, pods, or everybody. Pods are not counted among addresses: whether an
// address block holds for pods is left to the network's implementation.
type peerSet struct {
	everybody bool
	addresses prefixSet
	pods      []podPeer
}

func (s peerSet) empty() bool { return !s.everybody && len(s.addresses) == 0 && len(s.pods) == 0 }

func (s peerSet) union(t peerSet) peerSet {
	return peerSet{s.everybody || t.everybody, s.addresses.union(t.addresses), slices.Concat(s.pods, t.pods)}
}

// minus returns who is in s and not in t.
func (s peerSet) minus(t peerSet) peerSet {
	if t.everybody {
		return peerSet{}
	}
	rest := peerSet{everybody: s.everybody, addresses: s.addresses.minus(t.addresses)}
	for _, p := range s.pods {
		covered := slices.ContainsFunc(t.pods, func(other podPeer) bool { return other.covers(p) })
		if !covered && !slices.ContainsFunc(rest.pods, func(other podPeer) bool { return other.words() == p.words() }) {
			rest.pods = append(rest.pods, p)
		}
	}
	return rest
}

// equal reports whether both are written alike; equal sets may not be.
func (s peerSet) equal(t peerSet) bool {
	same := func(a, b podPeer) bool { return a.words() == b.words() }
	return s.everybody == t.everybody && slices.Equal(s.addresses, t.addresses) && slices.EqualFunc(s.pods, t.pods, same)
}

// words names the set.
func (s peerSet) words() string {
	if s.everybody {
		return "everybody"
	}
	var list []string
	if len(s.addresses) > 0 {
		list = append(list, s.addresses.words())
	}
	for _, p := range s.pods {
		list = append(list, p.words())
	}
	return strings.Join(list, " and ")
}

// podPeer are pods by their labels. Each label or expression narrows it.
type podPeer struct {
	namespaces []string // requirements of the namespace; nil: the policy's own
	pods       []string // requirements of the pod
}

func newPodPeer(p networkingv1.NetworkPolicyPeer) podPeer {
	peer := podPeer{pods: requirements(p.PodSelector)}
	if p.NamespaceSelector != nil {
		peer.namespaces = append([]string{}, requirements(p.NamespaceSelector)...)
	}
	return peer
}

// requirements are the labels and expressions of a selector, sorted.
func requirements(selector *metav1.LabelSelector) []string {
	if selector == nil {
		return nil
	}
	var list []string
	for key, value := range selector.MatchLabels {
		list = append(list, key+"="+value)
	}
	for _, e := range selector.MatchExpressions {
		values := slices.Sorted(slices.Values(e.Values))
		list = append(list, strings.TrimSpace(e.Key+" "+string(e.Operator)+" "+strings.Join(values, "|")))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// covers reports whether p surely selects all that q does: it requires nothing that q does not.
func (p podPeer) covers(q podPeer) bool {
	if (p.namespaces == nil) != (q.namespaces == nil) {
		return false
	}
	return subset(p.namespaces, q.namespaces) && subset(p.pods, q.pods)
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

// words names the pods, by application and namespace where that is what is required.
func (p podPeer) words() string {
	pods := "all pods"
	if len(p.pods) > 0 {
		pods = "pods with " + strings.Join(p.pods, ", ")
	}
	if len(p.pods) == 1 {
		if name, ok := strings.CutPrefix(p.pods[0], "app.kubernetes.io/name="); ok {
			pods = name
		}
	}
	switch {
	case p.namespaces == nil:
		return pods + " of the namespace"
	case len(p.namespaces) == 0:
		return pods + " of all namespaces"
	case len(p.namespaces) == 1:
		if name, ok := strings.CutPrefix(p.namespaces[0], "kubernetes.io/metadata.name="); ok {
			return pods + " of " + name
		}
	}
	return pods + " of namespaces with " + strings.Join(p.namespaces, ", ")
}
