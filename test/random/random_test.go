package random

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/manifest"
)

// seeds is how many applications are drawn.
const seeds = 500

func newGenerator(t *testing.T) *Generator {
	t.Helper()
	g, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestAccepted holds that what is right is accepted (S20). What is refused is shown as small as it can be made.
func TestAccepted(t *testing.T) {
	g := newGenerator(t)
	for seed := range uint64(seeds) {
		app := g.Application(seed)
		err := g.Accepted(app)
		if err == nil {
			continue
		}
		code := err.Error()[len("app.cue:"):]
		_ = code
		t.Errorf("seed %d: %v\n", seed, err)
	}
}

var _ = bytes.Equal
var _ = cmp.Diff
var _ manifest.Tree
