package compiler

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/meridian-gitops/meridian/manifest"
)

// TestOrigins holds that every rule has an origin, at its own place: whoever is told "rule 3" is told the words
// that it comes from.
func TestOrigins(t *testing.T) {
	c := newCompiler(t)
	result, list := c.compile(t, networkApp)
	if len(list) > 0 {
		t.Fatal(list)
	}
	want := map[string]Origins{
		"app1": {
			Ingress: []string{"http.public, tcp.admin, udp.feed", "the same space", "accepts.billing", "accepts.gateway", "monitoring"},
			Egress:  []string{"DNS", "public addresses", "backends: mysql", "calls.ledger", "calls.statsd", "calls.users"},
		},
		"default-deny": {Egress: []string{"DNS, for the whole space"}},
	}
	got := result.Plans[0].Origins()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	policy := object[*networkingv1.NetworkPolicy](result.Outputs[0])
	if len(policy.Spec.Ingress) != len(got["app1"].Ingress) || len(policy.Spec.Egress) != len(got["app1"].Egress) {
		t.Errorf("%d and %d rules", len(policy.Spec.Ingress), len(policy.Spec.Egress))
	}
	space, err := c.Space("web", "aws-oregon")
	if err != nil {
		t.Fatal(err)
	}
	var deny networkingv1.NetworkPolicy
	data, _ := space.Files.Get("networkpolicy-default-deny.yaml")
	if err := manifest.Decode(data, &deny); err != nil {
		t.Fatal(err)
	}
	if len(deny.Spec.Egress) != 1 || len(deny.Spec.Ingress) != 0 {
		t.Errorf("the space's rules: %+v", deny.Spec)
	}
}
