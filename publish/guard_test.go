package publish

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/manifest"
)

// from is an application of a commit of one repository for all.
func (a App) from(commit, time string) App {
	a.Source = Source{Repository: "https://git.mydomain.com/shop.git", Commit: commit, Time: time, Path: a.Name + "/app.cue"}
	return a
}

func (a App) version(t *testing.T, version string) App {
	a.Regions = maps.Clone(a.Regions)
	for region := range a.Regions {
		a.Regions[region] = tree(t, map[string]string{"deployment.yaml": "version: " + version + "\n"})
	}
	return a
}

func TestOlderSource(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	const early, late = "2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z"
	one := testApp(t, "myorg-web", "app1", "r1")
	two := testApp(t, "myorg-web", "app2", "r1")
	r.publish(r.options(), one.from("2222222222222222", late), two.from("2222222222222222", late))

	order := func(order Order) func(context.Context, string, string) (Order, error) {
		return func(_ context.Context, published, now string) (Order, error) {
			if published != "2222222222222222" || now != "1111111111111111" {
				t.Errorf("asked for %s and %s", published, now)
			}
			return order, nil
		}
	}
	const (
		older   = "app1/app.cue: error M8050: commit 111111111111 of the source is older than what is published: myorg-web/app1 from 222222222222"
		both    = older + ", myorg-web/app2 from 222222222222"
		unknown = "app1/app.cue: error M8051: it is not known whether commit 111111111111 of the source is newer than what is published: myorg-web/app1 from 222222222222"
	)
	tests := []struct {
		name  string
		order func(context.Context, string, string) (Order, error)
		apps  []App
		want  []string
	}{
		{"older by ancestry, though the time is later", order(Older), []App{one.from("1111111111111111", "2026-11-20T11:00:00Z")}, []string{older}},
		{"older by time", order(OrderUnknown), []App{one.from("1111111111111111", early)}, []string{older}},
		{"older by time, without a repository", nil, []App{one.from("1111111111111111", early)}, []string{older}},
		{"two of one call", order(Older), []App{two.from("1111111111111111", ""), one.from("1111111111111111", "")}, []string{both}},
		{"unknown", order(OrderUnknown), []App{one.from("1111111111111111", "")}, []string{unknown}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := r.options()
			o.SourceOrder = test.order
			for i := range test.apps {
				test.apps[i] = test.apps[i].version(t, "1")
			}
			if diff := cmp.Diff(test.want, r.refused(o, test.apps...)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}

	o := r.options()
	o.SourceOrder = order(Older)
	if result := r.publish(o, one.from("1111111111111111", early)); !result.Unchanged() {
		t.Errorf("an older commit that changes nothing: %+v", result)
	}
	o.Allow = []Guard{OlderSource}
	r.publish(o, one.from("1111111111111111", early).version(t, "1"))
	o = r.options()
	o.SourceOrder = func(context.Context, string, string) (Order, error) {
		t.Error("asked, although there is nothing to compare")
		return Older, nil
	}
	r.publish(o, two.from("2222222", "").version(t, "2"))  // the same commit, shortened
	r.publish(o, two.from("", "").version(t, "3"))         // not known
	r.publish(o, two.from("3333333", late).version(t, "")) // nothing recorded
	elsewhere := two.version(t, "4")
	elsewhere.Source = Source{Repository: "https://git.mydomain.com/other", Commit: "4444444", Path: "app.cue"}
	o.TakeOver = []AppID{elsewhere.id()}
	r.publish(o, elsewhere)
}

func (a App) id() AppID { return AppID{a.Namespace, a.Name} }

func TestMassRemoval(t *testing.T) {
	many := func(n int) map[string]string {
		files := map[string]string{}
		for i := range n {
			files[fmt.Sprintf("ingress-%d.yaml", i)] = "kind: Ingress\n"
		}
		return files
	}
	r := newLocalRepo(t)
	r.seed("r1")
	large, other := testApp(t, "myorg-web", "large", "r1"), testApp(t, "myorg-data", "other", "r1")
	large.Regions["r1"], other.Regions["r1"] = tree(t, many(61)), tree(t, many(447))
	r.publish(r.options(), large, other) // with two spaces 510 objects
	smaller := testApp(t, "myorg-web", "large", "r1")
	smaller.Regions["r1"] = tree(t, many(10)) // 51 fewer: exactly a tenth
	if result := r.publish(r.dry(), smaller); len(result.Changed) == 0 {
		t.Error("a tenth: nothing would change")
	}
	smaller.Regions["r1"] = tree(t, many(9))
	want := []string{"large/app.cue: error M8052: this would remove 52 of 510 objects of r1: of myorg-web/large"}
	if diff := cmp.Diff(want, r.refused(r.options(), smaller)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
	o := r.options()
	o.Allow = []Guard{MassRemoval}
	r.publish(o, smaller)
	smaller.Regions["r1"] = tree(t, many(1))
	r.publish(r.options(), smaller) // few objects, however large a part

	o = r.options()
	platform := testPlatform(t, "r1")
	platform.Spaces = nil
	_, diags, err := PublishPlatform(context.Background(), o, platform)
	if err != nil || len(diags) == 0 || diags[0].String() != "platform/platform.cue: error M8053: the platform has no spaces, and these are published: myorg-data, myorg-web" {
		t.Errorf("a platform without spaces: %v %v", diags, err)
	}
}

func (r *repo) dry() Options {
	o := r.options()
	o.DryRun = true
	return o
}

func TestSpaceGone(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	publish := func(o Options, p Platform) []string {
		t.Helper()
		_, diags, err := PublishPlatform(context.Background(), o, p)
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for _, d := range diags {
			text = append(text, d.String()+" | "+d.Hint)
		}
		return text
	}
	smaller := testPlatform(t, "r1")
	smaller.Spaces = smaller.Spaces[:1]
	want := []string{
		"platform/platform.cue: error M8009: space myorg-web would be deleted (in r2) | if that is meant, add --remove-from r2",
		"platform/platform.cue: error M8057: space myorg-data would be deleted from r1, r2 | if that is meant, add --remove-space myorg-data",
	}
	if diff := cmp.Diff(want, publish(r.options(), smaller)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
	o := r.options()
	o.RemoveFrom = []string{"r1", "r2"}
	if diff := cmp.Diff(want[1:], publish(o, smaller)); diff != "" {
		t.Errorf("with regions to leave (-want +got):\n%s", diff)
	}
	o.RemoveSpaces = []string{"myorg-data"}
	if got := publish(o, smaller); got != nil {
		t.Errorf("refused although named: %q", got)
	}
	for file := range r.files() {
		if strings.Contains(file, "myorg-data") || strings.HasPrefix(file, "regions/r2") {
			t.Errorf("%s is still there", file)
		}
	}
	smaller.Spaces = nil
	o.Allow = []Guard{Empty}
	o.RemoveSpaces = nil
	want = []string{"platform/platform.cue: error M8057: space myorg-web would be deleted from r1 | if that is meant, add --remove-space myorg-web"}
	if diff := cmp.Diff(want, publish(o, smaller)); diff != "" {
		t.Errorf("none left (-want +got):\n%s", diff)
	}
}

const (
	threePods  = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app1\nspec:\n  replicas: 3\n"
	onePod     = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app1\nspec:\n  replicas: 1\n"
	noNumber   = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app1\nspec: {}\n"
	autoscaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: app1\nspec:\n  minReplicas: 3\n  maxReplicas: 10\n"
)

func TestAutoscaleGap(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2", "r3")
		a := testApp(t, "myorg-web", "app1", "r1", "r2", "r3")
		a.Regions["r1"] = tree(t, map[string]string{"deployment.yaml": threePods})
		a.Regions["r2"] = tree(t, map[string]string{"deployment.yaml": onePod})
		a.Regions["r3"] = tree(t, map[string]string{"deployment.yaml": noNumber, "horizontalpodautoscaler.yaml": autoscaler})
		r.publish(r.options(), a)
		scaled := testApp(t, "myorg-web", "app1", "r1", "r2", "r3")
		for region := range scaled.Regions {
			scaled.Regions[region] = tree(t, map[string]string{"deployment.yaml": noNumber, "horizontalpodautoscaler.yaml": autoscaler})
		}
		want := []string{"app1/app.cue: error M8054: application myorg-web/app1: replicas is no longer synced: the cluster may make it 1 before the autoscaler brings it back to 3 to 10, after about 15 s and its pods' start; now it is 3 (in r1)"}
		if diff := cmp.Diff(want, r.refused(r.options(), scaled)); diff != "" {
			t.Errorf("diagnostics (-want +got):\n%s", diff)
		}
		o := r.options()
		o.Allow = []Guard{AutoscaleGap}
		r.publish(o, scaled)
		r.publish(r.options(), a) // back: the number is synced again
		r.publish(r.options(), testApp(t, "myorg-web", "app2", "r1"))
	})
}

// entry is an application with the last claim's entry under another name.
func (a App) entry(name string) App {
	a.Claims = slices.Clone(a.Claims)
	a.Claims[len(a.Claims)-1].Entry = name
	return a
}

// TestRenamedEntry has an http entry come under another name: refused where both would have one host and path.
func TestRenamedEntry(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	app := func(regions ...string) App { return testApp(t, "myorg-web", "app1", regions...) }
	const a, b = "a.mydomain.com", "b.mydomain.com"
	published := app("r1", "r2").host("r1", a, "/").host("r2", a, "/").host("r1", b, "/").entry("other").port("r1", manifest.ClaimTCP, 9000)
	o := r.options()
	o.RemoveFrom = []string{"r1", "r2"}
	r.publish(o, published)
	o.DryRun = true
	const told = "app1/app.cue: error M8059: the http entry public of application myorg-web/app1 is now called web, with the same host a.mydomain.com: the clusters make a new Ingress and delete the old one"
	tests := []struct {
		name string
		app  App
		want string
	}{
		{"the same", published, ""},
		{"in both regions", app("r1", "r2").host("r1", a, "/").entry("web").host("r2", a, "/").entry("web"), told + " (in r1, r2)"},
		{"in one region", app("r1", "r2").host("r1", a, "/").host("r2", a, "/").entry("web"), told + " (in r2)"},
		{"one of two paths", app("r1").host("r1", a, "/more").entry("web").host("r1", a, "/").entry("web"), told + " (in r1)"},
		{"with another path", app("r1", "r2").host("r1", a, "/more").entry("web"), ""},
		{"with another host", app("r1", "r2").host("r1", "c.mydomain.com", "/").entry("web"), ""},
		{"to an entry that is there", app("r1").host("r1", a, "/").entry("other").host("r1", b, "/").entry("other"), ""},
		{"and the old name goes on", app("r1").host("r1", a, "/").entry("web").host("r1", b, "/"), ""},
		{"of a port", app("r1", "r2").host("r1", a, "/").host("r2", a, "/").port("r1", manifest.ClaimTCP, 9000).entry("web"), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(r.refused(o, test.app), "\n"); got != test.want {
				t.Errorf("told %q\nwant %q", got, test.want)
			}
			allowed := o
			allowed.Allow = []Guard{RenamedEntry}
			if got := r.refused(allowed, test.app); got != nil {
				t.Errorf("allowed, and told %q", got)
			}
		})
	}
}

// TestEdgeAfterRace has another writer take ports and hosts between reading and pushing: the aggregates are computed
// from the claims of both.
func TestEdgeAfterRace(t *testing.T) {
	for _, partial := range []bool{false, true} {
		t.Run(fmt.Sprintf("partial=%v", partial), func(t *testing.T) {
			r := newHTTPRepo(t, partial)
			r.seed("r1")
			var pushes int32
			r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if strings.HasSuffix(req.URL.Path, "git-receive-pack") && req.Method == http.MethodPost {
					if i := atomic.AddInt32(&pushes, 1); i <= 3 {
						other := r.options()
						other.URL = r.dir
						r.publish(other, testApp(t, "myorg-data", fmt.Sprintf("other%d", i), "r1").port("r1", manifest.ClaimTCP, 9000+i))
					}
				}
				next.ServeHTTP(w, req)
			}
			if result := r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1").port("r1", manifest.ClaimTCP, 9000)); result.Attempts != 4 {
				t.Errorf("%d attempts, want 4", result.Attempts)
			}
			want := `# r1
myorg-web/app1 tcp port 9000  -> app1:9090
myorg-data/other1 tcp port 9001  -> other1:9090
myorg-data/other2 tcp port 9002  -> other2:9090
myorg-data/other3 tcp port 9003  -> other3:9090
`
			if diff := cmp.Diff(want, r.files()["regions/r1/edge/tcp-services.yaml"]); diff != "" {
				t.Errorf("aggregate (-want +got):\n%s", diff)
			}
			// Whoever took the port meanwhile has it.
			pushes = 0
			if got := r.refused(r.dry(), testApp(t, "myorg-web", "app2", "r1").port("r1", manifest.ClaimTCP, 9003)); len(got) != 1 || !strings.Contains(got[0], "M8008") {
				t.Errorf("a port that was taken in the race: %q", got)
			}
			r.fsck()
		})
	}
}
