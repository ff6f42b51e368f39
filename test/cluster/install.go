package cluster

import (
	"context"
	"fmt"
	"strings"
)

// Parts are the servers that a cluster is made of.
type Parts int

const (
	API         Parts = iota // etcd and kube-apiserver
	Controllers              // with kube-controller-manager, kube-scheduler and kwok
	Flux                     // with source-controller and kustomize-controller
)

// programs are the programs of a minor version's parts.
func programs(m Minor, parts Parts) []program {
	list := []program{etcd(), component(m, "kube-apiserver")}
	if parts >= Controllers {
		list = append(list, component(m, "kube-controller-manager"), component(m, "kube-scheduler"), kwok())
	}
	if parts >= Flux {
		list = append(list, sourceController(), kustomizeController())
	}
	return list
}

// Install builds what a cluster of a minor version needs, unless it is there. The first time takes a quarter of an hour
// and more on two cores.
func Install(ctx context.Context, m Minor, parts Parts, say func(format string, args ...any)) error {
	return install(ctx, programs(m, parts), say)
}

// Missing names what Install would have to build.
func Missing(m Minor, parts Parts) string {
	var names []string
	for _, p := range programs(m, parts) {
		if !p.built() {
			names = append(names, fmt.Sprintf("%s %s", p.name, p.version))
		}
	}
	return strings.Join(names, ", ")
}
