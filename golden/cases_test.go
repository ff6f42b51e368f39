package golden_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/golden"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

var update = flag.Bool("update", false, "rewrite the expected trees; read the difference before you commit it")

// TestCases compiles every application below cases for all its regions and compares whole trees: a manifest that is
// missing or one too many fails as well. A case is a folder with an app.cue, the files beside it, optionally a
// platform, and what is expected in golden/<region> (S21).
func TestCases(t *testing.T) {
	for _, name := range folders(t, "cases") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("cases", name)
			compare(t, filepath.Join(dir, "golden"), newCase(t, dir).compile(t))
		})
	}
}

// TestPlatforms builds everything of a region that belongs to no single application: spaces, sync objects, and what
// the edge reads of all applications' claims. A case is a folder with a platform, optionally applications below
// apps, and what is expected in golden/<region>, laid out like the repository.
func TestPlatforms(t *testing.T) {
	for _, name := range folders(t, "platforms") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("platforms", name)
			compare(t, filepath.Join(dir, "golden"), platformTree(t, dir))
		})
	}
}

// TestDeterministic compiles every case many times, by several goroutines at once on one shared compiler, and
// compares bytes.
func TestDeterministic(t *testing.T) {
	const goroutines, rounds = 4, 2
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, processors := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(processors)
		for _, name := range folders(t, "cases") {
			c := newCase(t, filepath.Join("cases", name))
			want := flatten(c.compile(t))
			got := make([][]byte, goroutines*rounds)
			var group sync.WaitGroup
			for g := range goroutines {
				group.Go(func() {
					for round := range rounds {
						if tree, err := c.tree(); err == nil {
							got[g*rounds+round] = flatten(tree)
						}
					}
				})
			}
			group.Wait()
			if i := slices.IndexFunc(got, func(b []byte) bool { return !bytes.Equal(want, b) }); i >= 0 {
				t.Errorf("%s: run %d with %d processors gives other bytes than the first", name, i, processors)
			}
		}
	}
}

// testCase is an application and the compiler for its platform.
type testCase struct {
	dir      string
	schema   *schema.Schema
	compiler *compiler.Compiler
}

var sharedSchema = sync.OnceValues(schema.New)

func newCase(t *testing.T, dir string) *testCase {
	t.Helper()
	s, err := sharedSchema()
	if err != nil {
		t.Fatal(err)
	}
	platform, list, err := regions.Load(s, cueFiles(t, filepath.Join(dir, "platform")))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		t.Errorf("platform: %s", d)
	}
	if platform == nil {
		t.FailNow()
	}
	return &testCase{dir, s, compiler.New(s, platform)}
}

func (c *testCase) compile(t *testing.T) manifest.Tree {
	t.Helper()
	tree, err := c.tree()
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// tree compiles the case; a diagnostic, even a warning that the case does not announce, is an error.
func (c *testCase) tree() (manifest.Tree, error) {
	file := filepath.Join(c.dir, "app.cue")
	data, err := os.ReadFile(file)
	if err != nil {
		return manifest.Tree{}, err
	}
	return c.treeOf(file, data)
}

// treeOf compiles a text as the case's application.
func (c *testCase) treeOf(file string, data []byte) (manifest.Tree, error) {
	result, err := c.resultOf(file, data)
	if err != nil {
		return manifest.Tree{}, err
	}
	var files []manifest.File
	for _, output := range result.Outputs {
		for path, data := range output.Files.Files() {
			files = append(files, manifest.File{Path: output.Region + "/" + path, Data: data})
		}
	}
	return manifest.NewTree(files)
}

func (c *testCase) result(file string) (*compiler.Result, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return c.resultOf(file, data)
}

func (c *testCase) resultOf(file string, data []byte) (*compiler.Result, error) {
	app, list := c.schema.App(schema.Source{Name: file, Data: data}, c.compiler.Platform().Facts())
	if app == nil {
		return nil, fmt.Errorf("read: %v", list)
	}
	beside := map[string][]byte{}
	for _, wanted := range app.Beside() {
		content, err := os.ReadFile(filepath.Join(filepath.Dir(file), filepath.FromSlash(wanted.Path)))
		if err != nil {
			return nil, err
		}
		beside[wanted.Path] = content
	}
	result, found, err := c.compiler.Compile(app, beside)
	if err != nil {
		return nil, err
	}
	for _, d := range append(list, found...) {
		if d.Severity == diag.Error || !bytes.Contains(data, []byte("// warns "+string(d.Code))) {
			return nil, fmt.Errorf("%s", d)
		}
	}
	return result, nil
}

// platformTree lays everything out as publishing the platform does, without the applications themselves.
func platformTree(t *testing.T, dir string) manifest.Tree {
	t.Helper()
	c := newCase(t, dir)
	spaces, err := c.compiler.Spaces()
	if err != nil {
		t.Fatal(err)
	}
	var files []manifest.File
	for _, space := range spaces {
		for path, data := range space.Files.Files() {
			files = append(files, manifest.File{Path: space.Region + "/spaces/" + space.Namespace + "/space/" + path, Data: data})
		}
		for path, data := range space.Tenant.Files() {
			files = append(files, manifest.File{Path: space.Region + "/sync/" + space.Namespace + "/" + path, Data: data})
		}
		files = append(files, manifest.File{Path: space.Region + "/sync/" + space.Namespace + ".yaml", Data: space.Sync})
	}
	files = append(files, edgeFiles(t, c)...)
	files = append(files, bootstrapFiles(t, c, spaces)...)
	tree, err := manifest.NewTree(files)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// edgeFiles are what the edges read of the case's applications, below apps, in the regions that these are in.
func edgeFiles(t *testing.T, c *testCase) []manifest.File {
	t.Helper()
	claims := map[string][]manifest.Claim{}
	for _, name := range folders(t, filepath.Join(c.dir, "apps")) {
		result, err := c.result(filepath.Join(c.dir, "apps", name, "app.cue"))
		if err != nil {
			t.Fatal(err)
		}
		for _, claim := range result.Product().Claims() {
			claims[claim.Region] = append(claims[claim.Region], claim)
		}
	}
	var files []manifest.File
	for region, list := range claims {
		slices.SortFunc(list, manifest.Claim.Compare)
		edge, err := compiler.Edge(c.compiler.Platform().Region(region), list)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range edge {
			files = append(files, manifest.File{Path: region + "/edge/" + file.Path, Data: file.Data})
		}
	}
	return files
}

// bootstrapFiles are what the clusters are told, in the regions with spaces, where the platform names its repository.
func bootstrapFiles(t *testing.T, c *testCase, spaces []compiler.Space) []manifest.File {
	t.Helper()
	if c.compiler.Platform().Sync.Repository == "" {
		return nil
	}
	var files []manifest.File
	done := map[string]bool{}
	for _, space := range spaces {
		if done[space.Region] {
			continue
		}
		done[space.Region] = true
		b, list, err := c.compiler.Bootstrap(space.Region)
		if err != nil || len(list) > 0 {
			t.Fatal(list, err)
		}
		for path, data := range b.Files.Files() {
			files = append(files, manifest.File{Path: space.Region + "/bootstrap/" + path, Data: data})
		}
	}
	return files
}

// compare fails when a tree is not what a folder holds, or rewrites the folder.
func compare(t *testing.T, dir string, got manifest.Tree) {
	t.Helper()
	if *update {
		writeTree(t, dir, got)
	}
	if difference := golden.Compare(readTree(t, dir), got); len(difference) > 0 {
		t.Errorf("%s differs from what is compiled; if that is meant: go test ./golden -update\n%s\n%s", dir, difference.Unified(), difference.Summary())
	}
	if got.Len() == 0 {
		t.Error("nothing is compiled")
	}
}

func readTree(t *testing.T, dir string) manifest.Tree {
	t.Helper()
	var files []manifest.File
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, path)
		files = append(files, manifest.File{Path: path, Data: data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := manifest.NewTree(files)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func writeTree(t *testing.T, dir string, tree manifest.Tree) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for path, data := range tree.Files() {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// flatten writes a tree as one run of bytes.
func flatten(tree manifest.Tree) []byte {
	var b bytes.Buffer
	for path, data := range tree.Files() {
		fmt.Fprintf(&b, "%s %d\n%s", path, len(data), data)
	}
	return b.Bytes()
}

// folders returns the names of the folders in a folder, sorted; none when it does not exist.
func folders(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

func cueFiles(t *testing.T, dir string) []schema.Source {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.cue"))
	if err != nil {
		t.Fatal(err)
	}
	var sources []schema.Source
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, schema.Source{Name: strings.ReplaceAll(path, `\`, "/"), Data: data})
	}
	return sources
}
