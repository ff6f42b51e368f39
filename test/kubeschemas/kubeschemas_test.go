package kubeschemas

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSchemaFiles(t *testing.T) {
	kinds := func(group, version, kind string) definition {
		return definition{"x-kubernetes-group-version-kind": []any{map[string]any{"group": group, "version": version, "kind": kind}}}
	}
	tests := []struct {
		name string
		d    definition
		want []string
	}{
		{"core", kinds("", "v1", "Service"), []string{"service-v1.json"}},
		{"a short group", kinds("apps", "v1", "Deployment"), []string{"deployment-apps-v1.json"}},
		{"a long group", kinds("networking.k8s.io", "v1", "NetworkPolicy"), []string{"networkpolicy-networking-v1.json"}},
		{"no kind", definition{"type": "object"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, schemaFiles(tt.d)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStrict(t *testing.T) {
	tests := []struct {
		name, definition string
		in, want         definition
	}{
		{"a struct is closed", "X", definition{"properties": 1}, definition{"properties": 1, "additionalProperties": false}},
		{"a map stays open", "X", definition{"additionalProperties": 1}, definition{"additionalProperties": 1}},
		{"a number or a word", "X", definition{"type": "string", "format": "int-or-string"},
			definition{"type": []string{"string", "integer", "number"}, "format": "int-or-string"}},
		{"a quantity", "io.k8s.apimachinery.pkg.api.resource.Quantity", definition{"type": "string"},
			definition{"type": []string{"string", "integer", "number"}}},
		{"a string", "X", definition{"type": "string"}, definition{"type": "string"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			strict(tt.definition, tt.in)
			if diff := cmp.Diff(tt.want, tt.in); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
