package golden_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/meridian-gitops/meridian/test/kubeschemas"
)

// TestSyncKinds holds what is written for Flux and Argo CD to their own definitions: every object of their kinds in the
// golden trees must be valid, and a field that the definition does not have is a mistake, though a cluster would drop it.
func TestSyncKinds(t *testing.T) {
	definitions := syncDefinitions(t)
	var seen []string
	for _, path := range glob(t, "platforms/*/golden/*/bootstrap/*.yaml", "platforms/*/golden/*/sync/*.yaml", "platforms/*/golden/*/sync/*/*.yaml") {
		object := readYAML(t, path)
		kind := kindOf(object)
		if definition, ok := definitions[kind]; ok {
			seen = append(seen, kind)
			if err := definition.Validate(object); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		} else if strings.Contains(kind, "fluxcd") || strings.Contains(kind, "argoproj") {
			t.Errorf("%s: there is no definition of %s", path, kind)
		}
	}
	slices.Sort(seen)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(definitions)), slices.Compact(seen)); diff != "" {
		t.Errorf("kinds that are defined and not written (-), or the reverse (+):\n%s", diff)
	}
}

// TestSyncKindsStrict holds that the check above finds mistakes.
func TestSyncKindsStrict(t *testing.T) {
	definitions := syncDefinitions(t)
	const path = "platforms/sync-mirror/golden/aws-oregon/sync/myorg-web.yaml"
	for _, test := range []struct {
		name   string
		change func(object map[string]any)
	}{
		{"unknown field of the spec", func(object map[string]any) { object["spec"].(map[string]any)["pruned"] = true }},
		{"unknown field further down", func(object map[string]any) {
			object["spec"].(map[string]any)["sourceRef"].(map[string]any)["branch"] = "main"
		}},
		{"unknown field at the top", func(object map[string]any) { object["specs"] = map[string]any{} }},
		{"no required field", func(object map[string]any) { delete(object["spec"].(map[string]any), "interval") }},
		{"value that is none of those admitted", func(object map[string]any) { object["spec"].(map[string]any)["deletionPolicy"] = "Keep" }},
		{"wrong form", func(object map[string]any) { object["spec"].(map[string]any)["timeout"] = "3 minutes" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			object := readYAML(t, path)
			test.change(object)
			if definitions[kindOf(object)].Validate(object) == nil {
				t.Error("it is not found")
			}
		})
	}
}

// TestSyncRights holds the rights of a space's account to what lies in folders that it applies: every kind there, and
// no other that it may write.
func TestSyncRights(t *testing.T) {
	applied := map[string]bool{}
	for _, path := range glob(t, "cases/*/golden/*/*.yaml", "platforms/*/golden/*/spaces/*/space/*.yaml") {
		object := readYAML(t, path)
		group, _, found := strings.Cut(object["apiVersion"].(string), "/")
		if !found {
			group = ""
		}
		plural := strings.ToLower(object["kind"].(string)) + "s"
		plural = strings.NewReplacer("sss", "sses", "policys", "policies").Replace(plural)
		applied[group+"/"+plural] = true
	}
	const path = "platforms/sync-mirror/golden/aws-oregon/sync/myorg-web/role-sync.yaml"
	writable := map[string]bool{}
	for _, rule := range readYAML(t, path)["rules"].([]any) {
		rule := rule.(map[string]any)
		if !slices.Contains(rule["verbs"].([]any), any("create")) {
			continue
		}
		for _, resource := range rule["resources"].([]any) {
			writable[rule["apiGroups"].([]any)[0].(string)+"/"+resource.(string)] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(applied)), slices.Sorted(maps.Keys(writable))); diff != "" {
		t.Errorf("kinds that are applied and not allowed (-), or the reverse (+):\n%s", diff)
	}
}

// syncDefinitions are the controllers' definitions, by apiVersion and kind.
func syncDefinitions(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	definitions := map[string]*jsonschema.Schema{}
	for _, path := range glob(t, "testdata/crds/*.yaml") {
		spec := readYAML(t, path)["spec"].(map[string]any)
		group, kind := spec["group"].(string), spec["names"].(map[string]any)["kind"].(string)
		for _, version := range spec["versions"].([]any) {
			version := version.(map[string]any)
			name := version["name"].(string)
			if !version["served"].(bool) || !version["storage"].(bool) {
				continue
			}
			schema := version["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)
			schema["properties"].(map[string]any)["metadata"] = map[string]any{"type": "object", "required": []any{"name", "namespace"}}
			kubeschemas.Close(schema)
			c := jsonschema.NewCompiler()
			c.DefaultDraft(jsonschema.Draft7)
			if err := c.AddResource("file:///"+path, schema); err != nil {
				t.Fatal(err)
			}
			compiled, err := c.Compile("file:///" + path)
			if err != nil {
				t.Fatal(err)
			}
			definitions[group+"/"+name+" "+kind] = compiled
		}
	}
	return definitions
}

func glob(t *testing.T, patterns ...string) []string {
	t.Helper()
	var paths []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: nothing found: %v", pattern, err)
		}
		paths = append(paths, found...)
	}
	return paths
}

func readYAML(t *testing.T, path string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := yaml.Unmarshal(data, &object); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return object
}

func kindOf(object map[string]any) string {
	return object["apiVersion"].(string) + " " + object["kind"].(string)
}
