package checkers

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/test/cluster"
	"github.com/meridian-gitops/meridian/test/kubeschemas"
	"github.com/meridian-gitops/meridian/test/pinned"
)

func kubeconform() pinned.Program {
	return pinned.Program{Name: "kubeconform", Package: "github.com/yannh/kubeconform/cmd/kubeconform", Version: "v0.8.0"}
}

// TestKubeconform holds every object to the JSON schema of its kind in the region's version of Kubernetes, closed, and those of
// Flux and Argo CD to their definitions. There is no table: nothing is found.
func TestKubeconform(t *testing.T) {
	tool := install(t, kubeconform())
	custom := customSchemas(t)
	byMinor := map[cluster.Minor][]tree{}
	for _, tree := range distinct(trees(t)) {
		byMinor[tree.minor] = append(byMinor[tree.minor], tree)
	}
	objects := 0
	for minor, list := range byMinor {
		valid, findings := conform(t, tool, custom, minor, list)
		objects += valid
		judge(t, findings, nil)
	}
	if objects < 1500 {
		t.Errorf("only %d objects", objects)
	}
	t.Attr("cases", fmt.Sprint(objects))
}

// TestKubeconformFinds holds that an unknown field, a wrong type and a kind without a schema are found, in Kubernetes' own
// kinds and in Flux'.
func TestKubeconformFinds(t *testing.T) {
	tool := install(t, kubeconform())
	deployment := string(anyDeployment(t))
	const kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec: {interval: 1m, prune: true, sourceRef: {kind: GitRepository, name: a}"
	for _, test := range []struct {
		name, text string
		found      bool
	}{
		{"right", deployment, false},
		{"an unknown field", strings.Replace(deployment, "revisionHistoryLimit:", "revisionHistoryLimits:", 1), true},
		{"a wrong type", strings.Replace(deployment, "revisionHistoryLimit: 5", "revisionHistoryLimit: five", 1), true},
		{"right, of Flux", kustomization + "}\n", false},
		{"an unknown field of Flux", kustomization + ", pruned: true}\n", true},
		{"an unknown kind", "apiVersion: example.com/v1\nkind: Unknown\nmetadata: {name: a}\n", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			files, err := manifest.NewTree([]manifest.File{{Path: "a.yaml", Data: []byte(test.text)}})
			if err != nil {
				t.Fatal(err)
			}
			minor := cluster.Minors[0]
			if _, findings := conform(t, tool, customSchemas(t), minor, []tree{{minor: minor, files: files}}); (len(findings) > 0) != test.found {
				t.Errorf("%v", findings)
			}
		})
	}
}

// customSchemas are those of the controllers' kinds that bootstrap and sync write.
func customSchemas(t *testing.T) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "golden", "testdata", "crds", "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatal("there are no definitions", err)
	}
	var definitions [][]byte
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		definitions = append(definitions, data)
	}
	folder := filepath.Join(t.TempDir(), "custom")
	if err := kubeschemas.Custom(folder, definitions...); err != nil {
		t.Fatal(err)
	}
	return folder
}

// conform runs kubeconform over the trees of one version. It returns how many objects are right, and what is not.
func conform(t *testing.T, tool, custom string, minor cluster.Minor, list []tree) (valid int, findings []finding) {
	t.Helper()
	schemas, err := kubeschemas.Of(t.Context(), minor.Release)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for i, tree := range list {
		lay(t, filepath.Join(folder, fmt.Sprint(i)), tree)
	}
	output := run(t, folder, tool, "-strict", "-verbose", "-output", "json",
		"-schema-location", kubeschemas.Location(schemas), "-schema-location", kubeschemas.Location(custom), ".")
	var report struct {
		Resources []struct{ Filename, Kind, Name, Status, Msg string }
	}
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, r := range report.Resources {
		if r.Status == "statusValid" {
			valid++
			continue
		}
		number, _, _ := strings.Cut(filepath.ToSlash(r.Filename), "/")
		i, err := strconv.Atoi(number)
		if err != nil || i >= len(list) {
			t.Fatalf("kubeconform read %s", r.Filename)
		}
		findings = append(findings, finding{r.Status, r.Kind, r.Name + ": " + r.Msg, list[i]})
	}
	return valid, findings
}
