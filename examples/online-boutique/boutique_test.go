// Package boutique holds Google's microservices demo as applications of one space, and compares them with the
// manifests they were written from.
package boutique

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/golden"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

const space = "boutique"

// example is one application of the folder examples.
type example struct {
	dir    string
	result *compiler.Result
	list   []diag.Diagnostic
}

// examples compiles every app.cue of the folder examples for the demo platform.
func examples(t *testing.T) []example {
	t.Helper()
	s, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	platform, list, err := regions.Load(s, nil)
	if err != nil || len(list) > 0 {
		t.Fatal(list, err)
	}
	c := compiler.New(s, platform)
	files, err := filepath.Glob("../*/app.cue")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := filepath.Glob("*/app.cue")
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	for _, file := range append(files, ours...) {
		all = append(all, compile(t, s, c, file))
	}
	return all
}

func compile(t *testing.T, s *schema.Schema, c *compiler.Compiler, file string) example {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(file)
	app, list := s.App(schema.Source{Name: file, Data: data}, c.Platform().Facts())
	if app == nil {
		t.Fatalf("%s: %v", file, list)
	}
	beside := map[string][]byte{}
	for _, wanted := range app.Beside() {
		if beside[wanted.Path], err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(wanted.Path))); err != nil {
			t.Fatal(err)
		}
	}
	result, found, err := c.Compile(app, beside)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return example{dir, result, append(list, found...)}
}

// services are the applications of the space, by name.
func services(t *testing.T) map[string]*compiler.Result {
	t.Helper()
	found := map[string]*compiler.Result{}
	for _, e := range examples(t) {
		if e.result.App.Space == space {
			found[e.result.App.Name] = e.result
		}
	}
	return found
}

func TestExamplesVetTogether(t *testing.T) {
	var interfaces []*compiler.Interface
	var list []diag.Diagnostic
	for _, e := range examples(t) {
		list = append(list, e.list...)
		interfaces = append(interfaces, e.result.Interface())
	}
	for _, d := range append(list, compiler.Together(interfaces, true)...) {
		t.Error(d)
	}
}

func TestExamplesGolden(t *testing.T) {
	for _, e := range examples(t) {
		t.Run(e.result.App.Name, func(t *testing.T) {
			var files []manifest.File
			for _, output := range e.result.Outputs {
				for path, data := range output.Files.Files() {
					files = append(files, manifest.File{Path: output.Region + "/" + path, Data: data})
				}
			}
			got, err := manifest.NewTree(files)
			if err != nil {
				t.Fatal(err)
			}
			if diff := golden.Compare(readTree(t, filepath.Join(e.dir, "golden")), got); len(diff) > 0 {
				t.Errorf("golden files differ; if it is meant: meridian test --update ./examples/...\n%s", diff.Unified())
			}
		})
	}
}

func readTree(t *testing.T, dir string) manifest.Tree {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var files []manifest.File
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, manifest.File{Path: filepath.ToSlash(rel), Data: data})
	}
	tree, err := manifest.NewTree(files)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestAddressesAreCalls holds the two places together in which a service names another: the address in its
// environment, with the number of a Service's port, and calls, with the port's name.
func TestAddressesAreCalls(t *testing.T) {
	address := regexp.MustCompile(`^([a-z-]+):([0-9]+)$`)
	all := services(t)
	for name, result := range all {
		t.Run(name, func(t *testing.T) {
			for _, plan := range result.Plans {
				want, got := map[string]string{}, map[string]string{}
				for _, source := range plan.Spec.Env {
					if source.Value == nil {
						continue
					}
					if m := address.FindStringSubmatch(*source.Value); m != nil && all[m[1]] != nil {
						want[m[1]] = m[2]
					}
				}
				for _, call := range plan.Spec.Calls {
					port := all[call.App].Plans[0].Spec.Ports[call.Port]
					got[call.App] = strconv.Itoa(int(port.ServicePort))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: addresses in env (-) differ from calls (+)\n%s", plan.Region.ID, diff)
				}
			}
		})
	}
}

// TestAgainstOriginals compares every service, in every open region, with the manifests it was written from, object by
// object and field by field, with Kubernetes' defaults filled in on both sides. What differs is exactly what
// [deviations] lists: one that is not listed fails, and one that is listed and does not occur fails too.
func TestAgainstOriginals(t *testing.T) {
	ours, originals := services(t), readOriginals(t)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(originals)), slices.Sorted(maps.Keys(ours))); diff != "" {
		t.Fatalf("services: original (-), ours (+)\n%s", diff)
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		for _, output := range ours[name].Outputs {
			t.Run(name+"/"+output.Region, func(t *testing.T) {
				want, got := listed(t, name), differences(t, name, originals[name], output.Objects)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("deviations: listed (-), found (+)\n%s", diff)
				}
			})
		}
	}
}

// listed returns the deviations of a service, by field.
func listed(t *testing.T, service string) map[string]values {
	t.Helper()
	fill := strings.NewReplacer("{app}", service).Replace
	list := map[string]values{}
	for _, d := range deviations() {
		if !d.concerns(service) {
			continue
		}
		for _, field := range d.fields {
			field = fill(field)
			if _, twice := list[field]; twice {
				t.Errorf("%s of %s is listed twice", field, service)
			}
			list[field] = values{fill(d.original), fill(d.ours)}
		}
	}
	return list
}

func TestDeviationsHaveReasons(t *testing.T) {
	names := slices.Collect(maps.Keys(services(t)))
	for _, d := range deviations() {
		if d.why == "" || len(d.fields) == 0 || !slices.ContainsFunc(names, d.concerns) {
			t.Errorf("the deviation in %v has no reason, or concerns no service", d.fields)
		}
		for _, name := range append(d.only, d.except...) {
			if !slices.Contains(names, name) {
				t.Errorf("the deviation in %v names %s, which does not exist", d.fields, name)
			}
		}
	}
}
