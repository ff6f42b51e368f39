package e2e

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/test/cluster"
	"github.com/meridian-gitops/meridian/test/random"
)

// drawn is how many random applications are tried, the seeds from 1 on.
const drawn = 500

// TestRandom holds that real API servers take what any application becomes: 500 drawn at random over the whole schema,
// in all regions, with a Pod of each template and what the edges read of it; and the spaces of their platform, with what
// bounds and syncs them. One that is refused is made as small as it can be.
func TestRandom(t *testing.T) {
	g, err := random.New()
	if err != nil {
		t.Fatal(err)
	}
	onEach(t, cluster.API, func(t *testing.T, c *cluster.Cluster) {
		seen := map[string]bool{}
		spaces := fresh(t, spaceTrees(t, g.Compiler()), seen)
		dryRun(t, c, spaces)
		failed := 0
		for seed := range uint64(drawn) {
			a := g.Application(seed + 1)
			problem := refusal(t, c, g, a, seen)
			if problem == "" {
				continue
			}
			smallest := random.Minimize(a, func(a random.Application) bool {
				result, _, err := g.Compile(a) // what Meridian refuses is smaller, and another matter
				return err == nil && result != nil && len(result.Outputs) > 0 && refusal(t, c, g, a, map[string]bool{}) != ""
			})
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
	var trees []tree
	for _, output := range result.Outputs {
		trees = append(trees, tree{output.Region, output.Files}, edgeTree(t, g.Compiler(), output))
	}
	return against(t, c, fresh(t, trees, seen))
}

// against is what an API server has against objects.
func against(t *testing.T, c *cluster.Cluster, objects []object) string {
	t.Helper()
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

// tree are files of objects, and where they come from.
type tree struct {
	from  string
	files manifest.Tree
}

// spaceTrees are the spaces of a platform, with what bounds them and what syncs them.
func spaceTrees(t *testing.T, c *compiler.Compiler) []tree {
	t.Helper()
	spaces, err := c.Spaces()
	if err != nil {
		t.Fatal(err)
	}
	var list []tree
	for _, space := range spaces {
		from := space.Region + " " + space.Namespace
		sync, err := manifest.NewTree([]manifest.File{{Path: "sync.yaml", Data: space.Sync}})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, tree{from, space.Tenant}, tree{from, space.Files}, tree{from, sync})
	}
	return list
}

// edgeTree is what the edge of a region reads, were the application the only one.
func edgeTree(t *testing.T, c *compiler.Compiler, output compiler.Output) tree {
	t.Helper()
	files, err := compiler.Edge(c.Platform().Region(output.Region), output.Claims)
	if err != nil {
		t.Fatal(err)
	}
	all, err := manifest.NewTree(files)
	if err != nil {
		t.Fatal(err)
	}
	return tree{output.Region + " edge", all}
}

// fresh are the objects of trees that were not seen before.
func fresh(t *testing.T, trees []tree, seen map[string]bool) []object {
	t.Helper()
	var objects []object
	for _, tree := range trees {
		for path, data := range tree.files.Files() {
			if seen[string(data)] {
				continue
			}
			seen[string(data)] = true
			o, err := read(tree.from+" "+path, data)
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, o)
		}
	}
	return objects
}
