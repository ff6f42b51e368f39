package random

import (
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/regions"
)

// host is a name that a space may expose, with the only paths that it may; none means all but those that are others'.
type host struct {
	name  string
	below []string
}

// hostsOf are the hosts of a space, of every kind that the platform has.
func hostsOf(space string) []host {
	long := strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + ".dd"
	free := []host{{"xn--fsqu00a.xn--0zwm56d", nil}, {"*.xn--fsqu00a.xn--0zwm56d", nil}, {strings.Repeat("h", 58) + "." + long, nil}}
	switch space {
	case "pay":
		return append(free, host{"pay.example.com", nil}, host{"on.pay.example.com", nil}, host{"*.pay.example.com", nil}, host{"shop.example.com", []string{"/pay", "/api/v1/money"}})
	default:
		return append(free, host{"example.com", nil}, host{"shop.example.com", nil}, host{"*.example.com", nil}, host{"a.b.c.d.example.com", nil}, host{"0.1e3.example.com", nil}, host{strings.Repeat("x", 63) + ".example.com", nil})
	}
}

// exposureRules lead hosts of the space, and ports of the proxies, to ports that there are.
func exposureRules() map[string]rule {
	return map[string]rule{
		"#HTTP":    func(d *drawing, _ *value) *value { return d.exposure() },
		"#App.tcp": func(d *drawing, _ *value) *value { return d.proxied("TCP") },
		"#App.udp": func(d *drawing, _ *value) *value { return d.proxied("UDP") },
	}
}

// exposure draws an HTTP exposure: no route twice, one setting of TLS a host, an allow-list only where clients are seen.
func (d *drawing) exposure() *value {
	port := portNamed("TCP")(d, nil)
	if port == nil {
		return nil
	}
	h := pick(d, hostsOf(d.space))
	paths := d.routesOf(h)
	if len(paths) == 0 {
		return nil
	}
	drawn := structOf(field{"host", textOf(h.name)})
	if len(paths) != 1 || paths[0].text != "/" || d.chance(2) { // alone, it is what there is without paths
		drawn = drawn.with("paths", listOf(paths...))
	}
	drawn = drawn.with("port", port)
	if tls := d.tlsOf(h.name); tls != nil {
		drawn = drawn.with("tls", tls)
	}
	if d.chance(2) {
		drawn = drawn.with("redirectToHTTPS", booleanOf(drawn.get("tls") != nil && d.chance(2)))
	}
	seen := func(r *regions.Region) bool { return r.Edge.ClientAddress != "lost" }
	if d.chance(2) && d.everywhere(seen) {
		drawn = drawn.with("allowFrom", d.clients())
	}
	return drawn
}

// tlsOf is the host's TLS: the same wherever the application names the host. Nothing is none.
func (d *drawing) tlsOf(host string) *value {
	tls, known := d.hosts[host]
	if !known && d.chance(2) {
		tls = structOf(field{"secret", d.generator.leaves["#ObjectName"](d)})
	}
	d.hosts[host] = tls
	return tls
}

// routesOf draws paths of a host that are not taken.
func (d *drawing) routesOf(h host) []*value {
	var drawn []*value
	for range 1 + d.few() {
		path := pick(d, httpPaths())
		if len(h.below) > 0 {
			path = pick(d, h.below) + strings.TrimSuffix("/"+strings.Trim(pick(d, httpPaths()[:7]), "/"), "/")
		}
		kind := pick(d, []string{"", "Prefix", "Exact"})
		key := h.name + " " + path + " " + strings.TrimPrefix(kind, "Prefix")
		if d.routes[key] {
			continue
		}
		d.routes[key] = true
		if kind == "" && d.chance(2) {
			drawn = append(drawn, textOf(path))
			continue
		}
		route := structOf(field{"path", textOf(path)})
		if kind != "" {
			route = route.with("type", textOf(kind))
		}
		if d.chance(2) {
			route = route.with("port", portNamed("TCP")(d, nil))
		}
		drawn = append(drawn, route)
	}
	return drawn
}

// clients draws an allow-list, in either form.
func (d *drawing) clients() *value {
	ranges := []string{"0.0.0.0/1", "128.0.0.0/1", "1.2.3.4/32", "111.111.111.0/24", "255.255.255.255/32", "10.0.0.0/8", "::/1", "2001:db8::/32", "2001:db8:0:1::/64", "::1/128", "fe80::/10", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"}
	d.Shuffle(len(ranges), func(i, j int) { ranges[i], ranges[j] = ranges[j], ranges[i] })
	chosen := ranges[:1+d.IntN(4)]
	if d.chance(2) {
		return textsOf(chosen)
	}
	return textOf(strings.Join(chosen, pick(d, []string{",", ", ", " ,  "})))
}

// proxied draws exposures on the proxies, of one protocol, where every region has proxies.
func (d *drawing) proxied(protocol string) *value {
	names := d.portsOf(protocol)
	if len(names) == 0 || !d.everywhere(func(r *regions.Region) bool { return r.Edge.L4 != nil && len(r.Proxies) > 0 }) {
		return nil
	}
	return d.entries(d.few(), func(int) string { return d.generator.leaves["#EntryName"](d).text }, func() *value { return d.proxyEntry(protocol, names) })
}

func (d *drawing) proxyEntry(protocol string, names []string) *value {
	for range 50 {
		port := pick(d, []int{1, 22, 53, 79, 81, 7000, 9999, 10000, 10253, 65534, 65535, 1 + d.IntN(65535)})
		if key := protocol + strconv.Itoa(port); !d.edge[key] && d.everywhere(func(r *regions.Region) bool { return offers(r, int32(port)) }) {
			d.edge[key] = true
			return structOf(field{"port", numberOf(port)}, field{"to", textOf(pick(d, names))})
		}
	}
	return nil
}

// offers says whether a region's proxies have a port to give.
func offers(r *regions.Region, port int32) bool {
	l4 := r.Edge.L4
	if slices.Contains(l4.Reserved, port) {
		return false
	}
	return len(l4.Ports) == 0 || slices.ContainsFunc(l4.Ports, func(p regions.PortRange) bool { return p.From <= port && port <= p.To })
}
