package regions_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/signature"
)

var sharedSchema = sync.OnceValues(schema.New)

func newSchema(t *testing.T) *schema.Schema {
	t.Helper()
	s, err := sharedSchema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// load reads platform files; each text is a file of its own: a.cue, b.cue.
func load(t *testing.T, texts ...string) (*regions.Platform, []diag.Diagnostic) {
	t.Helper()
	var sources []schema.Source
	for i, text := range texts {
		sources = append(sources, schema.Source{Name: "platform/" + string(rune('a'+i)) + ".cue", Data: []byte("package platform\n" + text)})
	}
	p, list, err := regions.Load(newSchema(t), sources)
	if err != nil {
		t.Fatal(err)
	}
	return p, list
}

// mustLoad reads platform files that have no mistake.
func mustLoad(t *testing.T, texts ...string) *regions.Platform {
	t.Helper()
	p, list := load(t, texts...)
	if p == nil || len(list) > 0 {
		t.Fatalf("the platform does not load: %v", list)
	}
	return p
}

func demo(t *testing.T) *regions.Platform { t.Helper(); return mustLoad(t) }

const small = `org: "myorg"
projects: ["myorg"]
`

// TestDemo holds what the examples need of the embedded organisation.
func TestDemo(t *testing.T) {
	p := demo(t)
	if !p.Embedded {
		t.Error("the demo organisation does not say that it is embedded")
	}
	if diff := cmp.Diff([]string{"boutique", "edge", "payments", "web"}, slices.Sorted(maps.Keys(p.Spaces))); diff != "" {
		t.Errorf("spaces (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"myorg"}, p.Projects); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}
	if got := p.Namespace("web"); got != "myorg-web" {
		t.Errorf("the namespace of web is %s", got) // S3
	}
	web := p.Spaces["web"]
	if web.PullSecret != "registry" || web.DeveloperRole != "developer" {
		t.Errorf("defaults of a space: %+v", web)
	}
	for _, name := range []string{"mysql", "redis"} {
		if diff := cmp.Diff(p.Open(), slices.Sorted(maps.Keys(web.Backends[name].Regions))); diff != "" {
			t.Errorf("%s is not in every open region (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{"aws-beijing", "aws-frankfurt", "aws-oregon", "aws-singapore", "ksc-beijing6"}, p.Open()); diff != "" {
		t.Errorf("open regions, S5 (-want +got):\n%s", diff)
	}
	if own := mustLoad(t, small); own.Embedded {
		t.Error("a platform of one's own says that it is embedded")
	}
}

// TestDomain matches hosts label by label: evilmydomain.com is not under mydomain.com (S7).
func TestDomain(t *testing.T) {
	p := mustLoad(t, small+`spaces: {web: {}, shop: {}}
domains: "mydomain.com": {}
domains: "shop.mydomain.com": spaces: ["shop"]
`)
	tests := []struct{ host, want string }{
		{"mydomain.com", "mydomain.com"},
		{"app1.mydomain.com", "mydomain.com"},
		{"a.b.mydomain.com", "mydomain.com"},
		{"*.mydomain.com", "mydomain.com"},
		{"shop.mydomain.com", "shop.mydomain.com"},
		{"a.shop.mydomain.com", "shop.mydomain.com"},
		{"eshop.mydomain.com", "mydomain.com"},
		{"evilmydomain.com", ""},
		{"mydomain.com.evil.org", ""},
		{"mydomain.org", ""},
		{"com", ""},
		{"*.com", ""},
		{"", ""},
	}
	for _, test := range tests {
		t.Run(test.host, func(t *testing.T) {
			name, domain, ok := p.Domain(test.host)
			if name != test.want || ok != (test.want != "") {
				t.Errorf("Domain(%q) = %q, %v; want %q", test.host, name, ok, test.want)
			}
			if reserved := test.want == "shop.mydomain.com"; reserved != slices.Equal(domain.Spaces, []string{"shop"}) {
				t.Errorf("Domain(%q) has the spaces %v", test.host, domain.Spaces)
			}
		})
	}
}

// TestDelegate holds whose a path of a host is, element by element.
func TestDelegate(t *testing.T) {
	p := mustLoad(t, small+`spaces: {web: {}, pay: {}, help: {}}
domains: "mydomain.com": delegated: "shop.mydomain.com": {"/pay": "pay", "/pay-back": "pay", "/help/me": "help"}
`)
	tests := []struct{ host, path, want string }{
		{"shop.mydomain.com", "/pay", "pay"},
		{"shop.mydomain.com", "/pay/", "pay"},
		{"shop.mydomain.com", "/pay/now", "pay"},
		{"shop.mydomain.com", "/payments", ""},
		{"shop.mydomain.com", "/pay-back/x", "pay"},
		{"shop.mydomain.com", "/", ""},
		{"shop.mydomain.com", "/help", ""},
		{"shop.mydomain.com", "/help/me", "help"},
		{"app.mydomain.com", "/pay", ""},
		{"shop.mydomain.org", "/pay", ""},
	}
	for _, test := range tests {
		if space, _, ok := p.Delegate(test.host, test.path); space != test.want || ok != (test.want != "") {
			t.Errorf("%s%s is of %q, %v, want %q", test.host, test.path, space, ok, test.want)
		}
	}
	if diff := cmp.Diff([]string{"/pay", "/pay-back"}, p.DelegatedPaths("shop.mydomain.com", "pay")); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestCIDRProblem(t *testing.T) {
	tests := []struct{ cidr, want string }{
		{"10.0.0.0/8", ""},
		{"0.0.0.0/0", ""},
		{"222.222.222.222/32", ""},
		{"2001:db8::/32", ""},
		{"::/0", ""},
		{"10.0.0.1/8", "it means 10.0.0.0/8, or 10.0.0.1/32"},
		{"2001:db8::1/32", "it means 2001:db8::/32, or 2001:db8::1/128"},
		{"10.0.0.0/33", "is not an address range"},
		{"10.0.0/8", "is not an address range"},
		{"10.0.0.0", "is not an address range"},
		{"::ffff:10.0.0.0/104", "IPv4 range in IPv6 form"},
		{"2001:0db8::/32", "is written 2001:db8::/32"},
		{"2001:db8:0:0::/64", "is written 2001:db8::/64"},
	}
	for _, test := range tests {
		t.Run(test.cidr, func(t *testing.T) {
			got := regions.CIDRProblem(test.cidr)
			if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("CIDRProblem = %q, want one with %q", got, test.want)
			}
		})
	}
}

// TestLoadErrors holds code and place of what contradicts itself in a platform.
func TestLoadErrors(t *testing.T) {
	region := func(rest string) string { return small + `regions: "aws-oregon": ` + rest }
	delegated := func(rest string) string {
		return small + "spaces: {web: {}, pay: {}}\ndomains: \"mydomain.com\": delegated: " + rest
	}
	tests := []struct{ name, text, want string }{
		{"a space's name contains the org's (S3)", small + `spaces: "my-myorg-web": {}`, "M3002 4:9"},
		{"the substring counts, not the word (S3)", small + `spaces: "xmyorgx": {}`, "M3002 4:9"},
		{"namespace too long", small + `spaces: "` + strings.Repeat("a", 60) + `": {}`, "M3003 4:9"},
		{"namespace of the sync controller", "org: \"flux\"\nprojects: [\"p\"]\nspaces: system: {}", "M3004 4:9"},
		{"kube-", "org: \"kube\"\nprojects: [\"p\"]\nspaces: public: {}", "M3004 4:9"},
		{"namespace of the edge", "org: \"ingress\"\nprojects: [\"p\"]\nspaces: nginx: {}", "M3004 4:9"},
		{"own sync namespace", "org: \"my\"\nprojects: [\"p\"]\nsync: namespace: \"my-sync\"\nspaces: sync: {}", "M3004 5:9"},
		{"no project", "org: \"myorg\"\nprojects: []", "M3001 3:1"},
		{"domain of an unknown space", small + `domains: "mydomain.com": spaces: ["web"]`, "M3005 4:35"},
		{"path delegated to an unknown space", delegated(`"shop.mydomain.com": "/x": "none"`), "M3005 5:64"},
		{"path of a host elsewhere", delegated(`"shop.mydomain.org": "/x": "pay"`), "M3001 5:37"},
		{"path below a delegated one", delegated(`"shop.mydomain.com": {"/x": "pay", "/x/y": "web"}`), "M3001 5:80"},
		{"path with a slash at the end", delegated(`"shop.mydomain.com": "/x/": "pay"`), "M3001 5:65"},
		{"whole host delegated", delegated(`"shop.mydomain.com": "/": "pay"`), "M3001 5:63"},
		{"path delegated to the domain's only space", small + "spaces: web: {}\ndomains: \"mydomain.com\": {spaces: [\"web\"], delegated: \"a.mydomain.com\": \"/x\": \"web\"}", "M3001 5:79"},
		{"no path", delegated(`"shop.mydomain.com": "x": "pay"`), "M2010 5:58"},
		{"space in an unknown region", small + `spaces: web: only: ["mars"]`, "M3006 4:21"},
		{"back end in an unknown region", small + `spaces: web: backends: db: {ports: [1], regions: mars: cidrs: ["192.0.2.0/24"]}`, "M3006 4:50"},
		{"back end with bits behind the mask", small + `spaces: web: backends: db: {ports: [1], regions: "aws-oregon": cidrs: ["192.0.2.1/24"]}`, "M3008 4:72"},
		{"pods with bits behind the mask", region(`network: pods: ["10.1.2.3/8"]`), "M3008 4:40"},
		{"services with bits behind the mask", region(`network: services: ["10.1.2.3/8"]`), "M3008 4:44"},
		{"engine's range with bits behind the mask", region(`sourceCIDRs: ["10.1.2.3/8"]`), "M3008 4:38"},
		{"range of ports the wrong way round", region(`edge: l4: ports: [{from: 20, to: 10}]`), "M3001 4:42"},
		{"two control regions", region(`control: true`), "M3001 4:33"},
		{"a signer without a key", small + `repository: signers: ci: {}`, "M3001 4:22"},
		{"an SSH key that is none", small + `repository: signers: ci: ssh: ["ssh-ed25519 AAAA ci"]`, "M8076 4:32"},
		{"an OpenPGP key that is none", small + `repository: signers: ci: openpgp: ["-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEAA==\n-----END PGP PUBLIC KEY BLOCK-----"]`, "M8076 4:36"},
		{"argocd without a repository", small + `sync: engine: "argocd"`, "M3001 4:1"},
		{"a region of one's own lacks fields", small + `regions: mine: {cloud: "Own", registry: "r.io", kubernetes: "1.36", network: {pods: [], services: []}, edge: {from: [], http: {dialect: "ingress-nginx", class: "nginx"}}, dns: record: "A", peering: {account: "1", vpc: "v"}}`, "M2002 4:10"},
		{"unknown field", small + `space: {}`, "M2001 4:1"},
		{"no org", `projects: ["p"]`, "M2002 1:1"},
		{"peer of no form", region(`edge: from: [{}]`), "M2006 4:36"},
		{"defaults may not name the application", small + `defaults: name: "x"`, "M2008 4:11"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, list := load(t, test.text)
			if p != nil {
				t.Error("a platform with a mistake is returned")
			}
			var got []string
			for _, d := range list {
				got = append(got, string(d.Code)+" "+strings.TrimPrefix(d.Pos.String(), "platform/a.cue:"))
			}
			if !slices.Equal(got, []string{test.want}) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestFolder overrides, adds, opens and removes regions (S5); several files are one package.
func TestFolder(t *testing.T) {
	base := demo(t)
	p := mustLoad(t, small+`
regions: "ksc-russia": open: true
regions: "aws-frankfurt": null
regions: "aws-oregon": {kubernetes: "1.34", network: pods: ["10.64.0.0/14"]}
`, `
regions: lab: {
	cloud: "Own", registry: "registry.mydomain.com", kubernetes: "1.36"
	network: {pods: ["10.32.0.0/16"], services: ["10.33.0.0/16"]}
	edge: {from: [{cidr: "192.0.2.0/24"}], http: {dialect: "ingress-nginx", class: "nginx"}}
	dns: record: "A"
	peering: {account: "1", vpc: "v"}
	sourceCIDRs: ["192.0.2.0/24"]
}
`)
	if diff := cmp.Diff([]string{"aws-beijing", "aws-oregon", "aws-singapore", "ksc-beijing6", "ksc-russia", "lab"}, p.Open()); diff != "" {
		t.Errorf("open regions (-want +got):\n%s", diff)
	}
	if p.Region("aws-frankfurt") != nil {
		t.Error("null does not remove a region")
	}
	want := *base.Region("aws-oregon")
	want.Kubernetes, want.Network.Pods = "1.34", []string{"10.64.0.0/14"}
	if diff := cmp.Diff(want, *p.Region("aws-oregon")); diff != "" {
		t.Errorf("an override changes more than it says (-want +got):\n%s", diff)
	}
	lab := p.Region("lab")
	if !lab.Open || lab.Zones != 1 || lab.DrainSeconds != 5 || lab.Edge.TLS != "controller" || lab.Edge.ClientAddress != "preserved" || !lab.Network.HasIPv4() || lab.Network.HasIPv6() {
		t.Errorf("defaults of a region: %+v", lab)
	}
	if lab.Edge.L4 != nil || lab.Monitoring != nil || len(lab.Proxies) != 0 {
		t.Errorf("a region has what it was not given: %+v", lab)
	}
}

// TestDistinctProxies drops an address that is named twice, as the manual does (S13).
func TestDistinctProxies(t *testing.T) {
	p := mustLoad(t, small+`regions: "aws-oregon": proxies: ["192.0.2.1", "192.0.2.2", "192.0.2.1"]`)
	if diff := cmp.Diff([]string{"192.0.2.1", "192.0.2.2"}, p.Region("aws-oregon").Proxies); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSpaceRegions narrows a space to the open regions that it names (S5).
func TestSpaceRegions(t *testing.T) {
	p := mustLoad(t, small+`spaces: {here: only: ["aws-oregon", "ksc-russia"], all: {}}`)
	if diff := cmp.Diff([]string{"aws-oregon"}, p.SpaceRegions("here")); diff != "" {
		t.Errorf("here (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(p.Open(), p.SpaceRegions("all")); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	var ids []string
	for _, f := range p.Facts() {
		ids = append(ids, f.ID)
	}
	if diff := cmp.Diff(p.Open(), ids); diff != "" {
		t.Errorf("facts are of other regions than the open ones (-want +got):\n%s", diff)
	}
}

func TestDigest(t *testing.T) {
	at := func(folder, text string) string {
		p, list, err := regions.Load(newSchema(t), []schema.Source{{Name: folder + "/platform.cue", Data: []byte("package platform\n" + text)}})
		if err != nil || p == nil {
			t.Fatal(list, err)
		}
		return p.Digest
	}
	here := at("platform", small)
	if there := at("/elsewhere/x", small); there != here {
		t.Error("the digest depends on where the folder stands")
	}
	if other := at("platform", small+"\n"); other == here {
		t.Error("the digest does not depend on the content")
	}
	if !strings.HasPrefix(here, "sha256:") || len(here) != len("sha256:")+64 {
		t.Errorf("digest %q", here)
	}
	if here == demo(t).Digest {
		t.Error("two platforms have one digest")
	}
}

// TestConstraints holds names, order, reach and places of rules.
func TestConstraints(t *testing.T) {
	p := mustLoad(t, small+`spaces: web: {}
constraints: small: {message: "stay small", app: replicas: <=3}
constraints: "in-oregon": {spaces: ["web"], regions: ["aws-oregon"], app: user: >1000}
`)
	type row struct{ Name, Message, Pos string }
	var got []row
	for _, c := range p.Constraints {
		got = append(got, row{c.Name, c.Message, c.Pos.String()})
	}
	want := []row{{"in-oregon", "", "platform/a.cue:6:14"}, {"small", "stay small", "platform/a.cue:5:14"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		rule          int
		space, region string
		want          bool
	}{{1, "web", "aws-oregon", true}, {1, "x", "y", true}, {0, "web", "aws-oregon", true}, {0, "web", "aws-beijing", false}, {0, "x", "aws-oregon", false}} {
		if got := p.Constraints[test.rule].Applies(test.space, test.region); got != test.want {
			t.Errorf("%s applies to %s in %s: %v, want %v", p.Constraints[test.rule].Name, test.space, test.region, got, test.want)
		}
	}
}

// TestWhere points into the folder's files, and nowhere for what the manual's table says.
func TestWhere(t *testing.T) {
	p := mustLoad(t, small+`spaces: web: backends: db: {ports: [1], regions: "aws-oregon": cidrs: ["192.0.2.0/24"]}`)
	for _, test := range []struct {
		path []string
		want string
	}{
		{[]string{"org"}, "platform/a.cue:2:6"},
		{[]string{"spaces", "web", "backends", "db"}, "platform/a.cue:4:24"},
		{[]string{"spaces", "web", "backends", "db", "regions", "aws-oregon", "cidrs", "0"}, "platform/a.cue:4:72"},
		{[]string{"spaces", "web", "nothing"}, "platform/a.cue:4:9"},
	} {
		if got := p.Where(test.path...).String(); got != test.want {
			t.Errorf("Where(%v) = %s, want %s", test.path, got, test.want)
		}
	}
}

// TestSigners holds that signers come sorted, whatever order they are declared in.
func TestSigners(t *testing.T) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAqOjIR1sSjwwWcVFW0F5vMT1iFX5Fc+dkVnLOEW1TVu"
	p := mustLoad(t, small+"repository: signers: ci: ssh: [\""+key+" ci@mydomain.com\"]\n", "repository: signers: ada: ssh: [\""+key+"\"]\n")
	want := []signature.Signer{{Name: "ada", SSH: []string{key}}, {Name: "ci", SSH: []string{key + " ci@mydomain.com"}}}
	if d := cmp.Diff(want, p.Signers); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if demo(t).Signers != nil {
		t.Error("the demo organisation has signers")
	}
}
