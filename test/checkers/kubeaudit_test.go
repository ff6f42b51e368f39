package checkers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/meridian-gitops/meridian/test/pinned"
)

func kubeaudit() pinned.Program {
	return pinned.Program{Name: "kubeaudit", Package: "github.com/Shopify/kubeaudit/cmd", Module: "github.com/Shopify/kubeaudit", Version: "v0.22.2"}
}

// TestKubeaudit holds every object to all auditors of kubeaudit. They look at a namespace and its policies together, so
// everything is given at once.
func TestKubeaudit(t *testing.T) {
	tool := install(t, kubeaudit())
	list := distinct(trees(t))
	var stream bytes.Buffer
	for _, tree := range list {
		for name, data := range tree.files.Files() {
			object, err := yaml.YAMLToJSON(data)
			if err != nil {
				t.Fatalf("%s: %s: %v", tree.from, name, err)
			}
			// It parts documents at three dashes wherever they stand: those in a text are written by their number.
			stream.Write(bytes.ReplaceAll(object, []byte("---"), []byte(`--\u002d`)))
			stream.WriteString("\n---\n")
		}
	}
	judge(t, audit(t, tool, stream.Bytes()), kubeauditReasons(list))
	t.Attr("cases", fmt.Sprint(len(list)))
}

// TestKubeauditFinds holds that what kubeaudit is there for is found, and no reason excuses it.
func TestKubeauditFinds(t *testing.T) {
	tool := install(t, kubeaudit())
	deployment := string(anyDeployment(t))
	for _, test := range []struct{ old, new, check string }{
		{"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "AllowPrivilegeEscalationTrue"},
		{"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "ReadOnlyRootFilesystemFalse"},
		{"type: RuntimeDefault", "type: Unconfined", "SeccompDisabledPod"},
		{"enableServiceLinks: false", "hostNetwork: true", "NamespaceHostNetworkTrue"},
	} {
		changed := strings.Replace(deployment, test.old, test.new, 1)
		if changed == deployment {
			t.Fatalf("%q is not there:\n%s", test.old, deployment)
		}
		if findings := audit(t, tool, []byte(changed)); !unexcused(findings, kubeauditReasons(nil), test.check) {
			t.Errorf("%s: %s is not found: %v", test.new, test.check, findings)
		}
	}
}

// audit runs kubeaudit over a stream of objects.
func audit(t *testing.T, tool string, stream []byte) []finding {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "all.yaml"), stream, 0o644); err != nil {
		t.Fatal(err)
	}
	var findings []finding
	for line := range strings.Lines(string(run(t, folder, tool, "all", "-f", "all.yaml", "-p", "json"))) {
		var result struct{ AuditResultName, Container, ResourceKind, ResourceName, ResourceNamespace, Msg string }
		if err := json.Unmarshal([]byte(line), &result); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		detail := strings.TrimPrefix(result.Container+": "+result.Msg, ": ")
		findings = append(findings, finding{result.AuditResultName, result.ResourceKind, detail, tree{from: result.ResourceNamespace + "/" + result.ResourceName}})
	}
	return findings
}
