package reach

import (
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// read decodes manifests that are separated by lines of dashes.
func read(t testing.TB, text string) []runtime.Object {
	t.Helper()
	var list []runtime.Object
	for document := range strings.SplitSeq(text, "\n---\n") {
		object, err := Object([]byte(document))
		if err != nil || object == nil {
			t.Fatal(object, err)
		}
		list = append(list, object)
	}
	return list
}

// The world of the table: two namespaces with labels of their own, and pods of three roles.
const world = `apiVersion: v1
kind: Namespace
metadata: {name: default, labels: {project: home}}
---
apiVersion: v1
kind: Namespace
metadata: {name: other, labels: {project: myproject, env: prod}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: default, labels: {role: db}}
spec: {containers: [{name: c, ports: [{name: sql, containerPort: 6379}, {name: dns, containerPort: 53, protocol: UDP}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: frontend, namespace: default, labels: {role: frontend, tier: web}}
spec: {containers: [{name: c, ports: [{name: web, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: other, labels: {role: client}}
spec: {containers: [{name: c, ports: [{name: sql, containerPort: 7000}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: frontend, namespace: other, labels: {role: frontend}}
spec: {containers: [{name: c}]}`

// policyOf wraps a spec, in the flow style, into a policy of the namespace default.
func policyOf(name, spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: default}\nspec: " + spec
}

// flow reads "default/db > 10.0.0.1 80/UDP"; the protocol may be left out.
func flow(t testing.TB, c *Cluster, text string) Flow {
	t.Helper()
	words := strings.Fields(text)
	port, protocol, _ := strings.Cut(words[3], "/")
	return Flow{From: endOf(t, c, words[0]), To: endOf(t, c, words[2]), Port: intstr.Parse(port), Protocol: corev1.Protocol(protocol)}
}

func endOf(t testing.TB, c *Cluster, text string) Endpoint {
	t.Helper()
	if addr, err := netip.ParseAddr(text); err == nil {
		return AddressEnd(netip.PrefixFrom(addr, addr.BitLen()))
	}
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return AddressEnd(prefix)
	}
	namespace, name, _ := strings.Cut(text, "/")
	pod, ok := c.Pod(namespace, name)
	if !ok {
		t.Fatalf("there is no pod %s", text)
	}
	return PodEnd(pod)
}

// TestSemantics holds sentences of Kubernetes' own documentation: the page on network policies, and the comments of
// k8s.io/api/networking/v1. It was written from them, sentence by sentence.
func TestSemantics(t *testing.T) {
	const db = "podSelector: {matchLabels: {role: db}}"
	tests := []struct {
		sentence string
		policies []string
		yes, no  []string
	}{
		{
			sentence: "by default a pod is not isolated in either direction",
			yes:      []string{"8.8.8.8 > default/db 6379", "default/db > 8.8.8.8 443", "other/client > default/db 1", "default/db > other/client 1/SCTP"},
		},
		{
			sentence: "a policy isolates the pods that it selects, in its own namespace",
			policies: []string{"{podSelector: {}, policyTypes: [Ingress]}"},
			yes:      []string{"8.8.8.8 > other/client 7000", "default/db > 8.8.8.8 443"},
			no:       []string{"8.8.8.8 > default/db 6379", "default/frontend > default/db 6379", "other/client > default/frontend 8080"},
		},
		{
			sentence: "isolation for ingress and for egress are declared independently",
			policies: []string{"{" + db + ", policyTypes: [Egress]}"},
			yes:      []string{"default/frontend > default/db 6379", "8.8.8.8 > default/db 6379"},
			no:       []string{"default/db > 8.8.8.8 443", "default/db > default/frontend 8080"},
		},
		{
			sentence: "without policyTypes ingress is set always, and egress if there are egress rules",
			policies: []string{"{" + db + "}"},
			yes:      []string{"default/db > 8.8.8.8 443"},
			no:       []string{"default/frontend > default/db 6379"},
		},
		{
			sentence: "without policyTypes an egress rule isolates both ways",
			policies: []string{"{" + db + ", egress: [{to: [{ipBlock: {cidr: 8.8.8.0/24}}]}]}"},
			yes:      []string{"default/db > 8.8.8.8 443"},
			no:       []string{"default/db > 9.9.9.9 443", "default/frontend > default/db 6379"},
		},
		{
			sentence: "rules of a direction that policyTypes does not name do nothing",
			policies: []string{"{" + db + ", policyTypes: [Egress], ingress: [{from: [{ipBlock: {cidr: 1.1.1.1/32}}]}], egress: [{}]}"},
			yes:      []string{"8.8.8.8 > default/db 6379", "default/db > 8.8.8.8 443"},
		},
		{
			sentence: "an empty rule admits everything",
			policies: []string{"{" + db + ", policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}"},
			yes:      []string{"8.8.8.8 > default/db 1/SCTP", "default/db > 2001:db8::1 65535/UDP", "other/client > default/db 6379"},
		},
		{
			sentence: "policies do not conflict, they add up",
			policies: []string{
				"{podSelector: {}, policyTypes: [Ingress, Egress]}",
				"{" + db + ", ingress: [{from: [{podSelector: {matchLabels: {role: frontend}}}]}]}",
				"{podSelector: {matchLabels: {role: frontend}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {role: db}}}], ports: [{port: 6379}]}]}",
			},
			yes: []string{"default/frontend > default/db 6379"},
			no:  []string{"default/frontend > default/db 6380", "default/db > default/frontend 8080", "other/frontend > default/db 6379", "default/frontend > 8.8.8.8 6379"},
		},
		{
			sentence: "the egress of the source and the ingress of the target must both allow a connection",
			policies: []string{
				"{podSelector: {matchLabels: {role: frontend}}, policyTypes: [Egress]}",
				"{" + db + ", ingress: [{from: [{podSelector: {}}]}]}",
			},
			no: []string{"default/frontend > default/db 6379"},
		},
		{
			sentence: "the page's example: a range but for a part, a namespace by label, pods of the own namespace; TCP 6379",
			policies: []string{`{` + db + `, policyTypes: [Ingress, Egress], ingress: [{from: [
				{ipBlock: {cidr: 172.17.0.0/16, except: [172.17.1.0/24]}},
				{namespaceSelector: {matchLabels: {project: myproject}}},
				{podSelector: {matchLabels: {role: frontend}}}], ports: [{protocol: TCP, port: 6379}]}],
				egress: [{to: [{ipBlock: {cidr: 10.0.0.0/24}}], ports: [{protocol: TCP, port: 5978}]}]}`},
			yes: []string{"172.17.0.1 > default/db 6379", "172.17.0.255 > default/db 6379", "172.17.2.0 > default/db 6379", "172.17.255.255 > default/db 6379",
				"other/client > default/db 6379", "default/frontend > default/db 6379", "default/db > 10.0.0.7 5978"},
			no: []string{"172.17.1.0 > default/db 6379", "172.17.1.255 > default/db 6379", "172.18.0.0 > default/db 6379", "172.17.0.1 > default/db 6379/UDP",
				"172.17.0.1 > default/db 6378", "default/db > 10.0.1.0 5978", "default/db > 10.0.0.7 5979", "default/db > default/frontend 5978"},
		},
		{
			sentence: "two selectors in one peer are both required",
			policies: []string{"{" + db + ", ingress: [{from: [{namespaceSelector: {matchLabels: {project: myproject}}, podSelector: {matchLabels: {role: client}}}]}]}"},
			yes:      []string{"other/client > default/db 6379"},
			no:       []string{"other/frontend > default/db 6379", "default/frontend > default/db 6379"},
		},
		{
			sentence: "two peers are alternatives",
			policies: []string{"{" + db + ", ingress: [{from: [{namespaceSelector: {matchLabels: {project: myproject}}}, {podSelector: {matchLabels: {role: client}}}]}]}"},
			yes:      []string{"other/client > default/db 6379", "other/frontend > default/db 6379"},
			no:       []string{"default/frontend > default/db 6379"},
		},
		{
			sentence: "an empty pod selector is all pods of the own namespace, an empty namespace selector all namespaces",
			policies: []string{
				"{" + db + ", ingress: [{from: [{podSelector: {}}]}]}",
				"{podSelector: {matchLabels: {role: frontend}}, ingress: [{from: [{namespaceSelector: {}}]}]}",
			},
			yes: []string{"default/frontend > default/db 6379", "other/client > default/frontend 8080", "default/db > default/frontend 8080"},
			no:  []string{"other/client > default/db 6379", "8.8.8.8 > default/frontend 8080"},
		},
		{
			sentence: "a namespace is selected by name with the label kubernetes.io/metadata.name, which the API server sets",
			policies: []string{"{" + db + ", ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]}]}"},
			yes:      []string{"other/client > default/db 6379"},
			no:       []string{"default/frontend > default/db 6379"},
		},
		{
			sentence: "matchExpressions: In, NotIn, Exists, DoesNotExist; NotIn holds where the label is missing",
			policies: []string{
				"{" + db + ", ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: env, operator: In, values: [prod, dev]}]}, podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [web]}, {key: role, operator: Exists}]}}]}]}",
				"{podSelector: {matchExpressions: [{key: tier, operator: Exists}]}, ingress: [{from: [{podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}]}]}",
			},
			yes: []string{"other/client > default/db 6379", "default/db > default/frontend 8080"},
			no:  []string{"default/frontend > default/db 6379", "other/client > default/frontend 8080"},
		},
		{
			sentence: "ports without a protocol are TCP; a protocol without a port is every port of it",
			policies: []string{"{" + db + ", ingress: [{ports: [{port: 6379}, {protocol: UDP}]}]}"},
			yes:      []string{"8.8.8.8 > default/db 6379", "8.8.8.8 > default/db 1/UDP", "other/client > default/db 65535/UDP"},
			no:       []string{"8.8.8.8 > default/db 6380", "8.8.8.8 > default/db 6379/SCTP"},
		},
		{
			sentence: "endPort is the last port of a range, both included",
			policies: []string{"{" + db + ", policyTypes: [Egress], egress: [{ports: [{port: 32000, endPort: 32768}]}]}"},
			yes:      []string{"default/db > 10.0.0.1 32000", "default/db > 10.0.0.1 32768", "default/db > other/client 32100"},
			no:       []string{"default/db > 10.0.0.1 31999", "default/db > 10.0.0.1 32769", "default/db > 10.0.0.1 32100/UDP"},
		},
		{
			sentence: "a named port of an ingress rule is the selected pod's own",
			policies: []string{"{podSelector: {}, ingress: [{ports: [{port: sql}]}]}"},
			yes:      []string{"8.8.8.8 > default/db 6379", "8.8.8.8 > default/db sql"},
			no:       []string{"8.8.8.8 > default/db 6380", "8.8.8.8 > default/frontend 6379", "8.8.8.8 > default/db 6379/UDP"},
		},
		{
			sentence: "a named port of an egress rule is the target pod's: another number in another pod, none of an address",
			policies: []string{"{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: sql}, {port: dns, protocol: UDP}]}]}"},
			yes:      []string{"default/frontend > default/db 6379", "default/frontend > other/client 7000", "default/frontend > default/db 53/UDP", "default/frontend > other/client sql"},
			no:       []string{"default/frontend > other/client 6379", "default/frontend > 10.0.0.1 6379", "default/frontend > default/db 53", "default/frontend > other/frontend 7000"},
		},
		{
			sentence: "a name that the target pod does not have is no port",
			yes:      []string{"default/frontend > default/db sql"},
			no:       []string{"default/frontend > default/db web", "default/frontend > default/db dns", "default/frontend > other/frontend sql"},
		},
		{
			sentence: "ranges are of one family; an IPv4-mapped address is the IPv4 address, a NAT64 one is not",
			policies: []string{"{" + db + ", policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: '2001:db8::/32', except: ['2001:db8:1::/48']}}]}]}"},
			yes:      []string{"default/db > 10.1.2.3 1", "default/db > ::ffff:10.1.2.3 1", "default/db > 2001:db8::1 1"},
			no:       []string{"default/db > 64:ff9b::a01:203 1", "default/db > 2001:db8:1::1 1", "default/db > ::a01:203 1", "default/db > ::ffff:11.1.2.3 1"},
		},
		{
			sentence: "a pod's localhost cannot be blocked",
			policies: []string{"{podSelector: {}, policyTypes: [Ingress, Egress]}"},
			yes:      []string{"default/db > 127.0.0.1 6379", "default/db > ::1 6379", "default/db > ::ffff:127.0.0.1 6379"},
			no:       []string{"default/db > 128.0.0.1 6379"},
		},
		{
			sentence: "pods are selected by labels, not by ranges of addresses",
			policies: []string{"{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"},
			yes:      []string{"default/db > 10.244.1.1 6379"},
			no:       []string{"default/frontend > default/db 6379"},
		},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			text := world
			for i, spec := range test.policies {
				text += "\n---\n" + policyOf("p"+string(rune('1'+i)), spec)
			}
			c, err := New(read(t, text)...)
			if err != nil {
				t.Fatal(err)
			}
			for want, flows := range map[Outcome][]string{Allowed: test.yes, Denied: test.no} {
				for _, f := range flows {
					if got := c.Ask(flow(t, c, f)).Outcome; got != want {
						t.Errorf("%s: %s, want %s", f, got, want)
					}
				}
			}
		})
	}
}
