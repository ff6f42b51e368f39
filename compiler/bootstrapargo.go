package compiler

import (
	"github.com/meridian-gitops/meridian/manifest"
)

// argoAppProject is argoproj.io/v1alpha1 AppProject. Without a whitelist a project admits no kind of the cluster's and
// every kind of a namespace's, so the latter is always there.
type argoAppProject = syncObject[argoAppProjectSpec]

type argoAppProjectSpec struct {
	Description                string            `json:"description"`
	SourceRepos                []string          `json:"sourceRepos"`
	Destinations               []argoDestination `json:"destinations"`
	ClusterResourceWhitelist   []argoKind        `json:"clusterResourceWhitelist,omitempty"`
	NamespaceResourceWhitelist []argoKind        `json:"namespaceResourceWhitelist"`
}

type argoKind struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
}

// argo is the two Applications over sync and edge, each with a project that admits just what they hold.
func (b bootstrapper) argo() []manifest.Object {
	name := b.platform.Sync.Name
	objects := []manifest.Object{
		{File: "appproject-sync.yaml", Value: &argoAppProject{typeMeta("argoproj.io/v1alpha1", "AppProject"), syncMeta(b.platform, name), argoAppProjectSpec{
			Description:              "The spaces: their namespaces, rights and quotas, and what syncs them",
			SourceRepos:              []string{b.url},
			Destinations:             []argoDestination{{inCluster, b.platform.Sync.Namespace}, {inCluster, b.platform.Namespace("*")}},
			ClusterResourceWhitelist: []argoKind{{"", "Namespace"}},
			NamespaceResourceWhitelist: []argoKind{
				{"", "LimitRange"}, {"", "ResourceQuota"}, {"argoproj.io", "AppProject"}, {"argoproj.io", "Application"},
				{"rbac.authorization.k8s.io", "Role"}, {"rbac.authorization.k8s.io", "RoleBinding"},
			},
		}}},
		{File: "application-sync.yaml", Value: argoApp(b.platform, b.region, name, b.folder("sync"))},
	}
	return append(objects, b.argoEdge()...)
}

func (b bootstrapper) argoEdge() []manifest.Object {
	l4 := b.region.Edge.L4
	if l4 == nil {
		return nil
	}
	app := argoApp(b.platform, b.region, b.edgeName(), b.folder("edge"))
	app.Spec.Project, app.Spec.Destination.Namespace = b.edgeName(), l4.Namespace
	return []manifest.Object{
		{File: "appproject-edge.yaml", Value: &argoAppProject{typeMeta("argoproj.io/v1alpha1", "AppProject"), syncMeta(b.platform, b.edgeName()), argoAppProjectSpec{
			Description:                "What the region's proxies read of all applications",
			SourceRepos:                []string{b.url},
			Destinations:               []argoDestination{{inCluster, l4.Namespace}},
			NamespaceResourceWhitelist: []argoKind{{"", "ConfigMap"}},
		}}},
		{File: "application-edge.yaml", Value: app},
	}
}

// argoProject bounds a space: its one namespace, and the kinds of [appKinds].
func (b spaceBuilder) argoProject() *argoAppProject {
	meta := syncMeta(b.platform, b.namespace)
	meta.Labels = b.meta("").Labels
	url, _ := b.platform.ReadFrom(b.region)
	var kinds []argoKind
	for _, k := range appKinds() {
		kinds = append(kinds, argoKind{k.group, k.kind})
	}
	return &argoAppProject{typeMeta("argoproj.io/v1alpha1", "AppProject"), meta, argoAppProjectSpec{
		Description:                "The space " + b.name,
		SourceRepos:                []string{url},
		Destinations:               []argoDestination{{inCluster, b.namespace}},
		NamespaceResourceWhitelist: kinds,
	}}
}
