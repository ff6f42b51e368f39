package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/meridian-gitops/meridian/test/cluster"
)

// TestDryRun holds that real API servers take every object that can be emitted, field by field and without a warning:
// the golden trees and the examples, each applied server-side with strict validation, and a Pod of every template, in
// namespaces that enforce Pod Security's restricted level (S21).
func TestDryRun(t *testing.T) {
	onEach(t, cluster.API, func(t *testing.T, c *cluster.Cluster) {
		objects := distinct(append(goldenObjects(t), exampleObjects(t)...))
		dryRun(t, c, objects)
	})
}

// dryRun applies objects without storing them.
func dryRun(t *testing.T, c *cluster.Cluster, objects []object) {
	t.Helper()
	definitions(t, c)
	prepare(t, c, objects)
	pods := 0
	for _, o := range objects {
		check(t, c, o.from, o.data)
		if pod := podOf(t, o); pod != nil {
			pods++
			check(t, c, o.from+": its pod", pod)
		}
	}
	t.Attr("cases", strconv.Itoa(len(objects)+pods))
	t.Logf("%d objects and %d pods: %s", len(objects), pods, kindsOf(objects))
}

// check applies one object without storing it: it must be taken without a warning.
func check(t *testing.T, c *cluster.Cluster, from string, data []byte) {
	t.Helper()
	if problem := opinion(t, c, data); problem != "" {
		t.Errorf("%s: %s", from, problem)
	}
}

// opinion is why an object is not taken, or what is warned of; empty for nothing.
func opinion(t *testing.T, c *cluster.Cluster, data []byte) string {
	t.Helper()
	answer, err := c.Admin.Apply(t.Context(), data, true)
	if err != nil {
		return err.Error()
	}
	return strings.Join(answer.Warnings, "\n")
}

// prepare stores what the API server looks up when it is given the others: namespaces, accounts, priorities.
func prepare(t *testing.T, c *cluster.Cluster, objects []object) {
	t.Helper()
	made := map[string]bool{"": true, "default": true}
	for _, o := range objects {
		if namespace := o.GetNamespace(); !made[namespace] {
			made[namespace] = true
			c.Admin.MustApply(t, []byte(restricted(namespace)))
		}
	}
	for _, o := range objects {
		class, _, _ := unstructured.NestedString(o.Object, "spec", "template", "spec", "priorityClassName")
		switch {
		case o.GetKind() == "ServiceAccount":
			c.Admin.MustApply(t, o.data)
		case class != "":
			c.Admin.MustApply(t, []byte("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: "+class+"}\nvalue: 1000\n"))
		}
	}
}

// restricted is a namespace that enforces what spaces do, and warns of it.
func restricted(name string) string {
	return "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + strconv.Quote(name) + "\n  labels:\n" +
		"    pod-security.kubernetes.io/enforce: restricted\n    pod-security.kubernetes.io/warn: restricted\n"
}

// definitions stores the kinds of Flux and Argo CD and waits until they are served.
func definitions(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "golden", "testdata", "crds", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no definitions found", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c.Admin.MustApply(t, data)
		o, err := read(file, data)
		if err != nil {
			t.Fatal(err)
		}
		cluster.Established(t, c.Admin, o.GetName())
	}
}

// podOf is a Pod of a Deployment's template, or nil.
func podOf(t *testing.T, o object) []byte {
	t.Helper()
	if o.GetKind() != "Deployment" {
		return nil
	}
	template, found, err := unstructured.NestedMap(o.Object, "spec", "template")
	if err != nil || !found {
		t.Fatal(o.from, err)
	}
	pod := unstructured.Unstructured{Object: template}
	pod.SetAPIVersion("v1")
	pod.SetKind("Pod")
	pod.SetNamespace(o.GetNamespace())
	generated := o.GetName() + "-5d8f7b6c9d-" // as a ReplicaSet names its pods: cut at 58, and five characters
	pod.SetName(generated[:min(len(generated), 58)] + "x2x4z")
	data, err := yaml.Marshal(pod.Object)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func kindsOf(objects []object) string {
	var kinds []string
	for _, o := range objects {
		kinds = append(kinds, o.GetKind())
	}
	slices.Sort(kinds)
	return strings.Join(slices.Compact(kinds), ", ")
}

// TestDryRunRefuses holds that the suite above finds what an API server refuses or warns of.
func TestDryRunRefuses(t *testing.T) {
	onEach(t, cluster.API, func(t *testing.T, c *cluster.Cluster) {
		objects := goldenObjects(t)
		i := slices.IndexFunc(objects, func(o object) bool { return o.GetKind() == "Deployment" })
		deployment := objects[i]
		prepare(t, c, objects[i:i+1])
		c.Admin.MustApply(t, []byte("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: "+deployment.GetName()+", namespace: "+deployment.GetNamespace()+"}\n"))
		for _, test := range []struct{ name, old, changed, message string }{
			{"unknown field", "  selector:", "  selectors: {}\n  selector:", "selectors"},
			{"selector that misses", "      app.kubernetes.io/name: ", "      app.kubernetes.io/name: not-", "selector"},
			{"name that is none", "  name: " + deployment.GetName() + "\n", "  name: A_B\n", "A_B"},
		} {
			t.Run(test.name, func(t *testing.T) {
				changed := strings.Replace(string(deployment.data), test.old, test.changed, 1)
				_, err := c.Admin.Apply(t.Context(), []byte(changed), true)
				var refusal *cluster.Refusal
				if !errors.As(err, &refusal) || !strings.Contains(refusal.Message, test.message) {
					t.Errorf("taken, or refused for something else: %v", err)
				}
			})
		}
		t.Run("pod that may become root", func(t *testing.T) {
			changed := strings.Replace(string(podOf(t, deployment)), "runAsNonRoot: true", "runAsNonRoot: false", 1)
			if _, err := c.Admin.Apply(t.Context(), []byte(changed), true); err == nil || !strings.Contains(err.Error(), "PodSecurity") {
				t.Errorf("taken, or refused for something else: %v", err)
			}
		})
		t.Run("template that may become root", func(t *testing.T) {
			changed := strings.Replace(string(deployment.data), "runAsNonRoot: true", "runAsNonRoot: false", 1)
			answer, err := c.Admin.Apply(t.Context(), []byte(changed), true)
			if err != nil || len(answer.Warnings) == 0 {
				t.Errorf("no warning: %v", err)
			}
		})
	})
}
