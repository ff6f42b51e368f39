package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// TestInterrupted interrupts a run at each of its requests, which the server then never answers. What is said of the
// push must be true.
func TestInterrupted(t *testing.T) {
	const requests = 4 // two questions and two answers
	for _, handled := range []bool{false, true} {
		for at := range requests {
			t.Run(fmt.Sprintf("handled=%v, request %d", handled, at+1), func(t *testing.T) {
				t.Parallel()
				r := newTLSRepo(t, nil)
				r.seedLocally()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				n := 0
				r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
					if n++; n != at+1 {
						next.ServeHTTP(w, req)
						return
					}
					if handled {
						next.ServeHTTP(discard{http.Header{}}, req)
					}
					cancel()
					_, _ = io.Copy(io.Discard, req.Body) // before that the server does not see that we are gone
					<-req.Context().Done()
				}
				start := time.Now()
				result, diags, err := Apps(ctx, r.options(), []App{testApp(t, "myorg-web", "app1", "r1")})
				// Far below the 30 seconds that a server may say nothing, far above what a busy machine needs.
				if took := time.Since(start); took > 20*time.Second || len(diags) > 0 {
					t.Errorf("took %s, %v", took, diags)
				}
				landed := r.commits() == 2
				switch {
				case landed != (handled && at == requests-1):
					t.Errorf("%d commits", r.commits())
				case landed && (err != nil || result.Commit != r.head()):
					t.Errorf("%+v %v, although it arrived", result, err)
				case !landed && (!errors.Is(err, context.Canceled) || result.Commit != ""):
					t.Errorf("%+v %v", result, err)
				}
			})
		}
	}
}
