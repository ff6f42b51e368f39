package publishing

import (
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(RunTests(m)) }

// TestPublish publishes a platform and its applications over https, as the suites do.
func TestPublish(t *testing.T) {
	s := NewServer(t)
	for _, partial := range []bool{false, true} {
		r := s.NewRepo(map[bool]string{false: "whole.git", true: "partial.git"}[partial], partial)
		w := NewWorkspace(t, 3)
		w.Publish(s, r, "--spaces")
		w.Publish(s, r, "./...")
		w.Write(1, "second")
		w.Publish(s, r, AppName(1))
		if n := len(r.Commits()); n != 3 {
			t.Errorf("%d commits, want 3", n)
		}
		for _, region := range Regions() {
			folder := "regions/" + region + "/spaces/myorg-" + AppSpace(1) + "/apps/" + AppName(1)
			if out := r.Git("grep", "-c", "second", "main", "--", folder); !strings.Contains(out, "deployment.yaml:") {
				t.Errorf("%s: %s", folder, out)
			}
		}
		if out, err := w.Command(t.Context(), s, r, "verify").CombinedOutput(); err != nil {
			t.Errorf("verify: %v\n%s", err, out)
		}
		r.Check()
	}
}
