package publish

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// holdLock has another process of this test take a branch's lock and go no further.
func (r *repo) holdLock() *exec.Cmd {
	r.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHoldLock$")
	cmd.Env = append(os.Environ(), "MERIDIAN_TEST_HOLD="+r.dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		r.t.Fatalf("the other process says %q (%v)", line, err)
	}
	return cmd
}

// TestHoldLock is the other process.
func TestHoldLock(t *testing.T) {
	dir := os.Getenv("MERIDIAN_TEST_HOLD")
	if dir == "" {
		t.Skip("is run by TestLockOfTheDead")
	}
	if _, err := takeLock(t.Context(), dir, plumbing.NewBranchReferenceName("main"), plumbing.ZeroHash); err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("held\n")
	time.Sleep(time.Minute)
}

// TestLockOfTheDead kills a publisher that holds a branch's lock. While it lives, the lock is its own; a publisher that
// comes later removes it, and git can go on then.
func TestLockOfTheDead(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	holder := r.holdLock()
	o := r.options()
	o.Timeout = 2 * time.Second
	if _, _, err := Apps(context.Background(), o, []App{testApp(t, "myorg-web", "app1", "r1")}); err == nil || r.commits() != 1 {
		t.Errorf("published past a lock that is held: error %v, %d commits", err, r.commits())
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait()
	r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1"))
	r.commit(map[string]string{"README.md": "git goes on\n"})
	if r.commits() != 3 {
		t.Errorf("%d commits, want 3", r.commits())
	}
	if left, _ := filepath.Glob(filepath.Join(r.dir, "meridian", "*", "*")); len(left) > 0 {
		t.Errorf("left behind: %s", left)
	}
	r.fsck()
}
