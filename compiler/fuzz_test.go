package compiler

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yaml3 "gopkg.in/yaml.v3"
	yaml11 "sigs.k8s.io/yaml"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
)

// fuzzRegion is the region that the override of [FuzzOverride] is for.
const fuzzRegion = "aws-oregon"

// FuzzOverride holds what is true of an application whatever it and its override for a region say: it is no machine's
// failure; with a mistake nothing comes out, and the mistake can be shown; what comes out is the same each time, lies in the
// application's folder, and reads back alike by either version of YAML; and the override changes no other region.
func FuzzOverride(f *testing.F) {
	overrides := []string{"", "replicas: 3", "image: tag: \"2\"", "env: A: null", "http: null", "ports: web: 81", "autoscale: {min: 1, max: 2}", "config: \"/etc/a\": content: \"yes\"",
		"replicas: null", "health: startup: tcp: port: \"web\"", "env: \"\\(region.id)\": value: region.cloud", "labels: \"a/b\": \"on\"", "args: [\"~\", \"0x1\", \"1:2\"]", "patches: []", "name: \"b\"", "}\nreplicas: 5\nregions: \"aws-beijing\": {replicas: 2"}
	n := 0
	for _, pattern := range []string{"../golden/cases/*/app.cue", "../examples/*/app.cue", "../examples/*/*/app.cue"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(data), overrides[n%len(overrides)])
			n++
		}
	}
	for _, override := range overrides {
		f.Add(header[:strings.Index(header, ", only")]+"\nports: web: 80\n", override)
	}
	c := newCompiler(f)
	f.Fuzz(func(t *testing.T, base, override string) {
		plain := c.fuzzed(t, base)
		text := base + "\nregions: \"" + fuzzRegion + "\": {" + override + "\n}\n"
		overridden := c.fuzzed(t, text)
		if diff := cmp.Diff(overridden, c.fuzzed(t, text)); diff != "" {
			t.Errorf("compiled again it is another (-first +second):\n%s", diff)
		}
		if plain == nil || overridden == nil || !closed(override) {
			return
		}
		delete(plain, fuzzRegion)
		delete(overridden, fuzzRegion)
		if diff := cmp.Diff(plain, overridden); diff != "" {
			t.Errorf("an override for %s changes others (-without +with):\n%s", fuzzRegion, diff)
		}
	})
}

// closed reports whether an override stays within its braces, as far as counting them tells.
func closed(override string) bool {
	depth := 0
	for _, r := range override {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth < 0 {
			return false
		}
	}
	return !strings.ContainsAny(override, "\"'`#/\\")
}

// fuzzed compiles a text and returns the files of each region; nil with a mistake.
func (c *Compiler) fuzzed(t *testing.T, text string) map[string]map[string]string {
	t.Helper()
	app, list := c.schema.App(schema.Source{Name: "app.cue", Data: []byte(text)}, c.platform.Facts())
	if app == nil {
		return nil
	}
	beside := map[string][]byte{}
	for _, file := range app.Beside() {
		beside[file.Path] = []byte("x: 1\n")
	}
	result, found, err := c.Compile(app, beside)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text, "\n")
	for _, d := range found {
		if d.Message == "" || d.Hint == "" || d.Pos.Line < 0 || d.Pos.Line > len(lines) {
			t.Errorf("it cannot be shown: %s; hint %q", d, d.Hint)
		}
	}
	if diag.HasErrors(found) {
		if result.Outputs != nil {
			t.Error("something comes out in spite of a mistake")
		}
		return nil
	}
	if diag.HasErrors(list) {
		return nil
	}
	regions := map[string]map[string]string{}
	for _, output := range result.Outputs {
		regions[output.Region] = maps.Collect(texts(t, result, output))
	}
	return regions
}

var plainFile = regexp.MustCompile(`^[a-z0-9][-a-z0-9.]*\.yaml$`)

// texts yields an output's files, and holds each to what it must be.
func texts(t *testing.T, result *Result, output Output) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for name, data := range output.Files.Files() {
			if !plainFile.MatchString(name) || !filepath.IsLocal(AppFolder(output.Region, result.Namespace, result.App.Name)+"/"+name) {
				t.Errorf("a file is called %q", name)
			}
			var old, now any
			if err := yaml11.Unmarshal(data, &old); err != nil {
				t.Errorf("%s by YAML 1.1: %v\n%s", name, err, data)
			}
			if err := yaml3.Unmarshal(data, &now); err != nil {
				t.Errorf("%s by yaml.v3: %v\n%s", name, err, data)
			}
			if diff := cmp.Diff(old, numbers(now)); diff != "" {
				t.Errorf("%s is read in two ways (-YAML 1.1 +yaml.v3):\n%s\n%s", name, diff, data)
			}
			if object, ok := old.(map[string]any); !ok || object["kind"] == nil || object["metadata"].(map[string]any)["namespace"] != result.Namespace {
				t.Errorf("%s is no object of %s\n%s", name, result.Namespace, data)
			}
			if !yield(name, string(data)) {
				return
			}
		}
	}
}

// numbers has all numbers as JSON has them; yaml.v3 tells integers apart.
func numbers(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	}
	return v
}
