package compiler

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
)

// TestWidening holds that an override which lets in more clients, or less safely, is a warning at the override (S10).
func TestWidening(t *testing.T) {
	const base = header + `ports: web: 8080
http: public: {host: "app1.mydomain.com", port: "web", tls: secret: "t", redirectToHTTPS: true, allowFrom: ["192.0.2.0/24", "198.51.100.0/25"]}
`
	tests := []struct {
		name, override string
		want           []string
	}{
		{"nothing", `replicas: 3`, nil},
		{"list dropped", `http: public: allowFrom: null`, []string{"M4031 4:49"}},
		{"list widened", `http: public: allowFrom: ["192.0.2.0/23"]`, []string{"M4031 4:38"}},
		{"another range added", `http: public: allowFrom: ["192.0.2.0/24", "8.8.8.0/24"]`, []string{"M4031 4:38"}},
		{"list narrowed", `http: public: allowFrom: ["192.0.2.7/32"]`, nil},
		{"part of the list", `http: public: allowFrom: "198.51.100.0/25"`, nil},
		{"redirect off", `http: public: redirectToHTTPS: false`, []string{"M4031 4:55"}},
		{"redirect back to its default", `http: public: redirectToHTTPS: null`, []string{"M4031 4:55"}},
		{"TLS and redirect off", `http: public: {tls: null, redirectToHTTPS: false}`, []string{"M4031 4:44", "M4031 4:67"}},
		{"another certificate", `http: public: tls: secret: "u"`, nil},
		{"exposure removed", `http: public: null`, nil},
		{"exposure added", `http: more: {host: "b.mydomain.com", port: "web"}`, nil},
	}
	c := newCompiler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, list := c.compile(t, base+`regions: "aws-oregon": `+test.override+"\n")
			if diff := cmp.Diff(test.want, brief(list)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diag.HasErrors(list) {
				t.Error("widening is a warning, not an error")
			}
		})
	}
}
