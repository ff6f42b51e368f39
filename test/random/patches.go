package random

import (
	"encoding/json"
	"slices"
)

// patches draws patches of objects that the application has, in every form, of what a patch may change.
func (d *drawing) patches() *value {
	var drawn []*value
	var used []string // once: what is removed is not there a second time
	for range d.few() {
		kinds := []string{"Deployment"}
		if d.app.get("autoscale") != nil {
			kinds = append(kinds, "HorizontalPodAutoscaler")
		}
		if pods(d.app) >= 2 || d.app.get("disruptionBudget") != nil {
			kinds = append(kinds, "PodDisruptionBudget")
		}
		kind := pick(d, kinds)
		chosen := pick(d, contents(kind))
		if slices.Contains(used, chosen) {
			continue
		}
		used = append(used, chosen)
		patch := structOf(field{"target", structOf(field{"kind", textOf(kind)})})
		name, content := d.patchContent(chosen)
		drawn = append(drawn, patch.with(name, content))
	}
	return listOf(drawn...)
}

// contents are what patches change, as JSON: strategic merges and lists of operations. JSON is CUE and YAML as well.
func contents(kind string) []string {
	switch kind {
	case "HorizontalPodAutoscaler":
		return []string{
			`{"spec": {"behavior": {"scaleUp": {"stabilizationWindowSeconds": 30, "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}}}}`,
			`[{"op": "add", "path": "/metadata/annotations", "value": {"example.com/on": "yes"}}]`,
		}
	case "PodDisruptionBudget":
		return []string{
			`{"spec": {"unhealthyPodEvictionPolicy": "IfHealthyBudget"}}`,
			`[{"op": "remove", "path": "/spec/unhealthyPodEvictionPolicy"}]`,
		}
	}
	return []string{
		`{"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 86400, "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["on", "a.example.com"]}]}}}}`,
		`{"metadata": {"labels": {"off": "no"}}, "spec": {"template": {"spec": {"dnsConfig": {"options": [{"name": "ndots", "value": "2"}]}, "shareProcessNamespace": true}}}}`,
		`{"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "docker.io/library/memcached:1.6.39", "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}}]}}}}`,
		`{"spec": {"template": {"spec": {"initContainers": [{"name": "first", "image": "docker.io/library/busybox:1.37", "command": ["true"], "restartPolicy": "Always", "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}}}]}}}}`,
		`[{"op": "add", "path": "/spec/template/spec/containers/0/terminationMessagePolicy", "value": "FallbackToLogsOnError"}, {"op": "replace", "path": "/spec/revisionHistoryLimit", "value": 3}]`,
		`[{"op": "add", "path": "/spec/template/spec/tolerations", "value": [{"key": "example.com/yes", "operator": "Exists", "effect": "NoSchedule"}]}, {"op": "test", "path": "/kind", "value": "Deployment"}]`,
	}
}

// patchContent writes a patch in one of its forms: a value, a text, a file.
func (d *drawing) patchContent(content string) (string, *value) {
	switch d.IntN(3) {
	case 0:
		return "patch", textOf(content)
	case 1:
		path := d.generator.leaves["#SourcePath"](d).text + ".yaml"
		for d.beside[path] != nil {
			path += "x"
		}
		d.beside[path] = []byte(content)
		return "path", textOf(path)
	}
	var buffer any
	if err := json.Unmarshal([]byte(content), &buffer); err != nil {
		panic("random: a patch is no JSON: " + content)
	}
	return "patch", fromJSON(buffer)
}
