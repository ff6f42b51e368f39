package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// published is what a publisher was told.
type published struct {
	result Result
	said   string
}

// chain is that of the repository's branch in its cache.
func (r *repo) chain() *chain {
	dir := r.cached()
	c := &repoCache{dir: dir, store: &cacheStore{dir: dir}, patience: time.Minute}
	made, err := newChain(r.t.Context(), c, "refs/heads/main", r.options())
	if err != nil {
		r.t.Fatal(err)
	}
	return made
}

// TestChainOfCredentials holds that nobody pushes what others have made with other credentials.
func TestChainOfCredentials(t *testing.T) {
	r := newHTTPRepo(t, true)
	r.cache = filepath.Join(t.TempDir(), "cache")
	r.seed("r1")
	dir := r.cached()
	c := &repoCache{dir: dir, store: &cacheStore{dir: dir}, patience: time.Minute}
	keys := map[string]bool{}
	for _, auth := range []Auth{{user, token}, {user, "another"}, {"another", token}, {user, token}} {
		o := r.options()
		o.Auth = auth
		made, err := newChain(t.Context(), c, "refs/heads/main", o)
		if err != nil {
			t.Fatal(err)
		}
		keys[made.key] = true
		if strings.Contains(made.key, token) {
			t.Errorf("the token is in %s", made.key)
		}
	}
	if len(keys) != 3 {
		t.Errorf("%d chains for three credentials", len(keys))
	}
}

// await waits until so many commits are on their way.
func (c *chain) await(t *testing.T, n int) {
	t.Helper()
	for begin := time.Now(); len(c.read().Links) != n; time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatalf("%d commits on their way, want %d", len(c.read().Links), n)
		}
	}
}

// together has publishers of app0, app1 … make their commits while nobody may push, calls before, and lets them push.
func (r *repo) together(n int, before func()) []published {
	r.t.Helper()
	chain := r.chain()
	release, err := chain.pushLock(context.Background(), time.Minute)
	if err != nil {
		r.t.Fatal(err)
	}
	list := make([]published, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { list[i] = r.attempt(context.Background(), r.options(), fmt.Sprintf("app%d", i)) })
	}
	t := r.t.(*testing.T)
	chain.await(t, n)
	before()
	release()
	all.Wait()
	return list
}

func (r *repo) attempt(ctx context.Context, o Options, name string) published {
	o.Author.Name = "Publisher of " + name
	result, diags, err := Apps(ctx, o, []App{withVersion(r.t, name, 1)})
	said := errorText(err)
	for _, d := range diags {
		said += d.String()
	}
	return published{result, strings.ReplaceAll(said, r.url, "URL")}
}

// newSharedRepo has a cache that publishers share, and a commit that was made through it.
func newSharedRepo(t *testing.T) *repo {
	t.Helper()
	r := newCachedRepo(t)
	r.network.Silence = 2 * time.Minute // so that a slow machine is no stopped one
	r.publish(r.options(), withVersion(t, "first", 1))
	return r
}

// authors counts the authors of the latest commits.
func (r *repo) authors(n int) map[string]int {
	r.t.Helper()
	count := map[string]int{}
	for line := range strings.Lines(r.git("log", fmt.Sprintf("-%d", n), "--format=%an", "main")) {
		count[strings.TrimSpace(line)]++
	}
	return count
}

// TestCombine has publishers share a push, and keep commits of their own; nothing and nobody stops them from landing
// once each.
func TestCombine(t *testing.T) {
	const n = 5
	want := map[string]int{}
	for i := range n {
		want[fmt.Sprintf("Publisher of app%d", i)] = 1
	}
	tests := []struct {
		name   string
		before func(r *repo)
		pushes int32
		others int // commits of others
	}{
		{"undisturbed", func(*repo) {}, 1, 0},
		{"overtaken", func(r *repo) { r.commit(map[string]string{"README.md": "hello\n"}) }, 0, 1},
		{"500 once", func(r *repo) {
			r.once(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				http.Error(w, "oops", http.StatusInternalServerError)
			})
		}, 2, 0},
		{"answer lost", func(r *repo) {
			r.once(func(_ http.ResponseWriter, req *http.Request, next http.Handler) {
				next.ServeHTTP(httptest.NewRecorder(), req)
				panic(http.ErrAbortHandler)
			})
		}, 1, 0},
		{"answer lost and overtaken", func(r *repo) {
			r.once(func(_ http.ResponseWriter, req *http.Request, next http.Handler) {
				next.ServeHTTP(httptest.NewRecorder(), req)
				r.commit(map[string]string{"README.md": "hello\n"})
				panic(http.ErrAbortHandler)
			})
		}, 1, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newSharedRepo(t)
			var pushes *atomic.Int32
			list := r.together(n, func() {
				test.before(r)
				pushes = r.countPushes()
			})
			for i, p := range list {
				if p.said != "" || p.result.Commit == "" {
					t.Errorf("app%d: %+v %s", i, p.result, p.said)
				}
			}
			if r.commits() != 2+n+test.others || test.pushes > 0 && pushes.Load() != test.pushes {
				t.Errorf("%d commits, %d pushes", r.commits(), pushes.Load())
			}
			got := r.authors(n + test.others)
			delete(got, "Other")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("authors (-want +got):\n%s", diff)
			}
			r.fsck()
		})
	}
}

// once lets the server treat the next push in a way of its own.
func (r *repo) once(fault func(w http.ResponseWriter, req *http.Request, next http.Handler)) {
	var done atomic.Bool
	r.meanwhile(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.HasSuffix(req.URL.Path, "/git-receive-pack") && !done.Swap(true) {
			fault(w, req, next)
			return
		}
		next.ServeHTTP(w, req)
	})
}

// TestCombineRefused has a hook refuse what one of several publishers pushes: he alone is told, the others land.
func TestCombineRefused(t *testing.T) {
	r := newSharedRepo(t)
	hook := "#!/bin/sh\nwhile read old new ref; do\n  if git diff --name-only $old $new | grep -q apps/myorg-web/app2/; then echo app2 is not yours >&2; exit 1; fi\ndone\n"
	if err := os.WriteFile(filepath.Join(r.dir, "hooks", "pre-receive"), []byte(hook), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, p := range r.together(4, func() {}) {
		want := ""
		if i == 2 {
			want = "error M8021: the server refuses the push to main: pre-receive hook declined; the server says: app2 is not yours"
		}
		// Refused together, each has one more attempt, alone.
		if p.said != want || (p.result.Commit == "") != (i == 2) || p.result.Attempts != 2 {
			t.Errorf("app%d: %+v %s", i, p.result, p.said)
		}
	}
	if r.commits() != 2+3 {
		t.Errorf("%d commits, want 5", r.commits())
	}
	r.fsck()
}

// TestCombineUnchanged has a publisher find what he publishes in a commit of another that is still on its way: he is told
// that nothing changes only when that has arrived.
func TestCombineUnchanged(t *testing.T) {
	r := newSharedRepo(t)
	chain := r.chain()
	release, err := chain.pushLock(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	results := make(chan published, 3)
	for range 2 {
		go func() { results <- r.attempt(context.Background(), r.options(), "app0") }()
	}
	chain.await(t, 1)
	select {
	case p := <-results:
		t.Errorf("%+v %s, although nothing was pushed", p.result, p.said)
		results <- p
	case <-time.After(300 * time.Millisecond):
	}
	release()
	committed := 0
	for range 2 {
		if p := <-results; p.said != "" {
			t.Error(p.said)
		} else if !p.result.Unchanged() {
			committed++
		}
	}
	if committed != 1 || r.commits() != 3 {
		t.Errorf("%d were told of a commit, and there are %d", committed, r.commits())
	}
}

// TestCombineInterrupted interrupts a publisher whose commit another may push, and says so. It is then pushed by the next.
func TestCombineInterrupted(t *testing.T) {
	r := newSharedRepo(t)
	chain := r.chain()
	release, err := chain.pushLock(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan published, 1)
	go func() { told <- r.attempt(ctx, r.options(), "app0") }()
	chain.await(t, 1)
	commit := chain.read().Links[0]
	cancel()
	want := "context canceled: context canceled (it is not known whether commit " + commit + " arrives: another publisher on this machine may push it)"
	if p := <-told; p.said != want || p.result.Commit != "" {
		t.Errorf("%+v (-want +got):\n%s", p.result, cmp.Diff(want, p.said))
	}
	release()
	if p := r.attempt(t.Context(), r.options(), "app1"); p.said != "" || p.result.Parent != commit || r.commits() != 4 {
		t.Errorf("%+v %s, %d commits", p.result, p.said, r.commits())
	}
	r.fsck()
}

// TestCombineWithdrawn interrupts a publisher whose commit nobody else is about to push: it is taken back.
func TestCombineWithdrawn(t *testing.T) {
	r := newSharedRepo(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.once(func(_ http.ResponseWriter, req *http.Request, _ http.Handler) {
		cancel()
		<-time.After(200 * time.Millisecond)
		panic(http.ErrAbortHandler)
	})
	_, _, err := Apps(ctx, r.options(), []App{withVersion(t, "app0", 1)})
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "known") {
		t.Errorf("%v", err)
	}
	if p := r.attempt(t.Context(), r.options(), "app1"); p.said != "" || r.commits() != 3 {
		t.Errorf("%+v %s, %d commits: what was taken back has landed", p.result, p.said, r.commits())
	}
}

// TestCombineLeftBehind finds commits that a process which died has left behind: those of long ago are dropped.
func TestCombineLeftBehind(t *testing.T) {
	r := newSharedRepo(t)
	chain := r.chain()
	state := chain.read()
	state.Base, state.Links, state.Touched = r.head(), []string{strings.Repeat("1", 40)}, time.Now().Add(-2*stale)
	if err := chain.write(state); err != nil {
		t.Fatal(err)
	}
	if p := r.attempt(t.Context(), r.options(), "app1"); p.said != "" || p.result.Attempts != 1 || r.commits() != 3 {
		t.Errorf("%+v %s, %d commits", p.result, p.said, r.commits())
	}
}

// TestCombineStopped has a process hold a lock and never give it back, as one that was stopped does.
func TestCombineStopped(t *testing.T) {
	for _, name := range []string{"push", "graft", "store", "state", "salt", "new salt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newSharedRepo(t)
			r.network.Silence = 3 * time.Second // locks are waited for as long
			chain := r.chain()
			file := name + ".lock"
			switch name {
			case "push", "graft":
				file = chain.key + "." + file
			case "salt", "new salt":
				file = "salt"
			}
			if name == "new salt" {
				if err := os.Truncate(filepath.Join(chain.cache.dir, file), 0); err != nil {
					t.Fatal(err)
				}
			}
			release, err := chain.cache.lock(t.Context(), file, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			if p := r.attempt(t.Context(), r.options(), "app1"); p.said != "" || p.result.Commit != r.head() || r.commits() != 3 {
				t.Errorf("%+v %s, %d commits", p.result, p.said, r.commits())
			}
		})
	}
}
