package publish

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestPromisesMore has a server that says that it can leave blobs out and give single ones, and then fails to do one of the
// two: it is asked for whole commits instead, and a cache has them from then on.
func TestPromisesMore(t *testing.T) {
	tests := []struct {
		name  string
		fails func(question string) bool
	}{
		{"leaves no blobs out", func(question string) bool { return strings.Contains(question, "filter blob:none") }},
		{"gives no single blobs", func(question string) bool { return !strings.Contains(question, "deepen") }},
	}
	for _, test := range tests {
		for _, cached := range []bool{false, true} {
			t.Run(test.name+map[bool]string{true: ", cached"}[cached], func(t *testing.T) {
				t.Parallel()
				r := newHTTPRepo(t, true)
				r.seed("r1")
				r.publish(r.options(), withVersion(t, "app1", 0))
				if cached {
					r.cache = filepath.Join(t.TempDir(), "cache")
				}
				var failed atomic.Int32
				r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
					body, err := io.ReadAll(req.Body)
					if err == nil && strings.HasSuffix(req.URL.Path, "/git-upload-pack") && test.fails(string(body)) {
						failed.Add(1)
						http.Error(w, "oops", http.StatusInternalServerError)
						return
					}
					req.Body = io.NopCloser(bytes.NewReader(body))
					next.ServeHTTP(w, req)
				}
				for n := range 2 {
					before := failed.Load()
					result := r.publish(r.options(), withVersion(t, "app1", n+1))
					if result.Attempts != 1 || result.Commit != r.head() || r.commits() != n+3 {
						t.Errorf("%+v, head %s, %d commits", result, r.head(), r.commits())
					}
					if again := failed.Load() > before; again == (cached && n > 0) {
						t.Errorf("run %d: %d questions have failed, %d before it", n, failed.Load(), before)
					}
				}
				r.fsck()
			})
		}
	}
}
