package publish

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

// TestMoveRefExcludes moves a branch from many goroutines at once: each value is left once only.
func TestMoveRefExcludes(t *testing.T) {
	repo := filepath.Join(t.TempDir(), "fleet.git")
	ref := plumbing.NewBranchReferenceName("main")
	if err := initBare(repo, ref); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	left := map[plumbing.Hash]int{}
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for n := range 60 {
				from, err := readRef(repo, ref)
				if err != nil {
					t.Error(err)
					return
				}
				to := plumbing.ComputeHash(plumbing.BlobObject, fmt.Append(nil, worker, " ", n))
				var retry *retryError
				switch err := moveRef(context.Background(), repo, ref, from, to); {
				case err == nil:
					mu.Lock()
					left[from]++
					mu.Unlock()
				case !errors.As(err, &retry):
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for from, n := range left {
		if n > 1 {
			t.Errorf("%d moves from %s succeeded", n, from)
		}
	}
}
