package publish

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/manifest"
)

// BenchmarkPublish publishes one application of 48 files and four claims into a fleet of 60,000 files.
func BenchmarkPublish(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "fleet.git")
	r := &repo{dir: dir, url: dir}
	seedFleet(b, r, 1250)
	for _, packed := range []bool{false, true} {
		b.Run(fmt.Sprintf("packed=%v", packed), func(b *testing.B) {
			if packed {
				r.t = b
				r.git("gc", "--quiet", "--prune=now")
			}
			n := 0
			for b.Loop() {
				n++
				a := bigApp(b, 7, n)
				if result, diags, err := Apps(context.Background(), r.options(), []App{a}); err != nil || len(diags) > 0 || result.Commit == "" {
					b.Fatal(result, diags, err)
				}
			}
		})
	}
}

// BenchmarkPublishUnchanged publishes what is there already.
func BenchmarkPublishUnchanged(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "fleet.git")
	r := &repo{dir: dir, url: dir}
	seedFleet(b, r, 1250)
	for b.Loop() {
		if result, diags, err := Apps(context.Background(), r.options(), []App{bigApp(b, 7, 0)}); err != nil || len(diags) > 0 || !result.Unchanged() {
			b.Fatal(result, diags, err)
		}
	}
}

var benchRegions = []string{"r1", "r2", "r3", "r4", "r5", "r6"}

// seedFleet publishes a platform and applications of 48 files each.
func seedFleet(b *testing.B, r *repo, apps int) {
	b.Helper()
	p := Platform{Digest: testDigest}
	for i := range 25 {
		s := Space{Namespace: fmt.Sprintf("myorg-s%d", i), Regions: map[string]manifest.Tree{}}
		for _, region := range benchRegions {
			s.Regions[region] = tree(b, map[string]string{"namespace.yaml": "kind: Namespace\n"})
		}
		p.Spaces = append(p.Spaces, s)
	}
	if _, diags, err := PublishPlatform(context.Background(), r.options(), p); err != nil || len(diags) > 0 {
		b.Fatal(diags, err)
	}
	list := make([]App, apps)
	for i := range list {
		list[i] = bigApp(b, i, 0)
	}
	if _, diags, err := Apps(context.Background(), r.options(), list); err != nil || len(diags) > 0 {
		b.Fatal(diags, err)
	}
}

func bigApp(b *testing.B, i, version int) App {
	a := App{Namespace: fmt.Sprintf("myorg-s%d", i%25), Name: fmt.Sprintf("app%d", i), PlatformDigest: testDigest,
		Regions: map[string]manifest.Tree{}, Inputs: tree(b, map[string]string{"app.cue": fmt.Sprint(i, version)})}
	for _, region := range benchRegions {
		files := map[string]string{}
		for f := range 8 {
			files[fmt.Sprintf("file%d.yaml", f)] = fmt.Sprintf("# %s %d %d %d\n", region, i, f, version) + strings.Repeat(fmt.Sprintf("key%d: value\n", f), 60)
		}
		a.Regions[region] = tree(b, files)
	}
	a = a.host("r1", fmt.Sprintf("app%d.mydomain.com", i), "/").host("r2", fmt.Sprintf("app%d.mydomain.com", i), "/")
	return a.port("r1", manifest.ClaimTCP, int32(1000+i)).port("r2", manifest.ClaimTCP, int32(1000+i))
}

// BenchmarkPublishHTTP does the same over http, from nothing each time, without and with blobs left out.
func BenchmarkPublishHTTP(b *testing.B) {
	for _, partial := range []bool{false, true} {
		b.Run(fmt.Sprintf("partial=%v", partial), func(b *testing.B) {
			r := newHTTPRepo(b, partial)
			local := &repo{t: r.t, dir: r.dir, url: r.dir}
			seedFleet(b, local, 1250)
			n := 0
			for b.Loop() {
				n++
				if result, diags, err := Apps(context.Background(), r.options(), []App{bigApp(b, 7, n)}); err != nil || len(diags) > 0 || result.Commit == "" {
					b.Fatal(result, diags, err)
				}
			}
		})
	}
}
