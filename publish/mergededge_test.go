package publish

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// merge merges a branch into main, as a forge does, where git sees no conflict.
func (r *repo) merge(branch string) {
	r.t.Helper()
	work := r.t.TempDir()
	r.run("git", "clone", "--quiet", r.dir, work)
	r.run("git", "-C", work, "merge", "--quiet", "--no-ff", "-m", "merge", "origin/"+branch)
	r.run("git", "-C", work, "push", "--quiet", "origin", "main")
}

// TestMergedHosts holds claims that were merged to the rules that publishing has: what it lets in, --edge lets pass, and
// what it would have refused, --edge refuses.
func TestMergedHosts(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	start := r.head()
	const shop, all = "shop.mydomain.com", "*.mydomain.com"
	web := func(region, host string) App { return testApp(t, "myorg-web", "web", region).host(region, host, "/") }
	data := func(region, host string) App {
		return testApp(t, "myorg-data", "data", region).host(region, host, "/pay")
	}
	tests := []struct {
		name         string
		main, branch App
		want         string
	}{
		{"a host in two regions", web("r1", shop), data("r2", shop),
			"r2/http/shop.mydomain.com.yaml: error M8006: host shop.mydomain.com is claimed for myorg-data/data, and in r1 for myorg-web/web; a host belongs to one space in all regions"},
		{"a wildcard in one region", web("r1", all), data("r1", shop),
			"r1/http/shop.mydomain.com.yaml: error M8058: host shop.mydomain.com is claimed for myorg-data/data, and in r1 host *.mydomain.com for myorg-web/web; both answer for the same names, which belong to one space in all regions"},
		{"a wildcard in the first region", web("r1", all), data("r2", shop),
			"r2/http/shop.mydomain.com.yaml: error M8058: host shop.mydomain.com is claimed for myorg-data/data, and in r1 host *.mydomain.com for myorg-web/web; both answer for the same names, which belong to one space in all regions"},
		{"a wildcard in the last region", web("r2", all), data("r1", shop),
			"r2/http/_wildcard.mydomain.com.yaml: error M8058: host *.mydomain.com is claimed for myorg-web/web, and in r1 host shop.mydomain.com for myorg-data/data; both answer for the same names, which belong to one space in all regions"},
		{"a wildcard two labels above", web("r1", all), data("r2", "a.shop.mydomain.com"), ""},
		{"a wildcard of the same space", web("r1", all), testApp(t, "myorg-web", "more", "r2").host("r2", shop, "/"), ""},
		{"a delegated path in another region", web("r1", shop), data("r2", shop).delegated(), ""},
		{"a delegated path below a wildcard", web("r1", all), data("r1", shop).delegated(), ""},
		{"a delegated path of the same host", web("r1", shop), data("r1", shop).delegated(), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r.git("update-ref", "refs/heads/main", start)
			r.git("update-ref", "refs/heads/b", start)
			o := r.options()
			o.Edge = nil
			r.publish(o, test.main)
			if file := claimFile(test.branch.Claims[0]); file != claimFile(test.main.Claims[0]) {
				o.Branch = "b"
				r.publish(o, test.branch)
				r.merge("b")
			} else {
				r.publish(o, test.branch) // in one file git would see a conflict
			}
			merged := r.head()
			result, diags, err := Edge(context.Background(), r.options(), testDigest)
			if err != nil {
				t.Fatal(err)
			}
			var text []string
			for _, d := range diags {
				text = append(text, strings.TrimPrefix(d.String(), claimsDir+"/"))
			}
			if diff := cmp.Diff(test.want, strings.Join(text, "\n")); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
			if moved := r.head() != merged; moved != (test.want == "") || moved != (result.Commit != "") {
				t.Errorf("the head was %s and is %s; %+v", merged, r.head(), result)
			}
		})
	}
}
