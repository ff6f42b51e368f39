package publish

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/manifest"
)

// log lists what History tells of an application: subject, what was, what is.
func (r *repo) log(id AppID, limit int) []string {
	r.t.Helper()
	var list []string
	diags, err := History(context.Background(), r.options(), id, func(c AppCommit) bool {
		state := func(p *Published) string {
			if p == nil {
				return "nothing"
			}
			return fmt.Sprintf("%d regions %d claims", len(p.Regions), len(p.Claims))
		}
		subject := c.Message
		for i, char := range subject {
			if char == '\n' {
				subject = subject[:i]
				break
			}
		}
		list = append(list, subject+": "+state(c.Old)+" -> "+state(c.New))
		return len(list) != limit
	})
	if err != nil || len(diags) > 0 {
		r.t.Fatalf("history: %v %v", diags, err)
	}
	return list
}

func TestHistory(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		id := AppID{"myorg-web", "app1"}
		r.seed("r1", "r2")
		a := testApp(t, id.Namespace, id.Name, "r1", "r2").host("r1", "shop.mydomain.com", "/")
		first := r.publish(r.options(), a)
		for i := range 3 {
			b := testApp(t, "myorg-web", "app2", "r1").host("r1", "shop.mydomain.com", fmt.Sprintf("/%d", i)) // the same claim file
			o := r.options()
			o.RemoveFrom = []string{"r1"}
			r.publish(o, b)
		}
		o := r.options()
		o.RemoveFrom, o.Message = []string{"r2"}, "leave r2"
		delete(a.Regions, "r2")
		r.publish(o, a.port("r1", manifest.ClaimTCP, 9000))
		r.commit(map[string]string{"README.md": "hello\n"})
		r.commit(map[string]string{AppFolder("r1", id.Namespace, id.Name) + "/service.yaml": "kind: Mine\n"})
		want := []string{
			"by hand: 1 regions 2 claims -> 1 regions 2 claims",
			"leave r2: 2 regions 1 claims -> 1 regions 2 claims",
			"publish myorg-web/app1: nothing -> 2 regions 1 claims",
		}
		if diff := cmp.Diff(want, r.log(id, 0)); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want[:2], r.log(id, 2)); diff != "" {
			t.Errorf("two of it (-want +got):\n%s", diff)
		}
		if got := r.log(AppID{"myorg-web", "nobody"}, 0); len(got) > 0 {
			t.Errorf("nobody: %v", got)
		}

		hash, app, _, err := AppAt(context.Background(), r.options(), id, first.Commit[:8])
		if err != nil || hash != first.Commit || app == nil || len(app.Regions) != 2 || len(app.Claims) != 1 {
			t.Errorf("at %s: %s %+v %v", first.Commit, hash, app, err)
		}
		for _, commit := range []string{"1234567", first.Commit[:3], ""} {
			if hash, app, _, err := AppAt(context.Background(), r.options(), id, commit); hash != "" || app != nil || err != nil {
				t.Errorf("at %q: %s %+v %v", commit, hash, app, err)
			}
		}
	})
}

// TestHistoryMerge follows the side that an application comes from.
func TestHistoryMerge(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1"))
	work := t.TempDir()
	r.run("git", "clone", "--quiet", r.dir, work)
	r.run("git", "-C", work, "checkout", "--quiet", "-b", "side")
	r.run("git", "-C", work, "rm", "-q", AppFolder("r1", "myorg-web", "app1")+"/service.yaml")
	r.run("git", "-C", work, "commit", "--quiet", "-m", "on the side")
	r.run("git", "-C", work, "checkout", "--quiet", "main")
	r.run("git", "-C", work, "commit", "--quiet", "--allow-empty", "-m", "on main")
	r.run("git", "-C", work, "merge", "--quiet", "--no-ff", "-m", "merge", "side")
	r.run("git", "-C", work, "push", "--quiet", "origin", "main")
	want := []string{"on the side: 1 regions 0 claims -> 1 regions 0 claims", "publish myorg-web/app1: nothing -> 1 regions 0 claims"}
	if diff := cmp.Diff(want, r.log(AppID{"myorg-web", "app1"}, 0)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

// TestHistoryDeep finds what lies further back than the first part of a history that is fetched.
func TestHistoryDeep(t *testing.T) {
	for _, partial := range []bool{false, true} {
		t.Run(fmt.Sprintf("partial %t", partial), func(t *testing.T) {
			t.Parallel()
			r := newHTTPRepo(t, partial)
			r.seed("r1")
			first := r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1"))
			work := t.TempDir()
			r.run("git", "clone", "--quiet", r.dir, work)
			r.run("sh", "-ec", "cd "+work+"; for i in $(seq 60); do git commit --quiet --allow-empty -m $i; done; git push --quiet origin HEAD:main")
			want := []string{"publish myorg-web/app1: nothing -> 1 regions 0 claims"}
			if diff := cmp.Diff(want, r.log(AppID{"myorg-web", "app1"}, 0)); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
			hash, app, _, err := AppAt(context.Background(), r.options(), AppID{"myorg-web", "app1"}, first.Commit)
			if hash != first.Commit || app == nil || err != nil {
				t.Errorf("%s %+v %v", hash, app, err)
			}
		})
	}
}
