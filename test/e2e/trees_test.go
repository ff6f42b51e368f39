package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// object is a manifest and where it comes from.
type object struct {
	from string
	data []byte
	*unstructured.Unstructured
}

func read(from string, data []byte) (object, error) {
	o := object{from, data, &unstructured.Unstructured{}}
	if err := yaml.Unmarshal(data, &o.Object); err != nil {
		return o, fmt.Errorf("%s: %w", from, err)
	}
	return o, nil
}

// goldenObjects are all objects of the golden trees, which the tests of package golden hold to what is compiled.
func goldenObjects(t *testing.T) []object {
	t.Helper()
	var list []object
	for _, pattern := range []string{"cases/*/golden/*/*.yaml", "platforms/*/golden/*"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "golden", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: nothing found: %v", pattern, err)
		}
		for _, path := range found {
			list = append(list, objectsBelow(t, path)...)
		}
	}
	return list
}

// objectsBelow reads a file, or all YAML files of a folder.
func objectsBelow(t *testing.T, root string) []object {
	t.Helper()
	var list []object
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		o, err := read(path, data)
		list = append(list, o)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// exampleObjects are the objects of every example, in every region.
func exampleObjects(t *testing.T) []object {
	t.Helper()
	var list []object
	for _, pattern := range []string{"*/app.cue", "*/*/app.cue"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "examples", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: nothing found: %v", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, compile(t, demo(t), file, data, func(path string) ([]byte, error) {
				return os.ReadFile(filepath.Join(filepath.Dir(file), filepath.FromSlash(path)))
			})...)
		}
	}
	return list
}

// shared is the schema, compiled once.
var shared = sync.OnceValues(schema.New)

// demo compiles for the embedded platform.
func demo(t *testing.T) *compiler.Compiler { return compilerFor(t, nil) }

// compilerFor compiles for a platform.
func compilerFor(t *testing.T, platform []schema.Source) *compiler.Compiler {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	p, list, err := regions.Load(s, platform)
	if err != nil || len(list) > 0 {
		t.Fatal(list, err)
	}
	return compiler.New(s, p)
}

// compile compiles one application for all of its regions.
func compile(t *testing.T, c *compiler.Compiler, file string, data []byte, beside func(path string) ([]byte, error)) []object {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	app, list := s.App(schema.Source{Name: file, Data: data}, c.Platform().Facts())
	if app == nil {
		t.Fatalf("%s: %v", file, list)
	}
	files := map[string][]byte{}
	for _, wanted := range app.Beside() {
		if files[wanted.Path], err = beside(wanted.Path); err != nil {
			t.Fatal(err)
		}
	}
	result, found, err := c.Compile(app, files)
	if err != nil || len(result.Outputs) == 0 {
		t.Fatalf("%s: %v %v", file, append(list, found...), err)
	}
	var objects []object
	for _, output := range result.Outputs {
		for path, data := range output.Files.Files() {
			o, err := read(output.Region+" "+file+" "+path, data)
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, o)
		}
	}
	return objects
}

// distinct leaves out objects that are the same as one before: most regions' are.
func distinct(list []object) []object {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(list), func(o object) bool {
		key := string(bytes.TrimSpace(o.data))
		defer func() { seen[key] = true }()
		return seen[key]
	})
}
