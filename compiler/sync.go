package compiler

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The sync objects of a space. Their types are written down here with just the fields that are set: importing two
// controllers' modules for two structs would bring hundreds of packages.

// fluxKustomization is kustomize.toolkit.fluxcd.io/v1 Kustomization.
type fluxKustomization struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              fluxKustomizationSpec `json:"spec"`
}

type fluxKustomizationSpec struct {
	Interval      string        `json:"interval"`
	RetryInterval string        `json:"retryInterval,omitempty"`
	Path          string        `json:"path"`
	Prune         bool          `json:"prune"`
	SourceRef     fluxSourceRef `json:"sourceRef"`
	Timeout       string        `json:"timeout,omitempty"`
}

type fluxSourceRef struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// argoApplication is argoproj.io/v1alpha1 Application.
type argoApplication struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              argoApplicationSpec `json:"spec"`
}

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

// sync is what makes the cluster follow the space's folder. The space is the unit: one unit a region would let one
// bad object block everybody, and take kustomize minutes; one an application would cost half a second of the
// controller's time each on every commit.
func (b spaceBuilder) sync() any {
	meta := metav1.ObjectMeta{Name: b.namespace, Namespace: b.platform.Sync.Namespace, Labels: map[string]string{labelPartOf: b.name, labelManagedBy: managedBy}}
	folder := "regions/" + b.region.ID + "/spaces/" + b.namespace
	s := b.platform.Sync
	if s.Engine == "argocd" {
		return &argoApplication{typeMeta("argoproj.io/v1alpha1", "Application"), meta, argoApplicationSpec{
			Project:     s.Name,
			Source:      argoSource{s.Repository, s.Branch, folder, argoDirectory{Recurse: true}},
			Destination: argoDestination{"https://kubernetes.default.svc", b.namespace},
			SyncPolicy:  argoSyncPolicy{argoAutomated{Prune: true, SelfHeal: true}, []string{"ServerSideApply=true"}},
		}}
	}
	// An artifact of its own holds the space's folder at its root; the repository's holds all of it.
	path, source := "./", fluxSourceRef{"ExternalArtifact", b.namespace}
	if s.Source == "GitRepository" {
		path, source = "./"+folder, fluxSourceRef{"GitRepository", s.Name}
	}
	return &fluxKustomization{typeMeta("kustomize.toolkit.fluxcd.io/v1", "Kustomization"), meta, fluxKustomizationSpec{
		Interval: s.Interval, RetryInterval: "1m", Path: path, Prune: true, SourceRef: source, Timeout: "3m",
	}}
}
