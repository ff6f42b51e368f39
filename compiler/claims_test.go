package compiler

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/manifest"
)

// TestClaims holds which shared names an application claims: hosts and paths (S7, S10), ports of the proxies (S11,
// S13), each in its region.
func TestClaims(t *testing.T) {
	result, list := newCompiler(t).compile(t, `name: "app1", space: "web", owner: "o", image: {name: "app1", tag: "1.0"}, only: ["aws-oregon", "aws-beijing"]
ports: {web: 8080, admin: {port: 9090, servicePort: 90}, feed: {port: 7000, protocol: "UDP"}}
http: public: {host: "app1.mydomain.com", port: "web", paths: ["/b", {path: "/a", type: "Exact", port: "admin"}]}
tcp: admin: {port: 9000, to: "admin"}
udp: feed: {port: 7001, to: "feed"}
regions: "aws-beijing": {http: public: host: "app1-cn.mydomain.com", tcp: null, udp: null}
`)
	if len(list) > 0 {
		t.Fatal(list)
	}
	claim := func(region string, kind manifest.ClaimKind, entry string) manifest.Claim {
		return manifest.Claim{Region: region, Kind: kind, Namespace: "myorg-web", App: "app1", Entry: entry}
	}
	path := func(region, host, path, kind string) manifest.Claim {
		c := claim(region, manifest.ClaimHTTP, "public")
		c.Host, c.Path, c.PathType = host, path, kind
		return c
	}
	l4 := func(kind manifest.ClaimKind, entry string, port, service int32) manifest.Claim {
		c := claim("aws-oregon", kind, entry)
		c.Port, c.Service, c.ServicePort = port, "app1", service
		return c
	}
	want := []manifest.Claim{
		path("aws-beijing", "app1-cn.mydomain.com", "/a", "Exact"),
		path("aws-beijing", "app1-cn.mydomain.com", "/b", "Prefix"),
		path("aws-oregon", "app1.mydomain.com", "/a", "Exact"),
		path("aws-oregon", "app1.mydomain.com", "/b", "Prefix"),
		l4(manifest.ClaimTCP, "admin", 9000, 90),
		l4(manifest.ClaimUDP, "feed", 7001, 7000),
	}
	if diff := cmp.Diff(want, result.Product().Claims()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
