package publish

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/google/go-cmp/cmp"
)

// countPushes counts the pushes that reach the server.
func (r *repo) countPushes() *atomic.Int32 {
	var n atomic.Int32
	before := r.intercept
	r.meanwhile(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.HasSuffix(req.URL.Path, "/git-receive-pack") {
			n.Add(1)
		}
		if before != nil {
			before(w, req, next)
			return
		}
		next.ServeHTTP(w, req)
	})
	return &n
}

// TestHook has real hooks decline a push, over http and ssh. What they say is shown, and not tried again.
func TestHook(t *testing.T) {
	tests := []struct{ name, hook, script, want string }{
		{"pre-receive", "pre-receive", "echo myorg-web is not yours >&2\nexit 1",
			"error M8021: the server refuses the push to main: pre-receive hook declined; the server says: myorg-web is not yours"},
		{"update", "update", "exit 1", "error M8021: the server refuses the push to main: hook declined; the server says: error: hook declined to update refs/heads/main"},
		{"what steers a terminal", "pre-receive", `printf 'red: \033[31m\n\033]0;title\007two\rthree \342\200\256four\000\n` + token + `\n' >&2; exit 1`,
			"error M8021: the server refuses the push to main: pre-receive hook declined; the server says: red:; two; three four; ***"},
		{"accepts", "pre-receive", "echo welcome >&2", ""},
	}
	for _, test := range tests {
		for kind, open := range map[string]func(testing.TB) *repo{"http": func(t testing.TB) *repo { return newHTTPRepo(t, false) }, "ssh": newSSHRepo} {
			t.Run(test.name+" over "+kind, func(t *testing.T) {
				t.Parallel()
				r := open(t)
				r.seedLocally()
				pushes := filepath.Join(r.t.TempDir(), "pushes")
				script := fmt.Sprintf("#!/bin/sh\necho >>%s\n%s\n", pushes, test.script)
				if err := os.WriteFile(filepath.Join(r.dir, "hooks", test.hook), []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
				_, got := r.outcome(r.options())
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("outcome (-want +got):\n%s", diff)
				}
				count, err := os.ReadFile(pushes)
				if landed := r.commits() == 2; err != nil || landed != (test.want == "") || len(count) != 1 {
					t.Errorf("%d commits, %d pushes, %v", r.commits(), len(count), err)
				}
			})
		}
	}
}

// TestRefLocked has another git hold the branch's lock on the server while we push.
func TestRefLocked(t *testing.T) {
	r := newHTTPRepo(t, false)
	r.seed("r1")
	lock := filepath.Join(r.dir, "refs", "heads", "main.lock")
	pushes := r.countPushes()
	count := r.intercept
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		count(w, req, next)
		if pushes.Load() > 0 {
			_ = os.Remove(lock)
		}
	}
	if err := os.WriteFile(lock, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if result, got := r.outcome(r.options()); got != "" || result.Attempts != 2 || r.commits() != 2 || pushes.Load() != 2 {
		t.Errorf("%+v %s, %d pushes", result, got, pushes.Load())
	}
}

// TestRefLockedForGood has a lock that a killed git left on the server. It is not ours to remove: the server's words, which
// name the file, are told, with and without a cache.
func TestRefLockedForGood(t *testing.T) {
	alone := newHTTPRepo(t, false)
	alone.seed("r1")
	for name, r := range map[string]*repo{"alone": alone, "together": newCachedRepo(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := os.WriteFile(filepath.Join(r.dir, "HEAD.lock"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			o := r.options()
			o.Attempts = 2
			result, got := r.outcome(o)
			if !strings.Contains(got, "HEAD.lock': File exists") || result.Attempts != 2 || r.commits() != 1 {
				t.Errorf("%+v %s", result, got)
			}
		})
	}
}

// TestWordings has a server refuse the first push in words that servers are known to use and that git itself cannot
// be made to say here.
func TestWordings(t *testing.T) {
	tests := []struct {
		status string
		policy bool
	}{
		{"incorrect old value provided", false},
		{"cannot lock ref 'refs/heads/main': is at 0123 but expected 4567", false},
		{"failed to update ref", false},
		{"non-fast-forward", false},
		{"stale info", false},
		{"fetch first", false},
		{"reference already exists", false},
		{"something new", false},
		{"protected branch hook declined", true},
		{"push declined due to repository rule violations", true},
		{"TF402455: Pushes to this branch are not permitted; you must use a pull request", true},
		{"prohibited by Gerrit: not permitted: update", true},
		{"deny updating a hidden ref", true},
	}
	for _, test := range tests {
		t.Run(test.status, func(t *testing.T) {
			t.Parallel()
			r := newHTTPRepo(t, false)
			r.seed("r1")
			said := false
			r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if said || !strings.HasSuffix(req.URL.Path, "/git-receive-pack") {
					next.ServeHTTP(w, req)
					return
				}
				said = true
				_, _ = io.Copy(io.Discard, req.Body)
				_, _ = w.Write(reportStatus(t, test.status))
			}
			result, got := r.outcome(r.options())
			want := ""
			if test.policy {
				want = "error M8021: the server refuses the push to main: " + test.status
			}
			if diff := cmp.Diff(want, got); diff != "" || !test.policy && (result.Attempts != 2 || r.commits() != 2) {
				t.Errorf("%+v, outcome (-want +got):\n%s", result, diff)
			}
		})
	}
}

// TestRaceWordings has git itself, over http and ssh, refuse the first push in words that servers use for a lost race: a
// hook named proc-receive decides what it says (githooks(5)). The second push gets through.
func TestRaceWordings(t *testing.T) {
	words := []string{"fetch first", "cannot lock ref 'refs/heads/main': is at 0123 but expected 4567", "incorrect old value provided", "failed to update ref", "reference already exists"}
	for kind, open := range map[string]func(testing.TB) *repo{"http": func(t testing.TB) *repo { return newHTTPRepo(t, false) }, "ssh": newSSHRepo} {
		for _, status := range words {
			t.Run(kind+" "+status, func(t *testing.T) {
				t.Parallel()
				r := open(t)
				r.seedLocally()
				r.git("config", "receive.procReceiveRefs", "refs/heads/main")
				pushes := filepath.Join(t.TempDir(), "pushes")
				if err := os.WriteFile(filepath.Join(r.dir, "hooks", "proc-receive"), []byte(refusingOnce(status, pushes)), 0o755); err != nil {
					t.Fatal(err)
				}
				result, got := r.outcome(r.options())
				count, err := os.ReadFile(pushes)
				if got != "" || result.Attempts != 2 || r.commits() != 2 || len(count) != 2 || err != nil {
					t.Errorf("%+v %s, %d commits, %d pushes, %v", result, got, r.commits(), len(count), err)
				}
			})
		}
	}
}

// refusingOnce is a hook that refuses the first push with a status, and counts all of them in a file.
func refusingOnce(status, pushes string) string {
	return `#!/bin/sh
skip() { while len=$(head -c 4) && [ "$len" != 0000 ]; do head -c $((0x$len - 4)) >/dev/null; done; }
say() { printf '%04x%s' $((${#1} + 4)) "$1"; }
skip
say version=1
printf 0000
skip
if [ -e ` + pushes + ` ]; then
  say 'ok refs/heads/main'
  say 'option fall-through'
else
  say "ng refs/heads/main ` + status + `"
fi
printf 0000
echo >>` + pushes + `
`
}

// reportStatus is a server's answer to a push, in the channel that it belongs in.
func reportStatus(t *testing.T, status string) []byte {
	t.Helper()
	var inner, outer bytes.Buffer
	e := pktline.NewEncoder(&inner)
	err := e.EncodeString("unpack ok\n", fmt.Sprintf("ng refs/heads/main %s\n", status))
	if err == nil {
		err = e.Flush()
	}
	e = pktline.NewEncoder(&outer)
	if err == nil {
		err = e.EncodeString("\x01" + inner.String())
	}
	if err == nil {
		err = e.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return outer.Bytes()
}

// TestFaults lets servers fail at a push, before they carry it out or after, once or for ever.
func TestFaults(t *testing.T) {
	stall := func(_ http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		select {
		case <-req.Context().Done():
		case <-time.After(5 * time.Second):
		}
	}
	internal := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusInternalServerError) }
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	forbidden := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }
	large := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) }
	tests := []struct {
		name    string
		fault   func(http.ResponseWriter, *http.Request)
		path    string
		times   int32
		handled bool // the server has carried the push out
		want    string
	}{
		{"500 once", internal, "/git-receive-pack", 1, false, ""},
		{"500 when it is done", internal, "/git-receive-pack", 1, true, ""},
		{"500 always", internal, "/git-receive-pack", 99, false, "gave up after 5 attempts: push to URL: the server answers 500 Internal Server Error: oops"},
		{"500 to the first question", internal, "/info/refs", 99, false, "gave up after 5 attempts: read the branch's head: fetch URL: the server answers 500 Internal Server Error: oops"},
		{"cut once", cut, "/git-receive-pack", 1, false, ""},
		{"cut when it is done", cut, "/git-receive-pack", 1, true, ""},
		{"cut in the fetch", cut, "/git-upload-pack", 1, false, ""},
		{"stalls once", stall, "/git-receive-pack", 1, false, ""},
		{"stalls when it is done", stall, "/git-receive-pack", 1, true, ""},
		{"stalls always", stall, "/info/refs", 99, false, "gave up after 5 attempts: read the branch's head: fetch URL: the server has said nothing for 1s"},
		{"forbids", forbidden, "/git-receive-pack", 99, false, "error M8020: URL does not let these credentials do that"},
		{"finds it too large", large, "/git-receive-pack", 99, false, "push to URL: the server answers 413 Request Entity Too Large"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newTLSRepo(t, nil)
			r.seedLocally()
			r.network.Silence = time.Second
			var n atomic.Int32
			r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if !strings.HasSuffix(req.URL.Path, test.path) || n.Add(1) > test.times {
					next.ServeHTTP(w, req)
					return
				}
				if test.handled {
					next.ServeHTTP(discard{http.Header{}}, req)
				}
				test.fault(w, req)
			}
			result, got := r.outcome(r.options())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if landed := r.commits() == 2; landed != (test.want == "") || landed && result.Commit != r.head() {
				t.Errorf("%d commits, %+v", r.commits(), result)
			}
		})
	}
}

// discard is an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
