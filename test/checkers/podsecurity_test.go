package checkers

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/test/cluster"
)

// TestPodSecurity holds the template of every Deployment to the level restricted, with the library that API servers admit
// pods with, as it judges in the region's version of Kubernetes (S8, S9). There is no table: nothing is found.
func TestPodSecurity(t *testing.T) {
	pods := 0
	for _, tree := range distinct(trees(t)) {
		for path, data := range tree.files.Files() {
			if path != "deployment.yaml" {
				continue
			}
			pods++
			for _, finding := range podFindings(t, data, tree.minor) {
				t.Errorf("%s, Kubernetes %s: %s", tree.from, tree.minor.Name, finding)
			}
		}
	}
	if pods < 120 {
		t.Errorf("only %d pods", pods)
	}
	t.Attr("cases", fmt.Sprint(pods))
}

// podFindings is what the level restricted has against a Deployment's pods.
func podFindings(t *testing.T, data []byte, minor cluster.Minor) []string {
	t.Helper()
	var deployment appsv1.Deployment
	if err := manifest.Decode(data, &deployment); err != nil {
		t.Fatal(err)
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	version, err := api.ParseVersion("v" + minor.Name)
	if err != nil {
		t.Fatal(err)
	}
	template := deployment.Spec.Template
	level := api.LevelVersion{Level: api.LevelRestricted, Version: version}
	var findings []string
	for _, result := range evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec) {
		if !result.Allowed {
			findings = append(findings, result.ForbiddenReason+": "+result.ForbiddenDetail)
		}
	}
	return findings
}

// TestPodSecurityFinds holds that the check above finds what is wrong.
func TestPodSecurityFinds(t *testing.T) {
	data := anyDeployment(t)
	for _, test := range []struct{ old, new, finding string }{
		{"runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"},
		{"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation"},
		{"type: RuntimeDefault", "type: Unconfined", "seccompProfile"},
		{"enableServiceLinks: false", "hostNetwork: true", "host namespaces"},
	} {
		changed := strings.Replace(string(data), test.old, test.new, 1)
		if changed == string(data) {
			t.Fatalf("%q is not there:\n%s", test.old, data)
		}
		findings := podFindings(t, []byte(changed), cluster.Minors[0])
		if !slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, test.finding) }) {
			t.Errorf("with %s: %v", test.new, findings)
		}
	}
}

// anyDeployment is one that is right.
func anyDeployment(t *testing.T) []byte {
	t.Helper()
	for _, tree := range trees(t) {
		if data, ok := tree.files.Get("deployment.yaml"); ok {
			return data
		}
	}
	t.Fatal("there is no Deployment")
	return nil
}
