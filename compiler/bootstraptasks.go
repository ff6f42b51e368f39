package compiler

import (
	"fmt"
	"slices"
	"strings"
)

// outside lists what the objects of bootstrap rest on, in the order in which it is best done.
func (b bootstrapper) outside() []Task {
	list := []Task{b.controllerTask()}
	if task, ok := b.credentialTask(); ok {
		list = append(list, task)
	}
	if l4 := b.region.Edge.L4; l4 != nil {
		list = append(list, Task{TopicNamespace, l4.Namespace, "operator", fmt.Sprintf("have the namespace %s of the region's proxies there", l4.Namespace), nil, "S13"})
	}
	if b.region.Mirror != nil {
		list = append(list, Task{TopicMirror, b.url, "platform", "keep the mirror up to date: its clusters see a commit only when it is there",
			b.mirrorDetails(), "S20"})
	}
	return append(list, Task{TopicRepository, b.url, "platform", b.publishing(), map[string]string{"branch": b.platform.Sync.Branch}, "S20"})
}

// publishing says what must be in the repository. A folder that is not there cannot be synced.
func (b bootstrapper) publishing() string {
	for name := range b.platform.Spaces {
		if slices.Contains(b.platform.SpaceRegions(name), b.region.ID) {
			return "publish the platform to the branch that is read: meridian publish --spaces"
		}
	}
	return "add a space to the region and publish the platform: until then there is nothing to sync, and what syncs says so"
}

func (b bootstrapper) mirrorDetails() map[string]string {
	details := map[string]string{"to": b.url}
	if from := b.platform.Sync.Repository; from != "" {
		details["from"] = from
	}
	return details
}

func (b bootstrapper) controllerTask() Task {
	s := b.platform.Sync
	if s.Engine == engineArgoCD {
		return Task{TopicController, s.Namespace, "operator", fmt.Sprintf("run Argo CD in the namespace %s", s.Namespace), nil, "S20"}
	}
	gates := "CancelHealthCheckOnNewRevision=true"
	controllers := "source-controller and kustomize-controller"
	if s.Source != sourceRepository {
		gates, controllers = "ExternalArtifact=true,"+gates, "source-controller, kustomize-controller and source-watcher"
	}
	return Task{TopicController, s.Namespace, "operator", fmt.Sprintf("run Flux 2.7 or newer in the namespace %s: %s", s.Namespace, controllers),
		map[string]string{"flag of kustomize-controller": "--feature-gates=" + gates}, "S20"}
}

// credentialTask says which Secret the repository is read with, by name and keys.
func (b bootstrapper) credentialTask() (Task, bool) {
	s := b.platform.Sync
	keys := "username and password"
	if strings.HasPrefix(b.url, "ssh://") {
		keys = "identity and known_hosts"
	}
	use := "what the repository is read with, and no more than read"
	switch {
	case s.Engine == engineArgoCD:
		keys = strings.Replace(keys, "identity and known_hosts", "sshPrivateKey", 1)
		return Task{TopicSecret, b.url, "platform", fmt.Sprintf("if not everybody may read %s, create a secret for it in the namespace %s: %s", b.url, s.Namespace, use),
			map[string]string{"label": "argocd.argoproj.io/secret-type: repository", "keys": "url, " + keys}, "S20"}, true
	case b.secret == "":
		return Task{}, false
	}
	return Task{TopicSecret, b.secret, "platform", fmt.Sprintf("create the secret %s in the namespace %s: %s", b.secret, s.Namespace, use),
		map[string]string{"namespace": s.Namespace, "type": "Opaque", "keys": keys}, "S20"}, true
}
