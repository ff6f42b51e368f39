package compiler

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/meridian-gitops/meridian/manifest"
)

const spacePlatform = `org: "myorg"
projects: ["myorg"]
spaces: web: {developers: ["team-web", {user: "ann"}], auditors: ["audit"]}
spaces: shop: {developers: ["team-shop"], developerRole: "edit", only: ["aws-oregon", "ksc-russia"]}
spaces: quiet: {}
regions: "aws-beijing": kubernetes: "1.34"
`

// spaces builds all spaces; the key is region/namespace.
func spaces(t *testing.T, platform ...string) map[string]Space {
	t.Helper()
	list, err := newCompiler(t, platform...).Spaces()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]Space{}
	for _, space := range list {
		byName[space.Region+"/"+space.Namespace] = space
	}
	return byName
}

// read decodes a file of a tree, or returns the zero value when it is not there.
func read[T any](t *testing.T, tree manifest.Tree, file string) T {
	t.Helper()
	var value T
	if data, ok := tree.Get(file); ok {
		if err := manifest.Decode(data, &value); err != nil {
			t.Fatal(err)
		}
	}
	return value
}

// TestSpaceRegions holds that a space is a namespace <org>-<space> in every open region, or in those it names (S3).
func TestSpaceRegions(t *testing.T) {
	list, err := newCompiler(t, spacePlatform).Spaces()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, space := range list {
		got = append(got, space.Namespace+" "+space.Region)
	}
	want := []string{
		"myorg-quiet aws-beijing", "myorg-quiet aws-frankfurt", "myorg-quiet aws-oregon", "myorg-quiet aws-singapore", "myorg-quiet ksc-beijing6",
		"myorg-shop aws-oregon",
		"myorg-web aws-beijing", "myorg-web aws-frankfurt", "myorg-web aws-oregon", "myorg-web aws-singapore", "myorg-web ksc-beijing6",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNamespace holds every pod of a space to the restricted profile at the region's own version, and keeps the
// namespace from being pruned (S3).
func TestNamespace(t *testing.T) {
	all := spaces(t, spacePlatform)
	for region, version := range map[string]string{"aws-oregon": "v1.36", "aws-beijing": "v1.34"} {
		namespace := read[corev1.Namespace](t, all[region+"/myorg-web"].Tenant, "namespace.yaml")
		want := map[string]string{"app.kubernetes.io/part-of": "web", "app.kubernetes.io/managed-by": "meridian"}
		for _, mode := range []string{"enforce", "warn", "audit"} {
			want["pod-security.kubernetes.io/"+mode] = "restricted"
			want["pod-security.kubernetes.io/"+mode+"-version"] = version
		}
		if diff := cmp.Diff(want, namespace.Labels); diff != "" || namespace.Name != "myorg-web" {
			t.Errorf("%s in %s (-want +got):\n%s", namespace.Name, region, diff)
		}
		if namespace.Annotations["kustomize.toolkit.fluxcd.io/prune"] != "disabled" || !strings.Contains(namespace.Annotations["argocd.argoproj.io/sync-options"], "Prune=false") {
			t.Errorf("the namespace may be pruned: %v", namespace.Annotations)
		}
	}
}

// TestDeveloperRole holds what developers may do in the cluster: read all but secrets, follow logs, forward ports,
// restart pods; nothing else is written, nothing is a wildcard (S4).
func TestDeveloperRole(t *testing.T) {
	role := read[rbacv1.Role](t, spaces(t, spacePlatform)["aws-oregon/myorg-web"].Tenant, "role-developer.yaml")
	var writes []string
	readable := map[string]bool{}
	for _, rule := range role.Rules {
		for _, name := range slices.Concat(rule.Verbs, rule.Resources, rule.APIGroups) {
			if strings.Contains(name, "*") {
				t.Errorf("a wildcard: %v", rule)
			}
		}
		for _, resource := range rule.Resources {
			if strings.HasPrefix(resource, "secrets") || resource == "pods/exec" || resource == "pods/attach" || resource == "pods/ephemeralcontainers" || strings.HasPrefix(resource, "serviceaccounts/") {
				t.Errorf("developers get %s", resource)
			}
			for _, verb := range rule.Verbs {
				switch verb {
				case "get", "list", "watch":
					readable[resource] = true
				default:
					writes = append(writes, verb+" "+resource)
				}
			}
		}
		if len(rule.NonResourceURLs) > 0 {
			t.Errorf("a rule of the cluster's: %v", rule)
		}
	}
	slices.Sort(writes)
	// pods/portforward is there with create alone; a delete of a pod is a restart; logs are read.
	if diff := cmp.Diff([]string{"create pods/portforward", "delete pods"}, writes); diff != "" {
		t.Errorf("what developers may write (-want +got):\n%s", diff)
	}
	for _, resource := range []string{"pods", "pods/log", "configmaps", "services", "events", "deployments", "replicasets", "horizontalpodautoscalers", "poddisruptionbudgets", "ingresses", "networkpolicies", "endpointslices", "serviceaccounts"} {
		if !readable[resource] {
			t.Errorf("developers cannot read %s", resource)
		}
	}
}

// TestBindings holds who gets which role: developer the role above, or Kubernetes' edit where the platform says so;
// audit only reads (S4).
func TestBindings(t *testing.T) {
	all := spaces(t, spacePlatform)
	type binding struct {
		Role     string
		Subjects []string
	}
	get := func(space, file string) binding {
		b := read[rbacv1.RoleBinding](t, all["aws-oregon/"+space].Tenant, file)
		got := binding{Role: b.RoleRef.Kind + "/" + b.RoleRef.Name}
		for _, s := range b.Subjects {
			got.Subjects = append(got.Subjects, s.Kind+"/"+s.Name)
		}
		return got
	}
	for _, test := range []struct {
		space, file string
		want        binding
	}{
		{"myorg-web", "rolebinding-developer.yaml", binding{"Role/developer", []string{"Group/team-web", "User/ann"}}},
		{"myorg-web", "rolebinding-audit.yaml", binding{"ClusterRole/view", []string{"Group/audit"}}},
		{"myorg-shop", "rolebinding-developer.yaml", binding{"ClusterRole/edit", []string{"Group/team-shop"}}},
		{"myorg-shop", "rolebinding-audit.yaml", binding{Role: "/"}},
		{"myorg-quiet", "rolebinding-developer.yaml", binding{Role: "/"}},
	} {
		if diff := cmp.Diff(test.want, get(test.space, test.file)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", test.space, test.file, diff)
		}
	}
	if _, ok := all["aws-oregon/myorg-shop"].Tenant.Get("role-developer.yaml"); ok {
		t.Error("a role is made that nobody gets")
	}
}

// TestDefaultDeny holds that a space is closed both ways but for DNS (S19).
func TestDefaultDeny(t *testing.T) {
	policy := read[networkingv1.NetworkPolicy](t, spaces(t, spacePlatform)["aws-oregon/myorg-quiet"].Files, "networkpolicy-default-deny.yaml")
	if len(policy.Spec.PodSelector.MatchLabels)+len(policy.Spec.PodSelector.MatchExpressions) > 0 || len(policy.Spec.PolicyTypes) != 2 || len(policy.Spec.Ingress) > 0 {
		t.Errorf("it does not deny everything: %+v", policy.Spec)
	}
	dns := peer{namespace: map[string]string{"kubernetes.io/metadata.name": "kube-system"}, pod: map[string]string{"k8s-app": "kube-dns"}}
	for _, test := range []struct {
		to   peer
		port port
		want bool
	}{{dns, udp(53), true}, {dns, tcp(53), true}, {dns, tcp(80), false}, {addr("8.8.8.8"), udp(53), false}, {addr("169.254.20.10"), udp(53), true}, {addr("169.254.169.254"), tcp(80), false}, {pod("myorg-quiet", "x"), tcp(80), false}} {
		if got := mayReach(&policy, test.to, test.port); got != test.want {
			t.Errorf("may reach %v %v: %v, want %v", test.to, test.port, got, test.want)
		}
	}
	if mayBeReached(&policy, pod("myorg-quiet", "x"), tcp(80)) {
		t.Error("it lets callers in")
	}
}

// TestPullSecret holds that the pods of a space use its registry credential (S6).
func TestPullSecret(t *testing.T) {
	c := newCompiler(t, strings.Replace(spacePlatform, "spaces: quiet: {}", `spaces: quiet: pullSecret: "pull-me"`, 1))
	for space, want := range map[string]string{"quiet": "pull-me", "web": "registry"} {
		out := c.only(t, appOf(space, "a", `only: ["aws-oregon"]`))
		var got []string
		for _, task := range out.Outside {
			if task.Topic == TopicSecret {
				got = append(got, task.Subject)
			}
		}
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("secrets of %s (-want +got):\n%s", space, diff)
		}
	}
}

// TestSyncAccount holds what the account that a space is synced with may do: write what applications are made of, in the
// one namespace, and nothing that would let it do more.
func TestSyncAccount(t *testing.T) {
	tenant := spaces(t, spacePlatform)["aws-oregon/myorg-web"].Tenant
	account := read[corev1.ServiceAccount](t, tenant, "serviceaccount-sync.yaml")
	binding := read[rbacv1.RoleBinding](t, tenant, "rolebinding-sync.yaml")
	role := read[rbacv1.Role](t, tenant, "role-sync.yaml")
	if account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
		t.Error("pods get its token")
	}
	want := []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "flux-system", Name: "myorg-web"}}
	if diff := cmp.Diff(want, binding.Subjects); diff != "" || account.Namespace != "flux-system" || account.Name != "myorg-web" {
		t.Errorf("the account is %s/%s, bound is (-want +got):\n%s", account.Namespace, account.Name, diff)
	}
	if binding.RoleRef != (rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name}) || binding.Namespace != "myorg-web" || role.Namespace != "myorg-web" {
		t.Errorf("bound in %s to %v, which is in %s", binding.Namespace, binding.RoleRef, role.Namespace)
	}
	for _, rule := range role.Rules {
		for _, name := range slices.Concat(rule.Verbs, rule.Resources, rule.APIGroups, rule.NonResourceURLs) {
			if slices.Contains([]string{"*", "escalate", "bind", "impersonate", "deletecollection", rbacv1.GroupName, "secrets", "namespaces", "resourcequotas", "limitranges"}, name) || strings.Contains(name, "/") {
				t.Errorf("it has %s: %v", name, rule)
			}
		}
	}
}

// TestSyncAccountOfArgoCD holds that a space of Argo CD is bounded by a project of its own instead.
func TestSyncAccountOfArgoCD(t *testing.T) {
	const argocd = `sync: {engine: "argocd", repository: "https://git.mydomain.com/gitops.git"}` + "\n"
	tenant := spaces(t, spacePlatform+argocd)["aws-oregon/myorg-web"].Tenant
	project := read[argoAppProject](t, tenant, "appproject.yaml")
	if diff := cmp.Diff([]argoDestination{{"https://kubernetes.default.svc", "myorg-web"}}, project.Spec.Destinations); diff != "" {
		t.Errorf("destinations (-want +got):\n%s", diff)
	}
	if len(project.Spec.ClusterResourceWhitelist) > 0 || len(project.Spec.NamespaceResourceWhitelist) != len(appKinds()) {
		t.Errorf("it admits %v and %v", project.Spec.ClusterResourceWhitelist, project.Spec.NamespaceResourceWhitelist)
	}
	if _, there := tenant.Get("serviceaccount-sync.yaml"); there {
		t.Error("there is an account that nobody uses")
	}
}
