package publish

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/manifest"
)

// trailers are the last lines of the head's message that begin so.
func (r *repo) trailers(prefix string) []string {
	r.t.Helper()
	var list []string
	for line := range strings.Lines(r.git("log", "-1", "--format=%(trailers:only)", "main")) {
		if strings.HasPrefix(line, prefix) {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

// gone fails the test if a file of an application, or a mention of it in a claim or aggregate, is left.
func (r *repo) gone(id AppID) {
	r.t.Helper()
	for file, text := range r.files() {
		if strings.Contains(file, id.Namespace+"/apps/"+id.Name+"/") || strings.HasPrefix(file, RecordFolder(id.Namespace, id.Name)+"/") ||
			strings.HasPrefix(file, claimsDir) && strings.Contains(text, "app: "+id.Name+"\n") || strings.Contains(file, "/edge/") && strings.Contains(text, id.String()+" ") {
			r.t.Errorf("%s of %s is left:\n%s", file, id, text)
		}
	}
}

func TestRename(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2")
		old := testApp(t, "myorg-web", "old", "r1", "r2").host("r1", "shop.mydomain.com", "/").port("r1", manifest.ClaimTCP, 9000)
		r.publish(r.options(), old, testApp(t, "myorg-web", "other", "r1"))

		moved := testApp(t, "myorg-data", "new", "r1", "r2").host("r1", "shop.mydomain.com", "/").port("r1", manifest.ClaimTCP, 9000)
		moved.Source = old.Source
		o := r.options()
		want := []string{
			"new/app.cue: error M8055: application myorg-data/new is new, and comes from where myorg-web/old was published from, which is still there: https://git.mydomain.com/old.git@c0ffee:app.cue",
		}
		got := r.refused(o, moved)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("without the flag (-want +got):\n%s", diff)
		}

		o.RenameFrom = []AppID{old.id()}
		narrower := testApp(t, "myorg-data", "new", "r1").host("r1", "shop.mydomain.com", "/")
		narrower.Source = old.Source
		want = []string{
			"new/app.cue: error M8009: application myorg-web/old, which myorg-data/new replaces, would be deleted where that one is not (in r2)",
			"new/app.cue: error M8010: application myorg-web/old, which myorg-data/new replaces, would give up tcp port 9000 (in r1)",
		}
		got = r.refused(o, narrower)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("with less than before (-want +got):\n%s", diff)
		}

		r.publish(o, moved, testApp(t, "myorg-web", "other", "r1"))
		r.gone(old.id())
		if diff := cmp.Diff([]string{"Meridian-Renamed-From: myorg-web/old"}, r.trailers("Meridian-Renamed")); diff != "" {
			t.Errorf("trailers (-want +got):\n%s", diff)
		}
		if edge := r.files()["regions/r1/edge/tcp-services.yaml"]; edge != "# r1\nmyorg-data/new tcp port 9000  -> new:9090\n" {
			t.Errorf("edge:\n%s", edge)
		}
		if result := r.publish(o, moved); !result.Unchanged() {
			t.Errorf("the flag was left in a script: %+v", result)
		}
		r.fsck()
	})
}

func TestRenameUnclear(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	old := testApp(t, "myorg-web", "old", "r1")
	r.publish(r.options(), old)
	app := func(name string) App { return testApp(t, "myorg-web", name, "r1") }
	tests := []struct {
		name string
		from AppID
		apps []App
		want string
	}{
		{"not there", AppID{"myorg-web", "odl"}, []App{app("new")}, "new/app.cue: error M8056: there is no application myorg-web/odl to rename"},
		{"published itself", old.id(), []App{app("new"), old}, "old/app.cue: error M8056: application myorg-web/old cannot become another one: it is published here"},
		{"two could be it", old.id(), []App{app("new1"), app("new2")}, "new1/app.cue: error M8056: which of 2 applications myorg-web/old has become is not clear"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := r.options()
			o.RenameFrom = []AppID{test.from}
			if diff := cmp.Diff([]string{test.want}, r.refused(o, test.apps...)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
	o := r.options()
	o.RenameFrom = []AppID{old.id()}
	r.publish(o, app("new")) // another place, but the only one that is new
	r.gone(old.id())

	// Both under one source: a preview beside the application.
	preview := app("preview")
	preview.Source = app("new").Source
	o = r.options()
	o.Allow = []Guard{SameSource}
	r.publish(o, preview)
	preview.Source.Path = "" // not known: nothing to compare
	third := app("third")
	third.Source = preview.Source
	r.publish(r.options(), third)
}

func TestTakeOver(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	holder := testApp(t, "myorg-web", "holder", "r1", "r2").host("r1", "shop.mydomain.com", "/").host("r2", "shop.mydomain.com", "/").port("r1", manifest.ClaimTCP, 9000)
	beside := testApp(t, "myorg-web", "beside", "r1").host("r1", "shop.mydomain.com", "/api")
	r.publish(r.options(), holder, beside)
	before := r.files()

	taker := testApp(t, "myorg-data", "taker", "r1", "r2").host("r1", "shop.mydomain.com", "/")
	o := r.options()
	o.TakeOver = []AppID{holder.id()}
	want := []string{
		"taker/app.cue: error M8006: host shop.mydomain.com belongs to myorg-web in all regions: application myorg-web/beside (entry public) of team@mydomain.com from https://git.mydomain.com/beside.git@c0ffee:app.cue holds it",
		"taker/app.cue: error M8010: application myorg-web/holder, which myorg-data/taker replaces, would give up tcp port 9000 (in r1)",
	}
	got := r.refused(o, taker)
	slices.Sort(got)
	got = slices.DeleteFunc(got, func(text string) bool { return strings.Contains(text, "host shop.mydomain.com (in r2)") })
	if diff := cmp.Diff(want, got[:min(2, len(got))]); diff != "" {
		t.Errorf("another holder, and a port that nobody takes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, r.files()); diff != "" {
		t.Errorf("the repository has changed:\n%s", diff)
	}

	taker = taker.host("r2", "shop.mydomain.com", "/").port("r1", manifest.ClaimTCP, 9000)
	o.TakeOver = append(o.TakeOver, beside.id())
	r.publish(o, taker)
	r.gone(holder.id())
	r.gone(beside.id())
	trailers := []string{"Meridian-Taken-Over: host shop.mydomain.com from myorg-web/beside", "Meridian-Taken-Over: host shop.mydomain.com, tcp port 9000 from myorg-web/holder"}
	taken := r.trailers("Meridian-Taken")
	slices.Sort(taken)
	if diff := cmp.Diff(trailers, taken); diff != "" {
		t.Errorf("trailers (-want +got):\n%s", diff)
	}

	// Who is named and holds nothing that is wanted stays.
	other := testApp(t, "myorg-web", "other", "r1")
	r.publish(r.options(), other)
	o.TakeOver = []AppID{other.id(), {"myorg-web", "nobody"}}
	r.publish(o, taker.version(t, "2"))
	if r.files()[ownerFile("myorg-web", "other")] == "" || r.trailers("Meridian-Taken") != nil {
		t.Errorf("an application went that holds nothing: %q", r.trailers("Meridian-Taken"))
	}

	// Another source.
	strange := taker.version(t, "3")
	strange.Source = Source{Repository: "https://git.mydomain.com/elsewhere"}
	o.TakeOver = []AppID{taker.id()}
	r.publish(o, strange)
	want = []string{"Meridian-Taken-Over: application myorg-data/taker from https://git.mydomain.com/taker.git@c0ffee:app.cue"}
	if diff := cmp.Diff(want, r.trailers("Meridian-Taken")); diff != "" {
		t.Errorf("trailers (-want +got):\n%s", diff)
	}
	r.fsck()
}

// TestRecordsReadOnce loses races while it looks for an application of the same place: records are read once.
func TestRecordsReadOnce(t *testing.T) {
	r := newHTTPRepo(t, true)
	r.seed("r1")
	var apps []App
	for i := range 20 {
		apps = append(apps, testApp(t, "myorg-web", fmt.Sprintf("app%d", i), "r1"))
	}
	r.publish(r.options(), apps...)
	r.overtake(2)
	result := r.publish(r.options(), testApp(t, "myorg-web", "new", "r1"))
	if result.Attempts != 3 {
		t.Errorf("%d attempts, want 3", result.Attempts)
	}
	same := testApp(t, "myorg-web", "copy", "r1")
	same.Source = apps[7].Source
	if got := r.refused(r.options(), same); len(got) != 1 || !strings.Contains(got[0], "M8055") || !strings.Contains(got[0], "myorg-web/app7") {
		t.Errorf("a copy: %q", got)
	}
}

// TestHostsOverlap has a wildcard and a host that it answers for, of two spaces, in any regions and either order.
func TestHostsOverlap(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	web := func(host string) App { return testApp(t, "myorg-web", "web", "r1").host("r1", host, "/") }
	data := func(host string) App { return testApp(t, "myorg-data", "data", "r2").host("r2", host, "/") }
	const from = " would answer for the same names: application myorg-web/web (entry public) of team@mydomain.com from https://git.mydomain.com/web.git@c0ffee:app.cue holds it"
	tests := []struct{ first, second, want string }{
		{"*.mydomain.com", "a.mydomain.com", "data/app.cue: error M8058: host a.mydomain.com and host *.mydomain.com of myorg-web" + from},
		{"a.mydomain.com", "*.mydomain.com", "data/app.cue: error M8058: host *.mydomain.com and host a.mydomain.com of myorg-web" + from},
		{"*.mydomain.com", "a.b.mydomain.com", ""},
		{"a.b.mydomain.com", "*.mydomain.com", ""},
		{"*.b.mydomain.com", "*.mydomain.com", ""},
		{"mydomain.com", "*.mydomain.com", ""},
	}
	for _, test := range tests {
		t.Run(test.first+" "+test.second, func(t *testing.T) {
			want := []string(nil)
			if test.want != "" {
				want = []string{test.want}
			}
			o := r.options()
			o.DryRun, o.RemoveFrom = true, []string{"r1"}
			together := r.refused(o, web(test.first), data(test.second))
			if len(together) != len(want) {
				t.Errorf("in one call: %q", together)
			}
			o.DryRun = false
			r.publish(o, web(test.first))
			o.DryRun = true
			if diff := cmp.Diff(want, r.refused(o, data(test.second))); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
			if got := r.refused(o, testApp(t, "myorg-web", "same", "r1").host("r1", test.second, "/")); got != nil {
				t.Errorf("in one space: %q", got)
			}
		})
	}
}

func (a App) delegated() App {
	a.Claims = slices.Clone(a.Claims)
	a.Claims[len(a.Claims)-1].Delegated = true
	return a
}

// TestDelegated has a path of a host published by another space: before, with and after the host's own.
func TestDelegated(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	pay := testApp(t, "myorg-data", "pay", "r1").host("r1", "shop.mydomain.com", "/pay").delegated()
	shop := testApp(t, "myorg-web", "shop", "r1", "r2").host("r1", "shop.mydomain.com", "/").host("r2", "shop.mydomain.com", "/")
	const file = ".meridian/claims/r1/http/shop.mydomain.com.yaml"
	const payPath = "  - path: /pay\n    pathType: Prefix\n    namespace: myorg-data\n    app: pay\n    entry: public\n"
	const shopPath = "  - path: /\n    pathType: Prefix\n    app: shop\n    entry: public\n"
	want := func(step, text string) {
		t.Helper()
		if diff := cmp.Diff(text, r.files()[file]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step, diff)
		}
	}
	const head = "apiVersion: meridian/v1\nkind: HostClaim\nhost: shop.mydomain.com\n"
	r.publish(r.options(), pay)
	want("the path alone: nobody has the host", head+"paths:\n"+payPath)
	r.publish(r.options(), shop)
	want("both", head+"namespace: myorg-web\npaths:\n"+shopPath+payPath)
	if result := r.publish(r.options(), shop, pay); !result.Unchanged() {
		t.Errorf("again: %+v", result)
	}

	// The path gives no right to the rest of the host, and no other path of it is free.
	greedy := testApp(t, "myorg-data", "greedy", "r1").host("r1", "shop.mydomain.com", "/more")
	if got := r.refused(r.options(), greedy); len(got) != 1 || !strings.Contains(got[0], "M8006") {
		t.Errorf("another path of the host: %q", got)
	}
	twice := testApp(t, "myorg-data", "twice", "r1").host("r1", "shop.mydomain.com", "/pay").delegated()
	if got := r.refused(r.options(), twice); len(got) != 1 || !strings.Contains(got[0], "M8007") {
		t.Errorf("the path twice: %q", got)
	}

	o := r.options()
	o.RemoveFrom = []string{"r1", "r2"}
	withdrawn := shop
	withdrawn.Regions, withdrawn.Claims = nil, nil
	r.publish(o, withdrawn)
	want("the path is left, the host is free", head+"paths:\n"+payPath)
	r.publish(o, shop)
	gone := pay
	gone.Regions, gone.Claims = nil, nil
	r.publish(o, gone)
	want("the host is left", head+"namespace: myorg-web\npaths:\n"+shopPath)

	// A host that somebody reserved by hand stays so.
	reserved := ".meridian/claims/r1/http/pay.mydomain.com.yaml"
	text := strings.ReplaceAll(head, "shop.", "pay.") + "namespace: myorg-web\n"
	r.commit(map[string]string{reserved: text})
	kept := testApp(t, "myorg-data", "pay", "r1").host("r1", "pay.mydomain.com", "/pay").delegated()
	r.publish(o, kept)
	r.publish(o, gone)
	if diff := cmp.Diff(text, r.files()[reserved]); diff != "" {
		t.Errorf("a reserved host (-want +got):\n%s", diff)
	}
	r.fsck()
}
