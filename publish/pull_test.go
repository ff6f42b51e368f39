package publish

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/manifest"
)

// pull publishes by pull request and returns the diagnostics as text.
func (r *repo) pull(branch string, apps ...App) (Result, []string) {
	r.t.Helper()
	o := r.options()
	o.Branch, o.Base = branch, "main"
	result, diags, err := Apps(context.Background(), o, apps)
	if err != nil {
		r.t.Fatalf("publish by pull request: %v", err)
	}
	var text []string
	for _, d := range diags {
		text = append(text, d.String())
	}
	return result, text
}

func (r *repo) rev(name string) string { return strings.TrimSpace(r.git("rev-parse", name)) }

func TestPullRequest(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1")
		r.publish(r.options(), testApp(t, "myorg-data", "other", "r1").port("r1", manifest.ClaimTCP, 9001))
		base := r.head()
		app := testApp(t, "myorg-web", "app1", "r1").port("r1", manifest.ClaimTCP, 9000)
		made, diags := r.pull("publish/app1", app)
		if len(diags) > 0 || made.Commit != r.rev("publish/app1") || made.Parent != base || made.Branch != "" || made.Title != "publish myorg-web/app1" {
			t.Fatalf("%+v %q", made, diags)
		}
		if r.head() != base || r.rev("publish/app1^") != base {
			t.Errorf("main is at %s, the branch on %s, want %s", r.head(), r.rev("publish/app1^"), base)
		}
		want := "A\t.meridian/apps/myorg-web/app1/inputs/app.cue\nA\t.meridian/apps/myorg-web/app1/inputs/config/app.toml\n" +
			"A\t.meridian/apps/myorg-web/app1/owner.yaml\nA\t.meridian/claims/r1/tcp/9000.yaml\n" +
			"A\tregions/r1/spaces/myorg-web/apps/app1/deployment.yaml\nA\tregions/r1/spaces/myorg-web/apps/app1/service.yaml\n"
		if got := r.git("diff", "--name-status", "main", "publish/app1"); got != want {
			t.Errorf("the branch changes\n%swant\n%s", got, want)
		}
		if again, _ := r.pull("publish/app1", app); again.Commit != made.Commit || again.Branch != made.Commit || r.rev("publish/app1") != made.Commit {
			t.Errorf("again: %+v", again)
		}

		r.publish(r.options(), testApp(t, "myorg-data", "third", "r1"))
		moved, diags := r.pull("publish/app1", app)
		if len(diags) > 0 || moved.Branch != made.Commit || moved.Parent != r.head() || r.rev("publish/app1^") != r.head() || r.rev("publish/app1") != moved.Commit {
			t.Errorf("the base has moved: %+v %q", moved, diags)
		}
		r.publish(r.options(), app)
		if last, diags := r.pull("publish/app1", app); len(diags) > 0 || !last.Unchanged() || last.Commit != "" || last.Branch != moved.Commit || r.rev("publish/app1") != moved.Commit {
			t.Errorf("merged: %+v %q", last, diags)
		}
		r.fsck()
	})
}

// TestPullBranch is about which branches a pull request may move.
func TestPullBranch(t *testing.T) {
	tests := []struct {
		name, branch string
		prepare      func(r *repo)
		want         string // empty: it is moved
	}{
		{"the default branch", "main", func(*repo) {}, "M8082: main is the base of the pull request"},
		{"another default branch", "trunk", func(r *repo) {
			r.git("branch", "trunk", "main")
			r.git("symbolic-ref", "HEAD", "refs/heads/trunk")
		}, "M8082: trunk is the repository's default branch"},
		{"made by hand from the base's head", "b", func(r *repo) { r.git("branch", "b", "main") }, ""},
		{"made by hand from an older one", "b", func(r *repo) { r.git("branch", "b", "main~2") }, ""},
		{"a commit by hand", "b", func(r *repo) { r.git("update-ref", "refs/heads/b", r.byHand("main")) },
			`M8083: the branch b holds a commit of Other, "by hand", that was not made for a pull request of Meridian`},
		{"a commit by hand on ours", "b", func(r *repo) {
			r.pull("b", testApp(r.t, "myorg-web", "app1", "r1"))
			r.git("update-ref", "refs/heads/b", r.byHand("b"))
		}, `M8083: the branch b holds a commit of Other, "by hand", that was not made for a pull request of Meridian`},
		{"a history of its own", "b", func(r *repo) {
			r.git("branch", "b", "main")
			o := r.options()
			o.Branch = "b"
			r.publish(o, testApp(r.t, "myorg-data", "staged", "r1"))
		}, `M8083: the branch b holds a commit of Meridian, "publish myorg-data/staged", that was not made for a pull request of Meridian`},
	}
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1")
		for i := range 3 {
			r.publish(r.options(), testApp(t, "myorg-data", fmt.Sprintf("other%d", i), "r1"))
		}
		for _, test := range tests {
			test.prepare(r)
			before := r.git("for-each-ref")
			result, diags := r.pull(test.branch, testApp(t, "myorg-web", "app2", "r1"))
			text := strings.Join(diags, "\n")
			switch {
			case test.want != "" && (!strings.Contains(text, test.want) || r.git("for-each-ref") != before):
				t.Errorf("%s: %q, want %q; refs\n%s", test.name, text, test.want, r.git("for-each-ref"))
			case test.want == "" && (text != "" || result.Commit != r.rev(test.branch) || r.rev(test.branch+"^") != r.head()):
				t.Errorf("%s: %+v %q", test.name, result, text)
			}
			r.git("symbolic-ref", "HEAD", "refs/heads/main")
			r.git("update-ref", "-d", "refs/heads/b")
		}
	})
}

// byHand makes a commit on another that changes nothing.
func (r *repo) byHand(on string) string {
	r.t.Helper()
	return strings.TrimSpace(r.git("commit-tree", "-p", on, "-m", "by hand", on+"^{tree}"))
}

// TestPullBaseMissing holds the repository to be as it was: not even created.
func TestPullBaseMissing(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		_, diags := r.pull("b", testApp(t, "myorg-web", "app1", "r1"))
		if len(diags) != 1 || !strings.Contains(diags[0], "M8084: there is no branch main") {
			t.Errorf("%q", diags)
		}
	})
}

// TestPullAnswerLost drops the server's answer after it has accepted the push.
func TestPullAnswerLost(t *testing.T) {
	r := newHTTPRepo(t, true)
	r.seed("r1")
	pushes := 0
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if !strings.HasSuffix(req.URL.Path, "/git-receive-pack") {
			next.ServeHTTP(w, req)
			return
		}
		pushes++
		next.ServeHTTP(httptest.NewRecorder(), req)
		panic(http.ErrAbortHandler)
	}
	result, diags := r.pull("b", testApp(t, "myorg-web", "app1", "r1"))
	if pushes != 1 || len(diags) > 0 || result.Commit != r.rev("b") || len(result.Changed) != 5 {
		t.Errorf("%d pushes, %+v, branch at %s, %q", pushes, result, r.rev("b"), diags)
	}
}

// TestReview shows what changes, both sides of it, and nothing that does not.
func TestReview(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2")
		old := testApp(t, "myorg-web", "app1", "r1").port("r1", manifest.ClaimTCP, 9000)
		r.publish(r.options(), old, testApp(t, "myorg-web", "app2", "r1"))
		o := r.options()
		o.DryRun, o.RemoveFrom = true, []string{"r1"}
		calls := 0
		o.Review = func(differences iter.Seq[Difference]) {
			for d := range differences {
				calls++
				if d.ID != (AppID{"myorg-web", "app1"}) || len(d.Old.Claims) != 1 || len(d.New.Claims) != 0 ||
					d.Old.Files.Len() != 2 || d.New.Files.Len() != 4 || d.Old.Inputs.Len() != 2 || len(d.New.Owner.Regions) != 2 {
					t.Errorf("%+v", d)
				}
			}
		}
		r.publish(o, testApp(t, "myorg-web", "app1", "r1", "r2"), testApp(t, "myorg-web", "app2", "r1"))
		if calls != 1 {
			t.Errorf("%d applications were shown, want 1", calls)
		}
	})
}
