package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestObject(t *testing.T) {
	tests := []struct {
		name string
		in   Object
		want []string
	}{
		{"deployment", Object{"deployment.yaml", deployment()}, []string{"Deployment", "acme-prod", "shop-api"}},
		{"cluster-wide", Object{"namespace.yaml", objects()["namespace"]}, []string{"Namespace", "", "acme-prod"}},
		{"without metadata", Object{"x.yaml", &runtime.Unknown{}}, []string{"", "", ""}},
		{"zero", Object{}, []string{"", "", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, []string{tt.in.Kind(), tt.in.Namespace(), tt.in.Name()}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
