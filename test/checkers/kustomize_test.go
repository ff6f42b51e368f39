package checkers

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/meridian-gitops/meridian/manifest"
)

// TestKustomize holds that Flux can build every folder that it syncs: kustomize-controller writes a kustomization.yaml
// that lists the YAML files of the folder and below, runs kustomize, and applies what comes out. It must be what went in.
func TestKustomize(t *testing.T) {
	folders := syncedFolders(t)
	objects, together := 0, 0
	for _, folder := range folders {
		want, got, err := throughKustomize(folder)
		if err != nil {
			t.Errorf("%s: %v", folder.from, err)
			continue
		}
		objects += len(got)
		together = max(together, deployments(got))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-in +out):\n%s", folder.from, diff)
		}
	}
	if objects < 700 {
		t.Errorf("only %d objects in %d folders", objects, len(folders))
	}
	if together < 12 {
		t.Errorf("only %d applications of a space are built together; the boutique has twelve", together)
	}
	t.Attr("cases", fmt.Sprint(len(folders)))
	t.Logf("%d objects in %d folders, up to %d applications in one", objects, len(folders), together)
}

func deployments(objects map[string]any) int {
	n := 0
	for name := range objects {
		if strings.HasPrefix(name, "apps/v1 Deployment ") {
			n++
		}
	}
	return n
}

// syncedFolders are what is synced as one: a space with its applications, the sync folder, the edge's, each file at its
// place in the repository. A golden case is a space of its own; of the random applications those have to wait for another
// build whose name is taken.
func syncedFolders(t *testing.T) []tree {
	t.Helper()
	byPlace := map[string]tree{}
	for _, next := range trees(t) {
		if next.folder == "bootstrap" {
			continue // applied by hand
		}
		place := placeOf(next)
		for n := 0; ; n++ {
			joined, err := join(byPlace[fmt.Sprint(place, n)], next)
			if err == nil {
				byPlace[fmt.Sprint(place, n)] = joined
				break
			}
			if !errors.Is(err, errTwice) {
				t.Fatal(err)
			}
		}
	}
	var list []tree
	for _, place := range slices.Sorted(maps.Keys(byPlace)) {
		list = append(list, byPlace[place])
	}
	return distinct(list)
}

// placeOf is what a tree is synced with: examples and random trees with those of the same region and space.
func placeOf(t tree) string {
	source, region, isIn := strings.Cut(t.from, " in ")
	if !isIn {
		return t.from
	}
	source, _, _ = strings.Cut(source, " ")
	parts := strings.SplitN(t.folder, "/", 3)
	return source + " " + region + " " + strings.Join(parts[:min(2, len(parts))], "/")
}

var errTwice = errors.New("the application is there")

// join puts a tree's files below those that are there, each at its place in the repository.
func join(whole, next tree) (tree, error) {
	var files []manifest.File
	for name, data := range whole.files.Files() {
		files = append(files, manifest.File{Path: name, Data: data})
		if strings.HasPrefix(name, next.folder+"/") {
			return whole, errTwice
		}
	}
	for name, data := range next.files.Files() {
		files = append(files, manifest.File{Path: next.folder + "/" + name, Data: data})
	}
	all, err := manifest.NewTree(files)
	from := next.from
	if whole.from != "" {
		from = whole.from + ", " + next.from
	}
	return tree{from, next.folder, next.minor, all, nil}, err
}

// throughKustomize returns the objects of a folder, by kind, namespace and name, before and after.
func throughKustomize(folder tree) (want, got map[string]any, err error) {
	disk := filesys.MakeFsInMemory()
	kustomization := types.Kustomization{TypeMeta: types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind}}
	want = map[string]any{}
	for name, data := range folder.files.Files() {
		if err := disk.WriteFile(path.Join("/", name), data); err != nil {
			return nil, nil, err
		}
		kustomization.Resources = append(kustomization.Resources, name)
		if err := addObjects(want, data); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	data, err := json.Marshal(kustomization)
	if err != nil {
		return nil, nil, err
	}
	if err := disk.WriteFile("/kustomization.yaml", data); err != nil {
		return nil, nil, err
	}
	options := krusty.MakeDefaultOptions() // Flux': no plugins, files from anywhere below
	options.LoadRestrictions = types.LoadRestrictionsNone
	built, err := krusty.MakeKustomizer(options).Run(disk, "/")
	if err != nil {
		return nil, nil, err
	}
	output, err := built.AsYaml()
	if err != nil {
		return nil, nil, err
	}
	got = map[string]any{}
	return want, got, addObjects(got, output)
}

// addObjects adds the objects of a YAML stream. None may be there twice.
func addObjects(byName map[string]any, stream []byte) error {
	for _, document := range strings.Split("\n"+string(stream), "\n---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		var object map[string]any
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			return err
		}
		metadata, _ := object["metadata"].(map[string]any)
		key := fmt.Sprint(object["apiVersion"], " ", object["kind"], " ", metadata["namespace"], "/", metadata["name"])
		if byName[key] != nil {
			return fmt.Errorf("%s is there twice", key)
		}
		byName[key] = object
	}
	return nil
}

// TestKustomizeFinds holds that the check above sees what kustomize cannot carry, or carries wrongly.
func TestKustomizeFinds(t *testing.T) {
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: b\n"
	for _, test := range []struct {
		name, text string
		right      bool
	}{
		{"right", head + "data:\n  \"1e3\": \"007\"\n  text: |\n    a\n    ---\n", true},
		{"a key that is no string", head + "  annotations:\n    \"1e3\": a\n", false},
		{"DEL", head + "data:\n  a: \"\\x7F\"\n", false},
		{"a non-character", head + "data:\n  a: \"\\uFFFE\"\n", false},
		{"the next line", head + "data:\n  a: \"a\\u0085b\"\n", false},
		{"an annotation of kustomize's own", head + "  annotations:\n    internal.config.kubernetes.io/index: \"1\"\n", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			files, err := manifest.NewTree([]manifest.File{{Path: "a.yaml", Data: []byte(test.text)}})
			if err != nil {
				t.Fatal(err)
			}
			want, got, err := throughKustomize(tree{files: files})
			if right := err == nil && cmp.Equal(want, got); right != test.right {
				t.Errorf("right: %t, %v\n%s", right, err, cmp.Diff(want, got))
			}
		})
	}
}
