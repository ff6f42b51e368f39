package kubeschemas

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const definition1 = `
spec:
  group: kustomize.toolkit.fluxcd.io
  names: {kind: Kustomization}
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        properties:
          metadata: {type: object, properties: {}}
          spec:
            properties: {path: {type: string}}
            additionalProperties: {properties: {a: {type: string}}}
          items:
            items: {properties: {b: {type: string}}}
          free: {properties: {c: {type: string}}, x-kubernetes-preserve-unknown-fields: true}
`

// TestCustom holds that a definition's schema is closed at every depth, under the name that kubeconform looks for.
func TestCustom(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "schemas")
	if err := Custom(folder, []byte(definition1)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(folder, "kustomization-kustomize-v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	word := func(name string) map[string]any {
		return map[string]any{"properties": map[string]any{name: map[string]any{"type": "string"}}, "additionalProperties": false}
	}
	spec, free := word("path"), word("c")
	spec["additionalProperties"] = word("a")
	delete(free, "additionalProperties")
	free["x-kubernetes-preserve-unknown-fields"] = true
	want := map[string]any{"additionalProperties": false, "properties": map[string]any{
		"metadata": map[string]any{"type": "object", "properties": map[string]any{}},
		"spec":     spec,
		"items":    map[string]any{"items": word("b")},
		"free":     free,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := Custom(filepath.Join(t.TempDir(), "none"), []byte("spec: {versions: [{name: v1}]}")); err == nil {
		t.Error("a definition without a schema is taken")
	}
}
