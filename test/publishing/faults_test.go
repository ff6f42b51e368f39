package publishing

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fault is what a server does to a push instead of answering it.
type fault func(w http.ResponseWriter, r *http.Request, git http.Handler)

// faults are those of the requirement.
func faults() map[string]fault {
	stall := 2 * time.Second
	if *strict {
		stall = 40 * time.Second // longer than the command waits
	}
	return map[string]fault{
		"stalls": func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-r.Context().Done():
			case <-time.After(stall):
			}
			panic(http.ErrAbortHandler)
		},
		"cuts the connection after the pack": func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			_, _ = io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		},
		"answers 500": func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			_, _ = io.Copy(io.Discard, r.Body)
			http.Error(w, "oops", http.StatusInternalServerError)
		},
		"drops the reply after accepting": func(_ http.ResponseWriter, r *http.Request, git http.Handler) {
			git.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		},
	}
}

// TestFaults has publishers contend for a branch on a server that does not answer every third push as it should.
func TestFaults(t *testing.T) {
	for name, fault := range faults() {
		for _, shared := range []bool{false, true} {
			title := name + ", machines of their own"
			if shared {
				title = name + ", one machine"
			}
			t.Run(title, func(t *testing.T) {
				s := NewServer(t)
				c := newContest(t, s, "fleet.git", max(2, *publishers/4), shared)
				var pushes atomic.Int32
				s.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
					if strings.HasSuffix(r.URL.Path, "/git-receive-pack") && pushes.Add(1)%3 == 1 {
						fault(w, r, git)
						return
					}
					git.ServeHTTP(w, r)
				})
				c.run(max(2, *each/5))
				s.Intercept(nil)
				c.check()
				c.report(0, 0)
			})
		}
	}
}
