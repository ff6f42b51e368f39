package compiler

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
)

// Space is a space in one region, as the platform's team publishes it.
type Space struct {
	Namespace string
	Region    string
	Files     manifest.Tree // of its space folder, which its own service account applies
	Tenant    manifest.Tree // what bounds it, which the platform's identity applies: namespace, rights, quota
	Sync      []byte        // its sync object
}

// Spaces builds every space in every open region that it exists in, sorted by namespace and region (S3, S4, S6, S19).
func (c *Compiler) Spaces() ([]Space, error) {
	var list []Space
	for _, name := range sortedKeys(c.platform.Spaces) {
		for _, id := range c.platform.SpaceRegions(name) {
			space, err := c.Space(name, id)
			if err != nil {
				return nil, err
			}
			list = append(list, space)
		}
	}
	return list, nil
}

// Space builds one space in one region that it exists in, by its given name.
func (c *Compiler) Space(name, region string) (Space, error) {
	b := spaceBuilder{c.platform, c.platform.Region(region), c.platform.Spaces[name], name, c.platform.Namespace(name)}
	files, err := Encode([]manifest.Object{b.defaultDeny()})
	if err != nil {
		return Space{}, fmt.Errorf("compile space %s for %s: %w", name, region, err)
	}
	tenant, err := Encode(b.tenant())
	if err != nil {
		return Space{}, fmt.Errorf("compile bounds of space %s for %s: %w", name, region, err)
	}
	sync, err := manifest.Encode(b.sync())
	if err != nil {
		return Space{}, fmt.Errorf("compile sync of space %s for %s: %w", name, region, err)
	}
	return Space{b.namespace, region, files, tenant, sync}, nil
}

type spaceBuilder struct {
	platform  *regions.Platform
	region    *regions.Region
	space     regions.Space
	name      string
	namespace string
}

// tenant is what bounds the space. It is not in the space's own folder, because the account that applies that folder
// must not be able to change any of it: a namespace's labels, somebody's rights, a quota.
func (b spaceBuilder) tenant() []manifest.Object {
	objects := []manifest.Object{b.namespaceObject()}
	objects = append(objects, b.syncRights()...)
	objects = append(objects, b.roles()...)
	objects = append(objects, b.quota()...)
	return append(objects, b.limits()...)
}

func (b spaceBuilder) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: b.namespace, Labels: map[string]string{labelPartOf: b.name, labelManagedBy: managedBy}}
}

// namespaceObject holds every pod to the restricted profile at the region's own version, and is never pruned: with
// it would go everything in it.
func (b spaceBuilder) namespaceObject() manifest.Object {
	version := "v" + b.region.Kubernetes
	labels := map[string]string{labelPartOf: b.name, labelManagedBy: managedBy}
	for _, mode := range []string{"enforce", "warn", "audit"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
		labels["pod-security.kubernetes.io/"+mode+"-version"] = version
	}
	return manifest.Object{File: "namespace.yaml", Value: &corev1.Namespace{
		TypeMeta: typeMeta("v1", "Namespace"),
		ObjectMeta: metav1.ObjectMeta{Name: b.namespace, Labels: labels, Annotations: map[string]string{
			"kustomize.toolkit.fluxcd.io/prune": "disabled",
			"argocd.argoproj.io/sync-options":   "Prune=false,Delete=false",
		}},
	}}
}

// roles binds the manual's two roles (S4). `developer` reads everything but secrets, follows logs, forwards ports
// and restarts pods; it does not write: what runs comes from git. Kubernetes' own `edit` could open any egress,
// take any host and read any secret, so it is used only where the platform says so.
func (b spaceBuilder) roles() []manifest.Object {
	var objects []manifest.Object
	if len(b.space.Developers) > 0 {
		ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "edit"}
		if b.space.DeveloperRole == "developer" {
			objects = append(objects, b.developerRole())
			ref = rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "developer"}
		}
		objects = append(objects, b.binding("developer", ref, b.space.Developers))
	}
	if len(b.space.Auditors) > 0 {
		objects = append(objects, b.binding("audit", rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"}, b.space.Auditors))
	}
	return objects
}

func (b spaceBuilder) developerRole() manifest.Object {
	read := []string{"get", "list", "watch"}
	return manifest.Object{File: "role-developer.yaml", Value: &rbacv1.Role{
		TypeMeta:   typeMeta("rbac.authorization.k8s.io/v1", "Role"),
		ObjectMeta: b.meta("developer"),
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"configmaps", "endpoints", "events", "limitranges", "persistentvolumeclaims", "pods", "pods/log", "pods/status", "replicationcontrollers", "resourcequotas", "serviceaccounts", "services"}, Verbs: read},
			{APIGroups: []string{"apps"}, Resources: []string{"daemonsets", "deployments", "deployments/scale", "replicasets", "statefulsets"}, Verbs: read},
			{APIGroups: []string{"autoscaling"}, Resources: []string{"horizontalpodautoscalers"}, Verbs: read},
			{APIGroups: []string{"batch"}, Resources: []string{"cronjobs", "jobs"}, Verbs: read},
			{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: read},
			{APIGroups: []string{"events.k8s.io"}, Resources: []string{"events"}, Verbs: read},
			{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"ingresses", "networkpolicies"}, Verbs: read},
			{APIGroups: []string{"policy"}, Resources: []string{"poddisruptionbudgets"}, Verbs: read},
			{APIGroups: []string{"metrics.k8s.io"}, Resources: []string{"pods"}, Verbs: read},
			{APIGroups: []string{""}, Resources: []string{"pods/portforward"}, Verbs: []string{"create"}},
			{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"delete"}}, // a restart
		},
	}}
}

func (b spaceBuilder) binding(name string, ref rbacv1.RoleRef, subjects []regions.Subject) manifest.Object {
	binding := &rbacv1.RoleBinding{TypeMeta: typeMeta("rbac.authorization.k8s.io/v1", "RoleBinding"), ObjectMeta: b.meta(name), RoleRef: ref}
	for _, s := range subjects {
		kind := rbacv1.GroupKind
		if s.Group == "" {
			kind = rbacv1.UserKind
		}
		binding.Subjects = append(binding.Subjects, rbacv1.Subject{Kind: kind, APIGroup: rbacv1.GroupName, Name: cmp.Or(s.Group, s.User)})
	}
	return manifest.Object{File: "rolebinding-" + name + ".yaml", Value: binding}
}

// spacePolicy is the name of the space's own NetworkPolicy.
const spacePolicy = "default-deny"

// defaultDeny closes the space both ways but for DNS; applications open what they declare (S19). It is of a kind that
// applications have too, and so lies in the space's own folder: a folder with nothing in it cannot be synced.
func (b spaceBuilder) defaultDeny() manifest.Object {
	return manifest.Object{File: "networkpolicy-" + spacePolicy + ".yaml", Value: &networkingv1.NetworkPolicy{
		TypeMeta:   typeMeta("networking.k8s.io/v1", "NetworkPolicy"),
		ObjectMeta: b.meta(spacePolicy),
		Spec: networkingv1.NetworkPolicySpec{
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Egress:      []networkingv1.NetworkPolicyEgressRule{dnsRule(b.region)},
		},
	}}
}

func (b spaceBuilder) quota() []manifest.Object {
	q := b.space.Quota
	if q == nil {
		return nil
	}
	hard := quantities(map[corev1.ResourceName]string{corev1.ResourceRequestsCPU: q.CPU, corev1.ResourceRequestsMemory: q.Memory, corev1.ResourceLimitsMemory: q.MemoryLimit})
	if q.Pods > 0 {
		hard[corev1.ResourcePods] = *resource.NewQuantity(q.Pods, resource.DecimalSI)
	}
	if len(hard) == 0 {
		return nil
	}
	return []manifest.Object{{File: "resourcequota.yaml", Value: &corev1.ResourceQuota{
		TypeMeta: typeMeta("v1", "ResourceQuota"), ObjectMeta: b.meta("space"), Spec: corev1.ResourceQuotaSpec{Hard: hard},
	}}}
}

func (b spaceBuilder) limits() []manifest.Object {
	l := b.space.Limits
	if l == nil {
		return nil
	}
	both := func(a regions.Amounts) corev1.ResourceList {
		list := quantities(map[corev1.ResourceName]string{corev1.ResourceCPU: a.CPU, corev1.ResourceMemory: a.Memory})
		if len(list) == 0 {
			return nil
		}
		return list
	}
	item := corev1.LimitRangeItem{Type: corev1.LimitTypeContainer, Max: both(l.Max), Default: both(l.Default), DefaultRequest: both(l.DefaultRequest)}
	return []manifest.Object{{File: "limitrange.yaml", Value: &corev1.LimitRange{
		TypeMeta: typeMeta("v1", "LimitRange"), ObjectMeta: b.meta("space"), Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{item}},
	}}}
}

func quantities(m map[corev1.ResourceName]string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, text := range m {
		if text != "" {
			list[name] = resource.MustParse(text)
		}
	}
	return list
}
