package network

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/test/publishing"
	"github.com/meridian-gitops/meridian/test/random"
)

func TestMain(m *testing.M) { os.Exit(publishing.RunTests(m)) }

// TestMeaning holds that the rendered policies mean what is declared, no more and no less (S11, S13, S19): the model and
// the declaration answer alike, in every region of every world.
func TestMeaning(t *testing.T) {
	t.Parallel()
	var tally tally
	for _, w := range allWorlds(t) {
		for q := range w.questions() {
			for _, r := range q.readings() {
				want, got := w.declared(q, r), w.model.allows(q, r)
				tally.count(got)
				if got != want {
					t.Errorf("%s: %s: the policies say %v, declared is %v (pods by their addresses too: %v)", w.name, q, got, want, r)
				}
			}
		}
	}
	tally.check(t, leastOfEach)
}

// readings are those that may answer a question in different ways: between two pods alone.
func (q question) readings() []reading {
	if q.from.pod == nil || q.to.pod == nil {
		return []reading{labelsAlone}
	}
	return []reading{labelsAlone, podAddresses}
}

// leastOfEach is how many connections must pass, and how many must not, for a comparison to tell anything.
const leastOfEach = 10000

// tally counts answers of both kinds.
type tally struct{ yes, no int }

func (c *tally) count(yes bool) {
	if yes {
		c.yes++
	} else {
		c.no++
	}
}

// check fails when the questions were too few, or too much alike to tell anything.
func (c *tally) check(t *testing.T, least int) {
	t.Helper()
	t.Logf("%d connections: %d pass, %d do not", c.yes+c.no, c.yes, c.no)
	if c.yes < least || c.no < least {
		t.Errorf("there are too few questions of one kind; want %d of each", least)
	}
}

// allWorlds are the worlds of the examples, the golden cases and platforms, the scenario, and random applications.
func allWorlds(t *testing.T) []*world {
	t.Helper()
	built.once.Do(func() { built.worlds = buildWorlds(t) })
	if len(built.worlds) == 0 {
		t.Fatal("there are no worlds")
	}
	return built.worlds
}

// built are the worlds, made once for all tests; nobody changes them.
var built struct {
	once   sync.Once
	worlds []*world
}

func buildWorlds(t *testing.T) []*world {
	t.Helper()
	list := append(exampleWorlds(t), scenarioWorlds(t)...)
	for _, pattern := range []string{"cases/*", "platforms/*"} {
		for _, folder := range glob(t, filepath.Join("..", "..", "golden", pattern)) {
			c := compilerFor(t, filepath.Join(folder, "platform"))
			list = append(list, inhabited(worlds(t, filepath.Base(folder), c, compileAll(t, c, folder)))...)
		}
	}
	return append(list, randomWorlds(t)...)
}

// inhabited leaves out the regions that no application is in, unless none is in any: the case is about spaces then.
func inhabited(list []*world) []*world {
	kept := slices.DeleteFunc(slices.Clone(list), func(w *world) bool { return len(w.plans) == 0 })
	if len(kept) == 0 {
		return list
	}
	return kept
}

// exampleWorlds are all examples together, on the demo platform.
func exampleWorlds(t *testing.T) []*world {
	t.Helper()
	c := compilerFor(t, "")
	return worlds(t, "examples", c, compileAll(t, c, filepath.Join("..", "..", "examples")))
}

// scenarioWorlds are the worlds of this package's own scenario.
func scenarioWorlds(t *testing.T) []*world {
	t.Helper()
	folder := filepath.Join("testdata", "scenario")
	c := compilerFor(t, filepath.Join(folder, "platform"))
	return worlds(t, "scenario", c, compileAll(t, c, folder), scenarioPods()...)
}

// randomWorlds are random applications, each by its own name, on their platform.
func randomWorlds(t *testing.T) []*world {
	t.Helper()
	g, err := random.New()
	if err != nil {
		t.Fatal(err)
	}
	type name struct{ space, app string }
	together := map[name]*compiler.Result{}
	var apps []*compiler.Result
	for seed := uint64(0); len(apps) < 12; seed++ {
		result, list, err := g.Compile(g.Application(seed))
		if err != nil || result == nil {
			t.Fatalf("seed %d: %v %v", seed, list, err)
		}
		if key := (name{result.App.Space, result.App.Name}); together[key] == nil {
			together[key] = result
			apps = append(apps, result)
		}
	}
	return worlds(t, "random", g.Compiler(), apps)
}

// compileAll compiles all applications below a folder.
func compileAll(t *testing.T, c *compiler.Compiler, folder string) []*compiler.Result {
	t.Helper()
	var apps []*compiler.Result
	for _, pattern := range []string{"app.cue", "*/app.cue", "*/*/app.cue"} {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			apps = append(apps, compile(t, c, file))
		}
	}
	return apps
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("%s: nothing found: %v", pattern, err)
	}
	return found
}
