package checkers

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/test/cluster"
	"github.com/meridian-gitops/meridian/test/random"
)

// drawn is how many random applications are looked at: a few in every test run, more beside the tools.
func drawn() uint64 {
	if os.Getenv(asked) != "" {
		return 100
	}
	return 15
}

// asked is the environment variable that makes the tools run.
const asked = "MERIDIAN_CHECKERS"

// tree is what lies in one folder of the repository, or what bootstrap prints for a region.
type tree struct {
	from   string // where it comes from
	folder string // spaces/<namespace>/apps/<app>, spaces/<namespace>/space, sync, edge, bootstrap
	minor  cluster.Minor
	files  manifest.Tree
	plan   *compiler.RegionPlan // what the application declares; nil where there is none
}

// trees are all of them.
func trees(t *testing.T) []tree {
	t.Helper()
	list, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// shared makes the trees once for all tests.
var shared = sync.OnceValues(func() ([]tree, error) {
	s, err := schema.New()
	if err != nil {
		return nil, err
	}
	var all []tree
	for _, source := range []func(*schema.Schema) ([]tree, error){goldenCases, goldenPlatforms, examples, randomTrees} {
		list, err := source(s)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
})

// goldenCases are the trees of golden/cases, which the tests of package golden hold to what is compiled.
func goldenCases(s *schema.Schema) ([]tree, error) {
	return applications(s, filepath.Join("..", "..", "golden", "cases", "*"))
}

// examples are the trees beside the examples, and the spaces of the platform that they are for.
func examples(s *schema.Schema) ([]tree, error) {
	platform, err := platformOf(s, "")
	if err != nil {
		return nil, err
	}
	list, err := spaceTrees("example platform", compiler.New(s, platform))
	if err != nil {
		return nil, err
	}
	for _, pattern := range []string{"*", "*/*"} {
		found, err := applications(s, filepath.Join("..", "..", "examples", filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		for _, next := range found {
			folder, region := path.Split(next.from)
			next.from = "example " + path.Dir(path.Clean(folder)) + " in " + region
			list = append(list, next)
		}
	}
	return list, nil
}

// applications are the trees of folders with an app.cue and what it becomes in golden/<region>.
func applications(s *schema.Schema, pattern string) ([]tree, error) {
	found, err := filepath.Glob(filepath.Join(pattern, "app.cue"))
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("%s: nothing found: %w", pattern, err)
	}
	var list []tree
	for _, file := range found {
		folder := filepath.Dir(file)
		platform, err := platformOf(s, folder)
		if err != nil {
			return nil, err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		app, wrong := s.App(schema.Source{Name: file, Data: data}, platform.Facts())
		if app == nil {
			return nil, fmt.Errorf("%s: %v", file, wrong)
		}
		plans, _ := compiler.New(s, platform).Plan(app)
		golden, err := filepath.Glob(filepath.Join(folder, "golden", "*"))
		if err != nil || len(golden) == 0 || len(golden) != len(plans) {
			return nil, fmt.Errorf("%s has golden trees of %d regions, and is in %d: %w", folder, len(golden), len(plans), err)
		}
		for i, region := range golden { // both are sorted
			next, err := treeOf(region, platform, plans[i].Region.ID, appFolder(plans[i].Namespace, app.Name))
			if err != nil {
				return nil, err
			}
			next.plan = &plans[i]
			list = append(list, next)
		}
	}
	return list, nil
}

func appFolder(namespace, app string) string { return "spaces/" + namespace + "/apps/" + app }

// platformOf is the platform of a folder, or the embedded one.
func platformOf(s *schema.Schema, folder string) (*regions.Platform, error) {
	files, err := filepath.Glob(filepath.Join(folder, "platform", "*.cue"))
	if err != nil {
		return nil, err
	}
	var sources []schema.Source
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sources = append(sources, schema.Source{Name: file, Data: data})
	}
	platform, list, err := regions.Load(s, sources)
	if platform == nil {
		return nil, fmt.Errorf("%s: %v: %w", folder, list, err)
	}
	return platform, err
}

// treeOf reads a folder of manifests of a region.
func treeOf(folder string, platform *regions.Platform, region, name string) (tree, error) {
	minor, err := minorOf(platform, region)
	if err != nil {
		return tree{}, err
	}
	var files []manifest.File
	err = filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		files = append(files, manifest.File{Path: filepath.ToSlash(relative), Data: data})
		return err
	})
	if err != nil {
		return tree{}, err
	}
	all, err := manifest.NewTree(files)
	return tree{filepath.ToSlash(folder), name, minor, all, nil}, err
}

func minorOf(platform *regions.Platform, region string) (cluster.Minor, error) {
	r := platform.Region(region)
	if r == nil {
		return cluster.Minor{}, fmt.Errorf("there is no region %s", region)
	}
	return cluster.MinorOf(r.Kubernetes)
}

// goldenPlatforms are the trees of golden/platforms: those of each folder that is applied by itself.
func goldenPlatforms(s *schema.Schema) ([]tree, error) {
	found, err := filepath.Glob(filepath.Join("..", "..", "golden", "platforms", "*", "golden", "*"))
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("no golden platforms: %w", err)
	}
	var list []tree
	for _, region := range found {
		platform, err := platformOf(s, filepath.Dir(filepath.Dir(region)))
		if err != nil {
			return nil, err
		}
		for _, pattern := range []string{"spaces/*/space", "sync", "edge", "bootstrap"} {
			folders, err := filepath.Glob(filepath.Join(region, filepath.FromSlash(pattern)))
			if err != nil {
				return nil, err
			}
			for _, folder := range folders {
				name, err := filepath.Rel(region, folder)
				if err != nil {
					return nil, err
				}
				next, err := treeOf(folder, platform, filepath.Base(region), filepath.ToSlash(name))
				if err != nil {
					return nil, err
				}
				list = append(list, next)
			}
		}
	}
	return list, nil
}

// randomTrees are random applications, and the spaces of their platform.
func randomTrees(*schema.Schema) ([]tree, error) {
	g, err := random.New()
	if err != nil {
		return nil, err
	}
	list, err := spaceTrees("random platform", g.Compiler())
	if err != nil {
		return nil, err
	}
	for seed := range drawn() {
		result, found, err := g.Compile(g.Application(seed))
		if err != nil || result == nil || result.Outputs == nil {
			return nil, fmt.Errorf("random application %d: %v: %w", seed, found, err)
		}
		for i, output := range result.Outputs {
			minor, err := minorOf(g.Compiler().Platform(), output.Region)
			if err != nil {
				return nil, err
			}
			from := fmt.Sprintf("random application %d in %s", seed, output.Region)
			list = append(list, tree{from, appFolder(result.Namespace, result.App.Name), minor, output.Files, &result.Plans[i]})
		}
	}
	return list, nil
}

// spaceTrees are the spaces of a platform, with what bounds them.
func spaceTrees(from string, c *compiler.Compiler) ([]tree, error) {
	spaces, err := c.Spaces()
	if err != nil {
		return nil, err
	}
	var list []tree
	for _, space := range spaces {
		minor, err := minorOf(c.Platform(), space.Region)
		if err != nil {
			return nil, err
		}
		sync := []manifest.File{{Path: space.Namespace + ".yaml", Data: space.Sync}}
		for path, data := range space.Tenant.Files() {
			sync = append(sync, manifest.File{Path: space.Namespace + "/" + path, Data: data})
		}
		bounds, err := manifest.NewTree(sync)
		if err != nil {
			return nil, err
		}
		from := from + " in " + space.Region
		list = append(list, tree{from, "spaces/" + space.Namespace + "/space", minor, space.Files, nil}, tree{from, "sync", minor, bounds, nil})
	}
	return list, nil
}

// distinct leaves out trees that have the same files, for the same version, as one before: most regions' do.
func distinct(list []tree) []tree {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(list), func(t tree) bool {
		var b strings.Builder
		b.WriteString(t.minor.Name)
		for path, data := range t.files.Files() {
			fmt.Fprintf(&b, "\n%s %d\n%s", path, len(data), data)
		}
		key := b.String()
		defer func() { seen[key] = true }()
		return seen[key]
	})
}

// TestTrees holds that everything is there that is to be looked at: every kind of folder, every version.
func TestTrees(t *testing.T) {
	list := trees(t)
	if len(list) < 250 {
		t.Errorf("only %d trees", len(list))
	}
	versions, kinds := map[string]int{}, map[string]int{}
	for _, tree := range list {
		if tree.files.Len() == 0 {
			t.Errorf("%s is empty", tree.from)
		}
		versions[tree.minor.Name]++
		kind := path.Base(tree.folder)
		if tree.plan != nil {
			kind = "apps"
		}
		kinds[kind]++
	}
	for _, minor := range cluster.Minors {
		if versions[minor.Name] == 0 {
			t.Errorf("no tree is for Kubernetes %s", minor.Name)
		}
	}
	for _, kind := range []string{"space", "sync", "edge", "bootstrap", "apps"} {
		if kinds[kind] == 0 {
			t.Errorf("no tree is of %s", kind)
		}
	}
	t.Logf("%d trees, %d of them distinct: %v %v", len(list), len(distinct(list)), versions, kinds)
}
