package checkers

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/test/cluster"
	"github.com/meridian-gitops/meridian/test/pinned"
)

func kubescore() pinned.Program {
	return pinned.Program{Name: "kube-score", Package: "github.com/zegl/kube-score/cmd/kube-score", Version: "v1.20.0"}
}

// TestKubeScore holds every folder to kube-score, with its optional checks of seccomp and of ports.
func TestKubeScore(t *testing.T) {
	tool := install(t, kubescore())
	var findings []finding
	list := distinct(trees(t))
	for _, tree := range list {
		findings = append(findings, score(t, tool, tree)...)
	}
	judge(t, findings, kubescoreReasons())
	t.Attr("cases", fmt.Sprint(len(list)))
}

// TestKubeScoreFinds holds that what kube-score is there for is found, and no reason excuses it.
func TestKubeScoreFinds(t *testing.T) {
	tool := install(t, kubescore())
	deployment := string(anyDeployment(t))
	for _, test := range []struct{ old, new, check string }{
		{"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "container-security-context-readonlyrootfilesystem"},
		{"seccompProfile:", "seccompProfiles:", "container-seccomp-profile"},
		{"memory: 128Mi", "memories: 128Mi", "container-resources"},
	} {
		changed := strings.ReplaceAll(deployment, test.old, test.new)
		if changed == deployment {
			t.Fatalf("%q is not there:\n%s", test.old, deployment)
		}
		files, err := manifest.NewTree([]manifest.File{{Path: "a.yaml", Data: []byte(changed)}})
		if err != nil {
			t.Fatal(err)
		}
		if !unexcused(score(t, tool, tree{minor: cluster.Minors[0], files: files}), kubescoreReasons(), test.check) {
			t.Errorf("%s: %s is not found", test.new, test.check)
		}
	}
}

// score runs kube-score over a tree and returns what is not graded as good.
func score(t *testing.T, tool string, tree tree) []finding {
	t.Helper()
	folder := t.TempDir()
	args := []string{"score", "--output-format", "json", "--kubernetes-version", "v" + tree.minor.Name,
		"--enable-optional-test", "container-seccomp-profile", "--enable-optional-test", "container-ports-check"}
	output := run(t, folder, tool, append(args, lay(t, folder, tree)...)...)
	var objects []struct {
		Type struct {
			Kind string `json:"kind"`
		} `json:"type_meta"`
		Checks []struct {
			Check    struct{ ID string }
			Grade    int
			Skipped  bool
			Comments []struct{ Path, Summary string }
		}
	}
	if err := json.Unmarshal(output, &objects); err != nil {
		t.Fatalf("%s: %v\n%s", tree.from, err, output)
	}
	const good = 10
	var findings []finding
	for _, o := range objects {
		for _, check := range o.Checks {
			if check.Skipped || check.Grade >= good {
				continue
			}
			for _, comment := range check.Comments {
				detail := strings.TrimPrefix(comment.Path+": "+comment.Summary, ": ")
				findings = append(findings, finding{check.Check.ID, o.Type.Kind, detail, tree})
			}
			if len(check.Comments) == 0 {
				findings = append(findings, finding{check.Check.ID, o.Type.Kind, "no comment", tree})
			}
		}
	}
	return findings
}
