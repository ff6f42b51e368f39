package random

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

//go:embed platform.cue
var platformText []byte

// Platform returns the files of the platform that applications are drawn for, by name.
func Platform() map[string][]byte {
	return map[string][]byte{"platform.cue": slices.Clone(platformText)}
}

// Generator draws applications. It is immutable, and may be used by many goroutines at once.
type Generator struct {
	app      *schema.Type // #App
	rules    map[string]rule
	leaves   map[string]func(*drawing) *value
	schema   *schema.Schema
	platform *regions.Platform
	compiler *compiler.Compiler
}

// New returns a generator for the embedded schema and the platform of this package.
func New() (*Generator, error) {
	s, err := schema.New()
	if err != nil {
		return nil, err
	}
	platform, list, err := regions.Load(s, []schema.Source{{Name: "platform.cue", Data: platformText}})
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		return nil, fmt.Errorf("the platform of random applications: %v", list)
	}
	return &Generator{
		app: s.Type("#App"), rules: allRules(), leaves: leafDrawings(),
		schema: s, platform: platform, compiler: compiler.New(s, platform),
	}, nil
}

// Compiler compiles for the platform that applications are drawn for.
func (g *Generator) Compiler() *compiler.Compiler { return g.compiler }

// Compile compiles an application for all its regions. What the diagnostics say of it is for the caller to judge.
func (g *Generator) Compile(a Application) (*compiler.Result, []diag.Diagnostic, error) {
	app, list := g.schema.App(schema.Source{Name: "app.cue", Data: a.Source()}, g.compiler.Facts())
	if app == nil {
		return nil, list, nil
	}
	result, found, err := g.compiler.Compile(app, a.beside)
	return result, append(list, found...), err
}

// Refused says why an application is refused, or nothing. A region that lets more clients in than the others do is
// warned of, and is no reason.
func (g *Generator) Refused(a Application) (*diag.Diagnostic, error) {
	result, list, err := g.Compile(a)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if d.Code != diag.ExposureWidened {
			return &d, nil
		}
	}
	if len(result.Outputs) == 0 {
		return nil, errors.New("it is compiled for no region")
	}
	return nil, nil
}

// Application draws the application of a seed.
func (g *Generator) Application(seed uint64) Application {
	d := &drawing{
		Rand: rand.New(rand.NewPCG(seed, 0)), generator: g, app: structOf(), beside: map[string][]byte{},
		paths: []mount{{"/tmp", false}}, ports: map[string]bool{}, edge: map[string]bool{}, routes: map[string]bool{}, hosts: map[string]*value{},
	}
	d.space = pick(d, slices.Sorted(maps.Keys(g.platform.Spaces)))
	d.factual = d.chance(10)
	selection := d.selection()
	for _, f := range g.app.Fields {
		if f.Required || d.chance(2) && !d.unchosen(f.Name) {
			if v := d.field(g.app, f, d.app); v != nil {
				d.app = d.app.with(f.Name, v)
			}
		}
	}
	for _, f := range selection.fields {
		d.app = d.app.with(f.name, f.value)
	}
	drawn := Application{generator: g, value: d.app, beside: d.beside, whole: map[string]*value{}}
	return d.overrides(drawn)
}

// unchosen says whether a field has no place because another of its kind is there.
func (d *drawing) unchosen(name string) bool {
	return name == "autoscale" && d.app.get("replicas") != nil
}

// selection draws the regions, and what selects them.
func (d *drawing) selection() *value {
	open := d.generator.platform.SpaceRegions(d.space)
	d.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
	chosen, fields := open, structOf()
	if d.chance(4) {
		chosen = chosen[1:]
		fields = fields.with("except", textsOf(open[:1]))
	}
	if !d.chance(4) {
		chosen = chosen[:1+d.IntN(min(3, len(chosen)))]
		fields = fields.with("only", textsOf(chosen))
	}
	for _, id := range slices.Sorted(slices.Values(chosen)) {
		d.regions = append(d.regions, d.generator.platform.Region(id))
	}
	return fields
}
