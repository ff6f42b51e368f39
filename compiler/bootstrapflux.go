package compiler

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/meridian-gitops/meridian/manifest"
)

// fluxGitRepository is source.toolkit.fluxcd.io/v1 GitRepository.
type fluxGitRepository = syncObject[fluxGitRepositorySpec]

type fluxGitRepositorySpec struct {
	URL            string         `json:"url"`
	Ref            fluxGitRef     `json:"ref"`
	SecretRef      *fluxSecretRef `json:"secretRef,omitempty"`
	Interval       string         `json:"interval"`
	Timeout        string         `json:"timeout,omitempty"`
	SparseCheckout []string       `json:"sparseCheckout,omitempty"`
}

type fluxGitRef struct {
	Branch string `json:"branch"`
}

type fluxSecretRef struct {
	Name string `json:"name"`
}

// fluxArtifactGenerator is source.extensions.fluxcd.io/v1beta1 ArtifactGenerator.
type fluxArtifactGenerator = syncObject[fluxArtifactGeneratorSpec]

type fluxArtifactGeneratorSpec struct {
	Sources     []fluxArtifactSource `json:"sources"`
	PathPattern string               `json:"pathPattern,omitempty"`
	Artifacts   []fluxArtifact       `json:"artifacts"`
}

type fluxArtifactSource struct {
	Alias string `json:"alias"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
}

type fluxArtifact struct {
	Name           string     `json:"name"`
	OriginRevision string     `json:"originRevision,omitempty"`
	Copy           []fluxCopy `json:"copy"`
}

type fluxCopy struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// flux is the source, and the Kustomizations over sync and edge. The one over sync is applied with the controller's
// own rights, because it makes namespaces and gives rights; it waits for nothing, so that no space can hold up another.
func (b bootstrapper) flux() []manifest.Object {
	name := b.platform.Sync.Name
	objects := []manifest.Object{{File: "gitrepository.yaml", Value: b.gitRepository()}}
	if b.platform.Sync.Source != sourceRepository {
		objects = append(objects,
			manifest.Object{File: "artifactgenerator-spaces.yaml", Value: b.generator(name, "{space}", "spaces/{space}", true)},
			manifest.Object{File: "artifactgenerator-sync.yaml", Value: b.generator(b.syncName(), b.syncName(), "sync", false)})
	}
	objects = append(objects, manifest.Object{File: "kustomization-sync.yaml", Value: b.root(name, b.syncName(), "sync")})
	return append(objects, b.fluxEdge()...)
}

// gitRepository is read without the other regions' folders: they are most of it.
func (b bootstrapper) gitRepository() *fluxGitRepository {
	s := b.platform.Sync
	spec := fluxGitRepositorySpec{
		URL: b.url, Ref: fluxGitRef{s.Branch}, Interval: s.Poll, Timeout: s.Timeout, SparseCheckout: []string{"regions/" + b.region.ID},
	}
	if b.secret != "" {
		spec.SecretRef = &fluxSecretRef{b.secret}
	}
	return &fluxGitRepository{typeMeta("source.toolkit.fluxcd.io/v1", "GitRepository"), syncMeta(b.platform, s.Name), spec}
}

// generator makes an artifact of a folder of the region, whose revision changes only with its content, so that a commit
// reconciles just what it changed. With each there is an artifact for every folder that the pattern finds.
func (b bootstrapper) generator(name, artifact, folder string, each bool) *fluxArtifactGenerator {
	at := "@repo/" + b.folder(folder)
	spec := fluxArtifactGeneratorSpec{
		Sources:   []fluxArtifactSource{{"repo", "GitRepository", b.platform.Sync.Name}},
		Artifacts: []fluxArtifact{{artifact, "@repo", []fluxCopy{{at + "/**", "@artifact/"}}}},
	}
	if each {
		spec.PathPattern = at
	}
	return &fluxArtifactGenerator{typeMeta("source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator"), syncMeta(b.platform, name), spec}
}

// root is a Kustomization over a folder of the region that no space owns.
func (b bootstrapper) root(name, artifact, folder string) *fluxKustomization {
	if b.platform.Sync.Source == sourceRepository {
		return fluxUnit(b.platform, name, "./"+b.folder(folder), fluxSourceRef{"GitRepository", b.platform.Sync.Name})
	}
	return fluxUnit(b.platform, name, "./", fluxSourceRef{"ExternalArtifact", artifact})
}

// fluxEdge applies what the region's proxies read of all applications, with an account that can write just that.
func (b bootstrapper) fluxEdge() []manifest.Object {
	l4 := b.region.Edge.L4
	if l4 == nil {
		return nil
	}
	name := b.edgeName()
	var objects []manifest.Object
	if b.platform.Sync.Source != sourceRepository {
		objects = append(objects, manifest.Object{File: "artifactgenerator-edge.yaml", Value: b.generator(name, name, "edge", false)})
	}
	rights := aggregateMeta(l4.Namespace, name)
	objects = append(objects, syncAccount("edge", syncMeta(b.platform, name), rights, []rbacv1.PolicyRule{{
		APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{l4.TCPConfigMap, l4.UDPConfigMap},
		Verbs: []string{"get", "create", "patch", "delete"},
	}})...)
	unit := b.root(name, name, "edge")
	unit.Spec.ServiceAccountName = name
	return append(objects, manifest.Object{File: "kustomization-edge.yaml", Value: unit})
}
