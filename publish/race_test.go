package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/manifest"
)

// TestConcurrent has eight publishers publish three times each, all to one branch.
func TestConcurrent(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2")
		want := r.files()
		var publishers sync.WaitGroup
		var lock sync.Mutex // over want
		commits, attempts := map[string]bool{}, 0
		for i := range 8 {
			name := fmt.Sprintf("app%d", i)
			publishers.Go(func() {
				for version := range 3 {
					a := testApp(t, "myorg-web", name, "r1", "r2").host("r1", "shop.mydomain.com", "/"+name).
						port("r2", manifest.ClaimTCP, int32(9000+i))
					a.Regions["r1"] = tree(t, map[string]string{"deployment.yaml": fmt.Sprintf("version: %d\n", version)})
					result, diags, err := Apps(context.Background(), r.options(), []App{a})
					if err != nil || len(diags) > 0 || result.Commit == "" {
						t.Errorf("%s: %v %v %+v", name, diags, err, result)
						return
					}
					lock.Lock()
					commits[result.Commit] = true
					attempts = max(attempts, result.Attempts)
					for region, files := range a.Regions {
						for path, data := range files.Files() {
							want[AppFolder(region, a.Namespace, name)+"/"+path] = string(data)
						}
					}
					lock.Unlock()
				}
			})
		}
		publishers.Wait()
		t.Logf("at most %d attempts", attempts)
		got := r.files()
		maps.DeleteFunc(got, func(path, _ string) bool {
			return strings.HasPrefix(path, ".meridian/claims") || strings.HasPrefix(path, ".meridian/apps") || strings.Contains(path, "/edge/")
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tree (-want +got):\n%s", diff)
		}
		if r.commits() != 25 || len(commits) != 24 {
			t.Errorf("%d commits, %d reported, want 25 and 24", r.commits(), len(commits))
		}
		edge := r.files()
		if n := strings.Count(edge["regions/r1/edge/http-services.yaml"], "shop.mydomain.com"); n != 8 {
			t.Errorf("the edge has %d of 8 paths", n)
		}
		if n := strings.Count(edge["regions/r2/edge/tcp-services.yaml"], "tcp port"); n != 8 {
			t.Errorf("the edge has %d of 8 ports", n)
		}
		r.fsck()
	})
}

// overtake makes another writer commit between a publisher's fetch and its push, n times.
func (r *repo) overtake(n int) {
	left := int32(n)
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.HasSuffix(req.URL.Path, "git-receive-pack") && req.Method == http.MethodPost {
			if i := atomic.AddInt32(&left, -1); i >= 0 {
				other := r.options()
				other.URL = r.dir
				r.publish(other, testApp(r.t, "myorg-data", fmt.Sprintf("other%d", i), "r1"))
			}
		}
		next.ServeHTTP(w, req)
	}
}

func TestOvertaken(t *testing.T) {
	for _, partial := range []bool{false, true} {
		t.Run(fmt.Sprintf("partial=%v", partial), func(t *testing.T) {
			r := newHTTPRepo(t, partial)
			r.seed("r1")
			r.overtake(3)
			a := testApp(t, "myorg-web", "app1", "r1").host("r1", "app1.mydomain.com", "/")
			result := r.publish(r.options(), a)
			if result.Attempts != 4 || result.Commit != r.head() || r.commits() != 5 {
				t.Errorf("%+v, head %s, %d commits", result, r.head(), r.commits())
			}
			for _, path := range []string{"regions/r1/spaces/myorg-data/apps/other2/service.yaml", "regions/r1/spaces/myorg-web/apps/app1/service.yaml"} {
				if r.files()[path] == "" {
					t.Errorf("%s is lost", path)
				}
			}
			r.fsck()
		})
	}
}

// TestLostAsksOnce holds that who loses a race asks the server where the branch is once for the next attempt, and no more:
// it has said that it was lost. A branch that moves before the first answer costs no attempt.
func TestLostAsksOnce(t *testing.T) {
	tests := []struct {
		at, attempts int // the request before which the branch moves
		want         []string
	}{
		{1, 1, []string{"receive-pack", "upload-pack!", "receive-pack!"}},
		{2, 2, []string{"receive-pack", "receive-pack!", "receive-pack", "upload-pack!", "receive-pack!"}},
	}
	for _, test := range tests {
		r := newCachedRepo(t)
		r.publish(r.options(), withVersion(t, "app1", 0))
		var list []string
		r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if list = append(list, asked(req)); len(list) == test.at {
				r.commit(map[string]string{"README.md": "hello\n"})
			}
			next.ServeHTTP(w, req)
		}
		result := r.publish(r.options(), withVersion(t, "app1", 1))
		if result.Attempts != test.attempts || !slices.Equal(list, test.want) || r.commits() != 4 {
			t.Errorf("%+v, %d commits, asked for %q, want %q", result, r.commits(), list, test.want)
		}
	}
}

// TestIncrementalFetch holds the fetch after a lost race to what has changed since.
func TestIncrementalFetch(t *testing.T) {
	r := newHTTPRepo(t, false)
	r.seed("r1")
	bulk := map[string]string{}
	for i := range 300 {
		bulk[fmt.Sprintf("regions/r1/bulk/%d.txt", i)] = strings.Repeat(fmt.Sprintf("%x ", i*2654435761), 40)
	}
	r.commit(bulk)
	r.overtake(1)
	overtake := r.intercept
	var sizes []int64
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.HasSuffix(req.URL.Path, "/git-upload-pack") {
			counter := &countingWriter{ResponseWriter: w}
			defer func() { sizes = append(sizes, counter.n) }()
			w = counter
		}
		overtake(w, req, next)
	}
	r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1"))
	if len(sizes) != 2 || sizes[1] > sizes[0]/3 {
		t.Errorf("fetched %d bytes, want two fetches and the second much smaller", sizes)
	}
}

type countingWriter struct {
	http.ResponseWriter
	n int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.n += int64(len(p))
	return w.ResponseWriter.Write(p)
}

// TestAnswerLost drops the server's answer after it has accepted the push.
func TestAnswerLost(t *testing.T) {
	for _, overtaken := range []bool{false, true} {
		t.Run(fmt.Sprintf("overtaken=%v", overtaken), func(t *testing.T) {
			r := newHTTPRepo(t, false)
			r.seed("r1")
			var pushes int
			r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if !strings.HasSuffix(req.URL.Path, "/git-receive-pack") {
					next.ServeHTTP(w, req)
					return
				}
				pushes++
				next.ServeHTTP(httptest.NewRecorder(), req)
				if overtaken {
					r.commit(map[string]string{"README.md": "hello\n"})
				}
				panic(http.ErrAbortHandler)
			}
			result := r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1"))
			want := 2
			if overtaken {
				want = 3
			}
			if pushes != 1 || r.commits() != want || result.Commit != r.head() || len(result.Changed) != 5 {
				t.Errorf("%d pushes, %d commits, %+v, head %s", pushes, r.commits(), result, r.head())
			}
			r.fsck()
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestLock holds the branch's lock file: briefly, as git does, and for good, as a dead git does.
func TestLock(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	lock := filepath.Join(r.dir, "refs", "heads", "main.lock")
	hold := func() {
		if err := os.WriteFile(lock, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	hold()
	time.AfterFunc(150*time.Millisecond, func() { os.Remove(lock) })
	r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1"))

	hold()
	o := r.options()
	o.Timeout = 2 * time.Second
	_, _, err := Apps(context.Background(), o, []App{testApp(t, "myorg-web", "app2", "r1")})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(errorText(err), lock) {
		t.Errorf("error %v, want one that names %s", err, lock)
	}
	if _, err := os.Stat(lock); err != nil {
		t.Errorf("somebody else's lock was removed: %v", err)
	}
	if r.commits() != 2 {
		t.Errorf("%d commits, want 2", r.commits())
	}
}

// TestPackedBranch publishes to a repository that git has packed, with a branch that has no file of its own.
func TestPackedBranch(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	r.git("gc", "--quiet", "--prune=now")
	r.git("pack-refs", "--all")
	if _, err := os.Stat(filepath.Join(r.dir, "refs", "heads", "main")); err == nil {
		t.Fatal("the branch is not packed")
	}
	result := r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1"))
	if result.Commit != r.head() || r.commits() != 2 {
		t.Errorf("%+v, head %s, %d commits", result, r.head(), r.commits())
	}
	r.fsck()
}

// TestWhileGitPacks publishes while git packs the repository over and over.
func TestWhileGitPacks(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	done := make(chan struct{})
	var packer sync.WaitGroup
	stop := sync.OnceFunc(func() { close(done); packer.Wait() })
	defer stop()
	packer.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				r.git("repack", "-a", "-d", "--quiet")
				r.git("pack-refs", "--all", "--prune")
			}
		}
	})
	for version := range 25 {
		a := testApp(t, "myorg-web", "app1", "r1", "r2")
		inputs := map[string]string{"app.cue": fmt.Sprint(version)}
		for i := range 40 * (version % 2) { // loose objects, then a pack
			inputs[fmt.Sprintf("%d.toml", i)] = fmt.Sprint(version, i)
		}
		a.Inputs = tree(t, inputs)
		r.publish(r.options(), a)
	}
	stop()
	if r.commits() != 26 {
		t.Errorf("%d commits, want 26", r.commits())
	}
	r.fsck()
}

func TestCancelled(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, _, err := Apps(ctx, r.options(), []App{testApp(t, "myorg-web", "app1", "r1")})
		if !errors.Is(err, context.Canceled) || r.commits() != 1 {
			t.Errorf("error %v, %d commits", err, r.commits())
		}
	})
}

// TestSameHash publishes the same thing to two repositories, and it is the same commit.
func TestSameHash(t *testing.T) {
	var hashes []string
	for range 2 {
		r := newLocalRepo(t)
		r.seed("r1", "r2", "r3")
		apps := []App{testApp(t, "myorg-web", "app1", "r1", "r2", "r3").host("r2", "a.mydomain.com", "/").host("r1", "a.mydomain.com", "/").port("r3", manifest.ClaimUDP, 53),
			testApp(t, "myorg-data", "app2", "r3", "r1")}
		if len(hashes) > 0 {
			apps[0], apps[1] = apps[1], apps[0]
		}
		hashes = append(hashes, r.publish(r.options(), apps...).Commit)
	}
	if hashes[0] != hashes[1] {
		t.Errorf("commits %v", hashes)
	}
}

func TestDryRun(t *testing.T) {
	r := newLocalRepo(t)
	o := r.options()
	o.DryRun = true
	result, diags, err := PublishPlatform(context.Background(), o, testPlatform(t, "r1"))
	if err != nil || len(diags) > 0 || result.Commit != "" || len(result.Changed) != 6 {
		t.Errorf("%+v %v %v", result, diags, err)
	}
	if _, err := os.Stat(r.dir); err == nil {
		t.Error("the repository was created")
	}
}
