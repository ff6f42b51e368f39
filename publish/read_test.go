package publish

import (
	"context"
	"net/http"
	"testing"
)

// TestPrefetch reads the inputs of many applications from a server that leaves blobs out, in one request.
func TestPrefetch(t *testing.T) {
	r := newHTTPRepo(t, true)
	r.seed("r1")
	var apps []App
	for _, name := range []string{"app1", "app2", "app3", "app4", "app5"} {
		apps = append(apps, testApp(t, "myorg-web", name, "r1"))
	}
	r.publish(r.options(), apps...)
	asked := 0
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if req.Method == http.MethodPost {
			asked++
		}
		next.ServeHTTP(w, req)
	}
	ctx := context.Background()
	s, diags, err := Read(ctx, r.options())
	if err != nil || len(diags) > 0 {
		t.Fatal(diags, err)
	}
	defer s.Close()
	before := asked
	var folders []string
	for _, a := range apps {
		folders = append(folders, RecordFolder(a.Namespace, a.Name)+"/inputs")
	}
	if err := s.Prefetch(ctx, folders...); err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if inputs, err := s.Tree(ctx, folder); err != nil || inputs.Len() != 2 {
			t.Errorf("%s: %d files, %v", folder, inputs.Len(), err)
		}
	}
	if asked-before != 1 {
		t.Errorf("%d requests, want 1", asked-before)
	}
}
