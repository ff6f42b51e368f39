package network

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The scenario's connections, written by hand: what its app.cue files and platform.cue say, line by line. An end is
// space/app, namespace/pod or an address; behind the port stands the region, or * for every one of them.
const scenario = `
yes  web/shop > 10.30.7.1 3306/TCP *                 its back end mysql
yes  web/shop > fd00:10:30::1 3306/TCP aws-oregon    the same, over IPv6
no   web/shop > fd00:10:30::1 3306/TCP aws-frankfurt where there is no IPv6
no   web/shop > 10.30.7.1 3307/TCP *                 another port of it
no   web/shop > 10.30.7.1 3306/UDP *                 the other protocol
no   web/shop > 10.30.7.16 3306/TCP *                beside it
no   web/shop > 64:ff9b::a1e:701 3306/TCP *          its back end, by a NAT64
no   web/shop > 64:ff9b:1::a1e:701 3306/TCP *        by a local NAT64
no   web/shop > 2002:a1e:701:: 3306/TCP *            by 6to4
no   web/shop > ::a1e:701 3306/TCP *                 in the IPv4-compatible form
no   web/shop > ::ffff:0:a1e:701 3306/TCP *          in the IPv4-translated form
yes  web/shop > 100.64.3.3 123/UDP *                 its back end clock, of a carrier-grade range
no   web/shop > 100.64.3.3 123/TCP *                 the other protocol
no   web/shop > 100.64.3.4 123/UDP *                 beside it
no   web/shop > 192.168.9.1 6379/TCP *               a back end that it does not name
no   web/orders > 10.30.7.1 3306/TCP *               another application's back end
no   pay/ledger > 10.30.7.1 3306/TCP *               another space's back end
yes  web/shop > 8.8.8.8 443/TCP *                    public
yes  web/shop > 8.8.8.8 53/UDP *                     public, even there
yes  web/orders > 1.1.1.1 9999/UDP *                 on every port
yes  web/shop > 2001:4860:4860::8888 443/TCP aws-oregon
no   web/shop > 2001:4860:4860::8888 443/TCP aws-frankfurt
no   web/shop > 10.0.0.1 443/TCP *                   private
no   web/shop > 172.16.0.1 443/TCP *
no   web/shop > 172.31.255.255 443/TCP *
yes  web/shop > 172.32.0.0 443/TCP *                 not private any more
no   web/shop > 192.168.0.1 443/TCP *
no   web/shop > 100.64.0.1 443/TCP *                 carrier-grade NAT
no   web/shop > 169.254.169.254 80/TCP *             metadata
no   web/shop > fd00:ec2::254 80/TCP *
no   web/shop > 64:ff9b::a9fe:a9fe 80/TCP *
no   web/shop > ::a9fe:a9fe 80/TCP *
no   web/shop > 2002:a9fe:a9fe:: 80/TCP *
no   web/shop > 100.100.100.200 80/TCP *
no   web/shop > 64:ff9b::808:808 443/TCP *           a public address by a NAT64: which, nobody can say
no   web/shop > fe80::1 443/TCP *
no   web/shop > 224.0.0.251 5353/UDP *               multicast
no   web/shop > ff02::fb 5353/UDP *
no   web/shop > 255.255.255.255 67/UDP *             broadcast
no   web/shop > 2600:1f14:1234::ffff 443/TCP *       the cluster's own pods, by a public address
no   web/shop > 10.96.0.1 443/TCP *                  the API server's Service
no   web/shop > 10.244.255.1 8080/TCP *              a pod's address that no pod has
yes  web/shop > 169.254.20.10 53/UDP aws-oregon      NodeLocal DNSCache
yes  web/shop > 169.254.20.10 53/TCP aws-oregon
no   web/shop > 169.254.20.10 54/TCP aws-oregon
no   web/shop > 169.254.20.11 53/UDP aws-oregon
no   web/shop > 169.254.20.10 53/UDP aws-frankfurt   where there is none
yes  web/shop > kube-system/dns 53/UDP aws-oregon    the pods behind it
yes  web/shop > kube-system/dns 53/TCP aws-frankfurt
no   web/shop > kube-system/dns 53/UDP aws-beijing   where DNS is an address
no   web/shop > kube-system/dns 9153/TCP *
no   web/shop > kube-system/other 53/UDP *
yes  web/shop > 10.7.0.53 53/UDP aws-beijing
no   web/shop > 10.7.0.53 53/UDP aws-oregon
no   web/shop > 10.7.0.53 443/TCP aws-beijing
yes  web/undeclared > kube-system/dns 53/UDP aws-oregon   DNS is the whole space's
no   web/undeclared > 8.8.8.8 443/TCP *              and nothing else
yes  web/shop > web/orders 9000/TCP *                a call in the space
no   web/shop > web/orders 8125/UDP *                another port of the called
no   web/shop > web/orders 9000/UDP *
yes  web/orders > web/shop 7000/UDP *
no   web/orders > web/shop 8080/TCP *                its own calls do not say so
yes  web/shop > pay/ledger 8443/TCP *                a call of another space, accepted
no   web/shop > pay/ledger 8444/TCP *                called, and accepted on another port alone
no   web/shop > pay/ledger 9100/TCP *
no   web/orders > pay/ledger 8444/TCP *              called, and not accepted
no   pay/ledger > web/shop 8080/TCP *
no   web/undeclared > web/orders 9000/TCP *          what may come in does not get out
no   elsewhere/shop > pay/ledger 8443/TCP *          it only looks like the shop
yes  ingress-nginx/edge > web/shop 8080/TCP aws-oregon    the edge, to what is exposed
yes  ingress-nginx/edge > web/shop 7000/UDP aws-frankfurt
yes  ingress-nginx/edge > pay/ledger 9100/TCP aws-oregon
no   ingress-nginx/edge > web/shop 9090/TCP *        and to nothing else
no   ingress-nginx/edge > web/shop 7000/TCP *
no   ingress-nginx/edge > web/orders 9000/TCP *
no   ingress-nginx/edge > pay/ledger 8443/TCP *
no   ingress-nginx/edge > web/undeclared 8080/TCP *
no   ingress-nginx/edge > web/shop 8080/TCP aws-beijing   it does not stand there
no   ingress-nginx/other > web/shop 8080/TCP *
no   elsewhere/edge > web/shop 8080/TCP *
yes  10.7.3.4 > web/shop 8080/TCP aws-beijing        there it is nodes
yes  10.7.3.4 > pay/ledger 9100/TCP aws-beijing
no   10.7.3.4 > web/shop 9090/TCP aws-beijing
no   10.7.4.4 > web/shop 8080/TCP aws-beijing
no   10.7.3.4 > web/shop 8080/TCP aws-oregon
no   203.0.113.7 > web/shop 8080/TCP *               nobody comes in past the edge
no   8.8.8.8 > web/shop 8080/TCP *
yes  monitoring/prometheus > web/shop 9090/TCP aws-oregon  who scrapes, to every TCP port
yes  monitoring/prometheus > web/orders 9000/TCP aws-beijing
no   monitoring/prometheus > web/orders 8125/UDP *
no   monitoring/prometheus > web/shop 1/TCP *
no   monitoring/prometheus > web/shop 9090/TCP aws-frankfurt  nobody does
yes  monitoring/other > web/shop 9090/TCP aws-oregon  the region names the whole namespace
no   monitoring/other > web/shop 9090/TCP aws-beijing  there it names the pods
`

// connection is a line of the scenario.
type connection struct {
	line     string
	want     bool
	from, to string
	wanted
	region string
}

func connections(t *testing.T) []connection {
	t.Helper()
	var list []connection
	for line := range strings.Lines(strings.TrimSpace(scenario)) {
		fields := strings.Fields(line)
		number, protocol, _ := strings.Cut(fields[4], "/")
		port, err := strconv.ParseInt(number, 10, 32)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, connection{
			line: strings.Join(fields[:6], " "), want: fields[0] == "yes", from: fields[1], to: fields[3],
			wanted: wanted{int32(port), protocol}, region: fields[5],
		})
	}
	return list
}

// scenarioPods are pods that the lines name, beside those of applications.
func scenarioPods() []*pod {
	of := func(namespace, name string, labels map[string]string) *pod {
		return &pod{namespace: namespace, name: name, labels: labels}
	}
	nginx, shop := map[string]string{"app.kubernetes.io/name": "ingress-nginx"}, map[string]string{"app.kubernetes.io/name": "shop"}
	return []*pod{
		of("kube-system", "dns", map[string]string{"k8s-app": "kube-dns"}), of("kube-system", "other", nil),
		of("ingress-nginx", "edge", nginx), of("ingress-nginx", "other", nil), of("elsewhere", "edge", nginx), of("elsewhere", "shop", shop),
		of("monitoring", "prometheus", map[string]string{"app": "prometheus"}), of("monitoring", "other", map[string]string{"app": "other"}),
	}
}

// named is an end of a line.
func (w *world) named(t *testing.T, text string, ipv6 bool) end {
	t.Helper()
	if address, err := netip.ParseAddr(text); err == nil {
		return end{nil, address}
	}
	namespace, name, _ := strings.Cut(text, "/")
	for _, p := range w.pods {
		if p.name != name || p.namespace != namespace && p.namespace != w.platform.Namespace(namespace) {
			continue
		}
		i := slices.IndexFunc(p.addresses, func(a netip.Addr) bool { return a.Is6() == ipv6 })
		return end{p, p.addresses[max(i, 0)]}
	}
	t.Fatalf("%s: there is no pod %s", w.name, text)
	return end{}
}

// asked are the questions of a line in a world.
func (c connection) asked(t *testing.T, w *world) []question {
	t.Helper()
	if c.region != "*" && c.region != w.region.ID {
		return nil
	}
	return w.between(t, c.from, c.to, c.wanted)
}

// between are the questions for a connection between two ends: over every family that both have.
func (w *world) between(t *testing.T, from, to string, port wanted) []question {
	t.Helper()
	var list []question
	for _, ipv6 := range []bool{false, true} {
		q := question{w.named(t, from, ipv6), w.named(t, to, ipv6), port.number, port.protocol}
		if q.from.address.Is6() == q.to.address.Is6() && !slices.Contains(list, q) {
			list = append(list, q)
		}
	}
	if len(list) == 0 { // from a pod without an address of that family
		list = append(list, question{w.named(t, from, false), w.named(t, to, false), port.number, port.protocol})
	}
	return list
}

// TestScenario holds the scenario's lines, by the model, the declaration, and both readings of ranges.
func TestScenario(t *testing.T) {
	t.Parallel()
	for _, w := range scenarioWorlds(t) {
		for _, c := range connections(t) {
			for _, q := range c.asked(t, w) {
				for _, r := range []reading{labelsAlone, podAddresses} {
					if got := w.model.allows(q, r); got != c.want {
						t.Errorf("%s: %s: the policies say %v (pods by their addresses too: %v)", w.name, c.line, got, r)
					}
					if got := w.declared(q, r); got != c.want {
						t.Errorf("%s: %s: the declaration says %v (pods by their addresses too: %v)", w.name, c.line, got, r)
					}
				}
			}
		}
	}
}
