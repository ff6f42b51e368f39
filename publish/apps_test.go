package publish

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/manifest"
)

func TestPublishFirst(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2")
		before := r.files()
		parent := r.head()
		a := testApp(t, "myorg-web", "app1", "r1", "r2").
			host("r1", "app1.mydomain.com", "/").host("r2", "*.mydomain.com", "/api").port("r1", manifest.ClaimTCP, 9000)
		result := r.publish(r.options(), a)

		want := maps.Clone(before)
		record := `apiVersion: meridian/v1
kind: Owner
name: app1
namespace: myorg-web
owner: team@mydomain.com
regions:
  - r1
  - r2
claims:
  - r1/http/app1.mydomain.com.yaml
  - r1/tcp/9000.yaml
  - r2/http/_wildcard.mydomain.com.yaml
inputs: ` + digest(a.Inputs) + `
source:
  repository: https://git.mydomain.com/app1.git
  commit: c0ffee
  path: app.cue
platform: sha256:1111111111111111
meridian: v0.1.0
`
		maps.Copy(want, map[string]string{
			"regions/r1/spaces/myorg-web/apps/app1/deployment.yaml": "kind: Deployment # app1 in r1\n",
			"regions/r1/spaces/myorg-web/apps/app1/service.yaml":    "kind: Service\n",
			"regions/r2/spaces/myorg-web/apps/app1/deployment.yaml": "kind: Deployment # app1 in r2\n",
			"regions/r2/spaces/myorg-web/apps/app1/service.yaml":    "kind: Service\n",
			".meridian/apps/myorg-web/app1/inputs/app.cue":          "name: \"app1\"\n",
			".meridian/apps/myorg-web/app1/inputs/config/app.toml":  "a = 1\n",
			".meridian/apps/myorg-web/app1/owner.yaml":              record,
			".meridian/claims/r1/http/app1.mydomain.com.yaml":       hostText("app1.mydomain.com", "/"),
			".meridian/claims/r2/http/_wildcard.mydomain.com.yaml":  hostText("'*.mydomain.com'", "/api"),
			".meridian/claims/r1/tcp/9000.yaml":                     portText,
			"regions/r1/edge/http-services.yaml":                    "# r1\nmyorg-web/app1 host app1.mydomain.com /Prefix -> :0\n",
			"regions/r1/edge/tcp-services.yaml":                     "# r1\nmyorg-web/app1 tcp port 9000  -> app1:9090\n",
			"regions/r2/edge/http-services.yaml":                    "# r2\nmyorg-web/app1 host *.mydomain.com /apiPrefix -> :0\n",
		})
		if diff := cmp.Diff(want, r.files()); diff != "" {
			t.Errorf("tree (-want +got):\n%s", diff)
		}
		if result.Commit != r.head() || result.Parent != parent || result.Attempts != 1 || len(result.Changed) != 13 {
			t.Errorf("result %+v, head %s, parent %s", result, r.head(), parent)
		}
		wantLog := `Meridian meridian@mydomain.com 2026-11-20T04:30:15+00:00
publish myorg-web/app1

Meridian-App: myorg-web/app1
Meridian-Version: v0.1.0
Meridian-Platform: sha256:1111111111111111
Meridian-Source: https://git.mydomain.com/app1.git@c0ffee:app.cue
Argocd-reference-commit-sha: c0ffee
Argocd-reference-commit-repourl: https://git.mydomain.com/app1.git
`
		log := strings.Replace(r.git("log", "-1", "--format=%an %ae %aI%n%B", "main"), "Z\n", "+00:00\n", 1)
		if diff := cmp.Diff(wantLog, strings.TrimRight(log, "\n")+"\n"); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		r.fsck()
	})
}

func hostText(host, path string) string {
	return "apiVersion: meridian/v1\nkind: HostClaim\nhost: " + host + "\nnamespace: myorg-web\npaths:\n  - path: " + path +
		"\n    pathType: Prefix\n    app: app1\n    entry: public\n"
}

const portText = `apiVersion: meridian/v1
kind: PortClaim
port: 9000
namespace: myorg-web
app: app1
entry: admin
service: app1
servicePort: 9090
`

func TestPublishAgain(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1")
		a := testApp(t, "myorg-web", "app1", "r1").host("r1", "app1.mydomain.com", "/")
		first := r.publish(r.options(), a)

		a.Source.Commit = "0ddba11" // provenance alone
		o := r.options()
		o.MeridianVersion = "v0.2.0"
		second := r.publish(o, a)
		want := Result{Parent: first.Commit, Attempts: 1}
		if diff := cmp.Diff(want, second); diff != "" || !second.Unchanged() || r.head() != first.Commit {
			t.Errorf("nothing changed, but (-want +got):\n%s", diff)
		}

		a.Regions["r1"] = tree(t, map[string]string{"deployment.yaml": "kind: Deployment # 1.1\n", "ingress.yaml": "kind: Ingress\n"})
		third := r.publish(o, a)
		changed := []FileChange{
			{".meridian/apps/myorg-web/app1/owner.yaml", Changed}, // now the provenance goes along
			{"regions/r1/spaces/myorg-web/apps/app1/deployment.yaml", Changed},
			{"regions/r1/spaces/myorg-web/apps/app1/ingress.yaml", Added},
			{"regions/r1/spaces/myorg-web/apps/app1/service.yaml", Removed},
		}
		if diff := cmp.Diff(changed, third.Changed); diff != "" {
			t.Errorf("changed (-want +got):\n%s", diff)
		}
		if owner := r.files()[".meridian/apps/myorg-web/app1/owner.yaml"]; !strings.Contains(owner, "0ddba11") || !strings.Contains(owner, "v0.2.0") {
			t.Errorf("owner.yaml keeps its old provenance:\n%s", owner)
		}
		r.fsck()
	})
}

// TestRestore undoes what somebody changed by hand in an application's folder.
func TestRestore(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	a := testApp(t, "myorg-web", "app1", "r1")
	r.publish(r.options(), a)
	folder := "regions/r1/spaces/myorg-web/apps/app1/"
	r.commit(map[string]string{
		folder + "service.yaml": "executable:kind: Service\n", folder + "deployment.yaml": "kind: Mine\n",
		folder + "more/extra.yaml": "kind: Extra\n", ".meridian/apps/myorg-web/app1/inputs/app.cue": "",
	})
	want := []FileChange{
		{".meridian/apps/myorg-web/app1/inputs/app.cue", Added},
		{folder + "deployment.yaml", Changed},
		{folder + "more/extra.yaml", Removed},
		{folder + "service.yaml", Changed},
	}
	if diff := cmp.Diff(want, r.publish(r.options(), a).Changed); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	r.fsck()
}

func TestForeignFilesStay(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1")
		foreign := map[string]string{
			"README.md":                  "hello\n",
			".github/workflows/ci.yaml":  "on: push\n",
			"regions/r1/edge/NOTES":      "not ours\n",
			"regions/r1/sync/extra.yaml": "by hand\n",
			"regions-old/x":              "sorts beside regions\n",
			"regions.txt":                "and so does this\n",
			"link":                       "symlink:README.md",
		}
		r.commit(foreign)
		r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1").port("r1", manifest.ClaimUDP, 7000))
		got := r.files()
		for path, want := range foreign {
			if want = strings.TrimPrefix(want, "symlink:"); got[path] != want {
				t.Errorf("%s: got %q, want %q", path, got[path], want)
			}
		}
		r.fsck()
	})
}

func TestLeaveRegion(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2")
		a := testApp(t, "myorg-web", "app1", "r1", "r2").host("r2", "app1.mydomain.com", "/").
			port("r1", manifest.ClaimTCP, 9000).port("r2", manifest.ClaimTCP, 9000)
		r.publish(r.options(), a)

		smaller := testApp(t, "myorg-web", "app1", "r1")
		want := []string{
			"app1/app.cue: error M8010: application myorg-web/app1 would give up tcp port 9000 (in r1)",
			"app1/app.cue: error M8009: application myorg-web/app1 would be deleted and give up host app1.mydomain.com, tcp port 9000 (in r2)",
		}
		got := r.refused(r.options(), smaller)
		if diff := cmp.Diff(map[string]bool{want[0]: true, want[1]: true}, map[string]bool{got[0]: true, got[len(got)-1]: true}); diff != "" {
			t.Errorf("diagnostics (-want +got):\n%s", diff)
		}
		o := r.options()
		o.RemoveFrom = []string{"r2"}
		if got := r.refused(o, smaller); len(got) != 1 {
			t.Errorf("with r2 removed: %q", got)
		}
		o.RemoveFrom = []string{"r1", "r2"}
		r.publish(o, smaller)
		for path := range r.files() {
			if strings.Contains(path, "claims") || strings.HasPrefix(path, "regions/r2/") && strings.Contains(path, "app1") || strings.Contains(path, "edge") {
				t.Errorf("%s is still there", path)
			}
		}
		withdrawn := smaller
		withdrawn.Regions = nil
		r.publish(o, withdrawn)
		for path := range r.files() {
			if strings.Contains(path, "app1") {
				t.Errorf("%s is still there", path)
			}
		}
		r.fsck()
	})
}

func TestRefused(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	holder := testApp(t, "myorg-web", "app1", "r1", "r2").host("r1", "app1.mydomain.com", "/").port("r1", manifest.ClaimTCP, 9000)
	r.publish(r.options(), holder)
	other := func(namespace string) App { return testApp(t, namespace, "app2", "r1", "r2") }

	stranger := holder
	stranger.Source = Source{Repository: "https://git.mydomain.com/elsewhere"}
	outdated := other("myorg-web")
	outdated.PlatformDigest = "sha256:2222222222222222"
	large := other("myorg-web")
	large.Inputs = tree(t, map[string]string{"app.cue": strings.Repeat("x", MaxInputs+1)})

	tests := []struct {
		name string
		apps []App
		want []string
	}{
		{"host of another space, other region", []App{other("myorg-data").host("r2", "app1.mydomain.com", "/x")},
			[]string{"app2/app.cue: error M8006: host app1.mydomain.com belongs to myorg-web in all regions: application myorg-web/app1 (entry public) of team@mydomain.com from https://git.mydomain.com/app1.git@c0ffee:app.cue holds it"}},
		{"path of another application", []App{other("myorg-web").host("r1", "app1.mydomain.com", "/")},
			[]string{"app2/app.cue: error M8007: / (Prefix) of host app1.mydomain.com is held by application myorg-web/app1 (entry public) of team@mydomain.com from https://git.mydomain.com/app1.git@c0ffee:app.cue (in r1)"}},
		{"port of another application", []App{other("myorg-data").port("r1", manifest.ClaimTCP, 9000)},
			[]string{"app2/app.cue: error M8008: tcp port 9000 is held by application myorg-web/app1 (entry admin) of team@mydomain.com from https://git.mydomain.com/app1.git@c0ffee:app.cue (in r1)"}},
		{"two of one call", []App{other("myorg-web").port("r2", manifest.ClaimUDP, 53), testApp(t, "myorg-data", "app3", "r2").port("r2", manifest.ClaimUDP, 53)},
			[]string{"app2/app.cue: error M8008: udp port 53 is held by application myorg-data/app3 (entry admin) of team@mydomain.com from https://git.mydomain.com/app3.git@c0ffee:app.cue (in r2)"}},
		{"no space", []App{testApp(t, "myorg-none", "app2", "r1", "r2")},
			[]string{"app2/app.cue: error M8001: space myorg-none is not in the repository for r1, r2"}},
		{"region without the space", []App{testApp(t, "myorg-web", "app2", "r1", "r3")},
			[]string{"app2/app.cue: error M8001: space myorg-web is not in the repository for r3"}},
		{"another platform", []App{outdated},
			[]string{"app2/app.cue: error M8002: application myorg-web/app2 was compiled against platform sha256:222222222222, but sha256:111111111111 is in force"}},
		{"another source", []App{stranger.host("r2", "app1.mydomain.com", "/")},
			[]string{"app1/app.cue: error M8011: application myorg-web/app1, owned by team@mydomain.com, was published from https://git.mydomain.com/app1.git@c0ffee:app.cue, this one is from https://git.mydomain.com/elsewhere"}},
		{"large inputs", []App{large},
			[]string{"app2/app.cue: error M8012: the inputs of myorg-web/app2 are 1048577 bytes, more than the 1048576 that are recorded"}},
		{"given twice", []App{other("myorg-web"), other("myorg-web")},
			[]string{"app2/app.cue: error M8015: application myorg-web/app2 is given twice"}},
		{"one of two refused", []App{testApp(t, "myorg-web", "app4", "r1"), other("myorg-none")},
			[]string{"app2/app.cue: error M8001: space myorg-none is not in the repository for r1, r2"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, r.refused(r.options(), test.apps...)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAllowed(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	a := testApp(t, "myorg-web", "app1", "r1").host("r1", "shop.mydomain.com", "/").port("r1", manifest.ClaimTCP, 9000)
	r.publish(r.options(), a)
	b := testApp(t, "myorg-web", "app2", "r1", "r2").host("r1", "shop.mydomain.com", "/api").
		host("r2", "shop.mydomain.com", "/").port("r1", manifest.ClaimUDP, 9000).port("r2", manifest.ClaimTCP, 9000)
	r.publish(r.options(), b)
	want := `apiVersion: meridian/v1
kind: HostClaim
host: shop.mydomain.com
namespace: myorg-web
paths:
  - path: /
    pathType: Prefix
    app: app1
    entry: public
  - path: /api
    pathType: Prefix
    app: app2
    entry: public
`
	if diff := cmp.Diff(want, r.files()[".meridian/claims/r1/http/shop.mydomain.com.yaml"]); diff != "" {
		t.Errorf("claim (-want +got):\n%s", diff)
	}

	// The two hand the port over to each other in one call.
	o := r.options()
	o.RemoveFrom = []string{"r1"}
	a2 := testApp(t, "myorg-web", "app1", "r1").host("r1", "shop.mydomain.com", "/")
	b2 := b.port("r1", manifest.ClaimTCP, 9000)
	r.publish(o, b2, a2)

	// The same repository by another address is the same source; a moved one needs to be taken over.
	a2.Source.Repository = "git@git.mydomain.com:app1"
	r.publish(r.options(), a2)
	a2.Source.Repository = "https://user:hunter2@git.mydomain.com/moved"
	if got := r.refused(r.options(), a2); len(got) != 1 || strings.Contains(got[0], "hunter2") {
		t.Errorf("a moved application: %q", got)
	}
	o.TakeOver = []AppID{{"myorg-web", "app1"}}
	r.publish(o, a2)
	owner := r.files()[".meridian/apps/myorg-web/app1/owner.yaml"]
	if !strings.Contains(owner, "repository: https://git.mydomain.com/moved\n") {
		t.Errorf("not taken over, or with a password:\n%s", owner)
	}
	r.fsck()
}

func newLocalRepo(t *testing.T) *repo {
	dir := t.TempDir() + "/fleet.git"
	return &repo{t: t, dir: dir, url: "file://" + dir}
}

func TestPathInTheWay(t *testing.T) {
	tests := []struct{ name, path, content, want string }{
		{"symlinked application", "regions/r1/spaces/myorg-web/apps/app1", "symlink:../../../../elsewhere",
			"app1/app.cue: error M8013: regions/r1/spaces/myorg-web/apps/app1 in the repository is a symlink"},
		{"symlinked apps", "regions/r1/spaces/myorg-web/apps", "symlink:../elsewhere",
			"app1/app.cue: error M8013: regions/r1/spaces/myorg-web/apps in the repository is a symlink"},
		{"symlink inside", "regions/r1/spaces/myorg-web/apps/app1/x.yaml", "symlink:y.yaml",
			"app1/app.cue: error M8013: regions/r1/spaces/myorg-web/apps/app1/x.yaml in the repository is a symlink"},
		{"file for a folder", ".meridian/apps/myorg-web", "text\n",
			"app1/app.cue: error M8013: .meridian/apps/myorg-web in the repository is a file"},
		{"damaged record", ".meridian/apps/myorg-web/app1/owner.yaml", "apiVersion: meridian/v9\nkind: Owner\n",
			"app1/app.cue: error M8016: .meridian/apps/myorg-web/app1/owner.yaml in the repository: is meridian/v9 Owner, expected meridian/v1 Owner"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newLocalRepo(t)
			r.seed("r1")
			r.commit(map[string]string{test.path: test.content})
			got := r.refused(r.options(), testApp(t, "myorg-web", "app1", "r1"))
			if diff := cmp.Diff([]string{test.want}, got); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}
