package kubeschemas

import (
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// Custom writes the schemas of custom resources, closed, into a folder that is made. definitions are
// CustomResourceDefinitions as YAML.
func Custom(folder string, definitions ...[]byte) error {
	files := map[string]any{}
	for _, data := range definitions {
		var crd customResourceDefinition
		if err := yaml.Unmarshal(data, &crd); err != nil {
			return fmt.Errorf("read a definition: %w", err)
		}
		group, _, _ := strings.Cut(crd.Spec.Group, ".")
		for _, version := range crd.Spec.Versions {
			schema := version.Schema.OpenAPIV3Schema
			if schema == nil {
				return fmt.Errorf("%s %s has no schema", crd.Spec.Names.Kind, version.Name)
			}
			Close(schema)
			files[strings.ToLower(fmt.Sprintf("%s-%s-%s.json", crd.Spec.Names.Kind, group, version.Name))] = schema
		}
	}
	return writeSchemas(folder, files)
}

// customResourceDefinition is what is read of one.
type customResourceDefinition struct {
	Spec struct {
		Group    string
		Names    struct{ Kind string }
		Versions []struct {
			Name   string
			Schema struct {
				OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
			}
		}
	}
}

// Close makes every object of a schema refuse fields that it does not name, unless it says that it keeps them. An API
// server would drop them. Metadata is left open: a definition does not say what is in it.
func Close(schema map[string]any) {
	if properties, ok := schema["properties"].(map[string]any); ok {
		_, open := schema["additionalProperties"]
		if keeps, _ := schema["x-kubernetes-preserve-unknown-fields"].(bool); !open && !keeps {
			schema["additionalProperties"] = false
		}
		for name, property := range properties {
			if name != "metadata" || schema["x-kubernetes-embedded-resource"] != nil {
				Close(property.(map[string]any))
			}
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, ok := schema[key].(map[string]any); ok {
			Close(inner)
		}
	}
}
