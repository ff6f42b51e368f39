package publish

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/manifest"
)

// boundedPlatform is testPlatform with what bounds its spaces in the first region.
func boundedPlatform(t *testing.T, regions ...string) Platform {
	t.Helper()
	p := testPlatform(t, regions...)
	for i := range p.Spaces {
		p.Spaces[i].Tenant = map[string]manifest.Tree{regions[0]: tree(t, map[string]string{
			"namespace.yaml": "kind: Namespace # " + p.Spaces[i].Namespace + "\n",
			"role-sync.yaml": "kind: Role # " + p.Spaces[i].Namespace + "\n",
		})}
	}
	return p
}

// bound publishes a platform without a mistake.
func (r *repo) bound(p Platform) {
	r.t.Helper()
	if _, diags := r.publishPlatform(r.options(), p); len(diags) > 0 {
		r.t.Fatalf("publish the platform: %v", diags)
	}
}

// syncFiles are the files below sync, sorted.
func (r *repo) syncFiles() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.files())), func(path string) bool { return !strings.Contains(path, "/sync/") })
}

// TestTenant holds that what bounds a space lies beside its sync object, comes and goes with it, and is the platform's.
func TestTenant(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.bound(boundedPlatform(t, "r1", "r2"))
		want := []string{
			"regions/r1/sync/myorg-data.yaml", "regions/r1/sync/myorg-data/namespace.yaml", "regions/r1/sync/myorg-data/role-sync.yaml",
			"regions/r1/sync/myorg-web.yaml", "regions/r1/sync/myorg-web/namespace.yaml", "regions/r1/sync/myorg-web/role-sync.yaml",
			"regions/r2/sync/myorg-data.yaml", "regions/r2/sync/myorg-web.yaml",
		}
		if diff := cmp.Diff(want, r.syncFiles()); diff != "" {
			t.Fatalf("published (-want +got):\n%s", diff)
		}
		o := r.options()
		o.RemoveFrom = []string{"r2"}
		if _, diags := r.publishPlatform(o, testPlatform(t, "r1")); len(diags) > 0 {
			t.Fatalf("one region less: %v", diags)
		}
		if diff := cmp.Diff([]string{"regions/r1/sync/myorg-data.yaml", "regions/r1/sync/myorg-web.yaml"}, r.syncFiles()); diff != "" {
			t.Errorf("without bounds, and one region less (-want +got):\n%s", diff)
		}
		r.bound(boundedPlatform(t, "r1"))
		if _, diags, err := RemoveSpace(context.Background(), r.options(), "myorg-web"); err != nil || len(diags) > 0 {
			t.Fatal(diags, err)
		}
		if diff := cmp.Diff(want[:3], r.syncFiles()); diff != "" {
			t.Errorf("a space removed (-want +got):\n%s", diff)
		}
		r.fsck()
	})
}

// TestTenantVerified holds that a right that somebody gave by hand is found and taken back, and that what bounds a
// space which the platform does not have is told and left.
func TestTenantVerified(t *testing.T) {
	r := newLocalRepo(t)
	r.bound(boundedPlatform(t, "r1"))
	r.commit(map[string]string{
		"regions/r1/sync/myorg-web/role-sync.yaml": "kind: Role # may do anything\n",
		"regions/r1/sync/myorg-web/mine.yaml":      "kind: RoleBinding # mine\n",
		"regions/r1/sync/myorg-old/role.yaml":      "kind: Role\n",
	})
	v := verification(t)
	v.Platform, v.Repair = boundedPlatform(t, "r1"), true
	_, text := r.verify(r.options(), v)
	want := []string{
		"regions/r1/sync/myorg-old/role.yaml: error M8032: nobody published this file",
		"regions/r1/sync/myorg-web/mine.yaml: error M8032: nobody published this file",
		"regions/r1/sync/myorg-web/role-sync.yaml:1:1: error M8030: not what was published; here it says: kind: Role # myorg-web",
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	files := r.files()
	if _, there := files["regions/r1/sync/myorg-web/mine.yaml"]; there || files["regions/r1/sync/myorg-web/role-sync.yaml"] != "kind: Role # myorg-web\n" {
		t.Error("what somebody gave himself is not taken back")
	}
	if _, there := files["regions/r1/sync/myorg-old/role.yaml"]; !there {
		t.Error("what nobody knows is removed")
	}
}

// TestTenantOfNoSpace holds that a space has bounds only where it is.
func TestTenantOfNoSpace(t *testing.T) {
	p := testPlatform(t, "r1")
	p.Spaces[0].Tenant = map[string]manifest.Tree{"r2": tree(t, map[string]string{"namespace.yaml": "kind: Namespace\n"})}
	if _, _, err := PublishPlatform(context.Background(), newLocalRepo(t).options(), p); err == nil || !strings.Contains(err.Error(), "bounded in r2") {
		t.Errorf("error %v", err)
	}
}
