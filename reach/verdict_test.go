package reach

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const rules = `{podSelector: {matchLabels: {role: db}}, policyTypes: [Ingress, Egress], egress: [
	{to: [{namespaceSelector: {matchLabels: {project: myproject}}, podSelector: {}}], ports: [{port: 53, protocol: UDP}, {port: sql}]},
	{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 192.168.0.0/16]}}]},
	{to: [{ipBlock: {cidr: 10.1.2.0/24}}], ports: [{port: 5432}, {port: 8000, endPort: 8010}]}],
	ingress: [{from: [{podSelector: {}}]}]}`

func portList(ports []Port) string {
	var words []string
	for _, port := range ports {
		words = append(words, port.String())
	}
	return strings.Join(words, ", ")
}

// explain says in one line per part and side what a verdict holds.
func explain(v Verdict) string {
	var lines []string
	for _, part := range v.Parts {
		words := []string{string(part.Outcome)}
		for _, p := range part.Addresses {
			words = append(words, p.String())
		}
		for _, side := range []*Side{part.Egress, part.Ingress} {
			if side == nil {
				continue
			}
			words = append(words, "|", string(side.Direction), string(side.Outcome))
			for _, m := range side.Rules {
				words = append(words, "by", m.Policy, string(rune('0'+m.Rule)), m.Peer.String(), portList(m.Ports))
			}
			for _, m := range side.Misses {
				words = append(words, "misses", string(m.Kind), string(rune('0'+m.Rule)), m.Peer.String(), portList(m.Ports))
				if m.Except.IsValid() {
					words = append(words, "but", m.Except.String())
				}
			}
		}
		lines = append(lines, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	}
	return strings.Join(lines, "\n")
}

// TestWhy holds what is told beside yes and no: the rule, or the nearest ones and what they lack.
func TestWhy(t *testing.T) {
	c, err := New(read(t, world+"\n---\n"+policyOf("main", rules)+"\n---\n"+policyOf("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}"))...)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, flow, want string }{
		{"the rule, its peer and its ports", "default/db > 10.1.2.3 8005",
			"allowed 10.1.2.3/32 | egress allowed by main 3 10.1.2.0/24 8000-8010/TCP"},
		{"all ports", "default/db > 8.8.8.8 1/SCTP",
			"allowed 8.8.8.8/32 | egress allowed by main 2 0.0.0.0/0"},
		{"another port, and left out: the port is nearer", "default/db > 10.1.2.3 22",
			"denied 10.1.2.3/32 | egress denied misses port 3 10.1.2.0/24 5432/TCP, 8000-8010/TCP misses except 2 0.0.0.0/0 but 10.0.0.0/8"},
		{"nothing is near", "default/frontend > 8.8.8.8 22",
			"denied 8.8.8.8/32 | egress denied"},
		{"both sides", "default/frontend > default/db 6379",
			"denied | egress denied | ingress allowed by main 1 all pods of its own namespace"},
		{"pods on other ports", "default/db > other/client 6379",
			"denied | egress denied misses port 1 all pods of namespaces with project=myproject 53/UDP, sql/TCP | ingress allowed"},
		{"a range in parts", "default/db > 10.1.2.0/23 5432",
			"allowed 10.1.2.0/24 | egress allowed by main 3 10.1.2.0/24 5432/TCP\n" +
				"denied 10.1.3.0/24 | egress denied misses except 2 0.0.0.0/0 but 10.0.0.0/8"},
		{"a range that is answered alike", "default/db > 192.168.4.0/22 5432",
			"denied 192.168.4.0/22 | egress denied misses except 2 0.0.0.0/0 but 192.168.0.0/16"},
		{"what is left out on both sides of a hole", "default/db > 10.0.0.0/7 80",
			"denied 10.0.0.0/8 | egress denied misses port 3 10.1.2.0/24 5432/TCP, 8000-8010/TCP misses except 2 0.0.0.0/0 but 10.0.0.0/8\n" +
				"allowed 11.0.0.0/8 | egress allowed by main 2 0.0.0.0/0"},
		{"loopback counts only alone", "default/frontend > 126.0.0.0/7 80", "denied 126.0.0.0/8 | egress denied"},
		{"loopback alone", "default/frontend > 127.0.0.0/16 80", "allowed 127.0.0.0/16"},
		{"no pod at all", "1.1.1.1 > 8.8.8.8 80", "allowed 8.8.8.8/32"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, explain(c.Ask(flow(t, c, test.flow)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUnknownPod holds that nothing is said of policies and names that are not known.
func TestUnknownPod(t *testing.T) {
	c, err := New(read(t, world+"\n---\n"+policyOf("main", rules)+"\n---\n"+policyOf("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}"))...)
	if err != nil {
		t.Fatal(err)
	}
	db, _ := c.Pod("default", "db")
	other := c.UnknownPod("other", "stranger", map[string]string{"role": "stranger"})
	beside := c.UnknownPod("default", "stranger", map[string]string{"role": "stranger"})
	address := AddressEnd(netip.MustParsePrefix("8.8.8.8/32"))
	tests := []struct {
		name     string
		from, to Endpoint
		port     intstr.IntOrString
		want     Outcome
	}{
		{"by a name that the rule has", PodEnd(db), PodEnd(other), intstr.FromString("sql"), OneSided},
		{"by another name", PodEnd(db), PodEnd(other), intstr.FromString("web"), Denied},
		{"by a number that the name may be", PodEnd(db), PodEnd(other), intstr.FromInt32(6379), Unknown},
		{"not selected at all", PodEnd(db), PodEnd(beside), intstr.FromString("sql"), Denied},
		{"into a known pod", PodEnd(beside), PodEnd(db), intstr.FromInt32(1), OneSided},
		{"into a known pod that denies", PodEnd(other), PodEnd(db), intstr.FromInt32(1), Denied},
		{"no end is known", PodEnd(beside), PodEnd(other), intstr.FromInt32(1), Unknown},
		{"an address to an unknown pod", address, PodEnd(beside), intstr.FromInt32(1), Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := c.Ask(Flow{From: test.from, To: test.to, Port: test.port}).Outcome; got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
	v := c.Ask(Flow{From: PodEnd(other), To: PodEnd(db), Port: intstr.FromString("sql"), Protocol: corev1.ProtocolUDP})
	if !v.NoPort || v.Outcome != Denied {
		t.Errorf("a port that a known pod does not have: %+v", v)
	}
}

// TestRefused holds that objects which an API server would not take are not answered from.
func TestRefused(t *testing.T) {
	policy := func(rule string) string {
		return policyOf("p", "{podSelector: {}, ingress: ["+rule+"]}")
	}
	tests := []struct{ name, objects, want string }{
		{"exception outside", policy("{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}"), "the exception 11.0.0.0/16 is not inside of 10.0.0.0/8"},
		{"exception as wide", policy("{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}"), "the exception 10.0.0.0/8 is not inside of 10.0.0.0/8"},
		{"no range", policy("{from: [{ipBlock: {cidr: 10.0.0.0}}]}"), "no '/'"},
		{"IPv4-mapped range", policy("{from: [{ipBlock: {cidr: '::ffff:10.0.0.0/104'}}]}"), "IPv4-mapped"},
		{"range and selector", policy("{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}"), "a range of addresses and a selector"},
		{"empty peer", policy("{from: [{}]}"), "a peer is empty"},
		{"bad operator", policy("{from: [{podSelector: {matchExpressions: [{key: a, operator: Near}]}}]}"), "not a valid label selector operator"},
		{"range of ports backwards", policy("{ports: [{port: 10, endPort: 9}]}"), "ports 10 to 9"},
		{"range of ports from a name", policy("{ports: [{port: web, endPort: 9}]}"), `begins with the name "web"`},
		{"range of ports from nowhere", policy("{ports: [{endPort: 9}]}"), "has no beginning"},
		{"port zero", policy("{ports: [{port: 0}]}"), "ports 0 to 0"},
		{"protocol", policy("{ports: [{protocol: ICMP}]}"), `unknown protocol "ICMP"`},
		{"two of a name", policy("{}") + "\n---\n" + policy("{}"), "it is given twice"},
		{"two pods of a name", world + "\n---\n" + world, "there are two pods of that name"},
		{"the node's network", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec: {hostNetwork: true, containers: []}", "its node's network"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(read(t, test.objects)...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
		})
	}
}

// TestRanges holds cutting and joining, and that one undoes the other.
func TestRanges(t *testing.T) {
	tests := []struct {
		name, whole string
		cuts        []string
		want        string
	}{
		{"no cut", "10.0.0.0/8", nil, "10.0.0.0/8"},
		{"a cut as wide, and others outside", "10.0.0.0/8", []string{"10.0.0.0/8", "0.0.0.0/0", "11.0.0.0/8"}, "10.0.0.0/8"},
		{"one address of four", "10.0.0.0/30", []string{"10.0.0.2/32"}, "10.0.0.0/31 10.0.0.2/32 10.0.0.3/32"},
		{"two cuts", "10.0.0.0/24", []string{"10.0.0.0/26", "10.0.0.128/25"}, "10.0.0.0/26 10.0.0.64/26 10.0.0.128/25"},
		{"the other family", "10.0.0.0/24", []string{"::/1"}, "10.0.0.0/24"},
		{"IPv6", "2001:db8::/126", []string{"2001:db8::1/128"}, "2001:db8::/128 2001:db8::1/128 2001:db8::2/127"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var cuts []netip.Prefix
			for _, cut := range test.cuts {
				cuts = append(cuts, netip.MustParsePrefix(cut))
			}
			whole := netip.MustParsePrefix(test.whole)
			pieces := Split(whole, cuts)
			var words []string
			for _, p := range pieces {
				words = append(words, p.String())
			}
			if diff := cmp.Diff(test.want, strings.Join(words, " ")); diff != "" {
				t.Error(diff)
			}
			if joined := Join(pieces); len(joined) != 1 || joined[0] != whole {
				t.Errorf("joined again: %v", joined)
			}
		})
	}
}

func TestNAT64(t *testing.T) {
	if got, ok := NAT64(netip.MustParseAddr("64:ff9b::a01:203")); !ok || got.String() != "10.1.2.3" {
		t.Error(got, ok)
	}
	if got, ok := NAT64(netip.MustParseAddr("64:ff9b:1::a01:203")); ok {
		t.Error(got, ok)
	}
}
