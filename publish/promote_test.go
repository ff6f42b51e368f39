package publish

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// versioned is app1 with inputs that name a version, which stands in its manifests, in some of three regions.
func versioned(t testing.TB, version string, regions ...string) App {
	t.Helper()
	a := testApp(t, "myorg-web", "app1", regions...)
	a.Inputs = tree(t, map[string]string{"app.cue": version})
	a.Source.Commit = version
	for _, region := range regions {
		a.Regions[region] = tree(t, map[string]string{"deployment.yaml": version + " in " + region + "\n"})
		a = a.host(region, version+".mydomain.com", "/")
	}
	for _, region := range []string{"r1", "r2", "r3"} {
		if !slices.Contains(regions, region) {
			a.Elsewhere = append(a.Elsewhere, region)
		}
	}
	return a
}

// waved is a platform of three waves, that compiles what versioned makes.
func waved(t testing.TB) Platform {
	p := testPlatform(t, "r1", "r2", "r3")
	p.Waves = [][]string{{"r1"}, {"r2"}, {"r3"}}
	p.Workers = 2
	p.Recompile = func(_, _ string, inputs manifest.Tree, source Source, regions []string) (App, []diag.Diagnostic, error) {
		text, _ := inputs.Get("app.cue")
		app := versioned(t, string(text), regions...)
		app.Source = source
		return app, nil, nil
	}
	return p
}

// carries says what each region has of app1.
func (r *repo) carries() string {
	r.t.Helper()
	var words []string
	files := r.files()
	for _, region := range []string{"r1", "r2", "r3"} {
		version, _, _ := strings.Cut(files["regions/"+region+"/spaces/myorg-web/apps/app1/deployment.yaml"], " ")
		words = append(words, version)
	}
	return strings.Join(words, " ")
}

// giving are options with which a version may give up the host that the one before has.
func (r *repo) giving() Options {
	o := r.options()
	o.RemoveFrom = []string{"r1", "r2", "r3"}
	return o
}

func (r *repo) promote(wave int) (Promoted, []string) {
	r.t.Helper()
	done, diags, err := Promote(context.Background(), r.giving(), Promotion{Platform: waved(r.t), App: AppID{"myorg-web", "app1"}, Wave: wave})
	if err != nil {
		r.t.Fatalf("promote: %v", err)
	}
	var text []string
	for _, d := range diags {
		text = append(text, d.String())
	}
	return done, text
}

// sound fails the test when the repository is not what its records say.
func (r *repo) sound() {
	r.t.Helper()
	found, diags, err := Verify(context.Background(), r.options(), Verification{Platform: waved(r.t)})
	if err != nil || len(diags)+len(found.Findings) > 0 {
		r.t.Errorf("verify: %v %v %v", err, diags, found.Findings)
	}
}

func TestPromote(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2", "r3")
		published := func(version string) {
			a, wave := versioned(t, version, "r1", "r2", "r3").InWave(waved(t).Waves)
			if wave != 1 {
				t.Fatalf("wave %d", wave)
			}
			r.publish(r.giving(), a)
		}
		steps := []struct {
			do   func()
			want string
		}{
			{func() { published("v1") }, "v1  "},
			{func() { r.promote(0) }, "v1 v1 "},
			{func() { published("v2") }, "v2 v1 "},
			{func() { r.promote(3) }, "v2 v1 v1"},
			{func() { r.promote(0) }, "v2 v2 v1"},
			{func() { published("v3") }, "v3 v2 v1"},
			{func() { published("v3") }, "v3 v2 v1"},
			{func() { r.promote(0) }, "v3 v3 v1"},
			{func() { published("v1") }, "v1 v3 v1"},
			{func() { r.promote(2) }, "v1 v1 v1"},
		}
		for i, step := range steps {
			step.do()
			if got := r.carries(); got != step.want {
				t.Fatalf("step %d: regions carry %q, want %q", i, got, step.want)
			}
			r.sound()
		}
		if _, diags := r.promote(0); len(diags) != 1 || !strings.Contains(diags[0], "M8087") {
			t.Errorf("nothing is left to promote: %q", diags)
		}
		for file := range r.files() {
			if strings.Contains(file, "/held/") || strings.HasPrefix(file, ".meridian/claims/") && !strings.Contains(file, "v1.mydomain.com") {
				t.Errorf("%s is left", file)
			}
		}
		r.fsck()
	})
}

// TestPromoteRaces holds a promotion to the step that it was asked for, whatever happens on the way.
func TestPromoteRaces(t *testing.T) {
	t.Run("the answer is lost and somebody else commits", func(t *testing.T) {
		r := newHTTPRepo(t, true)
		r.seed("r1", "r2", "r3")
		a, _ := versioned(t, "v1", "r1", "r2", "r3").InWave(waved(t).Waves)
		r.publish(r.options(), a)
		r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if !strings.HasSuffix(req.URL.Path, "/git-receive-pack") {
				next.ServeHTTP(w, req)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), req)
			r.commit(map[string]string{"README.md": "hello\n"})
			panic(http.ErrAbortHandler)
		}
		done, diags := r.promote(0)
		if len(diags) > 0 || done.Commit != r.head() || r.carries() != "v1 v1 " {
			t.Errorf("%+v %q: %s", done, diags, r.carries())
		}
	})
	t.Run("somebody publishes", func(t *testing.T) {
		r := newHTTPRepo(t, true)
		r.seed("r1", "r2", "r3")
		a, _ := versioned(t, "v1", "r1", "r2", "r3").InWave(waved(t).Waves)
		r.publish(r.options(), a)
		first := true
		r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if strings.HasSuffix(req.URL.Path, "/git-receive-pack") && first {
				first = false
				other := r.giving()
				other.URL = r.dir
				b, _ := versioned(t, "v2", "r1", "r2", "r3").InWave(waved(t).Waves)
				r.publish(other, b)
			}
			next.ServeHTTP(w, req)
		}
		_, diags := r.promote(0)
		if len(diags) != 1 || !strings.Contains(diags[0], "M8086") || r.carries() != "v2  " {
			t.Errorf("%q: %q", diags, r.carries())
		}
	})
}

// TestExtendInWaves gives an opened region the version of its own wave's regions, or of the wave before.
func TestExtendInWaves(t *testing.T) {
	v := func(digest string, regions ...string) version {
		return version{HeldRecord: HeldRecord{Inputs: digest, Regions: regions}}
	}
	tests := []struct {
		opened string
		waves  [][]string
		want   int
	}{
		{"r9", nil, 0},
		{"r9", [][]string{{"r1"}, {"r2", "r9"}, {"r3"}}, 1},
		{"r9", [][]string{{"r1"}, {"r9"}, {"r2"}, {"r3"}}, 0},
		{"r9", [][]string{{"r1"}, {"r2"}, {"r3"}, {"r9"}}, 2},
		{"r9", [][]string{{"r9"}, {"r3"}, {"r1"}}, 2},
	}
	for _, test := range tests {
		r := recorded{versions: []version{v("new", "r1"), v("middle", "r2"), v("old", "r3")}}
		if got := r.carrier(Platform{Waves: test.waves}, test.opened); got != test.want {
			t.Errorf("%s in %v carries version %d, want %d", test.opened, test.waves, got, test.want)
		}
	}
}

// TestHeldRecord refuses records that would lead out of their folder or say two things of one region.
func TestHeldRecord(t *testing.T) {
	good := "sha256:" + strings.Repeat("0", 64)
	tests := []struct {
		name string
		held HeldRecord
	}{
		{"a digest that is a path", HeldRecord{Inputs: "sha256:../../../../x", Regions: []string{"r2"}}},
		{"the newest version's own digest", HeldRecord{Inputs: "sha256:" + strings.Repeat("1", 64), Regions: []string{"r2"}}},
		{"a region that it is not in", HeldRecord{Inputs: good, Regions: []string{"r3"}}},
		{"a region twice", HeldRecord{Inputs: good, Regions: []string{"r2", "r2"}}},
	}
	for _, test := range tests {
		r := OwnerRecord{Regions: []string{"r1", "r2"}, Inputs: "sha256:" + strings.Repeat("1", 64), Held: []HeldRecord{test.held}}
		if r.check() == nil {
			t.Errorf("%s is accepted", test.name)
		}
		r.Held[0] = HeldRecord{Inputs: good, Regions: []string{"r2"}}
		if err := r.check(); err != nil {
			t.Errorf("a good record is refused: %v", err)
		}
	}
}
