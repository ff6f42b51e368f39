package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Hold is an annotation of pods that never become ready: a rollout that does not complete.
const Hold = "example.com/hold"

const node = `apiVersion: v1
kind: Node
metadata:
  name: node
  labels: {kubernetes.io/hostname: node, kubernetes.io/os: linux, kubernetes.io/arch: amd64}
spec: {podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24]}
status:
  allocatable: {cpu: "1000", memory: 4096Gi, ephemeral-storage: 4096Gi, pods: "10000"}
  capacity: {cpu: "1000", memory: 4096Gi, ephemeral-storage: 4096Gi, pods: "10000"}
`

// play starts kwok and adds a node that it plays.
func (c *Cluster) play(t testing.TB) {
	t.Helper()
	if err := c.stages(); err != nil {
		t.Fatal(err)
	}
	started := c.start(t, kwok(), nil, "--kubeconfig=admin.kubeconfig", "--config=stages.yaml", "--manage-all-nodes=true",
		"--node-ip=127.0.0.1", "--cidr=10.244.0.0/16", "--node-lease-duration-seconds=40", "--server-address="+loopback(t))
	c.Admin.MustApply(t, []byte(node))
	started.until(t, "playing a node", patience, func() error { return c.nodeReady(t, "node") })
}

// nodeReady returns why a node is not ready.
func (c *Cluster) nodeReady(t testing.TB, name string) error {
	t.Helper()
	found, err := c.Admin.Get(t.Context(), "v1", "Node", "", name)
	if err == nil && Condition(found, "Ready") != "True" {
		err = errors.New(Message(found, "Ready"))
	}
	return err
}

// stages writes kwok's own stages, with one more condition for pods to become ready.
func (c *Cluster) stages() error {
	file, err := kwok().place()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.yaml"))
	if err != nil {
		return err
	}
	const gone = "    - key: '.metadata.deletionTimestamp'\n      operator: 'DoesNotExist'\n"
	const held = "    - key: '.metadata.annotations[\"" + Hold + "\"]'\n      operator: 'DoesNotExist'\n"
	var stages []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		text := string(data)
		if filepath.Base(file) == "pod-ready.yaml" {
			if !strings.Contains(text, gone) {
				return fmt.Errorf("%s is another than it was", file)
			}
			text = strings.Replace(text, gone, gone+held, 1)
		}
		stages = append(stages, text)
	}
	return os.WriteFile(filepath.Join(c.folder, "stages.yaml"), []byte(strings.Join(stages, "\n---\n")), 0o600)
}
