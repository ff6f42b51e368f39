package publish

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestReadAgain lets a server fail at every third request: who only reads asks again, as who publishes does.
func TestReadAgain(t *testing.T) {
	faults := map[string]interceptor{
		"500": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			http.Error(w, "oops", http.StatusInternalServerError)
		},
		"cut": func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) },
		"silent": func(_ http.ResponseWriter, req *http.Request, _ http.Handler) {
			_, _ = io.Copy(io.Discard, req.Body)
			<-req.Context().Done()
		},
	}
	for name, fault := range faults {
		for _, partial := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, partial %t", name, partial), func(t *testing.T) {
				t.Parallel()
				r := newHTTPRepo(t, partial)
				r.network.Silence = time.Second
				r.seed("r1")
				id := AppID{"myorg-web", "app1"}
				for version := range 3 {
					r.publish(r.options(), withVersion(t, id.Name, version))
				}
				look := func() []string {
					s, diags, err := Read(t.Context(), r.options())
					if err != nil || len(diags) > 0 {
						t.Fatal(diags, err)
					}
					defer s.Close()
					app, err := s.App(t.Context(), id)
					if err != nil || app == nil {
						t.Fatal(app, err)
					}
					return slices.Concat([]string{s.Commit(), fmt.Sprint(app.Inputs.Len(), app.Regions["r1"].Len())}, r.log(id, 0))
				}
				want := look()
				requests := 0
				r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
					if requests++; requests%3 == 1 {
						fault(w, req, next)
						return
					}
					next.ServeHTTP(w, req)
				}
				if d := cmp.Diff(want, look()); d != "" {
					t.Error(d)
				}
				if requests < 8 {
					t.Errorf("%d requests: too few to have failed", requests)
				}
			})
		}
	}
}

// TestReadGivesUp holds that who only reads asks no server for ever.
func TestReadGivesUp(t *testing.T) {
	t.Parallel()
	r := newHTTPRepo(t, true)
	r.seed("r1")
	requests := 0
	r.intercept = func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		requests++
		http.Error(w, "oops", http.StatusInternalServerError)
	}
	_, _, err := Read(t.Context(), r.options())
	want := "gave up after 5 attempts: fetch " + r.url + ": the server answers 500 Internal Server Error: oops"
	if err == nil || err.Error() != want || requests != 5 {
		t.Errorf("%d requests: %v, want %s", requests, err, want)
	}
	o := r.options()
	o.Timeout = time.Nanosecond
	if _, _, err := Read(t.Context(), o); err == nil || strings.Contains(err.Error(), "attempts") {
		t.Errorf("without time: %v", err)
	}
}
