package network

import (
	_ "embed"

	"github.com/meridian-gitops/meridian/test/cluster"
)

//go:embed testdata/judges/main.go
var judgesSource string

//go:embed testdata/judges/agent.go.txt
var agentSource string

// Judges is the program that asks public implementations of NetworkPolicy: cyclonus' matcher and the agent of
// Kubernetes' network group, which gets a file that lets it be asked without packets.
func Judges() cluster.Tool {
	const cyclonus, agent = "github.com/mattfenwick/cyclonus@v0.5.6", "sigs.k8s.io/kube-network-policies@v0.8.0"
	return cluster.Tool{
		Name:    "network-judges",
		Source:  judgesSource,
		Require: []string{cyclonus, agent},
		Changed: []cluster.Changed{{Module: agent, Files: map[string]string{"pkg/networkpolicy/judge.go": agentSource}}},
	}
}
