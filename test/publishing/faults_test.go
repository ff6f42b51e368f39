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
type fault struct {
	name   string
	serve  func(w http.ResponseWriter, r *http.Request, git http.Handler)
	within time.Duration // with -strict: what the slowest may take
}

// faults are those of the requirement. A command waits half a minute for a server that says nothing: one that stalls for
// longer is tried with -strict alone, else one that is slow.
func faults() []fault {
	late := func(w http.ResponseWriter, r *http.Request, git http.Handler) {
		time.Sleep(2 * time.Second)
		git.ServeHTTP(w, r)
	}
	stalls := func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-time.After(40 * time.Second):
		}
		panic(http.ErrAbortHandler)
	}
	cut := func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}
	internal := func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		http.Error(w, "oops", http.StatusInternalServerError)
	}
	dropped := func(_ http.ResponseWriter, r *http.Request, git http.Handler) {
		git.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	list := []fault{
		{"answers late", late, time.Minute},
		{"cuts the connection after the pack", cut, time.Minute},
		{"answers 500", internal, time.Minute},
		{"drops the reply after accepting", dropped, time.Minute},
	}
	if *strict {
		list = append(list, fault{"stalls", stalls, 130 * time.Second}) // a run's two minutes, and what it looks up after them
	}
	return list
}

// TestFaults has publishers contend for a branch on a server that does not answer every third push as it should. They try
// again, and land: one in ten may run out of time, which is none of a few.
func TestFaults(t *testing.T) {
	for _, fault := range faults() {
		for _, shared := range []bool{false, true} {
			title := fault.name + ", machines of their own"
			if shared {
				title = fault.name + ", one machine"
			}
			t.Run(title, func(t *testing.T) {
				s := NewServer(t)
				c := newContest(t, s, "fleet.git", max(2, *publishers/4), shared)
				var pushes atomic.Int32
				s.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
					if strings.HasSuffix(r.URL.Path, "/git-receive-pack") && pushes.Add(1)%3 == 1 {
						fault.serve(w, r, git)
						return
					}
					git.ServeHTTP(w, r)
				})
				c.run(max(2, *each/5))
				s.Intercept(nil)
				c.check()
				c.report()
				if took, failed := c.times(); failed > len(took)/10 {
					t.Errorf("%d of %d did not land", failed, len(took))
				}
				if *strict {
					c.hold(0, 0, fault.within)
				}
			})
		}
	}
}
