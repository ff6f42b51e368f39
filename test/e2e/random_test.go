package e2e

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/meridian-gitops/meridian/test/cluster"
	"github.com/meridian-gitops/meridian/test/random"
)

// drawn is how many random applications are tried, the seeds from 1 on.
const drawn = 500

// TestRandom holds that real API servers take what any application becomes: 500 drawn at random over the whole schema,
// in all regions, with a Pod of each template. One that is refused is made as small as it can be.
func TestRandom(t *testing.T) {
	g, err := random.New()
	if err != nil {
		t.Fatal(err)
	}
	onEach(t, cluster.API, func(t *testing.T, c *cluster.Cluster) {
		seen := map[string]bool{}
		failed := 0
		for seed := range uint64(drawn) {
			a := g.Application(seed + 1)
			problem := refusal(t, c, g, a, seen)
			if problem == "" {
				continue
			}
			smallest := random.Minimize(a, func(a random.Application) bool { return refusal(t, c, g, a, map[string]bool{}) != "" })
			t.Errorf("seed %d: %s\nthe smallest:\n%s%s", seed+1, problem, smallest.Source(), refusal(t, c, g, smallest, map[string]bool{}))
			if failed++; failed == 5 {
				t.Fatal("and so on")
			}
		}
		t.Attr("cases", strconv.Itoa(len(seen)))
	})
}

// refusal is what an API server has against an application's objects: empty for nothing. Objects that were seen before
// are left out.
func refusal(t *testing.T, c *cluster.Cluster, g *random.Generator, a random.Application, seen map[string]bool) string {
	t.Helper()
	result, list, err := g.Compile(a)
	if err != nil {
		t.Fatal(err)
	}
	if result == nil || len(result.Outputs) == 0 {
		return fmt.Sprint(list)
	}
	var objects []object
	for _, output := range result.Outputs {
		for path, data := range output.Files.Files() {
			if seen[string(data)] {
				continue
			}
			seen[string(data)] = true
			o, err := read(output.Region+" "+path, data)
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, o)
		}
	}
	prepare(t, c, objects)
	for _, o := range objects {
		if problem := opinion(t, c, o.data); problem != "" {
			return o.from + ": " + problem
		}
		if pod := podOf(t, o); pod != nil {
			if problem := opinion(t, c, pod); problem != "" {
				return o.from + ": its pod: " + problem
			}
		}
	}
	return ""
}
