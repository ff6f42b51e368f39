package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// fluxNamespace is where Flux' controllers run and look for sources.
const fluxNamespace = "flux-system"

// flux starts source-controller and kustomize-controller with the kinds that are theirs.
func (c *Cluster) flux(t testing.TB) {
	t.Helper()
	c.Admin.MustApply(t, []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: "+fluxNamespace+"}\n"))
	for _, p := range []program{sourceController(), kustomizeController()} {
		c.definitions(t, p)
	}
	storage := loopback(t)
	data := filepath.Join(c.folder, "sources")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	c.controller(t, sourceController(), "--storage-path="+data, "--storage-addr="+storage, "--storage-adv-addr="+storage)
	c.controller(t, kustomizeController(), "--requeue-dependency=5s", "--feature-gates=CancelHealthCheckOnNewRevision=true")
}

// definitions applies the CustomResourceDefinitions that a controller comes with.
func (c *Cluster) definitions(t testing.TB, p program) {
	t.Helper()
	file, err := p.place()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no definitions beside it: %v", p.name, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c.Admin.MustApply(t, data)
	}
}

// controller starts one of Flux' controllers, which acts as the administrator unless it is told an account.
func (c *Cluster) controller(t testing.TB, p program, args ...string) {
	t.Helper()
	health := loopback(t)
	temporary := filepath.Join(c.folder, p.name)
	if err := os.MkdirAll(temporary, 0o755); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"KUBECONFIG=" + filepath.Join(c.folder, "admin.kubeconfig"),
		"RUNTIME_NAMESPACE=" + fluxNamespace, "TMPDIR=" + temporary,
	}
	started := c.start(t, p, env, append([]string{
		"--metrics-addr=" + loopback(t), "--health-addr=" + health, "--events-addr=",
		"--log-encoding=json", "--enable-leader-election=false",
	}, args...)...)
	started.until(t, "ready", patience, func() error { return answers(fmt.Sprintf("http://%s/readyz", health)) })
}

// Eventually waits until a check returns nothing, and fails with what it returned last.
func Eventually(t testing.TB, patience time.Duration, check func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		problem := check()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s", patience, problem)
		}
		time.Sleep(250 * time.Millisecond)
	}
}

// Established waits until the kind of a CustomResourceDefinition is served.
func Established(t testing.TB, client *Client, name string) {
	t.Helper()
	Eventually(t, patience, func() string {
		found, err := client.Get(t.Context(), "apiextensions.k8s.io/v1", "CustomResourceDefinition", "", name)
		if err != nil {
			return err.Error()
		}
		if Condition(found, "Established") != "True" {
			return name + " is not served yet"
		}
		return ""
	})
}
