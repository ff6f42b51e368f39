package compiler

import (
	"os"
	"testing"
	"time"

	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

func TestTmp(t *testing.T) {
	s, _ := schema.New()
	p, _, err := regions.Load(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile("/work/shared/example-app.cue")
	app, list := s.App(schema.Source{Name: "app.cue", Data: data}, p.Facts())
	t.Log(list)
	t0 := time.Now()
	r, list, err := New(s, p).Compile(app, nil)
	t.Log(time.Since(t0), err)
	for _, d := range list {
		t.Log(d, d.Hint)
	}
	for path, data := range r.Outputs[1].Files.Files() {
		t.Logf("\n# %s\n%s", path, data)
	}
	for _, task := range r.Outputs[1].Outside {
		t.Log(task)
	}
	t.Log(r.Claims())
	sp, err := New(s, p).Spaces()
	t.Log(err)
	for path, data := range sp[0].Files.Files() {
		t.Logf("\n# %s\n%s", path, data)
	}
	t.Logf("\n%s", sp[0].Sync)
}
