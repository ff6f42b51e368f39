package cluster

import (
	"embed"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

//go:embed testdata/kubelet/*.go
var kubeletSources embed.FS

// kubelet is Kubernetes' own kubelet with a runtime whose containers are processes: testdata/kubelet says how.
func kubelet(m Minor) program {
	const folder = "testdata/kubelet"
	sources := map[string]string{}
	entries, err := kubeletSources.ReadDir(folder)
	if err != nil {
		panic(err) // it is embedded
	}
	for _, entry := range entries {
		data, err := kubeletSources.ReadFile(folder + "/" + entry.Name())
		if err != nil {
			panic(err)
		}
		sources[entry.Name()] = string(data)
	}
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
	started.until(t, "a ready node", patience, func() error {
		found, err := c.Admin.Get(t.Context(), "v1", "Node", "", name)
		if err == nil && Condition(found, "Ready") != "True" {
			err = errors.New(Message(found, "Ready"))
		}
		return err
	})
	return events
}
