// Package kubeschemas makes the JSON schemas that kubeconform reads.
//
// In: a release of Kubernetes, whose own OpenAPI document is read, and definitions of custom resources. Out: a folder with
// a schema a kind, closed, so that an unknown field is a mistake; that of a release is kept in the user's cache.
// Refused: a release that its module proxy does not have.
package kubeschemas

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/meridian-gitops/meridian/test/pinned"
)

// definition is a JSON schema of the OpenAPI document, kept as it is but for what strict adds.
type definition map[string]any

// Location is what kubeconform is told of a folder of schemas.
func Location(folder string) string {
	return filepath.Join(folder, "{{.ResourceKind}}{{.KindSuffix}}.json")
}

// Of writes one JSON schema a kind of a release (v1.36.4) into the cache, unless they are there, and returns the folder.
// They are what kubeconform's own registry has: the definitions of the OpenAPI document, closed for -strict.
func Of(ctx context.Context, release string) (string, error) {
	folder, err := pinned.Folder("schemas", release)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	module, err := pinned.Module(ctx, "k8s.io/kubernetes@"+release)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(filepath.Join(module, "api", "openapi-spec", "swagger.json"))
	if err != nil {
		return "", err
	}
	var document struct {
		Definitions map[string]definition `json:"definitions"`
	}
	if err := json.Unmarshal(data, &document); err != nil {
		return "", fmt.Errorf("read swagger.json: %w", err)
	}
	files := map[string]any{"_definitions.json": document}
	for name, d := range document.Definitions {
		strict(name, d)
		for _, file := range schemaFiles(d) {
			files[file] = definition{"$ref": "_definitions.json#/definitions/" + name}
		}
	}
	return folder, writeSchemas(folder, files)
}

// strict closes a definition, and lets the two types that are strings or numbers be both.
func strict(name string, d definition) {
	if _, ok := d["properties"]; ok && d["additionalProperties"] == nil {
		d["additionalProperties"] = false
	}
	if d["format"] == "int-or-string" || strings.HasSuffix(name, ".api.resource.Quantity") {
		d["type"] = []string{"string", "integer", "number"}
	}
}

// schemaFiles are the names under which kubeconform looks for a kind: deployment-apps-v1.json, service-v1.json.
func schemaFiles(d definition) []string {
	var files []string
	kinds, _ := d["x-kubernetes-group-version-kind"].([]any)
	for _, k := range kinds {
		entry, _ := k.(map[string]any)
		name := fmt.Sprint(entry["kind"])
		if group, _, _ := strings.Cut(fmt.Sprint(entry["group"]), "."); group != "" {
			name += "-" + group
		}
		files = append(files, strings.ToLower(fmt.Sprintf("%s-%s.json", name, entry["version"])))
	}
	return files
}

// writeSchemas writes all files or none.
func writeSchemas(folder string, files map[string]any) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(folder), "schemas-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	for name, content := range files {
		data, err := json.Marshal(content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(temporary, name), data, 0o644); err != nil {
			return err
		}
	}
	return os.Rename(temporary, folder)
}
