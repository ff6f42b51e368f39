package publish_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/publish"
)

// TestOrder compares commits of a real repository: on one line, on two, past a clock that went wrong, and in a shallow
// clone.
func TestOrder(t *testing.T) {
	dir := history(t)
	commitAt := func(name, time string) string {
		t.Helper()
		write(t, dir, map[string]string{name: time})
		gitAt(t, dir, "add", "-A")
		cmd := exec.Command("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", time)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_COMMITTER_DATE="+time, "GIT_AUTHOR_DATE="+time, "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git commit: %v\n%s", err, out)
		}
		return gitAt(t, dir, "rev-parse", "HEAD")
	}
	first := commitAt("a", "2036-01-01T00:00:00Z")
	skewed := commitAt("a", "2035-01-01T00:00:00Z")
	third := commitAt("a", "2036-01-03T00:00:00Z")
	gitAt(t, dir, "checkout", "-q", "-b", "later", first)
	side := commitAt("b", "2036-01-02T00:00:00Z")
	gitAt(t, dir, "checkout", "-q", "main")
	gitAt(t, dir, "merge", "-q", "--no-ff", "-m", "merge", "later")
	merge := gitAt(t, dir, "rev-parse", "HEAD")
	shallow := t.TempDir()
	gitAt(t, dir, "clone", "-q", "--depth=1", "file://"+dir, shallow)

	tests := []struct {
		name, dir, published, now string
		want                      publish.Order
	}{
		{"the same", dir, third, third, publish.Newer},
		{"child", dir, first, skewed, publish.Newer},
		{"parent", dir, skewed, first, publish.Older},
		{"grandparent, past a wrong clock", dir, third, first, publish.Older},
		{"shortened", dir, first[:8], third[:8], publish.Newer},
		{"merged", dir, side, merge, publish.Newer},
		{"what was merged", dir, merge, side, publish.Older},
		{"far back", dir, "light", merge, publish.Newer},
		{"on two lines, earlier", dir, third, side, publish.Older},
		{"on two lines, later", dir, side, third, publish.Newer},
		{"no such commit", dir, strings.Repeat("1", 40), third, publish.OrderUnknown},
		{"no hash", dir, "r1234", third, publish.OrderUnknown},
		{"beyond a shallow clone", shallow, first, merge, publish.OrderUnknown},
		{"within a shallow clone", shallow, merge, merge, publish.Newer},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := open(t, test.dir).Order(context.Background(), test.published, test.now)
			if err != nil || got != test.want {
				t.Errorf("got %v, %v, want %v", got, err, test.want)
			}
		})
	}
	clone := open(t, shallow)
	when, ok, err := clone.CommitTime(context.Background(), merge)
	if err != nil || !ok || when.IsZero() {
		t.Errorf("time of the clone's head: %v %v %v", when, ok, err)
	}
	if _, ok, err := clone.CommitTime(context.Background(), first); ok || err != nil {
		t.Errorf("time of a commit that is not there: %v %v", ok, err)
	}
}
