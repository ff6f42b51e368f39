package regions

import (
	"testing"

	"github.com/meridian-gitops/meridian/schema"
)

func BenchmarkLoad(b *testing.B) {
	s, err := schema.New()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		Load(s, nil)
	}
}
