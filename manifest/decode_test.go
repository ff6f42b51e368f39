package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func TestDecode(t *testing.T) {
	var got corev1.ConfigMap
	err := Decode([]byte("# a comment\n---\napiVersion: v1\nkind: ConfigMap\ndata:\n  a: \"1\"\n"), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := corev1.ConfigMap{TypeMeta: typeMeta("v1", "ConfigMap"), Data: map[string]string{"a": "1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"unknown field", "spec:\n  template:\n    spec:\n      containers:\n      - name: a\n        imagee: b\n", `unknown field "spec.template.spec.containers[0].imagee"`},
		{"two unknown fields", "spec:\n  a: 1\n  b: 1\n", `unknown field "spec.b"`},
		{"other case", "spec:\n  Replicas: 1\n", `unknown field "spec.Replicas"`},
		{"key given twice", "spec:\n  replicas: 1\n  replicas: 2\n", `key "replicas" already set in map`},
		{"wrong type", "spec:\n  replicas: three\n", "spec.replicas"},
		{"bare yes for a string", "metadata:\n  labels:\n    a: yes\n", "metadata.labels"},
		{"number for a string", "metadata:\n  labels:\n    a: 1\n", "metadata.labels"},
		{"nothing", "# only a comment\n", "no YAML document"},
		{"two documents", "kind: Deployment\n---\nkind: Service\n", "more than one YAML document"},
		{"no YAML", "kind: Deployment\nspec: b: c\n", "line 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Decode([]byte(tt.in), &appsv1.Deployment{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "decode *v1.Deployment: ") {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}
