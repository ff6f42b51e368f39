package publish

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// publishPlatform returns the diagnostics as text.
func (r *repo) publishPlatform(o Options, p Platform) (Result, []string) {
	r.t.Helper()
	result, diags, err := PublishPlatform(context.Background(), o, p)
	if err != nil {
		r.t.Fatalf("publish the platform: %v", err)
	}
	var text []string
	for _, d := range diags {
		text = append(text, d.String())
	}
	return result, text
}

func TestPlatformFirst(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		p := testPlatform(t, "r1", "r2")
		p.Spaces = p.Spaces[:1]
		delete(p.Spaces[0].Regions, "r2")
		delete(p.Spaces[0].Sync, "r2")
		result, diags := r.publishPlatform(r.options(), p)
		want := map[string]string{
			"regions/r1/spaces/myorg-web/space/namespace.yaml": "kind: Namespace # myorg-web\n",
			"regions/r1/sync/myorg-web.yaml":                   "kind: Kustomization # myorg-web\n",
			".meridian/platform/platform.cue":                  "org: \"myorg\"\n",
			".meridian/platform.yaml": `apiVersion: meridian/v1
kind: Platform
digest: sha256:1111111111111111
spaces:
  - namespace: myorg-web
    regions:
      - r1
inputs: ` + digest(p.Inputs) + `
source:
  repository: https://git.mydomain.com/platform
  commit: abc123
  path: platform
meridian: v0.1.0
`,
		}
		if diff := cmp.Diff(want, r.files()); diff != "" || len(diags) > 0 {
			t.Errorf("tree (-want +got):\n%s%v", diff, diags)
		}
		if result.Parent != "" || result.Commit != r.head() {
			t.Errorf("%+v, head %s", result, r.head())
		}
		p.Source.Commit = "def456"
		if again, _ := r.publishPlatform(r.options(), p); !again.Unchanged() || again.Parent != result.Commit {
			t.Errorf("published again: %+v", again)
		}
		r.fsck()
	})
}

func TestPlatformRecompiles(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2")
		a := testApp(t, "myorg-web", "app1", "r1", "r2").host("r1", "app1.mydomain.com", "/").port("r2", manifest.ClaimTCP, 9000)
		b := testApp(t, "myorg-data", "app2", "r1")
		r.publish(r.options(), a, b)
		parent := r.head()

		p := testPlatform(t, "r1", "r2")
		p.Digest, p.Workers = "sha256:2222", 4
		p.Inputs = tree(t, map[string]string{"platform.cue": "org: \"myorg\"\nsecond: true\n"})
		var calls atomic.Int32
		p.Recompile = func(namespace, name string, inputs manifest.Tree, source Source) (App, []diag.Diagnostic, error) {
			calls.Add(1)
			cue, _ := inputs.Get("app.cue")
			if string(cue) != "name: \""+name+"\"\n" || inputs.Len() != 2 || source.Commit != "c0ffee" {
				return App{}, nil, fmt.Errorf("recorded %q from %v", cue, source)
			}
			if name == "app2" {
				return testApp(t, namespace, name, "r1"), nil, nil
			}
			again := testApp(t, namespace, name, "r1", "r2").host("r1", "app1.mydomain.com", "/").port("r2", manifest.ClaimTCP, 9000)
			again.Regions["r2"] = tree(t, map[string]string{"deployment.yaml": "kind: Deployment # new rule\n", "service.yaml": "kind: Service\n"})
			return again, []diag.Diagnostic{{Code: "M4999", Severity: diag.Warning, Pos: diag.Pos{File: "recorded"}, Message: "careful"}}, nil
		}
		result, diags := r.publishPlatform(r.options(), p)
		want := Result{Commit: r.head(), Parent: parent, Attempts: 1, Changed: []FileChange{
			{".meridian/apps/myorg-web/app1/owner.yaml", Changed},
			{".meridian/platform.yaml", Changed},
			{".meridian/platform/platform.cue", Changed},
			{"regions/r2/spaces/myorg-web/apps/app1/deployment.yaml", Changed},
		}}
		if diff := cmp.Diff(want, result); diff != "" || calls.Load() != 2 {
			t.Errorf("%d compiled; result (-want +got):\n%s", calls.Load(), diff)
		}
		if diff := cmp.Diff([]string{"recorded: warning M4999: careful"}, diags); diff != "" {
			t.Errorf("diagnostics (-want +got):\n%s", diff)
		}

		// An application compiled against the old platform is refused from now on; one against the new is not.
		if got := r.refused(r.options(), a); len(got) != 1 || !strings.Contains(got[0], "M8002") {
			t.Errorf("compiled against the old platform: %q", got)
		}
		r.fsck()
	})
}

func TestPlatformRefused(t *testing.T) {
	same := func(t *testing.T) func(string, string, manifest.Tree, Source) (App, []diag.Diagnostic, error) {
		return func(namespace, name string, _ manifest.Tree, _ Source) (App, []diag.Diagnostic, error) {
			return testApp(t, namespace, name, "r1", "r2"), nil, nil
		}
	}
	tests := []struct {
		name   string
		change func(p *Platform)
		want   []string
	}{
		{"space with applications removed", func(p *Platform) { p.Spaces = p.Spaces[1:] }, []string{
			"platform/platform.cue: error M8014: space myorg-web is gone, but these applications are there: app1 (in r1, r2)",
		}},
		{"application leaves a region", func(p *Platform) {
			p.Recompile = func(namespace, name string, _ manifest.Tree, _ Source) (App, []diag.Diagnostic, error) {
				return testApp(t, namespace, name, "r1"), nil, nil
			}
		}, []string{"app1/app.cue: error M8009: application myorg-web/app1 would be deleted (in r2)"}},
		{"application does not compile", func(p *Platform) {
			p.Recompile = func(string, string, manifest.Tree, Source) (App, []diag.Diagnostic, error) {
				return App{}, []diag.Diagnostic{{Code: "M4999", Message: "not allowed any more", Pos: diag.Pos{File: "x.cue", Line: 2, Col: 1}}}, nil
			}
		}, []string{"x.cue:2:1: error M4999: not allowed any more"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newLocalRepo(t)
			r.seed("r1", "r2")
			r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1", "r2"))
			before := r.head()
			p := testPlatform(t, "r1", "r2")
			p.Digest, p.Recompile = "sha256:2222", same(t)
			test.change(&p)
			_, diags := r.publishPlatform(r.options(), p)
			var kept []string
			for _, d := range diags { // the space's own M8001 comes along with M8014
				if !strings.Contains(d, "M8001") {
					kept = append(kept, d)
				}
			}
			if diff := cmp.Diff(test.want, kept); diff != "" || r.head() != before {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlatformRemovesSpace(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	r.commit(map[string]string{"regions/r1/sync/byhand.yaml": "stays\n", "regions/r1/spaces/byhand/space/x.yaml": "stays\n"})
	p := testPlatform(t, "r1")
	p.Spaces = p.Spaces[:1]
	p.Digest = "sha256:2222"
	o := r.options()
	o.RemoveFrom, o.RemoveSpaces = []string{"r2"}, []string{"myorg-data"}
	result, diags := r.publishPlatform(o, p)
	want := []FileChange{
		{".meridian/platform.yaml", Changed},
		{"regions/r1/spaces/myorg-data/space/namespace.yaml", Removed},
		{"regions/r1/sync/myorg-data.yaml", Removed},
		{"regions/r2/spaces/myorg-data/space/namespace.yaml", Removed},
		{"regions/r2/spaces/myorg-web/space/namespace.yaml", Removed},
		{"regions/r2/sync/myorg-data.yaml", Removed},
		{"regions/r2/sync/myorg-web.yaml", Removed},
	}
	if diff := cmp.Diff(want, result.Changed); diff != "" || len(diags) > 0 {
		t.Errorf("changed (-want +got):\n%s%v", diff, diags)
	}
	r.fsck()
}

// TestPlatformOvertaken has an application published between the platform's fetch and its push: it is compiled
// against the new platform too, and nothing is compiled twice.
func TestPlatformOvertaken(t *testing.T) {
	r := newHTTPRepo(t, false)
	r.seed("r1")
	r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1"))
	r.overtake(1)
	compiled := map[string]int{}
	p := testPlatform(t, "r1")
	p.Digest = "sha256:2222"
	p.Recompile = func(namespace, name string, _ manifest.Tree, _ Source) (App, []diag.Diagnostic, error) {
		compiled[name]++
		return testApp(t, namespace, name, "r1"), nil, nil
	}
	result, diags := r.publishPlatform(r.options(), p)
	if diff := cmp.Diff(map[string]int{"app1": 1, "other0": 1}, compiled); diff != "" || result.Attempts != 2 || len(diags) > 0 {
		t.Errorf("%+v %v compiled (-want +got):\n%s", result, diags, diff)
	}
	r.fsck()
}

func TestRead(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2")
		a := testApp(t, "myorg-web", "app1", "r1").host("r1", "app1.mydomain.com", "/").port("r1", manifest.ClaimTCP, 9000)
		result := r.publish(r.options(), a, testApp(t, "myorg-data", "app2", "r2"))
		ctx := context.Background()
		s, diags, err := Read(ctx, r.options())
		if err != nil || len(diags) > 0 {
			t.Fatal(diags, err)
		}
		defer s.Close()
		ids, err := s.Apps(ctx)
		if diff := cmp.Diff([]AppID{{"myorg-data", "app2"}, {"myorg-web", "app1"}}, ids); diff != "" || err != nil || s.Commit() != result.Commit {
			t.Errorf("applications at %s (-want +got):\n%s%v", s.Commit(), diff, err)
		}
		got, err := s.App(ctx, ids[1])
		if err != nil {
			t.Fatal(err)
		}
		trees := cmp.Comparer(func(a, b manifest.Tree) bool { return digest(a) == digest(b) })
		if diff := cmp.Diff(a.Regions, got.Regions, trees); diff != "" {
			t.Errorf("regions (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(a.Claims, got.Claims); diff != "" || digest(got.Inputs) != got.Owner.Inputs {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
		none, err := s.App(ctx, AppID{"myorg-web", "nobody"})
		if none != nil || err != nil {
			t.Errorf("nobody: %v %v", none, err)
		}
		record, inputs, err := s.Platform(ctx)
		if err != nil || record.Digest != testDigest || inputs.Len() != 1 {
			t.Errorf("platform: %+v %v", record, err)
		}
	})
}
