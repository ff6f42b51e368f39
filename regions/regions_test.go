package regions

import (
	"testing"
	"time"

	"github.com/meridian-gitops/meridian/schema"
)

func TestTmp(t *testing.T) {
	s, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	t0 := time.Now()
	p, list, err := Load(s, nil)
	t.Log(time.Since(t0))
	for _, d := range list {
		t.Log(d)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Regions {
		t.Logf("%+v", r)
	}
	t.Logf("%+v %+v", p.Spaces, p.Sync)
	t0 = time.Now()
	Load(s, nil)
	t.Log(time.Since(t0))
}
