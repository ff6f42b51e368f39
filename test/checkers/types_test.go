package checkers

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/meridian-gitops/meridian/test/cluster"
)

// TestTypes holds that the controllers' own types decode what syncs a region, with no field that they do not know, and
// lose nothing of it (S20).
func TestTypes(t *testing.T) {
	if os.Getenv(asked) == "" {
		t.Skipf("set %s=1 to run a program of Argo CD's and Flux' types", asked)
	}
	if Types().Missing() {
		t.Skip("not built: go run ./test/checkers/install")
	}
	file, err := Types().Install(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	documents := syncing(t)
	cmd := exec.CommandContext(t.Context(), file)
	cmd.Stdin = bytes.NewReader(bytes.Join(documents, []byte("\n---\n")))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	t.Logf("%s", output)
	for _, kind := range []string{"Application", "AppProject", "Kustomization", "GitRepository", "ArtifactGenerator"} {
		if !slices.ContainsFunc(strings.Split(string(output), "\n"), func(line string) bool { return strings.HasSuffix(line, " "+kind) }) {
			t.Errorf("no %s was decoded", kind)
		}
	}
}

// syncing are the objects that a controller reads which syncs.
func syncing(t *testing.T) [][]byte {
	t.Helper()
	var list [][]byte
	for _, tree := range trees(t) {
		for path, data := range tree.files.Files() {
			for _, document := range cluster.Documents(data) {
				var object struct{ APIVersion string }
				if err := yaml.Unmarshal(document, &object); err != nil {
					t.Fatalf("%s %s: %v", tree.from, path, err)
				}
				if group, _, _ := strings.Cut(object.APIVersion, "/"); group == "argoproj.io" || strings.HasSuffix(group, ".fluxcd.io") {
					list = append(list, document)
				}
			}
		}
	}
	return list
}
