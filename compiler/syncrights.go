package compiler

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meridian-gitops/meridian/manifest"
)

// resourceKind is a kind of the API with the name its resource has there.
type resourceKind struct{ group, kind, resource string }

// appKinds are the kinds that applications and spaces' own folders become, and so all that a space's account may
// apply. A test holds them to what is compiled.
func appKinds() []resourceKind {
	return []resourceKind{
		{"", "ConfigMap", "configmaps"},
		{"", "Service", "services"},
		{"", "ServiceAccount", "serviceaccounts"},
		{"apps", "Deployment", "deployments"},
		{"autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers"},
		{"networking.k8s.io", "Ingress", "ingresses"},
		{"networking.k8s.io", "NetworkPolicy", "networkpolicies"},
		{"policy", "PodDisruptionBudget", "poddisruptionbudgets"},
	}
}

// syncRights bounds what syncing the space may do. Flux impersonates an account of its own for each space, which has
// rights in the one namespace and on the kinds of [appKinds] only. Argo CD applies with one account for all; there the
// space's AppProject is the bound.
func (b spaceBuilder) syncRights() []manifest.Object {
	if b.platform.Sync.Engine == engineArgoCD {
		return []manifest.Object{{File: "appproject.yaml", Value: b.argoProject()}}
	}
	account := syncMeta(b.platform, b.namespace)
	account.Labels = b.meta("").Labels
	return syncAccount("sync", account, b.meta("sync"), appRules())
}

// syncAccount is an account that Flux impersonates, and its rights in one namespace. The account must be where its
// Kustomization is, its rights are where it applies. No pod gets a token of it. The files are named after what it is for.
func syncAccount(file string, account, rights metav1.ObjectMeta, rules []rbacv1.PolicyRule) []manifest.Object {
	return []manifest.Object{
		{File: "serviceaccount-" + file + ".yaml", Value: &corev1.ServiceAccount{
			TypeMeta: typeMeta("v1", "ServiceAccount"), ObjectMeta: account, AutomountServiceAccountToken: ptr(false),
		}},
		{File: "role-" + file + ".yaml", Value: &rbacv1.Role{
			TypeMeta: typeMeta("rbac.authorization.k8s.io/v1", "Role"), ObjectMeta: rights, Rules: rules,
		}},
		{File: "rolebinding-" + file + ".yaml", Value: &rbacv1.RoleBinding{
			TypeMeta: typeMeta("rbac.authorization.k8s.io/v1", "RoleBinding"), ObjectMeta: rights,
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: rights.Name},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name}},
		}},
	}
}

// appRules lets an account apply and prune the kinds of applications, and see whether Deployments become ready.
func appRules() []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, k := range appKinds() {
		if last := len(rules) - 1; last >= 0 && rules[last].APIGroups[0] == k.group {
			rules[last].Resources = append(rules[last].Resources, k.resource)
			continue
		}
		rules = append(rules, rbacv1.PolicyRule{
			APIGroups: []string{k.group}, Resources: []string{k.resource},
			Verbs: []string{"get", "list", "watch", "create", "patch", "delete"},
		})
	}
	read := []string{"get", "list", "watch"}
	return append(rules,
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: read},
		rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"replicasets"}, Verbs: read},
	)
}
