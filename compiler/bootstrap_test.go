package compiler

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
)

// bootstrap builds what a region's clusters are told, or fails.
func bootstrap(t *testing.T, region string, platform ...string) Bootstrap {
	t.Helper()
	b, list, err := newCompiler(t, platform...).Bootstrap(region)
	if err != nil || len(list) > 0 {
		t.Fatal(list, err)
	}
	return b
}

// TestBootstrapAddress holds which addresses are told about: where clusters read from decides what they run.
func TestBootstrapAddress(t *testing.T) {
	for _, test := range []struct{ sync, want string }{
		{`sync: {}`, "M8090"},
		{`sync: repository: "https://git.mydomain.com/gitops.git"`, ""},
		{`sync: repository: "https://git.mydomain.com:8443/a/b_c/~d/gitops.git"`, ""},
		{`sync: repository: "ssh://git@git.mydomain.com/gitops.git"`, "M8091"},
		{`sync: {repository: "ssh://git@git.mydomain.com:22/gitops.git", secret: "key"}`, ""},
		{`sync: {repository: "ssh://git@git.mydomain.com/gitops.git", engine: "argocd"}`, ""},
		{`sync: repository: "http://git.mydomain.com/gitops.git"`, "M8093"},
		{`sync: repository: "http://192.0.2.1/gitops.git"`, "M8093"},
		{`sync: repository: "http://localhost.mydomain.com/gitops.git"`, "M8093"},
		{`sync: repository: "http://git.svc.mydomain.com/gitops.git"`, "M8093"},
		{`sync: repository: "http://git.forge.svc/gitops.git"`, ""},
		{`sync: repository: "http://git.forge.svc.cluster.local:3000/gitops.git"`, ""},
		{`sync: repository: "http://127.0.0.1:8080/gitops.git"`, ""},
		{`sync: repository: "https://git.mydomain.com/gitops.git", regions: "aws-oregon": mirror: "http://mirror.mydomain.com/gitops.git"`, "M8093"},
		{`sync: {repository: "https://git.mydomain.com/gitops.git", secret: "key"}, regions: "aws-oregon": mirror: "ssh://git@mirror.mydomain.com/gitops.git"`, "M8091"},
		{`regions: "aws-oregon": mirror: "https://mirror.mydomain.com/gitops.git"`, ""},
	} {
		t.Run(test.sync, func(t *testing.T) {
			_, list, err := newCompiler(t, spacePlatform+strings.ReplaceAll(test.sync, ", regions:", "\nregions:")+"\n").Bootstrap("aws-oregon")
			if err != nil {
				t.Fatal(err)
			}
			var got string
			for _, d := range list {
				got += string(d.Code)
			}
			if got != test.want {
				t.Errorf("got %q, want %q: %v", got, test.want, list)
			}
		})
	}
}

// TestBootstrapMirror holds that a region with a mirror reads there, with the mirror's own secret or none: the
// repository's is not sent to another machine.
func TestBootstrapMirror(t *testing.T) {
	const platform = spacePlatform + `sync: {repository: "https://git.mydomain.com/gitops.git", secret: "reader"}
regions: "aws-oregon": mirror: "https://mirror.mydomain.com/gitops.git"
regions: "aws-beijing": mirror: {url: "https://mirror.mydomain.cn/gitops.git", secret: "mirror-reader"}
`
	for region, want := range map[string]fluxGitRepositorySpec{
		"aws-frankfurt": {URL: "https://git.mydomain.com/gitops.git", SecretRef: &fluxSecretRef{"reader"}},
		"aws-oregon":    {URL: "https://mirror.mydomain.com/gitops.git"},
		"aws-beijing":   {URL: "https://mirror.mydomain.cn/gitops.git", SecretRef: &fluxSecretRef{"mirror-reader"}},
	} {
		want.Ref, want.Interval, want.Timeout, want.SparseCheckout = fluxGitRef{"main"}, "1m", "3m", []string{"regions/" + region}
		got := read[fluxGitRepository](t, bootstrap(t, region, platform).Files, "gitrepository.yaml")
		if diff := cmp.Diff(want, got.Spec); diff != "" {
			t.Errorf("%s (-want +got):\n%s", region, diff)
		}
	}
}

// TestBootstrapEdge holds that the edge is applied with an account that can write just its ConfigMaps, and not at all
// where a region offers no TCP and UDP (S11, S13).
func TestBootstrapEdge(t *testing.T) {
	const platform = spacePlatform + `sync: repository: "https://git.mydomain.com/gitops.git"
regions: "aws-oregon": edge: l4: {namespace: "edge", tcpConfigMap: "tcp"}
regions: "aws-beijing": edge: l4: null
`
	role := read[rbacv1.Role](t, bootstrap(t, "aws-oregon", platform).Files, "role-edge.yaml")
	want := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"tcp", "udp-services"}, Verbs: []string{"get", "create", "patch", "delete"}}}
	if diff := cmp.Diff(want, role.Rules); diff != "" || role.Namespace != "edge" {
		t.Errorf("in %s (-want +got):\n%s", role.Namespace, diff)
	}
	for _, object := range bootstrap(t, "aws-beijing", platform).Objects {
		if strings.Contains(object.File, "edge") {
			t.Errorf("%s is there", object.File)
		}
	}
}

// TestSyncObjectCopy holds that a copy of a controller's object is a whole one, and its own.
func TestSyncObjectCopy(t *testing.T) {
	for _, engine := range []string{"flux", "argocd"} {
		platform := spacePlatform + `sync: {repository: "https://git.mydomain.com/gitops.git", engine: "` + engine + "\"}\n"
		for _, object := range bootstrap(t, "aws-oregon", platform).Objects {
			fresh := object.Value.DeepCopyObject()
			if diff := cmp.Diff(any(object.Value), any(fresh)); diff != "" {
				t.Errorf("%s (-original +copy):\n%s", object.File, diff)
			}
			if reflect.ValueOf(fresh).Pointer() == reflect.ValueOf(object.Value).Pointer() {
				t.Errorf("%s is not copied", object.File)
			}
		}
	}
}
