package cluster

import (
	"context"
	"fmt"
	"strings"
)

// Parts are the servers of a cluster beside etcd and the API server.
type Parts uint

const (
	API         Parts = 0
	Controllers Parts = 1                  // kube-controller-manager, kube-scheduler and kwok
	Flux        Parts = 1<<1 | Controllers // and source-controller and kustomize-controller
	Edge        Parts = 1 << 2             // Traefik, which the test starts
	Kubelet     Parts = 1<<3 | Controllers // and a kubelet, which the test starts, instead of kwok
	All         Parts = Flux | Edge | Kubelet
)

// programs are the programs of a minor version's parts.
func programs(m Minor, parts Parts) []program {
	list := []program{etcd(), component(m, "kube-apiserver")}
	if parts&Controllers != 0 {
		list = append(list, component(m, "kube-controller-manager"), component(m, "kube-scheduler"), kwok())
	}
	if parts&Flux == Flux {
		list = append(list, sourceController(), kustomizeController())
	}
	if parts&Edge != 0 {
		list = append(list, traefik())
	}
	if parts&Kubelet == Kubelet {
		list = append(list, kubelet(m))
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
