package editor

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/meridian-gitops/meridian/schema/export"
)

// checker says what CUE says of the application in dir/app; empty when it is right.
type checker func(t *testing.T, dir string) string

// TestLibrary holds what is vendored to CUE's library, as the cue command uses it.
func TestLibrary(t *testing.T) { testChecker(t, libraryVet) }

// TestCommand holds the same with the real command, which has no registry to ask (S20).
func TestCommand(t *testing.T) {
	bin := installedCUE(t)
	vet := func(t *testing.T, dir string) string {
		cmd := exec.Command(bin, "vet", "-c", "./...")
		cmd.Dir, cmd.Env = dir, offline()
		said, err := cmd.CombinedOutput()
		if (err == nil) != (len(said) == 0) {
			t.Errorf("cue vet: %v: %s", err, said)
		}
		return string(said)
	}
	testChecker(t, vet)
	t.Run("another region", func(t *testing.T) {
		dir := workspace(t, nil)
		said := run(t, dir, offline(), bin, "export", "--inject", "region=aws-oregon", "-e", "env.DB_HOST", "./app")
		if said != `"mysql.aws-oregon.mydomain.internal"` {
			t.Errorf("got %s", said)
		}
	})
	t.Run("tidy", func(t *testing.T) {
		dir := workspace(t, nil)
		run(t, dir, offline(), bin, "mod", "tidy", "--check")
		run(t, dir, offline(), bin, "fmt", "--check", "--files", filepath.Join("app", "app_schema.cue"), "cue.mod")
	})
	t.Run("exported", func(t *testing.T) {
		dir := t.TempDir()
		text := meridian(t, dir, "schema", "export")
		write(t, dir, map[string]string{"schema.cue": text, "good.yaml": "name: app1\nspace: web\nowner: team-web\nimage: {name: app1, tag: \"1.0\"}\n", "bad.yaml": "name: app1\nspace: web\nownr: team-web\nimage: {name: app1, tag: \"1.0\"}\n"})
		run(t, dir, offline(), bin, "vet", "-c", "-d", "#App", "schema.cue", "good.yaml")
		cmd := exec.Command(bin, "vet", "-c", "-d", "#App", "schema.cue", "bad.yaml")
		cmd.Dir, cmd.Env = dir, offline()
		if said, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(said), "./bad.yaml:3:1") {
			t.Errorf("%v: %s", err, said)
		}
	})
}

// testChecker vets what is right, in all its forms, and what has a mistake, which must be pointed at.
func testChecker(t *testing.T, vet checker) {
	dir := workspace(t, nil)
	path := filepath.Join(dir, "app", "app.cue")
	try := func(t *testing.T, text string) string {
		t.Helper()
		// Files beside app.cue keep their package's name.
		text = strings.Replace(text, "package "+packageOf(text), "package app", 1)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return vet(t, dir)
	}
	t.Run("right", func(t *testing.T) {
		if said := try(t, app); said != "" {
			t.Errorf("CUE says:\n%s", said)
		}
		apps := goldenApps(t)
		for _, file := range slices.Sorted(maps.Keys(apps)) {
			if said := try(t, apps[file]); said != "" {
				t.Errorf("%s: CUE says:\n%s", file, said)
			}
		}
	})
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			if said := try(t, mistaken(t, m.old, m.new)); !strings.Contains(said, m.where) {
				t.Errorf("%s is not pointed at:\n%s", m.where, said)
			}
		})
	}
}

func packageOf(text string) string {
	_, after, _ := strings.Cut(text, "\npackage ")
	if strings.HasPrefix(text, "package ") {
		after = text[len("package "):]
	}
	name, _, _ := strings.Cut(after, "\n")
	return name
}

// offline is an environment in which cue can ask no registry.
func offline() []string { return append(os.Environ(), "CUE_REGISTRY=none") }

// libraryVet builds the package as the command does, but without what finds modules and registries.
func libraryVet(t *testing.T, dir string) string {
	t.Helper()
	var builder *build.Context
	var read build.LoadFunc = func(_ token.Pos, path string) *build.Instance {
		if path != export.ImportPath {
			return nil // the standard library
		}
		return builtFrom(t, builder, filepath.Join(dir, "cue.mod", "pkg", filepath.FromSlash(path)))
	}
	builder = build.NewContext(build.Loader(read))
	instance := builtFrom(t, builder, filepath.Join(dir, "app"))
	err := error(instance.Err)
	if instance.Err == nil {
		err = cuecontext.New().BuildInstance(instance).Validate(cue.Concrete(true))
	}
	return errors.Details(err, &errors.Config{Cwd: dir})
}

func builtFrom(t *testing.T, builder *build.Context, folder string) *build.Instance {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.cue"))
	if err != nil {
		t.Fatal(err)
	}
	instance := builder.NewInstance(folder, nil)
	for _, name := range files {
		file, err := parser.ParseFile(name, nil, parser.ParseComments)
		if err == nil {
			err = instance.AddSyntax(file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := instance.Complete(); err != nil {
		instance.Err = errors.Promote(err, "build")
	}
	return instance
}
