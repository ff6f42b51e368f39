package compiler

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/manifest"
)

const delegating = `package platform
org: "myorg"
projects: ["myorg"]
domains: "mydomain.com": {
	spaces: ["web", "other"]
	delegated: "shop.mydomain.com": {"/pay": "payments", "/help": "other"}
}
spaces: {web: {}, payments: {}, other: {}}
`

// TestDelegatedPaths holds who may expose what of a host of which paths are delegated (S7).
func TestDelegatedPaths(t *testing.T) {
	c := newCompiler(t, delegating)
	tests := []struct {
		name, space, http string
		want              []string
		delegated         bool
	}{
		{"the path", "payments", `host: "shop.mydomain.com", paths: ["/pay"]`, nil, true},
		{"below it", "payments", `host: "shop.mydomain.com", paths: ["/pay/a", {path: "/pay/b", type: "Exact"}]`, nil, true},
		{"beside it", "payments", `host: "shop.mydomain.com", paths: ["/pay", "/payments"]`, []string{"M4012 2:83"}, false},
		{"the whole host", "payments", `host: "shop.mydomain.com"`, []string{"M4012 2:46"}, false},
		{"another host", "payments", `host: "pay.mydomain.com", paths: ["/pay"]`, []string{"M4012 2:46"}, false},
		{"the host's space, the rest", "web", `host: "shop.mydomain.com"`, nil, false},
		{"the host's space, the path", "web", `host: "shop.mydomain.com", paths: ["/", {path: "/pay", type: "Exact"}]`, []string{"M4012 2:80"}, false},
		{"a space of the domain, its path", "other", `host: "shop.mydomain.com", paths: ["/help"]`, nil, true},
		{"a space of the domain, the host", "other", `host: "shop.mydomain.com", paths: ["/"]`, []string{"M4012 2:75"}, false},
		{"a space of the domain, another's path", "other", `host: "shop.mydomain.com", paths: ["/pay"]`, []string{"M4012 2:75"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := fmt.Sprintf("name: \"app1\", space: %q, owner: \"o\", image: {name: \"x\", tag: \"1\"}, only: [\"aws-oregon\"]\nports: web: 80, http: x: {port: \"web\", %s}\n", test.space, test.http)
			result, list := c.compile(t, text)
			if diff := cmp.Diff(test.want, brief(list)); diff != "" {
				t.Errorf("(-want +got):\n%s%s", diff, messages(list))
			}
			for _, claim := range result.Product().Claims() {
				if claim.Kind == manifest.ClaimHTTP && test.want == nil && claim.Delegated != test.delegated {
					t.Errorf("claim of %s%s is delegated: %v", claim.Host, claim.Path, claim.Delegated)
				}
			}
		})
	}
}
