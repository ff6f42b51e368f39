package compiler

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meridian-gitops/meridian/regions"
)

// The objects of the two controllers. Their types are written down here with just the fields that are set: importing
// the controllers' modules for a few structs would bring hundreds of packages. Tests hold them to the controllers' own
// definitions.

// syncObject is an object of one of the controllers' kinds.
type syncObject[S any] struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              S `json:"spec"`
}

// DeepCopyObject makes it an object like Kubernetes' own.
func (o *syncObject[S]) DeepCopyObject() runtime.Object {
	data, err := json.Marshal(o)
	if err != nil {
		panic("compiler: copy " + o.Kind + ": " + err.Error())
	}
	fresh := new(syncObject[S])
	if err := json.Unmarshal(data, fresh); err != nil {
		panic("compiler: copy " + o.Kind + ": " + err.Error())
	}
	return fresh
}

// fluxKustomization is kustomize.toolkit.fluxcd.io/v1 Kustomization.
type fluxKustomization = syncObject[fluxKustomizationSpec]

type fluxKustomizationSpec struct {
	ServiceAccountName string        `json:"serviceAccountName,omitempty"`
	Interval           string        `json:"interval"`
	RetryInterval      string        `json:"retryInterval,omitempty"`
	Path               string        `json:"path"`
	Prune              bool          `json:"prune"`
	DeletionPolicy     string        `json:"deletionPolicy,omitempty"`
	SourceRef          fluxSourceRef `json:"sourceRef"`
	Timeout            string        `json:"timeout,omitempty"`
	Wait               bool          `json:"wait,omitempty"`
}

type fluxSourceRef struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// argoApplication is argoproj.io/v1alpha1 Application.
type argoApplication = syncObject[argoApplicationSpec]

type argoApplicationSpec struct {
	Project     string          `json:"project"`
	Source      argoSource      `json:"source"`
	Destination argoDestination `json:"destination"`
	SyncPolicy  argoSyncPolicy  `json:"syncPolicy"`
}

type argoSource struct {
	RepoURL        string        `json:"repoURL"`
	TargetRevision string        `json:"targetRevision"`
	Path           string        `json:"path"`
	Directory      argoDirectory `json:"directory"`
}

type argoDirectory struct {
	Recurse bool `json:"recurse"`
}

type argoDestination struct {
	Server    string `json:"server"`
	Namespace string `json:"namespace"`
}

type argoSyncPolicy struct {
	Automated   argoAutomated `json:"automated"`
	SyncOptions []string      `json:"syncOptions,omitempty"`
}

type argoAutomated struct {
	Prune    bool `json:"prune"`
	SelfHeal bool `json:"selfHeal"`
}

// retryInterval is how soon a controller tries again what has failed.
const retryInterval = "1m"

// orphan leaves a unit's objects in the cluster when the unit itself is deleted: a sync object that is lost from the
// repository must not take what serves people with it. What is removed from a unit's folder is pruned all the same.
const orphan = "Orphan"

// sync is what makes the cluster follow the space's folder. The space is the unit: one unit a region would let one
// bad object block everybody, and take kustomize minutes; one an application would cost half a second of the
// controller's time each on every commit.
func (b spaceBuilder) sync() any {
	folder := "regions/" + b.region.ID + "/spaces/" + b.namespace
	if b.platform.Sync.Engine == engineArgoCD {
		app := argoApp(b.platform, b.region, b.namespace, folder)
		app.Labels = b.meta("").Labels
		app.Annotations = map[string]string{"argocd.argoproj.io/sync-wave": "1"} // after its AppProject
		app.Spec.Destination.Namespace = b.namespace
		app.Spec.Project = b.namespace
		return app
	}
	// An artifact of its own holds the space's folder at its root; the repository's holds all of it.
	path, source := "./", fluxSourceRef{"ExternalArtifact", b.namespace}
	if b.platform.Sync.Source == sourceRepository {
		path, source = "./"+folder, fluxSourceRef{"GitRepository", b.platform.Sync.Name}
	}
	unit := fluxUnit(b.platform, b.namespace, path, source)
	unit.Labels = b.meta("").Labels
	unit.Spec.ServiceAccountName = b.namespace
	unit.Spec.Wait = b.platform.Sync.Wait
	return unit
}

// Values of the platform's sync.engine and sync.source that differ from the defaults.
const (
	engineArgoCD     = "argocd"
	sourceRepository = "GitRepository"
)

// fluxUnit is a Kustomization over one folder. It does not force: what cannot be changed in place is an error to look
// at, not a reason to delete and create anew.
func fluxUnit(p *regions.Platform, name, path string, source fluxSourceRef) *fluxKustomization {
	return &fluxKustomization{typeMeta("kustomize.toolkit.fluxcd.io/v1", "Kustomization"), syncMeta(p, name), fluxKustomizationSpec{
		Interval: p.Sync.Interval, RetryInterval: retryInterval, Path: path, Prune: true, DeletionPolicy: orphan, SourceRef: source, Timeout: p.Sync.Timeout,
	}}
}

// argoApp is an Application over one folder. It has no finalizer: deleting it leaves its objects in the cluster.
func argoApp(p *regions.Platform, r *regions.Region, name, folder string) *argoApplication {
	url, _ := p.ReadFrom(r)
	return &argoApplication{typeMeta("argoproj.io/v1alpha1", "Application"), syncMeta(p, name), argoApplicationSpec{
		Project:     p.Sync.Name,
		Source:      argoSource{url, p.Sync.Branch, folder, argoDirectory{Recurse: true}},
		Destination: argoDestination{inCluster, p.Sync.Namespace},
		SyncPolicy:  argoSyncPolicy{argoAutomated{Prune: true, SelfHeal: true}, []string{"ServerSideApply=true"}},
	}}
}

// inCluster is the cluster that Argo CD itself runs in.
const inCluster = "https://kubernetes.default.svc"

// syncMeta is the metadata of an object that belongs to syncing itself.
func syncMeta(p *regions.Platform, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: p.Sync.Namespace, Labels: map[string]string{labelManagedBy: managedBy}}
}
