package random

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/manifest"
)

// seeds is how many applications are compiled.
var seeds = flag.Int("seeds", 60, "how many applications are drawn and compiled")

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
	t.Parallel()
	g := newGenerator(t)
	shown := map[string]bool{}
	for seed := range uint64(*seeds) {
		app := g.Application(seed)
		refused, err := g.Refused(app)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, app.Source())
		}
		if refused == nil || shown[string(refused.Code)] {
			continue
		}
		shown[string(refused.Code)] = true
		least := Minimize(app, func(a Application) bool {
			again, err := g.Refused(a)
			return err == nil && again != nil && again.Code == refused.Code
		})
		again, _ := g.Refused(least)
		t.Errorf("seed %d is refused: %s\n%s", seed, again, least.Source())
	}
}

// TestSame holds that a seed gives the same application, and an application the same manifests, each time.
func TestSame(t *testing.T) {
	t.Parallel()
	one, other := newGenerator(t), newGenerator(t)
	different := map[string]bool{}
	for seed := range uint64(20) {
		app, again := one.Application(seed), other.Application(seed)
		if diff := cmp.Diff(app.Files(), again.Files()); diff != "" {
			t.Fatalf("seed %d gives two applications (-one +other):\n%s", seed, diff)
		}
		different[string(app.Source())] = true
		if diff := cmp.Diff(outputs(t, one, app), outputs(t, other, again)); diff != "" {
			t.Errorf("seed %d becomes two things (-one +other):\n%s", seed, diff)
		}
	}
	if len(different) < 20 {
		t.Errorf("20 seeds give only %d applications", len(different))
	}
}

// TestOverrides holds that an application whose region differs becomes, in this region, what it would become if it
// had been written without the override (S5). The application of the region was drawn first, and the override is how it
// differs; merging is left to the compiler.
func TestOverrides(t *testing.T) {
	t.Parallel()
	g := newGenerator(t)
	compared := 0
	for seed := range uint64(*seeds) {
		app := g.Application(seed)
		if len(app.Overridden()) == 0 {
			continue
		}
		whole := outputs(t, g, app)
		for _, region := range app.Overridden() {
			compared++
			if diff := cmp.Diff(outputs(t, g, app.In(region))[region], whole[region]); diff != "" {
				t.Errorf("seed %d in %s (-written out +with an override):\n%s\n%s", seed, region, diff, app.Source())
			}
		}
	}
	if compared < *seeds/4 {
		t.Errorf("only %d overrides", compared)
	}
}

// outputs are the files of an application, by region and name.
func outputs(t *testing.T, g *Generator, a Application) map[string]map[string]string {
	t.Helper()
	result, list, err := g.Compile(a)
	if err != nil || result == nil || result.Outputs == nil {
		t.Fatalf("%v %v\n%s", list, err, a.Source())
	}
	return files(result)
}

func files(result *compiler.Result) map[string]map[string]string {
	byRegion := map[string]map[string]string{}
	for _, output := range result.Outputs {
		byRegion[output.Region] = contentsOf(output.Files)
	}
	return byRegion
}

func contentsOf(tree manifest.Tree) map[string]string {
	found := map[string]string{}
	for path, data := range tree.Files() {
		found[path] = string(data)
	}
	return found
}

// TestShrink holds that a fault is found, and that nothing is left beside it.
func TestShrink(t *testing.T) {
	t.Parallel()
	g := newGenerator(t)
	hasUDP := func(a Application) bool {
		refused, err := g.Refused(a)
		return err == nil && refused == nil && strings.Contains(string(a.Source()), `protocol: "UDP"`) && a.value.get("env") != nil
	}
	found := 0
	for seed := range uint64(100) {
		app := g.Application(seed)
		if found == 3 || !hasUDP(app) {
			continue
		}
		found++
		least := Minimize(app, hasUDP)
		names := slices.Sorted(slices.Values(least.value.names()))
		left := slices.DeleteFunc(names, func(name string) bool {
			return slices.Contains([]string{"name", "space", "owner", "image", "env"}, name)
		})
		if len(left) != 1 || !slices.Contains([]string{"ports", "calls", "regions"}, left[0]) {
			t.Errorf("seed %d is not small, it has %v:\n%s", seed, left, least.Source())
		}
		if files := least.Files(); len(files) != 1 {
			t.Errorf("seed %d keeps files that nothing names: %v", seed, slices.Sorted(maps.Keys(files)))
		}
	}
	if found < 3 {
		t.Errorf("only %d of the applications have what is looked for", found)
	}
}

func ExampleMinimize() {
	g, err := New()
	if err != nil {
		fmt.Println(err)
		return
	}
	app := g.Application(1)
	least := Minimize(app, func(a Application) bool {
		refused, err := g.Refused(a)
		return err == nil && refused == nil
	})
	fmt.Println(len(least.value.names()), "fields are left")
	// Output: 4 fields are left
}
