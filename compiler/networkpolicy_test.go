package compiler

import (
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// peer is one end of a connection: an address outside the cluster, or a pod.
type peer struct {
	address   string
	namespace map[string]string // labels
	pod       map[string]string // labels
}

func addr(a string) peer { return peer{address: a} }

// pod is a pod of an application.
func pod(namespace, app string) peer {
	return peer{namespace: map[string]string{"kubernetes.io/metadata.name": namespace}, pod: map[string]string{"app.kubernetes.io/name": app}}
}

// port is a port that is asked for: its number, its name where the other side gives it one, and its protocol.
type port struct {
	number   int32
	name     string
	protocol corev1.Protocol
}

func tcp(number int32) port { return port{number: number, protocol: corev1.ProtocolTCP} }
func udp(number int32) port { return port{number: number, protocol: corev1.ProtocolUDP} }

// matchesPeers answers as Kubernetes does: no peer in a rule means everybody, a peer without a namespace selector is
// of the policy's own namespace.
func matchesPeers(policy *networkingv1.NetworkPolicy, list []networkingv1.NetworkPolicyPeer, p peer) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(rule networkingv1.NetworkPolicyPeer) bool {
		if rule.IPBlock != nil {
			return p.address != "" && inside(netip.MustParseAddr(p.address), []string{rule.IPBlock.CIDR}) && !inside(netip.MustParseAddr(p.address), rule.IPBlock.Except)
		}
		if p.address != "" {
			return false
		}
		if rule.NamespaceSelector == nil && p.namespace["kubernetes.io/metadata.name"] != policy.Namespace {
			return false
		}
		return selects(rule.NamespaceSelector, p.namespace) && selects(rule.PodSelector, p.pod)
	})
}

func selects(selector *metav1.LabelSelector, labels map[string]string) bool {
	if selector == nil {
		return true
	}
	for key, value := range selector.MatchLabels {
		if labels[key] != value {
			return false
		}
	}
	return len(selector.MatchExpressions) == 0
}

func matchesPorts(list []networkingv1.NetworkPolicyPort, p port) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(rule networkingv1.NetworkPolicyPort) bool {
		if rule.Protocol != nil && *rule.Protocol != p.protocol {
			return false
		}
		return rule.Port == nil || *rule.Port == intstr.FromInt32(p.number) || p.name != "" && *rule.Port == intstr.FromString(p.name)
	})
}

func mayReach(policy *networkingv1.NetworkPolicy, to peer, p port) bool {
	return slices.ContainsFunc(policy.Spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
		return matchesPeers(policy, rule.To, to) && matchesPorts(rule.Ports, p)
	})
}

func mayBeReached(policy *networkingv1.NetworkPolicy, from peer, p port) bool {
	return slices.ContainsFunc(policy.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
		return matchesPeers(policy, rule.From, from) && matchesPorts(rule.Ports, p)
	})
}

const networkApp = header + `
ports: {web: 8080, admin: 9090, grpc: 7000, stat: {port: 8125, protocol: "UDP"}, feed: {port: 7001, protocol: "UDP"}}
http: public: {host: "app1.mydomain.com", port: "web"}
tcp: admin: {port: 9000, to: "admin"}
udp: feed: {port: 7001, to: "feed"}
backends: ["mysql"]
calls: {
	users: port: "grpc"
	ledger: {space: "payments", app: "ledger-v2", port: "http"}
	statsd: {port: "stat", protocol: "UDP"}
}
accepts: {
	gateway: space: "edge"
	billing: {space: "payments", ports: ["grpc"]}
	neighbour: {}
}
`

// TestEgress holds what an application may reach: what is public and what it declares, nothing else (S19).
func TestEgress(t *testing.T) {
	policy := object[*networkingv1.NetworkPolicy](newCompiler(t).only(t, networkApp))
	dns := peer{namespace: map[string]string{"kubernetes.io/metadata.name": "kube-system"}, pod: map[string]string{"k8s-app": "kube-dns"}}
	grpc := port{7777, "grpc", corev1.ProtocolTCP} // the called application's own number
	tests := []struct {
		name string
		to   peer
		port port
		want bool
	}{
		{"public address", addr("8.8.8.8"), tcp(443), true},
		{"public address over UDP", addr("8.8.8.8"), udp(443), true},
		{"private address", addr("10.1.2.3"), tcp(443), false},
		{"metadata service", addr("169.254.169.254"), tcp(80), false},
		{"shared address space", addr("100.64.0.1"), tcp(443), false},
		{"another pod by address", addr("10.244.1.1"), tcp(8080), false},
		{"the API server by address", addr("10.96.0.1"), tcp(443), false},
		{"IPv6 where pods have none", addr("2001:4860:4860::8888"), tcp(443), false},
		{"back end of this region", addr("198.51.100.7"), tcp(3306), true},
		{"back end on another port", addr("198.51.100.7"), tcp(22), false},
		{"back end over UDP", addr("198.51.100.7"), udp(3306), false},
		{"beside the back end", addr("198.51.100.32"), tcp(3306), false},
		{"back end of another region", addr("192.0.2.1"), tcp(3306), false},
		{"back end that is not declared", addr("203.0.113.33"), tcp(6379), false},
		{"DNS", dns, udp(53), true},
		{"DNS over TCP", dns, tcp(53), true},
		{"DNS pods on another port", dns, tcp(9153), false},
		{"NodeLocal DNSCache", addr("169.254.20.10"), udp(53), true},
		{"NodeLocal DNSCache on another port", addr("169.254.20.10"), tcp(80), false},
		{"called application", pod("myorg-web", "users"), grpc, true},
		{"called application on another port", pod("myorg-web", "users"), tcp(8080), false},
		{"called application of another space", pod("myorg-payments", "ledger-v2"), port{80, "http", corev1.ProtocolTCP}, true},
		{"its name in the own space", pod("myorg-web", "ledger-v2"), port{80, "http", corev1.ProtocolTCP}, false},
		{"the entry's name", pod("myorg-payments", "ledger"), port{80, "http", corev1.ProtocolTCP}, false},
		{"called over UDP", pod("myorg-web", "statsd"), port{8125, "stat", corev1.ProtocolUDP}, true},
		{"called over the wrong protocol", pod("myorg-web", "statsd"), port{8125, "stat", corev1.ProtocolTCP}, false},
		{"an application of the own space", pod("myorg-web", "other"), grpc, false},
		{"an application of another space", pod("myorg-payments", "users"), grpc, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := mayReach(policy, test.to, test.port); got != test.want {
				t.Errorf("may reach: %v, want %v", got, test.want)
			}
		})
	}
}

// TestIngress holds who may reach an application: the edge on exposed ports, its space, whom it accepts, and
// monitoring (S19).
func TestIngress(t *testing.T) {
	policy := object[*networkingv1.NetworkPolicy](newCompiler(t).only(t, networkApp))
	edge := peer{namespace: map[string]string{"kubernetes.io/metadata.name": "ingress-nginx"}, pod: map[string]string{"app.kubernetes.io/name": "ingress-nginx"}}
	monitoring := peer{namespace: map[string]string{"kubernetes.io/metadata.name": "monitoring"}}
	tests := []struct {
		name string
		from peer
		port port
		want bool
	}{
		{"edge to the HTTP port", edge, tcp(8080), true},
		{"edge to the TCP port", edge, tcp(9090), true},
		{"edge to the UDP port", edge, udp(7001), true},
		{"edge to a port that is not exposed", edge, tcp(7000), false},
		{"edge to another UDP port", edge, udp(8125), false},
		{"edge to the proxy's own number", edge, tcp(9000), false},
		{"another pod of the edge's namespace", pod("ingress-nginx", "other"), tcp(8080), false},
		{"an address", addr("8.8.8.8"), tcp(8080), false},
		{"a private address", addr("10.0.0.1"), tcp(8080), false},
		{"same space", pod("myorg-web", "anyone"), tcp(7000), true},
		{"same space over UDP", pod("myorg-web", "anyone"), udp(8125), true},
		{"same space to an undeclared port", pod("myorg-web", "anyone"), tcp(22), false},
		{"accepted, all ports", pod("myorg-edge", "gateway"), tcp(9090), true},
		{"accepted, all ports, UDP", pod("myorg-edge", "gateway"), udp(8125), true},
		{"accepted for one port", pod("myorg-payments", "billing"), tcp(7000), true},
		{"accepted for another port", pod("myorg-payments", "billing"), tcp(8080), false},
		{"not accepted", pod("myorg-payments", "gateway"), tcp(7000), false},
		{"its space accepted, another application", pod("myorg-edge", "other"), tcp(7000), false},
		{"of the name of one accepted in the own space", pod("myorg-payments", "neighbour"), tcp(7000), false},
		{"monitoring", monitoring, tcp(9090), true},
		{"monitoring over UDP", monitoring, udp(8125), false},
		{"default namespace", pod("default", "gateway"), tcp(7000), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := mayBeReached(policy, test.from, test.port); got != test.want {
				t.Errorf("may be reached: %v, want %v", got, test.want)
			}
		})
	}
}

// TestPolicyCloses holds that the policy selects the application alone and names both directions: without that,
// an empty list of rules would mean everything.
func TestPolicyCloses(t *testing.T) {
	policy := object[*networkingv1.NetworkPolicy](newCompiler(t).only(t, header))
	if len(policy.Spec.PolicyTypes) != 2 || len(policy.Spec.Ingress) != 0 {
		t.Errorf("an application without ports can be reached: %+v", policy.Spec)
	}
	if !selects(&policy.Spec.PodSelector, map[string]string{"app.kubernetes.io/name": "app1"}) || selects(&policy.Spec.PodSelector, map[string]string{"app.kubernetes.io/name": "app2"}) {
		t.Errorf("the policy selects %v", policy.Spec.PodSelector)
	}
	for _, rule := range policy.Spec.Egress {
		if len(rule.To) == 0 {
			t.Error("a rule without a peer lets everything out")
		}
	}
}
