package publish

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// requests lists what is asked of the server from now on.
func (r *repo) requests() *[]string {
	var list []string
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		list = append(list, asked(req))
		next.ServeHTTP(w, req)
	}
	return &list
}

// asked is a request in one word: a service for a question of where the branches are, with ! for its work.
func asked(req *http.Request) string {
	if service := req.URL.Query().Get("service"); service != "" {
		return strings.TrimPrefix(service, "git-")
	}
	return strings.TrimPrefix(req.URL.Path, "/fleet.git/git-") + "!"
}

// TestRequests holds a publish to two requests on a branch that is known, three on one that others have moved, and to one
// question of each kind on one that is new.
func TestRequests(t *testing.T) {
	for _, cached := range []bool{true, false} {
		r := newHTTPRepo(t, true)
		r.seedLocally()
		if cached {
			r.cache = filepath.Join(t.TempDir(), "cache")
		}
		want := func(when string, want ...string) {
			t.Helper()
			list := r.requests()
			defer r.meanwhile(nil)
			r.publish(r.options(), withVersion(t, "app1", r.commits()))
			if diff := cmp.Diff(want, slices.Compact(*list)); diff != "" {
				t.Errorf("cached %t, %s (-want +got):\n%s", cached, when, diff)
			}
		}
		want("new", "receive-pack", "upload-pack", "upload-pack!", "receive-pack!")
		if !cached {
			continue
		}
		want("known", "receive-pack", "receive-pack!")
		r.commit(map[string]string{"README.md": "hello\n"})
		want("moved", "receive-pack", "upload-pack!", "receive-pack!")
	}
}

// TestServerChanged has the server refuse what it said it could do: it is asked again, and nothing else comes of it.
func TestServerChanged(t *testing.T) {
	r := newCachedRepo(t)
	r.publish(r.options(), withVersion(t, "app1", 0))
	r.commit(map[string]string{"README.md": "hello\n"})
	var list []string
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		list = append(list, asked(req))
		if !slices.Contains(list, "upload-pack") && asked(req) == "upload-pack!" {
			http.Error(w, "what do you want?", http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, req)
	}
	result := r.publish(r.options(), withVersion(t, "app1", 1))
	want := []string{"receive-pack", "upload-pack!", "upload-pack", "upload-pack!", "receive-pack!"}
	if diff := cmp.Diff(want, list); diff != "" || result.Attempts != 1 || result.Commit != r.head() {
		t.Errorf("%+v (-want +got):\n%s", result, diff)
	}
}

// TestReadOnly publishes with credentials that may only read: it is an error where something is to be pushed, and only there.
func TestReadOnly(t *testing.T) {
	r := newCachedRepo(t)
	r.publish(r.options(), withVersion(t, "app1", 0))
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.HasPrefix(asked(req), "receive-pack") {
			http.Error(w, "you may only read", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, req)
	}
	if result := r.publish(r.options(), withVersion(t, "app1", 0)); len(result.Changed) > 0 || result.Commit != "" {
		t.Errorf("%+v, although nothing has changed", result)
	}
	said := r.refused(r.options(), withVersion(t, "app1", 1))
	if len(said) != 1 || !strings.Contains(said[0], "does not let these credentials do that") {
		t.Errorf("%q", said)
	}
}

// TestSilentOnce holds that a server which says nothing is waited for once an attempt.
func TestSilentOnce(t *testing.T) {
	r := newCachedRepo(t)
	r.network.Silence = 300 * time.Millisecond
	var asked atomic.Int32
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		asked.Add(1)
		<-req.Context().Done()
	}
	o := r.options()
	o.Attempts = 1
	if _, said := r.outcome(o); !strings.Contains(said, "has said nothing for 300ms") {
		t.Error(said)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestLastLook takes a push, drops the answer, and then has the side that takes pushes say nothing more: the other side
// still tells that the commit is there.
func TestLastLook(t *testing.T) {
	r := newHTTPRepo(t, true)
	r.seedLocally()
	var taken atomic.Bool
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		switch name := asked(req); {
		case taken.Load() && strings.HasPrefix(name, "receive-pack"):
			<-req.Context().Done()
		case name == "receive-pack!":
			next.ServeHTTP(discard{http.Header{}}, req)
			taken.Store(true)
			panic(http.ErrAbortHandler)
		default:
			next.ServeHTTP(w, req)
		}
	}
	o := r.options()
	o.Attempts = 1
	if result := r.publish(o, withVersion(t, "app1", 0)); result.Commit != r.head() {
		t.Errorf("%+v, and the branch is at %s", result, r.head())
	}
}
