package cluster

import (
	_ "embed"
	"os"
	"path/filepath"
	"testing"
)

// What the kubelet is made of.
var (
	//go:embed testdata/kubelet/main.go
	kubeletMain string
	//go:embed testdata/kubelet/runtime.go
	kubeletRuntime string
	//go:embed testdata/kubelet/container.go
	kubeletContainer string
)

// kubelet is Kubernetes' own kubelet with a runtime whose containers are processes: testdata/kubelet says how.
func kubelet(m Minor) program {
	sources := map[string]string{"main.go": kubeletMain, "runtime.go": kubeletRuntime, "container.go": kubeletContainer}
	p := program{name: "kubelet", version: m.Release + "-" + digestOf(sources), path: ".", sources: sources, module: m.recipe()}
	p.set = component(m, p.name).set
	return p
}

// Kubelet starts a node at an address of this machine. Its pods get addresses of a network, given as 10.244.7, which
// must be this machine's, too. It returns the file that says what happened to containers, a line of JSON each.
func (c *Cluster) Kubelet(t testing.TB, address, network string) (events string) {
	t.Helper()
	events = filepath.Join(c.folder, "containers.jsonl")
	if err := os.WriteFile(events, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const name = "node"
	started := c.start(t, kubelet(c.Minor), []string{"TMPDIR=" + c.folder}, filepath.Join(c.folder, "admin.kubeconfig"), name, address, network, events)
	started.until(t, "a ready node", patience, func() error { return c.nodeReady(t, name) })
	return events
}
